"""A document belongs to the outlet of its own time, and to the business day there."""

import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.directory import Directory
from sql.instants import from_us, to_us
from sql.skos import DirectoryEntry, Placement

MOVED_US = to_us(datetime.datetime(2026, 3, 29, 10, tzinfo=datetime.UTC))
# Berlin changes its clocks on that very day.
PLACEMENTS = (Placement(1_000, 1, "Europe/Minsk"), Placement(MOVED_US, 2, "Europe/Berlin"))


def a_register():
    directory = Directory()
    directory.add({"A1": DirectoryEntry(1, 1, "A1", PLACEMENTS)})
    register = directory.get("A1")
    assert register is not None
    return register


@given(st.lists(st.integers(MOVED_US - 10**12, MOVED_US + 10**12), min_size=1))
def test_a_place_does_not_depend_on_what_was_asked_before(instants: list[int]):
    register = a_register()
    for instant in instants:
        outlet_id, zone = (2, "Europe/Berlin") if instant >= MOVED_US else (1, "Europe/Minsk")
        day = from_us(instant).astimezone(ZoneInfo(zone)).date()
        assert register.place(instant) == (outlet_id, day)


@pytest.mark.parametrize(("hour", "day"), [(20, 23), (21, 24)])
def test_the_day_is_the_local_one(hour: int, day: int):
    instant = to_us(datetime.datetime(2026, 2, day if hour < 21 else 23, hour, tzinfo=datetime.UTC))
    assert a_register().place(instant) == (1, datetime.date(2026, 2, day))


def test_the_first_placement_counts_for_all_time_before_it():
    assert a_register().place(1) == (1, datetime.date(1970, 1, 1))


def test_clocks_that_change_at_midnight_do_not_confuse_the_day():
    # In Asunción 2020-03-21T23:59:59 is followed by 23:00:00 of the same day.
    directory = Directory()
    zone = "America/Asuncion"
    directory.add({"A1": DirectoryEntry(1, 1, "A1", (Placement(0, 1, zone),))})
    register = directory.get("A1")
    assert register is not None
    begin = to_us(datetime.datetime(2020, 3, 21, tzinfo=datetime.UTC))
    for hour in range(72):
        instant = begin + hour * 3_600_000_000 + 1
        assert register.place(instant)[1] == from_us(instant).astimezone(ZoneInfo(zone)).date()
