"""Who comes by УНП and password. An unknown УНП takes the same way and the same work as a known one."""

from contextlib import suppress

from flask import request

from sql import accounts, login_attempts, throttle
from sql.accounts import Credentials
from sql.engine import reading, writing
from sql.journal import write_journal
from sql.throttle import TooManyAttempts
from webapp.afterwards import afterwards
from webapp.authenticator_codes import find_proof, use_proof
from webapp.database import engine
from webapp.passwords import generate_totp_secret, hash_password, needs_rehash, verify_password

WAY = "password"
# Nobody's account and authenticator.
_NOBODY = 0
_NOBODYS_SECRET = generate_totp_secret()


def known_by_code(unp: str, password: str, code: str) -> Credentials | None:
    """Who it is; None if anything of the three is wrong. TooManyAttempts before any of them is looked at."""
    known = _admitted(unp)
    # Both are always checked: the time that it takes tells nothing.
    is_password = _is_password(known, password)
    proof = find_proof(known.account_id if known else _NOBODY, known.totp_secret if known else _NOBODYS_SECRET, code)
    if known is None or not is_password or proof is None:
        _note_failure(known, knew_password=is_password)
        return None
    newer_hash = hash_password(password) if needs_rehash(known.password_hash) else None
    with writing(engine()) as connection:
        if not use_proof(connection, known.account_id, proof):
            _note_failure(known, knew_password=True)
            return None
        throttle.welcome(connection, unp=unp, address=_address())
        throttle.welcome_factor(connection, known.account_id)
        if newer_hash:
            accounts.renew_password_hash(connection, known.account_id, older=known.password_hash, newer=newer_hash)
    return known


def begin_with_password(unp: str, password: str, *, step: str) -> str:
    """A half-done login that awaits `step`; it is nobody's if the УНП or the password is wrong, and goes on the same.

    Returns the token of the attempt. TooManyAttempts before anything is looked at.
    """
    known = _admitted(unp)
    found = known if _is_password(known, password) else None
    if found is None:
        _note_failure(known)
    with writing(engine()) as connection:
        return login_attempts.begin_attempt(
            connection,
            way=WAY,
            step=step,
            account_id=found.account_id if found else None,
            merchant_id=found.merchant_id if found else None,
        )


def _admitted(unp: str) -> Credentials | None:
    with writing(engine()) as connection:
        throttle.admit(connection, unp=unp, address=_address())
    with reading(engine()) as connection:
        known = accounts.owner_by_unp(connection, unp)
        throttle.check_factor(connection, known.account_id if known else _NOBODY)
    return known


def _is_password(known: Credentials | None, password: str) -> bool:
    return verify_password(known.password_hash if known else None, password)


def _note_failure(known: Credentials | None, *, knew_password: bool = False) -> None:
    """The company reads of it in its journal, which is written when the answer is out: its time tells nothing.

    Whoever knew the password has guessed at the second factor, and meets its limit, wherever the next guess comes from.
    """
    address = _address()

    def note() -> None:
        if known is None:
            return
        if knew_password:
            _count_guess(known.account_id)
        with writing(engine()) as connection:
            person = accounts.person_of(connection, known.account_id)
            write_journal(
                connection,
                known.merchant_id,
                "login_failed",
                actor=person.email if person else "",
                account_id=known.account_id,
                detail={"way": WAY},
                address=address,
            )

    afterwards(note)


def _count_guess(account_id: int) -> None:
    with suppress(TooManyAttempts), writing(engine()) as connection:  # others have reached the limit meanwhile
        throttle.admit_factor(connection, account_id)


def _address() -> str:
    return request.remote_addr or "unknown"
