"""The figures of Home: what its blocks show of turnover."""

import datetime
from collections.abc import Sequence
from dataclasses import dataclass

from sql.engine import Connection
from sql.tables import CURRENCIES
from sql.turnover_reports import DayRevenue, OutletRevenue, Payments, Revenue, add_up, revenue_by_day, revenue_by_outlet
from webapp.filters import Filters
from webapp.periods import Period

DAY = datetime.timedelta(days=1)
WEEK = datetime.timedelta(days=7)
TOP_OUTLETS = 10


@dataclass(frozen=True, slots=True)
class Days:
    """Revenue of the chosen day, the six before it, and the same weekday a week ago."""

    day: datetime.date
    rows: Sequence[DayRevenue]

    @property
    def week(self) -> list[datetime.date]:
        return [self.day - DAY * ago for ago in range(6, -1, -1)]

    @property
    def has_week(self) -> bool:
        """Whether there is anything to draw of these seven days."""
        return any(row.day > self.week_ago for row in self.rows)

    @property
    def week_ago(self) -> datetime.date:
        return self.day - WEEK

    @staticmethod
    def period_of(day: datetime.date) -> Period:
        return Period(day, day)

    def currencies(self, days: Sequence[datetime.date]) -> list[str]:
        """The currencies of these days, BYN first; BYN alone if there are none: nothing sold is an amount, too."""
        seen = {row.currency for row in self.rows if row.day in days}
        return [currency for currency in CURRENCIES if currency in seen] or [CURRENCIES[0]]

    def revenue(self, day: datetime.date, currency: str) -> Revenue:
        return next((row.revenue for row in self._rows(day, currency)), Revenue())

    def payments(self, day: datetime.date, currency: str) -> Payments:
        return next((row.payments for row in self._rows(day, currency)), Payments())

    def receipts(self) -> Revenue:
        """Of the chosen day in all currencies: only the counts of it mean anything."""
        return add_up(row.revenue for row in self.rows if row.day == self.day)

    def growth(self, currency: str) -> float | None:
        """Net turnover against the same weekday a week ago, as a share; None if there is nothing to compare with."""
        before = self.revenue(self.week_ago, currency).net_minor
        return self.revenue(self.day, currency).net_minor / before - 1 if before > 0 else None

    def _rows(self, day: datetime.date, currency: str) -> list[DayRevenue]:
        return [row for row in self.rows if row.day == day and row.currency == currency]


@dataclass(frozen=True, slots=True)
class CurrencyQuarter:
    """The outlets' revenue in one currency, the largest sales first."""

    currency: str
    rows: Sequence[OutletRevenue]

    @property
    def total(self) -> Revenue:
        return add_up(row.revenue for row in self.rows)

    @property
    def top(self) -> Sequence[OutletRevenue]:
        return self.rows[:TOP_OUTLETS]

    @property
    def rest_count(self) -> int:
        return max(0, len(self.rows) - TOP_OUTLETS)

    @property
    def rest_ids(self) -> list[int]:
        """The outlets below the top."""
        return [row.outlet_id for row in self.rows[TOP_OUTLETS:]]

    @property
    def rest(self) -> Revenue:
        """What the outlets below the top have taken together."""
        return add_up(row.revenue for row in self.rows[TOP_OUTLETS:])


@dataclass(frozen=True, slots=True)
class Quarter:
    """Revenue by outlet from the first day of the chosen day's quarter to that day."""

    first: datetime.date
    last: datetime.date
    rows: Sequence[OutletRevenue]

    @property
    def period(self) -> Period:
        return Period(self.first, self.last)

    @property
    def number(self) -> int:
        return (self.last.month + 2) // 3

    @property
    def by_currency(self) -> list[CurrencyQuarter]:
        """BYN first."""
        rows = {currency: [row for row in self.rows if row.currency == currency] for currency in CURRENCIES}
        return [CurrencyQuarter(currency, found) for currency, found in rows.items() if found]


def days_of(connection: Connection, merchant_id: int, filters: Filters) -> Days:
    """The eight days that end with the chosen one."""
    rows = revenue_by_day(connection, merchant_id, filters.day - WEEK, filters.day, filters.outlet_ids)
    return Days(filters.day, rows)


def quarter_of(connection: Connection, merchant_id: int, filters: Filters) -> Quarter:
    """The quarter up to the chosen day."""
    first = filters.day.replace(month=(filters.day.month - 1) // 3 * 3 + 1, day=1)
    rows = revenue_by_outlet(connection, merchant_id, first, filters.day, filters.outlet_ids)
    return Quarter(first, filters.day, rows)
