"""The journal of a company, for its owners: who did what, when and from where, the newest first."""

import datetime
from collections.abc import Iterator
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from flask import Blueprint, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_login import current_user

from sql.engine import Connection, reading
from sql.instants import from_us
from sql.journal import OPERATOR, Entry, Person, people_in_journal, read_journal
from webapp.database import engine
from webapp.fragments import page_or_fragment, show_address, wants_fragment
from webapp.journal_filters import JournalFilters, parse_journal_filters
from webapp.journal_words import ACTIONS, details_in_words
from webapp.roles import needs
from webapp.scope import own_reach

PAGE_ENTRIES = 50

blueprint = Blueprint("journal", __name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """An entry in words; `heading` is its day where the list comes to a new one."""

    heading: datetime.date | None
    time: str
    entry: Entry
    actor: str
    action: str
    details: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Journal:
    """All that the templates know. `older` is the address of what follows; None: nothing does."""

    filters: JournalFilters
    people: list[Person]
    lines: list[Line]
    older: str | None

    @property
    def person_options(self) -> list[tuple[str, str]]:
        return [*((str(person.account_id), person.email) for person in self.people), (OPERATOR, gettext("Others"))]

    @property
    def action_options(self) -> list[tuple[str, str]]:
        return [(name, str(words)) for name, words in ACTIONS.items()]


@blueprint.get("/journal")
@needs("journal")
def page() -> ResponseReturnValue:
    with reading(engine()) as connection:
        journal = _asked_for(connection)
    response = page_or_fragment("journal/page.html", "answer", journal=journal, is_fragment=wants_fragment())
    if wants_fragment():
        show_address(response, url_for(".page", **journal.filters.query()))
    return response, 400 if journal.filters.problems else 200


@blueprint.get("/journal/older")
@needs("journal")
def older() -> ResponseReturnValue:
    """What follows in the list; without htmx a page that begins there."""
    with reading(engine()) as connection:
        journal = _asked_for(connection)
    response = page_or_fragment("journal/page.html", "older", journal=journal, is_fragment=False)
    return response, 400 if journal.filters.problems else 200


def _asked_for(connection: Connection) -> Journal:
    merchant_id = current_user.merchant_id
    people = people_in_journal(connection, merchant_id)
    filters = parse_journal_filters(request.args, people, own_reach().zone(connection))
    entries: list[Entry] = []
    if not filters.problems:
        limit = PAGE_ENTRIES + 1  # one more tells whether anything follows
        entries = read_journal(connection, merchant_id, filters.wanted, limit=limit, after=filters.after)
    shown = entries[:PAGE_ENTRIES]
    follows = len(entries) > len(shown)
    older = url_for(".older", **filters.query(after=str(shown[-1].cursor))) if follows else None
    return Journal(filters=filters, people=people, lines=list(_lines(shown, filters)), older=older)


def _lines(entries: list[Entry], filters: JournalFilters) -> Iterator[Line]:
    zone = ZoneInfo(filters.zone)
    before = from_us(filters.after.at_us).astimezone(zone).date() if filters.after and wants_fragment() else None
    for entry in entries:
        local = from_us(entry.at_us).astimezone(zone)
        day = local.date()
        yield Line(
            heading=day if day != before else None,
            time=f"{local:%H:%M:%S}",
            entry=entry,
            actor=_actor(entry),
            action=str(ACTIONS.get(entry.action, entry.action)),
            details=details_in_words(entry.detail),
        )
        before = day


def _actor(entry: Entry) -> str:
    if entry.account_id is None and entry.actor == OPERATOR:
        return str(gettext("Operator"))
    return entry.actor or str(gettext("Somebody unknown"))
