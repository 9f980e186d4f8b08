"""What the templates of Sales show: numbers with their names and addresses, nothing left to work out."""

import datetime
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

from flask import url_for

from sql.sales_reports import DayAmounts, DaySales, OutletSales, Page, Place, RegisterSales, Total
from webapp.filters import Filters
from webapp.formats import DayStyle, Writer
from webapp.formats import day as day_text
from webapp.periods import Period
from webapp.sales_cells import COLUMNS, Cells, Column, Figure, where_of
from webapp.sales_detail import Details
from webapp.sales_figures import Chart, Takings, by_day

TILES = ("sales", "net", "refunds", "rollbacks", "receipts", "average", "discounts")
THE_MORE_THE_BETTER = ("sales", "net", "receipts", "average")
DAYS_WITH_WEEKDAYS_MAX = 31
NO_ROWS = Page([], None)


class Tile(NamedTuple):
    """A total of the period beside the one before it; `growth` is a share, None where there is none to tell."""

    key: str
    title: str
    now: Figure
    before: Figure | None
    growth: float | None
    tone: str | None  # up, down: better, worse


class Currency(NamedTuple):
    """The totals in one currency."""

    currency: str
    tiles: list[Tile]
    has_before: bool


class Row(NamedTuple):
    """An outlet on a day; `toggle` is the page with the row's detail, or without it where it is open."""

    place: Place
    key: str
    name: str
    address: str
    toggle: str
    columns: list[Column]


class Day(NamedTuple):
    """A day of the table; `is_continued` if the page before has begun it."""

    name: str
    is_continued: bool
    columns: list[Column]
    rows: list[Row]


