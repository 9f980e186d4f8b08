"""What the templates of the lists behind Reports show: invalid documents and events, newest first, page by page."""

import datetime
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple
from zoneinfo import ZoneInfo

from flask import request, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _

from sql.engine import Connection
from sql.event_reports import EventPlace, ReportedEvent, find_events
from sql.instants import from_us
from sql.invalid_documents import Invalid, InvalidPlace, find_invalid
from webapp.filters import Filters
from webapp.invalid_words import REASONS, Reason, reason_of
from webapp.report_filters import event_search, invalid_search
from webapp.scope import Reach
from webapp.sko_words import EVENTS, Sign

PAGE_ROWS = 50


class InvalidRow(NamedTuple):
    """A document in the list; `heading` is its day where the list comes to a new one."""

    heading: datetime.date | None
    time: str
    document: Invalid
    reason: Reason
    sko: str | None
    outlet: str | None
    address: str

    @property
    def tone(self) -> str:
        return "good" if self.document.is_corrected else "careful" if self.document.is_conflict else "bad"

    @property
    def state(self) -> str:
        return state_of(self.document)


class EventRow(NamedTuple):
    heading: datetime.date | None
    time: str
    event: ReportedEvent
    sign: Sign
    sko: str
    outlet: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InvalidList:
    """`older` is the cursor of what follows; None: nothing does."""

    endpoint: ClassVar = "reports.invalid"
    title: ClassVar = _("Invalid documents")
    rows_template: ClassVar = "reports/_invalid_rows.html"
    code_options: ClassVar = [(code, reason.name) for code, reason in REASONS.items()]

    filters: Filters
    rows: Sequence[InvalidRow] = ()
    after: InvalidPlace | None = None
    older: InvalidPlace | None = None

    @property
    def only_options(self) -> list[tuple[str, str]]:
        return [("open", gettext("Not corrected")), ("corrected", gettext("Corrected since"))]


@dataclass(frozen=True, slots=True, kw_only=True)
class EventList:
    endpoint: ClassVar = "reports.events"
    title: ClassVar = _("Register events")
    rows_template: ClassVar = "reports/_events_rows.html"
    kind_options: ClassVar = [(kind, sign.name) for kind, sign in EVENTS.items()]

    filters: Filters
    rows: Sequence[EventRow] = ()
    after: EventPlace | None = None
    older: EventPlace | None = None


def state_of(document: Invalid) -> str:
    """What has become of an invalid document, in words."""
    if document.is_corrected:
        return str(gettext("Corrected since"))
    return str(gettext("The stored document stays") if document.is_conflict else gettext("Not corrected"))


def invalid_list(connection: Connection, reach: Reach, filters: Filters, *, goes_on: bool) -> InvalidList:
    """A page of the list. `goes_on`: it is put below the one before, so that its first day may stand there already."""
    after = _place(filters, InvalidPlace.parse)
    if filters.problems or not filters.outlets:
        return InvalidList(filters=filters)
    search = invalid_search(reach.merchant_id, filters)
    found = find_invalid(connection, search, PAGE_ROWS + 1, after)  # one more tells whether anything follows
    shown = found[:PAGE_ROWS]
    filters = reach.with_skos_of(connection, filters, [each.sko_id for each in shown if each.sko_id is not None])
    days = _Days(filters.zone, after.received_us if after and goes_on else None)
    rows = [
        InvalidRow(
            *days.told(each.received_us),
            each,
            reason_of(each.code),
            filters.skos[each.sko_id].number if each.sko_id is not None else None,
            filters.outlets[each.outlet_id].name if each.outlet_id is not None else None,
            url_for("reports.document", content_hash=each.content_hash.hex(), code=each.code),
        )
        for each in shown
    ]
    older = shown[-1].place if len(found) > len(shown) else None
    return InvalidList(filters=filters, rows=rows, after=after, older=older)


def event_list(connection: Connection, reach: Reach, filters: Filters, *, goes_on: bool) -> EventList:
    """A page of the list, as `invalid_list`."""
    after = _place(filters, EventPlace.parse)
    if filters.problems or not filters.outlets:
        return EventList(filters=filters)
    found = find_events(connection, event_search(reach.merchant_id, filters), PAGE_ROWS + 1, after)
    shown = found[:PAGE_ROWS]
    filters = reach.with_skos_of(connection, filters, _registers(shown))
    days = _Days(filters.zone, after.occurred_us if after and goes_on else None)
    rows = [
        EventRow(
            *days.told(each.occurred_us),
            each,
            EVENTS[each.kind],
            filters.skos[each.sko_id].number,
            filters.outlets[each.outlet_id].name,
        )
        for each in shown
    ]
    older = shown[-1].place if len(found) > len(shown) else None
    return EventList(filters=filters, rows=rows, after=after, older=older)


def _registers(events: Sequence[ReportedEvent]) -> Collection[int]:
    return {event.sko_id for event in events}


def _place(filters: Filters, parse: Any) -> Any:
    """Where in the list to begin. Nonsense is one more problem of the filters."""
    text = request.args.get("after")
    try:
        return parse(text) if text else None
    except ValueError:
        filters.problems["after"] = gettext("There is no such place in the list: start from its beginning.")
        return None


class _Days:
    """Tells the day of each row where it is a new one, and its time."""

    def __init__(self, zone: str, before_us: int | None) -> None:
        self._zone = ZoneInfo(zone)
        self._day = from_us(before_us).astimezone(self._zone).date() if before_us is not None else None

    def told(self, instant_us: int) -> tuple[datetime.date | None, str]:
        local = from_us(instant_us).astimezone(self._zone)
        is_new = local.date() != self._day
        self._day = local.date()
        return (local.date() if is_new else None), f"{local:%H:%M:%S}"
