"""Numbers that are missing among the documents of a register, found without ever reading a document twice.

`register_watch` says up to which number a register has been looked at, `document_gap` what was missing there. What is
in quarantine is not missing.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa

from sql.quarantine import CONFLICT
from sql.registers_watched import Span
from sql.tables import document, document_gap, quarantine, register_watch, sko

STEP = 20_000  # numbers of a register that one look takes in
REGISTERS_MAX = 1_000  # with gaps, that one look goes through one by one
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

    `arrived` are documents that have filled a gap, as (merchant_id, sko_id, number).
    """

    scanned: Sequence[Watched] = ()
    found: Sequence[Gap] = ()
    filled: Sequence[Gap] = ()
    left: Sequence[Gap] = ()
    arrived: Sequence[tuple[int, int, int]] = ()


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
    """Follow these registers from the first document on that is there."""
    names = ["merchant_id", "sko_id", "scanned_number", "checked_z"]
    connection.execute(sa.insert(register_watch).from_select(names, _unwatched(span)))


def _unwatched(span: Span) -> sa.Select[Any]:
    of_sko = sa.and_(document.c.merchant_id == sko.c.merchant_id, document.c.sko_id == sko.c.sko_id)
    first = _scalar(sa.select(sa.func.min(document.c.number)).where(of_sko), sko)
    on = sa.and_(register_watch.c.merchant_id == sko.c.merchant_id, register_watch.c.sko_id == sko.c.sko_id)
    query = sa.select(sko.c.merchant_id, sko.c.sko_id, first - 1, sa.literal(0)).outerjoin_from(sko, register_watch, on)
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
    """Note of all registers whose next documents have no gap that they have been looked at, in one statement."""
    scanned = register_watch.c.scanned_number
    next_ones = sa.and_(_of_watched(document), document.c.number > scanned, document.c.number <= scanned + STEP)
    last = _scalar(sa.select(sa.func.max(document.c.number)).where(next_ones))
    count = _scalar(sa.select(sa.func.count()).select_from(document).where(next_ones))
    without_gap = sa.and_(span.within(register_watch), _newest() > scanned, last - scanned == count)
    connection.execute(sa.update(register_watch).where(without_gap).values(scanned_number=last))


def look(connection: sa.Connection, span: Span) -> Progress:
    """Which gaps are new, and which of the known ones have been filled."""
    scanned, found = [], []
    for watched in behind(connection, span, REGISTERS_MAX):
        rows = connection.execute(_next_documents(watched)).all()
        if rows:
            scanned.append(watched._replace(scanned_number=rows[-1].number))
            found += [rest for gap in _gaps_between(watched, rows) for rest in _without_quarantined(connection, gap)]
    filled, left, arrived = [], [], []
    for gap in connection.execute(_touched(span)).all():
        there = _documents_in(connection, Gap(*gap))
        filled.append(Gap(*gap))
        left += [rest for part in _rest(Gap(*gap), there) for rest in _without_quarantined(connection, part)]
        arrived += [(gap.merchant_id, gap.sko_id, number) for number in there]
    return Progress(scanned, found, filled, left, arrived)


def _next_documents(watched: Watched) -> sa.Select[Any]:
    query = sa.select(document.c.number, document.c.received_us).where(
        document.c.merchant_id == watched.merchant_id,
        document.c.sko_id == watched.sko_id,
        document.c.number > watched.scanned_number,
    )
    return query.order_by(document.c.number).limit(GAPS_MAX)


def _gaps_between(watched: Watched, rows: Iterable[Any]) -> Iterator[Gap]:
    before = watched.scanned_number
    for number, received_us in rows:
        if number > before + 1:
            yield Gap(watched.merchant_id, watched.sko_id, before + 1, number - 1, received_us)
        before = number


def _in_gap(table: sa.Table, gap: Gap) -> sa.ColumnElement[bool]:
    return sa.and_(
        table.c.merchant_id == gap.merchant_id,
        table.c.sko_id == gap.sko_id,
        table.c.number.between(gap.first_number, gap.last_number),
    )


def _documents_in(connection: sa.Connection, gap: Gap) -> list[int]:
    query = sa.select(document.c.number).where(_in_gap(document, gap)).order_by(document.c.number)
    return list(connection.execute(query.limit(GAPS_MAX)).scalars())


def _without_quarantined(connection: sa.Connection, gap: Gap) -> list[Gap]:
    query = sa.select(quarantine.c.number).distinct().where(_in_gap(quarantine, gap), quarantine.c.code != CONFLICT)
    return list(_rest(gap, sorted(connection.execute(query.limit(GAPS_MAX)).scalars())))


def _rest(gap: Gap, there: Iterable[int]) -> Iterator[Gap]:
    """What is left of a gap when these of its numbers are there, in order."""
    first = gap.first_number
    for number in there:
        if number > first:
            yield gap._replace(first_number=first, last_number=number - 1)
        first = number + 1
    if first <= gap.last_number:
        yield gap._replace(first_number=first)


def _touched(span: Span) -> sa.Select[Any]:
    """Gaps with a number that is there by now, as a document or in quarantine."""
    gap = document_gap.c

    def has_any(table: sa.Table, *conditions: sa.ColumnElement[bool]) -> sa.ColumnElement[bool]:
        of_gap = (table.c.merchant_id == gap.merchant_id, table.c.sko_id == gap.sko_id)
        within = table.c.number.between(gap.first_number, gap.last_number)
        return sa.select(table.c.number).where(*of_gap, within, *conditions).correlate(document_gap).exists()

    arrived = sa.or_(has_any(document), has_any(quarantine, quarantine.c.code != CONFLICT))
    return sa.select(*document_gap.columns).where(span.within(document_gap), arrived)


def note_progress(connection: sa.Connection, progress: Progress) -> None:
    """Write down what a look has found; what came late has its Z-reports recomputed once more."""
    _change(connection, sa.delete(document_gap), progress.filled, ("merchant_id", "sko_id", "first_number"))
    new = [gap._asdict() for gap in (*progress.left, *progress.found)]
    if new:
        connection.execute(sa.insert(document_gap), new)
    for key, number in _earliest(progress.arrived).items():
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


def _earliest(arrived: Iterable[tuple[int, int, int]]) -> dict[tuple[int, int], int]:
    found: dict[tuple[int, int], int] = {}
    for merchant_id, sko_id, number in arrived:
        found[merchant_id, sko_id] = min(number, found.get((merchant_id, sko_id), number))
    return found
