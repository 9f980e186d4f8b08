"""Where a register has stood: moving it leaves its history with the outlets of before."""

from collections.abc import Collection
from typing import NamedTuple

import sqlalchemy as sa

from sql.errors import NotFound
from sql.instants import now_us
from sql.merchants import lock_merchant
from sql.tables import outlet, placement, sko, sko_directory


class Stay(NamedTuple):
    """A register stood in this outlet from `since_us` (None: since ever) until before `until_us` (None: now)."""

    outlet_id: int
    since_us: int | None
    until_us: int | None


class AlreadyThere(Exception):
    """The register stands in that outlet."""


def stays_of(
    connection: sa.Connection, merchant_id: int, sko_id: int, outlet_ids: Collection[int] | None = None
) -> list[Stay]:
    """Where the register has stood, the latest first; only the stays in these outlets, if any are named."""
    query = sa.select(placement.c.outlet_id, placement.c.since_us).where(
        placement.c.merchant_id == merchant_id, placement.c.sko_id == sko_id
    )
    rows = connection.execute(query.order_by(placement.c.since_us)).all()
    ends = [row.since_us for row in rows[1:]] + [None]
    # The first placement counts for all time before it too.
    stays = [
        Stay(row.outlet_id, row.since_us if place else None, end)
        for place, (row, end) in enumerate(zip(rows, ends, strict=True))
    ]
    return [stay for stay in reversed(stays) if outlet_ids is None or stay.outlet_id in outlet_ids]


def move_sko(connection: sa.Connection, merchant_id: int, sko_id: int, outlet_id: int) -> int:
    """Have the register stand in another outlet from now on; returns the one that it leaves.

    NotFound if the merchant has no such register or outlet, AlreadyThere if it stands there. Ingest knows of it within
    seconds, by the directory.
    """
    lock_merchant(connection, merchant_id)
    of_sko = {"merchant_id": merchant_id, "sko_id": sko_id}
    before = connection.execute(sa.select(sko.c.outlet_id).filter_by(**of_sko)).scalar()
    if before is None:
        raise NotFound(f"The merchant has no register {sko_id}")
    wanted = sa.select(outlet.c.outlet_id).where(outlet.c.merchant_id == merchant_id, outlet.c.outlet_id == outlet_id)
    if connection.execute(wanted).first() is None:
        raise NotFound(f"The merchant has no outlet {outlet_id}")
    if before == outlet_id:
        raise AlreadyThere
    now = now_us()
    connection.execute(sa.insert(placement).values(**of_sko, since_us=now, outlet_id=outlet_id))
    connection.execute(sa.update(sko).filter_by(**of_sko).values(outlet_id=outlet_id))
    connection.execute(sa.update(sko_directory).filter_by(**of_sko).values(changed_us=now))
    return int(before)
