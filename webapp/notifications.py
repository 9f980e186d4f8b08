"""Notifications: what about the registers needs attention, those first about which there was something new last."""

import datetime
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar
from zoneinfo import ZoneInfo

from flask import Blueprint, flash, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_login import current_user
from werkzeug.exceptions import NotFound

from sql import notification_lists
from sql.engine import Connection, reading, writing
from sql.instants import from_us, now_us
from sql.notification_lists import Cursor, Line, Reader, read_notifications
from sql.skos import Sko
from webapp.database import engine
from webapp.fragments import page_or_fragment, show_address, wants_fragment
from webapp.guard import go_to, own_page, unattended
from webapp.notification_filters import NotificationFilters, parse_notification_filters
from webapp.notification_words import RULES, SEVERITY_WORDS, address, sentence
from webapp.roles import needs, own
from webapp.scope import Reach, own_reach

PAGE_LINES = 50

blueprint = Blueprint("notifications", __name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A notification in words; `heading` is its day where the list comes to a new one. `sko` and `outlet` are names."""

    rules: ClassVar = RULES
    severities: ClassVar = SEVERITY_WORDS

    heading: datetime.date | None
    line: Line
    sko: str
    outlet: str
    zone: str
    sentence: str
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Notifications:
    """All that the templates know. `older` is the address of what follows; None: nothing does."""

    filters: NotificationFilters
    unread: int
    lines: Sequence[Shown] = field(default_factory=tuple)
    older: str | None = None


def reader() -> Reader:
    """The logged-in person, as the ground floor asks for one."""
    return Reader(current_user.merchant_id, current_user.account_id, current_user.limit)


@blueprint.get("/notifications")
@needs("notifications")
def page() -> ResponseReturnValue:
    with reading(engine()) as connection:
        shown = _asked_for(connection)
    response = page_or_fragment("notifications/page.html", "answer", shown=shown, is_fragment=wants_fragment())
    if wants_fragment():
        show_address(response, url_for(".page", **shown.filters.shared.query()))
    return response, 400 if shown.filters.shared.problems else 200


@blueprint.get("/notifications/older")
@needs("notifications")
def older() -> ResponseReturnValue:
    """What follows in the list; without htmx a page that begins there."""
    with reading(engine()) as connection:
        shown = _asked_for(connection)
    response = page_or_fragment("notifications/page.html", "older", shown=shown, is_fragment=False)
    return response, 400 if shown.filters.shared.problems else 200


@blueprint.get("/notifications/unread")
@needs("notifications")
@unattended
def unread() -> ResponseReturnValue:
    """The badge of the header, which every page asks for by itself."""
    with reading(engine()) as connection:
        count = notification_lists.unread_count(connection, reader())
    return page_or_fragment("notifications/unread.html", "badge", unread=count)


@blueprint.post("/notifications/read")
@needs("notifications")
@own
def read_all() -> ResponseReturnValue:
    with writing(engine()) as connection:
        notification_lists.mark_read(connection, reader(), now_us())
    flash(gettext("All notifications are marked as read."))
    return go_to(own_page(request.form.get("next")) if request.form.get("next") else url_for(".page"))


@blueprint.post("/notifications/<notification_id>/read")
@needs("notifications")
@own
def read(notification_id: str) -> ResponseReturnValue:
    """Mark one as read: htmx gets its line anew, and the badge; a form leads to where it can be looked into."""
    with writing(engine()) as connection:
        found_line(connection, notification_id)
        notification_lists.mark_read(connection, reader(), now_us(), notification_id)
        [shown] = in_words(connection, own_reach(), [found_line(connection, notification_id)])
        count = notification_lists.unread_count(connection, reader())
    if wants_fragment():
        return page_or_fragment("notifications/line.html", "line", shown=shown, unread=count)
    return go_to(shown.address if request.form.get("look") else url_for(".page"))


def found_line(connection: Connection, notification_id: str) -> Line:
    """One that the logged-in person may see; of others there is none."""
    line = notification_lists.notification_of(connection, reader(), notification_id)
    if line is None:
        raise NotFound
    return line


def _asked_for(connection: Connection) -> Notifications:
    reach = own_reach()
    filters = parse_notification_filters(connection, reach, request.args)
    unread = notification_lists.unread_count(connection, reader())
    if filters.shared.problems:
        return Notifications(filters=filters, unread=unread)
    limit = PAGE_LINES + 1  # one more tells whether anything follows
    found = read_notifications(connection, reader(), filters.wanted, limit=limit, after=filters.after)
    lines = in_words(connection, reach, found[:PAGE_LINES], filters.shared.skos)
    follows = len(found) > PAGE_LINES
    cursor = str(found[PAGE_LINES - 1].cursor) if follows else ""
    older = url_for(".older", **filters.shared.query(after=cursor)) if follows else None
    return Notifications(filters=filters, unread=unread, lines=_with_days(lines, filters), older=older)


def in_words(
    connection: Connection, reach: Reach, lines: Sequence[Line], skos: Mapping[int, Sko] | None = None
) -> list[Shown]:
    """These notifications with the names of their outlets and registers, as the reader calls them."""
    outlets = {outlet.outlet_id: outlet for outlet in reach.outlets(connection)}
    known = {sko.sko_id: sko for sko in reach.skos(connection)} if skos is None else skos
    usual = reach.zone(connection)
    shown = []
    for line in lines:
        its = line.notification
        outlet, number = outlets.get(its.outlet_id), known[its.sko_id].number if its.sko_id in known else ""
        zone = outlet.time_zone if outlet else usual
        words = {"sentence": sentence(its, zone), "address": address(its, number)}
        name = outlet.name if outlet else ""
        shown.append(Shown(heading=None, line=line, sko=number, outlet=name, zone=zone, **words))
    return shown


def _with_days(lines: Sequence[Shown], filters: NotificationFilters) -> list[Shown]:
    return list(_headed(lines, ZoneInfo(filters.shared.zone), filters.after if wants_fragment() else None))


def _headed(lines: Sequence[Shown], zone: ZoneInfo, before: Cursor | None) -> Iterator[Shown]:
    day = from_us(before.last_us).astimezone(zone).date() if before else None
    for shown in lines:
        its_day = from_us(shown.line.notification.last_us).astimezone(zone).date()
        yield replace(shown, heading=its_day if its_day != day else None)
        day = its_day
