"""Logins that are half done: after the password and before the code, say.

The browser holds a random token, the table only its SHA-256. An attempt goes from step to step, each step once: every
change names the step that it leaves, so two requests can't both take it. An attempt for nobody (`account_id` None)
goes on like any other, so that its answers don't tell who has an account.
"""

import hashlib
import secrets
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from sql.instants import SECOND_US, now_us
from sql.tables import login_attempt

TOKEN_BYTES = 32
LIFETIME_US = 10 * 60 * SECOND_US
TRIES_MAX = 5
SENDS_MAX = 5
SEND_PAUSE_US = 60 * SECOND_US


@dataclass(frozen=True, slots=True)
class Attempt:
    """`step` is what is awaited; `merchant_id` the company that was named, if one was."""

    way: str
    step: str
    account_id: int | None
    merchant_id: int | None
    challenge: bytes | None
    code_hash: bytes | None
    tries: int
    sends: int
    sent_us: int | None
    created_us: int
    expires_us: int


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def begin_attempt(
    connection: sa.Connection,
    *,
    way: str,
    step: str,
    account_id: int | None,
    merchant_id: int | None = None,
    challenge: bytes | None = None,
    lifetime_us: int = LIFETIME_US,
) -> str:
    """A new attempt that awaits `step`; returns its token, which can't be read again."""
    token = secrets.token_urlsafe(TOKEN_BYTES)
    now = now_us()
    connection.execute(
        sa.insert(login_attempt).values(
            attempt_hash=_hash(token),
            way=way,
            step=step,
            account_id=account_id,
            merchant_id=merchant_id,
            challenge=challenge,
            created_us=now,
            expires_us=now + lifetime_us,
        )
    )
    return token


def find_attempt(connection: sa.Connection, token: str | None) -> Attempt | None:
    """The attempt of this token, unless it is over."""
    if not token:
        return None
    columns = [login_attempt.c[name] for name in Attempt.__slots__]
    row = connection.execute(sa.select(*columns).where(*_live(token))).first()
    return Attempt(*row) if row else None


def advance(connection: sa.Connection, token: str, *, leaving: str, **changes: Any) -> bool:
    """Change the attempt (`step`, `account_id`, `challenge`, `code_hash`, `tries`, `sends`, `sent_us`) if it awaits
    `leaving`; False if it doesn't, or is over."""
    update = sa.update(login_attempt).where(*_live(token), login_attempt.c.step == leaving).values(**changes)
    return connection.execute(update).rowcount == 1


def count_try(connection: sa.Connection, token: str, *, step: str, tries_max: int = TRIES_MAX) -> bool:
    """Count a guess, before it is looked at; False if it is one too many, or the attempt awaits something else."""
    update = (
        sa.update(login_attempt)
        .where(*_live(token), login_attempt.c.step == step, login_attempt.c.tries < tries_max)
        .values(tries=login_attempt.c.tries + 1)
    )
    return connection.execute(update).rowcount == 1


def count_send(connection: sa.Connection, token: str, *, step: str, code_hash: bytes) -> bool:
    """Put a new code in place of the one before, for as long as a code is good; False if it comes too soon after that
    one, is one too many, or the attempt awaits something else. What was guessed before still counts."""
    now = now_us()
    is_due = sa.or_(login_attempt.c.sent_us.is_(None), login_attempt.c.sent_us <= now - SEND_PAUSE_US)
    update = (
        sa.update(login_attempt)
        .where(*_live(token), login_attempt.c.step == step, login_attempt.c.sends < SENDS_MAX, is_due)
        .values(code_hash=code_hash, sends=login_attempt.c.sends + 1, sent_us=now, expires_us=now + LIFETIME_US)
    )
    return connection.execute(update).rowcount == 1


def end_attempt(connection: sa.Connection, token: str, *, step: str) -> bool:
    """Use the attempt up; True for exactly one caller, and only if it awaits `step`."""
    ended = sa.delete(login_attempt).where(*_live(token), login_attempt.c.step == step)
    return connection.execute(ended).rowcount == 1


def end_attempts_of(connection: sa.Connection, account_id: int) -> None:
    """Whatever was half done for this account is over: its password has changed."""
    connection.execute(sa.delete(login_attempt).where(login_attempt.c.account_id == account_id))


def sweep_attempts(connection: sa.Connection) -> int:
    """Delete the attempts that are over; returns how many."""
    return connection.execute(sa.delete(login_attempt).where(login_attempt.c.expires_us <= now_us())).rowcount


def _live(token: str) -> tuple[sa.ColumnElement[bool], ...]:
    return login_attempt.c.attempt_hash == _hash(token), login_attempt.c.expires_us > now_us()
