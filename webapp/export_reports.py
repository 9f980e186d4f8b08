"""The rows of invalid documents and of events as the report has them, read in steps as they stand in the lists."""

from collections.abc import Callable, Iterator
from typing import Any
from zoneinfo import ZoneInfo

from flask_babel import lazy_gettext as _

from sql import event_reports, invalid_documents
from sql.engine import Engine, reading
from sql.event_reports import find_events
from sql.instants import from_us
from sql.invalid_documents import find_invalid
from webapp.filters import Filters
from webapp.invalid_words import REASONS, reason_of
from webapp.report_filters import NAMES, event_search, invalid_search
from webapp.report_lists import state_of
from webapp.sheets import Column, Row
from webapp.sko_words import EVENTS

__all__ = ["NAMES"]

GoesOn = Callable[[], bool]

STEP_ROWS = 1_000
TEXT_MAX = 32_767  # of a cell in Excel
INVALID_COLUMNS = (
    Column(_("Received"), "moment", 19),
    Column(_("Outlet"), width=36),
    Column(_("Register"), width=14),
    Column(_("Number"), "ordinal", 10),
    Column(_("Reason"), width=36),
    Column(_("Field"), width=24),
    Column(_("For the integrator"), width=48),
    Column(_("State"), width=18),
    Column(_("As the register sent it"), width=60),
)
EVENT_COLUMNS = (
    Column(_("Date and time"), "moment", 19),
    Column(_("Outlet"), width=36),
    Column(_("Register"), width=14),
    Column(_("Event"), width=32),
    Column(_("In the register's words"), width=48),
)


def count_invalid_rows(engine: Engine, merchant_id: int, filters: Filters, most: int, _goes_on: GoesOn) -> int:
    with reading(engine) as connection:
        return invalid_documents.count_found(connection, invalid_search(merchant_id, filters), most)


def invalid_rows(engine: Engine, merchant_id: int, filters: Filters) -> Iterator[Row]:
    search, after, zone = invalid_search(merchant_id, filters), None, ZoneInfo(filters.zone)
    reasons = {code: str(reason.name) for code, reason in REASONS.items()}
    while True:
        with reading(engine) as connection:
            found = find_invalid(connection, search, STEP_ROWS, after)
        for each in found:
            yield (
                _local(each.received_us, zone),
                _name(filters, each.outlet_id),
                _number(filters, each.sko_id),
                each.number,
                reasons.get(each.code) or str(reason_of(each.code).name),
                each.pointer.removeprefix("/"),
                each.detail,
                state_of(each),
                each.body.decode("utf-8", "replace")[:TEXT_MAX],
            )
        if len(found) < STEP_ROWS:
            return
        after = found[-1].place


def count_event_rows(engine: Engine, merchant_id: int, filters: Filters, most: int, _goes_on: GoesOn) -> int:
    with reading(engine) as connection:
        return event_reports.count_found(connection, event_search(merchant_id, filters), most)


def event_rows(engine: Engine, merchant_id: int, filters: Filters) -> Iterator[Row]:
    search, after, zone = event_search(merchant_id, filters), None, ZoneInfo(filters.zone)
    kinds = {kind: str(sign.name) for kind, sign in EVENTS.items()}
    while True:
        with reading(engine) as connection:
            found = find_events(connection, search, STEP_ROWS, after)
        for each in found:
            place, number = _name(filters, each.outlet_id), _number(filters, each.sko_id)
            yield _local(each.occurred_us, zone), place, number, kinds[each.kind], each.detail
        if len(found) < STEP_ROWS:
            return
        after = found[-1].place


def _local(instant_us: int, zone: ZoneInfo) -> Any:
    return from_us(instant_us).astimezone(zone).replace(tzinfo=None)


def _name(filters: Filters, outlet_id: int | None) -> str | None:
    outlet = filters.outlets.get(outlet_id or 0)
    return outlet.name if outlet else None


def _number(filters: Filters, sko_id: int | None) -> str | None:
    """A register that was added since the report was begun has no number in it."""
    sko = filters.skos.get(sko_id or 0)
    return sko.number if sko else None
