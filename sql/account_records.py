"""Accounts as the operator sees them: whose they are, in which state, and what opens them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from sql.errors import NotFound
from sql.instants import now_us
from sql.login_attempts import end_attempts_of
from sql.password_resets import end_resets
from sql.sessions import end_all_sessions
from sql.tables import account, membership, passkey, recovery_code, signing_certificate


@dataclass(frozen=True, slots=True)
class AccountRecord:
    """An account with what opens it; `passkeys` and `certificates` are how many there are."""

    account_id: int
    email: str
    phone: str
    name: str
    language: str | None
    created_us: int
    disabled_us: int | None
    has_password: bool
    has_totp: bool
    recovery_left: int
    passkeys: int
    certificates: int


def record_of(connection: sa.Connection, email: str) -> AccountRecord:
    """The account with this address, in any case, be it disabled. NotFound with a sentence."""
    row = connection.execute(_records().where(account.c.email == email.lower())).first()
    if row is None:
        raise NotFound(f"There is no account with the e-mail address {email}")
    return AccountRecord(*row)


def find_records(
    connection: sa.Connection, *, merchant_id: int | None, text: str, limit: int
) -> Sequence[AccountRecord]:
    """At most `limit` accounts whose address or name holds the text, of one company or of all, by address."""
    query = _records()
    if merchant_id is not None:
        members = sa.select(membership.c.account_id).where(membership.c.merchant_id == merchant_id)
        query = query.where(account.c.account_id.in_(members))
    if text:
        query = query.where(
            account.c.email.contains(text.lower(), autoescape=True) | account.c.name.contains(text, autoescape=True)
        )
    return [AccountRecord(*row) for row in connection.execute(query.order_by(account.c.email).limit(limit))]


def disable(connection: sa.Connection, account_id: int) -> int | None:
    """Shut an account out at once, with all that it has open; returns how many sessions that ended.

    None, and nothing done, if it is disabled already.
    """
    shut = sa.update(account).where(account.c.account_id == account_id, account.c.disabled_us.is_(None))
    if not connection.execute(shut.values(disabled_us=now_us())).rowcount:
        return None
    return _end_everything(connection, account_id)


def enable(connection: sa.Connection, account_id: int) -> bool:
    """Let a disabled account in again, with what it logged in with before; False if it isn't disabled.

    A login that was under way when it was disabled may have left a session behind: that one must not come to life.
    """
    opened = sa.update(account).where(account.c.account_id == account_id, account.c.disabled_us.is_not(None))
    if not connection.execute(opened.values(disabled_us=None)).rowcount:
        return False
    end_all_sessions(connection, account_id)
    return True


def reset_factors(connection: sa.Connection, account_id: int, *, phone: str | None = None) -> int:
    """Forget all that opens an account, the password too: it is like a new one. Returns how many sessions ended.

    With the password goes the word of the phone number, which is no factor without one (`reset_factor.py`): else a
    lost phone would still stand between its owner and a new password. A new `phone` replaces the number.
    """
    fresh = {"password_hash": "", "totp_secret": ""} | ({"phone": phone} if phone else {})
    connection.execute(sa.update(account).where(account.c.account_id == account_id).values(**fresh))
    for table in (recovery_code, passkey, signing_certificate):
        connection.execute(sa.delete(table).where(table.c.account_id == account_id))
    return _end_everything(connection, account_id)


def _end_everything(connection: sa.Connection, account_id: int) -> int:
    """Sessions, logins that are half done, and links by mail."""
    end_attempts_of(connection, account_id)
    end_resets(connection, account_id)
    return end_all_sessions(connection, account_id)


def _records() -> sa.Select[Any]:
    def count(table: sa.Table, *conditions: sa.ColumnElement[bool]) -> sa.ScalarSelect[int]:
        mine = sa.select(sa.func.count()).where(table.c.account_id == account.c.account_id, *conditions)
        return mine.correlate(account).scalar_subquery()

    names = ("account_id", "email", "phone", "name", "language", "created_us", "disabled_us")
    columns = [
        *(account.c[name] for name in names),
        account.c.password_hash != "",
        account.c.totp_secret != "",
        count(recovery_code, recovery_code.c.used_us.is_(None)),
        count(passkey),
        count(signing_certificate),
    ]
    return sa.select(*columns)
