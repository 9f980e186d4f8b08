"""The wire format of `register-api`: what registers send and what they are answered. Decoders are built once."""

import datetime
import json
import re
from typing import Annotated, Any, ClassVar, Literal

import msgspec
from msgspec import Meta, Raw, Struct

from ingest.problems import DETAIL_LENGTH_MAX, Problem

ENTRIES_MAX = 1_000
MONEY_MAX = 10**12
OLDEST_YEAR = 2000

Money = Annotated[int, Meta(ge=0, le=MONEY_MAX)]
PositiveMoney = Annotated[int, Meta(ge=1, le=MONEY_MAX)]
SignedMoney = Annotated[int, Meta(ge=-MONEY_MAX, le=MONEY_MAX)]
Quantity = Annotated[int, Meta(ge=1, le=10**9)]
Number = Annotated[int, Meta(ge=1, le=2**53 - 1)]
Shift = Annotated[int, Meta(ge=1, le=2**31 - 1)]
Count = Annotated[int, Meta(ge=0, le=2**53 - 1)]
Uid = Annotated[str, Meta(pattern="^[0-9A-F]{24}$", max_length=24)]
SkoNumber = Annotated[str, Meta(pattern="^[0-9A-Z]{1,20}$", max_length=20)]
Moment = Annotated[datetime.datetime, Meta(tz=True)]
Text64 = Annotated[str, Meta(min_length=1, max_length=64)]
Text256 = Annotated[str, Meta(min_length=1, max_length=256)]
Currency = Literal["BYN", "USD", "EUR", "RUB"]
EventKind = Literal[
    "online",
    "offline",
    "error",
    "certificate_expiring",
    "memory_low",
    "paper_out",
    "firmware_updated",
    "settings_applied",
    "settings_rejected",
    "blocked",
    "unblocked",
]


class Modifier(Struct, frozen=True, gc=False):
    """A discount (negative) or a surcharge (positive)."""

    sum: SignedMoney
    name: Annotated[str, Meta(max_length=256)] | None = None
    group: Annotated[str, Meta(max_length=256)] | None = None


class Payment(Struct, frozen=True, gc=False):
    type: Literal["cash", "cashless", "other"]
    sum: PositiveMoney


class Section(Struct, frozen=True, gc=False):
    code: Annotated[int, Meta(ge=0, le=255)]
    name: Text256


class Item(Struct, frozen=True):
    name: Text256
    price: Money
    quantity: Quantity
    sum: SignedMoney
    tax: Literal[0, 10, 20, 25] | None = None
    gtin: Annotated[str, Meta(pattern="^[0-9]{8,14}$", max_length=14)] | None = None
    kind: Literal["goods", "service", "prepayment"] = "goods"
    section: Section | None = None
    third_party_unp: Annotated[str, Meta(pattern="^[0-9A-Z]{9}$", max_length=9)] | None = None
    marks: Annotated[list[Text256], Meta(max_length=100)] = []
    modifiers: Annotated[list[Modifier], Meta(max_length=100)] = []


class Target(Struct, frozen=True, gc=False):
    """The sale that a rollback annuls; it is of the same СКО."""

    number: Number
    uid: Uid


class Base(Struct, frozen=True, gc=False):
    """The sale of which a refund gives something back."""

    sko: SkoNumber
    number: Number


class Common(Struct, frozen=True, kw_only=True, tag_field="type"):
    """The fields of every document."""

    type_name: ClassVar[str]

    uid: Uid
    sko: SkoNumber
    number: Number
    shift: Shift
    issued_at: Moment
    currency: Currency
    cashier: Text64
    offline: bool = False


class Receipt(Common, frozen=True, kw_only=True):
    items: Annotated[list[Item], Meta(min_length=1, max_length=500)]
    payments: Annotated[list[Payment], Meta(max_length=8)]
    total: Money
    change: Money = 0
    modifiers: Annotated[list[Modifier], Meta(max_length=100)] = []


class Sale(Receipt, frozen=True, kw_only=True, tag="sale"):
    type_name: ClassVar[str] = "sale"


class Refund(Receipt, frozen=True, kw_only=True, tag="refund"):
    type_name: ClassVar[str] = "refund"
    base: Base | None = None


