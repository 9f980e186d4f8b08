"""A cash register as its documents show it: one sequence of numbers, shifts, a drawer, counters for the Z-report.

The seeded generator and the replay of real receipts both issue their documents here, so that numbers have no gaps and
a Z-report always says what the register did.
"""

import hashlib
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta, timezone
from typing import Any, NamedTuple

# Belarus has kept UTC+3 all year round since 2011.
MINSK = timezone(timedelta(hours=3))
PAYMENTS = ("cash", "cashless", "other")
KINDS = {
    "refund": "refunds",
    "rollback": "rollbacks",
    "deposit": "deposits",
    "withdrawal": "withdrawals",
    "payout": "payouts",
}

Document = dict[str, Any]


class Sale(NamedTuple):
    """What is rung up: items and modifiers as in the API, what was handed over, and the change."""

    items: Sequence[dict[str, Any]]
    modifiers: Sequence[dict[str, Any]]
    payments: Sequence[dict[str, Any]]
    change: int
    total: int


def taken(document: Document) -> dict[str, int]:
    """What a sale, refund or rollback moved, by payment type; the change goes out of the cash. Zeros are left out."""
    amounts = dict.fromkeys(PAYMENTS, 0)
    for payment in document["payments"]:
        amounts[payment["type"]] += payment["sum"]
    amounts["cash"] -= document.get("change", 0)
    return {type_: amount for type_, amount in amounts.items() if amount}


class Register:
    """Issues documents. Not thread-safe; times are the caller's business, money is in minor units.

    `number` and `shift` are the last ones of a register that has worked before. Cashiers take turns by shift.
    """

    def __init__(
        self,
        sko: str,
        *,
        currency: str = "BYN",
        cashiers: Sequence[str] = ("Кассир 1",),
        number: int = 0,
        shift: int = 0,
    ) -> None:
        self.sko = sko
        self.number = number
        self.shift = shift
        self.drawer_minor = 0  # cash of the register's own currency
        self._currency = currency
        self.cashiers = cashiers
        self._first_number = number + 1
        self._opened_at = ""
        self._counters: dict[str, dict[str, Any]] = {}

    def open_shift(self, at: datetime) -> Document:
        self.shift += 1
        self._counters = {}
        self._opened_at = at.isoformat()
        document = self._issue("shift_open", at)
        self._first_number = document["number"]
        return document

    def sale(self, at: datetime, sale: Sale, currency: str | None = None) -> Document:
        document = self._issue("sale", at, currency)
        document["items"] = sale.items
        if sale.modifiers:
            document["modifiers"] = sale.modifiers
        document["payments"] = sale.payments
        if sale.change:
            document["change"] = sale.change
        document["total"] = sale.total
        self._count_sale(document)
        return document

    def refund(self, at: datetime, sale: Document, items: Sequence[dict[str, Any]]) -> Document:
        """Take back some items of a sale, paid out in the way in which most of it was paid."""
        document = self._issue("refund", at, sale["currency"])
        total = sum(item["sum"] for item in items)
        amounts = taken(sale)
        document["items"] = items
        document["payments"] = [{"type": max(amounts, key=lambda type_: amounts[type_]), "sum": total}]
        document["total"] = total
        document["base"] = {"sko": self.sko, "number": sale["number"]}
        self._count("refund", document["currency"], total)
        self._move(document, -1)
        return document

    def rollback(self, at: datetime, sale: Document) -> Document:
        """Annul a sale of this register."""
        document = self._issue("rollback", at, sale["currency"])
        document["target"] = {"number": sale["number"], "uid": sale["uid"]}
        document["payments"] = [{"type": type_, "sum": amount} for type_, amount in taken(sale).items()]
        document["total"] = sale["total"]
        self._count("rollback", document["currency"], sale["total"])
        self._move(document, -1)
        return document

    def deposit(self, at: datetime, amount_minor: int) -> Document:
        return self._move_cash("deposit", at, amount_minor, +1)

    def withdrawal(self, at: datetime, amount_minor: int) -> Document:
        return self._move_cash("withdrawal", at, amount_minor, -1)

    def payout(self, at: datetime, amount_minor: int) -> Document:
        """Cash for the customer, against a card."""
        return self._move_cash("payout", at, amount_minor, -1)

    def close_shift(self, at: datetime) -> Document:
        """The Z-report of the shift."""
        document = self._issue("z_report", at)
        document["opened_at"] = self._opened_at
        document["first_number"] = self._first_number
        document["last_number"] = document["number"] - 1
        document["counters"] = list(self._counters.values())
        return document

    def _issue(self, type_: str, at: datetime, currency: str | None = None) -> Document:
        self.number += 1
        # A real УИ comes out of the register's security module; this one is as unique and can be computed again.
        uid = hashlib.blake2b(b"%s/%d" % (self.sko.encode(), self.number), digest_size=12).hexdigest().upper()
        return {
            "type": type_,
            "uid": uid,
            "sko": self.sko,
            "number": self.number,
            "shift": self.shift,
            "issued_at": at.isoformat(),
            "currency": currency or self._currency,
            "cashier": self.cashiers[self.shift % len(self.cashiers)],
        }

    def _move_cash(self, type_: str, at: datetime, amount_minor: int, sign: int) -> Document:
        document = self._issue(type_, at)
        document["sum"] = amount_minor
        self._count(type_, self._currency, amount_minor)
        self.drawer_minor += sign * amount_minor
        return document

    def _move(self, document: Document, sign: int) -> None:
        if document["currency"] == self._currency:
            self.drawer_minor += sign * taken(document).get("cash", 0)

    def _count_sale(self, document: Document) -> None:
        sales = self._of_currency(document["currency"])["sales"]
        sales["count"] += 1
        sales["sum"] += document["total"]
        for type_, amount in taken(document).items():
            sales[type_] += amount
        self._move(document, +1)

    def _count(self, type_: str, currency: str, amount_minor: int) -> None:
        counter = self._of_currency(currency)[KINDS[type_]]
        counter["count"] += 1
        counter["sum"] += amount_minor

    def _of_currency(self, currency: str) -> dict[str, Any]:
        counters = self._counters.get(currency)
        if counters is None:
            sales = {"count": 0, "cash": 0, "cashless": 0, "other": 0, "sum": 0}
            counters = {"currency": currency, "sales": sales}
            counters.update((kind, {"count": 0, "sum": 0}) for kind in KINDS.values())
            self._counters[currency] = counters
        return counters


def gross_minor(price_minor: int, quantity_thousandths: int) -> int:
    """Price × quantity, half a kopeck upwards: integers only, as the API's arithmetic demands."""
    return (price_minor * quantity_thousandths + 500) // 1000


def discounts(*amounts: tuple[str, int]) -> list[dict[str, Any]]:
    """Modifiers for discounts given as (name, amount ≥ 0); those of nothing are left out."""
    return [{"sum": -amount, "name": name} for name, amount in amounts if amount]


def total_minor(items: Iterable[dict[str, Any]], modifiers: Iterable[dict[str, Any]] = ()) -> int:
    total: int = sum(item["sum"] for item in items) + sum(modifier["sum"] for modifier in modifiers)
    return total
