"""The statements behind a search among documents, newest first: each looks at a bounded number of index entries.

A statement takes a *window* of the newest documents that one index leads to (its source), and keeps those that meet
the conditions. The last document of the window comes along even if it meets none, to tell where to go on. So neither
the number of documents nor a condition that hardly any of them meets makes a statement slow.
"""

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import sqlalchemy as sa

from sql.tables import PAYMENTS, document, pending_delivery, refused_delivery, sko

# In the order of the list, and of what `Found` holds.
COLUMNS = (
    "sko_id",
    "number",
    "type",
    "uid",
    "shift",
    "issued_us",
    "day",
    "outlet_id",
    "currency",
    "cashier",
    "offline",
    "total_minor",
    "cash_minor",
    "cashless_minor",
    "other_minor",
    "discount_minor",
)
AMOUNTS = ("total_minor", *(f"{payment}_minor" for payment in PAYMENTS), "discount_minor")
WITHOUT_SUM = ("shift_open", "z_report")
KEYS_MAX = 2_000  # documents that are looked up one by one
NEWEST_FIRST = ("issued_us", "sko_id", "number")

Rows = sa.FromClause


class Shape(NamedTuple):
    """What tells one statement from another; their values are parameters.

    `source` is the index to go along, in `branches` parts; `conditions` are names of `_conditions`.
    """

    source: str
    branches: int
    conditions: frozenset[str]
    window: int


@functools.lru_cache(maxsize=1024)
def page_statement(shape: Shape, rows_max: int) -> sa.Select[Any]:
    """The newest `rows_max` rows: COLUMNS, the state, whether it `matches`, and its `place` in the window (from 1).

    A row that does not match is the last one of its window.
    """
    numbered = _numbered(shape)
    kept = _kept(shape, numbered, _all_of(shape, numbered), rows_max)
    state = sa.case((_is_refused(kept), "refused"), (_is_pending(kept), "pending"), else_="sent")
    columns = (kept.c[name] for name in COLUMNS)
    return sa.select(*columns, state, kept.c.matches, kept.c.place).order_by(*_newest(kept))


@functools.lru_cache(maxsize=1024)
def sums_statement(shape: Shape) -> sa.Select[Any]:
    """By currency and type: how many documents of the window match, the sums of their AMOUNTS, and the last `place`.

    Where that is the window's own size there may be more of them.
    """
    numbered = _numbered(shape)
    rows = _kept(shape, numbered, _all_of(shape, numbered), shape.window)
    sums = (_whole(sa.func.sum(rows.c[name]).filter(rows.c.matches)).label(name) for name in AMOUNTS)
    documents = sa.func.count().filter(rows.c.matches).label("documents")
    place = sa.func.max(rows.c.place).label("place")
    key = (rows.c.currency, rows.c.type)
    return sa.select(*key, place, documents, *sums).group_by(*key)


def _kept(shape: Shape, numbered: Rows, matches: sa.ColumnElement[bool], rows_max: int) -> Rows:
    """The first of the window's rows that match, and its last one.

    The limit has no order of its own, since its rows come in order: with one, PostgreSQL would plan to read the whole
    window, and would take it for cheaper to sort all documents than to go along the index.
    """
    kept = sa.select(numbered, matches.label("matches")).where(matches | _is_last(shape, numbered))
    return kept.limit(sa.literal_column(str(rows_max))).subquery("kept")


def _is_last(shape: Shape, rows: Rows) -> sa.ColumnElement[bool]:
    """Whether a document ends the window."""
    return rows.c.place == sa.literal_column(str(shape.window))


def _whole(total: sa.ColumnElement[Any]) -> sa.ColumnElement[int]:
    # PostgreSQL adds up 64-bit integers to a decimal.
    return sa.cast(sa.func.coalesce(total, 0), sa.BigInteger)


def _numbered(shape: Shape) -> Rows:
    """The window, with each document's place in it."""
    window = _source(shape).order_by(*_newest_names()).limit(sa.literal_column(str(shape.window))).subquery("window")
    place = sa.func.row_number().over(order_by=_newest(window)).label("place")
    return sa.select(window, place).subquery("numbered")


def _newest(rows: Rows) -> list[sa.ColumnElement[Any]]:
    return [rows.c[name].desc() for name in NEWEST_FIRST]


def _newest_names() -> list[sa.ColumnElement[Any]]:
    """For a union, whose order is by the names of its columns."""
    return [sa.desc(sa.literal_column(name)) for name in NEWEST_FIRST]


def _source(shape: Shape) -> Any:
    """The documents that the source's index leads to, without an order."""
    if shape.source in _BRANCHES:
        column = _BRANCHES[shape.source]
        parts = [_documents(column == sa.bindparam(f"{shape.source}_{i}")) for i in range(shape.branches)]
        if shape.source == "types":
            # Said as the index says it, or SQLite would not see that the index covers it.
            parts = [part.where(sa.text("document.type <> 'sale'")) for part in parts]
        if len(parts) > 1:
            ordered = (part.order_by(document.c.issued_us.desc()).subquery() for part in parts)
            return sa.union_all(*(sa.select(part) for part in ordered))
        return parts[0]
    return _documents(*_SOURCES[shape.source](shape.window))


