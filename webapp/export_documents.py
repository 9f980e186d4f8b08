"""The rows of Cash documents as a file has them: an amount and its currency in columns of their own, local times."""

import dataclasses
from collections.abc import Callable, Iterator
from zoneinfo import ZoneInfo

from flask_babel import lazy_gettext as _

from sql.document_plans import PAID_TYPES, Limits, Search
from sql.document_search import Found, find_documents
from sql.document_summary import is_quick, summarise
from sql.document_windows import WITHOUT_SUM
from sql.engine import Engine, reading
from sql.instants import from_us
from webapp.document_search import search_of
from webapp.filter_words import STATES, TYPES
from webapp.filters import NAMES, Filters
from webapp.sheets import Column, Row

__all__ = ["NAMES"]

STEP = Limits(page=4_000, window=4_001)
COLUMNS = (
    Column(_("Date and time"), "moment", 19),
    Column(_("Business day"), "day", 12),
    Column(_("Outlet"), width=36),
    Column(_("Register"), width=14),
    Column(_("Shift"), "ordinal", 8),
    Column(_("Number"), "ordinal", 10),
    Column(_("Type"), width=22),
    Column(_("Sum"), "money"),
    Column(_("Cash"), "money"),
    Column(_("Cashless"), "money"),
    Column(_("Other"), "money"),
    Column(_("Discounts"), "money"),
    Column(_("Currency"), width=9),
    Column(_("Cashier"), width=24),
    Column(_("УИ"), width=28),
    Column(_("State"), width=12),
)


def count(engine: Engine, merchant_id: int, filters: Filters, most: int, goes_on: Callable[[], bool]) -> int:
    """How many documents the filters choose; `most` if there are no fewer, or if they can't be counted in time.

    Turnover knows most of them. The others are counted step by step, for as long as it `goes_on`.
    """
    search = search_of(merchant_id, filters)
    with_sum = tuple(type_ for type_ in search.possible_types if type_ not in WITHOUT_SUM)
    others = tuple(type_ for type_ in search.possible_types if type_ in WITHOUT_SUM)
    known = dataclasses.replace(search, types=with_sum)
    if not with_sum or not is_quick(known):
        return _counted(engine, search, most, goes_on)
    with reading(engine) as connection:
        found = sum(row.count for row in summarise(connection, known).sums)
    if others and found < most:
        found += _counted(engine, dataclasses.replace(search, types=others), most - found, goes_on)
    return min(found, most)


def _counted(engine: Engine, search: Search, most: int, goes_on: Callable[[], bool]) -> int:
    after, found = None, 0
    while found < most:
        if not goes_on():
            return most
        with reading(engine) as connection:
            step = find_documents(connection, search, after, STEP)
        found, after = found + len(step.documents), step.after
        if after is None:
            return min(found, most)
    return most


def rows(engine: Engine, merchant_id: int, filters: Filters) -> Iterator[Row]:
    """The documents that the filters choose, without those of outlets and registers that they don't know yet."""
    search, after, row_of = search_of(merchant_id, filters), None, row_maker(filters)
    while True:
        with reading(engine) as connection:
            step = find_documents(connection, search, after, STEP)
        yield from (row_of(each) for each in step.documents if is_known(filters, each))
        after = step.after
        if after is None:
            return


def is_known(filters: Filters, document: Found) -> bool:
    """Whether its outlet and register were there when the filters were read, some steps ago."""
    return document.outlet_id in filters.outlets and document.sko_id in filters.skos


def row_maker(filters: Filters) -> Callable[[Found], Row]:
    """A function that makes cells of a document, with all words and names looked up beforehand."""
    types = {name: str(words) for name, words in TYPES.items()}
    states = {name: str(words) for name, words in STATES.items()}
    zones = {outlet_id: ZoneInfo(outlet.time_zone) for outlet_id, outlet in filters.outlets.items()}
    names = {outlet_id: outlet.name for outlet_id, outlet in filters.outlets.items()}
    numbers = {sko_id: sko.number for sko_id, sko in filters.skos.items()}

    def row_of(document: Found) -> Row:
        has_sum, is_paid = document.type not in WITHOUT_SUM, document.type in PAID_TYPES
        return (
            from_us(document.issued_us).astimezone(zones[document.outlet_id]).replace(tzinfo=None),
            document.day,
            names[document.outlet_id],
            numbers[document.sko_id],
            document.shift,
            document.number,
            types[document.type],
            document.total_minor if has_sum else None,
            document.cash_minor if is_paid else None,
            document.cashless_minor if is_paid else None,
            document.other_minor if is_paid else None,
            document.discount_minor if is_paid else None,
            document.currency,
            document.cashier,
            document.uid,
            states[document.state],
        )

    return row_of
