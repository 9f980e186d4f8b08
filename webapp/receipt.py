"""A fiscal document as it stands on paper, read from the very bytes that its register sent.

The fields that are named here were checked when the document was stored. The others were not: they may hold what no
decoder likes (halves of surrogate pairs, numbers of any length), and must never keep a receipt from being shown.
"""

import datetime
import json
from dataclasses import dataclass
from typing import Any, Literal

import msgspec
from msgspec import Struct

from sql.instants import to_us
from sql.receipts import PUBLIC_TYPES, IssuedDocument
from webapp.vat import Vat, vat_by_rate

PAYMENTS = ("cash", "cashless", "other")
INT_DIGITS_MAX = 30


class Modifier(Struct, frozen=True):
    """A discount (negative) or a surcharge (positive), in minor units; the name may be empty."""

    sum: int
    name: str = ""


class Section(Struct, frozen=True):
    """The section of the register on which an item was rung up."""

    code: int
    name: str


class Item(Struct, frozen=True):
    """A line: `price` and `sum` in minor units, `quantity` in thousandths; `tax` in per cent, None: without VAT.

    `sum` = `gross` + the sums of `modifiers`.
    """

    name: str
    price: int
    quantity: int
    sum: int
    tax: int | None = None
    gtin: str | None = None
    kind: Literal["goods", "service", "prepayment"] = "goods"
    section: Section | None = None
    third_party_unp: str | None = None
    marks: tuple[str, ...] = ()
    modifiers: tuple[Modifier, ...] = ()

    @property
    def gross(self) -> int:
        """Price times quantity, half-up: what the line would cost without its modifiers."""
        return (self.price * self.quantity + 500) // 1000


class Payment(Struct, frozen=True):
    """What was handed over or charged in one way, in minor units."""

    type: str
    sum: int


class Named(Struct, frozen=True):
    """The document that a refund (`base`) or a rollback (`target`) names."""

    number: int
    sko: str | None = None
    uid: str | None = None


class SalesCounter(Struct, frozen=True):
    """Sales of a shift, sums in minor units; cash is less change."""

    count: int
    cash: int
    cashless: int
    other: int
    sum: int


class KindCounter(Struct, frozen=True):
    """Other documents of a shift, the sum in minor units."""

    count: int
    sum: int


class Counters(Struct, frozen=True):
    """What a Z-report says of one currency."""

    currency: str
    sales: SalesCounter
    refunds: KindCounter
    rollbacks: KindCounter
    deposits: KindCounter
    withdrawals: KindCounter
    payouts: KindCounter


class _Sale(Struct, frozen=True):
    items: tuple[Item, ...] = ()
    modifiers: tuple[Modifier, ...] = ()
    payments: tuple[Payment, ...] = ()
    change: int = 0


class _Refund(_Sale, frozen=True):
    base: Named | None = None


class _Rollback(Struct, frozen=True):
    payments: tuple[Payment, ...] = ()
    target: Named | None = None


class _ZReport(Struct, frozen=True):
    opened_at: datetime.datetime | None = None
    first_number: int = 0
    last_number: int = 0
    counters: tuple[Counters, ...] = ()


# By type, since a field of one type may stand in a document of another one, where nobody has checked it.
_DECODERS: dict[str, msgspec.json.Decoder[Any]] = {
    type_: msgspec.json.Decoder(shape)
    for type_, shape in {"sale": _Sale, "refund": _Refund, "rollback": _Rollback, "z_report": _ZReport}.items()
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ShiftReport:
    """What only a Z-report says: when the shift was opened, its documents, and a counter a currency."""

    opened_us: int | None
    first_number: int
    last_number: int
    counters: tuple[Counters, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """All that is on paper. `document` says whose it is, when and where; the rest is empty where a type has none of it.

    `payments` holds one entry a way of paying, in the order cash, cashless, other.
    """

    document: IssuedDocument
    items: tuple[Item, ...] = ()
    modifiers: tuple[Modifier, ...] = ()
    payments: tuple[Payment, ...] = ()
    change_minor: int = 0
    vat: tuple[Vat, ...] = ()
    base: Named | None = None
    target: Named | None = None
    report: ShiftReport | None = None

    @property
    def is_public(self) -> bool:
        """Whether it is handed to a buyer, who finds it by its УИ."""
        return self.document.type in PUBLIC_TYPES

    @property
    def items_minor(self) -> int:
        """All lines together, before discounts and surcharges on the whole receipt."""
        return sum(item.sum for item in self.items)


def read_receipt(document: IssuedDocument) -> Receipt:
    """What stands on the paper of a stored document."""
    decoder = _DECODERS.get(document.type)
    body = _decode(decoder, document.body) if decoder else None
    if isinstance(body, _Sale):
        return Receipt(
            document=document,
            items=body.items,
            modifiers=body.modifiers,
            payments=_by_type(body.payments),
            change_minor=body.change,
            vat=vat_by_rate(((item.tax, item.sum) for item in body.items), document.total_minor),
            base=getattr(body, "base", None),
        )
    if isinstance(body, _Rollback):
        return Receipt(document=document, payments=_by_type(body.payments), target=body.target)
    if isinstance(body, _ZReport):
        opened_us = to_us(body.opened_at) if body.opened_at else None
        report = ShiftReport(
            opened_us=opened_us,
            first_number=body.first_number,
            last_number=body.last_number,
            counters=body.counters,
        )
        return Receipt(document=document, report=report)
    return Receipt(document=document)


def _by_type(payments: tuple[Payment, ...]) -> tuple[Payment, ...]:
    sums = {type_: sum(payment.sum for payment in payments if payment.type == type_) for type_ in PAYMENTS}
    return tuple(Payment(type_, paid) for type_, paid in sums.items() if paid)


def _decode(decoder: msgspec.json.Decoder[Any], body: bytes) -> Any:
    try:
        return decoder.decode(body)
    except msgspec.DecodeError:
        # Half a surrogate pair somewhere, most likely: the standard library reads it, and its like is put out of sight.
        value = json.loads(body, parse_int=_bounded_int, object_pairs_hook=_readable)
        return msgspec.convert(value, decoder.type)


def _bounded_int(digits: str) -> int:
    """Python refuses to read thousands of digits; what is longer than any amount stands in a field that we skip."""
    return int(digits) if len(digits) <= INT_DIGITS_MAX else 0


def _readable(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    return {name.encode("utf-8", "replace").decode(): value for name, value in pairs}
