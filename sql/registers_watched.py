"""What the rules of notifications look at: every register with its newest document, shift, events and faults.

They go through all companies in spans of merchants, a few statements each: so it costs the same whether fifty thousand
registers belong to a hundred companies or to fifty thousand.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import sqlalchemy as sa

from sql import intervals
from sql.instants import DAY_US, SECOND_US
from sql.quarantine import CONFLICT
from sql.tables import (
    document,
    document_gap,
    event,
    merchant,
    outlet,
    quarantine,
    refused_delivery,
    register_watch,
    settings_version,
    shift,
    sko,
    sko_directory,
    z_difference,
)

SPAN_REGISTERS = 5_000
GAP_AGE_US = 15 * 60 * SECOND_US  # what was not received together may still be on its way
KEPT_IN_MIND_US = 30 * DAY_US  # how long a refused document is worth a word


class Span(NamedTuple):
    """Merchants from the first to the last one."""

    first: int
    last: int

    def within(self, table: sa.Table) -> sa.ColumnElement[bool]:
        return table.c.merchant_id.between(self.first, self.last)


class Fault(NamedTuple):
    """Documents that something is wrong with: how many, and one of their numbers (None: it could not be read)."""

    times: int
    number: int | None


class Register(NamedTuple):
    """A register as of now. Instants (`_us`) are None where there is none.

    `hours` are the opening hours of its outlet, as that table has them. `number`, `shift` and `issued_us` are of its
    newest document, `opened_us` and `z_number` of that document's shift. `pause_us` is how long (of open time, where
    the hours are known) it may be silent before that is unusual.
    """

    merchant_id: int
    sko_id: int
    outlet_id: int
    zone: str = "Europe/Minsk"
    hours: str = ""
    certificate_until_us: int | None = None
    offline_us: int | None = None
    online_us: int | None = None
    blocked_us: int | None = None
    unblocked_us: int | None = None
    memory_low_us: int | None = None
    certificate_expiring_us: int | None = None
    settings_version: int | None = None
    settings_state: str | None = None
    number: int | None = None
    shift: int | None = None
    issued_us: int | None = None
    opened_us: int | None = None
    z_number: int | None = None
    pause_us: int | None = None
    gap: Fault | None = None
    quarantined: Fault | None = None
    conflict: Fault | None = None
    z_differs: Fault | None = None
    delivery_refused: Fault | None = None


def spans(connection: sa.Connection, registers_max: int = SPAN_REGISTERS) -> list[Span]:
    """All merchants, so many in a span that they have about so many registers."""
    counted = sa.select(merchant.c.merchant_id, sa.func.count(sko.c.sko_id)).join_from(
        merchant, sko, sko.c.merchant_id == merchant.c.merchant_id, isouter=True
    )
    found: list[Span] = []
    first, registers = None, 0
    last = 0
    for last, count in connection.execute(counted.group_by(merchant.c.merchant_id).order_by(merchant.c.merchant_id)):
        first = last if first is None else first
        registers += count + 1
        if registers >= registers_max:
            found.append(Span(first, last))
            first, registers = None, 0
    return found if first is None else [*found, Span(first, last)]


def registers(connection: sa.Connection, span: Span, now_us: int) -> Iterator[Register]:
    """The registers of these merchants."""
    faults = (
        _gaps(connection, span, now_us),
        _quarantined(connection, span, now_us, is_conflict=False),
        _quarantined(connection, span, now_us, is_conflict=True),
        _counted(connection, z_difference, span),
        _counted(connection, refused_delivery, span),
    )
    seen: set[tuple[int, int]] = set()
    for row in connection.execute(_states(span)).all():
        key = (row[0], row[1])
        seen.add(key)
        yield Register(*row, *(each.get(key) for each in faults))
    # Documents of which not even the register could be read.
    for merchant_id, sko_id in faults[1].keys() - seen:
        yield Register(merchant_id, sko_id, 0, quarantined=faults[1][merchant_id, sko_id])


def _states(span: Span) -> sa.Select[Any]:
    newest = sa.select(
        sko, _newest_number().label("newest_number"), *(_last(kind).label(f"{kind}_us") for kind in _EVENTS)
    )
    known = newest.where(span.within(sko)).cte("known")
    key = (known.c.merchant_id, known.c.sko_id)
    columns = (
        *key,
        known.c.outlet_id,
        outlet.c.time_zone,
        outlet.c.opening_hours,
        known.c.certificate_until_us,
        *(known.c[f"{kind}_us"] for kind in _EVENTS),
        settings_version.c.version,
        settings_version.c.state,
        document.c.number,
        document.c.shift,
        document.c.issued_us,
        shift.c.opened_us,
        shift.c.z_number,
        register_watch.c.pause_us,
    )
    joined: sa.FromClause = known
    for table, of_row in (
        (outlet, outlet.c.outlet_id == known.c.outlet_id),
        (sko_directory, sa.true()),
        (settings_version, settings_version.c.version == sko_directory.c.settings_version),
        (document, document.c.number == known.c.newest_number),
        (shift, shift.c.shift == document.c.shift),
        (register_watch, sa.true()),
    ):
        of_register = [table.c.merchant_id == known.c.merchant_id]
        if table is not outlet:
            of_register.append(table.c.sko_id == known.c.sko_id)
        joined = joined.outerjoin(table, sa.and_(*of_register, of_row))
    return sa.select(*columns).select_from(joined)


_EVENTS = ("offline", "online", "blocked", "unblocked", "memory_low", "certificate_expiring")


def _newest_number() -> sa.ScalarSelect[Any]:
    newest = sa.select(sa.func.max(document.c.number)).where(
        document.c.merchant_id == sko.c.merchant_id, document.c.sko_id == sko.c.sko_id
    )
    return newest.correlate(sko).scalar_subquery()


def _last(kind: str) -> sa.ScalarSelect[Any]:
    """When the register last reported that; an index look-up."""
    last = sa.select(sa.func.max(event.c.occurred_us)).where(
        event.c.merchant_id == sko.c.merchant_id, event.c.sko_id == sko.c.sko_id, event.c.kind == kind
    )
    return last.correlate(sko).scalar_subquery()


Faults = dict[tuple[int, int], Fault]


def _gaps(connection: sa.Connection, span: Span, now_us: int) -> Faults:
    """What has not come for long enough; what is in quarantine has come, and is told by itself."""
    gap = document_gap.c
    is_old = sa.and_(span.within(document_gap), gap.since_us <= now_us - GAP_AGE_US)
    absent = _by_register(connection, sa.select(*document_gap.columns).where(is_old))
    kept = quarantine.c
    in_gap = sa.and_(
        kept.merchant_id == gap.merchant_id,
        kept.sko_id == gap.sko_id,
        kept.number.between(gap.first_number, gap.last_number),
    )
    query = sa.select(gap.merchant_id, gap.sko_id, kept.number, kept.number).distinct()
    query = query.join_from(document_gap, quarantine, in_gap).where(is_old, kept.code != CONFLICT)
    quarantined = _by_register(connection, query)
    missing = {key: intervals.without(ranges, quarantined.get(key, [])) for key, ranges in absent.items()}
    return {key: Fault(intervals.size(ranges), ranges[0].first) for key, ranges in missing.items() if ranges}


def _by_register(connection: sa.Connection, query: sa.Select[Any]) -> dict[tuple[int, int], list[intervals.Interval]]:
    """The numbers of each, of rows that begin with merchant_id, sko_id, and the first and the last one of a range."""
    ranges: dict[tuple[int, int], list[tuple[int, int]]] = defaultdict(list)
    for row in connection.execute(query).all():
        ranges[row[0], row[1]].append((row[2], row[3]))
    return {key: intervals.union(its) for key, its in ranges.items()}


def _quarantined(connection: sa.Connection, span: Span, now_us: int, *, is_conflict: bool) -> Faults:
    """What is in quarantine and has not been sent in a better form since; conflicts stay what they are."""
    kept = quarantine.c
    if is_conflict:
        condition = kept.code == CONFLICT
    else:
        better = sa.select(document.c.number).where(
            document.c.merchant_id == kept.merchant_id,
            document.c.sko_id == kept.sko_id,
            document.c.number == kept.number,
        )
        condition = sa.and_(kept.code != CONFLICT, ~better.correlate(quarantine).exists())
    sko_id = sa.func.coalesce(kept.sko_id, 0)
    documents = sa.func.count(kept.content_hash.distinct())
    query = sa.select(kept.merchant_id, sko_id, documents, sa.func.max(kept.number))
    recent = query.where(span.within(quarantine), kept.received_us > now_us - KEPT_IN_MIND_US, condition)
    return _faults(connection.execute(recent.group_by(kept.merchant_id, sko_id)))


def _counted(connection: sa.Connection, table: sa.Table, span: Span) -> Faults:
    """The rows of each register in a table of numbers, and the highest number."""
    query = sa.select(table.c.merchant_id, table.c.sko_id, sa.func.count(), sa.func.max(table.c.number))
    return _faults(connection.execute(query.where(span.within(table)).group_by(table.c.merchant_id, table.c.sko_id)))


def _faults(rows: Iterable[Any]) -> Faults:
    return {(row[0], row[1]): Fault(int(row[2]), row[3]) for row in rows}
