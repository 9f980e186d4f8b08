"""Events of registers: online, offline, paper out, settings applied, …"""

from collections.abc import Sequence
from typing import NamedTuple

import sqlalchemy as sa

from sql import dialect
from sql.tables import event


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
