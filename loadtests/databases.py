"""Prepared databases to copy: a benchmark wants a fresh one for each row of its table."""

import itertools
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Protocol

import psycopg

from loadtests.cluster import Cluster
from sql.engine import Engine, connect
from sql.migrate import migrate

Prepare = Callable[[Engine, str], None]  # an engine and the address of a migrated, empty database


class Databases(Protocol):
    """Copies of one prepared database."""

    name: str
    transaction_documents: int  # of the ceiling: larger transactions are not faster

    def fresh(self) -> AbstractContextManager[str]:
        """The address of a copy, which is removed afterwards."""


class SqliteDatabases:
    name = "SQLite"
    transaction_documents = 2_000

    def __init__(self, folder: Path, prepare: Prepare) -> None:
        self._folder = folder
        self._template = folder / "template.db"
        self._numbers = itertools.count()
        _prepare(f"sqlite:///{self._template}", prepare)

    @contextmanager
    def fresh(self) -> Iterator[str]:
        """The address of a copy, which is removed afterwards."""
        path = self._folder / f"copy-{next(self._numbers)}.db"
        shutil.copy(self._template, path)
        try:
            yield f"sqlite:///{path}"
        finally:
            for file in self._folder.glob(f"{path.name}*"):
                file.unlink()


class PostgresqlDatabases:
    name = "PostgreSQL"
    transaction_documents = 4_000

    def __init__(self, cluster: Cluster, prepare: Prepare) -> None:
        self._cluster = cluster
        self._numbers = itertools.count()
        self._execute("CREATE DATABASE template")
        _prepare(cluster.url("template"), prepare)

    @contextmanager
    def fresh(self) -> Iterator[str]:
        """The address of a copy, which is removed afterwards."""
        name = f"copy_{next(self._numbers)}"
        self._execute(f"CREATE DATABASE {name} TEMPLATE template")
        # What is still to be written of the copy must not disturb the measurement.
        self._execute("CHECKPOINT")
        try:
            yield self._cluster.url(name)
        finally:
            self._execute(f"DROP DATABASE {name} WITH (FORCE)")

    def _execute(self, statement: str) -> None:
        with psycopg.connect(self._cluster.url(), autocommit=True) as connection:
            connection.execute(statement.encode())


def _prepare(url: str, prepare: Prepare) -> None:
    engine = connect(url)
    migrate(engine)
    prepare(engine, url)
    engine.dispose()


@contextmanager
def sqlite(prepare: Prepare) -> Iterator[SqliteDatabases]:
    with tempfile.TemporaryDirectory(prefix="kabinet-sqlite-") as folder:
        yield SqliteDatabases(Path(folder), prepare)


@contextmanager
def postgresql(prepare: Prepare) -> Iterator[PostgresqlDatabases]:
    """On a cluster of our own that commits durably: fsync and synchronous_commit are on, as they are by default."""
    cluster = Cluster(())
    try:
        yield PostgresqlDatabases(cluster, prepare)
    finally:
        cluster.remove()


SOURCES: dict[str, Callable[[Prepare], AbstractContextManager[Databases]]] = {
    "sqlite": sqlite,
    "postgresql": postgresql,
}
