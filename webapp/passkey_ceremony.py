"""What passes between the site and an authenticator: challenges, and the proof that they were signed (W3C WebAuthn).

A challenge is good once, for one purpose, for five minutes, and only in the browser that asked for it: its row in
`login_attempt` is named by a token in that browser's signed session, and is used up before the answer is looked at.
Passkeys are always discoverable and always ask for a PIN, a finger or a face: each is two factors in one, and the
question that a login asks is the same for everybody, so it doesn't tell who has an account.
"""

import json
from enum import StrEnum
from typing import Any

from flask import session
from flask_babel import gettext
from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import base64url_to_bytes, generate_challenge, options_to_json_dict
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)
from webauthn.registration.verify_registration_response import VerifiedRegistration

from sql import login_attempts, passkeys
from sql.engine import Connection, reading, writing
from sql.instants import SECOND_US
from sql.passkeys import Passkey
from webapp import site
from webapp.database import engine

CHALLENGE = "passkey"  # the name of the open challenge in the browser's signed session; also the `way` of its row
LIFETIME_S = 5 * 60
NAME = "Kabinet"
ANSWER_BYTES_MAX = 16 * 1024
TRANSPORTS = ("ble", "hybrid", "internal", "nfc", "smart-card", "usb")


class Purpose(StrEnum):
    """What a challenge is signed for; the answer for one is none for another."""

    LOGIN = "login"
    FACTOR = "factor"  # beside a password
    CONFIRM = "confirm"
    ADD = "add"


class Refused(Exception):
    """Not proven; the message is a sentence for the person."""


def ask(purpose: Purpose, account_id: int | None = None) -> dict[str, Any]:
    """The options of navigator.credentials.get(), as JSON.

    Before the login they name no passkeys: those of an account would tell that there is one.
    """
    known = _known(account_id) if purpose is Purpose.CONFIRM and account_id is not None else []
    options = generate_authentication_options(
        rp_id=site.host(),
        challenge=_give_out(purpose, account_id),
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
        challenge=_give_out(Purpose.ADD, account_id),
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
    challenge = _take_back(purpose, account_id)
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
        raise _not_proven() from error
    with writing(engine()) as connection:
        is_fresh = passkeys.use_passkey(connection, passkey.credential_id, proven.new_sign_count)
    if not is_fresh:
        raise Copied(passkey)
    return passkey


class Copied(Refused):
    """Signed by the right key, but with a count that was there before: there is a copy of it, or it is a replay."""

    def __init__(self, passkey: Passkey) -> None:
        super().__init__(gettext("This passkey seems to have a copy elsewhere. Log in another way, and remove it."))
        self.passkey = passkey


def check_new(answer: str, account_id: int) -> tuple[VerifiedRegistration, tuple[str, ...]]:
    """The key pair that was made for the open challenge, and how the browser says it is reached. Raises Refused."""
    challenge = _take_back(Purpose.ADD, account_id)
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


def _give_out(purpose: Purpose, account_id: int | None) -> bytes:
    """A fresh challenge for this browser, in place of the one before."""
    challenge: bytes = generate_challenge()
    with writing(engine()) as connection:
        _end_open(connection)
        session[CHALLENGE] = login_attempts.begin_attempt(
            connection,
            way=CHALLENGE,
            step=purpose,
            account_id=account_id,
            challenge=challenge,
            lifetime_us=LIFETIME_S * SECOND_US,
        )
    return challenge


def _end_open(connection: Connection) -> None:
    """Each browser has at most one challenge open."""
    token = session.pop(CHALLENGE, None)
    if isinstance(token, str):
        for purpose in Purpose:
            login_attempts.end_attempt(connection, token, step=purpose)


def _take_back(purpose: Purpose, account_id: int | None) -> bytes:
    """The open challenge of this browser, used up whatever comes of it. Raises Refused if there is none."""
    token = session.pop(CHALLENGE, None)
    with writing(engine()) as connection:
        given = login_attempts.find_attempt(connection, token)
        is_mine = given is not None and login_attempts.end_attempt(connection, token, step=purpose)
    if given is None or not is_mine or given.account_id != account_id or given.challenge is None:
        raise Refused(gettext("That took too long, or was sent twice. Try again."))
    return given.challenge


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


def _not_proven() -> Refused:
    return Refused(gettext("The passkey could not be checked. Try again, or use another way."))
