"""How the journal calls what was done. Whoever writes a new action with `journal.note` gives it its words here."""

from collections.abc import Callable, Mapping
from typing import Any

from flask_babel import gettext, ngettext
from flask_babel import lazy_gettext as _
from flask_babel.speaklater import LazyString

from webapp import formats
from webapp.notification_words import RULES
from webapp.periods import iso_day
from webapp.roles import NAMES as ROLE_NAMES

# By the action in the journal, in the order in which the filter lists them.
ACTIONS: dict[str, LazyString] = {
    "login": _("Logged in"),
    "login_failed": _("Failed to log in"),
    "logout": _("Logged out"),
    "confirm_failed": _("Failed to confirm who it is"),
    "company_entered": _("Went on to this company"),
    "session_ended": _("Ended a session"),
    "sessions_ended": _("Ended all other sessions"),
    "password_changed": _("Changed the password"),
    "password_reset": _("Set a new password by a mailed link"),
    "factor_added": _("Added a way to confirm logins"),
    "factor_renamed": _("Renamed a way to confirm logins"),
    "factor_removed": _("Removed a way to confirm logins"),
    "recovery_codes_made": _("Made new recovery codes"),
    "recovery_code_used": _("Used a recovery code"),
    "passkey_copied": _("A passkey was refused: it may have been copied"),
    "phone_changed": _("Changed the phone number"),
    "preferences_changed": _("Chose notifications"),
    "person_invited": _("Invited a person"),
    "invitation_resent": _("Sent an invitation again"),
    "invitation_withdrawn": _("Withdrew an invitation"),
    "invitation_accepted": _("Accepted an invitation"),
    "role_changed": _("Changed a person's role"),
    "person_removed": _("Removed a person"),
    "outlet_changed": _("Changed an outlet"),
    "register_moved": _("Moved a register to another outlet"),
    "rule_muted": _("Muted a notification"),
    "rule_unmuted": _("Ended the muting of a notification"),
    "webhook_set": _("Set the webhook"),
    "webhook_removed": _("Removed the webhook"),
    "settings_saved": _("Saved settings of registers"),
    "settings_returned": _("Returned to earlier settings of a register"),
    "register_added": _("Added a register"),
    "register_described": _("Described a register"),
    "register_bound": _("Bound a register"),
    "register_refused": _("Refused a new register"),
    "token_renamed": _("Renamed a token"),
    "token_revoked": _("Revoked a token"),
    "account_created": _("Created an account"),
    "person_added": _("Added a person"),
    "account_disabled": _("Disabled an account"),
    "account_enabled": _("Enabled an account"),
    "factors_reset": _("Reset the ways to confirm logins"),
}

# Names of what stands in the details of an action: `way`, `factor` and `fields`.
WAYS: dict[str, LazyString] = {
    "password": _("by UNP and password"),
    "email": _("by e-mail"),
    "signature": _("by electronic signature"),
    "certificate": _("by certificate"),
    "passkey": _("by passkey"),
    "invitation": _("by an invitation"),
    "reset": _("by a mailed link"),
    "enrolment": _("by enrolling"),
}
FACTORS: dict[str, LazyString] = {
    "authenticator": _("authenticator app"),
    "passkey": _("passkey"),
    "recovery_codes": _("recovery codes"),
    "certificate": _("certificate of an electronic signature"),
    "phone": _("phone"),
}
FIELDS: dict[str, LazyString] = {
    "time_zone": _("time zone"),
    "opening_hours": _("opening hours"),
    "contact_name": _("whom to call"),
    "contact_phone": _("phone of the outlet"),
    "serial_number": _("serial number"),
    "firmware": _("firmware"),
    "registered_us": _("day of the registration"),
    "certificate_until_us": _("end of the certificate"),
}

PANELS: dict[str, LazyString] = {
    "users": _("User settings"),
    "receipt": _("Receipt settings"),
    "options": _("Additional settings"),
}


def details_in_words(detail: Mapping[str, Any]) -> list[str]:
    """What else an entry tells, as pieces of a line. Details without words of their own are for machines alone."""
    return [words(detail[name]) for name, words in _DETAILS.items() if name in detail]


def _named(names: Mapping[str, LazyString], value: object) -> str:
    return str(names.get(str(value), value))


def _role_before(role: object) -> str:
    return str(gettext("before: %(what)s", what=_named(ROLE_NAMES, role)))


def _name_before(name: object) -> str:
    return str(gettext("before: %(what)s", what=name))


def _fields(names: object) -> str:
    return ", ".join(_named(FIELDS, name) for name in names) if isinstance(names, list) else ""


def _departed(outlet: object) -> str:
    return str(gettext("from: %(what)s", what=outlet))


def _rule(rule: object) -> str:
    words = RULES.get(str(rule))
    return str(words.name) if words else str(rule)


def _arrived(outlet: object) -> str:
    return str(gettext("to: %(what)s", what=outlet))


def _token(token_id: object) -> str:
    return str(gettext("token %(id)s", id=token_id))


def _version(version: object) -> str:
    return str(gettext("version %(version)s", version=version))


def _until(day: object) -> str:
    found = iso_day(str(day))
    return str(gettext("until %(day)s", day=formats.day(found) if found else day))


def _outlets(outlet_ids: object) -> str:
    count = len(outlet_ids) if isinstance(outlet_ids, list) else 0
    return str(ngettext("%(num)s outlet", "%(num)s outlets", count))


def _recovery_left(left: int) -> str:
    return str(ngettext("%(num)s recovery code left", "%(num)s recovery codes left", left))


def _sessions(count: int) -> str:
    return str(ngettext("%(num)s session", "%(num)s sessions", count))


_DETAILS: dict[str, Callable[[Any], str]] = {
    "name": str,
    "rule": _rule,
    "reason": str,
    "way": lambda way: _named(WAYS, way),
    "factor": lambda factor: _named(FACTORS, factor),
    "role": lambda role: _named(ROLE_NAMES, role),
    "was": _role_before,
    "before": _name_before,
    "outlets": _outlets,
    "fields": _fields,
    "time_zone": str,
    "departed": _departed,
    "arrived": _arrived,
    "until": _until,
    "token": _token,
    "left": _recovery_left,
    "count": _sessions,
    "address": str,
    "panel": lambda panel: _named(PANELS, panel),
    "version": _version,
}
