"""Turnover of any period: what the documents of its days add up to, however it is cut into months and days."""

import datetime
import random
from collections import Counter
from collections.abc import Iterable

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sql.documents import NewDocument
from sql.engine import reading
from sql.period_parts import DAY, period_parts
from sql.tables import CURRENCIES, DOCUMENT_TYPES, TURNOVER_COUNTERS
from sql.turnover import TYPE_OF_KIND
from sql.turnover_periods import RegisterRevenue, Stretch, revenue_by_register, revenue_of_period, stretches
from sql.turnover_reports import Revenue
from tests.accounts import make_merchant
from tests.shop import document, store, today

WINDOW = 170  # days of documents, the last of them tomorrow
FIRST = today() + DAY - WINDOW * DAY
OUTLETS = (1, 2, 3)
REVENUE_KINDS = ("sales", "refunds", "rollbacks")

days = st.integers(-40, WINDOW + 5).map(lambda place: FIRST + place * DAY)
periods = st.tuples(days, days).map(sorted)
on_one_database = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


def history(merchant_id: int, seed: int) -> list[NewDocument]:
    """Documents of all types at three outlets; register 4 has stood at two of them."""
    chance = random.Random(seed)
    documents = []
    for _ in range(400):
        outlet_id = chance.choice(OUTLETS)
        one = document(
            merchant_id,
            chance.choice(DOCUMENT_TYPES[:6]),
            chance.choice((0, 1, 999, 10**12)),
            day=FIRST + chance.randrange(WINDOW) * DAY,
            outlet_id=outlet_id,
            currency=chance.choice(("BYN", "BYN", "EUR")),
            payment=chance.choice(("cash", "cashless", "other")),
        )
        moved = outlet_id < 3 and chance.random() < 0.3
        documents.append(one._replace(sko_id=4, discount_minor=5) if moved else one)
    return documents


@pytest.fixture
def documents(engine: sa.Engine) -> list[NewDocument]:
    """The documents of the first merchant; a second one beside it has as many."""
    ours, theirs = (history(make_merchant(engine, unp).merchant_id, 7) for unp in ("191832203", "100320487"))
    store(engine, *ours, *theirs)
    return ours


def counted(documents: Iterable[NewDocument]) -> Revenue:
    """What these documents add up to, one by one."""
    sums = dict.fromkeys(Revenue._fields, 0)
    for one in documents:
        for kind in REVENUE_KINDS:
            if one.type == TYPE_OF_KIND[kind]:
                sums[f"{kind}_count"] += 1
                sums[f"{kind}_minor"] += one.total_minor
    return Revenue(**sums)


def recount(
    documents: list[NewDocument], first: datetime.date, last: datetime.date, outlet_ids: Iterable[int], key: str
) -> dict[tuple[object, ...], Revenue]:
    groups: dict[tuple[object, ...], list[NewDocument]] = {}
    chosen = set(outlet_ids) or set(OUTLETS)
    for one in documents:
        if first <= one.day <= last and one.outlet_id in chosen and one.type in ("sale", "refund", "rollback"):
            groups.setdefault(tuple(getattr(one, name) for name in key.split()), []).append(one)
    return {group: counted(members) for group, members in groups.items()}


@given(period=st.tuples(st.dates(), st.dates()).map(sorted), now=st.dates())
def test_parts_of_a_period_are_its_days(period: list[datetime.date], now: datetime.date):
    start = datetime.date(2024, 1, 1)
    first, last, now = (start + (day.toordinal() % 1000) * DAY for day in (*period, now))
    first, last = sorted((first, last))
    parts = period_parts(first, last, now)
    covered: Counter[datetime.date] = Counter()
    for place in range(1100):
        day = start + place * DAY
        covered[day] += parts.first_month <= day.replace(day=1) <= parts.last_month
        for end in (parts.head, parts.tail):
            covered[day] += end.sign * (end.first <= day <= end.last)
    assert {day for day, times in covered.items() if times} == {
        first + place * DAY for place in range((last - first).days + 1)
    }
    assert max(covered.values()) == 1


