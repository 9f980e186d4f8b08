"""What can be had as a file: of each page its columns, how many rows its filters choose, and these rows one by one.

Rows are read in steps, each in a short transaction of its own: an export holds no snapshot open for minutes, which on
SQLite would keep the write-ahead log growing, and on PostgreSQL dead rows. Documents are never changed or deleted, and
each step goes on behind the last document of the one before: whatever was there at the start is in the file once.
"""

import time
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import parse_qsl, urlencode

from flask_babel import gettext
from flask_babel import lazy_gettext as _
from flask_babel.speaklater import LazyString
from werkzeug.datastructures import MultiDict

from sql.engine import Connection, Engine
from sql.exports import Export
from sql.instants import now_us
from sql.memberships import limit_of
from sql.merchants import Merchant, merchant_by_id
from webapp import export_documents, export_reports, export_tables, formats
from webapp.filter_words import in_words
from webapp.filters import Filters
from webapp.scope import Reach
from webapp.sheets import Column, Row, Sheet, Table

ROWS_MAX = 5_000_000
COUNTED_S = 0.5  # while somebody waits for the page
QUERY_LENGTH_MAX = 8_000


class FurtherTable(NamedTuple):
    """A table of a file: its heading, its columns, how many rows the filters choose, and these rows."""

    title: LazyString
    columns: tuple[Column, ...]
    count_rows: Callable[[Engine, int, Filters, int, Callable[[], bool]], int]
    rows: Callable[[Engine, int, Filters], Iterator[Row]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A page whose list or table can be had as a file. `names` are the filters that it knows.

    `sheet_title` is what its worksheet is called, where that is not the title of the page; `further` tables stand on
    worksheets of their own. `is_background`: however short, the file is made by the jobs, and waits for its reader.
    """

    title: LazyString
    address: str
    names: Sequence[str]
    default_period: str | None
    columns: tuple[Column, ...]
    count: Callable[[Engine, int, Filters, int, Callable[[], bool]], int]
    rows: Callable[[Engine, int, Filters], Iterator[Row]]
    further: tuple[FurtherTable, ...] = ()
    sheet_title: LazyString | None = None
    formats: tuple[str, ...] = ("xlsx", "csv")
    is_background: bool = False

    @property
    def tables(self) -> tuple[FurtherTable, ...]:
        """All of its tables, the first one too."""
        own = FurtherTable(self.sheet_title or self.title, self.columns, self.count, self.rows)
        return own, *self.further


SUBJECTS = {
    "documents": Subject(
        title=_("Cash documents"),
        address="/documents",
        names=export_documents.NAMES,
        default_period=None,
        columns=export_documents.COLUMNS,
        count=export_documents.count,
        rows=export_documents.rows,
    ),
    "sales": Subject(
        title=_("Sales"),
        address="/sales",
        names=export_tables.SALES_NAMES,
        default_period="week",
        columns=export_tables.SALES_COLUMNS,
        count=export_tables.count_sales,
        rows=export_tables.sales,
    ),
    "turnover": Subject(
        title=_("Turnover"),
        address="/turnover",
        names=export_tables.TURNOVER_NAMES,
        default_period="month",
        columns=export_tables.TURNOVER_COLUMNS,
        count=export_tables.count_turnover,
        rows=export_tables.turnover,
    ),
    "reports": Subject(
        title=_("Reports"),
        address="/reports",
        names=export_reports.NAMES,
        default_period="week",
        columns=export_documents.COLUMNS,
        count=export_documents.count,
        rows=export_documents.rows,
        sheet_title=_("Valid documents"),
        further=(
            FurtherTable(
                _("Invalid documents"),
                export_reports.INVALID_COLUMNS,
                export_reports.count_invalid_rows,
                export_reports.invalid_rows,
            ),
            FurtherTable(
                _("Events"),
                export_reports.EVENT_COLUMNS,
                export_reports.count_event_rows,
                export_reports.event_rows,
            ),
        ),
        formats=("xlsx",),
        is_background=True,
    ),
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """A file that somebody wants, in the reader's language."""

    name: str
    merchant: Merchant
    filters: Filters
    language: str

    @property
    def subject(self) -> Subject:
        return SUBJECTS[self.name]

    @property
    def is_empty(self) -> bool:
        """Whether the merchant has no outlets: then there is nothing to look for."""
        return not self.filters.outlets

    def count(self, engine: Engine, goes_on: Callable[[], bool]) -> int:
        """How many rows it will have, for as long as it `goes_on`; more than ROWS_MAX are not counted further."""
        return self._count(engine, ROWS_MAX + 1, goes_on)

    def is_short(self, engine: Engine, rows: int) -> bool:
        """Whether it is known to have no more than that; there is no long search for it."""
        if self.subject.is_background:
            return False
        deadline = time.monotonic() + COUNTED_S
        return self._count(engine, rows + 1, lambda: time.monotonic() < deadline) <= rows

    def _count(self, engine: Engine, most: int, goes_on: Callable[[], bool]) -> int:
        merchant_id, found = self.merchant.merchant_id, 0
        for table in () if self.is_empty else self.subject.tables:
            if found < most:
                found += table.count_rows(engine, merchant_id, self.filters, most - found, goes_on)
        return found

    def rows(self, engine: Engine) -> Iterator[Row]:
        return iter(()) if self.is_empty else self.subject.rows(engine, self.merchant.merchant_id, self.filters)

    def further(self, engine: Engine) -> list[Table]:
        """The tables behind the first one."""
        merchant_id = self.merchant.merchant_id
        return [
            Table(
                str(table.title),
                table.columns,
                iter(()) if self.is_empty else table.rows(engine, merchant_id, self.filters),
            )
            for table in self.subject.further
        ]

    def sheet(self) -> Sheet:
        said = about(str(self.subject.title), self.merchant, self.filters, now_us())
        title = str(self.subject.sheet_title or self.subject.title)
        return Sheet(title, self.subject.columns, str(_("About this file")), said, self.language)

    @property
    def file_name(self) -> str:
        """Without its ending: «Кассовые документы 2026-11-01 – 2026-11-24»."""
        period = self.filters.period
        days = (period.first, period.last) if period else (self.filters.today,)
        return f"{self.subject.title} {' – '.join(day.isoformat() for day in dict.fromkeys(days))}"

    @property
    def query(self) -> str:
        """The query string that asks for the same at any time: what today is, is written out."""
        pinned = {}
        if period := self.filters.period:
            days = {"from": period.first.isoformat(), "to": period.last.isoformat()}
            pinned = {"period": None, "date": None, **days}
        return urlencode(self.filters.query(**pinned), doseq=True)


def wanted_of(
    connection: Connection,
    merchant: Merchant,
    name: str,
    arguments: MultiDict[str, str],
    language: str,
    limit: tuple[int, ...] | None = None,
) -> Wanted:
    """What the query string of a page asks for. Its filters may have `problems`.

    Whoever may see only the outlets of `limit` asks for these by name, so that the file says so; None: for all.
    """
    subject = SUBJECTS[name]
    if limit is not None:
        arguments = with_outlets(arguments, limit)
    filters = Reach(merchant.merchant_id, limit).filters(
        connection, arguments, subject.default_period, names=subject.names
    )
    return Wanted(name, merchant, filters, language)


def with_outlets(arguments: MultiDict[str, str], outlet_ids: Sequence[int]) -> MultiDict[str, str]:
    """Name the outlets where none is chosen, which would mean all."""
    named = MultiDict(arguments)
    if not any(text.strip() for text in named.getlist("outlet")):
        named.setlist("outlet", [str(outlet_id) for outlet_id in outlet_ids])
    return named


def wanted_again(connection: Connection, export: Export) -> Wanted:
    """What was asked for in the past, within what its person may see now.

    ValueError if that makes no sense any more, NotFound if the person has left.
    """
    merchant = merchant_by_id(connection, export.merchant_id)
    limit = limit_of(connection, export.merchant_id, export.account_id)
    wanted = wanted_of(connection, merchant, export.subject, arguments_of(export), export.language, limit)
    if wanted.filters.problems:
        raise ValueError(f"The filters of export {export.export_id}: {wanted.filters.problems}")
    return wanted


def arguments_of(export: Export) -> MultiDict[str, str]:
    return MultiDict(parse_qsl(export.query, keep_blank_values=True))


def is_within(export: Export, limit: Collection[int] | None) -> bool:
    """Whether a file that was asked for in the past holds nothing but these outlets; None: there is no limit."""
    named = {text.strip() for text in arguments_of(export).getlist("outlet") if text.strip()}
    return limit is None or (bool(named) and named <= {str(outlet_id) for outlet_id in limit})


def about(title: str, merchant: Merchant, filters: Filters, now_us: int) -> tuple[tuple[str, str], ...]:
    """Lines of (label, text): what the file shows, of whom, chosen how, and when it was made."""
    return (
        (gettext("What"), title),
        (gettext("Company"), merchant.name),
        (gettext("UNP"), merchant.unp),
        *in_words(filters),
        (gettext("Created"), f"{formats.moment(now_us, filters.zone)} ({filters.zone})"),
        (gettext("Times"), gettext("Local, where the outlet is.")),
    )
