"""Passkeys: key pairs whose private half never leaves the person's device (W3C Web Authentication, Level 3)."""

import hashlib
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from sql.dialect import insert
from sql.errors import AlreadyExists, NotFound
from sql.instants import now_us
from sql.tables import account, passkey

PASSKEYS_MAX = 20  # of one account
NAME_LENGTH = 64
CREDENTIAL_ID_BYTES_MAX = 1023
PUBLIC_KEY_BYTES_MAX = 1024


class TooMany(Exception):
    """An account has as many passkeys as it may have."""


@dataclass(frozen=True, slots=True)
class Passkey:
    """`public_key` is COSE, `transports` are what the browser told of how to reach it: `internal`, `usb`, `hybrid`, …

    `sign_count` is how many times the authenticator says that it has signed; always 0 if it doesn't count.
    """

    credential_id: bytes
    account_id: int
    public_key: bytes
    sign_count: int
    name: str
    transports: tuple[str, ...]
    created_us: int
    used_us: int | None

    @property
    def key(self) -> str:
        """A short name for addresses: a credential's own may have a thousand bytes."""
        return hashlib.sha256(self.credential_id).hexdigest()[:32]


def passkeys_of(connection: sa.Connection, account_id: int) -> list[Passkey]:
    """The passkeys of an account, in the order in which they were added."""
    rows = connection.execute(_select().where(passkey.c.account_id == account_id).order_by(passkey.c.created_us))
    return [_passkey(row) for row in rows]


def find_passkey(connection: sa.Connection, credential_id: bytes) -> Passkey | None:
    """The passkey of this credential; None if nobody has it, or its account is disabled."""
    is_open = account.c.disabled_us.is_(None)
    query = _select().join(account, account.c.account_id == passkey.c.account_id)
    row = connection.execute(query.where(passkey.c.credential_id == credential_id, is_open)).first()
    return _passkey(row) if row else None


def own_passkey(connection: sa.Connection, account_id: int, key: str) -> Passkey:
    """The passkey of this account that addresses call `key`; NotFound if it has none of that name."""
    for found in passkeys_of(connection, account_id):
        if found.key == key:
            return found
    raise NotFound(f"Account {account_id} has no passkey {key}")


def add_passkey(
    connection: sa.Connection,
    account_id: int,
    *,
    credential_id: bytes,
    public_key: bytes,
    sign_count: int,
    name: str,
    transports: tuple[str, ...] = (),
) -> Passkey:
    """A new passkey of this account. AlreadyExists if it, or anybody else, has this credential already.

    TooMany if it has PASSKEYS_MAX of them; its row is held meanwhile, so that two at once don't slip through.
    """
    connection.execute(sa.select(account.c.account_id).where(account.c.account_id == account_id).with_for_update())
    if len(passkeys_of(connection, account_id)) >= PASSKEYS_MAX:
        raise TooMany(f"Account {account_id} has {PASSKEYS_MAX} passkeys")
    added = Passkey(credential_id, account_id, public_key, sign_count, name[:NAME_LENGTH], transports, now_us(), None)
    values = {field: getattr(added, field) for field in Passkey.__slots__} | {"transports": ",".join(transports)}
    statement = insert(connection, passkey).values(**values)
    statement = statement.on_conflict_do_nothing(index_elements=[passkey.c.credential_id])
    if connection.execute(statement.returning(passkey.c.account_id)).first() is None:
        raise AlreadyExists("This passkey is known already")
    return added


def use_passkey(connection: sa.Connection, credential_id: bytes, sign_count: int) -> bool:
    """Note a use. False if the count has not grown: then a copy of the key has signed, or an old answer came again.

    An authenticator that doesn't count always says 0 (WebAuthn, 6.1.1). One statement looks and writes, so of two
    answers with the same count only one gets True.
    """
    has_grown = passkey.c.sign_count < sign_count
    if sign_count == 0:
        has_grown = passkey.c.sign_count == 0
    used = sa.update(passkey).where(passkey.c.credential_id == credential_id, has_grown)
    return connection.execute(used.values(sign_count=sign_count, used_us=now_us())).rowcount == 1


def rename_passkey(connection: sa.Connection, account_id: int, key: str, name: str) -> None:
    """Call it something else. NotFound if this account has no such passkey."""
    found = own_passkey(connection, account_id, key)
    renamed = sa.update(passkey).where(passkey.c.credential_id == found.credential_id)
    connection.execute(renamed.values(name=name[:NAME_LENGTH]))


def remove_passkey(connection: sa.Connection, account_id: int, key: str) -> None:
    """From now on it opens nothing. NotFound if this account has no such passkey."""
    found = own_passkey(connection, account_id, key)
    removed = connection.execute(sa.delete(passkey).where(passkey.c.credential_id == found.credential_id))
    if not removed.rowcount:
        raise NotFound(f"Account {account_id} has no passkey {key}")


def _select() -> sa.Select[Any]:
    return sa.select(*(passkey.c[name] for name in Passkey.__slots__))


def _passkey(row: sa.Row[Any]) -> Passkey:
    return Passkey(**{**row._mapping, "transports": tuple(filter(None, row.transports.split(",")))})
