"""Filters in words: what each of them chooses, and the names of their choices."""

from collections.abc import Iterator

from flask_babel import gettext
from flask_babel import lazy_gettext as _
from flask_babel.speaklater import LazyString

from webapp import formats
from webapp.filters import Filters

TYPES: dict[str, LazyString] = {
    "sale": _("Sale"),
    "refund": _("Refund"),
    "rollback": _("Annulment"),
    "deposit": _("Deposit"),
    "withdrawal": _("Withdrawal"),
    "payout": _("Payout against a card"),
    "shift_open": _("Opening of a shift"),
    "z_report": _("Z-report"),
}
PAYMENTS: dict[str, LazyString] = {"cash": _("Cash"), "cashless": _("Cashless"), "other": _("Other")}
STATES: dict[str, LazyString] = {"sent": _("Sent"), "pending": _("Not sent yet"), "refused": _("Refused")}


def in_words(filters: Filters) -> Iterator[tuple[str, str]]:
    """The filters that choose anything, and always the period and the outlets."""
    yield gettext("Period"), _period(filters)
    outlets = [outlet.name for outlet in filters.told_outlets]
    yield gettext("Outlet") if len(outlets) == 1 else gettext("Outlets"), "; ".join(outlets) or gettext("All outlets")
    yield from _of_several(filters)
    if filters.currency:
        yield gettext("Currency"), filters.currency
    if filters.number is not None:
        yield gettext("Number"), str(filters.number)
    if filters.uid:
        yield gettext("УИ"), filters.uid
    if filters.cashier:
        yield gettext("Cashier"), filters.cashier
    if filters.min_minor is not None:
        yield gettext("Sum from"), formats.money(filters.min_minor)
    if filters.max_minor is not None:
        yield gettext("Sum to"), formats.money(filters.max_minor)
    if filters.state:
        yield gettext("State"), str(STATES[filters.state])
    if filters.discounted:
        yield gettext("Discounts"), gettext("Only documents with a discount")


def _of_several(filters: Filters) -> Iterator[tuple[str, str]]:
    if filters.sko_ids:
        yield gettext("Registers"), "; ".join(filters.chosen_numbers)
    if filters.types:
        yield gettext("Types"), "; ".join(str(TYPES[name]) for name in filters.types)
    if filters.payments:
        yield gettext("Payment"), "; ".join(str(PAYMENTS[name]) for name in filters.payments)


def _period(filters: Filters) -> str:
    period = filters.period
    if period is None:
        return str(gettext("All time"))
    first, last = formats.day(period.first), formats.day(period.last)
    return first if first == last else f"{first} – {last}"
