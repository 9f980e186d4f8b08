"""The most that the database takes: the same rows into the same table with the same indexes, and nothing else."""

import time
from collections.abc import Iterable
from datetime import date, datetime

import msgspec

from sql.documents import NewDocument, insert_documents
from sql.engine import connect, writing
from sql.instants import now_us, to_us
from sql.skos import DirectoryEntry


def rows_of(bodies: Iterable[bytes], registers: dict[str, DirectoryEntry]) -> list[NewDocument]:
    """The rows that ingest would make of these plain sales (those of `generator.sales`)."""
    decode = msgspec.json.Decoder().decode
    received_us = now_us()
    return [_row(decode(body), body, registers, received_us) for body in bodies]


def _row(sale: dict[str, object], body: bytes, registers: dict[str, DirectoryEntry], received_us: int) -> NewDocument:
    register = registers[str(sale["sko"])]
    issued_at = str(sale["issued_at"])
    paid = msgspec.convert(sale["payments"], list[dict[str, str | int]])
    amounts = {str(payment["type"]): int(payment["sum"]) for payment in paid}
    return NewDocument(
        merchant_id=register.merchant_id,
        sko_id=register.sko_id,
        number=msgspec.convert(sale["number"], int),
        type="sale",
        uid=str(sale["uid"]),
        shift=1,
        issued_us=to_us(datetime.fromisoformat(issued_at)),
        day=date.fromisoformat(issued_at[:10]),
        outlet_id=register.placements[0].outlet_id,
        currency="BYN",
        cashier=str(sale["cashier"]),
        offline=False,
        total_minor=msgspec.convert(sale["total"], int),
        cash_minor=amounts.get("cash", 0),
        cashless_minor=amounts.get("cashless", 0),
        other_minor=0,
        discount_minor=0,
        target_number=None,
        base_sko=None,
        base_number=None,
        received_us=received_us,
        body=body,
    )


def raw_rate(database_url: str, rows: list[NewDocument], transaction_documents: int) -> float:
    """Rows a second that one connection inserts (binary COPY, or `executemany` on SQLite), each transaction durable."""
    engine = connect(database_url)
    begun_s = time.perf_counter()
    for start in range(0, len(rows), transaction_documents):
        with writing(engine) as connection:
            insert_documents(connection, rows[start : start + transaction_documents])
    seconds = time.perf_counter() - begun_s
    engine.dispose()
    return len(rows) / seconds
