"""Outlets: the places where a merchant sells."""

from collections.abc import Collection
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from sql.instants import now_us
from sql.merchants import lock_merchant
from sql.tables import outlet

DEFAULT_TIME_ZONE = "Europe/Minsk"


@dataclass(frozen=True, slots=True)
class Outlet:
    outlet_id: int
    name: str
    address: str
    time_zone: str
    former_time_zones: tuple[str, ...] = ()  # of documents that were stored before it changed

    @property
    def time_zones(self) -> tuple[str, ...]:
        """All by which its documents may have got their business day."""
        return (self.time_zone, *self.former_time_zones)


def add_outlet(
    connection: sa.Connection, merchant_id: int, *, name: str, address: str, time_zone: str = DEFAULT_TIME_ZONE
) -> int:
    """A new outlet; returns its `outlet_id`, counted from 1 within the merchant.

    Raises zoneinfo.ZoneInfoNotFoundError for a time zone that doesn't exist.
    """
    ZoneInfo(time_zone)
    lock_merchant(connection, merchant_id)
    of_merchant = outlet.c.merchant_id == merchant_id
    last = connection.execute(sa.select(sa.func.max(outlet.c.outlet_id)).where(of_merchant)).scalar() or 0
    connection.execute(
        sa.insert(outlet).values(
            merchant_id=merchant_id,
            outlet_id=last + 1,
            name=name,
            address=address,
            time_zone=time_zone,
            created_us=now_us(),
        )
    )
    return int(last + 1)


def outlets_of(connection: sa.Connection, merchant_id: int, outlet_ids: Collection[int] | None = None) -> list[Outlet]:
    """The merchant's outlets, in the order in which they were added: every one, or those of these ids."""
    columns = (outlet.c.outlet_id, outlet.c.name, outlet.c.address, outlet.c.time_zone, outlet.c.former_time_zones)
    query = sa.select(*columns).where(outlet.c.merchant_id == merchant_id).order_by(outlet.c.outlet_id)
    if outlet_ids is not None:
        query = query.where(outlet.c.outlet_id.in_(sorted(outlet_ids)))
    return [Outlet(*row[:4], zones_in(row[4])) for row in connection.execute(query).all()]


def zones_in(text: str) -> tuple[str, ...]:
    """The time zones of `former_time_zones`."""
    return tuple(text.split(",")) if text else ()
