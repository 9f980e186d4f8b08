"""Days and periods as readers choose them: by name, or by their first and last day."""

import datetime
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from flask_babel import gettext

from webapp import formats

DAY = datetime.timedelta(days=1)
EARLIEST = datetime.date(2000, 1, 1)  # registers date nothing earlier
ISO_DAY = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")
OWN = "own"
PRESETS = ("today", "yesterday", "week", "month", "quarter", "year")


class Problem(NamedTuple):
    """What is wrong in a field, as a sentence for the reader."""

    field: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Period:
    """Business days from `first` to `last`, inclusive."""

    first: datetime.date
    last: datetime.date

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1

    @property
    def previous(self) -> "Period":
        """The same number of days, just before."""
        last = self.first - DAY
        return Period(last - DAY * (self.days - 1), last)


def preset(name: str, today: datetime.date) -> Period:
    """A period of PRESETS. A week is the last seven days; month, quarter and year are the calendar's, up to today."""
    if name == "yesterday":
        return Period(today - DAY, today - DAY)
    first = {
        "today": today,
        "week": today - 6 * DAY,
        "month": today.replace(day=1),
        "quarter": today.replace(month=(today.month - 1) // 3 * 3 + 1, day=1),
        "year": today.replace(month=1, day=1),
    }
    return Period(first[name], today)


def parse_period(
    typed: Mapping[str, list[str]], today: datetime.date, default: str | None, days_max: int | None
) -> tuple[Period | None, str | None, list[Problem]]:
    """The period of `period`, else of `date`, else of `from` and `to`, else the `default`; its name; what is wrong.

    None is all time. Without `from` a period begins in 2000, without `to` it ends today.
    """
    names = typed.get("period", [])
    if names and names[-1] in PRESETS:
        return preset(names[-1], today), names[-1], []
    usual = preset(default, today) if default else None
    problems = [Problem("period", gettext("There is no such period: choose one from the list."))]
    if names and names[-1] != OWN:
        return usual, default, problems
    texts = {"first": typed.get("date") or typed.get("from", []), "last": typed.get("date") or typed.get("to", [])}
    if not any(texts.values()):
        return usual, OWN if names else default, []
    fields = ("date", "date") if typed.get("date") else ("from", "to")
    days: list[datetime.date] = []
    problems = []
    for field, given, otherwise in zip(fields, texts.values(), (EARLIEST, today), strict=True):
        try:
            days.append(parse_day(given, today, otherwise))
        except ValueError as error:
            problems.append(Problem(field, str(error)))
    if not problems and days[0] > days[1]:
        problems = [Problem("to", gettext("The period ends before it starts."))]
    if not problems and days_max and (days[1] - days[0]).days >= days_max:
        problems = [Problem("from", gettext("Choose at most %(count)s days.", count=formats.number(days_max)))]
    return (usual if problems else Period(*days)), OWN, problems


def parse_day(texts: list[str], today: datetime.date, otherwise: datetime.date | None = None) -> datetime.date:
    """The one day among these; if there is none, `otherwise` or today. Raises ValueError with a sentence."""
    if not texts:
        return otherwise or today
    if len(texts) > 1:
        raise ValueError(gettext("Choose one date."))
    day = iso_day(texts[0].strip())
    if day is None:
        raise ValueError(gettext("There is no such date: write it like %(example)s.", example=today.isoformat()))
    if day > today:
        raise ValueError(gettext("This day has not come yet."))
    if day < EARLIEST:
        raise ValueError(gettext("There are no documents before %(day)s.", day=formats.day(EARLIEST)))
    return day


def iso_day(text: str) -> datetime.date | None:
    # The standard library also reads forms that no date field sends, like 2026-W48-2.
    if not ISO_DAY.fullmatch(text):
        return None
    try:
        return datetime.date.fromisoformat(text)
    except ValueError:
        return None
