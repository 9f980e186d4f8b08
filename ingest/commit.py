"""One group of requests → one transaction: what is new is stored and folded, what is not is told apart.

Optimistic: a group is written as if all of it were new. If a key is taken, nothing is written, and the group is judged
again with a look at what is stored (`look_first`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from ingest.content import content_hash, same_content
from ingest.fold import fold
from ingest.problems import Problem
from ingest.wire import Counters, Document, Rollback, ShiftOpen, ZReport
from sql import dialect
from sql.deliveries import note_pending
from sql.documents import (
    Key,
    NewDocument,
    StoredDocument,
    annulled_sales,
    insert_documents,
    stored_documents,
)
from sql.engine import Connection
from sql.errors import AlreadyStored
from sql.events import NewEvent, insert_events
from sql.instants import now_us, to_us
from sql.quarantine import CONFLICT, Quarantined, keep
from sql.register_settings import settle
from sql.shifts import ClosedShift, OpenedShift, ZCounter, record_closed, record_opened
from sql.tables import DRAWER_KINDS, REVENUE_KINDS
from sql.turnover import add_turnover


@dataclass(slots=True)
class Submission:
    """What one request wants stored. `rows` broke no rule by themselves; `quarantined` did."""

    rows: list[NewDocument] = field(default_factory=list)
    indexes: list[int] = field(default_factory=list)  # of each row: its place in the request
    details: dict[int, Document] = field(default_factory=dict)  # by place: rollback, shift_open, z_report
    quarantined: list[Quarantined] = field(default_factory=list)
    events: list[NewEvent] = field(default_factory=list)
    size: int = 0  # bytes that it holds


@dataclass(slots=True)
class Outcome:
    """What became of a submission, beyond what was known before: `problems` is (place in the request, problem)."""

    accepted: int = 0
    duplicates: int = 0
    problems: list[tuple[int, Problem]] = field(default_factory=list)


def commit_group(connection: Connection, group: Sequence[Submission], *, look_first: bool) -> list[Outcome]:
    """Store all of the group in one transaction; returns an outcome for each submission.

    Raises AlreadyStored if a key is taken (only when `look_first` is false, or when another process was faster),
    StorageUnavailable if the database doesn't answer. In either case nothing is stored.
    """
    with dialect.storage_errors(), connection.begin():
        judged = _Judgement(connection, group, look_first=look_first)
        if judged.new:
            insert_documents(connection, judged.new)
            note_pending(connection, judged.new, due_us=now_us())
            _record_shifts(connection, judged.new_details)
            add_turnover(connection, fold(judged.new))
        keep(connection, judged.quarantined)
        for submission, outcome in zip(group, judged.outcomes, strict=True):
            if submission.events:
                outcome.accepted += (new := insert_events(connection, submission.events))
                outcome.duplicates += len(submission.events) - new
        settle(connection, [event for submission in group for event in submission.events])
    return judged.outcomes


class _Judgement:
    """Goes through a group in order, and decides of each document: new, duplicate, conflict, or a bad rollback."""

    def __init__(self, connection: Connection, group: Sequence[Submission], *, look_first: bool) -> None:
        self.new: list[NewDocument] = []
        self.new_details: list[tuple[NewDocument, Document]] = []
        # Hashed here, in the lane's thread: for a large body that takes long, and the event loop has others to answer.
        self.quarantined = [_hashed(row) for submission in group for row in submission.quarantined]
        self.outcomes: list[Outcome] = []
        self._bodies: dict[Key, bytes] = {}  # of what is stored or will be
        if look_first:
            keys = list({row[:3] for submission in group for row in submission.rows})
            self._bodies = {key: found.body for key, found in stored_documents(connection, keys).items()}
        self._rollbacks = _Rollbacks(connection, group, look_first=look_first)
        for submission in group:
            self.outcomes.append(self._judge(submission))

    def _judge(self, submission: Submission) -> Outcome:
        outcome = Outcome()
        bodies, new, details = self._bodies, self.new, submission.details
        for place, row in zip(submission.indexes, submission.rows, strict=True):
            key = row[:3]
            known = bodies.get(key)
            if known is not None:
                if same_content(known, row.body):
                    outcome.duplicates += 1
                else:
                    self._quarantine(outcome, place, row, _CONFLICT)
                continue
            if details and place in details:
                detail = details[place]
                problem = self._rollbacks.check(row, detail) if isinstance(detail, Rollback) else None
                if problem:
                    self._quarantine(outcome, place, row, problem)
                    continue
                self.new_details.append((row, detail))
            bodies[key] = row.body
            new.append(row)
            outcome.accepted += 1
        return outcome

    def _quarantine(self, outcome: Outcome, place: int, row: NewDocument, problem: Problem) -> None:
        outcome.problems.append((place, problem))
        at = (row.merchant_id, row.sko_id, row.outlet_id)
        kept = quarantined(*at, row.number, problem, row.received_us, row.body)
        self.quarantined.append(_hashed(kept))


def quarantined(
    merchant_id: int,
    sko_id: int | None,
    outlet_id: int | None,
    number: int | None,
    problem: Problem,
    received_us: int,
    body: bytes,
) -> Quarantined:
    """The row that keeps a document with what is wrong with it; its content is hashed when it is written."""
    code, pointer, detail = problem
    return Quarantined(merchant_id, b"", code, sko_id, number, pointer, detail, received_us, body, outlet_id)


def _hashed(row: Quarantined) -> Quarantined:
    return row._replace(content_hash=content_hash(row.body))


_OTHER_KINDS = REVENUE_KINDS[1:] + DRAWER_KINDS
_CONFLICT = Problem(CONFLICT, "", "A different document is stored under this number; it stays as it is.")


class _Rollbacks:
    """What the rollbacks of a group annul, as far as it is stored or comes in the same group."""

    def __init__(self, connection: Connection, group: Sequence[Submission], *, look_first: bool) -> None:
        rollbacks = [
            row for submission in group for row in submission.rows if submission.details and row.type == "rollback"
        ]
        self._targets: dict[Key, StoredDocument] = {}
        self._annulled: dict[Key, int] = {}
        if not rollbacks:
            return
        targets = {_target(row) for row in rollbacks}
        for submission in group:
            for row in submission.rows:
                if row[:3] in targets:
                    self._targets.setdefault(row[:3], _as_stored(row))
        own = {row[:3] for row in rollbacks}
        stored = stored_documents(connection, list(targets | own))
        if not look_first and not own.isdisjoint(stored):
            raise AlreadyStored("A rollback of this group is stored already")
        self._targets.update(stored)
        self._annulled = annulled_sales(connection, list(targets))

    def check(self, row: NewDocument, rollback: Rollback) -> Problem | None:
        """Why this rollback, which is not stored yet, can't be accepted; if it can, its target counts as annulled."""
        key = _target(row)
        number = self._annulled.get(key)
        if number is not None:
            return Problem(
                "already_annulled", "/target", f"Document {rollback.target.number} is annulled by document {number}."
            )
        target = self._targets.get(key)
        if target is not None and (fault := _mismatch(row, rollback, target)):
            return Problem("rollback_mismatch", *fault)
        self._annulled[key] = row.number
        return None


