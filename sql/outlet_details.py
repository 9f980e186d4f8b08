"""All that is known of an outlet, and what its owner may change of it."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from sql.errors import ChangedMeanwhile, NotFound
from sql.instants import now_us
from sql.merchants import lock_merchant
from sql.outlets import zones_in
from sql.tables import outlet, placement, sko, sko_directory

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
CONTACT_NAME_LENGTH = 128  # characters

# The hours of a day of the week: from and to, as "09:00". A day that is missing is a day off.
OpeningHours = Mapping[str, tuple[str, str]]


FORMER_MAX = 20  # time zones that are remembered, the last ones


@dataclass(frozen=True, slots=True)
class OutletDetails:
    """`opening_hours` by day of the week (DAYS); empty: nobody has told them. `contact_phone` is E.164, or empty."""

    outlet_id: int
    name: str
    address: str
    time_zone: str
    former_time_zones: str
    created_us: int
    opening_hours: OpeningHours
    contact_name: str
    contact_phone: str

    @property
    def version(self) -> str:
        """Another one whenever something that the owner may change is another."""
        values = (self.time_zone, self.opening_hours, self.contact_name, self.contact_phone)
        return hashlib.sha256(json.dumps(values).encode()).hexdigest()[:32]


def outlet_details(connection: sa.Connection, merchant_id: int, outlet_id: int) -> OutletDetails | None:
    """None if the merchant has no such outlet."""
    columns = (outlet.c[name] for name in OutletDetails.__slots__)
    query = sa.select(*columns).where(outlet.c.merchant_id == merchant_id, outlet.c.outlet_id == outlet_id)
    row = connection.execute(query).first()
    return OutletDetails(**{**row._mapping, "opening_hours": _hours(row.opening_hours)}) if row else None


def _hours(written: str) -> OpeningHours:
    found = json.loads(written or "{}")
    return {day: (found[day][0], found[day][1]) for day in DAYS if day in found}


def change_outlet(
    connection: sa.Connection,
    merchant_id: int,
    outlet_id: int,
    *,
    time_zone: str,
    opening_hours: OpeningHours,
    contact_name: str,
    contact_phone: str,
    seen: str | None = None,
) -> None:
    """Change what the owner may change. NotFound if the merchant has no such outlet.

    `seen` is the version that the changes are meant for: ChangedMeanwhile if there is another one by now.

    The time zone decides the business days of documents that arrive from now on; those of stored ones stay. Raises
    zoneinfo.ZoneInfoNotFoundError for a time zone that doesn't exist.
    """
    ZoneInfo(time_zone)
    lock_merchant(connection, merchant_id)
    before = outlet_details(connection, merchant_id, outlet_id)
    if before is None:
        raise NotFound(f"The merchant has no outlet {outlet_id}")
    if seen not in (None, before.version):
        raise ChangedMeanwhile(f"Somebody else has changed outlet {outlet_id} meanwhile")
    changed = sa.update(outlet).where(outlet.c.merchant_id == merchant_id, outlet.c.outlet_id == outlet_id)
    hours = json.dumps(dict(opening_hours)) if opening_hours else ""
    connection.execute(changed.values(opening_hours=hours, contact_name=contact_name, contact_phone=contact_phone))
    if time_zone != before.time_zone:
        former = dict.fromkeys((before.time_zone, *zones_in(before.former_time_zones)))
        kept = ",".join([name for name in former if name != time_zone][:FORMER_MAX])
        connection.execute(changed.values(time_zone=time_zone, former_time_zones=kept))
        _tell_ingest(connection, merchant_id, outlet_id)


def _tell_ingest(connection: sa.Connection, merchant_id: int, outlet_id: int) -> None:
    """Ingest keeps the time zones of all places where a register has stood."""
    placed = sa.select(placement.c.sko_id).where(
        placement.c.merchant_id == merchant_id, placement.c.outlet_id == outlet_id
    )
    of_outlet = (sko_directory.c.merchant_id == merchant_id, sko_directory.c.sko_id.in_(placed))
    connection.execute(sa.update(sko_directory).where(*of_outlet).values(changed_us=now_us()))


def registers_by_outlet(connection: sa.Connection, merchant_id: int) -> dict[int, int]:
    """How many registers stand in each outlet that has any."""
    query = sa.select(sko.c.outlet_id, sa.func.count()).where(sko.c.merchant_id == merchant_id)
    return {row[0]: row[1] for row in connection.execute(query.group_by(sko.c.outlet_id))}
