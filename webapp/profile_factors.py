"""The lines of the profile about one's ways to log in: what there is, whether it is enough, where it is changed."""

from dataclasses import dataclass

from flask_babel import gettext, ngettext

from sql.engine import Connection
from sql.factors import Factors, factors_of
from sql.instants import now_us
from sql.passkeys import Passkey, passkeys_of
from sql.signing_certificates import SigningCertificate, certificates_of
from webapp.phones import shown_phone

RECOVERY_FEW = 3  # so many recovery codes or fewer are worth a warning


@dataclass(frozen=True, slots=True)
class Line:
    """`state` is what there is, `is_warning` whether its owner should do something about it."""

    address: str
    icon: str
    name: str
    state: str
    is_warning: bool = False


def factor_lines(connection: Connection, account_id: int) -> list[Line]:
    """One line for each way to log in, or to confirm a login."""
    factors = factors_of(connection, account_id)
    passkeys = passkeys_of(connection, account_id)
    return [
        _password(factors),
        _authenticator(factors, passkeys),
        _recovery_codes(factors),
        _passkeys(passkeys),
        _certificates(certificates_of(connection, account_id)),
        _phone(factors),
    ]


def _password(factors: Factors) -> Line:
    state = gettext("Chosen") if factors.has_password else gettext("None: you log in without one")
    return Line("/profile/password", "password", gettext("Password"), state)


def _authenticator(factors: Factors, passkeys: list[Passkey]) -> Line:
    state = gettext("Connected") if factors.has_totp else gettext("Not connected")
    is_alone = not factors.has_totp and not passkeys
    return Line("/profile/authenticator", "shield-check", gettext("Authenticator app"), state, is_alone)


def _recovery_codes(factors: Factors) -> Line:
    left = factors.recovery_left
    state = (
        ngettext("%(num)s unused code", "%(num)s unused codes", left) if left else gettext("None left: make new ones")
    )
    return Line("/profile/recovery-codes", "lifebuoy", gettext("Recovery codes"), state, left <= RECOVERY_FEW)


def _passkeys(passkeys: list[Passkey]) -> Line:
    state = ", ".join(passkey.name for passkey in passkeys) or gettext("None yet")
    return Line("/profile/passkeys", "fingerprint", gettext("Passkeys"), state)


def _certificates(certificates: list[SigningCertificate]) -> Line:
    expired = sum(certificate.valid_until_us <= now_us() for certificate in certificates)
    count = len(certificates)
    state = ngettext("%(num)s certificate", "%(num)s certificates", count) if count else gettext("None yet")
    if expired:
        state += f", {ngettext('%(num)s of them has expired', '%(num)s of them have expired', expired)}"
    return Line("/profile/certificates", "writing-sign", gettext("Electronic signature"), state, bool(expired))


def _phone(factors: Factors) -> Line:
    state = shown_phone(factors.phone) if factors.phone else gettext("None yet")
    return Line("/profile/phone", "phone", gettext("Phone for SMS codes"), state)
