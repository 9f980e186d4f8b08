"""Which documents the state system has confirmed: all but those that are pending or refused.

Pending are ranges of numbers, each holding every document that one commit stored of a register, and no other: numbers
between them that arrive later make a range of their own.
"""

from collections.abc import Iterable
from typing import NamedTuple

import sqlalchemy as sa

from sql import dialect
from sql.documents import Key, NewDocument
from sql.tables import pending_delivery


class Pending(NamedTuple):
    """A row of `pending_delivery`, in the order of its columns."""

    merchant_id: int
    sko_id: int
    first_number: int
    last_number: int
    attempts: int
    due_us: int


def note_pending(connection: sa.Connection, documents: Iterable[NewDocument], due_us: int) -> None:
    """These documents, which are being stored in the same transaction, are to be sent from `due_us` on."""
    rows = [Pending(*first, last, 0, due_us) for first, last in ranges(row[:3] for row in documents)]
    dialect.bulk_insert(connection, pending_delivery, rows)


def ranges(keys: Iterable[Key]) -> list[tuple[Key, int]]:
    """Runs of consecutive numbers of a register: (the first key, the last number)."""
    runs: list[tuple[Key, int]] = []
    before: Key | None = None
    for key in sorted(keys):
        if before is not None and key[:2] == before[:2] and key[2] == before[2] + 1:
            runs[-1] = (runs[-1][0], key[2])
        else:
            runs.append((key, key[2]))
        before = key
    return runs