class Rollback(Common, frozen=True, kw_only=True, tag="rollback"):
    type_name: ClassVar[str] = "rollback"
    target: Target
    payments: Annotated[list[Payment], Meta(max_length=8)]
    total: Money


class DrawerMovement(Common, frozen=True, kw_only=True):
    sum: PositiveMoney


class Deposit(DrawerMovement, frozen=True, kw_only=True, tag="deposit"):
    type_name: ClassVar[str] = "deposit"


class Withdrawal(DrawerMovement, frozen=True, kw_only=True, tag="withdrawal"):
    type_name: ClassVar[str] = "withdrawal"


class Payout(DrawerMovement, frozen=True, kw_only=True, tag="payout"):
    type_name: ClassVar[str] = "payout"


class ShiftOpen(Common, frozen=True, kw_only=True, tag="shift_open"):
    type_name: ClassVar[str] = "shift_open"


class SalesCounter(Struct, frozen=True, gc=False):
    count: Count
    cash: Count
    cashless: Count
    other: Count
    sum: Count


class KindCounter(Struct, frozen=True, gc=False):
    count: Count
    sum: Count


class Counters(Struct, frozen=True):
    """What a Z-report says of one currency."""

    currency: Currency
    sales: SalesCounter
    refunds: KindCounter
    rollbacks: KindCounter
    deposits: KindCounter
    withdrawals: KindCounter
    payouts: KindCounter


class ZReport(Common, frozen=True, kw_only=True, tag="z_report"):
    type_name: ClassVar[str] = "z_report"
    opened_at: Moment
    first_number: Number
    last_number: Number
    counters: Annotated[list[Counters], Meta(max_length=4)]


Document = Sale | Refund | Rollback | Deposit | Withdrawal | Payout | ShiftOpen | ZReport


class Event(Struct, frozen=True):
    sko: SkoNumber
    kind: EventKind
    occurred_at: Moment
    detail: Annotated[str, Meta(max_length=500)] | None = None


ProblemStatus = Literal["conflict", "quarantined", "rejected"]


class ProblemEntry(Struct, frozen=True):
    index: int
    sko: str | None
    number: int | None
    status: ProblemStatus
    code: str
    pointer: str
    detail: str


class Answer(Struct, frozen=True):
    accepted: Annotated[int, Meta(ge=0)]
    duplicates: Annotated[int, Meta(ge=0)]
    problems: list[ProblemEntry]


KeptStatus = Literal["accepted", "quarantined"]


class KeptDocument(Struct, frozen=True):
    status: KeptStatus
    received_at: datetime.datetime
    document: msgspec.Raw


