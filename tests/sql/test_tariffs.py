"""Tariffs: one price a kind and month."""

import datetime

import pytest
import sqlalchemy as sa

from sql.engine import reading, writing
from sql.errors import AlreadyExists, NotFound
from sql.tariffs import add_tariff, end_tariff, last_of_month, tariff_of, tariffs_of


def month(text: str) -> datetime.date:
    return datetime.date.fromisoformat(f"{text}-01")


def add(
    engine: sa.Engine, first: str, last: str | None = None, *, kind: str = "subscription", price: int = 4500
) -> int:
    with writing(engine) as connection:
        return add_tariff(
            connection,
            kind=kind,
            first_month=month(first),
            last_month=month(last) if last else None,
            service="Абонентская плата",
            price_minor=price,
            vat_percent=None,
        )


def price_on(engine: sa.Engine, day: str) -> int | None:
    with reading(engine) as connection:
        found = tariff_of(connection, "subscription", datetime.date.fromisoformat(day))
    return found.price_minor if found else None


def test_a_tariff_is_in_force_from_its_first_day_to_its_last(engine: sa.Engine):
    add(engine, "2026-02", "2026-03")
    days = ("2026-01-31", "2026-02-01", "2026-03-31", "2026-04-01")
    assert [price_on(engine, day) for day in days] == [None, 4500, 4500, None]


def test_a_new_tariff_ends_the_one_before(engine: sa.Engine):
    add(engine, "2026-01")
    add(engine, "2026-05", price=5000)
    assert [price_on(engine, day) for day in ("2026-04-30", "2026-05-01", "2030-01-01")] == [4500, 5000, 5000]


def test_kinds_have_nothing_to_do_with_each_other(engine: sa.Engine):
    add(engine, "2026-01", kind="registration")
    assert price_on(engine, "2026-01-15") is None


@pytest.mark.parametrize(("first", "last"), [("2026-03", "2026-04"), ("2026-01", "2026-02"), ("2025-12", None)])
def test_two_tariffs_never_overlap(engine: sa.Engine, first: str, last: str | None):
    add(engine, "2026-02", "2026-03")
    with pytest.raises(AlreadyExists):
        add(engine, first, last)


def test_a_gap_before_another_tariff_can_be_filled(engine: sa.Engine):
    add(engine, "2026-03")
    add(engine, "2026-01", "2026-02", price=4000)
    assert price_on(engine, "2026-02-28") == 4000


def test_a_tariff_never_ends_before_it_begins(engine: sa.Engine):
    with pytest.raises(ValueError, match="ends before it begins"):
        add(engine, "2026-03", "2026-02")
    tariff_id = add(engine, "2026-03")
    with writing(engine) as connection:
        with pytest.raises(ValueError, match="ends before it begins"):
            end_tariff(connection, tariff_id, month("2026-02"))
        with pytest.raises(NotFound):
            end_tariff(connection, tariff_id + 1, month("2026-04"))
        end_tariff(connection, tariff_id, month("2026-04"))
        assert [tariff.last_day for tariff in tariffs_of(connection)] == [datetime.date(2026, 4, 30)]


def test_last_of_month_knows_leap_years():
    assert last_of_month(datetime.date(2028, 2, 1)) == datetime.date(2028, 2, 29)
    assert last_of_month(datetime.date(2026, 12, 31)) == datetime.date(2026, 12, 31)
