"""How figures are written, in each language."""

import datetime
from collections.abc import Callable
from decimal import Decimal

import pytest
from flask import Flask
from flask_babel import force_locale

from sql.instants import to_us
from webapp import create_app
from webapp.formats import day, iso, moment, money, number, percent
from webapp.settings import Settings

NARROW, NO_BREAK, MINUS = "\N{NARROW NO-BREAK SPACE}", "\N{NO-BREAK SPACE}", "\N{MINUS SIGN}"
DAY = datetime.date(2026, 11, 24)
INSTANT = to_us(datetime.datetime(2026, 11, 24, 5, 42, 7, tzinfo=datetime.UTC))


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Flask:
    folder = tmp_path_factory.mktemp("formats")
    return create_app(
        Settings(
            secret_key="s" * 32, database_url=f"sqlite:///{folder}/unused.db", assets_folder=str(folder / "assets")
        )
    )


@pytest.fixture
def written(app: Flask) -> Callable[..., str]:
    """A figure as a reader of this language sees it, with the special spaces made visible."""

    def write(language: str, formatter: Callable[..., str], *arguments: object, **options: object) -> str:
        with app.test_request_context(), force_locale(language):
            return formatter(*arguments, **options).replace(NARROW, "·").replace(NO_BREAK, "_")

    return write


@pytest.mark.parametrize(
    ("minor", "russian", "english"),
    [
        (0, "0,00_BYN", "0.00_BYN"),
        (5, "0,05_BYN", "0.05_BYN"),
        (123_456, "1·234,56_BYN", "1,234.56_BYN"),
        (-123_456, f"{MINUS}1·234,56_BYN", f"{MINUS}1,234.56_BYN"),
        (10**14, "1·000·000·000·000,00_BYN", "1,000,000,000,000.00_BYN"),
    ],
)
def test_money(written: Callable[..., str], minor: int, russian: str, english: str) -> None:
    assert written("ru", money, minor, "BYN") == russian
    assert written("be", money, minor, "BYN") == russian
    assert written("en", money, minor, "BYN") == english


def test_money_without_its_currency_is_for_columns_that_name_it(written: Callable[..., str]) -> None:
    assert written("ru", money, 123_456) == "1·234,56"


def test_counts(written: Callable[..., str]) -> None:
    assert written("ru", number, 1_234_567) == "1·234·567"
    assert written("en", number, 1_234_567) == "1,234,567"
    assert written("ru", number, -7) == f"{MINUS}7"


@pytest.mark.parametrize(
    ("ratio", "digits", "russian", "english"),
    [
        (0.125, 0, "13_%", "13%"),
        (0.125, 1, "12,5_%", "12.5%"),
        (Decimal("12.3456"), 1, "1·234,6_%", "1,234.6%"),
        (-0.031, 1, f"{MINUS}3,1_%", f"{MINUS}3.1%"),
        (-0.0001, 0, "0_%", "0%"),
        (1, 0, "100_%", "100%"),
    ],
)
def test_shares(written: Callable[..., str], ratio: float | Decimal, digits: int, russian: str, english: str) -> None:
    assert written("ru", percent, ratio, digits) == russian
    assert written("en", percent, ratio, digits) == english


def test_days(written: Callable[..., str]) -> None:
    assert [written("ru", day, DAY, style) for style in ("numeric", "long", "weekday")] == [
        "24.11.2026",
        "24 ноября 2026",
        "вт, 24 нояб.",
    ]
    assert [written("en", day, DAY, style) for style in ("numeric", "long", "weekday")] == [
        "24 Nov 2026",
        "24 November 2026",
        "Tue, 24 Nov",
    ]
    assert written("be", day, DAY, "long") == "24 лістапада 2026"


def test_moments_are_local(written: Callable[..., str]) -> None:
    assert written("ru", moment, INSTANT, "Europe/Minsk") == "24.11.2026 08:42"
    assert written("en", moment, INSTANT, "Europe/Minsk") == "24 Nov 2026, 08:42"
    assert written("ru", moment, INSTANT, "Asia/Tokyo", seconds=True) == "24.11.2026 14:42:07"
    assert iso(INSTANT) == "2026-11-24T05:42:07+00:00"
