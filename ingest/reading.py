"""The door: bytes of a request → documents or events, or what is wrong with them. Decoders are built once."""

from typing import Any, TypeVar

import msgspec
from msgspec import Raw, Struct

from ingest import fields, text
from ingest.content import nested_deeper
from ingest.faults import Rules
from ingest.problems import Problem
from ingest.wire import Document, Event, ZReport

ENTRIES_MAX = 1_000
NESTING_MAX = 64  # whoever reads a stored document later may have few stack frames left

T = TypeVar("T")
S = TypeVar("S", bound=Struct)


class MalformedJson(Exception):
    """The body is no JSON in UTF-8."""

    code = "malformed_json"


class InvalidEnvelope(Exception):
    """The body is JSON, but not the object that it must be."""

    code = "invalid_envelope"


class TooMany(Exception):
    """More than ENTRIES_MAX entries."""


class _Documents(Struct, gc=False):
    documents: list[Raw]


class _Events(Struct, gc=False):
    events: list[Raw]


class _Named(Struct, gc=False):
    sko: Raw = Raw(b"null")
    number: Raw = Raw(b"null")


_documents = msgspec.json.Decoder(_Documents)
_events = msgspec.json.Decoder(_Events)
_document: msgspec.json.Decoder[Document] = msgspec.json.Decoder(Document)
_event = msgspec.json.Decoder(Event)
_anything = msgspec.json.Decoder(Raw)
_named = msgspec.json.Decoder(_Named)
_sko: msgspec.json.Decoder[str] = msgspec.json.Decoder(fields.SkoNumber)
_number: msgspec.json.Decoder[int] = msgspec.json.Decoder(fields.Number)
_document_rules = Rules(Document, "A document")
_event_rules = Rules(Event, "An event")


def decode_documents(body: bytes) -> list[bytes]:
    """The body of POST /v1/documents → each document as it was sent. Raises MalformedJson, InvalidEnvelope, TooMany."""
    return _entries(body, _documents, "documents")


def decode_events(body: bytes) -> list[bytes]:
    """The body of POST /v1/events → each event as it was sent. Raises MalformedJson, InvalidEnvelope, TooMany."""
    return _entries(body, _events, "events")


def _entries(body: bytes, decoder: msgspec.json.Decoder[Any], name: str) -> list[bytes]:
    try:
        entries: list[Raw] = getattr(_envelope(body, decoder), name)
    except msgspec.ValidationError:
        raise InvalidEnvelope(f'The body must be an object like {{"{name}": […]}}.') from None
    except msgspec.DecodeError as error:
        reason = str(error).removeprefix("JSON is malformed: ")
        raise MalformedJson(f"The body is not valid JSON: {reason}.") from None
    except UnicodeDecodeError as error:
        raise MalformedJson(f"The body is not valid UTF-8: {error.reason} (byte {error.start}).") from None
    except RecursionError:
        raise MalformedJson("The body is nested too deeply.") from None
    if not entries:
        raise InvalidEnvelope(f"`{name}` is empty; send 1 to {ENTRIES_MAX:,}.")
    if len(entries) > ENTRIES_MAX:
        raise TooMany(f"`{name}` has {len(entries):,} entries; send 1 to {ENTRIES_MAX:,}.")
    return [text.unmasked(bytes(entry)) for entry in entries]


def _envelope(body: bytes, decoder: msgspec.json.Decoder[Any]) -> Any:
    body.decode()  # the decoder skims over text that it need not hand out
    try:
        return text.decode_masked(decoder, body)
    except msgspec.ValidationError:
        text.decode_masked(_anything, body)  # it stops at the first wrong value; a body that is no JSON is called so
        raise


def read_document(raw: bytes) -> Document | Problem:
    """A document that keeps every field rule, or the first one that it breaks. `raw` comes from `decode_documents`."""
    document = _read(raw, _document, _document_rules)
    if isinstance(document, Problem):
        return document
    if document.issued_at.year < fields.YEAR_MIN:
        return _document_rules.problem(".issued_at")
    if isinstance(document, ZReport):
        return _check_z_report(document) or document
    return document


def read_event(raw: bytes) -> Event | Problem:
    """An event that keeps every field rule, or the first one that it breaks. `raw` comes from `decode_events`."""
    event = _read(raw, _event, _event_rules)
    if isinstance(event, Event) and not fields.YEAR_MIN <= event.occurred_at.year <= fields.YEAR_MAX:
        return _event_rules.problem(".occurred_at")
    return event


def peek(raw: bytes) -> tuple[str | None, int | None]:
    """СКО and number of an element that breaks a rule, each as far as it can be read by itself."""
    try:
        named = text.decode(_named, raw)
    except (msgspec.DecodeError, RecursionError):
        return None, None
    sko = _one(_sko, named.sko)
    return sko if sko is None or sko.isalnum() else None, _one(_number, named.number)


def _one(decoder: msgspec.json.Decoder[T], raw: Raw) -> T | None:
    try:
        return decoder.decode(raw)
    except msgspec.DecodeError:
        return None


def _read(raw: bytes, decoder: msgspec.json.Decoder[S], rules: Rules) -> S | Problem:
    if nested_deeper(raw, NESTING_MAX):
        return Problem("invalid_field", "", f"Arrays and objects are nested deeper than {NESTING_MAX} levels.")
    try:
        value = text.decode(decoder, raw)
    except msgspec.ValidationError as error:
        return rules.explain(error)
    path = text.fault(raw, value)
    return value if path is None else rules.problem(path)


def _check_z_report(report: ZReport) -> Problem | None:
    if not fields.YEAR_MIN <= report.opened_at.year <= fields.YEAR_MAX:
        return _document_rules.problem(".opened_at")
    seen = set()
    for place, counters in enumerate(report.counters):
        if counters.currency in seen:
            return Problem("invalid_field", f"/counters/{place}/currency", f"{counters.currency} is there twice.")
        seen.add(counters.currency)
    return None
