"""How often a register usually sells, by its turnover of four weeks: found out once a day."""

import datetime
from collections.abc import Collection
from typing import Any, NamedTuple

import sqlalchemy as sa

from sql.instants import DAY_US
from sql.registers_watched import Span
from sql.tables import outlet, register_watch, sko, turnover

DAYS = 28
REGISTERS_MAX = 2_000  # of a span in one look
WITHOUT_HOURS_US = DAY_US + DAY_US // 2  # the shortest pause that is unusual where nobody has told opening hours


class Habit(NamedTuple):
    """On which days (ISO dates) a register has sold lately, and how many receipts it has issued on them.

    `pause_us` is what was found out about its pauses the time before.
    """

    merchant_id: int
    sko_id: int
    hours: str  # of its outlet of today
    days: frozenset[str]
    receipts: int
    pause_us: int | None


class Pause(NamedTuple):
    """How long a register rests at most; None: one can't tell."""

    merchant_id: int
    sko_id: int
    pause_us: int | None


def habits(connection: sa.Connection, span: Span, today: datetime.date) -> list[Habit]:
    """Of registers whose habits have not been looked at today, or not since their outlet has no opening hours."""
    receipts = turnover.c.sales_count + turnover.c.refunds_count + turnover.c.rollbacks_count
    lately = sa.and_(
        turnover.c.merchant_id == register_watch.c.merchant_id,
        turnover.c.sko_id == register_watch.c.sko_id,
        turnover.c.day.between(today - datetime.timedelta(days=DAYS), today),
        receipts > 0,
    )

    def of_register(figure: sa.ColumnElement[Any]) -> sa.ScalarSelect[Any]:
        return sa.select(figure).where(lately).correlate(register_watch).scalar_subquery()

    days: sa.ColumnElement[Any] = sa.func.aggregate_strings(sa.cast(turnover.c.day, sa.String), ",")
    count = sa.cast(sa.func.coalesce(sa.func.sum(receipts), 0), sa.BigInteger)
    key = (register_watch.c.merchant_id, register_watch.c.sko_id)
    on_sko = sa.and_(sko.c.merchant_id == key[0], sko.c.sko_id == key[1])
    on_outlet = sa.and_(outlet.c.merchant_id == key[0], outlet.c.outlet_id == sko.c.outlet_id)
    query = sa.select(*key, outlet.c.opening_hours, of_register(days), of_register(count), register_watch.c.pause_us)
    not_today = sa.or_(register_watch.c.pause_day.is_(None), register_watch.c.pause_day < today)
    # In hours of every kind it would be silent each night.
    of_open_hours = sa.and_(outlet.c.opening_hours == "", register_watch.c.pause_us < WITHOUT_HOURS_US)
    query = query.join_from(register_watch, sko, on_sko).join(outlet, on_outlet)
    query = query.where(span.within(register_watch), sa.or_(not_today, of_open_hours))
    rows = connection.execute(query.limit(REGISTERS_MAX))
    return [Habit(*row[:3], frozenset(row[3].split(",") if row[3] else ()), *row[4:]) for row in rows]


def note_pauses(connection: sa.Connection, pauses: Collection[Pause], today: datetime.date) -> None:
    of_register = [register_watch.c[name] == sa.bindparam(f"its_{name}") for name in ("merchant_id", "sko_id")]
    change = sa.update(register_watch).where(*of_register)
    change = change.values(pause_us=sa.bindparam("its_pause_us"), pause_day=today)
    if pauses:
        rows = [{f"its_{name}": value for name, value in pause._asdict().items()} for pause in pauses]
        connection.execute(change, rows)
