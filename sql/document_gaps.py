"""Numbers that are missing among the documents of a register, found without ever reading a document twice.

`register_watch` says up to which number a register has been looked at, `document_gap` what was not stored there: what
is in quarantine, too, since that may still come in a better form.

`number_run` and `pending_delivery` hold the same numbers from the other side, at once and for ever, for the pages of
one company. The rules ask about all companies each minute: so they keep to the gaps alone, with their age, which stay
few while the delivery is away and its ranges pile up. And each document has to be looked at once in any case, for the
Z-reports that it unsettles. A test holds both sides together (`test_same_facts.py`).
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa

from sql.intervals import union, without
from sql.registers_watched import Span
from sql.tables import document, document_gap, register_watch, shift, sko

STEP = 20_000  # numbers of a register that one look takes in
REGISTERS_MAX = 1_000  # with gaps, that one look goes through one by one
BEFORE_FIRST_US = 2**62  # the age of what stands before a register's first document: it may never have been ours
GAPS_MAX = 1_000  # of a register that are kept; then it is not followed any further until some are filled


class Gap(NamedTuple):
    """A row of `document_gap`, in the order of its columns."""

    merchant_id: int
    sko_id: int
    first_number: int
    last_number: int
    since_us: int


class Watched(NamedTuple):
    """How far a register has been looked at."""

    merchant_id: int
    sko_id: int
    scanned_number: int


class Progress(NamedTuple):
    """What a look has found: `filled` gaps have become `left`, and `found` ones are new, up to these numbers.

    `unsettled` says from which number on the Z-reports of a register have to be checked once more, as (merchant_id,
    sko_id, number): from a document that has filled a gap, or from the Z-report of its shift, if it stands behind it.
    """

    scanned: Sequence[Watched] = ()
    found: Sequence[Gap] = ()
    filled: Sequence[Gap] = ()
    left: Sequence[Gap] = ()
    unsettled: Sequence[tuple[int, int, int]] = ()


# A document that stands behind the Z-report of its own shift.
_BEHIND_Z = sa.and_(
    *(shift.c[name] == document.c[name] for name in ("merchant_id", "sko_id", "shift")),
    shift.c.z_number < document.c.number,
)


def _of_watched(table: sa.Table) -> sa.ColumnElement[bool]:
    return sa.and_(table.c.merchant_id == register_watch.c.merchant_id, table.c.sko_id == register_watch.c.sko_id)


def _scalar(query: sa.Select[Any], outer: sa.Table = register_watch) -> sa.ScalarSelect[Any]:
    """By register, so that it is an index look-up each, whatever the database expects of the numbers."""
    return query.correlate(outer).scalar_subquery()


def _newest() -> sa.ScalarSelect[Any]:
    return _scalar(sa.select(sa.func.max(document.c.number)).where(_of_watched(document)))


def has_unwatched(connection: sa.Connection, span: Span) -> bool:
    """Whether a register has its first documents."""
    return connection.execute(_unwatched(span).limit(1)).first() is not None


def watch_new(connection: sa.Connection, span: Span) -> None:
    """Follow these registers from the first document on that is there, and see whether anything comes before it."""
    new = _unwatched(span).subquery()
    before = sa.select(
        new.c.merchant_id, new.c.sko_id, sa.literal(1), new.c.scanned_number, sa.literal(BEFORE_FIRST_US, sa.BigInteger)
    )
    gap_names = [column.name for column in document_gap.columns]
    connection.execute(sa.insert(document_gap).from_select(gap_names, before.where(new.c.scanned_number > 0)))
    names = ["merchant_id", "sko_id", "scanned_number", "checked_z"]
    connection.execute(sa.insert(register_watch).from_select(names, _unwatched(span)))


def _unwatched(span: Span) -> sa.Select[Any]:
    of_sko = sa.and_(document.c.merchant_id == sko.c.merchant_id, document.c.sko_id == sko.c.sko_id)
    first = _scalar(sa.select(sa.func.min(document.c.number)).where(of_sko), sko)
    on = sa.and_(register_watch.c.merchant_id == sko.c.merchant_id, register_watch.c.sko_id == sko.c.sko_id)
    query = sa.select(sko.c.merchant_id, sko.c.sko_id, (first - 1).label("scanned_number"), sa.literal(0))
    query = query.outerjoin_from(sko, register_watch, on)
    return query.where(span.within(sko), register_watch.c.sko_id.is_(None), first.is_not(None))


def behind(connection: sa.Connection, span: Span, limit: int) -> list[Watched]:
    """Registers that have documents beyond what was looked at, but for those with too many gaps."""
    columns = (register_watch.c[name] for name in Watched._fields)
    gaps = _scalar(sa.select(sa.func.count()).select_from(document_gap).where(_of_watched(document_gap)))
    query = sa.select(*columns).where(
        span.within(register_watch), _newest() > register_watch.c.scanned_number, gaps < GAPS_MAX
    )
    return [Watched(*row) for row in connection.execute(query.limit(limit))]


def advance(connection: sa.Connection, span: Span) -> None:
    """Note of all registers whose next documents have no gap that they have been looked at, in two statements."""
    scanned = register_watch.c.scanned_number
    next_ones = sa.and_(_of_watched(document), document.c.number > scanned, document.c.number <= scanned + STEP)
    behind_z = _scalar(sa.select(sa.func.min(shift.c.z_number)).join_from(document, shift, _BEHIND_Z).where(next_ones))
    unsettled = sa.and_(span.within(register_watch), _newest() > scanned, register_watch.c.checked_z >= behind_z)
    connection.execute(sa.update(register_watch).where(unsettled).values(checked_z=behind_z - 1))
    last = _scalar(sa.select(sa.func.max(document.c.number)).where(next_ones))
    count = _scalar(sa.select(sa.func.count()).select_from(document).where(next_ones))
    without_gap = sa.and_(span.within(register_watch), _newest() > scanned, last - scanned == count)
    connection.execute(sa.update(register_watch).where(without_gap).values(scanned_number=last))


def look(connection: sa.Connection, span: Span) -> Progress:
    """Which gaps are new, and which of the known ones have been filled."""
    scanned: list[Watched] = []
    found: list[Gap] = []
    left: list[Gap] = []
    filled, unsettled = [], []
    for watched in behind(connection, span, REGISTERS_MAX):
        rows = connection.execute(_next_documents(watched)).all()
        if rows:
            scanned.append(watched._replace(scanned_number=rows[-1].number))
            found += _gaps_between(watched, rows)
            unsettled += [(*watched[:2], row.z_number) for row in rows if row.z_number]
    for gap in map(Gap._make, connection.execute(_touched(span)).all()):
        rows = connection.execute(_documents_in(gap)).all()
        filled.append(gap)
        left += _rest(gap, rows)
        unsettled += [(*gap[:2], row.z_number or row.number) for row in rows]
    return Progress(scanned, found, filled, left, unsettled)


def _next_documents(watched: Watched) -> sa.Select[Any]:
    query = sa.select(document.c.number, document.c.received_us, shift.c.z_number).where(
        document.c.merchant_id == watched.merchant_id,
        document.c.sko_id == watched.sko_id,
        document.c.number > watched.scanned_number,
    )
    return query.outerjoin_from(document, shift, _BEHIND_Z).order_by(document.c.number).limit(GAPS_MAX)


def _gaps_between(watched: Watched, rows: Iterable[Any]) -> Iterator[Gap]:
    before = watched.scanned_number
    for row in rows:
        if row.number > before + 1:
            yield Gap(watched.merchant_id, watched.sko_id, before + 1, row.number - 1, row.received_us)
        before = row.number


def _documents_in(gap: Gap) -> sa.Select[Any]:
    query = sa.select(document.c.number, document.c.received_us, shift.c.z_number).where(
        document.c.merchant_id == gap.merchant_id,
        document.c.sko_id == gap.sko_id,
        document.c.number.between(gap.first_number, gap.last_number),
    )
    return query.outerjoin_from(document, shift, _BEHIND_Z).order_by(document.c.number).limit(GAPS_MAX)


def _rest(gap: Gap, there: Sequence[Any]) -> Iterator[Gap]:
    """What is left of a gap when these of its documents are there, which it holds at least one of."""
    first_there = there[0]
    for first, last in without([gap[2:4]], union((row.number, row.number) for row in there)):
        is_new = gap.since_us == BEFORE_FIRST_US and first > first_there.number
        since_us = first_there.received_us if is_new else gap.since_us
        yield gap._replace(first_number=first, last_number=last, since_us=since_us)


def _touched(span: Span) -> sa.Select[Any]:
    """Gaps with a document by now."""
    gap = document_gap.c
    of_gap = (document.c.merchant_id == gap.merchant_id, document.c.sko_id == gap.sko_id)
    within = document.c.number.between(gap.first_number, gap.last_number)
    arrived = _scalar(sa.select(document.c.number).where(*of_gap, within).limit(1), document_gap)
    return sa.select(*document_gap.columns).where(span.within(document_gap), arrived.is_not(None))


def note_progress(connection: sa.Connection, progress: Progress) -> None:
    """Write down what a look has found; what is unsettled has its Z-reports recomputed once more."""
    _change(connection, sa.delete(document_gap), progress.filled, ("merchant_id", "sko_id", "first_number"))
    new = [gap._asdict() for gap in (*progress.left, *progress.found)]
    if new:
        connection.execute(sa.insert(document_gap), new)
    for key, number in _earliest(progress.unsettled).items():
        before = sa.and_(register_watch.c.merchant_id == key[0], register_watch.c.sko_id == key[1])
        later = sa.and_(before, register_watch.c.checked_z >= number)
        connection.execute(sa.update(register_watch).where(later).values(checked_z=number - 1))
    scanned = sa.update(register_watch).values(scanned_number=sa.bindparam("its_scanned_number"))
    _change(connection, scanned, progress.scanned, ("merchant_id", "sko_id"))


def _change(connection: sa.Connection, change: Any, rows: Collection[Any], key: tuple[str, ...]) -> None:
    if rows:
        exactly = [change.table.c[name] == sa.bindparam(f"its_{name}") for name in key]
        its = [{f"its_{name}": value for name, value in row._asdict().items()} for row in rows]
        connection.execute(change.where(*exactly), its)


def _earliest(unsettled: Iterable[tuple[int, int, int]]) -> dict[tuple[int, int], int]:
    found: dict[tuple[int, int], int] = {}
    for merchant_id, sko_id, number in unsettled:
        found[merchant_id, sko_id] = min(number, found.get((merchant_id, sko_id), number))
    return found
