"""How Sales writes its numbers: each with the address of exactly the documents that it counts, and with its name.

A page has hundreds of them, so that whatever they share is found out once.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from flask_babel import gettext

from sql.sales_reports import Total
from sql.turnover_reports import Payments, Revenue
from webapp.filters import Filters
from webapp.formats import Writer, day
from webapp.links import REFUNDS, REVENUE, ROLLBACKS, SALES, documents_url
from webapp.periods import Period

COLUMNS = ("sales", "refunds", "rollbacks", "net", "receipts", "average")

# What the addresses of one row differ by.
_TYPES = {
    "sales": SALES,
    "refunds": REFUNDS,
    "rollbacks": ROLLBACKS,
    "net": REVENUE,
    "receipts": REVENUE,
    "discounts": SALES,
    "cash": SALES,
    "cashless": SALES,
    "other": SALES,
}
_FURTHER = {
    "discounts": "&discount=1",
    "cash": "&payment=cash",
    "cashless": "&payment=cashless",
    "other": "&payment=other",
}
_QUERIES = {key: "".join(f"&type={type_}" for type_ in types) + _FURTHER.get(key, "") for key, types in _TYPES.items()}


class Figure(NamedTuple):
    """A number, the documents that make it up (None: there are none), and its name for those who don't see the page."""

    text: str
    address: str | None = None
    name: str = ""


class Column(NamedTuple):
    """A cell of a row: a figure for each currency."""

    key: str
    title: str
    figures: list[Figure]


class Kind(NamedTuple):
    """Receipts of one kind, or sales by one way to pay: what they are called, how many, and their sum."""

    title: str
    receipts: Figure
    amount: Figure
    minor: int


class Documents(NamedTuple):
    """Which documents a row counts: `where` those are in words, their currency, and the address of all their types."""

    where: str
    currency: str
    address: str


class Cells:
    """Writes the numbers of one answer; amounts carry their currency where several are shown."""

    def __init__(self, filters: Filters, shows_currency: bool) -> None:
        self.shows_currency = shows_currency
        self._filters = filters
        self._write = Writer()
        self._addresses: dict[Period, str] = {}  # asking for an address is slow, and rows of a day differ by their ends
        self._name = gettext("%(number)s: %(what)s, %(where)s. Documents: %(count)s")
        self.titles = {
            "sales": gettext("Sales"),
            "refunds": gettext("Refunds"),
            "rollbacks": gettext("Annulments"),
            "net": gettext("Net"),
            "receipts": gettext("Receipts"),
            "average": gettext("Average receipt"),
            "discounts": gettext("Discounts"),
            "cash": gettext("Cash"),
            "cashless": gettext("Cashless"),
            "other": gettext("Other"),
        }

    def documents(
        self,
        where: str,
        period: Period,
        currency: str,
        outlet_ids: Sequence[int] = (),
        numbers: Sequence[str] = (),
    ) -> Documents:
        """Those that the filters leave, of these outlets and registers if any are named."""
        own = self._filters
        outlets = "".join(f"&outlet={outlet_id}" for outlet_id in outlet_ids or own.chosen_ids)
        skos = "".join(f"&sko={name}" for name in numbers or own.chosen_numbers)
        if period not in self._addresses:
            self._addresses[period] = documents_url(period)
        return Documents(where, currency, f"{self._addresses[period]}{outlets}{skos}&currency={currency}")

    def columns(self, rows: Sequence[tuple[Documents, Revenue]]) -> list[Column]:
        """The cells of COLUMNS, a currency a row."""
        figures = [self.figures(documents, Total(revenue)) for documents, revenue in rows]
        return [Column(key, self.titles[key], [found[key] for found in figures]) for key in COLUMNS]

    def figures(self, documents: Documents, total: Total) -> dict[str, Figure]:
        """A total in COLUMNS and its discounts."""
        revenue = total.revenue
        amounts = {
            "sales": (revenue.sales_count, revenue.sales_minor),
            "refunds": (revenue.refunds_count, revenue.refunds_minor),
            "rollbacks": (revenue.rollbacks_count, revenue.rollbacks_minor),
            "net": (revenue.receipts_count, revenue.net_minor),
        }
        found = {
            key: self._figure(key, self._money(minor, documents), count, documents)
            for key, (count, minor) in amounts.items()
        }
        receipts = self._write.number(revenue.receipts_count)
        found["receipts"] = self._figure("receipts", receipts, revenue.receipts_count, documents)
        found["average"] = Figure(self._money(revenue.average_minor, documents))
        found["discounts"] = self._discounts(documents, total.discounts_minor)
        return found

    def _discounts(self, documents: Documents, minor: int) -> Figure:
        text = self._money(minor, documents)
        if not minor:
            return Figure(text)
        name = gettext("%(number)s: discounts, %(where)s", number=text, where=documents.where)
        return Figure(text, documents.address + _QUERIES["discounts"], name)

    def kinds(self, documents: Documents, figures: Mapping[str, Figure], revenue: Revenue) -> list[Kind]:
        """Sales, refunds, annulments, and what they come to: what `figures` says of this revenue, with the receipts."""
        counts = {
            "sales": (revenue.sales_count, revenue.sales_minor),
            "refunds": (revenue.refunds_count, revenue.refunds_minor),
            "rollbacks": (revenue.rollbacks_count, revenue.rollbacks_minor),
            "net": (revenue.receipts_count, revenue.net_minor),
        }
        return [
            Kind(self.titles[key], self._figure(key, self._write.number(count), count, documents), figures[key], minor)
            for key, (count, minor) in counts.items()
        ]

    def payments(self, documents: Documents, payments: Payments) -> list[Kind]:
        """The sales by how they were paid."""
        ways = {
            "cash": (payments.cash_count, payments.cash_minor),
            "cashless": (payments.cashless_count, payments.cashless_minor),
            "other": (payments.other_count, payments.other_minor),
        }
        return [
            Kind(
                self.titles[way],
                self._figure(way, self._write.number(count), count, documents),
                self._figure(way, self._money(minor, documents), count, documents),
                minor,
            )
            for way, (count, minor) in ways.items()
        ]

    def _money(self, minor: int, documents: Documents) -> str:
        return self._write.money(minor, documents.currency if self.shows_currency else None)

    def _figure(self, key: str, text: str, count: int, documents: Documents) -> Figure:
        if not count:
            return Figure(text)
        name = self._name % {
            "number": text,
            "what": self.titles[key],
            "where": documents.where,
            "count": self._write.number(count),
        }
        return Figure(text, documents.address + _QUERIES[key], name)


def where_of(period: Period, place: str = "") -> str:
    """«23.11.2026», or «17.11.2026 – 23.11.2026, Магазин 1»."""
    days = day(period.first)
    if period.days > 1:
        days = gettext("%(first)s – %(last)s", first=days, last=day(period.last))
    return gettext("%(day)s, %(outlet)s", day=days, outlet=place) if place else days
