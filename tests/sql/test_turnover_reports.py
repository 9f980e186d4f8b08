"""Figures of turnover: right, a currency each, and never another merchant's."""

import datetime

import pytest
import sqlalchemy as sa

from sql.documents import insert_documents
from sql.engine import reading, writing
from sql.latest import last_document
from sql.outlets import add_outlet
from sql.skos import add_sko
from sql.tables import TURNOVER_COUNTERS
from sql.turnover import add_turnover
from sql.turnover_reports import (
    OutletRevenue,
    Payments,
    Revenue,
    add_up,
    latest_day,
    revenue_by_day,
    revenue_by_outlet,
)
from tests.sql.rows import DAY, NOON_US, add_company, new_document

ONE_DAY = datetime.timedelta(days=1)
HOUR_US = 3_600_000_000
MINSK = ("Europe/Minsk",)


def sell(
    engine: sa.Engine,
    merchant_id: int,
    day: datetime.date = DAY,
    *,
    outlet_id: int = 1,
    sko_id: int = 1,
    currency: str = "BYN",
    **counters: int,
) -> None:
    row = [counters.get(name, 0) for name in TURNOVER_COUNTERS]
    with writing(engine) as connection:
        add_turnover(connection, {(merchant_id, day, outlet_id, sko_id, currency): row})


@pytest.fixture
def merchant_id(engine: sa.Engine) -> int:
    """A merchant with outlets 1 and 2, and a register in each."""
    merchant_id = add_company(engine)
    with writing(engine) as connection:
        outlet_id = add_outlet(connection, merchant_id, name="Магазин 2", address="Брест")
        add_sko(connection, merchant_id, number="300012346", outlet_id=outlet_id, model="smart")
    return merchant_id


def test_day_adds_up_registers_and_keeps_currencies_apart(engine: sa.Engine, merchant_id: int) -> None:
    sell(
        engine, merchant_id, currency="USD", sales_count=1, sales_minor=500, sales_other_count=1, sales_other_minor=500
    )
    sell(engine, merchant_id, sales_count=2, sales_minor=3000, sales_cash_count=2, sales_cash_minor=3000)
    sell(engine, merchant_id, outlet_id=2, sko_id=2, sales_count=1, sales_minor=5000, sales_cashless_count=1)
    sell(engine, merchant_id, refunds_count=1, refunds_minor=700, rollbacks_count=1, rollbacks_minor=300)
    with reading(engine) as connection:
        byn, usd = revenue_by_day(connection, merchant_id, DAY, DAY)
    assert (byn.day, byn.currency, usd.currency) == (DAY, "BYN", "USD")
    assert byn.revenue == Revenue(3, 8000, 1, 700, 1, 300)
    assert byn.payments == Payments(cash_count=2, cash_minor=3000, cashless_count=1)
    assert (byn.revenue.net_minor, byn.revenue.receipts_count, byn.revenue.average_minor) == (7000, 5, 2667)
    assert usd.revenue.net_minor == 500


def test_days_are_inclusive_and_in_order(engine: sa.Engine, merchant_id: int) -> None:
    for ago in range(4):
        sell(engine, merchant_id, DAY - ONE_DAY * ago, sales_count=1, sales_minor=100 + ago)
    with reading(engine) as connection:
        found = revenue_by_day(connection, merchant_id, DAY - ONE_DAY * 2, DAY - ONE_DAY)
    assert [row.revenue.sales_minor for row in found] == [102, 101]


def test_cash_in_the_drawer_is_no_revenue(engine: sa.Engine, merchant_id: int) -> None:
    sell(engine, merchant_id, currency="EUR", deposits_count=1, deposits_minor=70_000)
    with reading(engine) as connection:
        assert revenue_by_day(connection, merchant_id, DAY, DAY) == []
        assert revenue_by_outlet(connection, merchant_id, DAY, DAY) == []


def test_free_sale_is_a_receipt(engine: sa.Engine, merchant_id: int) -> None:
    sell(engine, merchant_id, sales_count=1)
    with reading(engine) as connection:
        (row,) = revenue_by_day(connection, merchant_id, DAY, DAY)
    assert (row.revenue.sales_count, row.revenue.average_minor) == (1, 0)


def test_outlets_stand_by_currency_and_size(engine: sa.Engine, merchant_id: int) -> None:
    sell(engine, merchant_id, currency="EUR", sales_count=1, sales_minor=9000)
    sell(engine, merchant_id, sales_count=1, sales_minor=100)
    sell(engine, merchant_id, DAY - ONE_DAY, outlet_id=2, sko_id=2, sales_count=1, sales_minor=200)
    with reading(engine) as connection:
        found = revenue_by_outlet(connection, merchant_id, DAY - ONE_DAY, DAY)
    assert found == [
        OutletRevenue(2, "BYN", Revenue(1, 200)),
        OutletRevenue(1, "BYN", Revenue(1, 100)),
        OutletRevenue(1, "EUR", Revenue(1, 9000)),
    ]


def test_chosen_outlets_alone_are_counted(engine: sa.Engine, merchant_id: int) -> None:
    sell(engine, merchant_id, sales_count=1, sales_minor=100)
    sell(engine, merchant_id, outlet_id=2, sko_id=2, sales_count=1, sales_minor=200)
    with reading(engine) as connection:
        (day,) = revenue_by_day(connection, merchant_id, DAY, DAY, [2])
        (outlet,) = revenue_by_outlet(connection, merchant_id, DAY, DAY, [2])
    assert day.revenue == outlet.revenue == Revenue(1, 200)


