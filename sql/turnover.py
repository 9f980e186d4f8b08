"""Turnover, the pre-aggregated table: adding to it, and proving that it equals its documents."""

import datetime
import operator
from typing import Any, NamedTuple

import sqlalchemy as sa

from sql import dialect
from sql.tables import (
    TURNOVER_COUNTERS,
    TURNOVER_KEY,
    document,
    turnover,
    turnover_day,
    turnover_month,
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


class Difference(NamedTuple):
    """A row of one of the turnover tables that is not what it must be; None where it is missing on that side."""

    table: str
    key: tuple[Any, ...]
    kept: tuple[int, ...] | None
    recomputed: tuple[int, ...] | None


def add_turnover(connection: sa.Connection, deltas: Deltas) -> None:
    """Add counters to the rows of turnover, and of what it adds up to, making those that are missing."""
    if not deltas:
        return
    by_month: dict[tuple[Any, ...], list[int]] = {}
    by_day: dict[tuple[Any, ...], list[int]] = {}
    for (merchant_id, day, outlet_id, sko_id, currency), counters in deltas.items():
        _add(by_month, (merchant_id, day.replace(day=1), outlet_id, sko_id, currency), counters)
        _add(by_day, (merchant_id, day, currency), counters)
    dialect.add_up(connection, turnover, [(*key, *counters) for key, counters in deltas.items()])
    dialect.add_up(connection, turnover_month, [(*key, *counters) for key, counters in by_month.items()])
    # All registers of a merchant share these rows: last, so that several processes wait for each other only shortly.
    dialect.add_up(connection, turnover_day, [(*key, *counters) for key, counters in by_day.items()])


def _add(sums: dict[tuple[Any, ...], list[int]], key: tuple[Any, ...], counters: list[int]) -> None:
    known = sums.get(key)
    sums[key] = counters if known is None else list(map(operator.add, known, counters))


def recomputed_turnover(merchant_id: int | None = None) -> sa.Select[Any]:
    """What turnover must hold, from the documents themselves; of one merchant or of all."""
    query = sa.select(
        *(document.c[name] for name in TURNOVER_KEY),
        *(_counted(name).label(name) for name in TURNOVER_COUNTERS),
    ).where(document.c.type.in_(TYPE_OF_KIND.values()))
    return _of_merchant(query, document, merchant_id).group_by(*(document.c[name] for name in TURNOVER_KEY))


def added_up_turnover(table: sa.Table, merchant_id: int | None = None) -> sa.Select[Any]:
    """What `turnover_day` or `turnover_month` must hold, from turnover."""
    key = [
        dialect.first_of_month(turnover.c.day) if column.name == "month" else turnover.c[column.name]
        for column in table.primary_key
    ]
    sums = (sa.cast(sa.func.sum(turnover.c[name]), table.c[name].type) for name in TURNOVER_COUNTERS)
    return _of_merchant(sa.select(*key, *sums), turnover, merchant_id).group_by(*key)


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
    """Where the turnover tables differ from their recomputation: empty, always. At most DIFFERENCES_MAX are listed."""
    recomputed = {
        turnover: recomputed_turnover(merchant_id),
        turnover_month: added_up_turnover(turnover_month, merchant_id),
        turnover_day: added_up_turnover(turnover_day, merchant_id),
    }
    found: list[Difference] = []
    for table, query in recomputed.items():
        found += _differences(connection, table, _of_merchant(sa.select(table), table, merchant_id), query)
    return found[:DIFFERENCES_MAX]


def _of_merchant(query: sa.Select[Any], table: sa.Table, merchant_id: int | None) -> sa.Select[Any]:
    return query if merchant_id is None else query.where(table.c.merchant_id == merchant_id)


def _differences(
    connection: sa.Connection, table: sa.Table, kept: sa.Select[Any], recomputed: sa.Select[Any]
) -> list[Difference]:
    width = len(table.primary_key.columns)
    only_kept = _rows(connection, kept.except_(recomputed).limit(DIFFERENCES_MAX), width)
    only_recomputed = _rows(connection, recomputed.except_(kept).limit(DIFFERENCES_MAX), width)
    keys = sorted(only_kept.keys() | only_recomputed.keys())[:DIFFERENCES_MAX]
    return [Difference(table.name, key, only_kept.get(key), only_recomputed.get(key)) for key in keys]


def _rows(
    connection: sa.Connection, query: sa.CompoundSelect[Any], width: int
) -> dict[tuple[Any, ...], tuple[int, ...]]:
    return {tuple(row[:width]): tuple(row[width:]) for row in connection.execute(query)}
