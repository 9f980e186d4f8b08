"""What the templates of Cash documents show: rows in words, and the addresses that lead on from here."""

import datetime
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import ClassVar, NamedTuple
from zoneinfo import ZoneInfo

from flask import current_app, url_for
from flask_babel import get_locale

from sql.document_search import Cursor, Found, Step
from sql.document_windows import WITHOUT_SUM
from sql.instants import from_us
from sql.receipts import Delivery
from sql.tables import CURRENCIES
from webapp import formats
from webapp.document_sums import Sums
from webapp.document_words import SIGNS, describe_sum
from webapp.filter_words import PAYMENTS, STATES, TYPES, in_words
from webapp.filters import Filters
from webapp.receipt_tape import Tape

STATE_SIGNS = {"sent": "check", "pending": "clock", "refused": "alert-triangle"}


class Row(NamedTuple):
    """A document in the list; `heading` is its day where the list comes to a new one."""

    heading: str | None
    key: str
    address: str
    type: str
    sign: str
    number: int
    what: str
    total: str
    state: str
    state_sign: str
    state_words: str
    iso: str
    moment: str
    sko: str
    outlet: str


@dataclass(frozen=True, kw_only=True)
class Documents:
    """All that the templates know.

    The list goes on `after` a cursor, below documents of the day `under` (ISO, empty: there are none). `step` is None
    where there is nothing to look for: no outlets, filters to correct, or a part of the page that needs no list.
    """

    types: ClassVar = TYPES
    payments: ClassVar = PAYMENTS
    states: ClassVar = STATES
    currencies: ClassVar = tuple((currency, currency) for currency in CURRENCIES)

    filters: Filters
    after: Cursor | None = None
    under: str = ""
    step: Step | None = None
    summary: Sums | None = None
    tape: Tape | None = None
    delivery: Delivery | None = None

    @cached_property
    def query(self) -> str:
        """The filters as they stand in an address: empty, or with a question mark."""
        return url_for("documents.page", **self.filters.query()).removeprefix(self._page)

    @cached_property
    def _page(self) -> str:
        return url_for("documents.page")

    @cached_property
    def is_filtered(self) -> bool:
        return bool(self.query)

    @property
    def newest(self) -> str:
        """The list from its beginning."""
        return self._page + self.query

    @property
    def here(self) -> str:
        """The list from where it begins now."""
        return self._from(self._page, self.after)

    @property
    def older(self) -> str:
        """The list from where it ends now."""
        return self._from(self._page, self.step.after if self.step else None)

    @property
    def older_rows(self) -> str:
        """The rows that follow, alone."""
        under = self.step.documents[-1].day.isoformat() if self.step and self.step.documents else self.under
        return self._from(url_for("documents.older"), self.step.after if self.step else None, under)

    @property
    def chosen(self) -> str | None:
        """The key of the document beside the list."""
        document = self.tape.receipt.document if self.tape else None
        return f"{document.sko}-{document.number}" if document else None

    @property
    def without_document(self) -> "Documents":
        return replace(self, tape=None, delivery=None)

    @property
    def summary_address(self) -> str:
        return url_for("documents.summary") + self.query

    def document_address(self, sko: str, number: int) -> str:
        """A document beside this list."""
        return self._from(f"{self._page}/{sko}/{number}", self.after)

    def _from(self, path: str, after: Cursor | None, under: str = "") -> str:
        more = [f"after={after}"] if after else []
        more += [f"under={under}"] if under else []
        return path + self.query + ("&" if self.query and more else "?" if more else "") + "&".join(more)

    @cached_property
    def rows(self) -> list[Row]:
        return rows_of(self, self.step.documents) if self.step else []

    @property
    def scope(self) -> list[tuple[str, str]]:
        """What is filtered, as (name, value)."""
        period, outlets, *others = in_words(self.filters)
        return [*[period] * bool(self.filters.period), *[outlets] * bool(self.filters.chosen_ids), *others]

    @property
    def looked_back_to(self) -> str | None:
        """The day down to which all documents have been looked through, where that has not filled the page."""
        if self.step is None or self.step.after is None or self.step.is_full:
            return None
        return formats.day(from_us(self.step.after.issued_us).astimezone(ZoneInfo(self.filters.zone)).date())


def rows_of(documents: Documents, found: Iterable[Found]) -> list[Row]:
    """The rows of a page; whatever repeats from row to row is worked out once."""
    filters = documents.filters
    comma = "," if str(get_locale()) == "en" else ""
    zones = {outlet_id: ZoneInfo(outlet.time_zone) for outlet_id, outlet in filters.outlets.items()}
    signs = _addresses(SIGNS)
    states = {name: (sign, str(STATES[name])) for name, sign in _addresses(STATE_SIGNS).items()}
    # Pages have fifty addresses that differ in two places only.
    address = documents.document_address("*", 0).partition("*/0")
    days: dict[datetime.date, str] = {}
    before, rows = documents.under, []
    for document in found:
        local = from_us(document.issued_us).astimezone(zones[document.outlet_id])
        day = days.get(local.date()) or days.setdefault(local.date(), formats.day(local.date()))
        sko = filters.skos[document.sko_id].number
        total = formats.money(document.total_minor, document.currency)
        business_day = document.day.isoformat()
        rows.append(
            Row(
                formats.day(document.day, "long") if business_day != before else None,
                f"{sko}-{document.number}",
                f"{address[0]}{sko}/{document.number}{address[2]}",
                document.type,
                signs[document.type],
                document.number,
                describe_sum(document, total),
                "" if document.type in WITHOUT_SUM else total,
                document.state,
                *states[document.state],
                local.isoformat(),
                f"{day}{comma} {local:%H:%M:%S}",
                sko,
                filters.outlets[document.outlet_id].name,
            )
        )
        before = business_day
    return rows


def _addresses(signs: dict[str, str]) -> dict[str, str]:
    """The addresses of icons by what they stand for."""
    icon_address = current_app.jinja_env.globals["icon_address"]
    return {name: icon_address(sign) for name, sign in signs.items()}  # type: ignore[operator]
