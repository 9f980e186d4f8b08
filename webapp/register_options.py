"""What can be set on a register from here: families of registers, rights of their users, and switches."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from flask import Blueprint
from flask_babel import lazy_gettext as _
from flask_babel.speaklater import LazyString

from sql.tables import SKO_MODELS

SMART_X = "smart_x"


@dataclass(frozen=True, slots=True)
class Family:
    """Registers that are set up alike. `path` is of their pages, within /register-settings."""

    key: str
    name: LazyString
    path: str
    models: frozenset[str]
    panels: tuple[str, ...]


FAMILIES = {
    family.key: family
    for family in (
        Family(
            "ikassa",
            _("Register settings"),
            "",
            frozenset(SKO_MODELS) - {SMART_X},
            ("users", "receipt", "options"),
        ),
        Family(SMART_X, _("Smart X register settings"), "/smart-x", frozenset({SMART_X}), ("users", "receipt")),
    )
}

PANELS = {"users": _("User settings"), "receipt": _("Receipt settings"), "options": _("Additional settings")}

# What a user of a register may do there, in the order in which it is shown.
RIGHTS = {
    "sales": _("Sales"),
    "refunds": _("Refunds"),
    "annulment": _("Annulment"),
    "deposit": _("Deposit"),
    "withdrawal": _("Withdrawal"),
    "x_report": _("X-report"),
    "z_report": _("Z-report"),
    "discounts": _("Discounts and surcharges"),
    "settings": _("Settings of the register"),
}
RIGHTS_AT_FIRST = ("sales", "refunds", "x_report")


class Option(NamedTuple):
    """A switch; `at_first` is how registers come from the producer."""

    name: LazyString
    about: LazyString
    at_first: bool


OPTIONS = {
    "open_drawer": Option(
        _("Open the cash drawer"), _("The drawer springs open with each receipt that is paid in cash."), True
    ),
    "ask_cash": Option(
        _("Ask for the cash received"), _("The cashier types what the buyer gives, the register says the change."), True
    ),
    "mixed_payment": Option(
        _("Mixed payment"), _("One receipt may be paid partly in cash and partly by card or otherwise."), True
    ),
    "free_price": Option(
        _("Free price"), _("The cashier may type a name and a price that the list of goods does not have."), True
    ),
    "receipt_copy": Option(
        _("Copy of the receipt"), _("The last receipt can be printed once more, marked as a copy."), True
    ),
    "electronic_receipt": Option(
        _("Electronic receipt"), _("The screen shows a QR code, and paper is only printed if the buyer asks."), False
    ),
    "opening_deposit": Option(
        _("Change money at the opening"), _("A new shift begins with the question what lies in the drawer."), False
    ),
    "closing_withdrawal": Option(
        _("Empty the drawer at the closing"), _("All cash is written off the drawer before the Z-report."), False
    ),
    "shift_reminder": Option(
        _("Remind of the shift"), _("An hour before a shift has lasted a day, the register asks to close it."), True
    ),
    "idle_lock": Option(
        _("Lock when idle"), _("After five minutes without a touch the register asks for the password."), False
    ),
}

View = Callable[..., Any]


def family_route(blueprint: Blueprint, path: str, *methods: str, panel: str) -> Callable[[View], View]:
    """Serve a view for each family that has this panel; it gets the key of the `family`."""

    def add(view: View) -> View:
        for family in FAMILIES.values():
            if panel in family.panels:
                rule = f"/register-settings{family.path}/{panel}{path}"
                defaults = {"family": family.key}
                blueprint.add_url_rule(rule, view.__name__, view, defaults=defaults, methods=methods or ["GET"])
        return view

    return add
