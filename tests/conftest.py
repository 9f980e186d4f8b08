"""Databases for tests: each test that asks for `engine` runs on SQLite and on a real PostgreSQL, on an empty schema."""

import datetime
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

import psycopg
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck
from hypothesis import settings as examples

from loadtests.cluster import Cluster
from sql.engine import connect
from sql.migrate import migrate
from tests.postgresql import TEMPLATE, take, url

BACKENDS = ("sqlite", "postgresql")
# One cluster for the whole run: the first process starts it, the workers of pytest-xdist inherit its address.
CLUSTER_PORT = "KABINET_TEST_CLUSTER_PORT"
MINSK = ZoneInfo("Europe/Minsk")
A_TEST_S = 60  # more than any that speaks of today takes

_cluster: Cluster | None = None

# On a busy machine an example, or making up some, may take any time.
examples.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
examples.load_profile("unhurried")


def pytest_configure(config: pytest.Config) -> None:
    global _cluster
    if CLUSTER_PORT in os.environ or config.option.collectonly:
        return
    _cluster = Cluster()
    os.environ[CLUSTER_PORT] = str(_cluster.port)
    with psycopg.connect(url(_cluster.port, "postgres"), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {TEMPLATE}".encode())
    migrate_and_close(url(_cluster.port, TEMPLATE))


def pytest_unconfigure() -> None:
    if _cluster:
        del os.environ[CLUSTER_PORT]
        _cluster.remove()


def pytest_runtest_setup() -> None:
    """No test begins shortly before midnight: what is today for its data must still be today for the pages."""
    now = datetime.datetime.now(MINSK)
    midnight = datetime.datetime.combine(now.date() + datetime.timedelta(days=1), datetime.time(), MINSK)
    left_s = (midnight - now).total_seconds()
    if left_s < A_TEST_S:
        time.sleep(left_s + 0.1)


def migrate_and_close(url: str) -> None:
    engine = connect(url)
    migrate(engine)
    engine.dispose()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file to copy: faster than migrating for each test."""
    path = tmp_path_factory.mktemp("template") / "kabinet.db"
    migrate_and_close(f"sqlite:///{path}")
    return path


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def database_url(backend: str, sqlite_template: Path, tmp_path: Path) -> Iterator[str]:
    """The address of a fresh, migrated, empty database."""
    if backend == "sqlite":
        shutil.copy(sqlite_template, tmp_path / "kabinet.db")
        yield f"sqlite:///{tmp_path / 'kabinet.db'}"
        return
    database = take(int(os.environ[CLUSTER_PORT]))
    yield database.url
    database.release()


@pytest.fixture
def engine(database_url: str) -> Iterator[sa.Engine]:
    """An engine on a fresh, migrated, empty database."""
    engine = connect(database_url)
    yield engine
    engine.dispose()
