"""The filters that the pages of Reports share: the outlet and the days, and what each list chooses beside them."""

import datetime
from collections.abc import Iterable, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from flask import request
from flask_babel import gettext

from sql.engine import Connection
from sql.event_reports import EventSearch
from sql.instants import to_us
from sql.invalid_documents import STATES, InvalidSearch
from sql.tables import EVENT_KINDS
from webapp.filters import Filters
from webapp.invalid_words import REASONS
from webapp.periods import DAY, Period
from webapp.scope import Reach

NAMES = ("outlet", "period", "from", "to", "date")
INVALID_NAMES = (*NAMES, "sko", "code", "only")
EVENT_NAMES = (*NAMES, "sko", "kind")
USUAL_PERIOD = "week"
CHOICES: dict[str, Sequence[str]] = {"code": tuple(REASONS), "only": STATES, "kind": EVENT_KINDS}


def report_filters(connection: Connection, reach: Reach, names: Iterable[str] = NAMES) -> Filters:
    """The filters of the query string, with a sentence about whatever is wrong in one of CHOICES."""
    names = tuple(names)
    filters = reach.filters(
        connection, request.args, USUAL_PERIOD, names=names, skos="all" if "sko" in names else "none"
    )
    for name in CHOICES.keys() & set(names):
        if set(filters.typed[name]) - set(CHOICES[name]) or len(filters.typed[name]) > 1:
            filters.problems[name] = gettext("There is no such choice: take one from the list.")
    return filters


def chosen(filters: Filters, name: str) -> str | None:
    """What a filter of CHOICES says, None: anything."""
    return None if filters.problems else next(iter(filters.typed.get(name, ())), None)


def period_of(filters: Filters) -> Period:
    return filters.period or Period(filters.today, filters.today)


def times_of(filters: Filters) -> tuple[int, int]:
    """The period as instants: from the first on until before the second.

    Its days are those of the first outlet's time zone, since not everything has happened at one.
    """
    period, zone = period_of(filters), ZoneInfo(filters.zone)
    begin, end = (datetime.datetime.combine(day, datetime.time(), zone) for day in (period.first, period.last + DAY))
    return to_us(begin), to_us(end)


def days_query(filters: Filters, **more: Any) -> dict[str, Any]:
    """The query string for the same days and outlets on another page."""
    period = period_of(filters)
    days = {"from": period.first.isoformat(), "to": period.last.isoformat()}
    if filters.preset in (None, "own"):
        named: dict[str, Any] = days
    else:
        named = {"period": filters.preset}
    return {name: value for name, value in {**named, "outlet": filters.chosen_ids, **more}.items() if value}


def invalid_search(merchant_id: int, filters: Filters) -> InvalidSearch:
    since_us, until_us = times_of(filters)
    return InvalidSearch(
        merchant_id=merchant_id,
        since_us=since_us,
        until_us=until_us,
        outlet_ids=filters.outlet_ids,
        sko_ids=filters.sko_ids,
        code=chosen(filters, "code"),
        state=chosen(filters, "only"),
    )


def event_search(merchant_id: int, filters: Filters) -> EventSearch:
    since_us, until_us = times_of(filters)
    return EventSearch(
        merchant_id=merchant_id,
        since_us=since_us,
        until_us=until_us,
        outlet_ids=filters.outlet_ids,
        sko_ids=filters.sko_ids,
        kind=chosen(filters, "kind"),
    )
