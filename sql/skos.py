"""СКО: the registers, where they stand and since when."""

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass

import sqlalchemy as sa

from sql.errors import AlreadyExists, NotFound
from sql.instants import now_us
from sql.merchants import lock_merchant
from sql.tables import outlet, placement, sko, sko_directory

NUMBER = re.compile("[0-9A-Z]{1,20}")


@dataclass(frozen=True, slots=True)
class Sko:
    merchant_id: int
    sko_id: int
    number: str
    outlet_id: int
    model: str


@dataclass(frozen=True, slots=True)
class Placement:
    """A register stood in this outlet, in this time zone, from `since_us` on."""

    since_us: int
    outlet_id: int
    time_zone: str


@dataclass(frozen=True, slots=True)
class DirectoryEntry:
    """All that ingest needs to know of a register: whose it is, and its placements, oldest first (at least one).

    `settings_version` is the newest that its merchant has saved for it, 0 if none.
    """

    merchant_id: int
    sko_id: int
    number: str
    placements: tuple[Placement, ...]
    settings_version: int = 0


def add_sko(connection: sa.Connection, merchant_id: int, *, number: str, outlet_id: int, model: str) -> int:
    """A new register; returns its `sko_id`, counted from 1 within the merchant.

    AlreadyExists if any merchant has a register with this number, NotFound if the merchant has no such outlet.
    """
    lock_merchant(connection, merchant_id)
    if connection.execute(sa.select(sko_directory.c.number).where(sko_directory.c.number == number)).first():
        raise AlreadyExists(f"A СКО with number {number} exists already")
    found = sa.select(outlet.c.outlet_id).where(outlet.c.merchant_id == merchant_id, outlet.c.outlet_id == outlet_id)
    if connection.execute(found).first() is None:
        raise NotFound(f"The merchant has no outlet {outlet_id}")
    last = connection.execute(sa.select(sa.func.max(sko.c.sko_id)).where(sko.c.merchant_id == merchant_id)).scalar()
    key = {"merchant_id": merchant_id, "sko_id": (last or 0) + 1}
    now = now_us()
    connection.execute(sa.insert(sko).values(**key, number=number, outlet_id=outlet_id, model=model, created_us=now))
    connection.execute(sa.insert(placement).values(**key, since_us=now, outlet_id=outlet_id))
    connection.execute(sa.insert(sko_directory).values(**key, number=number, changed_us=now))
    return key["sko_id"]


def sko_by_number(connection: sa.Connection, merchant_id: int, number: str) -> Sko:
    """The merchant's register with this number; NotFound if the merchant has none."""
    columns = (sko.c.merchant_id, sko.c.sko_id, sko.c.number, sko.c.outlet_id, sko.c.model)
    row = connection.execute(
        sa.select(*columns).where(sko.c.merchant_id == merchant_id, sko.c.number == number)
    ).first()
    if row is None:
        raise NotFound(f"The merchant has no СКО {number}")
    return Sko(*row)


def owner_of(connection: sa.Connection, number: str) -> Sko:
    """The register with this number, whosever it is; NotFound if there is none."""
    found = directory(connection, [number]).get(number)
    if found is None:
        raise NotFound(f"There is no СКО {number}")
    return sko_by_number(connection, found.merchant_id, number)


def skos_of(
    connection: sa.Connection,
    merchant_id: int,
    outlet_ids: Collection[int] | None = None,
    *,
    numbers: Collection[str] | None = None,
    sko_ids: Collection[int] | None = None,
) -> list[Sko]:
    """The merchant's registers, in the order in which they were added.

    Every one, or only those that stand or have ever stood in these outlets, with these numbers, of these ids. The
    numbers may be whatever somebody has typed.
    """
    columns = (sko.c.merchant_id, sko.c.sko_id, sko.c.number, sko.c.outlet_id, sko.c.model)
    query = sa.select(*columns).where(sko.c.merchant_id == merchant_id).order_by(sko.c.sko_id)
    if outlet_ids is not None:
        placed = sa.select(placement.c.sko_id).where(
            placement.c.merchant_id == merchant_id, placement.c.outlet_id.in_(sorted(outlet_ids))
        )
        query = query.where(sko.c.sko_id.in_(placed))
    if numbers is not None:
        query = query.where(sko.c.number.in_(sorted(filter(NUMBER.fullmatch, numbers))))
    if sko_ids is not None:
        query = query.where(sko.c.sko_id.in_(sorted(sko_ids)))
    return [Sko(*row) for row in connection.execute(query).all()]


def directory(connection: sa.Connection, numbers: Iterable[str]) -> dict[str, DirectoryEntry]:
    """The directory entries of those of these numbers that exist."""
    return _entries(connection, sko_directory.c.number.in_(list(numbers)))


def directory_changes(connection: sa.Connection, since_us: int) -> dict[str, DirectoryEntry]:
    """The directory entries that changed at `since_us` or later."""
    return _entries(connection, sko_directory.c.changed_us >= since_us)


def _entries(connection: sa.Connection, condition: sa.ColumnElement[bool]) -> dict[str, DirectoryEntry]:
    rows = connection.execute(
        sa.select(
            sko_directory.c.number,
            sko_directory.c.merchant_id,
            sko_directory.c.sko_id,
            sko_directory.c.settings_version,
            placement.c.since_us,
            placement.c.outlet_id,
            outlet.c.time_zone,
        )
        .join_from(
            sko_directory,
            placement,
            (placement.c.merchant_id == sko_directory.c.merchant_id) & (placement.c.sko_id == sko_directory.c.sko_id),
        )
        .join(
            outlet,
            (outlet.c.merchant_id == placement.c.merchant_id) & (outlet.c.outlet_id == placement.c.outlet_id),
        )
        .where(condition)
        .order_by(sko_directory.c.number, placement.c.since_us)
    )
    placements: dict[tuple[str, int, int, int], list[Placement]] = {}
    for number, merchant_id, sko_id, version, *place in rows:
        placements.setdefault((number, merchant_id, sko_id, version), []).append(Placement(*place))
    return {
        number: DirectoryEntry(merchant_id, sko_id, number, tuple(places), version)
        for (number, merchant_id, sko_id, version), places in placements.items()
    }