@dataclass(frozen=True)
class Sales:
    """All that the templates know. Without `takings` there is nothing to show: no outlets, or filters to correct.

    `registers` are those of the rows that are open.
    """

    filters: Filters
    period: Period
    after: Place | None = None
    opened: tuple[Place, ...] = ()
    takings: Takings | None = None
    chart: Chart | None = None
    page: Page = NO_ROWS
    day_totals: Mapping[datetime.date, Sequence[DaySales]] = field(default_factory=dict)
    registers: Mapping[Place, Sequence[RegisterSales]] = field(default_factory=dict)

    columns = COLUMNS

    @cached_property
    def query(self) -> dict[str, Any]:
        """The query string that leads here."""
        return self.filters.query()

    def address(self, after: Place | None = None, opened: Iterable[Place] = ()) -> str:
        """This page; or the rows after a place; or rows that are open."""
        keys: dict[str, Any] = {"after": key_of(after) if after else None, "open": [key_of(place) for place in opened]}
        return url_for("sales.page", **self.query, **keys)

    @cached_property
    def cells(self) -> Cells:
        return Cells(self.filters, shows_currency=bool(self.takings and len(self.takings.currencies) > 1))

    @cached_property
    def details(self) -> Details:
        return Details(self.filters, self.registers)

    @property
    def is_empty(self) -> bool:
        return self.takings is None or self.takings.is_empty

    @property
    def has_one_outlet(self) -> bool:
        """Whether a day is one row, which needs no total."""
        return len(self.filters.outlet_ids or self.filters.outlets) == 1

    @property
    def is_unfinished(self) -> bool:
        return self.period.last >= self.filters.today

    @property
    def days_before(self) -> str:
        """The period before in words; empty if no documents can be of that time."""
        return where_of(self.takings.previous) if self.takings and self.takings.previous.days > 0 else ""

    @property
    def totals(self) -> list[Currency]:
        return [self._currency(self.takings, currency) for currency in self.takings.currencies] if self.takings else []

    def _currency(self, takings: Takings, currency: str) -> Currency:
        cells = Cells(self.filters, shows_currency=True)
        now, before = takings.total(currency), takings.total_before(currency)
        figures, earlier = (
            cells.figures(cells.documents(where_of(period), period, currency), total)
            for period, total in ((self.period, now), (takings.previous, before))
        )
        has_before = takings.has_before(currency)
        tiles = [
            Tile(key, cells.titles[key], figures[key], earlier[key] if has_before else None, *_growth(key, now, before))
            for key in TILES
        ]
        return Currency(currency, tiles, has_before)

    @property
    def points(self) -> list[tuple[str, DayAmounts, str, str, DayAmounts, str]]:
        """Rows of the chart's table: the day's or month's name, its amounts, those of the period before."""
        if self.chart is None:
            return []
        style: DayStyle = "weekday" if self.period.days <= DAYS_WITH_WEEKDAYS_MAX else "numeric"
        if self.chart.is_by_month:
            style = "month"
        write = Writer()
        return [
            (
                write.day(day, style),
                now,
                write.money(now.sales_minor),
                write.money(now.net_minor),
                before,
                write.money(before.sales_minor),
            )
            for day, now, before in self.chart.points()
        ]

    @property
    def days(self) -> list[Day]:
        """The rows of the table that are on this page."""
        if self.takings is None:
            return []
        days = []
        for day, outlets in by_day(self.page.rows):
            period, name, where = Period(day, day), day_text(day, "long"), day_text(day)
            rows = [
                self._row(place, name, f"{where}, {self.filters.outlet_name(place.outlet_id)}", sales)
                for place, sales in outlets
            ]
            total = [] if self.has_one_outlet else self._columns(where, period, self.day_totals[day])
            days.append(Day(name, self.after is not None and self.after.day == day, total, rows))
        return days

    def _row(self, place: Place, day: str, where: str, sales: Sequence[OutletSales]) -> Row:
        key, outlet_id = key_of(place), place.outlet_id
        name = day if self.has_one_outlet else self.filters.outlet_name(outlet_id)
        others, folder, narrowed = self._addresses
        is_open = place in self.opened
        toggle = self.address(self.after, set(self.opened) - {place}) if is_open else f"{others}open={key}"
        columns = self._columns(where, Period(place.day, place.day), sales, (outlet_id,))
        return Row(place, key, name, f"{folder}/{place.day}/{outlet_id}{narrowed}", toggle, columns)

    def _columns(
        self, where: str, period: Period, sales: Sequence[DaySales | OutletSales], outlet_ids: Sequence[int] = ()
    ) -> list[Column]:
        cells = self.cells
        return cells.columns([(cells.documents(where, period, row.currency, outlet_ids), row.revenue) for row in sales])

    @cached_property
    def _addresses(self) -> tuple[str, str, str]:
        """What the addresses of all rows share: to open one more; and before and after the place of its detail."""
        here, folder = self.address(self.after, self.opened), url_for("sales.page")
        narrowed = url_for("sales.page", **{name: self.query.get(name) for name in ("sko", "currency")})
        return here + ("&" if "?" in here else "?"), folder, narrowed.removeprefix(folder)


def key_of(place: Place) -> str:
    """2026-11-23-5, as addresses name it."""
    return f"{place.day}-{place.outlet_id}"


def _growth(key: str, now: Total, before: Total) -> tuple[float | None, str | None]:
    """By how much of what it was a figure has grown, and whether that is good."""
    new, old = _value(key, now), _value(key, before)
    if old <= 0:
        return None, None
    growth = new / old - 1
    has_tone = key in THE_MORE_THE_BETTER and new != old
    return growth, ("up" if growth > 0 else "down") if has_tone else None


def _value(key: str, total: Total) -> int:
    revenue = total.revenue
    return {
        "sales": revenue.sales_minor,
        "net": revenue.net_minor,
        "refunds": revenue.refunds_minor,
        "rollbacks": revenue.rollbacks_minor,
        "receipts": revenue.receipts_count,
        "average": revenue.average_minor,
        "discounts": total.discounts_minor,
    }[key]
