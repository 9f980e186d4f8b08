"""A merchant's documents, stored with their turnover as ingest stores them."""

import datetime
import itertools
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from ingest.fold import fold
from sql.documents import NewDocument, insert_documents
from sql.engine import writing
from sql.instants import now_us, to_us
from sql.outlets import add_outlet
from sql.skos import add_sko
from sql.turnover import add_turnover

MINSK = ZoneInfo("Europe/Minsk")
_numbers = itertools.count(1)


def today() -> datetime.date:
    return datetime.datetime.now(MINSK).date()


def open_outlets(engine: sa.Engine, merchant_id: int, names: tuple[str, ...], *, first_sko: int = 300000001) -> None:
    """Outlets 1, 2, 3 …, in each a register of the same `sko_id`, numbered from `first_sko`."""
    with writing(engine) as connection:
        for place, name in enumerate(names):
            outlet_id = add_outlet(connection, merchant_id, name=name, address="Минск")
            add_sko(connection, merchant_id, number=str(first_sko + place), outlet_id=outlet_id, model="smart")


def document(
    merchant_id: int,
    type_: str,
    total_minor: int,
    *,
    day: datetime.date | None = None,
    outlet_id: int = 1,
    payment: str = "cash",
    currency: str = "BYN",
) -> NewDocument:
    """A document of the register in this outlet, paid in one way; at noon of `day`, or now."""
    number = next(_numbers)
    noon_us = to_us(datetime.datetime.combine(day, datetime.time(12), MINSK)) if day else now_us()
    is_paid = type_ in ("sale", "refund", "rollback")
    return NewDocument(
        merchant_id=merchant_id,
        sko_id=outlet_id,
        number=number,
        type=type_,
        uid=f"{number:024X}",
        shift=1,
        issued_us=noon_us,
        day=day or today(),
        outlet_id=outlet_id,
        currency=currency,
        cashier="Иванова",
        offline=False,
        total_minor=total_minor,
        cash_minor=total_minor if is_paid and payment == "cash" else 0,
        cashless_minor=total_minor if is_paid and payment == "cashless" else 0,
        other_minor=total_minor if is_paid and payment == "other" else 0,
        discount_minor=0,
        target_number=number if type_ == "rollback" else None,
        base_sko=None,
        base_number=None,
        received_us=now_us(),
        body=b"{}",
    )


def store(engine: sa.Engine, *documents: NewDocument) -> None:
    with writing(engine) as connection:
        insert_documents(connection, documents)
        add_turnover(connection, fold(documents))
