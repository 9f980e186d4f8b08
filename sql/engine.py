"""Connections: one SQLAlchemy engine a process, for SQLite or PostgreSQL (15 or newer)."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event

from sql.dialect import storage_errors

# For the other floors, which don't import SQLAlchemy themselves.
Connection = sa.Connection
Engine = sa.Engine

DEFAULT_DATABASE_URL = "sqlite:///var/kabinet.db"
SQLITE_BUSY_TIMEOUT_MS = 10_000
POSTGRESQL_STATEMENT_TIMEOUT_MS = 60_000
POSTGRESQL_CONNECT_TIMEOUT_S = 5
POSTGRESQL_OPTIONS = {
    "statement_timeout": POSTGRESQL_STATEMENT_TIMEOUT_MS,
    "timezone": "UTC",
    # Which index is right depends on the values. A plan for any values, which PostgreSQL takes to after some prepared
    # ones, read all of a million documents for two thousand that were pending: 640 ms instead of 5.
    "plan_cache_mode": "force_custom_plan",
    # Compiling a statement costs more than any of ours takes.
    "jit": "off",
}

# Else PostgreSQL gives each statement a view of its own, and a total need not be the sum of the rows read after it.
ONE_VIEW: dict[str, dict[str, Any]] = {"postgresql": {"isolation_level": "REPEATABLE READ"}, "sqlite": {}}


def connect(url: str, *, pool_size: int = 5) -> sa.Engine:
    """An engine for `sqlite:///path` or `postgresql://…`; ValueError for any other scheme.

    SQLite runs in WAL mode with foreign keys and full durability; the folder of its file is made if it is missing.
    """
    parsed = sa.make_url(url)
    backend = parsed.get_backend_name()
    if backend in ("postgresql", "postgres"):
        return _connect_postgresql(parsed, pool_size)
    if backend == "sqlite":
        return _connect_sqlite(parsed, pool_size)
    raise ValueError(f"DATABASE_URL has the scheme {backend!r}; use sqlite:///path or postgresql://…")


def _connect_postgresql(url: sa.URL, pool_size: int) -> sa.Engine:
    return sa.create_engine(
        url.set(drivername="postgresql+psycopg"),
        pool_size=pool_size,
        pool_pre_ping=True,
        connect_args={
            "connect_timeout": POSTGRESQL_CONNECT_TIMEOUT_S,
            "options": " ".join(f"-c {name}={value}" for name, value in POSTGRESQL_OPTIONS.items()),
        },
    )


def _connect_sqlite(url: sa.URL, pool_size: int) -> sa.Engine:
    if url.database and url.database != ":memory:":
        Path(url.database).resolve().parent.mkdir(parents=True, exist_ok=True)
    engine = sa.create_engine(
        url.set(drivername="sqlite+pysqlite"),
        pool_size=pool_size,
        poolclass=sa.QueuePool,
        connect_args={"check_same_thread": False, "timeout": SQLITE_BUSY_TIMEOUT_MS / 1000},
    )
    event.listen(engine, "connect", _set_pragmas)
    event.listen(engine, "begin", _begin)
    return engine


def _set_pragmas(dbapi_connection: Any, _record: Any) -> None:
    # The driver's own transaction control is switched off: it would begin late and commit early.
    dbapi_connection.isolation_level = None
    cursor = dbapi_connection.cursor()
    for pragma in (
        f"busy_timeout = {SQLITE_BUSY_TIMEOUT_MS}",
        "journal_mode = WAL",
        "synchronous = FULL",  # an acknowledgement means: on disk, even after a power cut
        "foreign_keys = ON",
        "cache_size = -65536",
        "temp_store = MEMORY",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin(connection: sa.Connection) -> None:
    # A transaction that will write takes SQLite's write lock at once: upgrading a read lock later can fail.
    writing = connection.get_execution_options().get("writing", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")


@contextmanager
def reading(engine: sa.Engine) -> Iterator[sa.Connection]:
    """A transaction that only reads: one consistent view of the data."""
    with engine.connect().execution_options(**ONE_VIEW[engine.dialect.name]) as connection, connection.begin():
        yield connection


@contextmanager
def writing(engine: sa.Engine) -> Iterator[sa.Connection]:
    """A transaction that writes: committed when the block ends, rolled back when it raises."""
    with engine.connect().execution_options(writing=True) as connection, connection.begin():
        yield connection


def open_for_writing(engine: sa.Engine) -> sa.Connection:
    """A connection to keep, whose transactions write. Raises StorageUnavailable if the database doesn't answer."""
    with storage_errors():
        return engine.connect().execution_options(writing=True)
