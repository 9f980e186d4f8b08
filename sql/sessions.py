"""Web sessions: who is logged in, from where, and until when.

The browser holds a random token; the table holds only its SHA-256, so a stolen backup opens no session. A session
ends when it has been idle for too long, when it is too old, when its owner ends it, or when the account is disabled
or leaves the company: all of that is one WHERE clause, so there is no moment in which a cache remembers better.
"""

import hashlib
import secrets
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from sql.instants import HOUR_US, SECOND_US, now_us
from sql.memberships import is_current, outlet_ids_of, outlets_text
from sql.tables import account, membership, merchant, web_session

TOKEN_BYTES = 32
IDLE_US = 30 * 60 * SECOND_US
LIFETIME_US = 12 * HOUR_US
# `seen_us` may lag this far behind, so that reading a page is not a write each time.
SEEN_EVERY_US = 60 * SECOND_US
ADDRESS_LENGTH = 45
USER_AGENT_LENGTH = 256


@dataclass(frozen=True, slots=True)
class Session:
    """A live session with all that a page needs to know of its person.

    `way` is how the person logged in, `confirmed_us` when a second factor was last shown, `companies` how many there
    are to choose from, `outlet_ids` what a manager is limited to.
    """

    account_id: int
    merchant_id: int
    merchant_name: str
    merchant_unp: str
    email: str
    name: str
    role: str
    language: str | None
    theme: str | None
    seen_us: int
    way: str
    confirmed_us: int
    companies: int
    outlet_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class OpenSession:
    """A line in the list of one's own sessions. `session_id` names a session and can't open it.

    `way` is how the person logged in, `merchant_name` the company that the session is in now.
    """

    session_id: str
    created_us: int
    seen_us: int
    address: str
    user_agent: str
    way: str
    merchant_name: str


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def session_id(token: str) -> str:
    """The public name of the session that this token opens."""
    return _hash(token).hex()


def start_session(
    connection: sa.Connection,
    *,
    account_id: int,
    merchant_id: int,
    address: str,
    user_agent: str,
    way: str = "password",
    confirmed_us: int | None = None,
) -> str:
    """A new session; returns its token, which can't be read again."""
    token = secrets.token_urlsafe(TOKEN_BYTES)
    now = now_us()
    connection.execute(
        sa.insert(web_session).values(
            token_hash=_hash(token),
            account_id=account_id,
            merchant_id=merchant_id,
            created_us=now,
            seen_us=now,
            address=address[:ADDRESS_LENGTH],
            user_agent=user_agent[:USER_AGENT_LENGTH],
            way=way,
            confirmed_us=now if confirmed_us is None else confirmed_us,
        )
    )
    return token


def _is_live(idle_us: int) -> sa.ColumnElement[bool]:
    now = now_us()
    return sa.and_(web_session.c.seen_us > now - idle_us, web_session.c.created_us > now - LIFETIME_US)


def find_session(connection: sa.Connection, token: str, *, idle_us: int = IDLE_US) -> Session | None:
    """The session that this token opens, unless it has ended in any of the ways that there are."""
    now = now_us()
    values = {"token_hash": _hash(token), "now": now, "seen_after": now - idle_us, "created_after": now - LIFETIME_US}
    row = connection.execute(_FIND, values).first()
    if row is None:
        return None
    *known, outlets = row
    return Session(*(*known, outlet_ids_of(outlets)))


def _companies_count(now: sa.ColumnElement[int]) -> sa.ScalarSelect[int]:
    others = membership.alias()
    return (
        sa.select(sa.func.count())
        .where(
            others.c.account_id == web_session.c.account_id,
            sa.or_(others.c.expires_us.is_(None), others.c.expires_us > now),
        )
        .correlate(web_session)
        .scalar_subquery()
    )


