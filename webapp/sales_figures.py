"""The figures of Sales: the period beside the one before it, a currency each, and the points of the chart."""

import datetime
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import NamedTuple

from sql.engine import Connection
from sql.sales_reports import NOTHING, DayAmounts, OutletSales, Place, Scope, Total, sales_of_days, sales_totals
from sql.tables import CURRENCIES
from webapp.filters import Filters
from webapp.periods import DAY, EARLIEST, Period

DAYS_IN_CHART_MAX = 731  # two years; longer periods are drawn by month
NO_AMOUNTS = DayAmounts()


class Point(NamedTuple):
    """A day of the chart, or a month of a long one; and the same place in the period before."""

    day: datetime.date
    now: DayAmounts
    before: DayAmounts


@dataclass(frozen=True, slots=True)
class Takings:
    """What was taken in the period and in the one before it, by currency; `chosen` is one of these, None all."""

    period: Period
    found: Mapping[str, tuple[Total, Total]]
    chosen: str | None

    @property
    def currencies(self) -> list[str]:
        """Those that are shown; BYN alone if there are none: nothing sold is an amount, too."""
        return [self.chosen] if self.chosen else list(self.found) or [CURRENCIES[0]]

    @property
    def is_empty(self) -> bool:
        """Whether the period has no revenue that is shown."""
        return not any(self.total(currency).revenue.receipts_count for currency in self.currencies)

    @property
    def previous(self) -> Period:
        """The period before: what of it documents can be dated in."""
        before = self.period.previous
        return Period(max(before.first, EARLIEST), before.last)

    def total(self, currency: str) -> Total:
        return self.found.get(currency, (NOTHING, NOTHING))[1]

    def total_before(self, currency: str) -> Total:
        return self.found.get(currency, (NOTHING, NOTHING))[0]

    def has_before(self, currency: str) -> bool:
        return self.total_before(currency).revenue.receipts_count > 0


@dataclass(frozen=True, slots=True)
class Chart:
    """The days of a period and of the one before it, in one currency."""

    period: Period
    currency: str
    days: Mapping[datetime.date, DayAmounts]
    has_before: bool

    @property
    def is_by_month(self) -> bool:
        return self.period.days > DAYS_IN_CHART_MAX

    def points(self) -> list[Point]:
        """Every day of the period, with sales or without; every month, if it is long."""
        every = [self.period.first + DAY * place for place in range(self.period.days)]
        if self.is_by_month:
            months = groupby(every, key=lambda day: day.replace(day=1))
            return [Point(month, self._sum(days), NO_AMOUNTS) for month, days in months]
        apart = DAY * self.period.days
        found = self.days.get
        return [Point(day, found(day, NO_AMOUNTS), found(day - apart, NO_AMOUNTS)) for day in every]

    def _sum(self, days: Iterator[datetime.date]) -> DayAmounts:
        found = [self.days[day] for day in days if day in self.days]
        return DayAmounts(sum(day.sales_minor for day in found), sum(day.net_minor for day in found))


def takings_of(connection: Connection, merchant_id: int, filters: Filters, period: Period) -> Takings:
    """What was taken in this period and in the one before it."""
    # In every currency, since those that there are to choose from are shown.
    scope = _with_before(scope_of(merchant_id, filters, period), period)._replace(currency=None)
    return Takings(period, sales_totals(connection, scope, period.first), filters.currency)


def chart_of(connection: Connection, scope: Scope, takings: Takings) -> Chart:
    """In the first of the currencies that are shown."""
    currency = takings.currencies[0]
    has_before = takings.has_before(currency) and takings.period.days <= DAYS_IN_CHART_MAX
    wanted = _with_before(scope, takings.period) if has_before else scope
    return Chart(takings.period, currency, sales_of_days(connection, wanted._replace(currency=currency)), has_before)


def _with_before(scope: Scope, period: Period) -> Scope:
    return scope._replace(first=period.previous.first)


def scope_of(merchant_id: int, filters: Filters, period: Period) -> Scope:
    return Scope(merchant_id, period.first, period.last, filters.outlet_ids, filters.sko_ids, filters.currency)


def by_day(rows: Sequence[OutletSales]) -> Iterator[tuple[datetime.date, list[tuple[Place, list[OutletSales]]]]]:
    """Rows of the table by day, and within it by outlet: the currencies of each together."""
    for day, of_day in groupby(rows, key=lambda row: row.day):
        outlets = groupby(of_day, key=lambda row: row.outlet_id)
        yield day, [(Place(day, outlet_id), list(found)) for outlet_id, found in outlets]
