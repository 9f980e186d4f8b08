"""The form of one's notifications: which kinds are sent, by mail and by SMS, beside the page that lists them all."""

from dataclasses import dataclass

from flask_babel import lazy_gettext as _
from flask_babel.speaklater import LazyString
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import BadRequest

from sql.preferences import KINDS, MAILS, Preference

MAIL_NAMES: dict[str, LazyString] = {"never": _("No mails"), "at_once": _("At once"), "daily": _("Once a day")}


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of notifications, and what belongs to it."""

    name: LazyString
    about: LazyString


KIND_WORDS = {
    "connection": Kind(_("Connection"), _("A register is silent for longer than usual, or offline.")),
    "documents": Kind(_("Documents"), _("Numbers are missing, a document was refused, or a Z-report does not add up.")),
    "shifts": Kind(_("Shifts"), _("A shift is open for longer than a day.")),
    "devices": Kind(_("Registers"), _("A certificate expires, memory runs low, or settings were refused.")),
    "delivery": Kind(_("State system"), _("The state system has refused a document.")),
}
assert tuple(KIND_WORDS) == KINDS


def preferences_in(form: MultiDict[str, str]) -> list[Preference]:
    """What the form has sent: a field `mail-KIND` for each kind, `sms-KIND` where it is ticked."""
    chosen = [Preference(kind, form.get(f"mail-{kind}", ""), bool(form.get(f"sms-{kind}"))) for kind in KINDS]
    if not {preference.mail for preference in chosen} <= set(MAILS):
        raise BadRequest
    return chosen
