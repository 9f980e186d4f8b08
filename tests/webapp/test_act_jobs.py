"""Acts are made by the jobs when a month has ended: each once, whoever makes them and however often."""

import datetime
import threading

import pytest
import sqlalchemy as sa

from sql.act_making import ZONE, month_before
from sql.acts import Provider, acts_of
from sql.engine import reading, writing
from sql.instants import now_us, to_us
from sql.merchants import add_merchant
from sql.outlets import add_outlet
from sql.skos import add_sko
from sql.tables import act, sko
from sql.tariffs import add_tariff
from webapp.act_jobs import Acts, make_acts

PROVIDER = Provider(name="ООО «Оператор»")
MERCHANTS = 5


@pytest.fixture
def merchant_ids(engine: sa.Engine) -> list[int]:
    """Merchants with a register that was connected long ago; and what it costs."""
    with writing(engine) as connection:
        for kind in ("registration", "subscription"):
            values = {"service": kind, "price_minor": 4500, "vat_percent": None}
            first = datetime.date(2024, 1, 1)
            add_tariff(connection, kind=kind, first_month=first, last_month=None, **values)
        return [add_shop(connection, f"19000000{place}") for place in range(MERCHANTS)]


def add_shop(connection: sa.Connection, unp: str) -> int:
    merchant_id = add_merchant(connection, unp=unp, name="ООО Ромашка")
    add_outlet(connection, merchant_id, name="Магазин", address="Минск")
    add_sko(connection, merchant_id, number=unp, outlet_id=1, model="smart")
    long_ago = to_us(datetime.datetime(2025, 1, 15, tzinfo=ZONE))
    connection.execute(sa.update(sko).where(sko.c.merchant_id == merchant_id).values(created_us=long_ago))
    return merchant_id


def numbers(engine: sa.Engine) -> list[tuple[int, int, str]]:
    with reading(engine) as connection:
        rows = connection.execute(sa.select(act.c.merchant_id, act.c.number, act.c.kind).order_by(act.c.merchant_id))
        return [tuple(row) for row in rows]


def test_each_merchant_gets_its_act_and_running_again_changes_nothing(engine: sa.Engine, merchant_ids: list[int]):
    Acts(engine, PROVIDER).drain()
    made = numbers(engine)
    assert made == [(merchant_id, 1, "subscription") for merchant_id in merchant_ids]
    Acts(engine, PROVIDER).drain()
    assert numbers(engine) == made


def test_the_act_is_dated_at_the_end_of_its_month_and_priced_by_the_tariff(engine: sa.Engine, merchant_ids: list[int]):
    Acts(engine, PROVIDER).drain()
    with reading(engine) as connection:
        [found] = acts_of(connection, merchant_ids[0], "subscription")
    assert found.month == month_before(now_us())
    assert found.issued + datetime.timedelta(days=1) == datetime.datetime.now(ZONE).date().replace(day=1)
    assert (found.quantity, found.total_minor, found.provider) == (1, 4500, PROVIDER)


def test_what_is_killed_in_the_middle_goes_on_where_it_was(engine: sa.Engine, merchant_ids: list[int]):
    half_done = make_acts(engine, PROVIDER, month_before(now_us()))
    next(half_done)
    next(half_done)
    half_done.close()
    assert len(numbers(engine)) == 2
    Acts(engine, PROVIDER).drain()
    assert numbers(engine) == [(merchant_id, 1, "subscription") for merchant_id in merchant_ids]


def test_two_at_once_make_each_act_once(engine: sa.Engine, merchant_ids: list[int]):
    workers = [threading.Thread(target=Acts(engine, PROVIDER).drain) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert numbers(engine) == [(merchant_id, 1, "subscription") for merchant_id in merchant_ids]


def test_the_registration_is_charged_in_the_month_of_connection_alone(engine: sa.Engine, merchant_ids: list[int]):
    made = list(make_acts(engine, PROVIDER, datetime.date(2025, 1, 1)))
    assert len(made) == MERCHANTS
    assert {kind for _, _, kind in numbers(engine)} == {"registration"}


def test_no_tariff_no_name_no_acts(engine: sa.Engine, merchant_ids: list[int]):
    assert list(make_acts(engine, PROVIDER, datetime.date(2023, 12, 1))) == []
    Acts(engine, Provider(name="")).drain()
    assert numbers(engine) == []


def test_the_thread_makes_them_and_stops(engine: sa.Engine, merchant_ids: list[int]):
    acts = Acts(engine, PROVIDER)
    acts.start()
    acts.stop()
    Acts(engine, PROVIDER).drain()
    assert len(numbers(engine)) == MERCHANTS
