"""Who belongs to which company, in which role, and what a manager may see of it."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from sql.dialect import insert
from sql.errors import AlreadyExists, NotFound
from sql.instants import now_us
from sql.merchants import lock_merchant
from sql.tables import account, membership, membership_outlet, merchant, web_session

ROLES = ("owner", "accountant", "manager", "support")


class LastOwner(Exception):
    """The company would be left without an owner; the transaction must roll back."""


@dataclass(frozen=True, slots=True)
class Company:
    """A company that an account may enter."""

    merchant_id: int
    name: str
    unp: str
    role: str


@dataclass(frozen=True, slots=True)
class Member:
    """A person of a company. `outlet_ids` only limits managers; `expires_us` is when the membership ends by itself."""

    account_id: int
    email: str
    name: str
    role: str
    expires_us: int | None
    disabled_us: int | None
    outlet_ids: tuple[int, ...]


def is_current() -> sa.ColumnElement[bool]:
    """The condition that a membership has not ended by itself."""
    return sa.or_(membership.c.expires_us.is_(None), membership.c.expires_us > now_us())


def outlets_text() -> sa.ScalarSelect[str]:
    """The outlets of a membership, with commas; null if there are none."""
    return (
        sa.select(sa.func.aggregate_strings(sa.cast(membership_outlet.c.outlet_id, sa.String), ","))
        .where(
            membership_outlet.c.merchant_id == membership.c.merchant_id,
            membership_outlet.c.account_id == membership.c.account_id,
        )
        .correlate(membership)
        .scalar_subquery()
    )


def outlet_ids_of(text: str | None) -> tuple[int, ...]:
    return tuple(sorted(int(outlet_id) for outlet_id in text.split(","))) if text else ()


def limit_in(role: str, outlet_ids: tuple[int, ...]) -> tuple[int, ...] | None:
    """The only outlets that a person in this role may see, of whom these were chosen; None: all."""
    return outlet_ids if role == "manager" else None


def limit_of(connection: sa.Connection, merchant_id: int, account_id: int) -> tuple[int, ...] | None:
    """The only outlets of the company that this account may see now; None: all.

    NotFound if the account does not belong there any more, or is disabled.
    """
    row = connection.execute(
        sa.select(membership.c.role, outlets_text())
        .join_from(membership, account, account.c.account_id == membership.c.account_id)
        .where(_is(merchant_id, account_id), is_current(), account.c.disabled_us.is_(None))
    ).first()
    if row is None:
        raise NotFound(f"Account {account_id} does not belong to merchant {merchant_id}")
    return limit_in(row[0], outlet_ids_of(row[1]))


def companies_of(connection: sa.Connection, account_id: int) -> list[Company]:
    """The companies that this account may enter, by name."""
    rows = connection.execute(
        sa.select(merchant.c.merchant_id, merchant.c.name, merchant.c.unp, membership.c.role)
        .join_from(membership, merchant, merchant.c.merchant_id == membership.c.merchant_id)
        .where(membership.c.account_id == account_id, is_current())
        .order_by(merchant.c.name, merchant.c.unp)
    )
    return [Company(*row) for row in rows]


def members_of(connection: sa.Connection, merchant_id: int) -> list[Member]:
    """The people of a company whose membership has not ended, by e-mail address."""
    return _members(connection, membership.c.merchant_id == merchant_id)


def member_of(connection: sa.Connection, merchant_id: int, account_id: int) -> Member | None:
    """One of them; None if the account does not belong there."""
    found = _members(connection, _is(merchant_id, account_id))
    return found[0] if found else None


def _members(connection: sa.Connection, condition: sa.ColumnElement[bool]) -> list[Member]:
    columns: list[sa.ColumnElement[Any]] = [
        account.c.account_id,
        account.c.email,
        account.c.name,
        membership.c.role,
        membership.c.expires_us,
        account.c.disabled_us,
        outlets_text(),
    ]
    rows = connection.execute(
        sa.select(*columns)
        .join_from(membership, account, account.c.account_id == membership.c.account_id)
        .where(condition, is_current())
        .order_by(account.c.email)
    )
    return [Member(*(*known, outlet_ids_of(text))) for *known, text in rows]


def add_membership(
    connection: sa.Connection,
    merchant_id: int,
    account_id: int,
    role: str,
    *,
    outlet_ids: Collection[int] = (),
    expires_us: int | None = None,
) -> None:
    """Let an account into a company in one of ROLES; AlreadyExists if it belongs there already (and has not ended)."""
    ended = sa.delete(membership).where(_is(merchant_id, account_id), sa.not_(is_current()))
    connection.execute(sa.delete(membership_outlet).where(*_outlets_of_ended(merchant_id, account_id)))
    connection.execute(ended)
    added = connection.execute(
        insert(connection, membership)
        .values(merchant_id=merchant_id, account_id=account_id, role=role, expires_us=expires_us)
        .on_conflict_do_nothing(index_elements=[membership.c.merchant_id, membership.c.account_id])
        .returning(membership.c.account_id)
    ).first()
    if added is None:
        raise AlreadyExists(f"Account {account_id} belongs to merchant {merchant_id} already")
    _set_outlets(connection, merchant_id, account_id, outlet_ids)


def change_membership(
    connection: sa.Connection,
    merchant_id: int,
    account_id: int,
    *,
    role: str,
    outlet_ids: Collection[int] = (),
    expires_us: int | None = None,
) -> None:
    """Another role or other outlets, from the next request on.

    NotFound if the account does not belong there, LastOwner if nobody would be left who may change it back.
    """
    lock_merchant(connection, merchant_id)
    changed = sa.update(membership).where(_is(merchant_id, account_id), is_current())
    if not connection.execute(changed.values(role=role, expires_us=expires_us)).rowcount:
        raise NotFound(f"Account {account_id} does not belong to merchant {merchant_id}")
    _set_outlets(connection, merchant_id, account_id, outlet_ids)
    _keep_an_owner(connection, merchant_id)


def end_membership(connection: sa.Connection, merchant_id: int, account_id: int) -> None:
    """Shut an account out of a company, with its open sessions there.

    NotFound if it does not belong there, LastOwner if nobody would be left who may invite it again.
    """
    lock_merchant(connection, merchant_id)
    _set_outlets(connection, merchant_id, account_id, ())
    if not connection.execute(sa.delete(membership).where(_is(merchant_id, account_id))).rowcount:
        raise NotFound(f"Account {account_id} does not belong to merchant {merchant_id}")
    _keep_an_owner(connection, merchant_id)
    there = (web_session.c.merchant_id == merchant_id, web_session.c.account_id == account_id)
    connection.execute(sa.delete(web_session).where(*there))


def _keep_an_owner(connection: sa.Connection, merchant_id: int) -> None:
    """The merchant is locked: two owners who shut each other out at once come one after the other."""
    if not owners_count(connection, merchant_id):
        raise LastOwner(f"Merchant {merchant_id} would be left without an owner")


def owners_count(connection: sa.Connection, merchant_id: int) -> int:
    """How many live owners a company has: the last one may not leave."""
    query = (
        sa.select(sa.func.count())
        .select_from(membership)
        .join(account, account.c.account_id == membership.c.account_id)
        .where(
            membership.c.merchant_id == merchant_id,
            membership.c.role == "owner",
            account.c.disabled_us.is_(None),
            is_current(),
        )
    )
    return connection.execute(query).scalar_one()


def _is(merchant_id: int, account_id: int) -> sa.ColumnElement[bool]:
    return sa.and_(membership.c.merchant_id == merchant_id, membership.c.account_id == account_id)


def _outlets_of_ended(merchant_id: int, account_id: int) -> tuple[sa.ColumnElement[bool], ...]:
    ended = sa.exists().where(_is(merchant_id, account_id), sa.not_(is_current()))
    return (
        membership_outlet.c.merchant_id == merchant_id,
        membership_outlet.c.account_id == account_id,
        ended,
    )


def _set_outlets(connection: sa.Connection, merchant_id: int, account_id: int, outlet_ids: Collection[int]) -> None:
    key = {"merchant_id": merchant_id, "account_id": account_id}
    connection.execute(sa.delete(membership_outlet).filter_by(**key))
    if outlet_ids:
        rows = [{**key, "outlet_id": outlet_id} for outlet_id in sorted(set(outlet_ids))]
        connection.execute(sa.insert(membership_outlet), rows)