@pytest.mark.parametrize(
    ("first", "last", "days_read"),
    [
        ((2026, 1, 1), (2026, 11, 24), 0),  # the year so far: eleven months and nothing else
        ((2026, 11, 1), (2026, 11, 24), 0),
        ((2025, 11, 25), (2026, 11, 24), 6),
        ((2026, 11, 24), (2026, 11, 24), 1),
        ((2026, 3, 3), (2026, 3, 29), 4),
        ((2026, 3, 16), (2026, 5, 15), 30),  # the worst: half a month at both ends
        ((2026, 10, 27), (2026, 11, 3), 8),
    ],
)
def test_few_days_are_read_beside_the_months(
    first: tuple[int, int, int], last: tuple[int, int, int], days_read: int
) -> None:
    now = datetime.date(2026, 11, 24)
    parts = period_parts(datetime.date(*first), datetime.date(*last), now)
    spans = [(min(end.last, now) - end.first).days + 1 for end in (parts.head, parts.tail)]
    assert sum(max(0, span) for span in spans) == days_read


@on_one_database
@given(period=periods, outlet_ids=st.sets(st.sampled_from(OUTLETS)))
def test_sums_of_any_period_are_those_of_its_documents(
    engine: sa.Engine, documents: list[NewDocument], period: list[datetime.date], outlet_ids: set[int]
) -> None:
    merchant_id = documents[0].merchant_id
    with reading(engine) as connection:
        rows = revenue_by_register(connection, merchant_id, *period, outlet_ids)
        in_all = revenue_of_period(connection, merchant_id, *period, outlet_ids)
    found = {(row.outlet_id, row.sko_id, row.currency): row.revenue for row in rows}
    assert found == recount(documents, *period, outlet_ids, "outlet_id sko_id currency")
    assert len(rows) == len(found)
    assert {(name,): sums for name, sums in in_all.items()} == recount(documents, *period, outlet_ids, "currency")
    assert list(in_all) == [name for name in CURRENCIES if name in in_all]


@on_one_database
@given(period=periods, by_month=st.booleans(), key=st.sampled_from([(1, 1, "BYN"), (2, 4, "BYN"), (3, 3, "EUR")]))
def test_stretches_of_a_register_are_its_documents(
    engine: sa.Engine,
    documents: list[NewDocument],
    period: list[datetime.date],
    by_month: bool,
    key: tuple[int, int, str],
) -> None:
    first, last = period
    with reading(engine) as connection:
        found = stretches(connection, documents[0].merchant_id, key, first, last, by_month=by_month)
    groups: dict[datetime.date, list[NewDocument]] = {}
    for one in documents:
        if first <= one.day <= last and (one.outlet_id, one.sko_id, one.currency) == key:
            groups.setdefault(one.day.replace(day=1) if by_month else one.day, []).append(one)
    assert [stretch.first for stretch in found] == sorted(groups)
    for stretch in found:
        compare(stretch, groups[stretch.first])


def compare(stretch: Stretch, members: list[NewDocument]) -> None:
    sold = [one.day for one in members if one.type == "sale"]
    assert (stretch.first_sale, stretch.last_sale) == (min(sold, default=None), max(sold, default=None))
    assert set(stretch.counters) == set(TURNOVER_COUNTERS)
    revenue = counted(members)
    assert {name: stretch.counters[name] for name in Revenue._fields} == revenue._asdict()
    for kind, type_ in TYPE_OF_KIND.items():
        of_kind = [one for one in members if one.type == type_]
        assert stretch.counters[f"{kind}_count"] == len(of_kind)
        for payment in ("cash", "cashless", "other") if kind in REVENUE_KINDS else ():
            amounts = [getattr(one, f"{payment}_minor") for one in of_kind]
            assert stretch.counters[f"{kind}_{payment}_minor"] == sum(amounts)
            assert stretch.counters[f"{kind}_{payment}_count"] == sum(amount != 0 for amount in amounts)
    discounts = sum(one.discount_minor for one in members if one.type == "sale")
    assert stretch.counters["sales_discount_minor"] == discounts


def test_drawer_alone_is_no_revenue(engine: sa.Engine) -> None:
    merchant = make_merchant(engine)
    store(engine, document(merchant.merchant_id, "deposit", 70_000))
    with reading(engine) as connection:
        assert revenue_by_register(connection, merchant.merchant_id, today(), today()) == []
        assert revenue_of_period(connection, merchant.merchant_id, today(), today()) == {}
        (stretch,) = stretches(connection, merchant.merchant_id, (1, 1, "BYN"), today(), today(), by_month=False)
    assert stretch.counters["deposits_minor"] == 70_000


def test_row_says_outlet_register_and_currency(engine: sa.Engine) -> None:
    merchant = make_merchant(engine)
    store(engine, document(merchant.merchant_id, "sale", 500, currency="EUR", outlet_id=2))
    with reading(engine) as connection:
        rows = revenue_by_register(connection, merchant.merchant_id, today(), today())
    assert rows == [RegisterRevenue(2, 2, "EUR", Revenue(1, 500))]
