"""Rows for tests of the ground floor."""

import datetime

import sqlalchemy as sa

from sql.documents import NewDocument
from sql.engine import writing
from sql.merchants import add_merchant
from sql.outlets import add_outlet
from sql.skos import add_sko

DAY = datetime.date(2026, 11, 23)
NOON_US = 1_795_424_400_000_000  # 2026-11-23T12:00 in Minsk


def new_document(**changes: object) -> NewDocument:
    """A cash sale of 12.30 BYN; `changes` overwrite any column."""
    row = NewDocument(
        merchant_id=1,
        sko_id=1,
        number=1,
        type="sale",
        uid="0123456789ABCDEF01234567",
        shift=1,
        issued_us=NOON_US,
        day=DAY,
        outlet_id=1,
        currency="BYN",
        cashier="Иванова",
        offline=False,
        total_minor=1230,
        cash_minor=1230,
        cashless_minor=0,
        other_minor=0,
        discount_minor=70,
        target_number=None,
        base_sko=None,
        base_number=None,
        received_us=NOON_US + 1,
        body=b'{"number": 1}',
    )
    return row._replace(**changes)


def add_company(engine: sa.Engine, *, unp: str = "191832203", numbers: tuple[str, ...] = ("300012345",)) -> int:
    """A merchant with one outlet and these registers; returns its `merchant_id`."""
    with writing(engine) as connection:
        merchant_id = add_merchant(connection, unp=unp, name="ООО «Ромашка»")
        outlet_id = add_outlet(connection, merchant_id, name="Магазин 1", address="Минск, ул. Сторожёвская, 8")
        for number in numbers:
            add_sko(connection, merchant_id, number=number, outlet_id=outlet_id, model="smart")
    return merchant_id
