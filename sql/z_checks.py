"""Z-reports beside their documents: which of them say something else than was stored of their shift."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa

from sql import dialect
from sql.instants import SECOND_US
from sql.registers_watched import Span
from sql.tables import (
    CURRENCIES,
    DRAWER_KINDS,
    PAYMENTS,
    REVENUE_KINDS,
    document,
    register_watch,
    shift,
    z_counter,
    z_difference,
)
from sql.turnover import TYPE_OF_KIND

AGE_US = 15 * 60 * SECOND_US  # its documents may come after it
CHECKS_MAX = 500  # of a span in one look, and as many that are checked again

# The figures of a currency, in the order in which `z_counter` has them.
FIGURES = tuple(column.name for column in z_counter.columns)[4:]
Figures = tuple[int, ...]


class ZReport(NamedTuple):
    """A Z-report, and the numbers between which the documents of its shift lie."""

    merchant_id: int
    sko_id: int
    number: int
    shift: int
    first_number: int
    last_number: int


class Checked(NamedTuple):
    """What a look has found out; `is_new`: it had not been looked at before."""

    report: ZReport
    differs: bool
    is_new: bool


def check(connection: sa.Connection, span: Span, now_us: int) -> list[Checked]:
    """The next Z-report of each register, if it is old enough, and some of those that have differed before."""
    new = [ZReport(*row) for row in connection.execute(_next(span, now_us).limit(CHECKS_MAX))]
    known = [ZReport(*row) for row in connection.execute(_known(span).limit(CHECKS_MAX))]
    said = _said(connection, [*new, *known])
    return [
        Checked(report, said.get(report[:3], {}) != recomputed(connection, report), is_new)
        for reports, is_new in ((new, True), (known, False))
        for report in reports
    ]


def _range() -> tuple[sa.ColumnElement[int], sa.ColumnElement[int]]:
    """From the opening or what the report names as first, whichever is earlier, to the report itself."""
    opened = sa.func.coalesce(shift.c.open_number, shift.c.first_number)
    return sa.case((opened < shift.c.first_number, opened), else_=shift.c.first_number), shift.c.z_number


def _columns() -> tuple[sa.ColumnElement[Any], ...]:
    return shift.c.merchant_id, shift.c.sko_id, shift.c.z_number, shift.c.shift, *_range()


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
    query = sa.select(*_columns()).join_from(due_ones, shift, of_report).join(document, its_document)
    return query.where(document.c.received_us <= now_us - AGE_US)


def _known(span: Span) -> sa.Select[Any]:
    """In any order, so that each has its turn."""
    of_report = sa.and_(
        shift.c.merchant_id == z_difference.c.merchant_id,
        shift.c.sko_id == z_difference.c.sko_id,
        shift.c.z_number == z_difference.c.number,
    )
    query = sa.select(*_columns()).join_from(z_difference, shift, of_report)
    return query.where(span.within(z_difference)).order_by(sa.func.random())


def _said(connection: sa.Connection, reports: Sequence[ZReport]) -> dict[tuple[Any, ...], dict[str, Figures]]:
    key = (z_counter.c.merchant_id, z_counter.c.sko_id, z_counter.c.number)
    columns = (*key, z_counter.c.currency, *(z_counter.c[name] for name in FIGURES))
    said: dict[tuple[Any, ...], dict[str, Figures]] = {}
    keys = [report[:3] for report in reports]
    for row in dialect.select_keys(connection, columns, key, keys) if keys else ():
        if any(row[4:]):  # nothing of a currency is the same as not naming it
            said.setdefault(tuple(row[:3]), {})[row[3]] = tuple(row[4:])
    return said


def recomputed(connection: sa.Connection, report: ZReport) -> dict[str, Figures]:
    """What the documents of the shift add up to, by currency: FIGURES, in minor units and documents."""
    of_shift = (
        document.c.merchant_id == report.merchant_id,
        document.c.sko_id == report.sko_id,
        document.c.number.between(report.first_number, report.last_number),
        document.c.shift == report.shift,
    )
    money = [sa.func.sum(document.c[f"{name}_minor"]) for name in ("total", *PAYMENTS)]
    query = sa.select(document.c.currency, document.c.type, sa.func.count(), *money).where(*of_shift)
    rows = connection.execute(query.group_by(document.c.currency, document.c.type)).all()
    return {currency: figures for currency in CURRENCIES if any(figures := _figures(currency, rows))}


def _figures(currency: str, rows: Iterable[Any]) -> Figures:
    by_type = {row[1]: [int(figure) for figure in row[2:]] for row in rows if row[0] == currency}
    figures: list[int] = []
    for kind in REVENUE_KINDS + DRAWER_KINDS:
        count, total, *paid = by_type.get(TYPE_OF_KIND[kind], [0] * 5)
        figures += [count, *paid, total] if kind == REVENUE_KINDS[0] else [count, total]
    return tuple(figures)


def note_checked(connection: sa.Connection, checked: Sequence[Checked]) -> None:
    """Write down which differ, and up to which Z-report each register has been checked."""
    differing = [_key(each) for each in checked if each.differs]
    agreeing = [_key(each) for each in checked if not each.differs]
    if differing:
        connection.execute(dialect.insert(connection, z_difference).on_conflict_do_nothing(), differing)
    if agreeing:
        exactly = [z_difference.c[name] == sa.bindparam(f"its_{name}") for name in agreeing[0]]
        its = [{f"its_{name}": value for name, value in key.items()} for key in agreeing]
        connection.execute(sa.delete(z_difference).where(*exactly), its)
    new = [_key(each) for each in checked if each.is_new]
    if new:
        of_register = [register_watch.c[name] == sa.bindparam(f"its_{name}") for name in ("merchant_id", "sko_id")]
        done = sa.update(register_watch).where(*of_register).values(checked_z=sa.bindparam("its_number"))
        connection.execute(done, [{f"its_{name}": value for name, value in key.items()} for key in new])


def _key(checked: Checked) -> dict[str, int]:
    return dict(zip(("merchant_id", "sko_id", "number"), checked.report[:3], strict=True))
