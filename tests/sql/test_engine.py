"""Connections behave as `engine.py` sets them up."""

import pytest
import sqlalchemy as sa

from sql.dialect import storage_errors
from sql.engine import reading, writing
from sql.errors import StorageUnavailable
from sql.merchants import add_merchant

MANY = 20  # after five times the driver prepares a statement, after five more PostgreSQL may settle for one plan


def test_a_statement_is_planned_for_its_values_however_often_it_is_run(engine: sa.Engine, backend: str):
    statement = sa.text("SELECT count(*) FROM document WHERE merchant_id = :merchant_id")
    with reading(engine) as connection:
        for merchant_id in range(MANY):
            assert connection.execute(statement, {"merchant_id": merchant_id}).scalar() == 0
        if backend == "postgresql":
            plans = (
                "SELECT generic_plans, custom_plans FROM pg_prepared_statements WHERE statement LIKE '%FROM document%'"
            )
            [(generic, custom)] = connection.execute(sa.text(plans)).all()
            assert generic == 0
            assert custom > 0


def test_what_is_read_together_is_of_one_moment(engine: sa.Engine):
    count = sa.text("SELECT count(*) FROM merchant")
    with reading(engine) as connection:
        before = connection.execute(count).scalar()
        with writing(engine) as other:
            add_merchant(other, unp="191234567", name="Ромашка")
        assert connection.execute(count).scalar() == before
    with reading(engine) as connection:
        assert connection.execute(count).scalar() == before + 1


def test_a_database_that_only_reads_is_away_for_who_writes(engine: sa.Engine, backend: str):
    read_only = {"postgresql": "SET TRANSACTION READ ONLY", "sqlite": "PRAGMA query_only = ON"}[backend]
    with writing(engine) as connection:
        connection.execute(sa.text(read_only))
        with pytest.raises(StorageUnavailable), storage_errors():
            add_merchant(connection, unp="191234567", name="Ромашка")
