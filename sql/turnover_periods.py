"""Turnover over any period, at a cost that hardly depends on its length.

It is added up of whole months of `turnover_month`, and days of `turnover` at both ends of the period (`period_parts`).
`outlet_ids` narrows to these outlets; empty means all.
"""

import datetime
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import sqlalchemy as sa

from sql.dialect import first_of_month
from sql.instants import from_us, now_us
from sql.period_parts import period_parts
from sql.tables import CURRENCIES, TURNOVER_COUNTERS, turnover, turnover_day, turnover_month
from sql.turnover_reports import Revenue

_KEY = ("outlet_id", "sko_id", "currency")
_REVENUE = Revenue._fields


@dataclass(frozen=True, slots=True)
class RegisterRevenue:
    """What a register has taken at an outlet: a register that has moved has a row for each of its outlets."""

    outlet_id: int
    sko_id: int
    currency: str
    revenue: Revenue


class Stretch(NamedTuple):
    """A day or a month of one register at one outlet in one currency.

    `first_sale` and `last_sale` are the business days of its first and last sale, None where it has none; `counters`
    are those of `turnover`, by their names.
    """

    first: datetime.date
    first_sale: datetime.date | None
    last_sale: datetime.date | None
    counters: dict[str, int]


def revenue_by_register(
    connection: sa.Connection,
    merchant_id: int,
    first: datetime.date,
    last: datetime.date,
    outlet_ids: Collection[int] = (),
) -> list[RegisterRevenue]:
    """Registers with receipts from `first` to `last` (business days, inclusive), by outlet, register and currency."""
    query = _BY_REGISTER_AT_OUTLETS if outlet_ids else _BY_REGISTER
    rows = connection.execute(query, _parameters(merchant_id, first, last, outlet_ids)).all()
    return [RegisterRevenue(outlet_id, sko_id, currency, Revenue(*sums)) for outlet_id, sko_id, currency, *sums in rows]


def revenue_of_period(
    connection: sa.Connection,
    merchant_id: int,
    first: datetime.date,
    last: datetime.date,
    outlet_ids: Collection[int] = (),
) -> dict[str, Revenue]:
    """What was taken from `first` to `last` (business days, inclusive) in all, by currency, BYN first."""
    if outlet_ids:
        rows = connection.execute(_IN_ALL_AT_OUTLETS, _parameters(merchant_id, first, last, outlet_ids))
    else:
        rows = connection.execute(_IN_ALL, {"merchant_id": merchant_id, "first": first, "last": last})
    found = {currency: Revenue(*sums) for currency, *sums in rows}
    return {currency: found[currency] for currency in CURRENCIES if currency in found}


def stretches(
    connection: sa.Connection,
    merchant_id: int,
    key: tuple[int, int, str],
    first: datetime.date,
    last: datetime.date,
    *,
    by_month: bool,
) -> list[Stretch]:
    """Each day or month of a register at an outlet with any turnover, be it a deposit.

    `key` is the outlet, the register and the currency.
    """
    outlet_id, sko_id, currency = key
    values = {
        "merchant_id": merchant_id,
        "outlet_id": outlet_id,
        "sko_id": sko_id,
        "currency": currency,
        "first": first,
        "last": last,
    }
    rows = connection.execute(_MONTHS if by_month else _DAYS, values)
    return [
        Stretch(begins, first_sale, last_sale, dict(zip(TURNOVER_COUNTERS, counters, strict=True)))
        for begins, first_sale, last_sale, *counters in rows
    ]


def _parameters(
    merchant_id: int, first: datetime.date, last: datetime.date, outlet_ids: Collection[int]
) -> dict[str, Any]:
    parts = period_parts(first, last, from_us(now_us()).date())
    values: dict[str, Any] = {
        "merchant_id": merchant_id,
        "first_month": parts.first_month,
        "last_month": parts.last_month,
        "outlet_ids": sorted(outlet_ids),
    }
    for end, days in (("head", parts.head), ("tail", parts.tail)):
        values |= {f"{end}_first": days.first, f"{end}_last": days.last, f"{end}_sign": days.sign}
    return values


