"""The journal: who did what, when and from where. Rows are only ever added; the database refuses anything else."""

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from sql.instants import now_us
from sql.tables import journal

OPERATOR = "operator"
ADDRESS_LENGTH = 45
DETAIL_LENGTH = 2_000


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the journal. `detail` is what else is worth knowing, `subject` what it was done to."""

    at_us: int
    entry_id: str
    account_id: int | None
    actor: str
    action: str
    subject: str
    detail: dict[str, Any]
    address: str


def write_journal(
    connection: sa.Connection,
    merchant_id: int,
    action: str,
    *,
    actor: str,
    account_id: int | None = None,
    subject: str = "",
    detail: Mapping[str, Any] | None = None,
    address: str = "",
) -> None:
    """Add a line, in the transaction of what it tells of."""
    written = json.dumps(detail or {}, ensure_ascii=False)
    connection.execute(
        sa.insert(journal).values(
            merchant_id=merchant_id,
            at_us=now_us(),
            entry_id=secrets.token_hex(8),
            account_id=account_id,
            actor=actor,
            action=action,
            subject=subject[:256],
            detail=written if len(written) <= DETAIL_LENGTH else "{}",
            address=address[:ADDRESS_LENGTH],
        )
    )
