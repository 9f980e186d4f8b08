"""A register that moves leaves its history behind."""

import datetime

import pytest
import sqlalchemy as sa

from sql.engine import reading, writing
from sql.errors import NotFound
from sql.instants import now_us
from sql.merchants import add_merchant
from sql.placements import AlreadyThere, Stay, move_sko, stays_of
from sql.skos import directory, sko_by_number
from sql.turnover_reports import revenue_by_outlet
from tests import till
from tests.shop import MINSK, open_outlets, today


@pytest.fixture
def merchant_id(engine: sa.Engine) -> int:
    with writing(engine) as connection:
        merchant_id = add_merchant(connection, unp="191832203", name="ООО Ромашка")
    open_outlets(engine, merchant_id, ("Первый", "Второй", "Третий"))
    return merchant_id


def move(engine: sa.Engine, merchant_id: int, outlet_id: int, sko_id: int = 1) -> int:
    with writing(engine) as connection:
        return move_sko(connection, merchant_id, sko_id, outlet_id)


def later() -> datetime.datetime:
    """After the move, also to the second that documents are dated by."""
    return (datetime.datetime.now(MINSK) + datetime.timedelta(seconds=1)).replace(microsecond=0)


def test_sales_before_a_move_stay_with_the_old_outlet_and_those_after_it_count_for_the_new_one(
    engine: sa.Engine, merchant_id: int
) -> None:
    till.ring_up(engine, till.sale(1, till.item("Хлеб", 100)))
    assert move(engine, merchant_id, 2) == 1
    till.ring_up(engine, till.sale(2, till.item("Хлеб", 700), at=later()))
    with reading(engine) as connection:
        rows = revenue_by_outlet(connection, merchant_id, today(), today())
        assert sko_by_number(connection, merchant_id, "300000001").outlet_id == 2
    assert {row.outlet_id: row.revenue.sales_minor for row in rows} == {1: 100, 2: 700}


def test_a_late_document_of_before_the_move_goes_to_the_old_outlet(engine: sa.Engine, merchant_id: int) -> None:
    before = till.sale(1, till.item("Хлеб", 100))
    move(engine, merchant_id, 2)
    till.ring_up(engine, before)
    with reading(engine) as connection:
        [row] = revenue_by_outlet(connection, merchant_id, today(), today())
    assert row.outlet_id == 1


def test_stays_tell_where_it_stood_and_until_when(engine: sa.Engine, merchant_id: int) -> None:
    before_us = now_us()
    move(engine, merchant_id, 2)
    move(engine, merchant_id, 1)
    with reading(engine) as connection:
        last, middle, first = stays_of(connection, merchant_id, 1)
        assert stays_of(connection, merchant_id, 1, [2]) == [middle]
        assert stays_of(connection, merchant_id, 2) == [Stay(2, None, None)]
    assert (first.outlet_id, first.since_us, first.until_us) == (1, None, middle.since_us)
    assert (middle.outlet_id, middle.until_us) == (2, last.since_us)
    assert (last.outlet_id, last.until_us) == (1, None)
    assert before_us <= (middle.since_us or 0) <= (last.since_us or 0) <= now_us()


def test_ingest_hears_of_a_move(engine: sa.Engine, merchant_id: int) -> None:
    move(engine, merchant_id, 3)
    with reading(engine) as connection:
        [entry] = directory(connection, ["300000001"]).values()
    assert [place.outlet_id for place in entry.placements] == [1, 3]


def test_no_register_goes_where_it_is_or_where_nothing_is(engine: sa.Engine, merchant_id: int) -> None:
    with writing(engine) as connection:
        rival_id = add_merchant(connection, unp="190000018", name="ООО Астра")
    open_outlets(engine, rival_id, ("Чужой", "Чужой 2", "Чужой 3", "Чужой 4"), first_sko=400000001)
    with pytest.raises(AlreadyThere):
        move(engine, merchant_id, 1)
    with pytest.raises(NotFound):
        move(engine, merchant_id, 4)  # an outlet of the other company
    with pytest.raises(NotFound):
        move(engine, merchant_id, 2, sko_id=4)  # its register
    with reading(engine) as connection:
        assert stays_of(connection, merchant_id, 1) == [Stay(1, None, None)]
        assert stays_of(connection, rival_id, 4) == [Stay(4, None, None)]
