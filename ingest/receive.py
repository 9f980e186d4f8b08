"""Bytes → documents or events → writer → answer."""

from typing import NamedTuple

from msgspec import UNSET

from ingest import answers, metrics, reading, wire
from ingest.commit import Outcome, Submission, quarantined
from ingest.directory import Register
from ingest.problems import Problem
from ingest.rules import amounts, check
from ingest.service import Service
from sql.documents import NewDocument
from sql.events import NewEvent
from sql.instants import now_us, to_us
from sql.quarantine import CONFLICT
from sql.tokens import Token

UNKNOWN_SKO = Problem("unknown_sko", "/sko", "No СКО has this number.")
# What is written of these is more than their row.
DETAILED = (wire.Rollback, wire.ShiftOpen, wire.ZReport)
OUT_OF_SCOPE = Problem("sko_out_of_scope", "/sko", "The token may not post for this СКО.")


class Unreadable(NamedTuple):
    """An element that broke a field rule, and what could be read of it nevertheless."""

    sko: str | None
    number: int | None
    problem: Problem


async def receive_documents(service: Service, token: Token, body: bytes) -> bytes:
    """The answer to POST /v1/documents. Raises Failure; whatever the answer acknowledges is on disk."""
    bodies = reading.decode_documents(body)
    documents = [_read_document(raw) for raw in bodies]
    await service.load({document.sko for document in documents if document.sko is not None})
    sorting = _Sorting(service, token, "documents", len(body))
    for raw, document in zip(bodies, documents, strict=True):
        sorting.add_document(raw, document)
    # While the request waits for its commit, it holds nothing but what is written.
    del body, bodies, documents, raw, document
    return await sorting.answer()


async def receive_events(service: Service, token: Token, body: bytes) -> bytes:
    """The answer to POST /v1/events. Raises Failure; whatever the answer acknowledges is on disk."""
    bodies = reading.decode_events(body)
    events = [_read_event(raw) for raw in bodies]
    await service.load({event.sko for event in events if event.sko is not None})
    sorting = _Sorting(service, token, "events", len(body))
    for raw, event in zip(bodies, events, strict=True):
        sorting.add_event(raw, event)
    # While the request waits for its commit, it holds nothing but what is written.
    del body, bodies, events, raw, event
    return await sorting.answer()


def _read_document(raw: bytes) -> wire.Document | Unreadable:
    read = reading.read_document(raw)
    return Unreadable(*reading.peek(raw), read) if isinstance(read, Problem) else read


def _read_event(raw: bytes) -> wire.Event | Unreadable:
    read = reading.read_event(raw)
    return Unreadable(reading.peek(raw)[0], None, read) if isinstance(read, Problem) else read


def scope_problem(token: Token, register: Register | None) -> Problem | None:
    """Why this token may not post for this register, or None if it may."""
    if register is None:
        return UNKNOWN_SKO
    if token.merchant_id is not None and token.merchant_id != register.merchant_id:
        return OUT_OF_SCOPE
    if token.sko_id is not None and token.sko_id != register.sko_id:
        return OUT_OF_SCOPE
    return None


