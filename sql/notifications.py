"""Notifications: one a cause. It is opened by what a rule finds, counts up while that grows, and closes by itself."""

import json
import secrets
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, NamedTuple

import sqlalchemy as sa

from sql import dialect
from sql.heartbeats import beat
from sql.instants import DAY_US, HOUR_US
from sql.registers_watched import Span
from sql.tables import SEVERITIES, notification, notification_mute

REOPENED_US = 6 * HOUR_US  # what begins anew so soon is the same cause
CLOSED_AT_ONCE = 5_000  # in one statement
KEPT_US = 366 * DAY_US  # after it was closed
WORKER = "notifications"

Key = tuple[int, str, int, int]  # merchant_id, rule, outlet_id, sko_id


class Finding(NamedTuple):
    """What a rule has found. `times`: of how many documents; None: it is a state, and we count how often it began."""

    merchant_id: int
    rule: str
    outlet_id: int
    sko_id: int
    severity: str
    times: int | None = None
    detail: Mapping[str, Any] = {}

    @property
    def key(self) -> Key:
        return self[:4]


@dataclass(frozen=True, slots=True)
class Notification:
    """A row of `notification`; `outlet_id` and `sko_id` are 0 where no register is known."""

    merchant_id: int
    notification_id: str
    rule: str
    outlet_id: int
    sko_id: int
    severity: str
    times: int
    detail: Mapping[str, Any]
    opened_us: int
    last_us: int
    closed_us: int | None

    @property
    def key(self) -> Key:
        return self.merchant_id, self.rule, self.outlet_id, self.sko_id


class News(NamedTuple):
    """What has become of a notification: `opened` for the first time or soon again, `worse`, `grown` or `closed`.

    `is_muted`: nobody wants to be told. Who was told of its opening, before it was muted, is told of its end, too.
    """

    event: Literal["opened", "reopened", "worse", "grown", "closed"]
    notification: Notification
    is_muted: bool


COLUMNS = tuple(notification.c[name] for name in Notification.__slots__)


def notification_in(row: Any) -> Notification:
    """The row as far as COLUMNS go."""
    values = dict(zip(Notification.__slots__, row, strict=False))
    return Notification(**{**values, "detail": json.loads(values["detail"])})


def settle(connection: sa.Connection, span: Span, findings: Iterable[Finding], now_us: int) -> list[News]:
    """Bring the notifications of these merchants in line with what the rules have found; returns what is new.

    One process at a time does so: another one waits, and then finds nothing new any more.
    """
    beat(connection, WORKER)
    found = {finding.key: finding for finding in findings}
    open_ones = _by_key(connection, span.within(notification), notification.c.closed_us.is_(None))
    merchant_ids = sorted({key[0] for key in found.keys() - open_ones.keys()})
    recent = _recent(connection, merchant_ids, now_us) if merchant_ids else {}
    muted = _muted(connection, span)
    changed: list[Notification] = []
    news: list[News] = []
    for key, finding in found.items():
        before = open_ones.get(key)
        event, after = _kept(before, finding, now_us) if before else _begun(recent.get(key), finding, now_us)
        if event:
            news.append(News(event, after, (after.merchant_id, after.rule, after.sko_id) in muted))
        if after != before and event != "opened":
            changed.append(after)
    for key in open_ones.keys() - found.keys():
        after = replace(open_ones[key], closed_us=now_us)
        muted_us = muted.get((after.merchant_id, after.rule, after.sko_id))
        news.append(News("closed", after, muted_us is not None and muted_us <= after.opened_us))
    # What closes makes room for what opens under the same key.
    _close(connection, span, [each.notification.notification_id for each in news if each.event == "closed"], now_us)
    _change(connection, changed)
    opened = [_row(each.notification) for each in news if each.event == "opened"]
    dialect.bulk_insert(connection, notification, opened)
    return news


def _recent(connection: sa.Connection, merchant_ids: Sequence[int], now_us: int) -> dict[Key, Notification]:
    """Those that were closed a short while ago, company by company: of a span it would read all that ever were."""
    return _by_key(
        connection, notification.c.merchant_id.in_(merchant_ids), notification.c.closed_us > now_us - REOPENED_US
    )


def _by_key(connection: sa.Connection, *conditions: sa.ColumnElement[bool]) -> dict[Key, Notification]:
    query = sa.select(*COLUMNS).where(*conditions).order_by(notification.c.last_us)
    return {found.key: found for found in map(notification_in, connection.execute(query))}


