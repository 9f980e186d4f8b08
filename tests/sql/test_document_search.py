"""Searching among documents: paging through any filters finds exactly what a look at each document finds, in order."""

import datetime

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sql.document_plans import Limits, Search
from sql.document_search import Cursor, Found, find_documents
from sql.engine import reading
from sql.instants import DAY_US
from tests.sql.document_filters import Crowd, expected, searches, settle
from tests.sql.heap import FIRST_DAY, ZONES, add_crowd, heap, store_heap


@pytest.fixture
def crowd(engine: sa.Engine) -> Crowd:
    return settle(engine)


def walk(engine: sa.Engine, search: Search, limits: Limits) -> list[Found]:
    """All pages, one after the other."""
    found: list[Found] = []
    after: Cursor | None = None
    for _ in range(10_000):
        with reading(engine) as connection:
            step = find_documents(connection, search, after, limits)
        assert len(step.documents) <= limits.page
        found += step.documents
        if step.after is None:
            return found
        assert after is None or step.after < after, "it does not get on"
        after = step.after
    raise AssertionError("it does not come to an end")


DAY = datetime.timedelta(days=1)
LIMITS = st.builds(Limits, st.integers(1, 9), st.integers(1, 5), st.integers(0, 4), st.integers(1, 6))


@settings(
    max_examples=250, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(asked=searches(), limits=LIMITS)
def test_pages_hold_exactly_what_matches_in_order(
    engine: sa.Engine, crowd: Crowd, asked: dict[str, object], limits: Limits
) -> None:
    search = Search(merchant_id=crowd.merchant_id, zones=frozenset(ZONES), **asked)
    wanted = expected(crowd.rows, crowd.states, search)
    found = walk(engine, search, limits)
    assert [(row.sko_id, row.number) for row in found] == [(row.sko_id, row.number) for row in wanted]
    assert [row.state for row in found] == [crowd.states[row.sko_id, row.number] for row in wanted]
    for row, stored in zip(found, wanted, strict=True):
        assert row[:-1] == tuple(getattr(stored, name) for name in Found._fields[:-1])


def test_days_without_what_is_asked_for_are_skipped(engine: sa.Engine) -> None:
    merchant_id = add_crowd(engine)
    rows = [row._replace(type="deposit", discount_minor=0) for row in heap(merchant_id, 200, seed=4)]
    oldest = min(rows, key=lambda row: row.issued_us)
    rows.remove(oldest)
    store_heap(
        engine, [*rows, oldest._replace(type="payout", day=FIRST_DAY - DAY, issued_us=oldest.issued_us - DAY_US)]
    )
    with reading(engine) as connection:
        step = find_documents(connection, Search(merchant_id=merchant_id, types=("payout",)), None, Limits(window=3))
        nothing = find_documents(connection, Search(merchant_id=merchant_id, types=("refund",)), None, Limits(window=3))
    assert [row.number for row in step.documents] == [oldest.number]
    assert (nothing.documents, nothing.after) == ([], None)


def test_cursor_is_read_as_it_was_written() -> None:
    cursor = Cursor(1_795_424_400_000_000, 17, 2**53 - 1)
    assert Cursor.parse(str(cursor)) == cursor


@pytest.mark.parametrize("text", ["", "1", "1-2", "1-2-3-4", "x-1-1", "-1-1-1", "1-1-" + "f" * 15, "٣-1-1", "1-1-1\n"])
def test_nonsense_is_no_cursor(text: str) -> None:
    with pytest.raises(ValueError, match="cursor"):
        Cursor.parse(text)
