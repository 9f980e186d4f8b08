"""The journal only ever grows."""

import pytest
import sqlalchemy as sa

from sql.engine import reading, writing
from sql.journal import write_journal
from sql.tables import journal
from tests.accounts import make_merchant


@pytest.fixture
def merchant_id(engine: sa.Engine) -> int:
    merchant_id = make_merchant(engine).merchant_id
    with writing(engine) as connection:
        write_journal(connection, merchant_id, "login", actor="owner@romashka.by", detail={"way": "password"})
    return merchant_id


@pytest.mark.parametrize("statement", [sa.update(journal).values(actor="somebody"), sa.delete(journal)])
def test_nothing_in_it_is_changed_or_deleted(engine: sa.Engine, merchant_id: int, statement: sa.Executable):
    with pytest.raises(sa.exc.DBAPIError, match="only ever added"), writing(engine) as connection:
        connection.execute(statement)
    with reading(engine) as connection:
        [row] = connection.execute(sa.select(journal)).all()
    assert (row.merchant_id, row.actor, row.detail) == (merchant_id, "owner@romashka.by", '{"way": "password"}')


def test_what_is_too_long_is_cut_rather_than_lost(engine: sa.Engine, merchant_id: int):
    with writing(engine) as connection:
        write_journal(connection, merchant_id, "login", actor="a", subject="s" * 300, detail={"x": "y" * 3_000})
    with reading(engine) as connection:
        rows = connection.execute(sa.select(journal.c.subject, journal.c.detail)).all()
    assert ("s" * 256, "{}") in rows
