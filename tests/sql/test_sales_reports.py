"""What Sales reads of turnover: right for every filter, every row once, and nothing of another merchant."""

import datetime
import random

import pytest
import sqlalchemy as sa

from sql.documents import NewDocument
from sql.engine import reading, writing
from sql.outlets import add_outlet
from sql.sales_reports import (
    DayAmounts,
    Page,
    Place,
    Scope,
    Total,
    count_sales_rows,
    sales_by_day,
    sales_by_register,
    sales_of_days,
    sales_page,
    sales_rows,
    sales_totals,
)
from sql.skos import add_sko
from sql.tables import CURRENCIES, document
from sql.turnover_reports import Payments, Revenue
from tests.shop import document as new
from tests.shop import store
from tests.sql.rows import DAY, add_company

ONE_DAY = datetime.timedelta(days=1)
WEEK_AGO = DAY - 6 * ONE_DAY


@pytest.fixture
def merchant_id(engine: sa.Engine) -> int:
    """A merchant with outlets 1, 2 and 3, and a register of the same id in each."""
    merchant_id = add_company(engine, numbers=("300000001",))
    with writing(engine) as connection:
        for place in (2, 3):
            outlet_id = add_outlet(connection, merchant_id, name=f"Магазин {place}", address="Брест")
            add_sko(connection, merchant_id, number=f"30000000{place}", outlet_id=outlet_id, model="smart")
    return merchant_id


def sale(merchant_id: int, total_minor: int, *, sko_id: int | None = None, discount_minor: int = 0, **more: object):
    """A sale; of the outlet's own register unless another one is named: that one has been moved there."""
    row = new(merchant_id, "sale", total_minor, **{"day": DAY, **more})
    return row._replace(sko_id=sko_id or row.outlet_id, discount_minor=discount_minor)


def week(merchant_id: int, **narrowed: object) -> Scope:
    return Scope(merchant_id, WEEK_AGO, DAY, **narrowed)


# --- totals ----------------------------------------------------------------------------------------------------------


def test_totals_are_split_where_the_period_begins(engine: sa.Engine, merchant_id: int) -> None:
    store(
        engine,
        sale(merchant_id, 1000, day=DAY - ONE_DAY),
        sale(merchant_id, 3000, discount_minor=70),
        new(merchant_id, "refund", 200, day=DAY),
        new(merchant_id, "rollback", 300, day=DAY),
        sale(merchant_id, 500, currency="EUR"),
        sale(merchant_id, 9999, day=DAY + ONE_DAY),
    )
    with reading(engine) as connection:
        found = sales_totals(connection, week(merchant_id), DAY)
    assert found == {
        "BYN": (Total(Revenue(1, 1000)), Total(Revenue(1, 3000, 1, 200, 1, 300), 70)),
        "EUR": (Total(), Total(Revenue(1, 500))),
    }
    assert list(found) == ["BYN", "EUR"]


@pytest.mark.parametrize("narrowed", [{}, {"outlet_ids": (1, 2)}, {"sko_ids": (1, 2)}])
def test_sums_beyond_32_bits_are_whole_numbers(
    engine: sa.Engine, merchant_id: int, narrowed: dict[str, object]
) -> None:
    store(engine, sale(merchant_id, 10**12), sale(merchant_id, 10**12, outlet_id=2))
    scope = week(merchant_id, **narrowed)
    with reading(engine) as connection:
        [(_, total)] = sales_totals(connection, scope, WEEK_AGO).values()
        chart = sales_of_days(connection, scope._replace(currency="BYN"))
    assert total.revenue.sales_minor == 2 * 10**12
    assert type(total.revenue.sales_minor) is int
    assert chart == {DAY: DayAmounts(2 * 10**12, 2 * 10**12)}


