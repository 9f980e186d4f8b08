"""Opening hours: a form with two times for each day of the week, and a few lines that say the same."""

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby

from babel import Locale
from flask_babel import get_locale, gettext

from sql.outlet_details import DAYS, OpeningHours

_TIME = re.compile("([01][0-9]|2[0-3]):[0-5][0-9]")


def day_name(day: str, width: str = "wide") -> str:
    """Monday, or as `abbreviated` Mon."""
    names = (get_locale() or Locale("ru")).days["stand-alone"][width]
    return str(names[DAYS.index(day)])


def hours_in(form: Mapping[str, str]) -> tuple[OpeningHours, dict[str, str]]:
    """The hours that a form tells in `mon-from`, `mon-to` …, and by day what is wrong in them.

    Two empty fields are a day off. A day that ends before it begins goes on past midnight; the same time twice is
    round the clock.
    """
    hours: dict[str, tuple[str, str]] = {}
    problems: dict[str, str] = {}
    for day in DAYS:
        first, last = (form.get(f"{day}-{end}", "").strip() for end in ("from", "to"))
        if not first and not last:
            continue
        if not first or not last:
            problems[day] = gettext("Write both times, or none for a day off.")
        elif not (_TIME.fullmatch(first) and _TIME.fullmatch(last)):
            problems[day] = gettext("Write times like 09:00.")
        else:
            hours[day] = (first, last)
    return hours, problems


def hours_in_words(hours: OpeningHours) -> list[tuple[str, str]]:
    """Days of equal hours in a row taken together: [("Mon–Fri", "09:00–21:00"), ("Sat–Sun", "Day off")]."""
    return [(_days(days), _times(times)) for days, times in _runs(hours)] if hours else []


def _runs(hours: OpeningHours) -> Iterator[tuple[list[str], tuple[str, str] | None]]:
    for times, days in groupby(DAYS, key=hours.get):
        yield list(days), times


def _days(days: Iterable[str]) -> str:
    first, *others = [day_name(day, "abbreviated") for day in days]
    return f"{first}–{others[-1]}" if others else first


def _times(times: tuple[str, str] | None) -> str:
    if times is None:
        return str(gettext("Day off"))
    return str(gettext("Round the clock")) if times[0] == times[1] else "–".join(times)
