"""The figures of Sales: the period beside the one before it, a currency each, and the points of the chart."""

import datetime
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import NamedTuple

from sql.engine import Connection
from sql.sales_reports import DaySales, OutletSales, Place, Scope, sales_by_day
from sql.tables import CURRENCIES
from sql.turnover_reports import Revenue, add_up
from webapp.filters import Filters
from webapp.periods import DAY, EARLIEST, Period

DAYS_IN_CHART_MAX = 731  # two years; longer periods are drawn by month
NO_SALES = Revenue()


class Total(NamedTuple):
    """The revenue of a period in one currency, and the discounts in its sales."""

    revenue: Revenue = NO_SALES
    discounts_minor: int = 0


class Point(NamedTuple):
    """A day of the chart, or a month of a long one, and the same place in the period before; None if that is over."""

    day: datetime.date
    now: Total
    before: Total | None


@dataclass(frozen=True, slots=True)
class Takings:
    """Days with revenue of `period` and of the one before it; `chosen` is a currency, or None for all of them."""

    period: Period
    rows: Sequence[DaySales]
    chosen: str | None

    @property
    def seen(self) -> list[str]:
        """The currencies of both periods, BYN first."""
        seen = {row.currency for row in self.rows}
        return [currency for currency in CURRENCIES if currency in seen]

    @property
    def currencies(self) -> list[str]:
        """Those that are shown; BYN alone if there are none: nothing sold is an amount, too."""
        return [self.chosen] if self.chosen else self.seen or [CURRENCIES[0]]

    @property
    def is_empty(self) -> bool:
        """Whether the period has no revenue that is shown."""
        return not any(row.day >= self.period.first and row.currency in self.currencies for row in self.rows)

    @property
    def previous(self) -> Period:
        """The period before: what of it documents can be dated in."""
        before = self.period.previous
        return Period(max(before.first, EARLIEST), before.last)

    def total(self, currency: str) -> Total:
        return _added(row for row in self.rows if row.currency == currency and row.day >= self.period.first)

    def total_before(self, currency: str) -> Total:
        return _added(row for row in self.rows if row.currency == currency and row.day < self.period.first)

    def has_before(self, currency: str) -> bool:
        return any(row.day < self.period.first and row.currency == currency for row in self.rows)

    @property
    def is_by_month(self) -> bool:
        return self.period.days > DAYS_IN_CHART_MAX

    def points(self, currency: str) -> list[Point]:
        """Every day of the period, with sales or without."""
        totals = {row.day: Total(row.revenue, row.discounts_minor) for row in self.rows if row.currency == currency}
        if self.is_by_month:
            months = groupby(self._days(totals), key=lambda found: found[0].replace(day=1))
            return [Point(month, _sum(total for _, total in days), None) for month, days in months]
        apart = DAY * self.period.days
        return [Point(day, total, totals.get(day - apart, Total())) for day, total in self._days(totals)]

    def _days(self, totals: dict[datetime.date, Total]) -> Iterator[tuple[datetime.date, Total]]:
        for place in range(self.period.days):
            day = self.period.first + DAY * place
            yield day, totals.get(day, Total())

    def of_day(self, day: datetime.date) -> list[DaySales]:
        return [row for row in self.rows if row.day == day and row.currency in self.currencies]


def _added(rows: Iterable[DaySales]) -> Total:
    return _sum(Total(row.revenue, row.discounts_minor) for row in rows)


def _sum(totals: Iterable[Total]) -> Total:
    found = list(totals)
    return Total(add_up(total.revenue for total in found), sum(total.discounts_minor for total in found))


def takings_of(connection: Connection, merchant_id: int, filters: Filters, period: Period) -> Takings:
    """What was taken in this period and in the one before it."""
    # In every currency, since those that there are to choose from are shown.
    scope = scope_of(merchant_id, filters, Period(period.previous.first, period.last))._replace(currency=None)
    return Takings(period, sales_by_day(connection, scope), filters.currency)


def scope_of(merchant_id: int, filters: Filters, period: Period) -> Scope:
    return Scope(merchant_id, period.first, period.last, filters.outlet_ids, filters.sko_ids, filters.currency)


def by_day(rows: Sequence[OutletSales]) -> Iterator[tuple[datetime.date, list[tuple[Place, list[OutletSales]]]]]:
    """Rows of the table by day, and within it by outlet: the currencies of each together."""
    for day, of_day in groupby(rows, key=lambda row: row.day):
        outlets = groupby(of_day, key=lambda row: row.outlet_id)
        yield day, [(Place(day, outlet_id), list(found)) for outlet_id, found in outlets]