def test_cash_in_the_drawer_is_no_revenue(engine: sa.Engine, merchant_id: int) -> None:
    store(engine, new(merchant_id, "deposit", 70_000, day=DAY, currency="EUR"))
    for narrowed in ({}, {"outlet_ids": (1,)}):
        scope = week(merchant_id, **narrowed)
        with reading(engine) as connection:
            assert sales_totals(connection, scope, WEEK_AGO) == {}
            assert sales_by_day(connection, scope) == []
            assert sales_of_days(connection, scope._replace(currency="EUR")) == {}
            assert sales_page(connection, scope) == Page([], None)
            assert list(sales_rows(connection, scope)) == []
            assert count_sales_rows(connection, scope) == 0


def test_free_sale_is_a_row(engine: sa.Engine, merchant_id: int) -> None:
    store(engine, sale(merchant_id, 0))
    with reading(engine) as connection:
        [row] = sales_page(connection, week(merchant_id)).rows
    assert row.revenue == Revenue(1, 0)


# --- the table -------------------------------------------------------------------------------------------------------


def test_rows_are_the_newest_day_first_then_by_outlet_then_byn_first(engine: sa.Engine, merchant_id: int) -> None:
    store(
        engine,
        sale(merchant_id, 1, currency="EUR", outlet_id=2),
        sale(merchant_id, 2, outlet_id=2),
        sale(merchant_id, 3, outlet_id=1),
        sale(merchant_id, 4, day=DAY - ONE_DAY, outlet_id=3),
    )
    with reading(engine) as connection:
        rows = sales_page(connection, week(merchant_id)).rows
    assert [(row.day, row.outlet_id, row.currency) for row in rows] == [
        (DAY, 1, "BYN"),
        (DAY, 2, "BYN"),
        (DAY, 2, "EUR"),
        (DAY - ONE_DAY, 3, "BYN"),
    ]


def test_register_that_moved_leaves_its_sales_where_they_were(engine: sa.Engine, merchant_id: int) -> None:
    store(
        engine,
        sale(merchant_id, 100, day=DAY - ONE_DAY, outlet_id=1, sko_id=1),
        sale(merchant_id, 200, outlet_id=2, sko_id=1),
        sale(merchant_id, 400, outlet_id=2, sko_id=2),
    )
    with reading(engine) as connection:
        of_register = sales_page(connection, week(merchant_id, sko_ids=(1,))).rows
        [of_both] = sales_page(connection, week(merchant_id, sko_ids=(1,), outlet_ids=(2,))).rows
        details = sales_by_register(connection, week(merchant_id), [Place(DAY, 2)])
    assert [(row.day, row.outlet_id, row.revenue.sales_minor) for row in of_register] == [
        (DAY, 2, 200),
        (DAY - ONE_DAY, 1, 100),
    ]
    assert of_both.revenue.sales_minor == 200
    assert [(row.number, row.revenue.sales_minor) for row in details[Place(DAY, 2)]] == [
        ("300000001", 200),
        ("300000002", 400),
    ]


def test_detail_tells_registers_payments_and_discounts_apart(engine: sa.Engine, merchant_id: int) -> None:
    store(
        engine,
        sale(merchant_id, 1000, discount_minor=50),
        sale(merchant_id, 700, payment="cashless"),
        sale(merchant_id, 300)._replace(cash_minor=100, other_minor=200),
        new(merchant_id, "refund", 90, day=DAY),
        sale(merchant_id, 5, currency="USD"),
        sale(merchant_id, 8, day=DAY - ONE_DAY),
    )
    place, other = Place(DAY, 1), Place(DAY, 2)
    with reading(engine) as connection:
        found = sales_by_register(connection, week(merchant_id), {place, other})
        nothing = sales_by_register(connection, week(merchant_id), ())
        in_dollars = sales_by_register(connection, week(merchant_id, currency="USD"), [place])
    byn, usd = found[place]
    assert byn[:2] == ("300000001", "BYN")
    assert byn.revenue == Revenue(3, 2000, 1, 90)
    assert byn.payments == Payments(2, 1100, 1, 700, 1, 200)
    assert byn.discounts_minor == 50
    assert usd.revenue == Revenue(1, 5)
    assert found[other] == []
    assert nothing == {}
    assert in_dollars == {place: [usd]}


