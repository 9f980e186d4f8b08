"""Turnover, the pre-aggregated table: adding to it, and proving that it equals its documents."""

import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa

from sql import dialect
from sql.tables import (
    TURNOVER_COUNTERS,
    TURNOVER_KEY,
    document,
    turnover,
)

TYPE_OF_KIND = {
    "sales": "sale",
    "refunds": "refund",
    "rollbacks": "rollback",
    "deposits": "deposit",
    "withdrawals": "withdrawal",
    "payouts": "payout",
}

DIFFERENCES_MAX = 1_000


# What is added to turnover: counters in the order of TURNOVER_COUNTERS, by plain tuples of TURNOVER_KEY.
Deltas = dict[tuple[int, datetime.date, int, int, str], list[int]]


class TurnoverKey(NamedTuple):
    merchant_id: int
    day: datetime.date
    outlet_id: int
    sko_id: int
    currency: str


class Difference(NamedTuple):
    """A row of turnover that is not what its documents add up to; None where it is missing on that side."""

    key: TurnoverKey
    kept: tuple[int, ...] | None
    recomputed: tuple[int, ...] | None


def add_turnover(connection: sa.Connection, deltas: Deltas) -> None:
    """Add counters to the rows of turnover, making those that are missing."""
    if deltas:
        dialect.add_up(connection, turnover, [(*key, *counters) for key, counters in deltas.items()])


def recomputed_turnover(merchant_id: int | None = None) -> sa.Select[Any]:
    """What turnover must hold, from the documents themselves; of one merchant or of all."""
    query = sa.select(
        *(document.c[name] for name in TURNOVER_KEY),
        *(_counted(name).label(name) for name in TURNOVER_COUNTERS),
    ).where(document.c.type.in_(TYPE_OF_KIND.values()))
    if merchant_id is not None:
        query = query.where(document.c.merchant_id == merchant_id)
    return query.group_by(*(document.c[name] for name in TURNOVER_KEY))


def _counted(counter: str) -> sa.ColumnElement[int]:
    """The SQL that counts one column of TURNOVER_COUNTERS: `sales_cash_minor` sums `cash_minor` of the sales."""
    kind, _, rest = counter.partition("_")
    of_kind = document.c.type == TYPE_OF_KIND[kind]
    if rest == "count":
        return sa.func.count().filter(of_kind)
    what, _, unit = rest.rpartition("_")
    amount = document.c[f"{what}_minor"] if what else document.c.total_minor
    if unit == "count":
        return sa.func.count().filter(of_kind & (amount != 0))
    return sa.cast(sa.func.coalesce(sa.func.sum(amount).filter(of_kind), 0), sa.BigInteger)


def turnover_differences(connection: sa.Connection, merchant_id: int | None = None) -> list[Difference]:
    """Where turnover differs from its recomputation: empty, always. At most DIFFERENCES_MAX are listed."""
    kept = sa.select(turnover)
    if merchant_id is not None:
        kept = kept.where(turnover.c.merchant_id == merchant_id)
    recomputed = recomputed_turnover(merchant_id)
    only_kept = _rows(connection, kept.except_(recomputed).limit(DIFFERENCES_MAX))
    only_recomputed = _rows(connection, recomputed.except_(kept).limit(DIFFERENCES_MAX))
    keys = sorted(only_kept.keys() | only_recomputed.keys())[:DIFFERENCES_MAX]
    return [Difference(key, only_kept.get(key), only_recomputed.get(key)) for key in keys]


def _rows(connection: sa.Connection, query: sa.CompoundSelect[Any]) -> dict[TurnoverKey, tuple[int, ...]]:
    width = len(TURNOVER_KEY)
    return {TurnoverKey(*row[:width]): tuple(row[width:]) for row in connection.execute(query)}
