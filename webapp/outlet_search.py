"""Finding outlets as people write addresses: in any order of words, in any case, with ё or without."""

import re
import unicodedata
from collections.abc import Iterable

from flask_babel import gettext

from sql.outlets import Outlet

TEXT_LENGTH_MAX = 100


def outlets_like(outlets: Iterable[Outlet], text: str) -> list[Outlet]:
    """Those whose address or name has for each word of the text one that begins with it; or whose ID the text is."""
    wanted = _words(text)
    return [outlet for outlet in outlets if _is_found(outlet, wanted)]


def _is_found(outlet: Outlet, wanted: list[str]) -> bool:
    if wanted == [str(outlet.outlet_id)]:
        return True
    words = _words(f"{outlet.address} {outlet.name}")
    return all(any(word.startswith(start) for word in words) for start in wanted)


def _words(text: str) -> list[str]:
    """In small letters without the marks above them: «Могилёв, ул. Мира» → могилев, ул, мира."""
    plain = "".join(letter for letter in unicodedata.normalize("NFKD", text) if not unicodedata.combining(letter))
    return re.findall(r"\w+", plain.casefold())


def search_problem(text: str) -> str | None:
    """What is wrong with a text to search for, in a sentence."""
    if len(text) > TEXT_LENGTH_MAX:
        return str(gettext("Write at most %(count)s characters.", count=TEXT_LENGTH_MAX))
    if not text.isprintable():
        return str(gettext("There are characters that nobody can type."))
    return None