class _Sorting:
    """Goes through the elements of one request: scope first, then field rules, then arithmetic; the rest is written."""

    def __init__(self, service: Service, token: Token, list_name: str, body_size: int) -> None:
        self._service = service
        self._token = token
        self._list_name = list_name
        self._received_us = now_us()
        self._index = -1
        self._problems: list[answers.ProblemEntry] = []
        self._skos: list[str | None] = []  # of each element, for the problems of the writer
        self._numbers: list[int | None] = []
        self._submission = Submission(size=body_size)

    def add_document(self, raw: bytes, document: wire.Document | Unreadable) -> None:
        register = self._next(document.sko, document.number)
        if isinstance(register, Problem):
            self._report(self._index, "rejected", register)
        elif isinstance(document, Unreadable):
            self._quarantine(raw, document.problem, register)
        elif problem := check(document, issued_us := to_us(document.issued_at), self._received_us):
            self._quarantine(raw, problem, register, issued_us)
        elif register is not None:
            self._submission.rows.append(_row(register, document, issued_us, self._received_us, raw))
            self._submission.indexes.append(self._index)
            if isinstance(document, DETAILED):
                self._submission.details[self._index] = document

    def add_event(self, raw: bytes, event: wire.Event | Unreadable) -> None:
        register = self._next(event.sko, None)
        if isinstance(register, Problem):
            self._report(self._index, "rejected", register)
        elif isinstance(event, Unreadable):
            self._quarantine(raw, event.problem, register)
        elif register is not None:
            occurred_us = to_us(event.occurred_at)
            key = (register.merchant_id, register.sko_id, occurred_us, event.kind)
            self._submission.events.append(NewEvent(*key, event.detail or None, self._received_us))

    def _next(self, sko: str | None, number: int | None) -> Register | Problem | None:
        """The register that the next element names, or why the token may not post it.

        An element that names none stays with the token's merchant (None); an operator's token has no merchant.
        """
        self._index += 1
        self._skos.append(sko)
        self._numbers.append(number)
        if sko is None:
            return UNKNOWN_SKO if self._token.merchant_id is None else None
        register = self._service.directory.get(sko)
        return scope_problem(self._token, register) or register

    def _quarantine(
        self, raw: bytes, problem: Problem, register: Register | None, issued_us: int | None = None
    ) -> None:
        """Keep it, at the outlet where it was issued; where that can't be read, where the register stands now."""
        received_us, number = self._received_us, self._numbers[self._index]
        if register:
            # It stands there in any future too, whose last day may have no local date.
            outlet_id, _ = register.place(received_us if issued_us is None else min(issued_us, received_us))
            place: tuple[int, int | None, int | None] = (register.merchant_id, register.sko_id, outlet_id)
        else:
            assert self._token.merchant_id is not None, "an operator's token never gets here without a register"
            place = (self._token.merchant_id, None, None)
        self._submission.quarantined.append(quarantined(*place, number, problem, received_us, raw))
        self._report(self._index, "quarantined", problem)

    def _report(self, index: int, status: answers.ProblemStatus, problem: Problem) -> None:
        sko, number = self._skos[index], self._numbers[index]
        pointer = f"/{self._list_name}/{index}{problem.pointer}"
        self._problems.append(answers.ProblemEntry(index, sko, number, status, problem.code, pointer, problem.detail))

    async def answer(self) -> bytes:
        """Have everything written; the answer. Raises Failure 503."""
        submission = self._submission
        outcome = Outcome()
        if submission.rows or submission.quarantined or submission.events:
            outcome = await self._service.write(submission)
        for index, problem in outcome.problems:
            self._report(index, "conflict" if problem.code == CONFLICT else "quarantined", problem)
        self._problems.sort(key=lambda entry: entry.index)
        metrics.count(outcome.accepted, outcome.duplicates, self._problems)
        return answers.encode(answers.Answer(outcome.accepted, outcome.duplicates, self._problems))


def _row(register: Register, document: wire.Document, issued_us: int, received_us: int, raw: bytes) -> NewDocument:
    outlet_id, day = register.place(issued_us)
    return NewDocument(
        register.merchant_id,
        register.sko_id,
        document.number,
        document.type_name,
        document.uid,
        document.shift,
        issued_us,
        day,
        outlet_id,
        document.currency,
        document.cashier,
        document.offline,
        *amounts(document),
        document.target.number if isinstance(document, wire.Rollback) else None,
        *_base(document),
        received_us,
        raw,
    )


def _base(document: wire.Document) -> tuple[str | None, int | None]:
    """The sale that a refund names: the number of its register, and its own."""
    if not isinstance(document, wire.Refund) or document.base is UNSET:
        return None, None
    return document.base.sko, document.base.number