def _target(row: NewDocument) -> Key:
    assert row.target_number is not None
    return row.merchant_id, row.sko_id, row.target_number


def _as_stored(row: NewDocument) -> StoredDocument:
    return StoredDocument(*(getattr(row, name) for name in StoredDocument._fields))


def _mismatch(row: NewDocument, rollback: Rollback, target: StoredDocument) -> tuple[str, str] | None:
    """Where a rollback disagrees with its stored target (a pointer and a sentence), or None."""
    number = rollback.target.number
    if target.type != "sale":
        return "/target/number", f"Document {number} is a {target.type}, not a sale."
    if target.uid != rollback.target.uid:
        return "/target/uid", f"Document {number} has the uid {target.uid}."
    if target.currency != row.currency:
        return "/currency", f"The annulled sale is in {target.currency}."
    if target.total_minor != row.total_minor:
        return "/total", f"The annulled sale has the total {target.total_minor}, the rollback {row.total_minor}."
    paid = (target.cash_minor, target.cashless_minor, target.other_minor)
    if paid != (row.cash_minor, row.cashless_minor, row.other_minor):
        return "/payments", "The annulled sale took {} in cash, {} cashless, {} otherwise.".format(*paid)
    return None


def _record_shifts(connection: Connection, details: Sequence[tuple[NewDocument, Document]]) -> None:
    opened, closed, counters = [], [], []
    for row, document in details:
        shift = (row.merchant_id, row.sko_id, row.shift)
        if isinstance(document, ShiftOpen):
            opened.append(OpenedShift(*shift, row.number, row.issued_us))
        elif isinstance(document, ZReport):
            opened_us = to_us(document.opened_at)
            numbers = (document.first_number, document.last_number)
            closed.append(ClosedShift(*shift, row.number, opened_us, row.issued_us, *numbers))
            counters += [_z_counter(row, counter) for counter in document.counters]
    record_opened(connection, opened)
    record_closed(connection, closed, counters)


def _z_counter(row: NewDocument, counter: Counters) -> ZCounter:
    sales = counter.sales
    return ZCounter(
        row.merchant_id,
        row.sko_id,
        row.number,
        counter.currency,
        sales.count,
        sales.cash,
        sales.cashless,
        sales.other,
        sales.sum,
        *(figure for kind in _OTHER_KINDS for figure in (getattr(counter, kind).count, getattr(counter, kind).sum)),
    )