def test_other_merchants_never_appear(engine: sa.Engine, merchant_id: int) -> None:
    stranger = add_company(engine, unp="100320487", numbers=("400000001",))
    store(engine, sale(stranger, 777), sale(merchant_id, 100))
    with reading(engine) as connection:
        for scope in (week(merchant_id), week(merchant_id, outlet_ids=(1,)), week(merchant_id, sko_ids=(1,))):
            [(_, total)] = sales_totals(connection, scope, WEEK_AGO).values()
            [row] = sales_rows(connection, scope)
            [register] = sales_by_register(connection, scope, [Place(DAY, 1)])[Place(DAY, 1)]
            assert total.revenue == row.revenue == register.revenue == Revenue(1, 100)


# --- paging ----------------------------------------------------------------------------------------------------------


def pages(engine: sa.Engine, scope: Scope, rows: int) -> list[Page]:
    found, after = [], None
    with reading(engine) as connection:
        while True:
            found.append(sales_page(connection, scope, after, rows))
            after = found[-1].next
            if after is None:
                return found


def many_outlets(engine: sa.Engine, merchant_id: int, day: datetime.date, count: int) -> None:
    store(engine, *(sale(merchant_id, place, day=day, outlet_id=place, sko_id=1) for place in range(1, count + 1)))


@pytest.mark.parametrize(
    "counts", [(3, 3, 3, 3, 3), (10, 1, 10), (16, 2), (31, 14, 15), (15, 16), (1,), (40,), (7, 30)]
)
def test_pages_hold_every_row_once_in_order_and_whole_days_where_they_fit(
    engine: sa.Engine, merchant_id: int, counts: tuple[int, ...]
) -> None:
    for ago, count in enumerate(counts):
        many_outlets(engine, merchant_id, DAY - ago * ONE_DAY, count)
    found = pages(engine, week(merchant_id), 10)
    rows = [(row.day, row.outlet_id) for page in found for row in page.rows]
    assert rows == [(DAY - ago * ONE_DAY, place) for ago, count in enumerate(counts) for place in range(1, count + 1)]
    for page in found:
        days = {row.day for row in page.rows}
        assert len(page.rows) <= 15
        if len(days) > 1:  # the first of them may have been begun before, but none is left unfinished
            assert page.next is None or page.next.outlet_id == counts[(DAY - page.next.day).days]
    assert all(len(page.rows) >= 5 for page in found if {row.day for row in page.rows} & long_days(counts))


def long_days(counts: tuple[int, ...]) -> set[datetime.date]:
    """Days that one page can't hold."""
    return {DAY - ago * ONE_DAY for ago, count in enumerate(counts) if count > 15}


def test_every_row_is_exported_in_chunks(engine: sa.Engine, merchant_id: int) -> None:
    for ago in range(5):
        many_outlets(engine, merchant_id, DAY - ago * ONE_DAY, 7 * ago + 1)
    store(engine, sale(merchant_id, 5, currency="EUR"))
    with reading(engine) as connection:
        rows = list(sales_rows(connection, week(merchant_id), chunk=4))
        assert count_sales_rows(connection, week(merchant_id)) == len(rows) == len(set(rows)) == 76


def test_place_beyond_the_period_leads_to_what_is_left(engine: sa.Engine, merchant_id: int) -> None:
    many_outlets(engine, merchant_id, DAY, 2)
    with reading(engine) as connection:
        later = sales_page(connection, week(merchant_id), Place(DAY + ONE_DAY, 1))
        earlier = sales_page(connection, week(merchant_id), Place(WEEK_AGO - ONE_DAY, 1))
    assert len(later.rows) == 2
    assert earlier == Page([], None)


