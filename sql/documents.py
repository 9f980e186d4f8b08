"""Fiscal documents: what registers sent, kept byte for byte beside the columns that pages ask for."""

import datetime
from collections.abc import Collection, Sequence
from typing import NamedTuple

import sqlalchemy as sa

from sql import dialect
from sql.tables import document

Key = tuple[int, int, int]  # merchant_id, sko_id, number


class NewDocument(NamedTuple):
    """A row of `document`, in the order of its columns."""

    merchant_id: int
    sko_id: int
    number: int
    type: str
    uid: str
    shift: int
    issued_us: int
    day: datetime.date
    outlet_id: int
    currency: str
    cashier: str
    offline: bool
    total_minor: int
    cash_minor: int
    cashless_minor: int
    other_minor: int
    discount_minor: int
    target_number: int | None
    base_sko: str | None
    base_number: int | None
    received_us: int
    body: bytes

    @property
    def key(self) -> Key:
        return self.merchant_id, self.sko_id, self.number


class StoredDocument(NamedTuple):
    """What a new document is compared with."""

    type: str
    uid: str
    currency: str
    total_minor: int
    cash_minor: int
    cashless_minor: int
    other_minor: int
    body: bytes


def insert_documents(connection: sa.Connection, rows: Collection[NewDocument]) -> None:
    """Store documents that are new. AlreadyStored if one is not, or if a rollback's target is annulled already."""
    dialect.bulk_insert(connection, document, rows)


def stored_documents(connection: sa.Connection, keys: Sequence[Key]) -> dict[Key, StoredDocument]:
    """Those of these documents that are stored."""
    if not keys:
        return {}
    key = (document.c.merchant_id, document.c.sko_id, document.c.number)
    columns = [document.c[name] for name in StoredDocument._fields]
    with dialect.storage_errors():
        rows = dialect.select_keys(connection, (*key, *columns), key, keys)
        return {(row[0], row[1], row[2]): StoredDocument(*row[3:]) for row in rows}


def annulled_sales(connection: sa.Connection, keys: Sequence[Key]) -> dict[Key, int]:
    """Those of these sales that a stored rollback annuls already → the rollback's number."""
    if not keys:
        return {}
    key = (document.c.merchant_id, document.c.sko_id, document.c.target_number)
    with dialect.storage_errors():
        rows = dialect.select_keys(connection, (*key, document.c.number), key, keys)
        return {(row[0], row[1], row[2]): row[3] for row in rows}


def find_document(connection: sa.Connection, merchant_id: int, sko_id: int, number: int) -> tuple[int, bytes] | None:
    """When a document was received (an instant) and its bytes, or None if it is not stored."""
    key = {"merchant_id": merchant_id, "sko_id": sko_id, "number": number}
    with dialect.storage_errors():
        row = connection.execute(sa.select(document.c.received_us, document.c.body).filter_by(**key)).first()
    return (row[0], row[1]) if row else None
