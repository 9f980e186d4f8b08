"""Migrations of a database that holds documents already."""

import json

import sqlalchemy as sa
from alembic import command
from alembic.migration import MigrationContext

from ingest.fold import fold
from sql.documents import insert_documents
from sql.engine import reading, writing
from sql.instants import DAY_US, now_us
from sql.migrate import configuration
from sql.outlets import add_outlet
from sql.placements import move_sko
from sql.quarantine import Quarantined, keep
from sql.tables import document, number_run, quarantine, turnover_day
from sql.turnover import add_turnover, turnover_differences
from tests.sql.rows import DAY, add_company, new_document


def go_to(engine: sa.Engine, revision: str) -> None:
    with engine.connect() as connection:
        config = configuration()
        config.attributes["connection"] = connection
        now = MigrationContext.configure(connection).get_current_revision() or ""
        step = command.downgrade if revision < now else command.upgrade
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


def test_stored_numbers_and_the_outlets_of_quarantine_are_found_out(engine: sa.Engine):
    merchant_id = add_company(engine)
    with writing(engine) as connection:
        outlet_id = add_outlet(connection, merchant_id, name="Киоск", address="Минск")
        move_sko(connection, merchant_id, 1, outlet_id)
        now = now_us()
        insert_documents(connection, [new_document(number=number) for number in (1, 2, 3, 7, 8)])
        insert_documents(connection, [new_document(number=2, sko_id=2)])
        places = [(1, now - DAY_US), (1, now + DAY_US), (None, now)]
        keep(
            connection,
            [
                Quarantined(merchant_id, bytes([place]) * 32, "total_mismatch", sko_id, 9, "", "", received_us, b"{}")
                for place, (sko_id, received_us) in enumerate(places)
            ],
        )
    go_to(engine, "0010")
    with engine.connect() as connection:
        assert "number_run" not in sa.inspect(connection).get_table_names()
    go_to(engine, "0011")
    with reading(engine) as connection:
        columns = number_run.c["sko_id", "first_number", "last_number"]
        runs = connection.execute(sa.select(*columns).order_by("sko_id", "first_number"))
        assert [tuple(row) for row in runs] == [(1, 1, 3), (1, 7, 8), (2, 2, 2)]
        outlets = connection.execute(sa.select(quarantine.c.outlet_id).order_by(quarantine.c.content_hash))
        assert list(outlets.scalars()) == [1, 2, None]
