"""Searching among a merchant's documents, newest first, at a cost that does not depend on how many there are.

A search goes step by step. A step looks at a window of the documents that the best index for the filters leads to, and
answers what it has found, with a cursor from which to go on: the page is full, or the window ended before. Between the
steps, turnover tells which days have nothing to find, and these are skipped.
"""

import datetime
import re
from dataclasses import dataclass
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from sql.document_days import Place, Signs, kinds_of, last_day
from sql.document_plans import Limits, Plan, Search, plan_of
from sql.document_windows import page_statement
from sql.instants import from_us, to_us

DAY = datetime.timedelta(days=1)
_CURSOR = re.compile("([0-9a-f]{1,13})-([0-9a-f]{1,8})-([0-9a-f]{1,14})")


class Cursor(NamedTuple):
    """A place in the list: what follows is older than this document, or than this instant where the others are 0."""

    issued_us: int
    sko_id: int = 0
    number: int = 0

    def __str__(self) -> str:
        return "-".join(f"{part:x}" for part in self)

    @classmethod
    def parse(cls, text: str) -> "Cursor":
        """What `str` wrote. Raises ValueError for anything else."""
        found = _CURSOR.fullmatch(text)
        if found is None:
            raise ValueError("not a cursor")
        return cls(*(int(part, 16) for part in found.groups()))


NEWEST = Cursor(2**52 - 1)


class Found(NamedTuple):
    """A document in the list: its columns, and its `state`: sent, pending or refused."""

    sko_id: int
    number: int
    type: str
    uid: str
    shift: int
    issued_us: int
    day: datetime.date
    outlet_id: int
    currency: str
    cashier: str
    offline: bool
    total_minor: int
    cash_minor: int
    cashless_minor: int
    other_minor: int
    discount_minor: int
    state: str


@dataclass(frozen=True, slots=True)
class Step:
    """What a step has found, and from where to go on; `after` None: there is nothing older.

    Where `is_full` is false, all documents down to `after` have been looked at, without finding a page of them.
    """

    documents: list[Found]
    after: Cursor | None
    is_full: bool


NOTHING = Step([], None, is_full=False)
DEFAULT = Limits()


def find_documents(
    connection: sa.Connection, search: Search, after: Cursor | None = None, limits: Limits = DEFAULT
) -> Step:
    """A step of the search, newest first, from a cursor on. At most five short queries."""
    plan = plan_of(connection, search, limits)
    if plan is None:
        return NOTHING
    start = _skip(connection, search, plan, min(after or NEWEST, newest(search)), limits)
    if start is None:
        return NOTHING
    if start.is_far:
        return Step([], start.cursor, is_full=False)
    statement = page_statement(plan.shape, limits.page + 1)
    rows = connection.execute(statement, plan.values | bounds(search, start.cursor)).all()
    found = [Found(*row[:-2]) for row in rows if row.matches]
    if len(found) > limits.page:
        return Step(found[:-1], _place_of(found[-2]), is_full=True)
    if not rows or rows[-1].place != limits.window:
        return Step(found, None, is_full=False)
    end = _skip(connection, search, plan, _place_of(rows[-1]), limits)
    return Step(found, end.cursor if end else None, is_full=len(found) == limits.page)


def _place_of(row: Any) -> Cursor:
    return Cursor(row.issued_us, row.sko_id, row.number)


def newest(search: Search) -> Cursor:
    """Where the list begins."""
    return Cursor(max(_midnight_us(search.last + DAY, zone) for zone in search.zones)) if search.last else NEWEST


def bounds(search: Search, start: Cursor) -> dict[str, int]:
    """The parameters that say between which instants to look."""
    since_us = min(_midnight_us(search.first, zone) for zone in search.zones) if search.first else 0
    return {"since_us": since_us, **{f"after_{name}": part for name, part in start._asdict().items()}}


class _Skip(NamedTuple):
    """A cursor that leaves nothing out; `is_far` if that was a long way to go, and nothing need be there yet."""

    cursor: Cursor
    is_far: bool


def _skip(connection: sa.Connection, search: Search, plan: Plan, start: Cursor, limits: Limits) -> _Skip | None:
    """Past the days after which nothing can be found any more before `start`; None if nothing can be found at all."""
    kinds = kinds_of(search.possible_types)
    if kinds is None or plan.is_short:
        return _Skip(start, is_far=False)
    first, last = search.days
    last = min(last, max(from_us(start.issued_us).astimezone(ZoneInfo(zone)).date() for zone in search.zones))
    look = last_day(
        connection,
        search.merchant_id,
        Signs(kinds, search.payments, search.currency is not None, search.min_minor is not None, search.discounted),
        Place(search.outlet_ids, search.sko_ids),
        (first, last),
        currency=search.currency,
        min_minor=search.min_minor,
        window=limits.turnover_window,
    )
    if look is None:
        return None
    cursor = min(start, Cursor(max(_midnight_us(look.day + DAY, zone) for zone in search.zones)))
    return _Skip(cursor, is_far=not look.shows and cursor < start)


def _midnight_us(day: datetime.date, zone: str) -> int:
    """The instant at which the day begins there."""
    return to_us(datetime.datetime.combine(day, datetime.time(), ZoneInfo(zone)))
