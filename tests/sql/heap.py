"""A heap of documents of every kind, in several time zones, currencies and states, to search in."""

import datetime
from random import Random
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from ingest.fold import fold
from sql.documents import NewDocument, insert_documents
from sql.engine import writing
from sql.instants import SECOND_US, from_us, to_us
from sql.merchants import add_merchant
from sql.outlets import add_outlet
from sql.skos import add_sko
from sql.tables import CURRENCIES, DOCUMENT_TYPES, PAYMENTS, pending_delivery, placement, refused_delivery
from sql.turnover import add_turnover

ZONES = ("Europe/Minsk", "Asia/Vladivostok", "America/New_York")
REGISTERS = 6
FIRST_DAY = datetime.date(2026, 3, 1)
DAYS = 9
CASHIERS = ("Иванова", "Петров", "O'Brien % \\")
PAID = ("sale", "refund", "rollback")
_START_US = to_us(datetime.datetime.combine(FIRST_DAY, datetime.time(), ZoneInfo(ZONES[0])))


def add_crowd(engine: sa.Engine, unp: str = "191832203", first_number: int = 300000001) -> int:
    """A merchant with an outlet in each zone and six registers, the first of which moves on the fourth day."""
    with writing(engine) as connection:
        merchant_id = add_merchant(connection, unp=unp, name="ООО «Ромашка»")
        for zone in ZONES:
            add_outlet(connection, merchant_id, name=zone, address="", time_zone=zone)
        for place in range(REGISTERS):
            number = str(first_number + place)
            add_sko(connection, merchant_id, number=number, outlet_id=place % len(ZONES) + 1, model="smart")
        moved = {"merchant_id": merchant_id, "sko_id": 1, "since_us": _moved_us(), "outlet_id": 3}
        connection.execute(sa.update(placement).values(since_us=0).where(placement.c.merchant_id == merchant_id))
        connection.execute(sa.insert(placement).values(**moved))
    return merchant_id


def _moved_us() -> int:
    return _START_US + 3 * 24 * 3600 * SECOND_US


def heap(merchant_id: int, count: int, seed: int) -> list[NewDocument]:
    """Documents of those registers, in bursts of the same instant, with long pauses between them."""
    random = Random(seed)
    instants = [_START_US + random.randrange(DAYS * 24 * 60) * 60 * SECOND_US for _ in range(max(1, count // 3))]
    numbers = dict.fromkeys(range(1, REGISTERS + 1), 0)
    rows = []
    for _ in range(count):
        sko_id = random.randint(1, REGISTERS)
        numbers[sko_id] += random.choice((1, 1, 1, 2))
        rows.append(_document(random, merchant_id, sko_id, numbers[sko_id], random.choice(instants)))
    return rows


def _document(random: Random, merchant_id: int, sko_id: int, number: int, issued_us: int) -> NewDocument:
    outlet_id = 3 if sko_id == 1 and issued_us >= _moved_us() else (sko_id - 1) % len(ZONES) + 1
    type_ = random.choice(DOCUMENT_TYPES + ("sale",) * 8)
    parts = [random.choice((0, 0, 5, 100, 2_500)) for _ in PAYMENTS] if type_ in PAID else [0, 0, 0]
    total = (
        sum(parts) if type_ in PAID else 0 if type_ in ("shift_open", "z_report") else random.choice((1, 700, 9_000))
    )
    return NewDocument(
        merchant_id=merchant_id,
        sko_id=sko_id,
        number=number,
        type=type_,
        uid=f"{sko_id:012X}{random.randrange(5):012X}",
        shift=1,
        issued_us=issued_us,
        day=from_us(issued_us).astimezone(ZoneInfo(ZONES[outlet_id - 1])).date(),
        outlet_id=outlet_id,
        currency=random.choice(CURRENCIES[:2]),
        cashier=random.choice(CASHIERS),
        offline=False,
        total_minor=total,
        cash_minor=parts[0],
        cashless_minor=parts[1],
        other_minor=parts[2],
        discount_minor=random.choice((0, 0, 0, 50)) if type_ in ("sale", "refund") else 0,
        target_number=number * 1_000 if type_ == "rollback" else None,
        base_sko=None,
        base_number=None,
        received_us=issued_us,
        body=b"{}",
    )


def store_heap(engine: sa.Engine, rows: list[NewDocument]) -> None:
    with writing(engine) as connection:
        insert_documents(connection, rows)
        add_turnover(connection, fold(rows))


def leave_unsent(engine: sa.Engine, rows: list[NewDocument], seed: int) -> dict[tuple[int, int], str]:
    """Some documents are pending, others refused → the state of each by its register and number."""
    random = Random(seed)
    states = {(row.sko_id, row.number): random.choice(("sent", "sent", "pending", "refused")) for row in rows}
    key = {"merchant_id": rows[0].merchant_id}
    with writing(engine) as connection:
        for (sko_id, number), state in states.items():
            where = {**key, "sko_id": sko_id}
            if state == "refused":
                refusal = {"number": number, "reason": "no such goods", "refused_us": 0}
                connection.execute(sa.insert(refused_delivery).values(**where, **refusal))
            elif state == "pending" and states.get((sko_id, number - 1)) != "pending":
                last = number
                while states.get((sko_id, last + 1)) == "pending":
                    last += 1
                range_ = {"first_number": number, "last_number": last, "due_us": 0}
                connection.execute(sa.insert(pending_delivery).values(**where, **range_))
    return states
