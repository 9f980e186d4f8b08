"""Acts of services rendered: who owes what for which month. Made from tariffs by `act_making.py`."""

import datetime
import json
from collections.abc import Collection
from dataclasses import asdict, dataclass

import sqlalchemy as sa

from sql.errors import AlreadyExists, NotFound
from sql.instants import now_us
from sql.merchants import lock_merchant
from sql.tables import act as table
from sql.tables import merchant


@dataclass(frozen=True, slots=True)
class Provider:
    """The operator, as acts name it: who it is, where, its bank account, and who signs for it."""

    name: str
    unp: str = ""
    address: str = ""
    bank: str = ""
    signatory: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """`month` is its first day, `issued` the date of the act; money is minor units of BYN.

    `corrects` is the number of the act in whose place this one stands, `corrected_by` of the one that stands in its.
    """

    merchant_id: int
    unp: str
    number: int
    kind: str
    month: datetime.date
    issued: datetime.date
    service: str
    quantity: int
    price_minor: int
    vat_percent: int | None
    customer: str
    provider: Provider
    corrects: int | None
    reason: str
    corrected_by: int | None

    @property
    def name(self) -> str:
        """Its number as it is printed."""
        return self.name_of(self.number)

    def name_of(self, number: int) -> str:
        return f"СС-{self.unp}-{number}"

    @property
    def total_minor(self) -> int:
        return self.quantity * self.price_minor

    @property
    def vat_minor(self) -> int:
        """The VAT within the total, to the nearest kopeck."""
        percent = self.vat_percent or 0
        return (2 * self.total_minor * percent + 100 + percent) // (2 * (100 + percent))


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What an act is to say, before it has a number."""

    kind: str
    month: datetime.date
    issued: datetime.date
    service: str
    quantity: int
    price_minor: int
    vat_percent: int | None
    provider: Provider


def acts_of(
    connection: sa.Connection,
    merchant_id: int,
    kind: str,
    first: datetime.date | None = None,
    last: datetime.date | None = None,
) -> list[Act]:
    """The merchant's acts of a kind, dated within these days (None: all of them), the newest first."""
    conditions = [table.c.kind == kind]
    if first is not None:
        conditions.append(table.c.issued >= first)
    if last is not None:
        conditions.append(table.c.issued <= last)
    return _acts(connection, merchant_id, *conditions)


def acts_by_number(connection: sa.Connection, merchant_id: int, numbers: Collection[int]) -> list[Act]:
    """Those of the merchant's acts with these numbers that there are, the newest first."""
    return _acts(connection, merchant_id, table.c.number.in_(sorted(numbers)))


def find_act(connection: sa.Connection, merchant_id: int, number: int) -> Act:
    """The merchant's act with this number; NotFound if there is none."""
    found = acts_by_number(connection, merchant_id, [number])
    if not found:
        raise NotFound(f"The merchant has no act {number}")
    return found[0]


def _acts(connection: sa.Connection, merchant_id: int, *conditions: sa.ColumnElement[bool]) -> list[Act]:
    later = table.alias("later")
    in_its_place = (later.c.merchant_id == table.c.merchant_id) & (later.c.corrects == table.c.number)
    known = [column for column in table.c if column.name != "made_us"]
    query = (
        sa.select(*known, merchant.c.unp, later.c.number.label("corrected_by"))
        .join_from(table, merchant, merchant.c.merchant_id == table.c.merchant_id)
        .outerjoin(later, in_its_place)
        .where(table.c.merchant_id == merchant_id, *conditions)
        .order_by(table.c.issued.desc(), table.c.number.desc())
    )
    rows = connection.execute(query).mappings()
    return [Act(**{**row, "provider": Provider(**json.loads(row["provider"]))}) for row in rows]


def add_act(connection: sa.Connection, merchant_id: int, draft: Draft) -> int | None:
    """The merchant's act of this kind and month; returns its number, None if there is one already."""
    lock_merchant(connection, merchant_id)
    same = (table.c.merchant_id == merchant_id, table.c.kind == draft.kind, table.c.month == draft.month)
    if connection.execute(sa.select(table.c.number).where(*same)).first():
        return None
    return _insert(connection, merchant_id, draft)


def correct_act(
    connection: sa.Connection,
    merchant_id: int,
    number: int,
    *,
    issued: datetime.date,
    quantity: int,
    price_minor: int | None,
    provider: Provider,
    reason: str,
) -> Act:
    """A new act in the place of another one, from which it takes all but these; the price too if it is None.

    NotFound if there is no act with this number, AlreadyExists if another one stands in its place already.
    """
    lock_merchant(connection, merchant_id)
    before = find_act(connection, merchant_id, number)
    if before.corrected_by is not None:
        raise AlreadyExists(f"In the place of act {number} stands act {before.corrected_by} already: correct that one")
    draft = Draft(
        kind=before.kind,
        month=before.month,
        issued=issued,
        service=before.service,
        quantity=quantity,
        price_minor=before.price_minor if price_minor is None else price_minor,
        vat_percent=before.vat_percent,
        provider=provider,
    )
    return find_act(connection, merchant_id, _insert(connection, merchant_id, draft, corrects=number, reason=reason))


def _insert(
    connection: sa.Connection, merchant_id: int, draft: Draft, corrects: int | None = None, reason: str = ""
) -> int:
    of_merchant = table.c.merchant_id == merchant_id
    last = connection.execute(sa.select(sa.func.max(table.c.number)).where(of_merchant)).scalar()
    customer = sa.select(merchant.c.name).where(merchant.c.merchant_id == merchant_id).scalar_subquery()
    number = int(last or 0) + 1
    values = asdict(draft) | {"provider": json.dumps(asdict(draft.provider), ensure_ascii=False)}
    placed = {"merchant_id": merchant_id, "number": number, "customer": customer, "made_us": now_us()}
    connection.execute(sa.insert(table).values(**values, **placed, corrects=corrects, reason=reason))
    return number
