"""The migrations make exactly the tables that `sql/tables.py` declares."""

import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from sql.migrate import migrate
from sql.tables import metadata


def test_migrated_schema_equals_the_declared_tables(engine: sa.Engine):
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_server_default": False})
        assert compare_metadata(context, metadata) == []


def test_migrating_twice_changes_nothing(engine: sa.Engine):
    migrate(engine)
    assert "document" in sa.inspect(engine).get_table_names()