# --- against the documents themselves --------------------------------------------------------------------------------


def random_documents(merchant_id: int, chance: random.Random) -> list[NewDocument]:
    kinds = ("sale",) * 6 + ("refund", "rollback", "deposit")
    return [
        new(
            merchant_id,
            kind := chance.choice(kinds),
            chance.randrange(0, 10_000),
            day=DAY - chance.randrange(0, 9) * ONE_DAY,
            outlet_id=chance.randrange(1, 4),
            payment=chance.choice(("cash", "cashless", "other")),
            currency=chance.choice(("BYN", "BYN", "EUR", "USD")),
        )._replace(sko_id=chance.randrange(1, 4), discount_minor=chance.randrange(0, 90) if kind == "sale" else 0)
        for _ in range(250)
    ]


def recounted(connection: sa.Connection, scope: Scope) -> list[sa.Row]:
    """The documents that a filter means, one by one."""
    of_merchant = sa.select(document).where(document.c.merchant_id == scope.merchant_id)
    return [
        row
        for row in connection.execute(of_merchant)
        if scope.first <= row.day <= scope.last
        and row.type in ("sale", "refund", "rollback")
        and (not scope.outlet_ids or row.outlet_id in scope.outlet_ids)
        and (not scope.sko_ids or row.sko_id in scope.sko_ids)
        and scope.currency in (None, row.currency)
    ]


def summed(rows: list[sa.Row]) -> Total:
    counts = [
        figure
        for type_ in ("sale", "refund", "rollback")
        for figure in (
            sum(row.type == type_ for row in rows),
            sum(row.total_minor for row in rows if row.type == type_),
        )
    ]
    return Total(Revenue(*counts), sum(row.discount_minor for row in rows if row.type == "sale"))


@pytest.mark.parametrize("seed", range(3))
def test_whatever_is_asked_for_equals_a_recount_of_the_documents(
    engine: sa.Engine, merchant_id: int, seed: int
) -> None:
    chance = random.Random(seed)
    store(engine, *random_documents(merchant_id, chance))
    for _ in range(8):
        first = DAY - chance.randrange(0, 9) * ONE_DAY
        scope = Scope(
            merchant_id,
            first,
            min(DAY, first + chance.randrange(0, 9) * ONE_DAY),
            tuple(chance.sample((1, 2, 3), chance.randrange(0, 3))),
            tuple(chance.sample((1, 2, 3), chance.randrange(0, 3))),
            chance.choice((None, "BYN", "EUR")),
        )
        with reading(engine) as connection:
            expected = recounted(connection, scope)
            totals = sales_totals(connection, scope, scope.first)
            days = sales_by_day(connection, scope)
            rows = list(sales_rows(connection, scope, chunk=5))
            charts = {name: sales_of_days(connection, scope._replace(currency=name)) for name in totals}
            details = sales_by_register(connection, scope, {Place(row.day, row.outlet_id) for row in rows})
        by_currency = {name: [row for row in expected if row.currency == name] for name in CURRENCIES}
        assert totals == {name: (Total(), summed(found)) for name, found in by_currency.items() if found}
        for day in days:
            assert Total(day.revenue, day.discounts_minor) == summed(
                [row for row in by_currency[day.currency] if row.day == day.day]
            )
            assert charts[day.currency][day.day] == (day.revenue.sales_minor, day.revenue.net_minor)
        for row in rows:
            of_row = [one for one in by_currency[row.currency] if (one.day, one.outlet_id) == (row.day, row.outlet_id)]
            assert Total(row.revenue, row.discounts_minor) == summed(of_row)
        registers = [register for found in details.values() for register in found]
        for kind in ("sales_minor", "refunds_minor", "rollbacks_minor", "sales_count"):
            whole = sum(getattr(total.revenue, kind) for _, total in totals.values())
            for parts in (days, rows, registers):
                assert sum(getattr(part.revenue, kind) for part in parts) == whole
