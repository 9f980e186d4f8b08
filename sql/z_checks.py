"""Which Z-reports say something else than was stored of their shift: looked at one by one, and kept in mind."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa

from sql import dialect
from sql.instants import SECOND_US
from sql.registers_watched import Span
from sql.shift_checks import Shift, check_shifts, shift_columns
from sql.tables import document, register_watch, shift, z_difference

AGE_US = 15 * 60 * SECOND_US  # its documents may come after it
CHECKS_MAX = 500  # of a span in one look, and as many that are checked again


class Looked(NamedTuple):
    """What a look at a closed shift has found out; `is_new`: its Z-report had not been looked at before."""

    shift: Shift
    differs: bool
    is_new: bool


def check(connection: sa.Connection, span: Span, now_us: int) -> list[Looked]:
    """The next Z-report of each register, if it is old enough, and some of those that have differed before."""
    new = [Shift(*row) for row in connection.execute(_next(span, now_us).limit(CHECKS_MAX))]
    known = [Shift(*row) for row in connection.execute(_known(span).limit(CHECKS_MAX))]
    is_new = {each.key for each in new}
    checked = check_shifts(connection, [*new, *known])
    return [Looked(each.shift, each.differs, each.shift.key in is_new) for each in checked]


def _next(span: Span, now_us: int) -> sa.Select[Any]:
    watch = register_watch.c
    later = sa.select(sa.func.min(shift.c.z_number)).where(
        shift.c.merchant_id == watch.merchant_id, shift.c.sko_id == watch.sko_id, shift.c.z_number > watch.checked_z
    )
    # By register, so that each is an index look-up; the rest is asked only of those that have any.
    number = later.correlate(register_watch).scalar_subquery()
    due = sa.select(watch.merchant_id, watch.sko_id, number.label("number")).where(span.within(register_watch))
    due_ones = due.cte("due")
    of_report = sa.and_(
        shift.c.merchant_id == due_ones.c.merchant_id,
        shift.c.sko_id == due_ones.c.sko_id,
        shift.c.z_number == due_ones.c.number,
    )
    its_document = sa.and_(
        document.c.merchant_id == due_ones.c.merchant_id,
        document.c.sko_id == due_ones.c.sko_id,
        document.c.number == due_ones.c.number,
    )
    query = sa.select(*shift_columns()).join_from(due_ones, shift, of_report).join(document, its_document)
    return query.where(document.c.received_us <= now_us - AGE_US)


def _known(span: Span) -> sa.Select[Any]:
    """In any order, so that each has its turn."""
    of_report = sa.and_(
        shift.c.merchant_id == z_difference.c.merchant_id,
        shift.c.sko_id == z_difference.c.sko_id,
        shift.c.z_number == z_difference.c.number,
    )
    query = sa.select(*shift_columns()).join_from(z_difference, shift, of_report)
    return query.where(span.within(z_difference)).order_by(sa.func.random())


def note_checked(connection: sa.Connection, checked: Sequence[Looked]) -> None:
    """Write down which differ, and up to which Z-report each register has been checked."""
    differing = [_key(each) for each in checked if each.differs]
    agreeing = [_key(each) for each in checked if not each.differs]
    if differing:
        connection.execute(dialect.insert(connection, z_difference).on_conflict_do_nothing(), differing)
    if agreeing:
        exactly = [z_difference.c[name] == sa.bindparam(f"its_{name}") for name in agreeing[0]]
        its = [{f"its_{name}": value for name, value in key.items()} for key in agreeing]
        connection.execute(sa.delete(z_difference).where(*exactly), its)
    new = [{f"its_{name}": value for name, value in _key(each).items()} for each in checked if each.is_new]
    if new:
        done = sa.update(register_watch).where(*_of_its_register(register_watch))
        connection.execute(done.values(checked_z=sa.bindparam("its_number")), new)
        of_report = (shift.c[name] == z_difference.c[name] for name in ("merchant_id", "sko_id"))
        counts = sa.select(shift.c.shift).where(*of_report, shift.c.z_number == z_difference.c.number)
        # Of two Z-reports of one shift the later one counts: nobody asks for the other any more.
        replaced = sa.delete(z_difference).where(*_of_its_register(z_difference), ~counts.exists())
        connection.execute(replaced, new)


def _of_its_register(table: sa.Table) -> tuple[sa.ColumnElement[bool], ...]:
    return tuple(table.c[name] == sa.bindparam(f"its_{name}") for name in ("merchant_id", "sko_id"))


def _key(looked: Looked) -> dict[str, Any]:
    number = looked.shift.z_number
    return {"merchant_id": looked.shift.merchant_id, "sko_id": looked.shift.sko_id, "number": number}
