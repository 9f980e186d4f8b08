"""The migrations make exactly the tables that `sql/tables.py` declares."""

from typing import Any

import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from sql.dialect import is_postgresql
from sql.migrate import migrate
from sql.tables import metadata
from tests.sql.test_migrations_of_data import go_to


def test_migrated_schema_equals_the_declared_tables(engine: sa.Engine):
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_server_default": False})
        assert compare_metadata(context, metadata) == []


def test_migrating_twice_changes_nothing(engine: sa.Engine):
    migrate(engine)
    assert "document" in sa.inspect(engine).get_table_names()


def test_migrations_take_the_time_that_they_need(engine: sa.Engine):
    go_to(engine, "0007")
    limits = []

    @sa.event.listens_for(engine, "before_cursor_execute")
    def note(connection: sa.Connection, cursor: Any, statement: str, *_: Any) -> None:
        if "CREATE INDEX" in statement:
            limits.append(time_limit(connection))

    migrate(engine)
    assert limits
    assert set(limits) == {None}
    with engine.connect() as connection:
        assert time_limit(connection) == ("1min" if is_postgresql(connection) else None)


def time_limit(connection: sa.Connection) -> str | None:
    """Of a statement; SQLite knows none."""
    if not is_postgresql(connection):
        return None
    limit = connection.connection.dbapi_connection.execute("SHOW statement_timeout").fetchone()[0]
    return None if limit == "0" else limit
