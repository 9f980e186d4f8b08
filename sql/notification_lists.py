"""Notifications as somebody reads them: the list, what is unread of it, and what is muted."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, NamedTuple

import sqlalchemy as sa

from sql import dialect
from sql.notifications import COLUMNS, Mute, Notification, notification_in, told_outlets
from sql.tables import account, notification, notification_mute, notification_read

UNREAD_MAX = 1_000  # counted; a badge says no more
_CURSOR = re.compile("([0-9]{1,18})-([0-9a-f]{16})")


class Cursor(NamedTuple):
    """A place in the list: what follows is older."""

    last_us: int
    notification_id: str

    def __str__(self) -> str:
        return f"{self.last_us}-{self.notification_id}"

    @classmethod
    def parse(cls, text: str) -> "Cursor":
        """What `str` wrote. Raises ValueError for anything else."""
        found = _CURSOR.fullmatch(text)
        if found is None:
            raise ValueError("not a cursor")
        return cls(int(found[1]), found[2])


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads, and the only outlets that this person may see (None: all)."""

    merchant_id: int
    account_id: int
    limit: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which notifications. Empty tuples mean all; `state` is `unread`, `open`, `closed` or None: any."""

    outlet_ids: tuple[int, ...] = ()
    sko_ids: tuple[int, ...] = ()
    rules: tuple[str, ...] = ()
    state: str | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """A notification as one person sees it."""

    notification: Notification
    is_unread: bool
    muted_because: str | None

    @property
    def cursor(self) -> Cursor:
        return Cursor(self.notification.last_us, self.notification.notification_id)


def _of_reader(reader: Reader, *columns: Any) -> sa.Select[Any]:
    of_register = sa.and_(
        notification_mute.c.merchant_id == notification.c.merchant_id,
        notification_mute.c.rule == notification.c.rule,
        notification_mute.c.sko_id == notification.c.sko_id,
    )
    by_reader = sa.and_(
        notification_read.c.merchant_id == notification.c.merchant_id,
        notification_read.c.account_id == reader.account_id,
        notification_read.c.notification_id == notification.c.notification_id,
    )
    joined = notification.outerjoin(notification_mute, of_register).outerjoin(notification_read, by_reader)
    query = sa.select(*columns).select_from(joined)
    return query.where(notification.c.merchant_id == reader.merchant_id, *told_outlets(reader.limit))


# What is over needs nobody's attention, nor does what is muted; what has grown since it was read does once more.
_UNREAD = sa.and_(
    notification.c.closed_us.is_(None),
    notification_mute.c.reason.is_(None),
    sa.func.coalesce(notification_read.c.read_us, 0) < notification.c.last_us,
)


def read_notifications(
    connection: sa.Connection, reader: Reader, wanted: Wanted, *, limit: int, after: Cursor | None = None
) -> list[Line]:
    """At most `limit` notifications, those first about which there was something new last, from a cursor on."""
    query = _of_reader(reader, *COLUMNS, _UNREAD, notification_mute.c.reason).where(*_conditions(wanted))
    last_us, notification_id = notification.c.last_us, notification.c.notification_id
    if after is not None:
        there = sa.tuple_(sa.literal(after.last_us, sa.BigInteger), sa.literal(after.notification_id))
        query = query.where(sa.tuple_(last_us, notification_id) < there)
    rows = connection.execute(query.order_by(last_us.desc(), notification_id.desc()).limit(limit))
    return [Line(notification_in(row), bool(row[-2]), row[-1]) for row in rows]


def _conditions(wanted: Wanted) -> list[sa.ColumnElement[bool]]:
    conditions: list[sa.ColumnElement[bool]] = []
    for name, values in (("outlet_id", wanted.outlet_ids), ("sko_id", wanted.sko_ids), ("rule", wanted.rules)):
        if values:
            conditions.append(notification.c[name].in_(values))
    if wanted.state == "unread":
        conditions.append(_UNREAD)
    elif wanted.state is not None:
        is_open = notification.c.closed_us.is_(None)
        conditions.append(is_open if wanted.state == "open" else ~is_open)
    return conditions


def notification_of(connection: sa.Connection, reader: Reader, notification_id: str) -> Line | None:
    """None if there is none that the reader may see."""
    query = _of_reader(reader, *COLUMNS, _UNREAD, notification_mute.c.reason)
    row = connection.execute(query.where(notification.c.notification_id == notification_id)).first()
    return Line(notification_in(row), bool(row[-2]), row[-1]) if row else None


def unread_count(connection: sa.Connection, reader: Reader) -> int:
    """How many are unread; UNREAD_MAX means that many or more."""
    some = _of_reader(reader, notification.c.notification_id).where(_UNREAD).limit(UNREAD_MAX).subquery()
    return int(connection.execute(sa.select(sa.func.count()).select_from(some)).scalar_one())


def mark_read(connection: sa.Connection, reader: Reader, now_us: int, notification_id: str | None = None) -> None:
    """This one, or (None) all that the reader may see, as it is now."""
    values = (notification.c.merchant_id, sa.literal(reader.account_id), notification.c.notification_id)
    unread = _of_reader(reader, *values, sa.literal(now_us, sa.BigInteger)).where(_UNREAD)
    if notification_id is not None:
        unread = unread.where(notification.c.notification_id == notification_id)
    names = [column.name for column in notification_read.columns]
    statement = dialect.insert(connection, notification_read).from_select(names, unread)
    key = [column.name for column in notification_read.primary_key.columns]
    statement = statement.on_conflict_do_update(index_elements=key, set_={"read_us": statement.excluded.read_us})
    connection.execute(statement)


def mutes_of(connection: sa.Connection, merchant_id: int, sko_ids: Collection[int] | None = None) -> list[Mute]:
    """What is muted, the latest first: all, or of these registers alone."""
    muted = notification_mute.c
    columns = (muted.rule, muted.sko_id, muted.reason, account.c.email, muted.muted_us)
    query = sa.select(*columns).join_from(notification_mute, account, account.c.account_id == muted.muted_by)
    query = query.where(muted.merchant_id == merchant_id)
    if sko_ids is not None:
        query = query.where(muted.sko_id.in_(sorted(sko_ids)))
    return [Mute(*row) for row in connection.execute(query.order_by(muted.muted_us.desc(), muted.rule, muted.sko_id))]
