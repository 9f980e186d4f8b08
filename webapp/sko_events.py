"""What a register reports, the newest first, page by page: of all kinds or of one."""

import datetime
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

from flask_babel import gettext
from werkzeug.datastructures import MultiDict

from sql.engine import Connection
from sql.events import Event, EventCursor, read_events
from sql.instants import from_us
from sql.placements import Stay
from sql.skos import Sko
from webapp.filter_values import Typed
from webapp.periods import Problem
from webapp.sko_words import EVENTS, Sign

PAGE_EVENTS = 50
NAMES = ("kind", "after")


@dataclass(frozen=True, slots=True, kw_only=True)
class EventFilters:
    """Which events somebody wants to see. Where `problems` is not empty, `typed` is shown again."""

    kind: str | None
    after: EventCursor | None
    typed: dict[str, list[str]]
    problems: dict[str, str] = field(default_factory=dict)

    def query(self, **changes: Any) -> dict[str, Any]:
        """The query string that leads here, from the beginning, with these changes."""
        return ({"kind": self.typed["kind"]} if self.typed["kind"] else {}) | changes


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """An event in words; `heading` is its day where the list comes to a new one."""

    heading: datetime.date | None
    time: str
    event: Event
    sign: Sign


@dataclass(frozen=True, slots=True, kw_only=True)
class Events:
    """All that the templates know. `older` is the cursor of what follows; None: nothing does."""

    filters: EventFilters
    lines: Sequence[Line] = ()
    older: EventCursor | None = None

    @property
    def options(self) -> list[tuple[str, str]]:
        return [(kind, str(sign.name)) for kind, sign in EVENTS.items()]


def parse_event_filters(arguments: MultiDict[str, str]) -> EventFilters:
    typed = {name: [text for text in arguments.getlist(name) if text.strip()] for name in NAMES}
    problems: list[Problem] = []
    kind, after = _kind(typed, problems), _place(typed, problems)
    return EventFilters(kind=kind, after=after, typed=typed, problems=dict(problems))


def _kind(typed: Typed, problems: list[Problem]) -> str | None:
    chosen = typed["kind"]
    if len(chosen) > 1 or (chosen and chosen[0] not in EVENTS):
        problems.append(Problem("kind", gettext("There is no such choice: take one from the list.")))
        return None
    return chosen[0] if chosen else None


def _place(typed: Typed, problems: list[Problem]) -> EventCursor | None:
    try:
        return EventCursor.parse(typed["after"][-1]) if typed["after"] else None
    except ValueError:
        problems.append(Problem("after", gettext("There is no such place in the list: start from the newest events.")))
        return None


def events_of(
    connection: Connection, sko: Sko, filters: EventFilters, zone: str, stays: Sequence[Stay] | None, *, goes_on: bool
) -> Events:
    """A page of the register's events, in local time; of `stays` alone, if the reader may see no others.

    `goes_on`: it is put below the page before, so that its first day may have its heading there.
    """
    if filters.problems:
        return Events(filters=filters)
    found = read_events(
        connection,
        sko.merchant_id,
        sko.sko_id,
        limit=PAGE_EVENTS + 1,  # one more tells whether anything follows
        kind=filters.kind,
        during=None if stays is None else [(stay.since_us, stay.until_us) for stay in stays],
        after=filters.after,
    )
    shown = found[:PAGE_EVENTS]
    before = filters.after if goes_on else None
    older = shown[-1].cursor if len(found) > len(shown) else None
    return Events(filters=filters, lines=list(_lines(shown, ZoneInfo(zone), before)), older=older)


def _lines(events: Sequence[Event], zone: ZoneInfo, before: EventCursor | None) -> Iterator[Line]:
    day = from_us(before.occurred_us).astimezone(zone).date() if before else None
    for event in events:
        local = from_us(event.occurred_us).astimezone(zone)
        is_new = local.date() != day
        day = local.date()
        yield Line(heading=day if is_new else None, time=f"{local:%H:%M:%S}", event=event, sign=EVENTS[event.kind])
