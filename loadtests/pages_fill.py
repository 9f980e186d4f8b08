"""A PostgreSQL with the big merchant's two years, filled once and kept: for measuring pages, not for writing them.

The rows are copied without indexes, which are made afterwards as the migrations make them; turnover is added up by the
same SQL that proves it.
"""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import NamedTuple

import msgspec
import psycopg
import sqlalchemy as sa

from loadtests import company
from loadtests.cluster import Cluster
from loadtests.pages_documents import OUTLETS, REGISTERS, Row, Shop, outlet_of, sko_number
from loadtests.register import MINSK
from sql import dialect
from sql.deliveries import note_pending
from sql.documents import NewDocument
from sql.engine import connect, writing
from sql.instants import now_us
from sql.migrate import migrate
from sql.number_runs import recomputed_runs
from sql.tables import (
    TURNOVER_COUNTERS,
    TURNOVER_KEY,
    document,
    number_run,
    refused_delivery,
    turnover,
    turnover_day,
    turnover_month,
)
from sql.turnover import added_up_turnover, recomputed_turnover

UNP = "190000018"
SEED = 1
PENDING = 2_000  # the last ones
REASON = "Касса снята с учёта"  # why the first document of each day was refused
# What is copied into a table that is empty needs no write-ahead log; commits are as durable as ever.
OPTIONS = ("wal_level=minimal", "max_wal_senders=0", "maintenance_work_mem=1GB", "max_wal_size=16GB")


class Filled(msgspec.Struct, frozen=True):
    """A filled database: about so many documents, the last of them on `last`."""

    documents: int
    last: date
    merchant_id: int
    login: company.Login
    fill_s: float


class Store(NamedTuple):
    """A filled database and its address."""

    filled: Filled
    url: str


@contextmanager
def kept_cluster(folder: Path) -> Iterator[Cluster]:
    """The cluster that is kept in this folder, made if there is none; stopped in the end."""
    cluster = Cluster(OPTIONS, folder.resolve())
    try:
        yield cluster
    finally:
        cluster.stop()


def store(cluster: Cluster, documents: int) -> Store:
    """The database with so many documents: the one that is kept, with the newest schema, or else a new one."""
    name = f"pages_{documents}"
    url, note = cluster.url(name), cluster.folder / f"{name}.json"
    if note.exists():
        engine = connect(url)
        migrate(engine)
        engine.dispose()
        return Store(msgspec.json.decode(note.read_bytes(), type=Filled), url)
    with psycopg.connect(cluster.url(), autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name}".encode())
        connection.execute(f"CREATE DATABASE {name}".encode())
    filled = _filled(url, documents)
    with os.fdopen(os.open(note, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(msgspec.json.encode(filled))
    return Store(filled, url)


def _filled(url: str, documents: int) -> Filled:
    begun_s = time.monotonic()
    engine = connect(url)
    migrate(engine)
    login = company.add_merchant(UNP, "ООО «Замер»", url)
    merchant_id = company.find_merchant(engine, UNP)
    assert merchant_id is not None, "it was added just now"
    skos: dict[int, list[str]] = {outlet_id: [] for outlet_id in range(1, OUTLETS + 1)}
    for sko_id in range(1, REGISTERS + 1):
        skos[outlet_of(sko_id)].append(sko_number(sko_id))
    company.ensure_places(engine, merchant_id, company.places_of_stores(skos))
    last = datetime.now(MINSK).date()
    with writing(engine) as connection:
        connection.execute(_PATIENTLY)
        _copy(connection, Shop(merchant_id, documents, last, SEED).days())
    with writing(engine) as connection:
        connection.execute(_PATIENTLY)
        _add_up(connection)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(sa.text("SET statement_timeout = 0"))
        connection.execute(sa.text("VACUUM (ANALYZE)"))  # as autovacuum would
        connection.execute(sa.text("CHECKPOINT"))
    engine.dispose()
    return Filled(documents, last, merchant_id, login, time.monotonic() - begun_s)


_PATIENTLY = sa.text("SET LOCAL statement_timeout = 0")


def _copy(connection: sa.Connection, days: Iterator[list[Row]]) -> None:
    """Into a table that is emptied in the same transaction, first the rows and then the indexes."""
    connection.execute(sa.text("TRUNCATE document"))
    connection.execute(sa.schema.DropConstraint(document.primary_key))
    for index in document.indexes:
        index.drop(connection)
    newest: list[Row] = []
    refused: list[Row] = []
    for rows in days:
        dialect.bulk_insert(connection, document, rows)
        refused.append((*rows[0][:3], REASON, now_us()))
        newest = [*newest, *rows][-PENDING:]
    connection.execute(sa.schema.AddConstraint(document.primary_key))
    for index in document.indexes:
        index.create(connection)
    note_pending(connection, [NewDocument(*row) for row in newest], now_us())
    dialect.bulk_insert(connection, refused_delivery, refused)


def _add_up(connection: sa.Connection) -> None:
    """The turnover tables and the numbers that are stored, each out of what it must equal."""
    connection.execute(sa.insert(turnover).from_select([*TURNOVER_KEY, *TURNOVER_COUNTERS], recomputed_turnover()))
    for table in (turnover_day, turnover_month):
        names = [column.name for column in table.columns]
        connection.execute(sa.insert(table).from_select(names, added_up_turnover(table)))
    connection.execute(sa.insert(number_run).from_select(number_run.columns.keys(), recomputed_runs()))