def _documents(*conditions: sa.ColumnElement[bool]) -> sa.Select[Any]:
    after = sa.tuple_(*(sa.bindparam(f"after_{name}", type_=sa.BigInteger) for name in NEWEST_FIRST))
    since = sa.tuple_(
        sa.select(sa.bindparam("since_us", type_=sa.BigInteger)).scalar_subquery(), sa.literal_column("0")
    )
    return sa.select(*(document.c[name] for name in COLUMNS)).where(
        document.c.merchant_id == sa.bindparam("merchant_id"),
        *conditions,
        sa.tuple_(document.c.issued_us, document.c.sko_id) >= since,
        sa.tuple_(*(document.c[name] for name in NEWEST_FIRST)) < after,
    )


_BRANCHES = {
    "registers": document.c.sko_id,
    "cashier": document.c.cashier,
    "types": document.c.type,
    "uid": document.c.uid,
}


def _numbers(_window: int) -> list[sa.ColumnElement[bool]]:
    """A document number of any register: a look into the primary key for each of them."""
    registers = sa.select(sko.c.sko_id).where(sko.c.merchant_id == sa.bindparam("merchant_id"))
    return [document.c.number == sa.bindparam("number"), document.c.sko_id.in_(registers)]


def _pending(window: int) -> list[sa.ColumnElement[bool]]:
    """Ranges, number by number."""
    p = pending_delivery.c
    of_merchant = p.merchant_id == sa.bindparam("merchant_id")
    first = sa.select(p.sko_id, p.first_number.label("number"), p.last_number).where(of_merchant)
    ranges = first.cte("ranges", recursive=True)
    following = sa.select(ranges.c.sko_id, ranges.c.number + 1, ranges.c.last_number)
    numbers = ranges.union_all(following.where(ranges.c.number < ranges.c.last_number))
    return _keys(sa.select(numbers.c.sko_id, numbers.c.number), window)


def _refused(window: int) -> list[sa.ColumnElement[bool]]:
    r = refused_delivery.c
    return _keys(sa.select(r.sko_id, r.number).where(r.merchant_id == sa.bindparam("merchant_id")), window)


def _keys(keys: sa.Select[Any], window: int) -> list[sa.ColumnElement[bool]]:
    """A look into the primary key for each of these, of which there are no more than a window holds."""
    # The limit tells PostgreSQL so, which would rather read all documents than follow ranges of unknown length.
    few = keys.limit(sa.literal_column(str(min(window, KEYS_MAX)))).subquery("few")
    return [document.c.sko_id == few.c.sko_id, document.c.number == few.c.number]


_SOURCES: dict[str, Callable[[int], list[sa.ColumnElement[bool]]]] = {
    "number": _numbers,
    "pending": _pending,
    "refused": _refused,
    "newest": lambda _window: [],
}


def _all_of(shape: Shape, rows: Rows) -> sa.ColumnElement[bool]:
    known = _conditions(rows)
    return sa.and_(sa.true(), *(known[name] for name in sorted(shape.conditions)))


def _conditions(rows: Rows) -> dict[str, sa.ColumnElement[bool]]:
    """Everything that can be asked of a document, by the name of the filter."""
    c = rows.c
    has_sum = c.type.not_in(WITHOUT_SUM)
    return {
        "period": c.day.between(sa.bindparam("first"), sa.bindparam("last")),
        "outlet_ids": c.outlet_id.in_(sa.bindparam("outlet_ids", expanding=True)),
        "sko_ids": c.sko_id.in_(sa.bindparam("sko_ids", expanding=True)),
        "types": c.type.in_(sa.bindparam("types", expanding=True)),
        "currency": c.currency == sa.bindparam("currency"),
        "number": c.number == sa.bindparam("number"),
        "uid": c.uid == sa.bindparam("uid"),
        "cashier": c.cashier == sa.bindparam("cashier"),
        "min_minor": (c.total_minor >= sa.bindparam("min_minor")) & has_sum,
        "max_minor": (c.total_minor <= sa.bindparam("max_minor")) & has_sum,
        "discounted": c.discount_minor > 0,
        **{f"paid_{ways}": sa.or_(*(c[f"{way}_minor"] != 0 for way in ways.split("_"))) for ways in _WAYS},
        "pending": _is_pending(rows),
        "refused": _is_refused(rows),
        "sent": ~_is_pending(rows) & ~_is_refused(rows),
    }


# Every choice of payments, as `cash`, `cash_other`, …
_WAYS = ["_".join(way for place, way in enumerate(PAYMENTS) if mask >> place & 1) for mask in range(1, 8)]


def _is_pending(rows: Rows) -> sa.ColumnElement[bool]:
    """Ranges never overlap: only the nearest one that begins at or before the number can hold it."""
    last_number = (
        sa.select(pending_delivery.c.last_number)
        .where(
            pending_delivery.c.merchant_id == sa.bindparam("merchant_id"),
            pending_delivery.c.sko_id == rows.c.sko_id,
            pending_delivery.c.first_number <= rows.c.number,
        )
        .order_by(pending_delivery.c.first_number.desc())
        .limit(sa.literal_column("1"))
        .correlate(rows)
        .scalar_subquery()
    )
    return sa.func.coalesce(last_number, 0) >= rows.c.number


def _is_refused(rows: Rows) -> sa.ColumnElement[bool]:
    refused = (
        sa.select(refused_delivery.c.number)
        .where(
            refused_delivery.c.merchant_id == sa.bindparam("merchant_id"),
            refused_delivery.c.sko_id == rows.c.sko_id,
            refused_delivery.c.number == rows.c.number,
        )
        .correlate(rows)
        .scalar_subquery()
    )
    return refused.is_not(None)
