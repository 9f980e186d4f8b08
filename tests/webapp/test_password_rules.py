"""A password is long and not guessable, and nothing else is asked of it."""

import hashlib
import re
import secrets
import string
import unicodedata
from collections.abc import Iterator

import pytest
from flask import Flask
from flask_babel import Babel, force_locale

from webapp import breached
from webapp.language import catalogue
from webapp.password_rules import normalized, problems
from webapp.passwords import generate_password

ABOUT = ("191832203", "owner@romashka-shop.by", "+375291234567", "ООО «Ромашка»", "Иванова Анна Петровна")


@pytest.fixture(autouse=True)
def context() -> Iterator[None]:
    """Sentences want a language."""
    app = Flask(__name__)
    babel = Babel(app, default_locale="en")
    with app.test_request_context():
        for language in ("ru", "be"):
            babel.domain_instance.cache[language, "messages"] = catalogue(language)
        yield


def refused(password: str, word: str) -> None:
    sentence = problems(password, about=ABOUT)
    assert sentence is not None, password
    assert word in sentence, (password, sentence)


@pytest.mark.parametrize(
    "password",
    [
        "correct horse battery staple",
        "коричневый ёж танцует",
        "жёлтая-лопата-91",
        "kjhqwe mnbxcv",
        "482915730184",
        "~!@#^&*()_+{}|",
        "パスワードではない言葉たち",
        "🦔🌻🚲🧶🪁🫖🦩🥝🎈🪵🧊🪐",
        "my cat eats 3 romashka flowers",
        "kabinet of curiosities",
        "x" * 5 + "ablative" + "y" * 115,
    ],
)
def test_long_and_unknown_is_enough(password: str):
    assert problems(password, about=ABOUT) is None


def test_our_own_passwords_are_never_refused():
    assert [
        generated for generated in (generate_password() for _ in range(300)) if problems(generated, about=ABOUT)
    ] == []


def test_random_letters_are_never_refused():
    passwords = ("".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(16)) for _ in range(300))
    assert [password for password in passwords if problems(password, about=ABOUT)] == []


def test_length_is_counted_in_characters_after_normalization():
    refused("ёжик-в-лесу", "at least 12")  # eleven, twenty bytes
    assert problems("ёжик-в-лесу?", about=()) is None
    refused(unicodedata.normalize("NFD", "ёйёйюяэьъщш"), "at least 12")  # eleven, written as fifteen
    refused("🦔" * 11, "at least 12")
    assert problems("ab3" + "-y7-" * 31 + "q", about=()) is None
    refused("ab3" + "-y7-" * 31 + "qz", "at most 128")
    refused("", "at least 12")


def test_one_password_written_in_two_ways_is_one():
    assert normalized("ёж и ёрш й") == normalized(unicodedata.normalize("NFD", "ёж и ёрш й"))
    assert normalized("①") != normalized("1")


@pytest.mark.parametrize("password", ["twelve\x00marks!", "twelve\nmarks!!", "twelve\ud800marks!"])
def test_what_nobody_can_type_is_refused(password: str):
    refused(password, "can't be typed")


@pytest.mark.parametrize(
    "password",
    [
        "qwertyuiop[]",
        "1qaz2wsx3edc",
        "123456789012",
        "administrator",
        "AdMinisTrator",
        "Administrator2026!",
        "Dragon-20261123",
        "!!!Superman!!!",
        "letmein123456",
        "12345michael12345",
        "ＱＷＥＲＴＹ１２３４５６",
        "йцукенгшщзхъ",
        "пароль123456",
        "gfhjkm123456",
        "Наташа-2026-11",
        "привет!!!!!!!",
    ],
)
def test_stolen_passwords_are_refused(password: str):
    refused(password, "stolen")


@pytest.mark.parametrize(
    "password",
    [
        "passwordpassword",
        "Password-password",
        "passwordPASSWORD1",
        "aaaaaaaaaaaa",
        "abcabcabcabcab",
        "12345123451234",
        "ромашкаромашка",
        "(фонарьфонарь-2026)",
        "x7k-x7k-x7k-x7k",
        "............",
    ],
)
def test_repetition_does_not_make_a_password_longer(password: str):
    refused(password, "repeats")


def test_what_is_long_enough_may_be_repeated():
    assert problems("vazony i tuchi vazony i tuchi", about=()) is None


@pytest.mark.parametrize(
    "password",
    [
        "191832203191",
        "191832203-2026",
        "УНП 191832203",
        "owner@romashka-shop.by",
        "OWNER@romashka-shop.by!",
        "romashka-2026-shop",
        "Ромашка-2026!!",
        "ооо «Ромашка»",
        "hjvfirf-2026-00",
        "АннаИванова1985",
        "+375291234567",
        "kabinet20261123",
        "Kabinet-Romashka",
        "КабинетРомашка",
        "кабінет-191832203",
    ],
)
def test_what_everybody_knows_is_refused(password: str):
    refused(password, "others know")


def test_the_list_is_the_one_that_was_made():
    data = breached.DATA.read_bytes()
    assert len(data) <= 1_000_000
    assert hashlib.sha256(data).hexdigest() in (breached.DATA.parent / "README.md").read_text()
    hashes = [data[place : place + breached.HASH_BYTES] for place in range(0, len(data), breached.HASH_BYTES)]
    assert hashes == sorted(set(hashes))
    assert len(hashes) / 256**breached.HASH_BYTES < 1e-6  # how often something else is taken for one of them


def test_first_and_last_entry_are_found(monkeypatch: pytest.MonkeyPatch):
    data = breached.DATA.read_bytes()
    for wanted in (data[:5], data[-5:]):
        monkeypatch.setattr(breached, "hashed", lambda _entry, wanted=wanted: wanted)
        assert breached.is_breached("whatever")
    for unknown in (b"\0" * 5, b"\xff" * 5):
        monkeypatch.setattr(breached, "hashed", lambda _entry, unknown=unknown: unknown)
        assert not breached.is_breached("whatever")


@pytest.mark.parametrize("language", ["ru", "be"])
def test_refusals_are_sentences_in_the_readers_language(language: str):
    with force_locale(language):
        for password in ("short", "x" * 129, "twelve\nmarks!!", "abababababab", "kabinet123456", "administrator"):
            sentence = problems(password, about=ABOUT)
            assert sentence is not None
            assert re.fullmatch(r"[А-ЯЁІЎ][^A-Za-z]+\.", sentence), sentence
