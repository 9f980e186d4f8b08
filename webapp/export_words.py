"""What an export says in words: the types, states and filters of documents, and what the file is."""

from collections.abc import Iterator

from flask_babel import gettext
from flask_babel import lazy_gettext as _
from flask_babel.speaklater import LazyString

from sql.merchants import Merchant
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
STATES: dict[str, LazyString] = {"sent": _("Sent"), "pending": _("Not sent"), "refused": _("Refused")}


def about(title: str, merchant: Merchant, filters: Filters, now_us: int) -> tuple[tuple[str, str], ...]:
    """Lines of (label, text): what the file shows, of whom, chosen how, and when it was made."""
    return (
        (gettext("What"), title),
        (gettext("Company"), merchant.name),
        (gettext("UNP"), merchant.unp),
        *in_words(filters),
        (gettext("Created"), f"{formats.moment(now_us, filters.zone)} ({filters.zone})"),
        (gettext("Times"), gettext("Local, where the outlet is.")),
    )


def in_words(filters: Filters) -> Iterator[tuple[str, str]]:
    """The filters that choose anything, and always the period and the outlets."""
    yield gettext("Period"), _period(filters)
    outlets = [outlet.name for outlet in filters.chosen_outlets]
    yield gettext("Outlets"), "; ".join(outlets) or gettext("All outlets")
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
