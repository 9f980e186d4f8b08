"""API tokens: how a register, a merchant's gateway or the operator's gateway proves who it is.

A token is random and shown once; only its SHA-256 is stored. A slow hash would add nothing: 32 random bytes
can't be guessed, and ingest checks a token with every request.
"""

import hashlib
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from sql.errors import NotFound
from sql.instants import now_us
from sql.tables import api_token

TOKEN_BYTES = 32


@dataclass(frozen=True, slots=True)
class Token:
    """A token that works: `merchant_id` is null for an operator, `sko_id` for all but a register."""

    token_id: int
    scope: str
    merchant_id: int | None
    sko_id: int | None


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """What a merchant may know of a token: everything but the token itself."""

    token_id: int
    scope: str
    sko_id: int | None
    name: str  # empty: nobody has named it
    created_us: int
    created_by: int | None  # the account; None: the operator
    revoked_us: int | None
    used_us: int | None  # or up to an hour before; None: never


def hash_token(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def issue_token(
    connection: sa.Connection,
    *,
    scope: str,
    merchant_id: int | None = None,
    sko_id: int | None = None,
    name: str = "",
    created_by: int | None = None,
) -> tuple[int, str]:
    """A new token: its `token_id`, and the token itself, which can't be read again. `created_by` is an account."""
    token = f"kbt_{secrets.token_urlsafe(TOKEN_BYTES)}"
    whose = {"scope": scope, "merchant_id": merchant_id, "sko_id": sko_id}
    added = connection.execute(
        sa.insert(api_token)
        .values(token_hash=hash_token(token), **whose, name=name, created_by=created_by, created_us=now_us())
        .returning(api_token.c.token_id)
    )
    return int(added.scalar_one()), token


def tokens_of(connection: sa.Connection, merchant_id: int) -> list[IssuedToken]:
    """Every token of the merchant and of its registers, those that work first, the newest first."""
    columns = (api_token.c[name] for name in IssuedToken.__slots__)
    query = sa.select(*columns).where(api_token.c.merchant_id == merchant_id)
    rows = connection.execute(query.order_by(api_token.c.revoked_us.is_not(None), api_token.c.token_id.desc()))
    return [IssuedToken(*row) for row in rows]


def rename_token(connection: sa.Connection, merchant_id: int, token_id: int, name: str) -> None:
    """NotFound if the merchant has no such token."""
    _change(connection, token_id, merchant_id, {"name": name})


def revoke_token(connection: sa.Connection, token_id: int, *, merchant_id: int | None = None) -> None:
    """End a token; NotFound if there is none of this id (of this merchant). Revoking again changes nothing."""
    _change(connection, token_id, merchant_id, {"revoked_us": sa.func.coalesce(api_token.c.revoked_us, now_us())})


def _change(connection: sa.Connection, token_id: int, merchant_id: int | None, values: dict[str, Any]) -> None:
    update = sa.update(api_token).where(api_token.c.token_id == token_id)
    if merchant_id is not None:
        update = update.where(api_token.c.merchant_id == merchant_id)
    if not connection.execute(update.values(values)).rowcount:
        raise NotFound(f"There is no token {token_id}")


def note_uses(connection: sa.Connection, token_ids: Collection[int]) -> None:
    """Note that these tokens were used a moment ago."""
    used = sa.update(api_token).where(api_token.c.token_id == sa.bindparam("used")).values(used_us=now_us())
    # One order for all, so that two processes can't deadlock.
    connection.execute(used, [{"used": token_id} for token_id in sorted(token_ids)])


def find_token(connection: sa.Connection, token: str) -> Token | None:
    """The token, unless it is unknown or revoked."""
    key = hash_token(token)
    return find_tokens(connection, [key]).get(key)


def find_tokens(connection: sa.Connection, hashes: Collection[bytes]) -> dict[bytes, Token]:
    """By their hashes: those of these tokens that are neither unknown nor revoked."""
    columns = (api_token.c[name] for name in ("token_hash", *Token.__slots__))
    works = (api_token.c.token_hash.in_(list(hashes)), api_token.c.revoked_us.is_(None))
    return {key: Token(*rest) for key, *rest in connection.execute(sa.select(*columns).where(*works))}


def tokens_revoked_since(connection: sa.Connection, since_us: int) -> list[bytes]:
    """The hashes of the tokens revoked at `since_us` or later."""
    return list(
        connection.execute(sa.select(api_token.c.token_hash).where(api_token.c.revoked_us >= since_us)).scalars()
    )
