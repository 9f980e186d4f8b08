"""All that is known of one register."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import TypedDict, Unpack

import sqlalchemy as sa

from sql.register_settings import applied_versions
from sql.tables import CURRENCIES, document, pending_delivery, refused_delivery, settings_version, sko, turnover


@dataclass(frozen=True, slots=True)
class SkoDetails:
    """What is written down of a register. Empty, or None: not told."""

    sko_id: int
    number: str
    model: str
    outlet_id: int
    created_us: int
    serial_number: str
    firmware: str
    registered_us: int | None  # in the state system
    certificate_until_us: int | None


class Device(TypedDict, total=False):
    """What the operator may write down of a register."""

    serial_number: str
    firmware: str
    registered_us: int  # in the state system
    certificate_until_us: int


@dataclass(frozen=True, slots=True)
class LastOfSko:
    """The last document of a register; the three payments are of sale, refund and rollback only, in minor units."""

    number: int
    type: str
    issued_us: int
    currency: str
    total_minor: int
    cash_minor: int
    cashless_minor: int
    other_minor: int


@dataclass(frozen=True, slots=True)
class Unsent:
    """How many documents of a register the state system has not confirmed yet, or has refused."""

    pending: int
    refused: int


@dataclass(frozen=True, slots=True)
class SettingsOfSko:
    """The newest version of a register's settings, and the one that it applied last, with the instant; or None."""

    newest: int | None
    state: str | None  # of the newest: waiting, applied, rejected
    applied: int | None
    applied_us: int | None


def sko_details(connection: sa.Connection, merchant_id: int, sko_id: int) -> SkoDetails:
    """Of a register that exists."""
    columns = (sko.c[name] for name in SkoDetails.__slots__)
    query = sa.select(*columns).where(sko.c.merchant_id == merchant_id, sko.c.sko_id == sko_id)
    return SkoDetails(*connection.execute(query).one())


def describe_sko(connection: sa.Connection, merchant_id: int, sko_id: int, **told: Unpack[Device]) -> None:
    """Write down what the operator knows of the device of a register that exists; the rest stays as it was."""
    connection.execute(sa.update(sko).filter_by(merchant_id=merchant_id, sko_id=sko_id).values(**told))


def cash_in_drawer(
    connection: sa.Connection, merchant_id: int, sko_id: int, outlet_ids: Collection[int] | None = None
) -> list[tuple[str, int]]:
    """What lies in the drawer of a register by its documents: (currency, minor units), BYN first, even if none.

    What was put in and taken for sales, less what was given back, taken out and paid out; of these outlets alone, if
    any are named.
    """
    into = turnover.c.sales_cash_minor + turnover.c.deposits_minor
    out_of = (
        turnover.c.refunds_cash_minor
        + turnover.c.rollbacks_cash_minor
        + turnover.c.withdrawals_minor
        + turnover.c.payouts_minor
    )
    query = sa.select(turnover.c.currency, sa.cast(sa.func.sum(into - out_of), sa.BigInteger)).where(
        turnover.c.merchant_id == merchant_id, turnover.c.sko_id == sko_id
    )
    if outlet_ids is not None:
        query = query.where(turnover.c.outlet_id.in_(sorted(outlet_ids)))
    found = {row[0]: int(row[1]) for row in connection.execute(query.group_by(turnover.c.currency))}
    return [(name, found.get(name, 0)) for name in CURRENCIES if found.get(name) or name == CURRENCIES[0]]


def last_of_sko(connection: sa.Connection, merchant_id: int, sko_id: int, *, since_us: int = 0) -> LastOfSko | None:
    """The last document that the register has issued from `since_us` on."""
    columns = (document.c[name] for name in LastOfSko.__slots__)
    query = sa.select(*columns).where(
        document.c.merchant_id == merchant_id, document.c.sko_id == sko_id, document.c.issued_us >= since_us
    )
    row = connection.execute(query.order_by(document.c.issued_us.desc(), document.c.number.desc()).limit(1)).first()
    return LastOfSko(*row) if row else None


def unsent_of(connection: sa.Connection, merchant_id: int, sko_id: int, *, since_us: int = 0) -> Unsent:
    """How many documents that were issued from `since_us` on are not with the state system."""
    first = _first_number(connection, merchant_id, sko_id, since_us) if since_us else 1
    if first is None:
        return Unsent(0, 0)
    pending, refused = pending_delivery.c, refused_delivery.c
    start = sa.case((pending.first_number < first, first), else_=pending.first_number)
    waiting = sa.select(sa.func.coalesce(sa.func.sum(pending.last_number - start + 1), 0)).where(
        pending.merchant_id == merchant_id, pending.sko_id == sko_id, pending.last_number >= first
    )
    turned_down = sa.select(sa.func.count()).where(
        refused.merchant_id == merchant_id, refused.sko_id == sko_id, refused.number >= first
    )
    row = connection.execute(sa.select(waiting.scalar_subquery(), turned_down.scalar_subquery())).one()
    return Unsent(int(row[0]), int(row[1]))


def _first_number(connection: sa.Connection, merchant_id: int, sko_id: int, since_us: int) -> int | None:
    query = sa.select(document.c.number).where(
        document.c.merchant_id == merchant_id, document.c.sko_id == sko_id, document.c.issued_us >= since_us
    )
    first: int | None = connection.execute(query.order_by(document.c.issued_us).limit(1)).scalar()
    return first


def settings_of_sko(connection: sa.Connection, merchant_id: int, sko_id: int) -> SettingsOfSko:
    """How far the register has come with its settings."""
    columns = settings_version.c
    query = sa.select(columns.version, columns.state).where(
        columns.merchant_id == merchant_id, columns.sko_id == sko_id
    )
    newest = connection.execute(query.order_by(columns.version.desc()).limit(1)).first()
    if newest is None:
        return SettingsOfSko(None, None, None, None)
    applied, applied_us = applied_versions(connection, merchant_id, [sko_id]).get(sko_id, (None, None))
    return SettingsOfSko(newest.version, newest.state, applied, applied_us)
