"""Who wants notifications sent, and what of them: at once, or once a day."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from sql import dialect
from sql.memberships import is_current, limit_in, outlet_ids_of, outlets_text
from sql.notifications import COLUMNS, Notification, notification_in, told_outlets
from sql.preferences import Preference
from sql.tables import (
    account,
    membership,
    merchant,
    notification,
    notification_digest,
    notification_mute,
    notification_preference,
    outlet,
    sko,
)

PEOPLE_MAX = 500  # whose mail of the day is made in one round


@dataclass(frozen=True, slots=True)
class Recipient:
    """Somebody of a company; `limit` are the only outlets that this person may see, `wants` is by kind."""

    merchant_id: int
    company: str
    account_id: int
    email: str
    phone: str
    language: str | None
    limit: tuple[int, ...] | None
    wants: Mapping[str, Preference]

    def sees(self, outlet_id: int) -> bool:
        return self.limit is None or outlet_id in self.limit


@dataclass(frozen=True, slots=True)
class Place:
    """Where a notification belongs, in names; empty: no register is known."""

    sko: str
    outlet: str
    zone: str | None


def recipients_at_once(connection: sa.Connection, merchant_ids: Collection[int]) -> list[Recipient]:
    """The people of these companies who want anything sent at once."""
    chosen = notification_preference.c
    at_once = sa.or_(chosen.mail == "at_once", chosen.by_sms)
    return _recipients(connection, at_once, membership.c.merchant_id.in_(sorted(merchant_ids)))


def recipients_daily(connection: sa.Connection, due_us: int) -> list[Recipient]:
    """Some of those who want a mail a day and have not had the one that was due at that instant."""
    told = sa.select(notification_digest.c.told_us).where(
        notification_digest.c.merchant_id == membership.c.merchant_id,
        notification_digest.c.account_id == membership.c.account_id,
    )
    not_told = sa.func.coalesce(told.correlate(membership).scalar_subquery(), 0) < due_us
    chosen = notification_preference.c
    of_member = sa.and_(chosen.merchant_id == membership.c.merchant_id, chosen.account_id == membership.c.account_id)
    daily = sa.select(chosen.kind).where(of_member, chosen.mail == "daily").correlate(membership).exists()
    due = sa.select(membership.c.merchant_id, membership.c.account_id)
    due = due.join_from(membership, account, account.c.account_id == membership.c.account_id)
    some = due.where(_is_active(), daily, not_told).order_by(membership.c.merchant_id, membership.c.account_id)
    some_ids = sa.select(some.limit(PEOPLE_MAX).subquery())
    is_due = sa.tuple_(membership.c.merchant_id, membership.c.account_id).in_(some_ids)
    return _recipients(connection, chosen.mail == "daily", is_due)


def _recipients(connection: sa.Connection, *conditions: sa.ColumnElement[bool]) -> list[Recipient]:
    chosen = notification_preference.c
    of_member = sa.and_(chosen.merchant_id == membership.c.merchant_id, chosen.account_id == membership.c.account_id)
    key = (membership.c.merchant_id, membership.c.account_id)
    columns: list[Any] = [
        membership.c.merchant_id,
        merchant.c.name,
        membership.c.account_id,
        account.c.email,
        account.c.phone,
        account.c.language,
        membership.c.role,
        outlets_text(),
        chosen.kind,
        chosen.mail,
        chosen.by_sms,
    ]
    query = (
        sa.select(*columns)
        .join_from(membership, account, account.c.account_id == membership.c.account_id)
        .join(merchant, merchant.c.merchant_id == membership.c.merchant_id)
        .join(notification_preference, of_member)
        .where(_is_active(), *conditions)
        .order_by(*key)
    )
    people: dict[tuple[Any, ...], dict[str, Preference]] = defaultdict(dict)
    for row in connection.execute(query):
        people[tuple(row[:8])][row.kind] = Preference(row.kind, row.mail, row.by_sms)
    return [_recipient(person, wants) for person, wants in people.items()]


def _is_active() -> sa.ColumnElement[bool]:
    return sa.and_(is_current(), account.c.disabled_us.is_(None))


def _recipient(person: tuple[Any, ...], wants: Mapping[str, Preference]) -> Recipient:
    merchant_id, company, account_id, email, phone, language, role, outlets = person
    limit = limit_in(role, outlet_ids_of(outlets))
    return Recipient(merchant_id, company, account_id, email, phone, language, limit, wants)


def claim_digest(connection: sa.Connection, recipient: Recipient, due_us: int) -> int | None:
    """Up to when this person has been told before (0: never); from now on that is `due_us`. None: somebody was faster.

    The mail must be queued in the same transaction: so it is neither lost nor sent twice.
    """
    key = {"merchant_id": recipient.merchant_id, "account_id": recipient.account_id}
    none_yet = dialect.insert(connection, notification_digest).values(**key, told_us=0).on_conflict_do_nothing()
    connection.execute(none_yet)
    mine = sa.select(notification_digest.c.told_us).filter_by(**key).with_for_update()
    told_us = int(connection.execute(mine).scalar_one())
    if told_us >= due_us:
        return None
    connection.execute(sa.update(notification_digest).filter_by(**key).values(told_us=due_us))
    return told_us


def told_of(
    connection: sa.Connection, recipient: Recipient, rules: Collection[str], since_us: int, until_us: int, limit: int
) -> list[Notification]:
    """What was new of these rules after `since_us` and until `until_us`, and is not over; not what is muted."""
    muted = sa.select(notification_mute.c.reason).where(
        notification_mute.c.merchant_id == notification.c.merchant_id,
        notification_mute.c.rule == notification.c.rule,
        notification_mute.c.sko_id == notification.c.sko_id,
    )
    last_us = notification.c.last_us
    query = sa.select(*COLUMNS).where(
        notification.c.merchant_id == recipient.merchant_id,
        notification.c.rule.in_(sorted(rules)),
        last_us > since_us,
        last_us <= until_us,
        notification.c.closed_us.is_(None),
        ~muted.correlate(notification).exists(),
        *told_outlets(recipient.limit),
    )
    return [notification_in(row) for row in connection.execute(query.order_by(last_us.desc()).limit(limit))]


def places_of(connection: sa.Connection, notifications: Collection[Notification]) -> dict[str, Place]:
    """By the id of each notification."""
    outlet_keys = {(each.merchant_id, each.outlet_id) for each in notifications}
    sko_keys = {(each.merchant_id, each.sko_id) for each in notifications}
    outlets = _found(
        connection, (outlet.c.merchant_id, outlet.c.outlet_id), (outlet.c.name, outlet.c.time_zone), outlet_keys
    )
    skos = _found(connection, (sko.c.merchant_id, sko.c.sko_id), (sko.c.number,), sko_keys)
    return {
        each.notification_id: Place(
            *skos.get((each.merchant_id, each.sko_id), ("",)),
            *outlets.get((each.merchant_id, each.outlet_id), ("", None)),
        )
        for each in notifications
    }


def _found(connection: sa.Connection, key: Any, columns: Any, keys: Collection[tuple[int, int]]) -> dict[Any, Any]:
    if not keys:
        return {}
    rows = dialect.select_keys(connection, (*key, *columns), key, sorted(keys))
    return {(row[0], row[1]): tuple(row[2:]) for row in rows}
