"""Which document numbers of a register are stored, as ranges: what is missing between them, and what came late.

A register numbers its documents without a gap, so that all it has sent is one range, however many documents that is:
to know what is missing, no document is looked at. Ranges are noted when the delivery of documents is settled; until
then `pending_delivery` has them.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa

from sql import dialect
from sql.intervals import union
from sql.tables import document, number_run, pending_delivery

Register = tuple[int, int]  # merchant_id, sko_id
Range = tuple[int, int, int, int]  # merchant_id, sko_id, first_number, last_number

_OF_REGISTER = (number_run.c.merchant_id, number_run.c.sko_id)
_KEY = tuple(number_run.primary_key.columns)


class Run(NamedTuple):
    """A row of `number_run`, in the order of its columns."""

    merchant_id: int
    sko_id: int
    first_number: int
    late: bool
    last_number: int


class Stored(NamedTuple):
    """The numbers of a register that are stored; `late` are those of them that came after higher ones."""

    all: Sequence[tuple[int, int]]
    late: Sequence[tuple[int, int]]


NOTHING = Stored([], [])


def note_runs(connection: sa.Connection, ranges: Iterable[Range]) -> None:
    """These numbers are stored. Noting them again changes nothing.

    Whoever does so at the same time for the same register may leave ranges that touch or overlap, which is as good.
    """
    noted = list(ranges)
    if not noted:
        return
    registers = sorted({range_[:2] for range_ in noted})
    rows = dialect.select_keys(connection, tuple(number_run.columns), _OF_REGISTER, registers)
    known: dict[Register, list[Run]] = defaultdict(list)
    for row in rows:
        known[row[0], row[1]].append(Run(*row))
    late = _late(connection, noted, known)
    new: dict[tuple[Register, bool], list[tuple[int, int]]] = defaultdict(list)
    for range_ in noted:
        new[range_[:2], range_ in late].append(range_[2:])
    replaced = [
        run for (register, is_late), of_it in new.items() for run in known[register] if _touches(run, is_late, of_it)
    ]
    _write(connection, new, replaced)


def _late(connection: sa.Connection, noted: Sequence[Range], known: Mapping[Register, list[Run]]) -> set[Range]:
    """Those ranges before which a higher number had been received: one noted with them, or the next that was known.

    Of numbers that are not late, no higher one was received before: so the next one stands for all.
    """
    following: dict[Range, int] = {}
    for range_ in noted:
        runs = known.get(range_[:2], ())
        if higher := [run.first_number for run in runs if not run.late and run.first_number > range_[3]]:
            following[range_] = min(higher)
    several = Counter(range_[:2] for range_ in noted)
    compared = [range_ for range_ in noted if range_ in following or several[range_[:2]] > 1]
    if not compared:
        return set()
    keys = {(*range_[:2], number) for range_ in compared for number in (range_[3], following.get(range_, range_[3]))}
    key = (document.c.merchant_id, document.c.sko_id, document.c.number)
    found = dialect.select_keys(connection, (*key, document.c.received_us), key, sorted(keys))
    received = {(row[0], row[1], row[2]): row[3] for row in found}
    late: set[Range] = set()
    earliest: dict[Register, int] = {}  # of what was noted above
    for range_ in sorted(compared, reverse=True):
        register = range_[:2]
        own = received.get((*register, range_[3]), 0)
        if own > min(earliest.get(register, own), received.get((*register, following.get(range_, 0)), own)):
            late.add(range_)
        earliest[register] = min(own, earliest.get(register, own))
    return late


def _touches(run: Run, is_late: bool, ranges: Sequence[tuple[int, int]]) -> bool:
    return run.late == is_late and any(
        first <= run.last_number + 1 and last >= run.first_number - 1 for first, last in ranges
    )


def _write(
    connection: sa.Connection,
    new: Mapping[tuple[Register, bool], Sequence[tuple[int, int]]],
    replaced: Sequence[Run],
) -> None:
    together = {key: list(ranges) for key, ranges in new.items()}
    if replaced:
        keys = sorted(run[:4] for run in replaced)
        for row in _deleted(connection, keys):
            together[(row.merchant_id, row.sko_id), row.late].append((row.first_number, row.last_number))
    rows = [
        Run(*register, first, is_late, last)
        for (register, is_late), of_it in together.items()
        for first, last in union(of_it)
    ]
    statement = dialect.insert(connection, number_run)
    further = sa.case(
        (statement.excluded.last_number > number_run.c.last_number, statement.excluded.last_number),
        else_=number_run.c.last_number,
    )
    statement = statement.on_conflict_do_update(index_elements=list(_KEY), set_={"last_number": further})
    connection.execute(statement, [row._asdict() for row in sorted(rows)])


def _deleted(connection: sa.Connection, keys: Sequence[tuple[int, int, int, bool]]) -> list[Run]:
    """Those of these rows that were still there, as they were in the end."""
    rows: list[Run] = []
    for start in range(0, len(keys), 5_000):
        some = sa.tuple_(*_KEY).in_(keys[start : start + 5_000])
        deleted = connection.execute(sa.delete(number_run).where(some).returning(*number_run.columns))
        rows += [Run(*row) for row in deleted]
    return rows


def recomputed_runs() -> sa.Select[Any]:
    """Rows for an empty `number_run`, out of all documents, in the order of its columns; none counts as late."""
    d = document.c
    in_order = sa.func.row_number().over(partition_by=(d.merchant_id, d.sko_id), order_by=d.number)
    numbered = sa.select(d.merchant_id, d.sko_id, d.number, (d.number - in_order).label("run")).subquery()
    n = numbered.c
    columns = (n.merchant_id, n.sko_id, sa.func.min(n.number), sa.false(), sa.func.max(n.number))
    return sa.select(*columns).group_by(n.merchant_id, n.sko_id, n.run)


def stored_numbers(connection: sa.Connection, merchant_id: int, sko_ids: Collection[int]) -> dict[int, Stored]:
    """The numbers that are stored of these registers of a merchant; those of which nothing is stored are left out."""
    wanted = set(sko_ids)
    every: dict[int, list[tuple[int, int]]] = defaultdict(list)
    late: dict[int, list[tuple[int, int]]] = defaultdict(list)
    runs = sa.select(*(number_run.c[name] for name in ("sko_id", "first_number", "last_number", "late")))
    pending = sa.select(*(pending_delivery.c[name] for name in ("sko_id", "first_number", "last_number")), sa.false())
    for query, table in ((runs, number_run), (pending, pending_delivery)):
        of_merchant = query.where(table.c.merchant_id == merchant_id)
        if len(wanted) == 1:
            of_merchant = of_merchant.where(table.c.sko_id == next(iter(wanted)))
        for sko_id, first, last, is_late in connection.execute(of_merchant):
            if sko_id in wanted:
                every[sko_id].append((first, last))
                if is_late:
                    late[sko_id].append((first, last))
    return {sko_id: Stored(union(ranges), union(late[sko_id])) for sko_id, ranges in every.items()}
