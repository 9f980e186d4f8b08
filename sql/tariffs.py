"""What the operator charges for a register: by kind, each from the first day of a month on."""

import datetime
from dataclasses import dataclass

import sqlalchemy as sa

from sql.errors import AlreadyExists, NotFound
from sql.tables import tariff as table

DAY = datetime.timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Tariff:
    """`price_minor` is of one register in BYN, with VAT of `vat_percent` in it; None: without VAT.

    `last_day` is inclusive; None: until further notice.
    """

    tariff_id: int
    kind: str
    first_day: datetime.date
    last_day: datetime.date | None
    service: str
    price_minor: int
    vat_percent: int | None


_COLUMNS = tuple(table.c[name] for name in Tariff.__slots__)


def add_tariff(
    connection: sa.Connection,
    *,
    kind: str,
    first_month: datetime.date,
    last_month: datetime.date | None,
    service: str,
    price_minor: int,
    vat_percent: int | None,
) -> int:
    """A new tariff from one month to another, both by any day in them; returns its id.

    One of before without an end ends where this one begins. AlreadyExists if they would overlap otherwise, ValueError
    if it ends before it begins.
    """
    first_day = first_month.replace(day=1)
    last_day = None if last_month is None else last_of_month(last_month)
    if last_day is not None and last_day < first_day:
        raise ValueError("The tariff ends before it begins")
    for other in tariffs_of(connection, kind):
        if other.last_day is None and other.first_day < first_day:
            _end(connection, other.tariff_id, first_day - DAY)
        elif (other.last_day or first_day) >= first_day and (last_day or other.first_day) >= other.first_day:
            raise AlreadyExists(f"The tariff {other.tariff_id} is in force at the same time")
    values = {"service": service, "price_minor": price_minor, "vat_percent": vat_percent}
    added = sa.insert(table).values(kind=kind, first_day=first_day, last_day=last_day, **values)
    return int(connection.execute(added.returning(table.c.tariff_id)).scalar_one())


def end_tariff(connection: sa.Connection, tariff_id: int, last_month: datetime.date) -> None:
    """Let a tariff end with this month. NotFound if there is none, ValueError if it would end before it begins."""
    found = connection.execute(sa.select(table.c.first_day).where(table.c.tariff_id == tariff_id)).scalar()
    if found is None:
        raise NotFound(f"There is no tariff {tariff_id}")
    last_day = last_of_month(last_month)
    if last_day < found:
        raise ValueError("The tariff ends before it begins")
    _end(connection, tariff_id, last_day)


def _end(connection: sa.Connection, tariff_id: int, last_day: datetime.date) -> None:
    connection.execute(sa.update(table).where(table.c.tariff_id == tariff_id).values(last_day=last_day))


def tariffs_of(connection: sa.Connection, kind: str | None = None) -> list[Tariff]:
    """All tariffs, or those of a kind; the oldest first."""
    query = sa.select(*_COLUMNS).order_by(table.c.kind, table.c.first_day)
    if kind is not None:
        query = query.where(table.c.kind == kind)
    return [Tariff(*row) for row in connection.execute(query)]


def tariff_of(connection: sa.Connection, kind: str, day: datetime.date) -> Tariff | None:
    """The tariff in force on this day."""
    in_force = (table.c.first_day <= day, table.c.last_day.is_(None) | (table.c.last_day >= day))
    row = connection.execute(sa.select(*_COLUMNS).where(table.c.kind == kind, *in_force)).first()
    return Tariff(*row) if row else None


def last_of_month(day: datetime.date) -> datetime.date:
    """The last day of the month that the day is in."""
    return (day.replace(day=28) + 4 * DAY).replace(day=1) - DAY
