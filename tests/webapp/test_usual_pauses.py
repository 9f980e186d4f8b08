"""How long a register may be silent, by the hours of its outlet and by how often it has sold."""

import datetime
import json
from collections.abc import Iterable
from zoneinfo import ZoneInfo

import pytest

from sql.instants import DAY_US, HOUR_US, to_us
from sql.outlet_details import DAYS
from sql.register_habits import Habit
from tests.shop import MINSK
from webapp.open_time import next_opening, open_between, open_minutes
from webapp.usual_pauses import usual_pause

ZONE = "Europe/Minsk"
TODAY = datetime.date(2026, 11, 23)
SHOP = '{"mon": ["09:00", "21:00"], "tue": ["09:00", "21:00"], "sat": ["10:00", "18:00"]}'
BAR = '{"mon": ["18:00", "02:00"]}'
ALWAYS = '{"mon": ["00:00", "00:00"], "tue": ["00:00", "00:00"]}'


def at(day: int, hour: int, minute: int = 0) -> int:
    """In November 2026, of which the 23rd is a Monday."""
    return to_us(datetime.datetime(2026, 11, day, hour, minute, tzinfo=MINSK))


@pytest.mark.parametrize(
    ("hours", "since", "until", "expected"),
    [
        (SHOP, at(23, 10), at(23, 12), 2.0),
        (SHOP, at(23, 6), at(23, 22), 12.0),
        (SHOP, at(23, 20), at(24, 10), 2.0),
        (SHOP, at(24, 21), at(28, 10), 0.0),
        (SHOP, at(24, 20), at(28, 11), 2.0),
        (BAR, at(23, 23), at(24, 9), 3.0),
        (BAR, at(24, 1), at(24, 9), 1.0),
        (ALWAYS, at(23, 23), at(24, 1), 2.0),
        ("", at(23, 23), at(24, 9), 10.0),
        (SHOP, at(23, 12), at(23, 10), 0.0),
    ],
)
def test_only_opening_hours_count(hours: str, since: int, until: int, expected: float) -> None:
    assert open_between(hours, ZONE, since, until) == expected * HOUR_US


def test_the_clocks_of_the_outlet_count() -> None:
    midnight = next_opening("", ZONE, at(23, 23, 30))
    assert midnight == at(24, 0)
    assert next_opening("", "Europe/Warsaw", midnight) == midnight + 2 * HOUR_US


def test_a_night_in_which_clocks_are_put_forward_is_shorter() -> None:
    zone = ZoneInfo("Europe/Warsaw")
    evening, morning = (to_us(datetime.datetime(2026, 3, day, hour, tzinfo=zone)) for day, hour in ((28, 22), (29, 4)))
    assert open_between('{"sat": ["22:00", "04:00"]}', "Europe/Warsaw", evening, morning) == 5 * HOUR_US
    assert open_between('{"sun": ["02:30", "04:00"]}', "Europe/Warsaw", evening, morning) == HOUR_US / 2


def test_it_opens_next() -> None:
    assert next_opening(SHOP, ZONE, at(23, 14)) == at(24, 9)
    assert next_opening(SHOP, ZONE, at(24, 21)) == at(28, 10), "after three days off"
    assert next_opening(BAR, ZONE, at(24, 0, 30)) == at(30, 18), "the night of Monday is over"
    assert next_opening(BAR, ZONE, at(23, 17)) == at(23, 18)
    assert next_opening(ALWAYS, ZONE, at(23, 8)) == at(24, 0)


def test_a_year_of_silence_is_counted_in_no_time() -> None:
    assert open_between(SHOP, ZONE, at(23, 0) - 3650 * DAY_US, at(23, 0)) < 60 * DAY_US


def test_an_ordinary_day() -> None:
    assert open_minutes(SHOP) == (12 + 12 + 8) * 60 / 3
    assert open_minutes("") == 24 * 60


def habit(hours: str, days: Iterable[int], receipts: int, pause_us: int | None = None) -> Habit:
    return Habit(1, 1, hours, frozenset(f"2026-11-{day:02}" for day in days), receipts, pause_us)


def test_a_busy_register_may_rest_for_an_hour() -> None:
    assert usual_pause(habit(SHOP, range(1, 21), 20 * 500), TODAY) == HOUR_US


def test_a_quiet_register_may_rest_for_ten_times_its_usual_pause() -> None:
    hours = '{"mon": ["09:00", "19:00"]}'
    assert usual_pause(habit(hours, range(1, 21), 20 * 20), TODAY) == 5 * HOUR_US


EVERY_DAY = json.dumps(dict.fromkeys(DAYS, ("09:00", "19:00")))


@pytest.mark.parametrize(
    ("days", "idle"),
    [
        ((1, 7, 8, 14, 15, 21, 22), 5),  # weekends only
        ((*range(2, 7), *range(9, 14)), 0),  # on weekdays: the weekend between may have been a long one
        ((*range(2, 7), *range(9, 14), *range(16, 21)), 2),
    ],
)
def test_a_register_that_is_not_used_every_day_may_rest_on_the_others(days: tuple[int, ...], idle: int) -> None:
    assert usual_pause(habit(EVERY_DAY, days, 500 * len(days)), TODAY) == idle * 10 * HOUR_US + HOUR_US


def test_days_off_are_no_rest() -> None:
    assert usual_pause(habit('{"mon": ["09:00", "19:00"]}', range(2, 31, 7), 500), TODAY) == HOUR_US


def test_without_opening_hours_days_are_counted() -> None:
    assert usual_pause(habit("", range(1, 21), 20 * 20), TODAY) == 1.5 * DAY_US
    assert usual_pause(habit("", (2, 5, 8, 11, 14, 17), 100), TODAY) == 3.5 * DAY_US


def test_with_too_little_known_nothing_is_unusual() -> None:
    assert usual_pause(habit(SHOP, range(1, 5), 1000), TODAY) is None
    assert usual_pause(habit(SHOP, range(1, 21), 19), TODAY) is None


@pytest.mark.parametrize("days", [(), (1, 2, 3), range(1, 16)])
def test_silence_teaches_nothing(days: Iterable[int]) -> None:
    assert usual_pause(habit(SHOP, days, 500, 7 * HOUR_US), TODAY) == 7 * HOUR_US
    assert usual_pause(habit("", days, 500, 2 * DAY_US), TODAY) == 2 * DAY_US


def test_a_register_that_sells_again_on_fewer_days_has_another_habit() -> None:
    assert usual_pause(habit(SHOP, (2, 9, 16), 500, 7 * HOUR_US), TODAY) is None


def test_a_pause_in_opening_hours_is_none_of_all_hours() -> None:
    assert usual_pause(habit("", (), 0, 7 * HOUR_US), TODAY) is None
