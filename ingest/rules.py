"""The arithmetic of the contract. Pure: a document and a clock reading in, a Problem or nothing out."""

from typing import NamedTuple

from ingest.problems import Problem
from ingest.wire import Document, DrawerMovement, Modifier, Payment, Receipt, Rollback
from sql.instants import DAY_US, to_us


class Amounts(NamedTuple):
    """Minor units. `cash` is less change; `discount` is all negative modifiers of items and receipt, made positive."""

    total: int
    cash: int
    cashless: int
    other: int
    discount: int


NOTHING = Amounts(0, 0, 0, 0, 0)


def check(document: Document, now_us: int) -> Problem | None:
    """The first rule that a document breaks, or None."""
    if to_us(document.issued_at) > now_us + DAY_US:
        return Problem("issued_in_future", "/issued_at", "`issued_at` is more than 24 hours ahead.")
    if isinstance(document, Receipt):
        return _check_receipt(document)
    if isinstance(document, Rollback):
        paid = sum(payment.sum for payment in document.payments)
        if paid != document.total:
            return Problem("payments_mismatch", "/payments", f"Payments are {paid}, the total is {document.total}.")
    return None


def _check_receipt(receipt: Receipt) -> Problem | None:
    total = 0
    for place, item in enumerate(receipt.items):
        # Half up, in integers: neither a price nor a quantity is ever negative.
        expected = (item.price * item.quantity + 500) // 1000
        for modifier in item.modifiers:
            expected += modifier.sum
        if item.sum != expected:
            return Problem("item_sum_mismatch", f"/items/{place}/sum", f"The sum is {item.sum}, expected {expected}.")
        total += expected
    for modifier in receipt.modifiers:
        total += modifier.sum
    if receipt.total != total:
        return Problem("total_mismatch", "/total", f"The total is {receipt.total}, items and modifiers give {total}.")
    paid = sum(payment.sum for payment in receipt.payments)
    if paid - receipt.change != total:
        detail = f"Payments {paid} less change {receipt.change} are not the total {total}."
        return Problem("payments_mismatch", "/payments", detail)
    if receipt.change > (cash := _paid_by("cash", receipt.payments)):
        return Problem("change_exceeds_cash", "/change", f"The change is {receipt.change}, the cash paid {cash}.")
    return None


def amounts(document: Document) -> Amounts:
    """What a document adds up to, by payment type; nothing for shift_open and z_report."""
    if isinstance(document, DrawerMovement):
        return Amounts(document.sum, 0, 0, 0, 0)
    if not isinstance(document, Receipt | Rollback):
        return NOTHING
    payments = document.payments
    cash, change, discount = _paid_by("cash", payments), 0, 0
    if isinstance(document, Receipt):
        change = document.change
        discount = _discount(document.modifiers)
        for item in document.items:
            if item.modifiers:
                discount += _discount(item.modifiers)
    return Amounts(document.total, cash - change, _paid_by("cashless", payments), _paid_by("other", payments), discount)


def _paid_by(type_: str, payments: list[Payment]) -> int:
    return sum(payment.sum for payment in payments if payment.type == type_)


def _discount(modifiers: list[Modifier]) -> int:
    return -sum(modifier.sum for modifier in modifiers if modifier.sum < 0)
