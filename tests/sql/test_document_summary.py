"""The summary of a search equals what its documents add up to, whether turnover knows it or they are counted."""

from collections import Counter

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sql.document_plans import Limits, Search
from sql.document_summary import is_quick, summarise
from sql.documents import NewDocument
from sql.engine import reading
from sql.tables import CURRENCIES, DOCUMENT_TYPES
from tests.sql.document_filters import Crowd, expected, searches, settle
from tests.sql.heap import FIRST_DAY, ZONES

Key = tuple[str, str]


@pytest.fixture
def crowd(engine: sa.Engine) -> Crowd:
    return settle(engine)


def added_up(
    documents: list[NewDocument], payments: tuple[str, ...]
) -> tuple[Counter[Key], Counter[Key], Counter[Key]]:
    counts: Counter[Key] = Counter()
    sums: Counter[Key] = Counter()
    discounts: Counter[Key] = Counter()
    for row in documents:
        key = (row.currency, row.type)
        counts[key] += 1
        sums[key] += sum(getattr(row, f"{payment}_minor") for payment in payments) if payments else row.total_minor
        discounts[key] += row.discount_minor
    return counts, sums, discounts


@settings(
    max_examples=250, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(asked=searches(), window=st.sampled_from((1, 5, 30, 1_000)))
def test_summary_is_what_the_documents_add_up_to(
    engine: sa.Engine, crowd: Crowd, asked: dict[str, object], window: int
) -> None:
    search = Search(merchant_id=crowd.merchant_id, zones=frozenset(ZONES), **asked)
    counts, sums, discounts = added_up(expected(crowd.rows, crowd.states, search), search.payments)
    with reading(engine) as connection:
        summary = summarise(connection, search, Limits(window=window))
    found = {(row.currency, row.type): row for row in summary.sums}
    order = [(CURRENCIES.index(row.currency), DOCUMENT_TYPES.index(row.type)) for row in summary.sums]
    assert order == sorted(order)
    assert summary.is_exact or window < 1_000
    if summary.is_exact:
        assert set(found) == set(counts)
    for key, row in found.items():
        if row.is_exact:
            assert (row.count, row.sum_minor) == (counts[key], sums[key])
        assert (row.count, row.sum_minor) <= (counts[key], sums[key])
        if search.discounted and (row.is_exact or (search.types == ("sale",) and is_plain(search))):
            assert row.discount_minor == discounts[key]


def is_plain(search: Search) -> bool:
    others = (search.number, search.uid, search.cashier, search.min_minor, search.max_minor, search.state)
    return not search.payments and all(value is None for value in others)


def test_totals_of_other_pages_need_no_document(engine: sa.Engine, crowd: Crowd) -> None:
    plain = {"merchant_id": crowd.merchant_id, "zones": frozenset(ZONES), "first": FIRST_DAY, "currency": "BYN"}
    for more in ({}, {"outlet_ids": (1, 3)}, {"sko_ids": (1, 2)}, {"payments": ("cash",)}):
        search = Search(**plain, types=("sale", "refund", "rollback"), **more)
        assert is_quick(search)
        with reading(engine) as connection:
            assert summarise(connection, search, Limits(window=1)).is_exact
    assert not is_quick(Search(**plain))
    assert not is_quick(Search(**plain, types=("sale",), discounted=True))


def test_more_than_can_be_counted_is_said(engine: sa.Engine, crowd: Crowd) -> None:
    search = Search(merchant_id=crowd.merchant_id, types=("sale",), cashier="Иванова")
    with reading(engine) as connection:
        summary = summarise(connection, search, Limits(window=3))
    assert not summary.is_exact
    assert 0 < sum(row.count for row in summary.sums) <= 3


def test_other_merchants_documents_are_not_counted(engine: sa.Engine, crowd: Crowd) -> None:
    with reading(engine) as connection:
        summary = summarise(connection, Search(merchant_id=crowd.merchant_id + 2))
    assert summary.sums == []
