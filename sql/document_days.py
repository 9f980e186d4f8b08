"""The last day on which a search among documents can find anything, as turnover tells without looking at documents.

Like the documents, turnover is looked through in windows, newest first, so that no question takes long.
"""

import datetime
import functools
from collections.abc import Collection
from typing import Any, NamedTuple

import sqlalchemy as sa

from sql.tables import turnover, turnover_day
from sql.turnover import TYPE_OF_KIND

BRANCHES_MAX = 40  # outlets or registers that are looked up one by one


class Signs(NamedTuple):
    """What turnover shows of a day with such documents: one of these kinds, paid in one of these ways, …

    `has_min` asks for a day's sum of at least the smallest sum of a document.
    """

    kinds: tuple[str, ...]
    payments: tuple[str, ...] = ()
    has_currency: bool = False
    has_min: bool = False
    discounted: bool = False


class Look(NamedTuple):
    """On no later day is there anything to find; on this one there is if it `shows`, else no further was looked."""

    day: datetime.date
    shows: bool


class Place(NamedTuple):
    """Where to look: of all outlets and registers, or only of these."""

    outlet_ids: tuple[int, ...] = ()
    sko_ids: tuple[int, ...] = ()


def kinds_of(types: Collection[str]) -> tuple[str, ...] | None:
    """The kinds that turnover counts documents of these types as; None if it does not count all of these types."""
    if not set(types) <= set(TYPE_OF_KIND.values()):
        return None
    return tuple(kind for kind, type_ in TYPE_OF_KIND.items() if type_ in types)


def last_day(
    connection: sa.Connection,
    merchant_id: int,
    signs: Signs,
    place: Place,
    days: tuple[datetime.date, datetime.date],
    *,
    currency: str | None = None,
    min_minor: int | None = None,
    window: int,
) -> Look | None:
    """The last of `days` (first and last) that shows what the signs ask for, as far as one look goes; None: no day."""
    source, ids = _source_of(place, signs)
    values: dict[str, Any] = {f"id_{i}": id_ for i, id_ in enumerate(ids)}
    values |= {"merchant_id": merchant_id, "first": days[0], "last": days[1]}
    values |= {"currency": currency, "min_minor": min_minor, "outlet_ids": place.outlet_ids, "sko_ids": place.sko_ids}
    narrowed = tuple(name for name, chosen in zip(Place._fields, place, strict=True) if chosen)
    statement = _statement(source, len(ids), narrowed, signs, window)
    row = connection.execute(statement, values).first()
    return Look(row.day, bool(row.shows)) if row else None


def _source_of(place: Place, signs: Signs) -> tuple[str, tuple[int, ...]]:
    """The rows to look through, and what the index that leads to them asks for."""
    if not any(place):
        # Of all registers together any day may take in what is asked for as the sum of a single document.
        return "all" if signs.has_min else "day", ()
    if place.sko_ids and len(place.sko_ids) <= BRANCHES_MAX:
        return "sko_id", place.sko_ids
    if place.outlet_ids and len(place.outlet_ids) <= BRANCHES_MAX:
        return "outlet_id", place.outlet_ids
    return "all", ()


@functools.lru_cache(maxsize=1024)
def _statement(source: str, branches: int, narrowed: tuple[str, ...], signs: Signs, window: int) -> sa.Select[Any]:
    table = turnover_day if source == "day" else turnover
    parts = [
        sa.select(table)
        .where(
            table.c.merchant_id == sa.bindparam("merchant_id"),
            table.c.day.between(sa.bindparam("first"), sa.bindparam("last")),
            *([table.c[source] == sa.bindparam(f"id_{i}")] if branches else []),
        )
        .order_by(table.c.day.desc())
        for i in range(branches or 1)
    ]
    together = parts[0].subquery()
    if branches > 1:
        together = sa.union_all(*(sa.select(part.subquery()) for part in parts)).subquery()
    rows = sa.select(together).order_by(together.c.day.desc()).limit(sa.literal_column(str(window))).subquery("rows")
    numbered = sa.select(rows, sa.func.row_number().over(order_by=rows.c.day.desc()).label("place")).subquery()
    shows = _shows(numbered, signs)
    for name in narrowed:
        shows &= numbered.c[name.removesuffix("s")].in_(sa.bindparam(name, expanding=True))
    is_last = numbered.c.place == sa.literal_column(str(window))
    return sa.select(numbered.c.day, shows.label("shows")).where(shows | is_last).limit(sa.literal_column("1"))


def _shows(rows: sa.FromClause, signs: Signs) -> sa.ColumnElement[bool]:
    shows = sa.or_(sa.false(), *(_shows_kind(rows, kind, signs) for kind in signs.kinds))
    return shows & (rows.c.currency == sa.bindparam("currency")) if signs.has_currency else shows


def _shows_kind(rows: sa.FromClause, kind: str, signs: Signs) -> sa.ColumnElement[bool]:
    counters = [f"{kind}_{payment}_count" for payment in signs.payments] or [f"{kind}_count"]
    shows = sa.or_(*(rows.c[name] > 0 for name in counters))
    if signs.has_min:
        shows &= rows.c[f"{kind}_minor"] >= sa.bindparam("min_minor")
    if signs.discounted and kind == "sales":
        shows &= rows.c.sales_discount_minor > 0
    return shows
