"""A period in the parts that cost the least to add up: whole months, and the days at its ends that make up none."""

import datetime
from typing import NamedTuple

DAY = datetime.timedelta(days=1)
NO_MONTHS = (datetime.date.max, datetime.date.min)


class Days(NamedTuple):
    """Business days from `first` to `last`, inclusive; none where `last` is earlier. `sign` −1 takes them off."""

    first: datetime.date
    last: datetime.date
    sign: int


class Parts(NamedTuple):
    """A period as whole months (by their first days, inclusive) and days at its ends."""

    first_month: datetime.date
    last_month: datetime.date
    head: Days
    tail: Days


def period_parts(first: datetime.date, last: datetime.date, today: datetime.date) -> Parts:
    """The cheapest way to add up the days from `first` to `last`.

    The days at an end are added, or taken off the whole month, whichever are fewer: the month so far is the month less
    nothing. After `today` nothing has happened yet, but for what clocks that run fast say.
    """
    month, last_month = first.replace(day=1), last.replace(day=1)
    before = Days(month, first - DAY, -1)
    after = Days(last + DAY, _next_month(last) - DAY, -1)
    if month == last_month:
        inside = Days(first, last, 1)
        if _size(before, today) + _size(after, today) < _size(inside, today):
            return Parts(month, month, before, after)
        return Parts(*NO_MONTHS, inside, Days(last, first - DAY, 1))
    head = Days(first, _next_month(first) - DAY, 1)
    tail = Days(last_month, last, 1)
    if _size(before, today) <= _size(head, today):
        head = before
    else:
        month = _next_month(first)
    if _size(after, today) <= _size(tail, today):
        tail = after
    else:
        last_month = (last_month - DAY).replace(day=1)
    return Parts(month, last_month, head, tail)


def _next_month(day: datetime.date) -> datetime.date:
    return (day.replace(day=28) + 4 * DAY).replace(day=1)


def _size(days: Days, today: datetime.date) -> int:
    """How many of these days have any turnover to read."""
    return max(0, (min(days.last, today) - days.first).days + 1)
