"""Migrations of a database that holds documents already."""

import json

import sqlalchemy as sa
from alembic import command

from ingest.fold import fold
from sql.documents import insert_documents
from sql.engine import reading, writing
from sql.migrate import configuration
from sql.tables import document, turnover_day
from sql.turnover import add_turnover, turnover_differences
from tests.sql.rows import DAY, new_document


def go_to(engine: sa.Engine, revision: str) -> None:
    with engine.connect() as connection:
        config = configuration()
        config.attributes["connection"] = connection
        step = command.downgrade if revision < "0002" else command.upgrade
        step(config, revision)
        connection.commit()


def test_turnover_is_added_up_and_refunds_name_their_sales(engine: sa.Engine):
    base = {"sko": "300012345", "number": 1}
    bodies = [{}, {"base": base}, {"unknown": 10**30}, {"base": {**base, "number": 2**53 - 1}, "note": "\ud800"}]
    rows = [
        new_document(number=number, type="refund", day=DAY.replace(day=number), body=json.dumps(body).encode())
        for number, body in enumerate(bodies, start=1)
    ]
    with writing(engine) as connection:
        insert_documents(connection, rows)
        add_turnover(connection, fold(rows))
    go_to(engine, "0001")
    go_to(engine, "0002")
    with reading(engine) as connection:
        assert turnover_differences(connection) == []
        assert connection.execute(sa.select(sa.func.count()).select_from(turnover_day)).scalar() == len(rows)
        named = connection.execute(sa.select(document.c.base_sko, document.c.base_number).order_by("number")).all()
    assert named == [(None, None), ("300012345", 1), (None, None), ("300012345", 2**53 - 1)]
