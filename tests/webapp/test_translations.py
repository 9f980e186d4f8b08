"""Every sentence of the web app is there in Russian and Belarusian, with the values that it speaks of."""

import functools
import re
from pathlib import Path

import pytest
from babel.messages import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po

from webapp.language import CATALOGUES, LANGUAGES, SOURCE_LANGUAGE, catalogue

ROOT = Path(__file__).parents[2]
KEYWORDS = DEFAULT_KEYWORDS | {"lazy_gettext": None}
PLACEHOLDER = re.compile(r"%\((\w+)\)[sd]")
PLURALS_COUNT = 3  # one, few, many: the same in both languages

translated = pytest.mark.parametrize("language", [name for name in LANGUAGES if name != SOURCE_LANGUAGE])


@functools.cache
def source_messages() -> dict[str, Message]:
    """What the code and the templates say now."""
    with (ROOT / "babel.cfg").open() as file:
        methods, options = parse_mapping_cfg(file)
    messages = Catalog()
    for path, line, words, _comments, _context in extract_from_dir(ROOT, methods, options, KEYWORDS):
        messages.add(words, locations=[(path, line)])
    return by_id(messages)


@functools.cache
def kept_messages(language: str) -> dict[str, Message]:
    with (CATALOGUES / language / "LC_MESSAGES" / "messages.po").open("rb") as file:
        return by_id(read_po(file, locale=language))


def by_id(messages: Catalog) -> dict[str, Message]:
    """All but the header, whose id is empty."""
    return {forms(message.id)[0]: message for message in messages if message.id}


def forms(text: str | tuple[str, ...] | list[str]) -> tuple[str, ...]:
    """The one text of a message, or all of its plural forms."""
    return (text,) if isinstance(text, str) else tuple(text)


def missing(language: str) -> list[str]:
    """The messages that a reader of this language would see in English, with the places that say them."""
    kept = kept_messages(language)

    def is_translated(name: str, message: Message) -> bool:
        translation = kept.get(name)
        if translation is None or translation.fuzzy:
            return False
        texts = forms(translation.string)
        return all(text.strip() for text in texts) and len(texts) == (PLURALS_COUNT if message.pluralizable else 1)

    return [f"{name!r} {said.locations}" for name, said in source_messages().items() if not is_translated(name, said)]


def test_the_extraction_finds_templates_and_code() -> None:
    for words in ("Turnover of the day", "Enter the password.", "This day has not come yet."):
        assert words in source_messages()


@translated
def test_no_message_is_missing_empty_or_fuzzy(language: str) -> None:
    assert missing(language) == []


@translated
def test_translations_speak_of_the_same_values(language: str) -> None:
    wrong = [
        text
        for message in kept_messages(language).values()
        for text in forms(message.string)
        if set(PLACEHOLDER.findall(text)) != set(PLACEHOLDER.findall(forms(message.id)[-1]))
    ]
    assert wrong == []


@translated
def test_no_translation_has_a_stray_percent_sign(language: str) -> None:
    wrong = [
        text
        for message in kept_messages(language).values()
        for text in forms(message.string)
        if message.python_format and "%" in PLACEHOLDER.sub("", text).replace("%%", "")
    ]
    assert wrong == []


@translated
def test_counts_take_the_plural_that_the_language_wants(language: str) -> None:
    one, other = "%(num)s other outlet", "%(num)s other outlets"
    words = catalogue(language)
    first, few, many = forms(kept_messages(language)[one].string)
    for form, counts in ((first, (1, 21, 101)), (few, (2, 4, 33)), (many, (5, 11, 12, 14, 111, 1000))):
        for count in counts:
            assert words.ngettext(one, other, count) == form
