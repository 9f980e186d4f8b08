"""The journal: who did what, when and from where. Rows are only ever added; the database refuses anything else."""

import json
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import sqlalchemy as sa

from sql.instants import now_us
from sql.tables import account, journal

OPERATOR = "operator"
ADDRESS_LENGTH = 45
DETAIL_LENGTH = 2_000
_CURSOR = re.compile("([0-9]{1,16})-([0-9a-f]{16})")


class Cursor(NamedTuple):
    """A place in the journal: what follows is older than the entry that stands there."""

    at_us: int
    entry_id: str

    def __str__(self) -> str:
        return f"{self.at_us}-{self.entry_id}"

    @classmethod
    def parse(cls, text: str) -> "Cursor":
        """What `str` wrote. Raises ValueError for anything else."""
        found = _CURSOR.fullmatch(text)
        if found is None:
            raise ValueError("not a cursor")
        return cls(int(found[1]), found[2])


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

    @property
    def cursor(self) -> Cursor:
        return Cursor(self.at_us, self.entry_id)


class Person(NamedTuple):
    """Somebody who has done something, by the address of today."""

    account_id: int
    email: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """What of the journal: from `first_us` until before `end_us`; None: whatever there is.

    `by_others` asks for what no account has done: the operator, and those whom nobody knew.
    """

    first_us: int | None = None
    end_us: int | None = None
    account_id: int | None = None
    by_others: bool = False
    action: str | None = None


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


def read_journal(
    connection: sa.Connection, merchant_id: int, wanted: Wanted, *, limit: int, after: Cursor | None = None
) -> list[Entry]:
    """At most `limit` entries, the newest first, from a cursor on."""
    columns = [journal.c[name] for name in Entry.__slots__]
    query = sa.select(*columns).where(journal.c.merchant_id == merchant_id, *_conditions(wanted))
    place = sa.tuple_(journal.c.at_us, journal.c.entry_id)
    if after is not None:
        query = query.where(place < sa.tuple_(sa.literal(after.at_us, sa.BigInteger), sa.literal(after.entry_id)))
    rows = connection.execute(query.order_by(journal.c.at_us.desc(), journal.c.entry_id.desc()).limit(limit))
    return [Entry(**{**row._mapping, "detail": json.loads(row.detail)}) for row in rows]


def _conditions(wanted: Wanted) -> list[sa.ColumnElement[bool]]:
    conditions: list[sa.ColumnElement[bool]] = []
    if wanted.first_us is not None:
        conditions.append(journal.c.at_us >= wanted.first_us)
    if wanted.end_us is not None:
        conditions.append(journal.c.at_us < wanted.end_us)
    if wanted.account_id is not None:
        conditions.append(journal.c.account_id == wanted.account_id)
    if wanted.by_others:
        conditions.append(journal.c.account_id.is_(None))
    if wanted.action is not None:
        conditions.append(journal.c.action == wanted.action)
    return conditions


def people_in_journal(connection: sa.Connection, merchant_id: int) -> list[Person]:
    """Whoever has done something in this company, also those who have left it, by e-mail address."""
    acted = sa.select(journal.c.account_id).where(journal.c.merchant_id == merchant_id).distinct()
    query = sa.select(account.c.account_id, account.c.email).where(account.c.account_id.in_(acted))
    return [Person(*row) for row in connection.execute(query.order_by(account.c.email))]