# The statements are built once: SQLAlchemy then knows them again without looking at all of their columns.


def _periods(key: tuple[str, ...], *, at_outlets: bool) -> sa.Select[Any]:
    """Revenue by these columns of the key, over the months and days that `_parameters` names."""
    months = sa.select(*(turnover_month.c[name] for name in key + _REVENUE)).where(
        turnover_month.c.merchant_id == sa.bindparam("merchant_id"),
        turnover_month.c.month.between(sa.bindparam("first_month"), sa.bindparam("last_month")),
        *_at_outlets(turnover_month, at_outlets),
    )
    together = sa.union_all(months, *(_end(end, key, at_outlets) for end in ("head", "tail"))).subquery()
    return _with_receipts([together.c[name] for name in key], {name: together.c[name] for name in _REVENUE})


def _end(end: str, key: tuple[str, ...], at_outlets: bool) -> sa.Select[Any]:
    sign = sa.bindparam(f"{end}_sign", type_=sa.Integer)
    return sa.select(
        *(turnover.c[name] for name in key),
        *((turnover.c[name] * sign).label(name) for name in _REVENUE),
    ).where(
        turnover.c.merchant_id == sa.bindparam("merchant_id"),
        turnover.c.day.between(sa.bindparam(f"{end}_first"), sa.bindparam(f"{end}_last")),
        *_at_outlets(turnover, at_outlets),
    )


def _at_outlets(table: sa.Table, at_outlets: bool) -> list[sa.ColumnElement[bool]]:
    return [table.c.outlet_id.in_(sa.bindparam("outlet_ids", expanding=True))] if at_outlets else []


def _with_receipts(
    key: Sequence[sa.ColumnElement[Any]], counters: Mapping[str, sa.ColumnElement[int]]
) -> sa.Select[Any]:
    sums = {name: _sum(column) for name, column in counters.items()}
    receipts = sums["sales_count"] + sums["refunds_count"] + sums["rollbacks_count"]
    return sa.select(*key, *sums.values()).group_by(*key).having(receipts > 0)


def _sum(column: sa.ColumnElement[int]) -> sa.ColumnElement[int]:
    # PostgreSQL adds up 64-bit integers to a decimal.
    return sa.cast(sa.func.sum(column), sa.BigInteger)


def _stretches(begins: sa.ColumnElement[datetime.date]) -> sa.Select[Any]:
    sold = turnover.c.sales_count > 0
    columns: list[sa.ColumnElement[Any]] = [
        begins.label("begins"),
        sa.func.min(turnover.c.day).filter(sold),
        sa.func.max(turnover.c.day).filter(sold),
        *(_sum(turnover.c[name]) for name in TURNOVER_COUNTERS),
    ]
    rows = (
        *(turnover.c[name] == sa.bindparam(name) for name in ("merchant_id", *_KEY)),
        turnover.c.day.between(sa.bindparam("first"), sa.bindparam("last")),
    )
    return sa.select(*columns).where(*rows).group_by(begins).order_by(begins)


_BY_REGISTER = _periods(_KEY, at_outlets=False)
_BY_REGISTER_AT_OUTLETS = _periods(_KEY, at_outlets=True)
_IN_ALL_AT_OUTLETS = _periods(("currency",), at_outlets=True)
_IN_ALL = _with_receipts([turnover_day.c.currency], {name: turnover_day.c[name] for name in _REVENUE}).where(
    turnover_day.c.merchant_id == sa.bindparam("merchant_id"),
    turnover_day.c.day.between(sa.bindparam("first"), sa.bindparam("last")),
)
_DAYS = _stretches(turnover.c.day)
_MONTHS = _stretches(first_of_month(turnover.c.day))
