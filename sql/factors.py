"""What an account logs in with beside its passkeys and certificates: password, authenticator app, recovery codes."""

import hashlib
from collections.abc import Collection
from dataclasses import dataclass

import sqlalchemy as sa

from sql.errors import NotFound
from sql.instants import now_us
from sql.tables import account, recovery_code


@dataclass(frozen=True, slots=True)
class Factors:
    """`recovery_left` is how many recovery codes were not used yet, `phone` where codes by SMS go; empty: nowhere."""

    has_password: bool
    has_totp: bool
    recovery_left: int
    phone: str


def factors_of(connection: sa.Connection, account_id: int) -> Factors:
    """NotFound if there is no such account."""
    left = (
        sa.select(sa.func.count())
        .where(recovery_code.c.account_id == account_id, recovery_code.c.used_us.is_(None))
        .scalar_subquery()
    )
    columns = (account.c.password_hash != "", account.c.totp_secret != "", left, account.c.phone)
    row = connection.execute(sa.select(*columns).where(account.c.account_id == account_id)).first()
    if row is None:
        raise NotFound(f"There is no account {account_id}")
    return Factors(bool(row[0]), bool(row[1]), row[2], row[3])


def set_totp_secret(connection: sa.Connection, account_id: int, secret: str, *, used_step: int) -> None:
    """Another authenticator in place of the one before; the step whose code has proved it is used up."""
    changed = sa.update(account).where(account.c.account_id == account_id)
    if not connection.execute(changed.values(totp_secret=secret, totp_last_step=used_step)).rowcount:
        raise NotFound(f"There is no account {account_id}")


def set_first_totp_secret(connection: sa.Connection, account_id: int, secret: str, *, used_step: int) -> bool:
    """As `set_totp_secret`, for an account that has none; False if it has one: of two at once, one is first."""
    first = sa.update(account).where(account.c.account_id == account_id, account.c.totp_secret == "")
    return connection.execute(first.values(totp_secret=secret, totp_last_step=used_step)).rowcount == 1


def replace_recovery_codes(connection: sa.Connection, account_id: int, codes: Collection[str]) -> None:
    """New recovery codes; those of before, used or not, open nothing any more.

    The account's row is held meanwhile, so that two requests at once leave the codes of one of them.
    """
    connection.execute(sa.select(account.c.account_id).where(account.c.account_id == account_id).with_for_update())
    connection.execute(sa.delete(recovery_code).where(recovery_code.c.account_id == account_id))
    rows = [{"account_id": account_id, "code_hash": _hash(code)} for code in codes]
    connection.execute(sa.insert(recovery_code), rows)


def use_recovery_code(connection: sa.Connection, account_id: int, code: str) -> bool:
    """Use up a recovery code; True for exactly one caller, and only if the account has it and it was not used before.

    For an account that isn't there it is the same work.
    """
    used = (
        sa.update(recovery_code)
        .where(
            recovery_code.c.account_id == account_id,
            recovery_code.c.code_hash == _hash(code),
            recovery_code.c.used_us.is_(None),
        )
        .values(used_us=now_us())
    )
    return connection.execute(used).rowcount == 1


def has_recovery_code(connection: sa.Connection, account_id: int, code: str) -> bool:
    """Whether the account has this code and it was not used before; it stays as it is."""
    query = sa.select(recovery_code.c.account_id).where(
        recovery_code.c.account_id == account_id,
        recovery_code.c.code_hash == _hash(code),
        recovery_code.c.used_us.is_(None),
    )
    return connection.execute(query).first() is not None


def _hash(code: str) -> bytes:
    return hashlib.sha256(code.encode()).digest()
