"""Events of registers: online, offline, paper out, settings applied, …"""

import re
from collections.abc import Sequence
from typing import NamedTuple

import sqlalchemy as sa

from sql import dialect
from sql.tables import EVENT_KINDS, event


class NewEvent(NamedTuple):
    """A row of `event`, in the order of its columns."""

    merchant_id: int
    sko_id: int
    occurred_us: int
    kind: str
    detail: str | None
    received_us: int


def insert_events(connection: sa.Connection, rows: Sequence[NewEvent]) -> int:
    """Store events; returns how many were new: the same register, kind and instant again is a duplicate."""
    if not rows:
        return 0
    statement = dialect.insert(connection, event).on_conflict_do_nothing()
    in_order = [row._asdict() for row in sorted(rows, key=lambda row: row[:4])]
    with dialect.storage_errors():
        return connection.execution_options(preserve_rowcount=True).execute(statement, in_order).rowcount


class EventCursor(NamedTuple):
    """A place in a list of events, the newest first: what follows is older."""

    occurred_us: int
    kind: str

    def __str__(self) -> str:
        return f"{self.occurred_us}-{self.kind}"

    @classmethod
    def parse(cls, text: str) -> "EventCursor":
        """ValueError if it is none."""
        occurred, _, kind = text.partition("-")
        if not re.fullmatch("[0-9]{1,18}", occurred) or kind not in EVENT_KINDS:
            raise ValueError(f"{text!r} is no place among events")
        return cls(int(occurred), kind)


class Event(NamedTuple):
    """What a register has reported; `detail` is its own words, or None."""

    occurred_us: int
    kind: str
    detail: str | None
    received_us: int

    @property
    def cursor(self) -> EventCursor:
        return EventCursor(self.occurred_us, self.kind)


def read_events(
    connection: sa.Connection,
    merchant_id: int,
    sko_id: int,
    *,
    limit: int,
    kind: str | None = None,
    during: Sequence[tuple[int | None, int | None]] | None = None,
    after: EventCursor | None = None,
) -> list[Event]:
    """At most `limit` events of a register, the newest first, from a cursor on.

    `during`: only what happened in these times, each from an instant on until before another (None: open).
    """
    columns = [event.c[name] for name in Event._fields]
    query = sa.select(*columns).where(event.c.merchant_id == merchant_id, event.c.sko_id == sko_id)
    if kind is not None:
        query = query.where(event.c.kind == kind)
    if during is not None:
        query = query.where(sa.or_(sa.false(), *(_within(*times) for times in during)))
    place = sa.tuple_(event.c.occurred_us, event.c.kind)
    if after is not None:
        query = query.where(place < sa.tuple_(sa.literal(after.occurred_us, sa.BigInteger), sa.literal(after.kind)))
    rows = connection.execute(query.order_by(event.c.occurred_us.desc(), event.c.kind.desc()).limit(limit))
    return [Event(*row) for row in rows]


def _within(since_us: int | None, until_us: int | None) -> sa.ColumnElement[bool]:
    return sa.and_(
        sa.true() if since_us is None else event.c.occurred_us >= since_us,
        sa.true() if until_us is None else event.c.occurred_us < until_us,
    )
