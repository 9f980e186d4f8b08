"""How many documents of each type: the same as counting them one by one."""

import datetime
import itertools
import random

import pytest
import sqlalchemy as sa

from ingest.fold import fold
from sql.document_counts import count_by_type
from sql.document_plans import Search
from sql.documents import insert_documents
from sql.engine import reading, writing
from sql.instants import DAY_US
from sql.tables import DOCUMENT_TYPES
from sql.turnover import add_turnover
from tests.sql.rows import DAY, NOON_US, add_company, new_document


@pytest.mark.parametrize("seed", range(3))
def test_counts_are_those_of_the_documents(engine: sa.Engine, seed: int) -> None:
    chance = random.Random(seed)
    merchant_id = add_company(engine, numbers=("300000001", "300000002"))
    rows = [
        new_document(
            merchant_id=merchant_id,
            sko_id=chance.choice((1, 2)),
            number=number,
            type=chance.choice(DOCUMENT_TYPES),
            currency=chance.choice(("BYN", "EUR")),
            day=DAY + datetime.timedelta(days=ago),
            issued_us=NOON_US + ago * DAY_US,
        )
        for number, ago in ((number, chance.randrange(-3, 1)) for number in range(1, 120))
    ]
    with writing(engine) as connection:
        insert_documents(connection, rows)
        add_turnover(connection, fold(rows))
    days = (None, DAY - datetime.timedelta(days=2), DAY)
    for first, last, sko_ids in itertools.product(days[:2], (None, *days[1:]), ((), (2,))):
        search = Search(merchant_id=merchant_id, first=first, last=last, sko_ids=sko_ids, outlet_ids=(1,) * bool(seed))
        expected = {
            type_: sum(
                row.type == type_
                and (first is None or row.day >= first)
                and (last is None or row.day <= last)
                and (not sko_ids or row.sko_id in sko_ids)
                for row in rows
            )
            for type_ in DOCUMENT_TYPES
        }
        with reading(engine) as connection:
            found = count_by_type(connection, search)
        assert found == {type_: count for type_, count in expected.items() if count}
