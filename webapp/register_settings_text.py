"""Texts as a register prints them: which characters it can print, and how they fill its lines."""

import unicodedata

from flask_babel import gettext

from webapp.register_settings_content import COLUMNS

CODE_PAGE = "cp1251"
SHOWN_MAX = 8  # characters that a sentence names


def tidied(text: str) -> str:
    """Without blanks around it, with plain ones for those that only look like them, and with й as one character."""
    text = unicodedata.normalize("NFC", text)
    return text.replace("\N{NO-BREAK SPACE}", " ").replace("\N{NARROW NO-BREAK SPACE}", " ").strip()


def unprintable_in(text: str) -> list[str]:
    """The characters of a text that the printer does not have, each once."""
    return list(dict.fromkeys(letter for letter in text if not _is_printable(letter)))


def _is_printable(letter: str) -> bool:
    return letter.isprintable() and letter.encode(CODE_PAGE, "ignore") != b""


def printing_problem(text: str) -> str | None:
    """A sentence about what can't be printed in this text."""
    if "\n" in text or "\r" in text:
        return str(gettext("A line break can't be printed: the register fills its lines by itself."))
    letters = unprintable_in(text)
    if not letters:
        return None
    shown = ", ".join(_shown(letter) for letter in letters[:SHOWN_MAX])
    return str(gettext("The register can't print these characters: %(characters)s.", characters=shown))


def _shown(letter: str) -> str:
    """The character itself where it can be seen, and always what it is called."""
    name = f"U+{ord(letter):04X}"
    if unicodedata.category(letter)[0] in "CMZ":  # control characters, marks and blanks
        return f"{name} ({gettext('invisible')})"
    return f"{letter} ({name})"


def lines_of(text: str, width: int = COLUMNS) -> list[str]:
    """As the register fills its lines: to the last column, wherever a word ends."""
    return [text[start : start + width] for start in range(0, len(text), width)]