def _muted(connection: sa.Connection, span: Span) -> dict[tuple[int, str, int], int]:
    """By merchant, rule and register, since when it is muted."""
    mute = notification_mute.c
    query = sa.select(mute.merchant_id, mute.rule, mute.sko_id, mute.muted_us).where(span.within(notification_mute))
    return {(row[0], row[1], row[2]): row[3] for row in connection.execute(query)}


def _begun(before: Notification | None, finding: Finding, now_us: int) -> tuple[Any, Notification]:
    """Something new; or what was closed a short while ago, once more."""
    if before:
        times = before.times + 1 if finding.times is None else finding.times
        again = replace(before, severity=finding.severity, times=times, detail=finding.detail, closed_us=None)
        return "reopened", replace(again, last_us=now_us)
    detail, times = finding.detail, finding.times or 1
    key = (finding.merchant_id, secrets.token_hex(8), finding.rule, finding.outlet_id, finding.sko_id)
    return "opened", Notification(*key, finding.severity, times, detail, now_us, now_us, None)


def _kept(before: Notification, finding: Finding, now_us: int) -> tuple[Any, Notification]:
    """What is still so: news only if there is more of it, or if it is worse."""
    times = before.times if finding.times is None else finding.times
    after = replace(before, severity=finding.severity, times=times, detail=finding.detail)
    if SEVERITIES.index(after.severity) > SEVERITIES.index(before.severity):
        return "worse", replace(after, last_us=now_us)
    if after.times > before.times:
        return "grown", replace(after, last_us=now_us)
    return None, after


def _row(shown: Notification) -> list[Any]:
    """Its columns, in the order of the table."""
    values = {name: getattr(shown, name) for name in Notification.__slots__}
    return list({**values, "detail": json.dumps(shown.detail, ensure_ascii=False)}.values())


def _close(connection: sa.Connection, span: Span, notification_ids: Sequence[str], now_us: int) -> None:
    for start in range(0, len(notification_ids), CLOSED_AT_ONCE):
        some = notification.c.notification_id.in_(notification_ids[start : start + CLOSED_AT_ONCE])
        open_ones = (span.within(notification), notification.c.closed_us.is_(None), some)
        connection.execute(sa.update(notification).where(*open_ones).values(closed_us=now_us))


def _change(connection: sa.Connection, changed: Sequence[Notification]) -> None:
    if not changed:
        return
    names = [f"its_{name}" for name in Notification.__slots__]
    its = [notification.c[name] == sa.bindparam(f"its_{name}") for name in ("merchant_id", "notification_id")]
    new: dict[str, Any] = {
        name: sa.bindparam(f"its_{name}") for name in ("severity", "times", "detail", "last_us", "closed_us")
    }
    rows = [dict(zip(names, _row(each), strict=True)) for each in changed]
    connection.execute(sa.update(notification).where(*its).values(**new), rows)


@dataclass(frozen=True, slots=True)
class Mute:
    """A rule that is muted for a register (0: for documents of no known register), and why."""

    rule: str
    sko_id: int
    reason: str
    muted_by: str  # an e-mail address
    muted_us: int


def mute(
    connection: sa.Connection, merchant_id: int, *, rule: str, sko_id: int, reason: str, muted_by: int, now_us: int
) -> None:
    """From now on the rule counts and is sent for this register no more; for the second time: for another reason."""
    statement = dialect.insert(connection, notification_mute).values(
        merchant_id=merchant_id, rule=rule, sko_id=sko_id, reason=reason, muted_by=muted_by, muted_us=now_us
    )
    new = {name: statement.excluded[name] for name in ("reason", "muted_by", "muted_us")}
    connection.execute(statement.on_conflict_do_update(index_elements=["merchant_id", "rule", "sko_id"], set_=new))


def unmute(connection: sa.Connection, merchant_id: int, rule: str, sko_id: int) -> bool:
    """False if it was not muted."""
    its = sa.delete(notification_mute).filter_by(merchant_id=merchant_id, rule=rule, sko_id=sko_id)
    return connection.execute(its).rowcount == 1


def sweep_notifications(connection: sa.Connection, now_us: int) -> int:
    """Forget what was closed more than a year ago; returns how many."""
    old = sa.delete(notification).where(notification.c.closed_us < now_us - KEPT_US)
    return connection.execute(old).rowcount


def told_outlets(limit: Collection[int] | None) -> list[sa.ColumnElement[bool]]:
    """The condition that a reader may see it: of all outlets (None), or of these alone."""
    return [] if limit is None else [notification.c.outlet_id.in_(sorted(limit))]
