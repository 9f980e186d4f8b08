"""Merchants: the companies whose registers report here."""

from dataclasses import dataclass

import sqlalchemy as sa

from sql.errors import AlreadyExists, NotFound
from sql.instants import now_us
from sql.tables import merchant


@dataclass(frozen=True, slots=True)
class Merchant:
    merchant_id: int
    unp: str
    name: str


def add_merchant(connection: sa.Connection, *, unp: str, name: str) -> int:
    """A new merchant; returns its `merchant_id`. AlreadyExists if the УНП is taken."""
    if connection.execute(sa.select(merchant.c.merchant_id).where(merchant.c.unp == unp)).first():
        raise AlreadyExists(f"A merchant with УНП {unp} exists already")
    added = connection.execute(
        sa.insert(merchant).values(unp=unp, name=name, created_us=now_us()).returning(merchant.c.merchant_id)
    )
    return int(added.scalar_one())


def merchant_by_unp(connection: sa.Connection, unp: str) -> Merchant:
    """The merchant with this УНП; NotFound if there is none."""
    columns = (merchant.c.merchant_id, merchant.c.unp, merchant.c.name)
    row = connection.execute(sa.select(*columns).where(merchant.c.unp == unp)).first()
    if row is None:
        raise NotFound(f"No merchant has УНП {unp}")
    return Merchant(*row)


def merchant_by_id(connection: sa.Connection, merchant_id: int) -> Merchant:
    """NotFound if there is none."""
    columns = (merchant.c.merchant_id, merchant.c.unp, merchant.c.name)
    row = connection.execute(sa.select(*columns).where(merchant.c.merchant_id == merchant_id)).first()
    if row is None:
        raise NotFound(f"There is no merchant {merchant_id}")
    return Merchant(*row)


def has_merchants(connection: sa.Connection) -> bool:
    return connection.execute(sa.select(merchant.c.merchant_id).limit(1)).first() is not None


def lock_merchant(connection: sa.Connection, merchant_id: int) -> None:
    """Let nobody else number this merchant's outlets and registers, or change its people, until we commit."""
    connection.execute(
        sa.select(merchant.c.merchant_id).where(merchant.c.merchant_id == merchant_id).with_for_update()
    ).one()