def test_sums_beyond_32_bits_are_whole_numbers(engine: sa.Engine, merchant_id: int) -> None:
    for sko_id in (1, 2):
        sell(engine, merchant_id, sko_id=sko_id, sales_count=1, sales_minor=10**12)
    with reading(engine) as connection:
        (row,) = revenue_by_day(connection, merchant_id, DAY, DAY)
    assert row.revenue.sales_minor == 2 * 10**12
    assert isinstance(row.revenue.sales_minor, int)


def test_other_merchants_turnover_never_appears(engine: sa.Engine, merchant_id: int) -> None:
    stranger_id = add_company(engine, unp="100320487", numbers=("300099999",))
    sell(engine, stranger_id, sales_count=1, sales_minor=100)
    with writing(engine) as connection:
        insert_documents(connection, [new_document(merchant_id=stranger_id)])
    with reading(engine) as connection:
        assert revenue_by_day(connection, merchant_id, DAY, DAY) == []
        assert revenue_by_outlet(connection, merchant_id, DAY, DAY) == []
        assert latest_day(connection, merchant_id, DAY) is None
        assert last_document(connection, merchant_id, DAY, MINSK) is None
        assert last_document(connection, merchant_id, DAY, MINSK, [1]) is None


def test_nothing_adds_up_to_nothing() -> None:
    assert add_up([]) == Revenue()
    assert add_up([Revenue(1, 2, 3, 4, 5, 6), Revenue(1, 1, 1, 1, 1, 1)]) == Revenue(2, 3, 4, 5, 6, 7)


def test_last_document_is_the_newest_one_of_the_day(engine: sa.Engine, merchant_id: int) -> None:
    with writing(engine) as connection:
        insert_documents(
            connection,
            [
                new_document(merchant_id=merchant_id, number=3, issued_us=NOON_US + HOUR_US, type="deposit"),
                new_document(merchant_id=merchant_id, number=4, issued_us=NOON_US + HOUR_US, type="withdrawal"),
                new_document(merchant_id=merchant_id, number=2, received_us=NOON_US + 2 * HOUR_US),
                new_document(
                    merchant_id=merchant_id, number=5, issued_us=NOON_US + 24 * HOUR_US, day=DAY + ONE_DAY, uid="F" * 24
                ),
            ],
        )
    with reading(engine) as connection:
        found = last_document(connection, merchant_id, DAY, MINSK)
        later = last_document(connection, merchant_id, DAY + ONE_DAY * 30, MINSK)
        earlier = last_document(connection, merchant_id, DAY - ONE_DAY, MINSK)
    assert found is not None
    assert (found.sko, found.number, found.type, found.outlet_id) == ("300012345", 4, "withdrawal", 1)
    assert later is not None
    assert later.number == 5
    assert earlier is None


def test_last_document_of_an_outlet_is_found_behind_busier_ones(engine: sa.Engine, merchant_id: int) -> None:
    quiet = DAY - ONE_DAY * 40
    quiet_us = NOON_US - 40 * 24 * HOUR_US
    sell(engine, merchant_id, quiet, outlet_id=2, sko_id=2, sales_count=1, sales_minor=1230)
    with writing(engine) as connection:
        insert_documents(
            connection,
            [
                new_document(merchant_id=merchant_id, number=1),
                new_document(merchant_id=merchant_id, sko_id=2, outlet_id=2, issued_us=quiet_us, day=quiet),
                # The Z-report of that evening is printed after midnight.
                new_document(
                    merchant_id=merchant_id,
                    sko_id=2,
                    outlet_id=2,
                    number=2,
                    type="z_report",
                    issued_us=quiet_us + 13 * HOUR_US,
                    day=quiet + ONE_DAY,
                ),
            ],
        )
    with reading(engine) as connection:
        found = last_document(connection, merchant_id, DAY, MINSK, [2])
        on_that_day = last_document(connection, merchant_id, quiet, MINSK, [2])
    assert found is not None
    assert (found.sko, found.number, found.type) == ("300012346", 2, "z_report")
    assert on_that_day is not None
    assert on_that_day.number == 1


def test_shift_that_has_just_been_opened_is_the_last_document_of_its_outlet(
    engine: sa.Engine, merchant_id: int
) -> None:
    with writing(engine) as connection:
        insert_documents(connection, [new_document(merchant_id=merchant_id, type="shift_open", total_minor=0)])
    with reading(engine) as connection:
        found = last_document(connection, merchant_id, DAY, MINSK, [1])
    assert found is not None
    assert found.type == "shift_open"


def test_business_day_of_every_time_zone_is_looked_at(engine: sa.Engine, merchant_id: int) -> None:
    """Late in the evening in the west the next day has begun in the east."""
    last_minute_us = NOON_US + 16 * HOUR_US  # 02:00 in Minsk on the next day, 23:00 in London
    with writing(engine) as connection:
        insert_documents(connection, [new_document(merchant_id=merchant_id, issued_us=last_minute_us)])
    with reading(engine) as connection:
        assert last_document(connection, merchant_id, DAY, ["Europe/Minsk"]) is None
        assert last_document(connection, merchant_id, DAY, ["Europe/Minsk", "America/New_York"]) is not None
