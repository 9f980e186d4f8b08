"""What a row of Turnover shows when it is expanded: one register at one outlet over a period, in one currency."""

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from sql.engine import Connection
from sql.skos import Sko
from sql.tables import DRAWER_KINDS, PAYMENTS, REVENUE_KINDS, TURNOVER_COUNTERS
from sql.turnover_periods import Stretch, stretches
from sql.turnover_reports import Revenue
from webapp.periods import DAY, Period

LISTED_DAYS_MAX = 31  # of longer periods the months are listed


@dataclass(frozen=True, slots=True)
class Line:
    """A day or a month, as far as it lies in the period."""

    period: Period
    revenue: Revenue


@dataclass(frozen=True, slots=True)
class Drawer:
    """Cash moved by documents of one type, in minor units."""

    type: str
    count: int
    minor: int


@dataclass(frozen=True)
class Detail:
    outlet_id: int
    number: str
    currency: str
    period: Period
    by_month: bool
    stretches: Sequence[Stretch]

    @property
    def key(self) -> str:
        return f"{self.outlet_id}-{self.number}-{self.currency}"

    @cached_property
    def counters(self) -> dict[str, int]:
        """Those of `turnover`, over the whole period."""
        return {name: sum(stretch.counters[name] for stretch in self.stretches) for name in TURNOVER_COUNTERS}

    @property
    def total(self) -> Revenue:
        return _revenue(self.counters)

    @property
    def by_payment(self) -> dict[str, Revenue]:
        """A receipt paid in two ways counts in both."""
        return {payment: _revenue(self.counters, f"_{payment}") for payment in PAYMENTS}

    @property
    def drawer(self) -> list[Drawer]:
        return [
            Drawer(kind.removesuffix("s"), self.counters[f"{kind}_count"], self.counters[f"{kind}_minor"])
            for kind in DRAWER_KINDS
        ]

    @property
    def lines(self) -> list[Line]:
        """Days or months with receipts, the latest first."""
        lines = [Line(self._clipped(stretch.first), _revenue(stretch.counters)) for stretch in reversed(self.stretches)]
        return [line for line in lines if line.revenue.receipts_count]

    @property
    def first_sale(self) -> datetime.date | None:
        return min((stretch.first_sale for stretch in self.stretches if stretch.first_sale), default=None)

    @property
    def last_sale(self) -> datetime.date | None:
        return max((stretch.last_sale for stretch in self.stretches if stretch.last_sale), default=None)

    def _clipped(self, first: datetime.date) -> Period:
        if not self.by_month:
            return Period(first, first)
        last = (first.replace(day=28) + 4 * DAY).replace(day=1) - DAY
        return Period(max(first, self.period.first), min(last, self.period.last))


def detail_of(connection: Connection, sko: Sko, outlet_id: int, currency: str, period: Period) -> Detail:
    """The detail of a register at an outlet, be it where it stands now or where it stood before."""
    by_month = period.days > LISTED_DAYS_MAX
    key = (outlet_id, sko.sko_id, currency)
    found = stretches(connection, sko.merchant_id, key, period.first, period.last, by_month=by_month)
    return Detail(outlet_id, sko.number, currency, period, by_month, found)


def _revenue(counters: Mapping[str, int], payment: str = "") -> Revenue:
    return Revenue(*(counters[f"{kind}{payment}_{unit}"] for kind in REVENUE_KINDS for unit in ("count", "minor")))
