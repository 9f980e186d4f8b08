"""How the journal calls what was done. Whoever writes a new action with `journal.note` gives it its words here."""

from flask_babel import lazy_gettext as _
from flask_babel.speaklater import LazyString

# By the action in the journal, in the order in which the filter lists them.
ACTIONS: dict[str, LazyString] = {
    "login": _("Logged in"),
    "login_failed": _("Failed to log in"),
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
    "account_created": _("Created an account"),
    "account_disabled": _("Disabled an account"),
    "account_enabled": _("Enabled an account"),
    "factors_reset": _("Reset the ways to confirm logins"),
}

# Names of what stands in the details of an action: `way` and `factor`.
WAYS: dict[str, LazyString] = {
    "password": _("by UNP and password"),
    "email": _("by e-mail"),
    "signature": _("by electronic signature"),
    "certificate": _("by certificate"),
    "passkey": _("by passkey"),
    "invitation": _("by an invitation"),
    "reset": _("by a mailed link"),
}
FACTORS: dict[str, LazyString] = {
    "authenticator": _("authenticator app"),
    "passkey": _("passkey"),
    "recovery_codes": _("recovery codes"),
    "certificate": _("certificate of an electronic signature"),
    "phone": _("phone"),
}
