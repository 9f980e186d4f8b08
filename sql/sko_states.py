"""How registers are doing: connected, blocked, in a shift, last seen. A few index look-ups a register."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Literal

import sqlalchemy as sa

from sql.tables import document, event, shift, sko

State = Literal["online", "offline", "blocked", "never"]


@dataclass(frozen=True, slots=True)
class SkoState:
    """When a register last said what, as instants; None: never. `shift_us` is since when its shift is open, if one is.

    `issued_us` and `received_us` are of its last document, `heard_us` is when its last event was received.
    """

    sko_id: int
    online_us: int | None
    offline_us: int | None
    blocked_us: int | None
    unblocked_us: int | None
    heard_us: int | None
    issued_us: int | None
    received_us: int | None
    shift_us: int | None

    @property
    def seen_us(self) -> int | None:
        """When anything last came from it."""
        return max((instant for instant in (self.heard_us, self.received_us) if instant), default=None)

    @property
    def state(self) -> State:
        """A register that issues documents after it went offline, and delivers them, is online again."""
        if self.seen_us is None:
            return "never"
        if (self.blocked_us or 0) > (self.unblocked_us or 0):
            return "blocked"
        delivered_us = self.issued_us or 0
        return "offline" if (self.offline_us or 0) > max(self.online_us or 0, delivered_us) else "online"


def sko_states(connection: sa.Connection, merchant_id: int, sko_ids: Collection[int]) -> dict[int, SkoState]:
    """The states of these registers."""
    kinds = (_last_event_of(kind).label(f"{kind}_us") for kind in ("online", "offline", "blocked", "unblocked"))
    columns = (
        *kinds,
        _of_last(event.c.received_us, event, event.c.occurred_us).label("heard_us"),
        _of_last(document.c.issued_us, document, document.c.issued_us).label("issued_us"),
        _of_last(document.c.received_us, document, document.c.issued_us).label("received_us"),
        _open_shift().label("shift_us"),
    )
    wanted = (sko.c.merchant_id == merchant_id, sko.c.sko_id.in_(sorted(sko_ids)))
    rows = connection.execute(sa.select(sko.c.sko_id, *columns).where(*wanted))
    return {row.sko_id: SkoState(*row) for row in rows}


def _of_sko(table: sa.Table) -> tuple[sa.ColumnElement[bool], ...]:
    return table.c.merchant_id == sko.c.merchant_id, table.c.sko_id == sko.c.sko_id


def _last_event_of(kind: str) -> sa.ScalarSelect[Any]:
    last = sa.select(event.c.occurred_us).where(*_of_sko(event), event.c.kind == kind)
    return last.order_by(event.c.occurred_us.desc()).limit(1).correlate(sko).scalar_subquery()


def _of_last(column: sa.Column[Any], table: sa.Table, instant: sa.Column[Any]) -> sa.ScalarSelect[Any]:
    last = sa.select(column).where(*_of_sko(table))
    return last.order_by(instant.desc()).limit(1).correlate(sko).scalar_subquery()


def _open_shift() -> sa.ScalarSelect[Any]:
    """When the last shift was opened, unless its Z-report is there."""
    opened = sa.case((shift.c.z_number.is_(None), shift.c.opened_us))
    last = sa.select(opened).where(*_of_sko(shift)).order_by(shift.c.shift.desc()).limit(1)
    return last.correlate(sko).scalar_subquery()
