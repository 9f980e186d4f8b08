"""The summary above the list of documents, ready to be shown."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from flask_babel import gettext, ngettext

from sql.document_plans import PAID_TYPES, Search
from sql.document_summary import Sum, Summary
from sql.document_windows import WITHOUT_SUM
from sql.tables import CURRENCIES, DOCUMENT_TYPES
from webapp import formats
from webapp.filter_words import PAYMENTS, TYPES


class Line(NamedTuple):
    """A type in words; amounts with their currency, empty where there are none."""

    name: str
    documents: str
    total: str
    discounts: str


class Part(NamedTuple):
    """A currency. `net` is sales less refunds and annulments, None where these are not all known or not asked for."""

    currency: str
    rows: list[Line]
    net: int | None


@dataclass(frozen=True, slots=True)
class Sums:
    """What the documents of a search come to. Where not everything was counted, numbers are the least they can be."""

    search: Search
    summary: Summary

    @property
    def is_empty(self) -> bool:
        return not self.summary.sums

    @property
    def is_exact(self) -> bool:
        return self.summary.is_exact

    @property
    def is_total(self) -> bool:
        """Whether a total of another page leads here."""
        return bool(self.search.types and self.search.currency)

    @property
    def has_discounts(self) -> bool:
        return self.search.discounted

    @property
    def heading(self) -> str:
        count = sum(row.count for row in self.summary.sums)
        text = ngettext("%(count)s document", "%(count)s documents", count, count=formats.number(count))
        return str(text if self.is_exact else gettext("At least %(documents)s", documents=text))

    @property
    def sum_heading(self) -> str:
        """What is added up: with payments, only what was paid in these ways."""
        ways = ", ".join(str(PAYMENTS[payment]) for payment in self.search.payments)
        return str(gettext("Sum, %(payments)s", payments=ways) if ways else gettext("Sum"))

    @property
    def parts(self) -> list[Part]:
        found = []
        for currency in CURRENCIES:
            rows = [row for row in self.summary.sums if row.currency == currency]
            if rows:
                found.append(Part(currency, [_line(row) for row in rows], self._net(rows)))
        return found

    def _net(self, rows: Sequence[Sum]) -> int | None:
        asked = set(self.search.types or DOCUMENT_TYPES) & set(PAID_TYPES)
        paid = [row for row in rows if row.type in PAID_TYPES]
        if len(asked) < 2 or "sale" not in asked or not all(row.is_exact for row in paid):
            return None
        return sum(row.sum_minor if row.type == "sale" else -row.sum_minor for row in paid)


def _line(row: Sum) -> Line:
    total = "" if row.type in WITHOUT_SUM else formats.money(row.sum_minor, row.currency)
    discounts = formats.money(row.discount_minor, row.currency)
    return Line(str(TYPES[row.type]), _at_least(formats.number(row.count), row), _at_least(total, row), discounts)


def _at_least(text: str, row: Sum) -> str:
    return text if row.is_exact or not text else str(gettext("at least %(number)s", number=text))