def _find() -> sa.Select[Any]:
    now = sa.bindparam("now", type_=sa.BigInteger)
    columns: list[sa.ColumnElement[Any]] = [
        web_session.c.account_id,
        web_session.c.merchant_id,
        merchant.c.name,
        merchant.c.unp,
        account.c.email,
        account.c.name,
        membership.c.role,
        account.c.language,
        account.c.theme,
        web_session.c.seen_us,
        web_session.c.way,
        web_session.c.confirmed_us,
        _companies_count(now),
        outlets_text(),
    ]
    return (
        sa.select(*columns)
        .join_from(web_session, account, account.c.account_id == web_session.c.account_id)
        .join(merchant, merchant.c.merchant_id == web_session.c.merchant_id)
        .join(
            membership,
            sa.and_(
                membership.c.merchant_id == web_session.c.merchant_id,
                membership.c.account_id == web_session.c.account_id,
            ),
        )
        .where(
            web_session.c.token_hash == sa.bindparam("token_hash"),
            web_session.c.seen_us > sa.bindparam("seen_after"),
            web_session.c.created_us > sa.bindparam("created_after"),
            account.c.disabled_us.is_(None),
            sa.or_(membership.c.expires_us.is_(None), membership.c.expires_us > now),
        )
    )


# Every request asks it: built once, SQLAlchemy knows it again without looking at all of it.
_FIND = _find()


def confirm_session(connection: sa.Connection, token: str) -> str | None:
    """The person has just shown a factor again, as sensitive changes ask for: the session goes on under a new token.

    Who has got hold of the old one must not gain by that (OWASP ASVS 5.0, 7.2.4). None if it has ended meanwhile.
    """
    new = secrets.token_urlsafe(TOKEN_BYTES)
    renewed = sa.update(web_session).where(web_session.c.token_hash == _hash(token))
    is_there = connection.execute(renewed.values(token_hash=_hash(new), confirmed_us=now_us())).rowcount == 1
    return new if is_there else None


def enter_company(connection: sa.Connection, token: str, merchant_id: int) -> str | None:
    """Go on in another company of the same account, under a new token; None if the account does not belong there."""
    row = connection.execute(sa.select(web_session).where(web_session.c.token_hash == _hash(token))).first()
    if (
        row is None
        or not connection.execute(
            sa.select(membership.c.account_id).where(
                membership.c.merchant_id == merchant_id, membership.c.account_id == row.account_id, is_current()
            )
        ).first()
    ):
        return None
    new = secrets.token_urlsafe(TOKEN_BYTES)
    moved = sa.update(web_session).where(web_session.c.token_hash == _hash(token))
    connection.execute(moved.values(token_hash=_hash(new), merchant_id=merchant_id, seen_us=now_us()))
    return new


def is_seen_due(session: Session) -> bool:
    """Whether `seen_us` lags so far behind that this visit must be written down."""
    return now_us() - session.seen_us >= SEEN_EVERY_US


def mark_seen(connection: sa.Connection, token: str) -> None:
    """The person did something just now: the idle time starts again."""
    connection.execute(sa.update(web_session).where(web_session.c.token_hash == _hash(token)).values(seen_us=now_us()))


def open_sessions(connection: sa.Connection, account_id: int, *, idle_us: int = IDLE_US) -> list[OpenSession]:
    """The account's live sessions in all of its companies, the one seen last first."""
    columns = [web_session.c[name] for name in ("created_us", "seen_us", "address", "user_agent", "way")]
    rows = connection.execute(
        sa.select(web_session.c.token_hash, *columns, merchant.c.name)
        .join_from(web_session, merchant, merchant.c.merchant_id == web_session.c.merchant_id)
        .where(web_session.c.account_id == account_id, _is_live(idle_us))
        .order_by(web_session.c.seen_us.desc(), web_session.c.token_hash)
    )
    return [OpenSession(token_hash.hex(), *known) for token_hash, *known in rows]


def end_session(connection: sa.Connection, account_id: int, session_id: str) -> bool:
    """End one of the account's own sessions; False if it has none of this id."""
    try:
        token_hash = bytes.fromhex(session_id)
    except ValueError:
        return False
    mine = sa.and_(web_session.c.account_id == account_id, web_session.c.token_hash == token_hash)
    return connection.execute(sa.delete(web_session).where(mine)).rowcount == 1


def end_all_sessions(connection: sa.Connection, account_id: int, *, except_token: str | None = None) -> int:
    """End all of the account's sessions, or all but the one with this token; returns how many."""
    ended = sa.delete(web_session).where(web_session.c.account_id == account_id)
    if except_token is not None:
        ended = ended.where(web_session.c.token_hash != _hash(except_token))
    return connection.execute(ended).rowcount


def sweep_sessions(connection: sa.Connection, *, idle_us: int = IDLE_US) -> int:
    """Delete the sessions that are over anyway; returns how many."""
    return connection.execute(sa.delete(web_session).where(sa.not_(_is_live(idle_us)))).rowcount
