"""However a history arrives (shuffled, split, repeated, interleaved), the tables end up as if it came once in order."""

import datetime
import json
from typing import Any

import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from loadtests.generator import History
from sql.engine import writing
from sql.tables import (
    document,
    pending_delivery,
    quarantine,
    shift,
    turnover,
    turnover_day,
    turnover_month,
    z_counter,
)
from sql.turnover import turnover_differences
from tests.ingest.conftest import Register

TABLES = (document, turnover, turnover_day, turnover_month, shift, z_counter, quarantine)
KEPT = [column for table in TABLES for column in table.columns if column.name != "received_us"]
JSON_TYPE = {"content-type": "application/json"}


def contents(engine: sa.Engine) -> list[Any]:
    """All rows of all tables, and the tables emptied for the next example."""
    with writing(engine) as connection:
        assert turnover_differences(connection) == []
        rows = [
            sorted(connection.execute(sa.select(*(c for c in table.columns if c in set(KEPT)))).all(), key=repr)
            for table in TABLES
        ]
        rows.append(pending_numbers(connection))
        for table in (*TABLES, pending_delivery):
            connection.execute(sa.delete(table))
    return rows


def pending_numbers(connection: sa.Connection) -> list[int]:
    """What is to be delivered, each number as often as a range holds it: how it falls into ranges is no matter."""
    ranges = connection.execute(sa.select(pending_delivery.c.first_number, pending_delivery.c.last_number))
    return sorted(number for first, last in ranges for number in range(first, last + 1))


def post(register: Register, batches: list[list[dict[str, Any]]]) -> None:
    bodies = [json.dumps({"documents": batch}).encode() for batch in batches if batch]
    answers = register.ask(*(("POST", "/v1/documents", body, JSON_TYPE) for body in bodies))
    assert all(answer.json()["problems"] == [] for answer in answers)


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(data=st.data(), seed=st.integers(0, 1000), days=st.integers(1, 3))
def test_any_way_of_arrival_gives_the_same_tables(
    engine: sa.Engine, register: Register, data: st.DataObject, seed: int, days: int
):
    history = History("300012345", seed, sales_a_day=6)
    first = datetime.date(2026, 3, 1)
    documents = [one for day in range(days) for one in history.day(first + datetime.timedelta(days=day))]
    post(register, [documents])
    in_order = contents(engine)
    assert in_order[0]
    assert in_order[-1] == sorted(one["number"] for one in documents)
    repeated = documents + data.draw(st.lists(st.sampled_from(documents), max_size=10))
    shuffled = data.draw(st.permutations(repeated))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(shuffled)), max_size=6)))
    post(register, [shuffled[a:b] for a, b in zip([0, *cuts], [*cuts, len(shuffled)], strict=True)])
    assert contents(engine) == in_order
