"""What pages ask of turnover: revenue by day and by outlet, a currency each, never the documents themselves.

Revenue is sales, refunds and rollbacks (annulments). Deposits, withdrawals and payouts move cash in the drawer, and a
currency that has seen nothing else does not appear here. `outlet_ids` narrows to these outlets; empty means all.
"""

import datetime
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

import sqlalchemy as sa

from sql.tables import CURRENCIES, PAYMENTS, REVENUE_KINDS, turnover

_REVENUE = tuple(f"{kind}_{unit}" for kind in REVENUE_KINDS for unit in ("count", "minor"))
_PAYMENTS = tuple(f"sales_{payment}_{unit}" for payment in PAYMENTS for unit in ("count", "minor"))


class Revenue(NamedTuple):
    """Receipts and minor units of one currency."""

    sales_count: int = 0
    sales_minor: int = 0
    refunds_count: int = 0
    refunds_minor: int = 0
    rollbacks_count: int = 0
    rollbacks_minor: int = 0

    @property
    def net_minor(self) -> int:
        return self.sales_minor - self.refunds_minor - self.rollbacks_minor

    @property
    def receipts_count(self) -> int:
        return self.sales_count + self.refunds_count + self.rollbacks_count

    @property
    def average_minor(self) -> int:
        """The average sale, rounded half up; 0 where there is none."""
        return (2 * self.sales_minor + self.sales_count) // (2 * self.sales_count) if self.sales_count else 0


class Payments(NamedTuple):
    """Sales by how they were paid. A receipt paid in two ways counts in both."""

    cash_count: int = 0
    cash_minor: int = 0
    cashless_count: int = 0
    cashless_minor: int = 0
    other_count: int = 0
    other_minor: int = 0


@dataclass(frozen=True, slots=True)
class DayRevenue:
    day: datetime.date
    currency: str
    revenue: Revenue
    payments: Payments


@dataclass(frozen=True, slots=True)
class OutletRevenue:
    outlet_id: int
    currency: str
    revenue: Revenue


def revenue_by_day(
    connection: sa.Connection,
    merchant_id: int,
    first: datetime.date,
    last: datetime.date,
    outlet_ids: Collection[int] = (),
) -> list[DayRevenue]:
    """Days from `first` to `last` (business days, inclusive) that have revenue; by day, BYN first."""
    key = (turnover.c.day, turnover.c.currency)
    query = _sums(key, _REVENUE + _PAYMENTS).where(*_rows(merchant_id, first, last, outlet_ids))
    found = [
        DayRevenue(day, currency, Revenue(*totals[: len(_REVENUE)]), Payments(*totals[len(_REVENUE) :]))
        for day, currency, *totals in connection.execute(query).all()
    ]
    return sorted(found, key=lambda row: (row.day, CURRENCIES.index(row.currency)))


def revenue_by_outlet(
    connection: sa.Connection,
    merchant_id: int,
    first: datetime.date,
    last: datetime.date,
    outlet_ids: Collection[int] = (),
) -> list[OutletRevenue]:
    """Outlets with revenue from `first` to `last` (business days, inclusive); BYN first, the largest sales first."""
    key = (turnover.c.outlet_id, turnover.c.currency)
    query = _sums(key, _REVENUE).where(*_rows(merchant_id, first, last, outlet_ids))
    found = [
        OutletRevenue(outlet_id, currency, Revenue(*totals))
        for outlet_id, currency, *totals in connection.execute(query).all()
    ]
    return sorted(found, key=lambda row: (CURRENCIES.index(row.currency), -row.revenue.sales_minor, row.outlet_id))


def latest_day(
    connection: sa.Connection, merchant_id: int, until: datetime.date, outlet_ids: Collection[int] = ()
) -> datetime.date | None:
    """The last business day up to `until` with any turnover, be it a deposit."""
    rows = _rows(merchant_id, datetime.date.min, until, outlet_ids)
    return connection.execute(sa.select(sa.func.max(turnover.c.day)).where(*rows)).scalar()


def _rows(
    merchant_id: int, first: datetime.date, last: datetime.date, outlet_ids: Collection[int]
) -> list[sa.ColumnElement[bool]]:
    conditions = [turnover.c.merchant_id == merchant_id, turnover.c.day.between(first, last)]
    return [*conditions, turnover.c.outlet_id.in_(sorted(outlet_ids))] if outlet_ids else conditions


def _sums(key: tuple[sa.Column[Any], ...], counters: tuple[str, ...]) -> sa.Select[Any]:
    sums = {name: sa.func.sum(turnover.c[name]) for name in counters}
    receipts = sums["sales_count"] + sums["refunds_count"] + sums["rollbacks_count"]
    # PostgreSQL adds up 64-bit integers to a decimal.
    whole = (sa.cast(total, sa.BigInteger) for total in sums.values())
    return sa.select(*key, *whole).group_by(*key).having(receipts > 0)


def add_up(revenues: Iterable[Revenue]) -> Revenue:
    """The sum of several, of one currency; of several currencies only its counts mean anything."""
    return Revenue(*(sum(column) for column in zip(*revenues, strict=True)))
