"""Bring a database to the newest schema (Alembic, migrations in `sql/migrations/`)."""

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from sql.dialect import lift_time_limit


def configuration() -> Config:
    """Alembic's settings; there is no alembic.ini."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return config


def migrate(engine: sa.Engine) -> None:
    """Run every migration that has not run yet, in one transaction each. Safe to call again.

    An index over all documents takes longer than any other statement may.
    """
    with engine.connect() as connection:
        lift_time_limit(connection)
        config = configuration()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        connection.commit()
