"""Which documents the state system has confirmed: all but those that are pending or refused.

Pending are ranges of numbers, each holding every document that one commit stored of a register, and no other: numbers
between them that arrive later make a range of their own.

Whoever sends a range claims it first: its `due_us` moves to the end of a lease, which is also how the claim is known
again. If the sender dies, the range is due again when the lease has run out.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice, takewhile
from typing import Any, Literal, NamedTuple

import sqlalchemy as sa

from sql import dialect
from sql.documents import Key, NewDocument
from sql.instants import HOUR_US, SECOND_US
from sql.number_runs import note_runs
from sql.tables import document, merchant, pending_delivery, refused_delivery, sko_directory

LEASE_US = 300 * SECOND_US  # longer than a client should take for one call
PAUSE_MIN_US, PAUSE_MAX_US = 30 * SECOND_US, HOUR_US
REASON_MAX = 512  # characters

_KEY = tuple(pending_delivery.primary_key.columns)
_DOCUMENT_KEY = tuple(document.primary_key.columns)


class ClaimLost(Exception):
    """The lease has run out, and somebody else has taken the documents: they will be sent again."""


class Pending(NamedTuple):
    """A row of `pending_delivery`, in the order of its columns."""

    merchant_id: int
    sko_id: int
    first_number: int
    last_number: int
    attempts: int
    due_us: int

    @property
    def documents(self) -> int:
        return self.last_number - self.first_number + 1

    def each_key(self) -> Iterator[Key]:
        """Of its documents, in the order of their numbers."""
        return ((self.merchant_id, self.sko_id, number) for number in range(self.first_number, self.last_number + 1))

    def later(self, now_us: int) -> "Pending":
        """The same after an attempt that failed: each one doubles the pause, up to an hour."""
        pause_us = PAUSE_MIN_US << min(self.attempts, 16)
        return self._replace(attempts=self.attempts + 1, due_us=now_us + min(pause_us, PAUSE_MAX_US))


class Outgoing(NamedTuple):
    """A document as the state system gets it."""

    unp: str  # of the merchant
    sko: str  # the register's number
    number: int  # the register's own counter
    uid: str  # УИ: 24 hex digits
    body: bytes  # JSON, byte for byte what the register sent


class Answer(NamedTuple):
    """What the state system says of a document; `reason` is a sentence, where it refuses."""

    outcome: Literal["confirmed", "refused", "later"]
    reason: str = ""


class Status(NamedTuple):
    """How far the delivery has come, in documents; `oldest_us` is when the oldest of the pending ones was received."""

    pending: int
    refused: int
    oldest_us: int | None


def note_pending(connection: sa.Connection, documents: Iterable[NewDocument], due_us: int) -> None:
    """These documents, which are being stored in the same transaction, are to be sent from `due_us` on."""
    _insert_pending(connection, (row[:3] for row in documents), due_us)


def _insert_pending(connection: sa.Connection, keys: Iterable[Key], due_us: int) -> None:
    rows = [Pending(*first, last, 0, due_us) for first, last in ranges(keys)]
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


def first_due_us(connection: sa.Connection) -> int | None:
    """When the next range is due, or None if nothing is pending."""
    first: int | None = connection.execute(sa.select(sa.func.min(pending_delivery.c.due_us))).scalar()
    return first


def _due(columns: Iterable[sa.Column[Any]], now_us: int, ranges_max: int) -> sa.Select[Any]:
    """Ranges that are due and that nobody else is taking right now, those first that are due for longest."""
    query = sa.select(*columns).where(pending_delivery.c.due_us <= now_us)
    return query.order_by(pending_delivery.c.due_us, *_KEY).limit(ranges_max).with_for_update(skip_locked=True)


def confirm_due(connection: sa.Connection, now_us: int, ranges_max: int) -> list[Pending]:
    """Take ranges that are due and count them as sent at once."""
    # As a CTE, which PostgreSQL runs just once: as a plain subquery it may be run, and limited, more than once.
    due = sa.select(_due(_KEY, now_us, ranges_max).cte("due"))
    statement = sa.delete(pending_delivery).where(sa.tuple_(*_KEY).in_(due)).returning(*pending_delivery.columns)
    taken = [Pending._make(row) for row in connection.execute(statement)]
    note_runs(connection, [range_[:4] for range_ in taken])
    return taken


def claim(connection: sa.Connection, now_us: int, documents_max: int) -> list[Pending]:
    """Take ranges that are due until they hold so many documents: nobody else gets them before the lease ends.

    They come in the order of their keys. The last one taken may hold more documents than were wanted.
    """
    taken: list[Pending] = []
    documents = 0
    for row in connection.execute(_due(pending_delivery.columns, now_us, documents_max)).all():
        if documents >= documents_max:
            break
        taken.append(Pending._make(row))
        documents += taken[-1].documents
    claimed = [range_._replace(due_us=now_us + LEASE_US) for range_ in sorted(taken)]
    _replace(connection, taken, claimed)
    return claimed


def _replace(connection: sa.Connection, held: Sequence[Pending], by: Sequence[Pending]) -> None:
    """Put other rows in the place of those that we hold. ClaimLost if somebody else holds one by now."""
    if not held:
        return
    exactly = [column == sa.bindparam(f"its_{column.name}") for column in (*_KEY, pending_delivery.c.due_us)]
    rows = [{f"its_{name}": value for name, value in range_._asdict().items()} for range_ in held]
    if connection.execute(sa.delete(pending_delivery).where(*exactly), rows).rowcount != len(rows):
        raise ClaimLost
    dialect.bulk_insert(connection, pending_delivery, by)


def fitting(connection: sa.Connection, claimed: Sequence[Pending], documents_max: int, bytes_max: int) -> list[Key]:
    """The first documents of these ranges that are together not larger than that; one in any case."""
    keys = list(islice((key for range_ in claimed for key in range_.each_key()), documents_max))
    columns = (*_DOCUMENT_KEY, sa.func.length(document.c.body))
    sizes = {tuple(row[:3]): row[3] for row in dialect.select_keys(connection, columns, _DOCUMENT_KEY, keys)}
    total = 0
    for place, key in enumerate(keys):
        total += sizes.get(key, 0)
        if place and total > bytes_max:
            return keys[:place]
    return keys


def outgoing(connection: sa.Connection, keys: Sequence[Key]) -> dict[Key, Outgoing]:
    """Those of these documents that are stored."""
    registers = list({key[:2] for key in keys})
    unps = sa.select(merchant.c.merchant_id, merchant.c.unp).where(merchant.c.merchant_id.in_({key[0] for key in keys}))
    unp_of = {row.merchant_id: row.unp for row in connection.execute(unps)}
    of_register = (sko_directory.c.merchant_id, sko_directory.c.sko_id)
    found = dialect.select_keys(connection, (*of_register, sko_directory.c.number), of_register, registers)
    sko_of = {(row[0], row[1]): row[2] for row in found}
    rows = dialect.select_keys(connection, (*_DOCUMENT_KEY, document.c.uid, document.c.body), _DOCUMENT_KEY, keys)
    return {tuple(row[:3]): Outgoing(unp_of[row[0]], sko_of[row[0], row[1]], row[2], row[3], row[4]) for row in rows}


def settle(connection: sa.Connection, claimed: Sequence[Pending], answers: Mapping[Key, Answer], now_us: int) -> None:
    """Record what became of the first documents of these ranges; the others are due at once. ClaimLost: nothing is."""
    _replace(connection, claimed, [left for range_ in claimed for left in _left(range_, answers, now_us)])
    note_runs(connection, [range_[:4] for range_ in claimed])  # stored they are, whatever the answers say
    refused = [(*key, _reason(reason), now_us) for key, (outcome, reason) in answers.items() if outcome == "refused"]
    dialect.bulk_insert(connection, refused_delivery, refused)


def _left(range_: Pending, answers: Mapping[Key, Answer], now_us: int) -> Iterator[Pending]:
    answered = list(takewhile(answers.__contains__, range_.each_key()))
    for first, last in ranges(key for key in answered if answers[key].outcome == "later"):
        yield range_._replace(first_number=first[2], last_number=last).later(now_us)
    if len(answered) < range_.documents:
        yield range_._replace(first_number=range_.first_number + len(answered), due_us=now_us)


def _reason(text: str) -> str:
    """What a database can keep of a reason, on one line."""
    return "".join(letter if letter.isprintable() else " " for letter in text[:REASON_MAX])


def postpone(connection: sa.Connection, claimed: Sequence[Pending], now_us: int) -> None:
    """None of these ranges could be sent; they are tried again after a pause. ClaimLost: nothing is changed."""
    _replace(connection, claimed, [range_.later(now_us) for range_ in claimed])


def retry_refused(connection: sa.Connection, merchant_id: int, sko_id: int | None, now_us: int) -> int:
    """Send what was refused once more: of one register, or (None) of all of the merchant; returns how many."""
    of_whom = [refused_delivery.c.merchant_id == merchant_id]
    if sko_id is not None:
        of_whom.append(refused_delivery.c.sko_id == sko_id)
    key = refused_delivery.primary_key.columns
    keys: list[Key] = [
        (row[0], row[1], row[2])
        for row in connection.execute(sa.delete(refused_delivery).where(*of_whom).returning(*key))
    ]
    _insert_pending(connection, keys, now_us)
    return len(keys)


def delivery_status(connection: sa.Connection) -> Status:
    """How many documents are pending and refused."""
    width = pending_delivery.c.last_number - pending_delivery.c.first_number + 1
    pending = connection.execute(sa.select(sa.func.coalesce(sa.func.sum(width), 0))).scalar_one()
    refused = connection.execute(sa.select(sa.func.count()).select_from(refused_delivery)).scalar_one()
    first = sa.and_(
        document.c.merchant_id == pending_delivery.c.merchant_id,
        document.c.sko_id == pending_delivery.c.sko_id,
        document.c.number == pending_delivery.c.first_number,
    )
    oldest = sa.select(sa.func.min(document.c.received_us)).join_from(pending_delivery, document, first)
    return Status(int(pending), refused, connection.execute(oldest).scalar())
