"""A cash document in words, the same wherever one is listed. Sums are written as on the receipt."""

from typing import Protocol

from flask_babel import gettext
from flask_babel import lazy_gettext as _
from flask_babel.speaklater import LazyString

from sql.tables import PAYMENTS
from webapp import formats


class Described(Protocol):
    """What the words depend on; the payments are of sale, refund and rollback only, in minor units."""

    @property
    def type(self) -> str: ...
    @property
    def currency(self) -> str: ...
    @property
    def total_minor(self) -> int: ...
    @property
    def cash_minor(self) -> int: ...
    @property
    def cashless_minor(self) -> int: ...
    @property
    def other_minor(self) -> int: ...


SIGNS = {
    "sale": "receipt",
    "refund": "receipt-refund",
    "rollback": "receipt-off",
    "deposit": "cash-plus",
    "withdrawal": "cash-minus",
    "payout": "credit-card-pay",
    "shift_open": "lock-open",
    "z_report": "report-money",
}

# By type and by how it was paid; the empty text is a receipt that came to nothing.
RECEIPTS: dict[str, dict[str, LazyString]] = {
    "sale": {
        "cash": _("Sale in cash"),
        "cashless": _("Cashless sale"),
        "other": _("Sale by other means"),
        "mixed": _("Sale by several means"),
        "": _("Sale"),
    },
    "refund": {
        "cash": _("Refund in cash"),
        "cashless": _("Cashless refund"),
        "other": _("Refund by other means"),
        "mixed": _("Refund by several means"),
        "": _("Refund"),
    },
    "rollback": {
        "cash": _("Annulment of a sale in cash"),
        "cashless": _("Annulment of a cashless sale"),
        "other": _("Annulment of a sale by other means"),
        "mixed": _("Annulment of a sale by several means"),
        "": _("Annulment of a sale"),
    },
}


def describe(document: Described) -> str:
    """Receipt “Sale in cash” for 59.78 BYN."""
    return describe_sum(document, formats.money(document.total_minor, document.currency))


def describe_sum(document: Described, total: str) -> str:
    """The same where the sum has been written already."""
    if document.type == "shift_open":
        return str(gettext("Shift opened"))
    if document.type == "z_report":
        return str(gettext("Shift closed, Z-report printed"))
    if document.type == "deposit":
        return str(gettext("Operation “Deposit” for %(sum)s", sum=total))
    if document.type == "withdrawal":
        return str(gettext("Operation “Withdrawal” for %(sum)s", sum=total))
    if document.type == "payout":
        return str(gettext("Operation “Payout against a card” for %(sum)s", sum=total))
    return str(gettext("Receipt “%(what)s” for %(sum)s", what=RECEIPTS[document.type][paid_by(document)], sum=total))


def paid_by(document: Described) -> str:
    """How a receipt was paid: cash, cashless, other, mixed, or not at all."""
    ways = [payment for payment in PAYMENTS if getattr(document, f"{payment}_minor")]
    return "mixed" if len(ways) > 1 else "".join(ways)
