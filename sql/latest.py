"""The last cash document: what happened most recently, as of a day."""

import datetime
from collections.abc import Collection
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from sql.instants import to_us
from sql.tables import document, sko
from sql.turnover_reports import latest_day

DAY = datetime.timedelta(days=1)


@dataclass(frozen=True, slots=True)
class LastDocument:
    """`sko` is the register's number; the three payments are of sale, refund and rollback only, in minor units."""

    sko: str
    number: int
    type: str
    outlet_id: int
    issued_us: int
    currency: str
    total_minor: int
    cash_minor: int
    cashless_minor: int
    other_minor: int


def last_document(
    connection: sa.Connection,
    merchant_id: int,
    day: datetime.date,
    zones: Collection[str],
    outlet_ids: Collection[int] = (),
) -> LastDocument | None:
    """The merchant's last document issued up to the end of business day `day`; of these outlets, if any are named.

    `zones` are the time zones of the merchant's outlets: they bound the instants to look at, so that the index by
    instant finds the document at once. For single outlets, turnover tells their last day with anything but shifts,
    and only that day and the next one are looked at, else a quiet outlet would mean reading all that the busy ones
    have sold since. So an outlet that has rested for longer shows the shift that it opens only once it sells.
    """
    since, until = datetime.date.min, day
    if outlet_ids:
        since = latest_day(connection, merchant_id, day, outlet_ids) or day
        until = min(since + DAY, day)
    conditions = [
        document.c.merchant_id == merchant_id,
        document.c.day.between(since, until),
        document.c.issued_us < max(_midnight_us(until + DAY, zone) for zone in zones),
    ]
    if outlet_ids:
        conditions += [
            document.c.outlet_id.in_(sorted(outlet_ids)),
            document.c.issued_us >= min(_midnight_us(since, zone) for zone in zones),
        ]
    number = sa.select(sko.c.number).where(
        sko.c.merchant_id == document.c.merchant_id, sko.c.sko_id == document.c.sko_id
    )
    columns = [document.c[name] for name in LastDocument.__slots__[1:]]
    row = connection.execute(
        sa.select(number.scalar_subquery(), *columns)
        .where(*conditions)
        .order_by(document.c.issued_us.desc(), document.c.number.desc())
        .limit(1)
    ).first()
    return LastDocument(*row) if row else None


def _midnight_us(day: datetime.date, zone: str) -> int:
    """The instant at which the day begins there."""
    return to_us(datetime.datetime.combine(day, datetime.time(), ZoneInfo(zone)))
