"""What SQLite and PostgreSQL do differently: the only place that asks which database it is.

Bulk work goes past SQLAlchemy's expression language to the driver: binary COPY on PostgreSQL, `executemany` on SQLite.
"""

import contextlib
import datetime
import sqlite3
from collections.abc import Collection, Iterator, Sequence
from typing import Any

import psycopg
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import GenericFunction

from sql.errors import AlreadyStored, StorageUnavailable

SQLITE_PARAMETERS_MAX = 30_000  # its own limit is 32,766 in one statement

_POSTGRESQL = postgresql.dialect()  # type: ignore[no-untyped-call]

# Python 3.12 deprecates the driver's own adapter of dates; this is the same one.
sqlite3.register_adapter(datetime.date, datetime.date.isoformat)


def is_postgresql(connection: sa.Connection) -> bool:
    return connection.dialect.name == "postgresql"


def lift_time_limit(connection: sa.Connection) -> None:
    """Let statements of this connection take as long as they need, until it is closed. Before its first transaction."""
    if is_postgresql(connection):
        connection.detach()  # from the pool: nobody else gets it afterwards
        connection.exec_driver_sql("SET statement_timeout = 0")
        connection.commit()


@contextlib.contextmanager
def storage_errors() -> Iterator[None]:
    """Turn the drivers' errors into AlreadyStored (a key is taken) or StorageUnavailable (no answer, disk full, …)."""
    try:
        yield
    except sa.exc.DBAPIError as error:
        raise _translated(error.orig) or error from error
    except (psycopg.Error, sqlite3.Error) as error:
        raise _translated(error) or error from error


def _translated(error: BaseException | None) -> Exception | None:
    if isinstance(error, psycopg.errors.UniqueViolation):
        return AlreadyStored(str(error))
    if isinstance(error, sqlite3.IntegrityError) and "UNIQUE constraint" in str(error):
        return AlreadyStored(str(error))
    # Read-only is what a server has become that another one took over from.
    read_only = psycopg.errors.ReadOnlySqlTransaction
    unavailable = (psycopg.OperationalError, psycopg.InterfaceError, read_only, sqlite3.OperationalError)
    return StorageUnavailable(str(error)) if isinstance(error, unavailable) else None


def insert(connection: sa.Connection, table: sa.Table) -> postgresql.Insert | sqlite.Insert:
    """An INSERT that knows ON CONFLICT; both databases spell it the same way."""
    return postgresql.insert(table) if is_postgresql(connection) else sqlite.insert(table)


def bulk_insert(connection: sa.Connection, table: sa.Table, rows: Collection[Sequence[Any]]) -> None:
    """Insert rows whose values stand in the order of the table's columns. AlreadyStored if a key is taken."""
    driver, columns, marks = _driver(connection), _names(table), _marks(table)
    with storage_errors():
        if not is_postgresql(connection):
            driver.executemany(f"INSERT INTO {table.name} ({columns}) VALUES ({marks})", rows)
            return
        with (
            driver.cursor() as cursor,
            cursor.copy(f"COPY {table.name} ({columns}) FROM STDIN (FORMAT BINARY)") as copy,
        ):
            copy.set_types(_copy_types(table))
            for row in rows:
                copy.write_row(row)


def _driver(connection: sa.Connection) -> Any:
    """The driver's own connection, in the same transaction."""
    driver = connection.connection.driver_connection
    if driver is None:
        raise StorageUnavailable("The connection is closed")
    return driver


def _names(table: sa.Table) -> str:
    return ", ".join(column.name for column in table.columns)


def _marks(table: sa.Table) -> str:
    return ", ".join("?" * len(table.columns))


def _copy_types(table: sa.Table) -> list[str]:
    names = [column.type.compile(_POSTGRESQL).split("(")[0].lower() for column in table.columns]
    return ["text" if name == "varchar" else name for name in names]


def add_up(connection: sa.Connection, table: sa.Table, rows: Collection[tuple[Any, ...]]) -> None:
    """Insert rows, or where the primary key is there already, add the other columns to what stands there.

    Values stand in the order of the table's columns, no key twice. Rows are taken in the order of their keys, so that
    two processes that touch the same rows can't deadlock.
    """
    key = [column.name for column in table.primary_key.columns]
    counters = [column.name for column in table.columns if column.name not in key]
    added = ", ".join(f"{name} = {table.name}.{name} + excluded.{name}" for name in counters)
    conflict = f"ON CONFLICT ({', '.join(key)}) DO UPDATE SET {added}"
    ordered = sorted(rows)  # the key stands first
    driver, columns, marks = _driver(connection), _names(table), _marks(table)
    with storage_errors():
        if not is_postgresql(connection):
            driver.executemany(f"INSERT INTO {table.name} ({columns}) VALUES ({marks}) {conflict}", ordered)
            return
        arrays = ", ".join(f"%b::{name}[]" for name in _copy_types(table))
        statement = f"INSERT INTO {table.name} ({columns}) SELECT * FROM unnest({arrays}) {conflict}"
        driver.execute(statement, [list(values) for values in zip(*ordered, strict=True)])


class first_of_month(GenericFunction[datetime.date]):  # noqa: N801  (spelled like the SQL function that it is)
    """The first day of a date's month."""

    type = sa.Date()
    inherit_cache = True


@compiles(first_of_month, "postgresql")
def _first_of_month_postgresql(element: Any, compiler: Any, **options: Any) -> str:
    return f"CAST(date_trunc('month', {compiler.process(element.clauses, **options)}) AS DATE)"


@compiles(first_of_month, "sqlite")
def _first_of_month_sqlite(element: Any, compiler: Any, **options: Any) -> str:
    return f"date({compiler.process(element.clauses, **options)}, 'start of month')"


def select_keys(
    connection: sa.Connection,
    columns: Sequence[sa.ColumnElement[Any]],
    key: Sequence[sa.Column[Any]],
    keys: Sequence[Any],
) -> Iterator[Any]:
    """The rows whose `key` columns are among `keys` (a sequence of equally long tuples), in any order."""
    if is_postgresql(connection):
        types = [column.type for column in key]
        arrays = [
            sa.cast(list(values), postgresql.ARRAY(type_))
            for values, type_ in zip(zip(*keys, strict=True), types, strict=True)
        ]
        wanted = sa.func.unnest(*arrays).table_valued(*(f"k{i}" for i in range(len(key)))).render_derived()
        on = sa.and_(*(column == wanted.c[f"k{i}"] for i, column in enumerate(key)))
        yield from connection.execute(sa.select(*columns).join_from(key[0].table, wanted, on))
        return
    chunk = SQLITE_PARAMETERS_MAX // len(key)
    for start in range(0, len(keys), chunk):
        condition = sa.tuple_(*key).in_(keys[start : start + chunk])
        yield from connection.execute(sa.select(*columns).where(condition))
