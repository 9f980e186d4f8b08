"""Filters of documents at random, and what they mean: a document at a time."""

import datetime
from collections.abc import Mapping

import sqlalchemy as sa
from hypothesis import strategies as st

from sql.document_plans import Search
from sql.documents import NewDocument
from sql.tables import CURRENCIES, DOCUMENT_TYPES, PAYMENTS
from tests.sql.heap import CASHIERS, DAYS, FIRST_DAY, REGISTERS, add_crowd, heap, leave_unsent, store_heap

STATES = ("sent", "pending", "refused")
WITHOUT_SUM = ("shift_open", "z_report")
States = Mapping[tuple[int, int], str]


class Crowd:
    """A merchant's documents and their states."""

    def __init__(self, merchant_id: int, rows: list[NewDocument], states: States) -> None:
        self.merchant_id, self.rows, self.states = merchant_id, rows, states


def settle(engine: sa.Engine) -> Crowd:
    """A merchant's documents with their states, and another merchant's among them."""
    merchant_id = add_crowd(engine)
    rows = heap(merchant_id, 120, seed=1)
    store_heap(engine, rows)
    states = leave_unsent(engine, rows, seed=2)
    stranger_id = add_crowd(engine, "100320487", 400000001)
    store_heap(engine, heap(stranger_id, 60, seed=3))
    return Crowd(merchant_id, rows, states)


def matches(row: NewDocument, state: str, search: Search) -> bool:
    """What the filters mean, a document at a time."""
    paid = {payment: getattr(row, f"{payment}_minor") for payment in PAYMENTS}
    low, high = search.min_minor, search.max_minor
    return all(
        (
            search.first is None or row.day >= search.first,
            search.last is None or row.day <= search.last,
            not search.outlet_ids or row.outlet_id in search.outlet_ids,
            not search.sko_ids or row.sko_id in search.sko_ids,
            not search.types or row.type in search.types,
            not search.payments or any(paid[payment] for payment in search.payments),
            search.currency in (None, row.currency),
            search.number in (None, row.number),
            search.uid in (None, row.uid),
            search.cashier in (None, row.cashier),
            low is None or row.total_minor >= low,
            high is None or row.total_minor <= high,
            (low is None and high is None) or row.type not in WITHOUT_SUM,
            search.state in (None, state),
            not search.discounted or row.discount_minor > 0,
        )
    )


def expected(rows: list[NewDocument], states: States, search: Search) -> list[NewDocument]:
    found = [row for row in rows if matches(row, states[row.sko_id, row.number], search)]
    return sorted(found, key=lambda row: (row.issued_us, row.sko_id, row.number), reverse=True)


@st.composite
def periods(draw: st.DrawFn) -> tuple[datetime.date | None, datetime.date | None]:
    days = [FIRST_DAY + datetime.timedelta(days=ago) for ago in range(-1, DAYS + 1)]
    first, last = sorted((draw(st.sampled_from(days)), draw(st.sampled_from(days))))
    return draw(st.sampled_from([(None, None), (first, None), (None, last), (first, last), (first, first)]))


def some(values: tuple[object, ...]) -> st.SearchStrategy[tuple[object, ...]]:
    return st.one_of(st.just(()), st.sets(st.sampled_from(values), max_size=3).map(lambda found: tuple(sorted(found))))


def rarely(values: st.SearchStrategy[object]) -> st.SearchStrategy[object]:
    return st.one_of(st.none(), st.none(), st.none(), values)


@st.composite
def searches(draw: st.DrawFn) -> dict[str, object]:
    first, last = draw(periods())
    amounts = st.sampled_from((0, 1, 100, 700, 2_500, 9_000, 10**11))
    return {
        "first": first,
        "last": last,
        "outlet_ids": draw(some((1, 2, 3))),
        "sko_ids": draw(some(tuple(range(1, REGISTERS + 1)))),
        "types": draw(some(DOCUMENT_TYPES)),
        "payments": draw(some(PAYMENTS)),
        "currency": draw(rarely(st.sampled_from(CURRENCIES[:3]))),
        "number": draw(rarely(st.integers(1, 40))),
        "uid": draw(rarely(st.builds(lambda a, b: f"{a:012X}{b:012X}", st.integers(1, REGISTERS), st.integers(0, 5)))),
        "cashier": draw(rarely(st.sampled_from((*CASHIERS, "Нет такого")))),
        "min_minor": draw(rarely(amounts)),
        "max_minor": draw(rarely(amounts)),
        "state": draw(rarely(st.sampled_from(STATES))),
        "discounted": draw(st.sampled_from((False, False, False, True))),
    }
