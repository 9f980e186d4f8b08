"""Quarantine: documents that broke a rule. The sale has already happened, so nothing is dropped."""

from collections.abc import Sequence
from typing import Final, NamedTuple

import sqlalchemy as sa

from sql import dialect
from sql.tables import quarantine

CONFLICT: Final = "different_content"


class Quarantined(NamedTuple):
    """A row of `quarantine`, in the order of its columns."""

    merchant_id: int
    content_hash: bytes
    code: str
    sko_id: int | None
    number: int | None
    pointer: str
    detail: str
    received_us: int
    body: bytes
    outlet_id: int | None = None


def keep(connection: sa.Connection, rows: Sequence[Quarantined]) -> None:
    """Keep these documents, each content once for each reason, however often it is sent."""
    if rows:
        statement = dialect.insert(connection, quarantine).on_conflict_do_nothing()
        in_order = sorted((row._asdict() for row in rows), key=lambda row: (row["merchant_id"], row["content_hash"]))
        with dialect.storage_errors():
            connection.execute(statement, in_order)


def find_quarantined(connection: sa.Connection, merchant_id: int, sko_id: int, number: int) -> tuple[int, bytes] | None:
    """When the newest quarantined document of this number was received (an instant) and its bytes, or None.

    Documents in conflict with a stored one don't count: the stored one is the document of that number.
    """
    query = (
        sa.select(quarantine.c.received_us, quarantine.c.body)
        .filter_by(merchant_id=merchant_id, sko_id=sko_id, number=number)
        .where(quarantine.c.code != CONFLICT)
        .order_by(quarantine.c.received_us.desc())
    )
    with dialect.storage_errors():
        row = connection.execute(query.limit(1)).first()
    return (row[0], row[1]) if row else None
