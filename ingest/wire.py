"""The wire format: what registers send. How it is read is in `reading.py`, what they are answered in `answers.py`.

An optional field is left out, never null. Fields that are not named here are allowed; they are kept, not looked at.
"""

from typing import Annotated, ClassVar

from msgspec import UNSET, Meta, Struct, UnsetType

from ingest import fields


class Modifier(Struct, frozen=True, gc=False):
    """A discount (negative) or a surcharge (positive)."""

    sum: fields.SignedMoney
    name: fields.Label | UnsetType = UNSET
    group: fields.Label | UnsetType = UNSET


class Payment(Struct, frozen=True, gc=False):
    """What was handed over, or charged."""

    type: fields.PaymentType
    sum: fields.PositiveMoney


class Section(Struct, frozen=True, gc=False):
    """The section of the register on which an item was rung up."""

    code: fields.SectionCode
    name: fields.Name


Modifiers = Annotated[list[Modifier], Meta(max_length=fields.MODIFIERS_MAX, description="an array of at most 100")]
Marks = Annotated[list[fields.Name], Meta(max_length=fields.MARKS_MAX, description="an array of at most 100")]
Payments = Annotated[list[Payment], Meta(max_length=fields.PAYMENTS_MAX, description="an array of at most 8")]


class Item(Struct, frozen=True, gc=False):
    """One line of a receipt. `sum` = half-up rounded `price` × `quantity` / 1000 + the sums of its `modifiers`."""

    name: fields.Name
    price: fields.Money
    quantity: fields.Quantity
    sum: fields.Money
    tax: fields.Tax | UnsetType = UNSET
    gtin: fields.Gtin | UnsetType = UNSET
    kind: fields.ItemKind = "goods"
    section: Section | UnsetType = UNSET
    third_party_unp: fields.Unp | UnsetType = UNSET
    marks: Marks = []
    modifiers: Modifiers = []


Items = Annotated[list[Item], Meta(min_length=1, max_length=fields.ITEMS_MAX, description="an array of 1 to 500")]


class Target(Struct, frozen=True, gc=False):
    """The sale that a rollback annuls; it is of the same СКО."""

    number: fields.Number
    uid: fields.Uid


class Base(Struct, frozen=True, gc=False):
    """The sale of which a refund gives something back."""

    sko: fields.SkoNumber
    number: fields.Number


class Common(Struct, frozen=True, kw_only=True, gc=False, tag_field="type"):
    """The fields of every document."""

    type_name: ClassVar[str]

    uid: fields.Uid
    sko: fields.SkoNumber
    number: fields.Number
    shift: fields.Shift
    issued_at: fields.Moment
    currency: fields.Currency
    cashier: fields.Cashier
    offline: fields.Flag = False


class Receipt(Common, frozen=True, kw_only=True, gc=False):
    """A sale or a refund."""

    items: Items
    payments: Payments
    total: fields.Money
    change: fields.Money = 0
    modifiers: Modifiers = []


class Sale(Receipt, frozen=True, kw_only=True, gc=False, tag="sale"):
    """`total` = the sums of `items` and `modifiers` = the sums of `payments` − `change`."""

    type_name = "sale"


class Refund(Receipt, frozen=True, kw_only=True, gc=False, tag="refund"):
    """Goods taken back: the same arithmetic as a sale, the money goes the other way."""

    type_name = "refund"
    base: Base | UnsetType = UNSET


class Rollback(Common, frozen=True, kw_only=True, gc=False, tag="rollback"):
    """The annulment of a sale: `payments` and `total` are what it took, cash less change."""

    type_name = "rollback"
    target: Target
    payments: Payments
    total: fields.Money


class DrawerMovement(Common, frozen=True, kw_only=True, gc=False):
    """Cash that goes into or out of the drawer without being revenue."""

    sum: fields.PositiveMoney


class Deposit(DrawerMovement, frozen=True, kw_only=True, gc=False, tag="deposit"):
    """Cash put into the drawer."""

    type_name = "deposit"


class Withdrawal(DrawerMovement, frozen=True, kw_only=True, gc=False, tag="withdrawal"):
    """Cash taken out of the drawer."""

    type_name = "withdrawal"


class Payout(DrawerMovement, frozen=True, kw_only=True, gc=False, tag="payout"):
    """Cash paid out against a card."""

    type_name = "payout"


class ShiftOpen(Common, frozen=True, kw_only=True, gc=False, tag="shift_open"):
    """The beginning of a shift."""

    type_name = "shift_open"


class SalesCounter(Struct, frozen=True, gc=False):
    """The sales of a shift in one currency; cash is less change."""

    count: fields.Count
    cash: fields.Money
    cashless: fields.Money
    other: fields.Money
    sum: fields.Money


class KindCounter(Struct, frozen=True, gc=False):
    """Other documents of a shift in one currency."""

    count: fields.Count
    sum: fields.Money


class Counters(Struct, frozen=True, gc=False):
    """What a Z-report says of one currency."""

    currency: fields.Currency
    sales: SalesCounter
    refunds: KindCounter
    rollbacks: KindCounter
    deposits: KindCounter
    withdrawals: KindCounter
    payouts: KindCounter


class ZReport(Common, frozen=True, kw_only=True, gc=False, tag="z_report"):
    """The end of a shift. `counters` holds a currency at most once."""

    type_name = "z_report"
    opened_at: fields.Moment
    first_number: fields.Number
    last_number: fields.Number
    counters: Annotated[
        list[Counters], Meta(max_length=fields.CURRENCIES_MAX, description="an array with one object a currency")
    ]


Document = Sale | Refund | Rollback | Deposit | Withdrawal | Payout | ShiftOpen | ZReport


class Event(Struct, frozen=True, gc=False):
    """Something that happened to a register."""

    sko: fields.SkoNumber
    kind: fields.EventKind
    occurred_at: fields.Moment
    detail: fields.EventDetail = ""