class ProblemDetails(Struct, frozen=True):
    """RFC 9457."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    request_id: str


class MalformedJson(Exception):
    """The body is no JSON in UTF-8."""

    code = "malformed_json"


class InvalidEnvelope(Exception):
    """The body is JSON, but not of the right shape."""

    code = "invalid_envelope"


class TooMany(Exception):
    """More than ENTRIES_MAX entries."""


class _Documents(Struct):
    documents: list[Raw]


class _Events(Struct):
    events: list[Raw]


_documents = msgspec.json.Decoder(_Documents)
_events = msgspec.json.Decoder(_Events)
_document: msgspec.json.Decoder[Document] = msgspec.json.Decoder(Document)
_event = msgspec.json.Decoder(Event)
encode = msgspec.json.Encoder().encode

_PATH = re.compile(r" - at `\$(.*)`$")
_SKO = re.compile(r"[0-9A-Z]{1,20}")
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")
_TYPES = {type_.type_name for type_ in (Sale, Refund, Rollback, Deposit, Withdrawal, Payout, ShiftOpen, ZReport)}


def decode_documents(body: bytes) -> list[bytes]:
    """The documents of an envelope, each as its bytes. Raises MalformedJson, InvalidEnvelope, TooMany."""
    return _entries(body, _documents, "documents")


def decode_events(body: bytes) -> list[bytes]:
    """The events of an envelope, each as its bytes. Raises MalformedJson, InvalidEnvelope, TooMany."""
    return _entries(body, _events, "events")


def _entries(body: bytes, decoder: msgspec.json.Decoder[Any], name: str) -> list[bytes]:
    try:
        body.decode()
        entries = getattr(decoder.decode(body), name)
    except msgspec.ValidationError:
        raise InvalidEnvelope(f'The body must be an object like {{"{name}": […]}}.') from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise MalformedJson("The body is not JSON in UTF-8.") from None
    except RecursionError:
        raise MalformedJson("The body is nested too deeply.") from None
    if not entries:
        raise InvalidEnvelope(f"`{name}` is empty.")
    if len(entries) > ENTRIES_MAX:
        raise TooMany(f"`{name}` has {len(entries)} entries; {ENTRIES_MAX} are allowed.")
    return [bytes(raw) for raw in entries]


def read_document(raw: bytes) -> Document | Problem:
    """A document that keeps every field rule, or the rule that it breaks."""
    try:
        document = _document.decode(raw)
    except (msgspec.DecodeError, RecursionError) as error:
        return _why_not(raw, error, types=_TYPES)
    problem = _bad_text(raw)
    if problem:
        return problem
    if document.issued_at.year < OLDEST_YEAR:
        return Problem("invalid_field", "/issued_at", f"`issued_at` is before the year {OLDEST_YEAR}.")
    if isinstance(document, ZReport):
        currencies = [counter.currency for counter in document.counters]
        if len(set(currencies)) < len(currencies):
            return Problem("invalid_field", "/counters", "A currency has more than one object in `counters`.")
    return document


def read_event(raw: bytes) -> Event | Problem:
    """An event that keeps every field rule, or the rule that it breaks."""
    try:
        event = _event.decode(raw)
    except (msgspec.DecodeError, RecursionError) as error:
        return _why_not(raw, error, types=None)
    problem = _bad_text(raw)
    if problem is None and event.occurred_at.year < OLDEST_YEAR:
        problem = Problem("invalid_field", "/occurred_at", f"`occurred_at` is before the year {OLDEST_YEAR}.")
    return problem or event


def peek(raw: bytes) -> tuple[str | None, int | None]:
    """СКО and number of an element that could not be read, as far as they can be read."""
    value = _loosely(raw)
    if not isinstance(value, dict):
        return None, None
    sko, number = value.get("sko"), value.get("number")
    readable = isinstance(number, int) and not isinstance(number, bool) and 1 <= number < 2**53
    return (sko if isinstance(sko, str) and _SKO.fullmatch(sko) else None), (number if readable else None)


def _why_not(raw: bytes, error: Exception, types: set[str] | None) -> Problem:
    value = _loosely(raw)
    if not isinstance(value, dict):
        return Problem("invalid_field", "", "This is not an object, or it is nested too deeply.")
    if types is not None and "type" not in value:
        return Problem("unknown_type", "", "The document has no `type`.")
    if types is not None and (not isinstance(value["type"], str) or value["type"] not in types):
        return Problem("unknown_type", "/type", "There is no document of this `type`.")
    sentence = str(error)
    found = _PATH.search(sentence)
    if found is None and (problem := _bad_text(raw)):
        return problem
    pointer = re.sub(r"\[(\d+)\]", r"/\1", found[1].replace(".", "/")) if found else ""
    return Problem("invalid_field", pointer, _PATH.sub("", sentence)[:DETAIL_LENGTH_MAX] + ".")


def _loosely(raw: bytes) -> Any:
    try:
        return json.loads(raw, parse_int=lambda text: int(text) if len(text) < 40 else text)
    except (ValueError, RecursionError):
        return None


def _bad_text(raw: bytes) -> Problem | None:
    # Inside a JSON string these characters can only be escaped, but for U+007F: most documents need no closer look.
    if b"\\" not in raw and b"\x7f" not in raw:
        return None
    pointer = _find_bad_text(_loosely(raw), "")
    if pointer is None:
        return None
    return Problem("invalid_field", pointer, "The text has a control character or half a surrogate pair.")


def _find_bad_text(value: Any, pointer: str) -> str | None:
    if isinstance(value, str):
        return pointer if _UNPRINTABLE.search(value) else None
    children: Any = ()
    if isinstance(value, dict):
        children = value.items()
    elif isinstance(value, list):
        children = enumerate(value)
    for key, child in children:
        name = str(key).replace("~", "~0").replace("/", "~1")
        found = _find_bad_text(child, f"{pointer}/{name}")
        if found is not None:
            return _UNPRINTABLE.sub("?", found)
    return None
