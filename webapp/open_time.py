"""How long an outlet was open between two instants: the clock by which a register is silent."""

import datetime
import functools
import json
from zoneinfo import ZoneInfo

from sql.instants import from_us, to_us
from sql.outlet_details import DAYS

DAY = datetime.timedelta(days=1)
DAYS_MAX = 60  # a longer time is as good as endless

# By day of the week, from Monday on: from and to, as minutes after midnight; None: a day off.
Week = tuple[tuple[int, int] | None, ...]


@functools.lru_cache(maxsize=10_000)
def week_of(hours: str) -> Week | None:
    """The opening hours as `outlet.opening_hours` has them; None: nobody has told them."""
    told = json.loads(hours or "{}")
    if not told:
        return None
    return tuple(_minutes(*told[day]) if day in told else None for day in DAYS)


def _minutes(first: str, last: str) -> tuple[int, int]:
    """A day that ends before it begins goes on past midnight; the same time twice is round the clock."""
    begin, end = (int(text[:2]) * 60 + int(text[3:]) for text in (first, last))
    return begin, end if end > begin else end + 24 * 60


def open_between(hours: str, zone: str, since_us: int, until_us: int) -> int:
    """Microseconds of opening hours; of all hours, where none have been told."""
    week = week_of(hours)
    if week is None or until_us <= since_us:
        return max(0, until_us - since_us)
    place = ZoneInfo(zone)
    day, last = (from_us(instant).astimezone(place).date() for instant in (since_us, until_us))
    day = max(day - DAY, last - DAYS_MAX * DAY)  # the day before may go on past midnight
    total = 0
    while day <= last:
        if times := week[day.weekday()]:
            begin, end = (_instant(day, minutes, place) for minutes in times)
            total += max(0, min(end, until_us) - max(begin, since_us))
        day += DAY
    return total


def _instant(day: datetime.date, minutes: int, place: ZoneInfo) -> int:
    days, minutes = divmod(minutes, 24 * 60)
    time = datetime.time(minutes // 60, minutes % 60)
    return to_us(datetime.datetime.combine(day + days * DAY, time, place))


def next_opening(hours: str, zone: str, instant_us: int) -> int:
    """The instant after this one at which it opens; where nobody has told the hours, at which the next day begins."""
    place = ZoneInfo(zone)
    today = from_us(instant_us).astimezone(place).date()
    week = week_of(hours) or ((0, 0),) * 7
    days = (today + number * DAY for number in range(8))
    begins = (_instant(day, times[0], place) for day in days if (times := week[day.weekday()]))
    return next(begin for begin in begins if begin > instant_us)


def open_minutes(hours: str) -> float:
    """Of an ordinary day on which it is open."""
    open_days = [times for times in week_of(hours) or () if times]
    return sum(end - begin for begin, end in open_days) / len(open_days) if open_days else 24 * 60
