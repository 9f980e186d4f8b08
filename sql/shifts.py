"""Shifts of registers: when each was opened and closed, and what its Z-report says."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa

from sql import dialect
from sql.tables import shift, z_counter


class OpenedShift(NamedTuple):
    """What a shift_open document says."""

    merchant_id: int
    sko_id: int
    shift: int
    open_number: int
    opened_us: int


class ClosedShift(NamedTuple):
    """What a z_report document says."""

    merchant_id: int
    sko_id: int
    shift: int
    z_number: int
    z_opened_us: int
    closed_us: int
    first_number: int
    last_number: int


class ZCounter(NamedTuple):
    """What a z_report document says of one currency, in the order of the columns of `z_counter`."""

    merchant_id: int
    sko_id: int
    number: int
    currency: str
    sales_count: int
    sales_cash_minor: int
    sales_cashless_minor: int
    sales_other_minor: int
    sales_minor: int
    refunds_count: int
    refunds_minor: int
    rollbacks_count: int
    rollbacks_minor: int
    deposits_count: int
    deposits_minor: int
    withdrawals_count: int
    withdrawals_minor: int
    payouts_count: int
    payouts_minor: int


def record_opened(connection: sa.Connection, opened: Sequence[OpenedShift]) -> None:
    """Note that shifts were opened. Should a shift be opened twice, the document with the higher number counts."""
    _upsert(connection, [row._asdict() for row in opened], decided_by="open_number")


def record_closed(connection: sa.Connection, closed: Sequence[ClosedShift], counters: Sequence[ZCounter]) -> None:
    """Note that shifts were closed, and what the Z-reports say; of two for one shift the higher number counts."""
    _upsert(connection, [row._asdict() for row in closed], decided_by="z_number")
    if counters:
        with dialect.storage_errors():
            connection.execute(sa.insert(z_counter), [row._asdict() for row in counters])


def _upsert(connection: sa.Connection, rows: list[dict[str, Any]], *, decided_by: str) -> None:
    if not rows:
        return
    key = [column.name for column in shift.primary_key.columns]
    statement = dialect.insert(connection, shift)
    new = statement.excluded
    kept = sa.func.coalesce(shift.c[decided_by], 0)
    statement = statement.on_conflict_do_update(
        index_elements=key,
        set_={name: new[name] for name in rows[0] if name not in key},
        where=new[decided_by] > kept,
    )
    in_order = sorted(rows, key=lambda row: [row[name] for name in key])  # so that processes can't deadlock
    with dialect.storage_errors():
        connection.execute(statement, in_order)
