"""Why a document is invalid, in words for those who sell. The register's integrator reads the register API instead."""

from typing import NamedTuple

from flask_babel import lazy_gettext as _
from flask_babel.speaklater import LazyString


class Reason(NamedTuple):
    """What is wrong, in a few words; what that means, and what to do about it."""

    name: LazyString
    meaning: LazyString


REASONS = {
    "different_content": Reason(
        _("Contradicts a stored document"),
        _("A different document with this number is stored, and stays as it is: the register has used a number twice."),
    ),
    "invalid_field": Reason(
        _("A field is missing or wrong"),
        _("The register has left out a field, or has written something into it that doesn't belong there."),
    ),
    "unknown_type": Reason(
        _("Unknown type of document"), _("There is no document of the type that the register names.")
    ),
    "item_sum_mismatch": Reason(
        _("A line doesn't add up"),
        _("The price times the quantity, with its discounts and surcharges, is not the sum of the line."),
    ),
    "total_mismatch": Reason(
        _("The total doesn't add up"),
        _("All lines together, with the discounts and surcharges on the whole receipt, are not its total."),
    ),
    "payments_mismatch": Reason(
        _("The payments don't add up"), _("What was paid, less the change, is not the total of the receipt.")
    ),
    "change_exceeds_cash": Reason(
        _("More change than cash"), _("The register has given more change than it has taken in cash.")
    ),
    "rollback_mismatch": Reason(
        _("Annuls something else than was sold"),
        _("The sale that is annulled is stored, and says something else than its annulment."),
    ),
    "already_annulled": Reason(_("Annulled twice"), _("The sale has been annulled by another document already.")),
    "issued_in_future": Reason(
        _("Issued in the future"), _("It is dated more than a day ahead: the clock of the register is wrong.")
    ),
}


def reason_of(code: str) -> Reason:
    return REASONS.get(code) or Reason(_("Breaks a rule"), _("The document breaks a rule of the register API."))
