"""How long a register may be silent before that is unusual, from how often it has sold lately."""

import datetime
from itertools import pairwise

from sql.instants import DAY_US, HOUR_US, SECOND_US
from sql.register_habits import Habit
from webapp.open_time import open_minutes, week_of

MINUTE_US = 60 * SECOND_US
DAYS_MIN, RECEIPTS_MIN = 5, 20  # with less there is no habit
# Customers come at random: with a mean of ten minutes, a pause of ten times that happens once in 20,000.
TIMES_THE_MEAN = 10
LEAST_US = HOUR_US


def usual_pause(habit: Habit) -> int | None:
    """In microseconds of opening hours; where nobody has told them, of all hours. None: too little is known."""
    if len(habit.days) < DAYS_MIN or habit.receipts < RECEIPTS_MIN:
        return None
    if week_of(habit.hours) is None:
        return _usual_days(habit) * DAY_US + DAY_US // 2
    mean_us = open_minutes(habit.hours) * MINUTE_US * len(habit.days) / habit.receipts
    return max(LEAST_US, int(TIMES_THE_MEAN * mean_us))


def _usual_days(habit: Habit) -> int:
    """From one day on which it sold to the next one, at most: 3 where weekends are free."""
    days = sorted(datetime.date.fromisoformat(day) for day in habit.days)
    return max((after - before).days for before, after in pairwise(days))
