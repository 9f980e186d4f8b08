"""Accounts: the people who log in, and what they log in with."""

from collections.abc import Collection
from dataclasses import dataclass

import sqlalchemy as sa

from sql.dialect import insert
from sql.errors import AlreadyExists, NotFound
from sql.instants import now_us
from sql.tables import account, membership, merchant


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a login by УНП is checked against."""

    account_id: int
    merchant_id: int
    password_hash: str
    totp_secret: str


@dataclass(frozen=True, slots=True)
class Person:
    """A live account, whatever companies it belongs to. An empty `phone`, `password_hash` or `totp_secret`: none."""

    account_id: int
    email: str
    phone: str
    name: str
    password_hash: str
    totp_secret: str
    language: str | None


def add_account(connection: sa.Connection, *, email: str, phone: str, password_hash: str, totp_secret: str) -> int:
    """A new account; returns its `account_id`. AlreadyExists if the e-mail address, in any case, is taken."""
    added = connection.execute(
        insert(connection, account)
        .values(
            email=email.lower(),
            phone=phone,
            password_hash=password_hash,
            totp_secret=totp_secret,
            totp_last_step=0,
            created_us=now_us(),
        )
        .on_conflict_do_nothing(index_elements=[account.c.email])
        .returning(account.c.account_id)
    ).scalar_one_or_none()
    if added is None:
        raise AlreadyExists(f"An account with the e-mail address {email} exists already")
    return int(added)


def owner_by_unp(connection: sa.Connection, unp: str) -> Credentials | None:
    """The company's owner, the first one if there are several; None if the company or a live owner is missing."""
    columns = (account.c.account_id, membership.c.merchant_id, account.c.password_hash, account.c.totp_secret)
    row = connection.execute(
        sa.select(*columns)
        .join_from(merchant, membership, membership.c.merchant_id == merchant.c.merchant_id)
        .join(account, account.c.account_id == membership.c.account_id)
        .where(merchant.c.unp == unp, membership.c.role == "owner", account.c.disabled_us.is_(None))
        .order_by(account.c.account_id)
        .limit(1)
    ).first()
    return Credentials(*row) if row else None


def person_by_email(connection: sa.Connection, email: str) -> Person | None:
    """Whoever logs in by this e-mail address, in any case; None if nobody does, or the account is disabled."""
    return _person(connection, account.c.email == email.lower())


def person_of(connection: sa.Connection, account_id: int) -> Person | None:
    """The person of this account; None if it is disabled, or there is none."""
    return _person(connection, account.c.account_id == account_id)


def emails_of(connection: sa.Connection, account_ids: Collection[int]) -> dict[int, str]:
    """The e-mail addresses of these accounts, by `account_id`."""
    query = sa.select(account.c.account_id, account.c.email).where(account.c.account_id.in_(sorted(account_ids)))
    return {row.account_id: row.email for row in connection.execute(query)}


def has_account(connection: sa.Connection, email: str) -> bool:
    """Whether there is an account of this address, in any case, be it disabled."""
    return (
        connection.execute(sa.select(account.c.account_id).where(account.c.email == email.lower())).first() is not None
    )


def _person(connection: sa.Connection, condition: sa.ColumnElement[bool]) -> Person | None:
    columns = [account.c[name] for name in Person.__slots__]
    row = connection.execute(sa.select(*columns).where(condition, account.c.disabled_us.is_(None))).first()
    return Person(*row) if row else None


def use_totp_step(connection: sa.Connection, account_id: int, step: int) -> bool:
    """Use up a 30-second step of the authenticator; False if it, or a later one, was used before.

    One statement looks and writes, so of several callers with the same code only one gets True (RFC 6238, 5.2:
    the verifier must not accept the second attempt of a code).
    """
    used = connection.execute(
        sa.update(account)
        .where(account.c.account_id == account_id, account.c.totp_last_step < step)
        .values(totp_last_step=step)
    )
    return used.rowcount == 1


def set_password_hash(connection: sa.Connection, account_id: int, password_hash: str) -> None:
    """From now on another password counts."""
    _update(connection, account_id, password_hash=password_hash)


def renew_password_hash(connection: sa.Connection, account_id: int, *, older: str, newer: str) -> None:
    """Keep the same password under newer parameters; nothing, if it was changed or forgotten since it was verified."""
    same = sa.and_(account.c.account_id == account_id, account.c.password_hash == older)
    connection.execute(sa.update(account).where(same).values(password_hash=newer))


def set_phone(connection: sa.Connection, account_id: int, phone: str) -> None:
    """Replace the number that codes are sent to, in E.164 form."""
    _update(connection, account_id, phone=phone)


def set_name(connection: sa.Connection, account_id: int, name: str) -> None:
    """Replace what the person is called; empty: not told."""
    _update(connection, account_id, name=name)


def set_language(connection: sa.Connection, account_id: int, language: str | None) -> None:
    """Remember `ru`, `be` or `en`; None: as the browser asks."""
    _update(connection, account_id, language=language)


def set_theme(connection: sa.Connection, account_id: int, theme: str | None) -> None:
    """Remember `light` or `dark`; None: as the device is set."""
    _update(connection, account_id, theme=theme)


def disable_account(connection: sa.Connection, account_id: int) -> None:
    """Shut an account out: it can't log in, and its open sessions end with their next request."""
    _update(connection, account_id, disabled_us=now_us())


def _update(connection: sa.Connection, account_id: int, **values: object) -> None:
    done = connection.execute(sa.update(account).where(account.c.account_id == account_id).values(**values))
    if not done.rowcount:
        raise NotFound(f"There is no account {account_id}")
