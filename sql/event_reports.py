"""Events of all registers of a merchant: how many of each kind, and the list, newest first."""

import re
from dataclasses import dataclass
from typing import NamedTuple

import sqlalchemy as sa

from sql.places import outlet_at
from sql.tables import EVENT_KINDS, event

COUNTED_MAX = 100_000
_CURSOR = re.compile("([0-9]{1,18})-([0-9]{1,9})-([a-z_]{1,24})")


@dataclass(frozen=True, slots=True, kw_only=True)
class EventSearch:
    """Whose events, and which: from `since_us` on until before `until_us`; empty tuples mean all, None means any."""

    merchant_id: int
    since_us: int
    until_us: int
    outlet_ids: tuple[int, ...] = ()
    sko_ids: tuple[int, ...] = ()
    kind: str | None = None


class EventPlace(NamedTuple):
    """A place in the list: what follows is older."""

    occurred_us: int
    sko_id: int
    kind: str

    def __str__(self) -> str:
        return "-".join(map(str, self))

    @classmethod
    def parse(cls, text: str) -> "EventPlace":
        """What `str` wrote. ValueError for anything else."""
        found = _CURSOR.fullmatch(text)
        if found is None or found[3] not in EVENT_KINDS:
            raise ValueError(f"{text!r} is no place among events")
        return cls(int(found[1]), int(found[2]), found[3])


class ReportedEvent(NamedTuple):
    """What a register has reported; `detail` is its own words. The outlet is where it stood then."""

    occurred_us: int
    sko_id: int
    kind: str
    detail: str | None
    outlet_id: int

    @property
    def place(self) -> EventPlace:
        return EventPlace(self.occurred_us, self.sko_id, self.kind)


class KindCounts(NamedTuple):
    """How many events of each kind there are, the usual order; where not exact, at least so many."""

    counts: dict[str, int]
    is_exact: bool


def count_events(connection: sa.Connection, search: EventSearch, most: int = COUNTED_MAX) -> KindCounts:
    """How many events of each kind; no more than `most` are counted."""
    some = sa.select(event.c.kind).where(*_conditions(search)).limit(most + 1).subquery()
    rows = connection.execute(sa.select(some.c.kind, sa.func.count()).group_by(some.c.kind)).all()
    found = {row[0]: row[1] for row in rows}
    counts = {kind: found[kind] for kind in EVENT_KINDS if kind in found}
    return KindCounts(counts, sum(counts.values()) <= most)


def find_events(
    connection: sa.Connection, search: EventSearch, limit: int, after: EventPlace | None = None
) -> list[ReportedEvent]:
    """At most `limit` events, newest first, from a place in the list on."""
    columns = (*(event.c[name] for name in ReportedEvent._fields[:-1]), outlet_at(event, event.c.occurred_us))
    query = sa.select(*columns).where(*_conditions(search))
    place = (event.c.occurred_us, event.c.sko_id, event.c.kind)
    if after is not None:
        at = (sa.literal(after.occurred_us, sa.BigInteger), sa.literal(after.sko_id), sa.literal(after.kind))
        query = query.where(sa.tuple_(*place) < sa.tuple_(*at))
    rows = connection.execute(query.order_by(*(column.desc() for column in place)).limit(limit))
    return [ReportedEvent(*row) for row in rows]


def _conditions(search: EventSearch) -> list[sa.ColumnElement[bool]]:
    conditions = [
        event.c.merchant_id == search.merchant_id,
        event.c.occurred_us >= search.since_us,
        event.c.occurred_us < search.until_us,
    ]
    if search.outlet_ids:
        conditions.append(outlet_at(event, event.c.occurred_us).in_(search.outlet_ids))
    if search.sko_ids:
        conditions.append(event.c.sko_id.in_(search.sko_ids))
    if search.kind:
        conditions.append(event.c.kind == search.kind)
    return conditions


def count_found(connection: sa.Connection, search: EventSearch, most: int) -> int:
    """How many events there are, `most` if there are no fewer."""
    some = sa.select(sa.literal(1)).select_from(event).where(*_conditions(search)).limit(most).subquery()
    return int(connection.execute(sa.select(sa.func.count()).select_from(some)).scalar_one())
