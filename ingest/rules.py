"""The arithmetic of the contract. Pure: a document and a clock reading in, a Problem or nothing out."""

from collections.abc import Sequence
from typing import NamedTuple

from ingest.problems import Problem
from ingest.wire import Document, DrawerMovement, Item, Modifier, Payment, Receipt, Rollback
from sql.instants import DAY_US


class Amounts(NamedTuple):
    """Minor units. `cash` is less change; `discount` is all negative modifiers of items and receipt, made positive."""

    total: int
    cash: int
    cashless: int
    other: int
    discount: int


NOTHING = Amounts(0, 0, 0, 0, 0)


def check(document: Document, issued_us: int, now_us: int) -> Problem | None:
    """The first rule that a document of this `issued_at` breaks at this instant, or None."""
    if issued_us > now_us + DAY_US:
        return Problem("issued_in_future", "/issued_at", "`issued_at` is more than 24 hours ahead of now.")
    if isinstance(document, Receipt):
        return _check_receipt(document)
    if isinstance(document, Rollback):
        paid = sum(_paid(document.payments))
        if paid != document.total:
            detail = f"The payments add up to {paid}, `total` says {document.total}."
            return Problem("payments_mismatch", "/payments", detail)
    return None


def _check_receipt(receipt: Receipt) -> Problem | None:
    total = sum([modifier.sum for modifier in receipt.modifiers])
    for place, item in enumerate(receipt.items):
        expected = _item_sum(item)
        if item.sum != expected:
            detail = f"Price, quantity and modifiers give {expected}, `sum` says {item.sum}."
            return Problem("item_sum_mismatch", f"/items/{place}/sum", detail)
        total += expected
    if receipt.total != total:
        detail = f"Items and modifiers add up to {total}, `total` says {receipt.total}."
        return Problem("total_mismatch", "/total", detail)
    cash, cashless, other = _paid(receipt.payments)
    paid = cash + cashless + other - receipt.change
    if paid != total:
        detail = f"The payments less change add up to {paid}, `total` says {total}."
        return Problem("payments_mismatch", "/payments", detail)
    if receipt.change > cash:
        detail = f"`change` is {receipt.change}, but only {cash} was paid in cash."
        return Problem("change_exceeds_cash", "/change", detail)
    return None


def _item_sum(item: Item) -> int:
    # Half up, in integers: neither a price nor a quantity is ever negative.
    gross = (item.price * item.quantity + 500) // 1000
    return gross + sum([modifier.sum for modifier in item.modifiers]) if item.modifiers else gross


def amounts(document: Document) -> Amounts:
    """What a document adds up to; of deposit, withdrawal and payout a total alone, nothing of shift_open, z_report."""
    if isinstance(document, Receipt):
        cash, cashless, other = _paid(document.payments)
        discount = _discount(document.modifiers)
        for item in document.items:
            if item.modifiers:
                discount += _discount(item.modifiers)
        return Amounts(document.total, cash - document.change, cashless, other, discount)
    if isinstance(document, Rollback):
        return Amounts(document.total, *_paid(document.payments), 0)
    if isinstance(document, DrawerMovement):
        return Amounts(document.sum, 0, 0, 0, 0)
    return NOTHING


def _paid(payments: Sequence[Payment]) -> tuple[int, int, int]:
    """What was paid in cash (change included), cashless and otherwise."""
    cash = cashless = other = 0
    for payment in payments:
        if payment.type == "cash":
            cash += payment.sum
        elif payment.type == "cashless":
            cashless += payment.sum
        else:
            other += payment.sum
    return cash, cashless, other


def _discount(modifiers: Sequence[Modifier]) -> int:
    return -sum([modifier.sum for modifier in modifiers if modifier.sum < 0])
