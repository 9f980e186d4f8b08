"""Links by mail that let a person choose a password: good once, and for a while.

The mail holds a random token, the table only its SHA-256. Whichever link of an account is used first, all of them are
used up with it.
"""

import hashlib
import secrets

import sqlalchemy as sa

from sql.instants import now_us
from sql.tables import account, password_reset

TOKEN_BYTES = 32


def add_reset(connection: sa.Connection, account_id: int, *, lifetime_us: int) -> str:
    """A new link; returns its token, which can't be read again."""
    token = secrets.token_urlsafe(TOKEN_BYTES)
    now = now_us()
    values = {"account_id": account_id, "created_us": now, "expires_us": now + lifetime_us}
    connection.execute(sa.insert(password_reset).values(token_hash=_hash(token), **values))
    return token


def account_of_reset(connection: sa.Connection, token: str) -> int | None:
    """The live account whose link this is; None if it is used up, too old, or was never one."""
    query = (
        sa.select(account.c.account_id)
        .join_from(password_reset, account, account.c.account_id == password_reset.c.account_id)
        .where(*_live(token), account.c.disabled_us.is_(None))
    )
    return connection.execute(query).scalar_one_or_none()


def use_reset(connection: sa.Connection, token: str) -> int | None:
    """Use up the link, and all others of its account; returns the account, to exactly one caller."""
    used = sa.delete(password_reset).where(*_live(token)).returning(password_reset.c.account_id)
    account_id: int | None = connection.execute(used).scalar_one_or_none()
    if account_id is not None:
        end_resets(connection, account_id)
    return account_id


def end_resets(connection: sa.Connection, account_id: int) -> None:
    """No link of this account is good any more."""
    connection.execute(sa.delete(password_reset).where(password_reset.c.account_id == account_id))


def sweep_resets(connection: sa.Connection) -> int:
    """Delete the links that are too old; returns how many."""
    return connection.execute(sa.delete(password_reset).where(password_reset.c.expires_us <= now_us())).rowcount


def _live(token: str) -> tuple[sa.ColumnElement[bool], ...]:
    return password_reset.c.token_hash == _hash(token), password_reset.c.expires_us > now_us()


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
