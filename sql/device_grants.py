"""New registers that ask for a token by the device grant (RFC 8628).

The register keeps a device code and shows a user code. Somebody who may bind registers types the user code into the
cabinet and says which СКО it is. The register asks with its device code until it gets a token, once. The token is made
at that moment, and only its hash is stored: nobody but the register ever has it.
"""

import hashlib
import secrets
from dataclasses import dataclass
from typing import Literal, NamedTuple

import sqlalchemy as sa

from sql.dialect import insert
from sql.errors import NotFound
from sql.instants import DAY_US, SECOND_US, now_us
from sql.tables import device_grant, sko
from sql.tokens import issue_token

DEVICE_CODE_BYTES = 32
# RFC 8628, 6.1: no vowels, so that no words come out; no letters that look like digits. 20^8 codes: with the cabinet's
# limit of attempts and a quarter of an hour to live, nobody guesses one.
USER_CODE_LETTERS = "BCDFGHJKLMNPQRSTVWXZ"
USER_CODE_LENGTH = 8
LIFETIME_S = 900
INTERVAL_S = 5  # between two polls
# A poll that comes a little early has only met a faster network than the one before it.
JITTER_S = 1
KEPT_US = DAY_US  # after its end a grant still says that it has expired
_DRAWS_MAX = 10

# Codes are typed on Russian keyboards too, where these letters look the same.
_LOOK_ALIKES = str.maketrans("ВСКМНРТХ", "BCKMHPTX")

Refusal = Literal["authorization_pending", "slow_down", "expired_token", "access_denied", "invalid_grant"]


class Codes(NamedTuple):
    """What a register that asks is given; the device code can't be read again."""

    device_code: str
    user_code: str


class Bound(NamedTuple):
    """A register's own token, and the number of the СКО that it is."""

    token: str
    number: str


@dataclass(frozen=True, slots=True)
class WaitingGrant:
    """A register that waits for somebody to say which СКО it is."""

    user_code: str
    created_us: int
    expires_us: int
    address: str


@dataclass(frozen=True, slots=True)
class ApprovedGrant:
    """A register that somebody has let in and that has not fetched its token yet."""

    sko_id: int
    token_name: str
    expires_us: int


def normalize_user_code(typed: str) -> str | None:
    """The code that somebody means, as XXXX-XXXX, or None. Case, spaces, dashes and Cyrillic letters don't matter."""
    letters = "".join(letter for letter in typed.upper().translate(_LOOK_ALIKES) if letter not in " \t\u00a0-–—‐‑")
    if len(letters) != USER_CODE_LENGTH or not set(letters) <= set(USER_CODE_LETTERS):
        return None
    return _written(letters)


def _written(letters: str) -> str:
    return f"{letters[:4]}-{letters[4:]}"


def begin_grant(connection: sa.Connection, *, address: str) -> Codes:
    """A new register asks; `address` is where from. Sweeps what ended long ago."""
    now = now_us()
    connection.execute(sa.delete(device_grant).where(device_grant.c.expires_us <= now - KEPT_US))
    device_code = secrets.token_urlsafe(DEVICE_CODE_BYTES)
    for _ in range(_DRAWS_MAX):
        user_code = _written("".join(secrets.choice(USER_CODE_LETTERS) for _ in range(USER_CODE_LENGTH)))
        added = connection.execute(
            insert(connection, device_grant)
            .values(
                device_code_hash=_hash(device_code),
                user_code=user_code,
                created_us=now,
                expires_us=now + LIFETIME_S * SECOND_US,
                address=address[:45],
            )
            .on_conflict_do_nothing()
            .returning(device_grant.c.user_code)
        )
        if added.first():
            return Codes(device_code, user_code)
    raise RuntimeError("No free user code was found: there are far too many grants")


def _hash(device_code: str) -> bytes:
    return hashlib.sha256(device_code.encode()).digest()


def _waits(user_code: str) -> tuple[sa.ColumnElement[bool], ...]:
    return (
        device_grant.c.user_code == user_code,
        device_grant.c.approved_us.is_(None),
        device_grant.c.denied_us.is_(None),
        device_grant.c.expires_us > now_us(),
    )


def waiting_grant(connection: sa.Connection, typed: str) -> WaitingGrant | None:
    """The register that shows this code, as long as nobody has decided about it and it has not expired."""
    user_code = normalize_user_code(typed)
    if user_code is None:
        return None
    columns = (device_grant.c[name] for name in WaitingGrant.__slots__)
    row = connection.execute(sa.select(*columns).where(*_waits(user_code))).first()
    return WaitingGrant(*row) if row else None


def approve_grant(
    connection: sa.Connection, typed: str, *, merchant_id: int, sko_id: int, account_id: int, token_name: str = ""
) -> None:
    """Say which СКО (one of the merchant's) the register is; from now on it has as long again to fetch its token.

    NotFound if no register waits with this code.
    """
    now = now_us()
    decided = {
        "merchant_id": merchant_id,
        "sko_id": sko_id,
        "approved_us": now,
        "approved_by": account_id,
        "token_name": token_name,
        "expires_us": now + LIFETIME_S * SECOND_US,
    }
    _decide(connection, typed, decided)


def deny_grant(connection: sa.Connection, typed: str) -> None:
    """Refuse the register. NotFound if none waits with this code."""
    _decide(connection, typed, {"denied_us": now_us()})


def _decide(connection: sa.Connection, typed: str, values: dict[str, object]) -> None:
    user_code = normalize_user_code(typed)
    if (
        user_code is None
        or not connection.execute(sa.update(device_grant).where(*_waits(user_code)).values(values)).rowcount
    ):
        raise NotFound("No register waits with this code")


def approved_grants(connection: sa.Connection, merchant_id: int) -> list[ApprovedGrant]:
    """The merchant's registers that may still fetch their tokens, the first to expire first."""
    columns = (device_grant.c[name] for name in ApprovedGrant.__slots__)
    query = sa.select(*columns).where(device_grant.c.merchant_id == merchant_id, device_grant.c.expires_us > now_us())
    return [ApprovedGrant(*row) for row in connection.execute(query.order_by(device_grant.c.expires_us))]


def poll_grant(connection: sa.Connection, device_code: str) -> Bound | Refusal:
    """The register asks for its token: it gets that once, or hears in RFC 8628's words why not (yet)."""
    key = device_grant.c.device_code_hash == _hash(device_code)
    grant = connection.execute(sa.select(device_grant).where(key).with_for_update()).first()
    now = now_us()
    if grant is None:
        return "invalid_grant"
    if grant.denied_us is not None:
        return "access_denied"
    if grant.expires_us <= now:
        return "expired_token"
    if grant.approved_us is None:
        connection.execute(sa.update(device_grant).where(key).values(polled_us=now))
        soonest_us = (grant.polled_us or 0) + (INTERVAL_S - JITTER_S) * SECOND_US
        return "slow_down" if now < soonest_us else "authorization_pending"
    connection.execute(sa.delete(device_grant).where(key))
    whose = {"merchant_id": grant.merchant_id, "sko_id": grant.sko_id}
    _, token = issue_token(connection, scope="sko", **whose, name=grant.token_name, created_by=grant.approved_by)
    number = sa.select(sko.c.number).where(sko.c.merchant_id == grant.merchant_id, sko.c.sko_id == grant.sko_id)
    return Bound(token, connection.execute(number).scalar_one())
