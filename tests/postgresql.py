"""Empty PostgreSQL databases for tests, used again and again: emptying one takes a hundredth of making one."""

import itertools
import os

import psycopg

from sql.tables import metadata

TEMPLATE = "kabinet_template"
# Rows that are deleted stay in the file. One that has grown is slow to empty, and plans would see its size.
SIZE_MAX_BYTES = 2_000_000

_counter = itertools.count()
_free: list["Database"] = []

# Triggers and foreign keys sleep meanwhile: the journal lets nobody delete, and the order doesn't matter.
_EMPTY = ";".join(
    [
        "SET session_replication_role = replica",
        *(f'DELETE FROM "{table.name}"' for table in metadata.sorted_tables),
        "SELECT setval(oid::regclass, 1, false) FROM pg_class WHERE relkind = 'S'",
    ]
)
_END_OTHERS = (
    "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
)
# Whatever a test can leave behind beside rows: another schema, statistics, sheer size.
_TRACES = f"""
    SELECT (SELECT md5(string_agg(concat_ws(' ', attrelid, attname, atttypid, atttypmod, attnotnull), ','
                                  ORDER BY attrelid, attnum)) FROM pg_attribute WHERE attrelid >= 16384),
           (SELECT md5(string_agg(concat_ws(' ', oid, conname), ',' ORDER BY oid))
              FROM pg_constraint WHERE oid >= 16384),
           (SELECT md5(string_agg(concat_ws(' ', oid, tgname, tgenabled), ',' ORDER BY oid)) FROM pg_trigger),
           (SELECT md5(string_agg(concat_ws(' ', oid, relname, reltuples), ',' ORDER BY oid))
              FROM pg_class WHERE oid >= 16384),
           (SELECT sum(pg_relation_size(oid)) < {SIZE_MAX_BYTES} FROM pg_class WHERE oid >= 16384 AND relkind = 'r')
"""


class Database:
    """A migrated database that was empty when it was taken."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._name = f"test_{os.getpid()}_{next(_counter)}"
        with self._connect("postgres") as connection:
            connection.execute(f"CREATE DATABASE {self._name} TEMPLATE {TEMPLATE}".encode())
        with self._connect(self._name) as connection:
            self._traces = connection.execute(_TRACES.encode()).fetchone()

    @property
    def url(self) -> str:
        return url(self._port, self._name)

    def release(self) -> None:
        """Empty it for the next test; remove it if that isn't all that it takes."""
        with self._connect(self._name) as connection:
            connection.execute(_END_OTHERS.encode())
            if connection.execute(_TRACES.encode()).fetchone() == self._traces:
                connection.execute(_EMPTY.encode())
                _free.append(self)
                return
        with self._connect("postgres") as connection:
            connection.execute(f"DROP DATABASE {self._name} WITH (FORCE)".encode())

    def _connect(self, database: str) -> psycopg.Connection:
        return psycopg.connect(url(self._port, database), autocommit=True)


def take(port: int) -> Database:
    """An empty, migrated database in the cluster at this port, until it is released."""
    return _free.pop() if _free else Database(port)


def url(port: int, database: str) -> str:
    return f"postgresql://kabinet@127.0.0.1:{port}/{database}"
