"""What a password that somebody chooses must be: long, and not one of those that guessers try first.

The rules are those of NIST SP 800-63B-4, 3.1.1.2: a length, counted in Unicode code points after normalization; a list
of known and of expected passwords; and nothing about kinds of characters, which only makes people write `Password1!`.
"""

import re
import unicodedata
from collections.abc import Collection, Iterator

from flask_babel import gettext

from webapp.breached import LENGTH_MIN, bare, folded, is_breached

LENGTH_MAX = 128
OWN_WORDS = ("kabinet", "cabinet", "кабинет", "кабінет", "kassa", "касса", "каса", "skko", "скко")
WORD_MIN = 3  # characters: shorter parts of names and addresses are in every password
REST_MIN = 4  # letters that are to be left beside words that everybody knows
REPEATED_MIN = 8  # letters and digits in which a repetition is no accident


def normalized(password: str) -> str:
    """The password as it is to be counted, hashed and compared: one keyboard writes й as one character, another as two.

    NFC and not NFKC, which would make some that look different the same.
    """
    return unicodedata.normalize("NFC", password)


def problems(password: str, *, about: Collection[str]) -> str | None:
    """Why this password can't be chosen, in a sentence for its reader; None if it can.

    `about` is what others know of its owner: УНП, e-mail address, phone, names of the person and of the companies.
    """
    chosen = normalized(password)
    return _unfit(chosen) or _guessable(chosen, about)


def _unfit(password: str) -> str | None:
    if len(password) < LENGTH_MIN:
        return str(gettext("A password has at least 12 characters."))
    if len(password) > LENGTH_MAX:
        return str(gettext("A password has at most 128 characters."))
    if any(unicodedata.category(mark) in ("Cc", "Cs") for mark in password):
        return str(gettext("The password has a character that can't be typed."))
    return None


def _guessable(password: str, about: Collection[str]) -> str | None:
    if _repeats(password):
        return str(gettext("The password only repeats itself. What is repeated must have 12 characters."))
    if _is_made_of([*OWN_WORDS, *about], password):
        return str(gettext("The password is made of words that others know of you or of this site. Choose other ones."))
    if is_breached(password):
        return str(gettext("The password is on lists of stolen passwords, which are tried first. Choose another one."))
    return None


def _repeats(password: str) -> bool:
    """Whether it is a short piece over and over, with whatever stands between or around its letters and digits."""
    whole = folded(password)
    letters = ("".join(filter(str.isalnum, text)) for text in (whole, bare(whole)))
    return _has_period(whole) or any(len(text) >= REPEATED_MIN and _has_period(text) for text in letters)


def _has_period(text: str) -> bool:
    return any(text.startswith(text[period:]) for period in range(1, min(LENGTH_MIN, len(text) // 2 + 1)))


def _is_made_of(known: Collection[str], password: str) -> bool:
    """Whether hardly a letter is left beside these words and digits."""
    whole = rest = folded(password)
    for word in sorted(set(_words(known)), key=len, reverse=True):
        rest = rest.replace(word, " ")
    return rest != whole and sum(map(str.isalpha, rest)) < REST_MIN


def _words(known: Collection[str]) -> Iterator[str]:
    """Each text as a whole and in its parts."""
    for text in known:
        for part in (text, *re.split(r"[\W_]+", text)):
            if len(part) >= WORD_MIN:
                yield folded(part)
