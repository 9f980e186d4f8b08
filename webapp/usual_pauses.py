"""How long a register may be silent before that is unusual, from how often it has sold lately."""

import datetime
from collections.abc import Sequence
from itertools import pairwise

from sql.instants import DAY_US, HOUR_US, SECOND_US
from sql.register_habits import WITHOUT_HOURS_US, Habit
from webapp.open_time import Week, open_minutes, week_of

MINUTE_US = 60 * SECOND_US
DAYS_MIN, RECEIPTS_MIN = 5, 20  # with less there is no habit
SILENT = datetime.timedelta(days=7)
# Customers come at random: with a mean of ten minutes, a pause of ten times that happens once in 20,000.
TIMES_THE_MEAN = 10
LEAST_US = HOUR_US


def usual_pause(habit: Habit, today: datetime.date) -> int | None:
    """In microseconds of opening hours; where nobody has told them, of all hours. None: too little is known.

    A register that has been silent for a week keeps what was usual before: else its silence became a habit by itself.
    """
    is_silent = max(habit.days, default="") < (today - SILENT).isoformat()
    if is_silent and habit.pause_us is not None and (habit.hours or habit.pause_us >= WITHOUT_HOURS_US):
        return habit.pause_us
    if len(habit.days) < DAYS_MIN or habit.receipts < RECEIPTS_MIN:
        return None
    days = sorted(datetime.date.fromisoformat(day) for day in habit.days)
    week = week_of(habit.hours)
    if week is None:
        return (max(after - before for before, after in pairwise(days)).days - 1) * DAY_US + WITHOUT_HOURS_US
    day_us = int(open_minutes(habit.hours) * MINUTE_US)
    mean_us = day_us * len(days) / habit.receipts
    return _idle_days(days, week) * day_us + max(LEAST_US, int(TIMES_THE_MEAN * mean_us))


def _idle_days(days: Sequence[datetime.date], week: Week) -> int:
    """On how many open days in a row it sells nothing, of these on which it does; once may have been a holiday."""
    pauses = (range(before.toordinal() + 1, after.toordinal()) for before, after in pairwise(days))
    idle = (sum(week[datetime.date.fromordinal(day).weekday()] is not None for day in pause) for pause in pauses)
    return sorted(idle)[-2]
