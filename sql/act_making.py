"""For which months acts are due, and for how many registers of whom."""

import datetime
from collections.abc import Iterator
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from sql.instants import from_us, to_us
from sql.outlets import DEFAULT_TIME_ZONE
from sql.tables import act, event, sko
from sql.tariffs import DAY, last_of_month

ZONE = ZoneInfo(DEFAULT_TIME_ZONE)  # the operator's: months of acts begin and end at its midnight


def month_before(instant_us: int) -> datetime.date:
    """The last month that has ended by then, as its first day."""
    this_month = from_us(instant_us).astimezone(ZONE).date().replace(day=1)
    return (this_month - DAY).replace(day=1)


def months_due(connection: sa.Connection, instant_us: int) -> Iterator[datetime.date]:
    """The months whose acts may be missing: from the newest one that has any, to the last one that has ended."""
    last = month_before(instant_us)
    newest = connection.execute(sa.select(sa.func.max(act.c.month))).scalar()
    month = min(newest or last, last)
    while month <= last:
        yield month
        month = last_of_month(month) + DAY


def acts_missing(connection: sa.Connection, kind: str, month: datetime.date) -> list[tuple[int, int]]:
    """The merchants that owe for this month and have no act yet, each with the number of its registers.

    A registration is owed for each register that was connected in the month, and pays for the rest of it. The
    subscription is owed for each that was connected before, unless it was blocked from beginning to end.
    """
    start_us, end_us = _midnight(month), _midnight(last_of_month(month) + DAY)
    if kind == "registration":
        counts = (sko.c.created_us >= start_us) & (sko.c.created_us < end_us)
    else:
        counts = (sko.c.created_us < start_us) & ~_is_blocked_all_along(start_us, end_us)
    has_act = sa.exists().where(act.c.merchant_id == sko.c.merchant_id, act.c.kind == kind, act.c.month == month)
    query = sa.select(sko.c.merchant_id, sa.func.count()).where(counts, ~has_act).group_by(sko.c.merchant_id)
    return [(merchant_id, count) for merchant_id, count in connection.execute(query.order_by(sko.c.merchant_id))]


def _is_blocked_all_along(start_us: int, end_us: int) -> sa.ColumnElement[bool]:
    blocked = sa.func.coalesce(_last_before("blocked", start_us), 0)
    return blocked > sa.func.coalesce(_last_before("unblocked", end_us), 0)


def _last_before(kind: str, instant_us: int) -> sa.ScalarSelect[int]:
    of_sko = (event.c.merchant_id == sko.c.merchant_id, event.c.sko_id == sko.c.sko_id, event.c.kind == kind)
    last = sa.select(sa.func.max(event.c.occurred_us)).where(*of_sko, event.c.occurred_us < instant_us)
    return last.correlate(sko).scalar_subquery()


def _midnight(day: datetime.date) -> int:
    return to_us(datetime.datetime.combine(day, datetime.time(), ZONE))
