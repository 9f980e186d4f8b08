"""How amounts, numbers, days and moments are written in the reader's language: the only place that formats them.

The Jinja filters of the same names: `{{ total_minor | money("BYN") }}`, `{{ issued_us | moment(zone) }}`.
"""

import datetime
import functools
from decimal import ROUND_HALF_UP, Decimal
from typing import Literal
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_datetime
from flask import Flask
from flask_babel import get_locale

from sql.instants import from_us

MINOR_DIGITS = 2  # kopecks, cents: all currencies that registers know have hundredths
NO_BREAK = "\N{NO-BREAK SPACE}"
NARROW = "\N{NARROW NO-BREAK SPACE}"
MINUS = "\N{MINUS SIGN}"

DayStyle = Literal["numeric", "long", "weekday", "month"]

_DAYS = {
    "numeric": ("dd.MM.y", "d MMM y"),
    "long": ("d MMMM y", "d MMMM y"),
    "weekday": ("EEE, d MMM", "EEE, d MMM"),
    "month": ("LLLL y", "LLLL y"),
}
_TIMES = {False: "HH:mm", True: "HH:mm:ss"}


def init_app(app: Flask) -> None:
    for formatter in (money, number, percent, day, moment, iso):
        app.add_template_filter(formatter)
    app.add_template_global(Writer, "writer")


def money(minor: int, currency: str | None = None) -> str:
    """Minor units as an amount: 123456 → «1 234,56 BYN», in English “1,234.56 BYN”."""
    return Writer().money(minor, currency)


def number(value: int) -> str:
    """A count: 12345 → «12 345»."""
    return Writer().number(value)


def percent(ratio: float | Decimal, digits: int = 0) -> str:
    """A share: 0.125 → «12,5 %» with one digit, in English “12.5%”."""
    return Writer().percent(ratio, digits)


def day(value: datetime.date, style: DayStyle = "numeric") -> str:
    """A business day: «24.11.2026»; `long`: «24 ноября 2026»; `weekday`: «вт, 24 нояб.»; `month`: «ноябрь 2026»."""
    return Writer().day(value, style)


class Writer:
    """`money`, `number`, `percent` and `day` for pages with hundreds of them: the language is found out once."""

    def __init__(self) -> None:
        self._language = _language()
        self._group, self._point = _separators_of(self._language)

    def money(self, minor: int, currency: str | None = None) -> str:
        whole, cents = divmod(abs(minor), 10**MINOR_DIGITS)
        amount = f"{_sign(minor)}{_grouped(whole, self._group)}{self._point}{cents:0{MINOR_DIGITS}}"
        return f"{amount}{NO_BREAK}{currency}" if currency else amount

    def number(self, value: int) -> str:
        return _sign(value) + _grouped(abs(value), self._group)

    def percent(self, ratio: float | Decimal, digits: int = 0) -> str:
        hundredths = (Decimal(str(ratio)) * 100).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)
        whole, _, fraction = f"{abs(hundredths):f}".partition(".")
        text = _sign(hundredths) + _grouped(int(whole), self._group) + (self._point + fraction if fraction else "")
        return f"{text}%" if self._language == "en" else f"{text}{NO_BREAK}%"

    def day(self, value: datetime.date, style: DayStyle = "numeric") -> str:
        return _day_in(self._language, value, style)


@functools.lru_cache(maxsize=10_000)  # a chart of a year names 366 days
def _day_in(language: str, value: datetime.date, style: DayStyle) -> str:
    return format_date(value, _DAYS[style][language == "en"], locale=language)


def moment(instant_us: int, time_zone: str, seconds: bool = False) -> str:
    """An instant as local date and time: «24.11.2026 08:42»."""
    is_english = _language() == "en"
    pattern = f"{_DAYS['numeric'][is_english]}{',' if is_english else ''} {_TIMES[seconds]}"
    return format_datetime(from_us(instant_us).astimezone(ZoneInfo(time_zone)), pattern, locale=_locale())


def iso(instant_us: int) -> str:
    """An instant for `<time datetime="…">`."""
    return from_us(instant_us).isoformat()


def _locale() -> Locale:
    return get_locale() or Locale("ru")


def _language() -> str:
    return str(_locale().language)


@functools.cache
def _separators_of(language: str) -> tuple[str, str]:
    """Between thousands, and before the fraction."""
    symbols = Locale(language).number_symbols["latn"]
    return symbols["group"].replace(NO_BREAK, NARROW), symbols["decimal"]


def _grouped(value: int, group: str) -> str:
    return f"{value:,}".replace(",", group)


def _sign(value: float | Decimal) -> str:
    return MINUS if value < 0 else ""
