"""Invitations: who was asked by mail to join a company, in which role, and whether the link is still good.

The mail holds a random token, the table only its SHA-256. A link is good once, for a week, for the person who reads the
mail at that address, and only as long as whoever sent it is an owner: who was shut out leaves no door ajar.
"""

import hashlib
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from sql.accounts import person_of
from sql.errors import AlreadyExists, NotFound
from sql.instants import DAY_US, now_us
from sql.memberships import add_membership, is_current, outlet_ids_of
from sql.merchants import lock_merchant
from sql.tables import account, invitation, membership, merchant

TOKEN_BYTES = 32
LIFETIME_US = 7 * DAY_US
WAITING_MAX = 100  # of one company
OUTLETS_MAX = 250  # of one manager, so that they fit into the invitation and into the journal


class AlreadyInvited(AlreadyExists):
    """There is an invitation to this address already, which can be sent again or withdrawn."""


class TooManyInvitations(Exception):
    """WAITING_MAX people have not answered yet."""


@dataclass(frozen=True, slots=True)
class Invitation:
    """`invitation_id` names an invitation and can't accept it. `invited_by` is an e-mail address.

    `outlet_ids` are a manager's; `member_until_us` is when the membership will end by itself.
    """

    invitation_id: str
    merchant_id: int
    merchant_name: str
    merchant_unp: str
    email: str
    role: str
    outlet_ids: tuple[int, ...]
    member_until_us: int | None
    invited_by: str
    created_us: int
    expires_us: int
    is_open: bool


def invite(
    connection: sa.Connection,
    merchant_id: int,
    *,
    email: str,
    role: str,
    invited_by: int,
    outlet_ids: Collection[int] = (),
    member_until_us: int | None = None,
) -> str:
    """A new invitation; returns the token for its link, which can't be read again.

    AlreadyInvited, AlreadyExists if the person belongs to the company, or TooManyInvitations.
    """
    lock_merchant(connection, merchant_id)  # so that of two at once to the same address one sees the other
    address = email.lower()
    waiting = {row.email for row in connection.execute(sa.select(invitation.c.email).where(*_waiting(merchant_id)))}
    if address in waiting:
        raise AlreadyInvited(f"{address} is invited already")
    if len(waiting) >= WAITING_MAX:
        raise TooManyInvitations(f"Merchant {merchant_id} has {WAITING_MAX} invitations that wait for an answer")
    if _belongs(connection, merchant_id, address):
        raise AlreadyExists(f"{address} belongs to merchant {merchant_id} already")
    token = secrets.token_urlsafe(TOKEN_BYTES)
    now = now_us()
    connection.execute(
        sa.insert(invitation).values(
            merchant_id=merchant_id,
            token_hash=_hash(token),
            email=address,
            role=role,
            outlet_ids=",".join(str(outlet_id) for outlet_id in sorted(set(outlet_ids))),
            member_until_us=member_until_us,
            invited_by=invited_by,
            created_us=now,
            expires_us=now + LIFETIME_US,
        )
    )
    return token


def invitations_of(connection: sa.Connection, merchant_id: int) -> list[Invitation]:
    """The company's invitations that nobody has accepted, by e-mail address; also those that are not good any more."""
    return _found(connection, *_waiting(merchant_id))


def find_invitation(connection: sa.Connection, token: str) -> Invitation | None:
    """The invitation of this link, unless it was used, is too old, was withdrawn, or is of nobody who may invite."""
    found = _found(connection, invitation.c.token_hash == _hash(token), invitation.c.accepted_us.is_(None), _is_open())
    return found[0] if found else None


def resend(
    connection: sa.Connection, merchant_id: int, invitation_id: str, *, invited_by: int
) -> tuple[str, Invitation]:
    """The same under a new token and for another week, in the name of `invited_by`; the link of before ends.

    NotFound if the company has no such invitation that waits.
    """
    token = secrets.token_urlsafe(TOKEN_BYTES)
    now = now_us()
    renewed = sa.update(invitation).where(*_waiting(merchant_id), invitation.c.token_hash == _bytes(invitation_id))
    values = {"token_hash": _hash(token), "invited_by": invited_by, "created_us": now, "expires_us": now + LIFETIME_US}
    if not connection.execute(renewed.values(values)).rowcount:
        raise NotFound(f"Merchant {merchant_id} has no invitation {invitation_id}")
    [found] = _found(connection, invitation.c.token_hash == _hash(token))
    return token, found


