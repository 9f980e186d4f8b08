"""A list of passwords that were stolen elsewhere, small enough to be shipped: guessers try these first.

`data/breached.bin` is the sorted SHA-256 hashes of 200,000 entries, cut to five bytes each and looked up by bisection.
A lookup of anything else is taken for one of them once in five million times. The entries are passwords as `folded`
makes them, those of 12 characters and more as they are, and shorter ones as what `bare` leaves of them. Where they come
from is said in `data/README.md`; `scripts/breached.py` makes the file.
"""

import functools
import hashlib
import unicodedata
from bisect import bisect_left
from pathlib import Path

DATA = Path(__file__).parent / "data" / "breached.bin"
HASH_BYTES = 5
LENGTH_MIN = 12  # characters: shorter passwords can't be chosen
BARE_MIN = 4  # characters: of less, something is added that counts

# What a Russian or Belarusian keyboard writes where an English one has these. People type a word of theirs with either
# one, and the list, which has no Cyrillic letters, knows the other: `gfhjkm` is `пароль`.
_KEYS = str.maketrans(
    "йцукенгшщзхъфывапролджэячсмитьбюё" + "ўі",
    "qwertyuiop[]asdfghjkl;'zxcvbnm,.`" + "ob",
)


def folded(password: str) -> str:
    """Without differences that a guesser tries anyway: upper case, ways to write a letter, the keyboard's language."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", password).casefold()).translate(_KEYS)


def bare(password: str) -> str:
    """A folded password without digits and punctuation around it; empty if hardly anything is left."""
    letters = [place for place, mark in enumerate(password) if mark.isalpha()]
    word = password[letters[0] : letters[-1] + 1] if letters else ""
    return word if len(word) >= BARE_MIN else ""


def hashed(entry: str) -> bytes:
    """An entry as it stands in the file."""
    return hashlib.sha256(entry.encode("utf-8", "surrogatepass")).digest()[:HASH_BYTES]


def is_breached(password: str) -> bool:
    """Whether the password is on the list, as it is or but for what stands around it: `Dragon-2026!` is `dragon`."""
    whole = folded(password)
    return _is_listed(whole) or _is_listed(bare(whole))


def _is_listed(entry: str) -> bool:
    hashes, wanted = _hashes(), hashed(entry)
    count = len(hashes) // HASH_BYTES
    place = bisect_left(range(count), wanted, key=lambda i: hashes[i * HASH_BYTES : (i + 1) * HASH_BYTES])
    return hashes[place * HASH_BYTES : (place + 1) * HASH_BYTES] == wanted


@functools.cache
def _hashes() -> bytes:
    """Read when the first password is chosen: a megabyte that most processes don't need."""
    return DATA.read_bytes()
