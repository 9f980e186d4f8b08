"""What a row of Sales shows when it is expanded: its registers, its kinds of receipts, and how its sales were paid."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from typing import NamedTuple

from sql.sales_reports import Place, RegisterSales, Total
from sql.turnover_reports import Payments, add_up
from webapp.filters import Filters
from webapp.periods import Period
from webapp.sales_cells import COLUMNS, Cells, Column, Figure, Kind, where_of


class Part(NamedTuple):
    """An expanded row in one currency."""

    currency: str
    registers: list[tuple[str, list[Column]]]
    kinds: list[Kind]
    payments: list[Kind]
    average: Figure
    discounts: Figure
    sales_minor: int


@dataclass(frozen=True)
class Details:
    """Rows of the table that are open: what the filters leave of them."""

    filters: Filters
    rows: Mapping[Place, Sequence[RegisterSales]]

    columns = COLUMNS

    @cached_property
    def cells(self) -> Cells:
        return Cells(self.filters, shows_currency=False)

    def name(self, place: Place) -> str:
        """«23.11.2026, Магазин 1»"""
        return where_of(Period(place.day, place.day), self.filters.outlet_name(place.outlet_id))

    def parts(self, place: Place) -> list[Part]:
        """What the row consists of, BYN first."""
        rows = groupby(self.rows.get(place, ()), key=lambda row: row.currency)
        return [self._part(place, currency, list(found)) for currency, found in rows]

    def _part(self, place: Place, currency: str, rows: list[RegisterSales]) -> Part:
        period, outlet_ids, where = Period(place.day, place.day), (place.outlet_id,), self.name(place)
        documents = self.cells.documents(where, period, currency, outlet_ids)
        revenue = add_up(row.revenue for row in rows)
        figures = self.cells.figures(documents, Total(revenue, sum(row.discounts_minor for row in rows)))
        return Part(
            currency,
            [(row.number, self._register(place, currency, row)) for row in rows],
            self.cells.kinds(documents, figures, revenue),
            self.cells.payments(documents, _add_up(rows)),
            figures["average"],
            figures["discounts"],
            revenue.sales_minor,
        )

    def _register(self, place: Place, currency: str, row: RegisterSales) -> list[Column]:
        where = f"{self.name(place)}, {row.number}"
        period = Period(place.day, place.day)
        documents = self.cells.documents(where, period, currency, (place.outlet_id,), (row.number,))
        return self.cells.columns([(documents, row.revenue)])


def _add_up(rows: Sequence[RegisterSales]) -> Payments:
    return Payments(*(sum(column) for column in zip(*(row.payments for row in rows), strict=True)))