def withdraw(connection: sa.Connection, merchant_id: int, invitation_id: str) -> str:
    """Make the link useless; returns whom it was for. NotFound if the company has no such invitation that waits."""
    ended = (
        sa.delete(invitation)
        .where(*_waiting(merchant_id), invitation.c.token_hash == _bytes(invitation_id))
        .returning(invitation.c.email)
    )
    email = connection.execute(ended).scalar_one_or_none()
    if email is None:
        raise NotFound(f"Merchant {merchant_id} has no invitation {invitation_id}")
    return str(email)


def accept(connection: sa.Connection, token: str, account_id: int) -> Invitation | None:
    """Let the account into the company, once; None if the link is not good, or is for another person.

    AlreadyExists if the account belongs there already; the transaction must roll back then.
    """
    invited = find_invitation(connection, token)
    person = person_of(connection, account_id)
    if invited is None or person is None or person.email != invited.email:
        return None
    # Of two at once, one finds a row to update.
    used = sa.update(invitation).where(*_waiting(invited.merchant_id), invitation.c.token_hash == _hash(token))
    if connection.execute(used.values(accepted_us=now_us())).rowcount != 1:
        return None
    add_membership(
        connection,
        invited.merchant_id,
        account_id,
        invited.role,
        outlet_ids=invited.outlet_ids,
        expires_us=invited.member_until_us,
    )
    return invited


def _found(connection: sa.Connection, *conditions: sa.ColumnElement[bool]) -> list[Invitation]:
    columns: list[sa.ColumnElement[Any]] = [
        merchant.c.name,
        merchant.c.unp,
        account.c.email.label("inviter"),
        _is_open().label("is_open"),
    ]
    rows = connection.execute(
        sa.select(invitation, *columns)
        .join_from(invitation, merchant, merchant.c.merchant_id == invitation.c.merchant_id)
        .join(account, account.c.account_id == invitation.c.invited_by)
        .where(*conditions)
        .order_by(invitation.c.email)
    )
    return [
        Invitation(
            invitation_id=row.token_hash.hex(),
            merchant_id=row.merchant_id,
            merchant_name=row.name,
            merchant_unp=row.unp,
            email=row.email,
            role=row.role,
            outlet_ids=outlet_ids_of(row.outlet_ids),
            member_until_us=row.member_until_us,
            invited_by=row.inviter,
            created_us=row.created_us,
            expires_us=row.expires_us,
            is_open=bool(row.is_open),
        )
        for row in rows
    ]


def _is_open() -> sa.ColumnElement[bool]:
    now = now_us()
    sender = account.alias("sender")
    is_of_an_owner = sa.exists().where(
        membership.c.merchant_id == invitation.c.merchant_id,
        membership.c.account_id == invitation.c.invited_by,
        membership.c.role == "owner",
        is_current(),
        sender.c.account_id == invitation.c.invited_by,
        sender.c.disabled_us.is_(None),
    )
    until = invitation.c.member_until_us
    return sa.and_(invitation.c.expires_us > now, sa.or_(until.is_(None), until > now), is_of_an_owner)


def _belongs(connection: sa.Connection, merchant_id: int, email: str) -> bool:
    query = (
        sa.select(account.c.account_id)
        .join(membership, membership.c.account_id == account.c.account_id)
        .where(membership.c.merchant_id == merchant_id, account.c.email == email, is_current())
    )
    return connection.execute(query).first() is not None


def _waiting(merchant_id: int) -> tuple[sa.ColumnElement[bool], ...]:
    return invitation.c.merchant_id == merchant_id, invitation.c.accepted_us.is_(None)


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


def _bytes(invitation_id: str) -> bytes:
    try:
        return bytes.fromhex(invitation_id)
    except ValueError:
        return b""
