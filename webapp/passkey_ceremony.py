"""What the site asks of an authenticator, and the proof that it has signed (W3C Web Authentication, Level 3).

Passkeys are always discoverable and always ask for a PIN, a finger or a face: each is two factors in one, and the
question that a login asks is the same for everybody, so it doesn't tell who has an account.
"""

import json
from typing import Any

from flask_babel import gettext
from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import base64url_to_bytes, options_to_json_dict
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)
from webauthn.registration.verify_registration_response import VerifiedRegistration

from sql import passkeys
from sql.engine import reading, writing
from sql.passkeys import Passkey
from webapp import site
from webapp.database import engine
from webapp.passkey_challenges import LIFETIME_S, Purpose, Refused, give_out, take_back

NAME = "Kabinet"
ANSWER_BYTES_MAX = 16 * 1024
TRANSPORTS = ("ble", "hybrid", "internal", "nfc", "smart-card", "usb")


class Copied(Refused):
    """Signed by the right key, but with a count that was there before: there is a copy of it, or it is a replay."""


def ask(purpose: Purpose, account_id: int | None = None) -> dict[str, Any]:
    """The options of navigator.credentials.get(), as JSON.

    Before the login they name no passkeys: those of an account would tell that there is one.
    """
    known = _known(account_id) if purpose is Purpose.CONFIRM and account_id is not None else []
    options = generate_authentication_options(
        rp_id=site.host(),
        challenge=give_out(purpose, account_id),
        timeout=LIFETIME_S * 1000,
        allow_credentials=known,
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return options_to_json_dict(options)


def ask_for_new(account_id: int, email: str, name: str) -> dict[str, Any]:
    """The options of navigator.credentials.create(), as JSON: for a key pair that the account does not have yet."""
    options = generate_registration_options(
        rp_id=site.host(),
        rp_name=NAME,
        user_id=_handle(account_id),
        user_name=email,
        user_display_name=name or email,
        challenge=give_out(Purpose.ADD, account_id),
        timeout=LIFETIME_S * 1000,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED, user_verification=UserVerificationRequirement.REQUIRED
        ),
        exclude_credentials=_known(account_id),
    )
    return options_to_json_dict(options)


def check(purpose: Purpose, answer: str, account_id: int | None = None) -> Passkey:
    """The passkey that has signed the open challenge: of this account, or for a login of anybody. Raises Refused.

    A half-done login of nobody (no account, and another purpose) is refused in the same words as a wrong passkey.
    """
    challenge = take_back(purpose, account_id)
    response = _read(answer)
    with reading(engine()) as connection:
        passkey = passkeys.find_passkey(connection, _bytes(response, "rawId"))
    is_theirs = passkey is not None and (purpose is Purpose.LOGIN or passkey.account_id == account_id)
    if passkey is None or not is_theirs or not _is_of(passkey, response):
        raise Refused(gettext("This passkey opens nothing here. It may have been removed, or be somebody else's."))
    try:
        proven = verify_authentication_response(
            credential=response,
            expected_challenge=challenge,
            expected_rp_id=site.host(),
            expected_origin=site.origin(),
            credential_public_key=passkey.public_key,
            credential_current_sign_count=0,  # compared below, in the statement that also writes it
            require_user_verification=True,
        )
    except Exception as error:  # a malformed answer raises whatever comes; what isn't proven is refused
        raise _not_proven(passkey) from error
    with writing(engine()) as connection:
        is_fresh = passkeys.use_passkey(connection, passkey.credential_id, proven.new_sign_count)
    if not is_fresh:
        sentence = gettext("This passkey seems to have a copy elsewhere. Log in another way, and remove it.")
        raise Copied(sentence, passkey)
    return passkey


def check_new(answer: str, account_id: int) -> tuple[VerifiedRegistration, tuple[str, ...]]:
    """The key pair that was made for the open challenge, and how the browser says it is reached. Raises Refused."""
    challenge = take_back(Purpose.ADD, account_id)
    response = _read(answer)
    try:
        made = verify_registration_response(
            credential=response,
            expected_challenge=challenge,
            expected_rp_id=site.host(),
            expected_origin=site.origin(),
            require_user_verification=True,
        )
        told = response["response"].get("transports") or ()
        transports = tuple(name for name in TRANSPORTS if name in told)
    except Exception as error:  # as above
        raise _not_proven() from error
    is_short = len(made.credential_id) <= passkeys.CREDENTIAL_ID_BYTES_MAX
    if not is_short or len(made.credential_public_key) > passkeys.PUBLIC_KEY_BYTES_MAX:
        raise _not_proven()
    return made, transports


def _known(account_id: int) -> list[PublicKeyCredentialDescriptor]:
    with reading(engine()) as connection:
        return [
            PublicKeyCredentialDescriptor(id=passkey.credential_id)
            for passkey in passkeys.passkeys_of(connection, account_id)
        ]


def _read(answer: str) -> dict[str, Any]:
    try:
        response = json.loads(answer) if len(answer) <= ANSWER_BYTES_MAX else None
    except (ValueError, RecursionError):
        response = None
    if not isinstance(response, dict) or not isinstance(response.get("response"), dict):
        raise _not_proven()
    return response


def _bytes(fields: dict[str, Any], name: str) -> bytes:
    try:
        return base64url_to_bytes(fields.get(name) or "")
    except ValueError:
        return b""


def _is_of(passkey: Passkey, response: dict[str, Any]) -> bool:
    """Whether the authenticator, if it says for whom it signs, means the owner of this passkey (WebAuthn, 7.2)."""
    return _bytes(response["response"], "userHandle") in (b"", _handle(passkey.account_id))


def _handle(account_id: int) -> bytes:
    """What authenticators call an account: a number tells nothing about the person."""
    return account_id.to_bytes(8)


def _not_proven(passkey: Passkey | None = None) -> Refused:
    return Refused(gettext("The passkey could not be checked. Try again, or use another way."), passkey)
