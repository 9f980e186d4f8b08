"""Delivery to the state system: whatever ingest has stored is sent there, and what it says of each document is kept.

Which system that is, and how one speaks to it, is the business of a client, named by the setting DELIVERY_CLIENT.
"""

import importlib
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Protocol

import structlog

from sql.deliveries import (
    LEASE_US,
    Answer,
    ClaimLost,
    Outgoing,
    Pending,
    claim,
    confirm_due,
    first_due_us,
    fitting,
    outgoing,
    postpone,
    settle,
)
from sql.dialect import storage_errors
from sql.documents import Key
from sql.engine import Engine, reading, writing
from sql.instants import SECOND_US, now_us
from webapp.rounds import Rounds

DOCUMENTS_MAX = 500  # of one call
BYTES_MAX = 4 * 1024 * 1024  # of the documents of one call, if there is more than one
UNSEEN_RANGES_MAX = 5_000  # confirmed in one transaction
POLL_S = 1.0  # how long after it was stored a document may wait for its turn
REPORT_S = 60.0

CONFIRMED = Answer("confirmed")
LATER = Answer("later")
MISSING = Answer("refused", "The document is not stored")

log = structlog.get_logger()


def refused(reason: str) -> Answer:
    """It does not take this document; merchants read the reason, of which 512 characters are kept."""
    return Answer("refused", reason)


class Client(Protocol):
    """One who speaks to the state system.

    Documents are delivered at least once: if we break off between its confirmation and our note of it, the same ones
    come again, and must be confirmed again. The documents of a call come register by register in the order of their
    numbers; a later call may bring a lower number, which arrived late or had to be tried again.
    """

    needs_documents: bool  # False: all are confirmed without being read, and `deliver` isn't called

    def deliver(self, documents: Sequence[Outgoing]) -> Sequence[Answer]:
        """Send 1 to 500 documents; the answer to each, in the same order: CONFIRMED, LATER or refused("why").

        An exception means LATER for all of them. A call should take less than five minutes: then another job process
        takes it for dead. It is made in a thread of its own.
        """


class ConfirmAtOnce:
    """Speaks to nobody."""

    needs_documents = False

    def deliver(self, documents: Sequence[Outgoing]) -> Sequence[Answer]:
        return [CONFIRMED] * len(documents)


def confirm_at_once() -> Client:
    """The default: there is no state system, so every document counts as sent as soon as it has been stored."""
    return ConfirmAtOnce()


def load_client(name: str) -> Client:
    """What `module:callable` makes, called without arguments. ValueError with a sentence if that is no client."""
    module, _, attribute = name.partition(":")
    try:
        make: Callable[[], Client] = getattr(importlib.import_module(module), attribute)
        client = make()
        assert callable(client.deliver)
        assert isinstance(client.needs_documents, bool)
    except Exception as error:
        raise ValueError(
            f"DELIVERY_CLIENT names no client: {name!r} must be module:callable, and the callable make one "
            f"({type(error).__name__}: {error})"
        ) from error
    return client


@dataclass(slots=True)
class Tally:
    """What became of documents; `more`: there may be others that are due."""

    confirmed: int = 0
    refused: int = 0
    later: int = 0
    more: bool = False

    def add(self, other: "Tally") -> None:
        self.confirmed += other.confirmed
        self.refused += other.refused
        self.later += other.later


def deliver_some(engine: Engine, client: Client) -> Tally:
    """Send documents that are due: one call of the client. StorageUnavailable if the database doesn't answer."""
    with storage_errors():
        with reading(engine) as connection:  # which takes no lock, on any database
            first_us = first_due_us(connection)
        if first_us is None or first_us > now_us():
            return Tally()
        if not client.needs_documents:
            with writing(engine) as connection:
                taken = confirm_due(connection, now_us(), UNSEEN_RANGES_MAX)
            return Tally(sum(range_.documents for range_ in taken), more=len(taken) == UNSEEN_RANGES_MAX)
        with writing(engine) as connection:
            claimed = claim(connection, now_us(), DOCUMENTS_MAX)
        return _deliver(engine, client, claimed) if claimed else Tally()


def _deliver(engine: Engine, client: Client, claimed: Sequence[Pending]) -> Tally:
    with reading(engine) as connection:
        keys = fitting(connection, claimed, DOCUMENTS_MAX, BYTES_MAX)
        documents = outgoing(connection, keys)
    answers = _answers(client, documents) if documents else {}
    with writing(engine) as connection:
        if answers is None:
            postpone(connection, claimed, now_us())
            return Tally(later=len(keys))
        answers.update((key, MISSING) for key in keys if key not in documents)
        settle(connection, claimed, answers, now_us())
    counted = Counter(answer.outcome for answer in answers.values())
    all_of_them = sum(range_.documents for range_ in claimed)
    more = all_of_them >= DOCUMENTS_MAX or all_of_them > len(keys)
    return Tally(counted["confirmed"], counted["refused"], counted["later"], more)


def _answers(client: Client, documents: Mapping[Key, Outgoing]) -> dict[Key, Answer] | None:
    """The client's answers, or None if it has none: then it has said why to the log."""
    try:
        answers = list(client.deliver(list(documents.values())))
        if not all(answer in (CONFIRMED, LATER, refused(answer.reason)) for answer in answers):
            raise ValueError("an answer is none of CONFIRMED, LATER and refused(…)")
        return dict(zip(documents, answers, strict=True))
    except Exception:
        log.exception("delivery_client_failed", documents=len(documents))
        return None


class Deliveries(Rounds):
    """Sends what is due. If a call takes long when we stop, its documents are sent again another time."""

    def __init__(self, engine: Engine, client: Client) -> None:
        super().__init__({"deliveries": self._send})
        self._engine = engine
        self._client = client
        self._tally = Tally()  # since the last report
        self._report_s = time.monotonic()

        if isinstance(client, ConfirmAtOnce):
            log.warning("documents are sent to nobody, and count as confirmed at once; see DELIVERY_CLIENT")

    def _send(self) -> float:
        try:
            done = deliver_some(self._engine, self._client)
        except ClaimLost:
            log.warning("delivery_took_too_long", lease_s=LEASE_US // SECOND_US)
            return POLL_S
        self._report(done)
        return 0 if done.more else POLL_S

    def _report(self, done: Tally) -> None:
        """Every minute, what has been done in it."""
        self._tally.add(done)
        if time.monotonic() < self._report_s + REPORT_S:
            return
        if self._tally != Tally():
            log.info("delivered", **asdict(self._tally))
        self._tally, self._report_s = Tally(), time.monotonic()
