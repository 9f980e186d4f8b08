"""What is known of one register: its device, its drawer, its last document, what is unsent, its settings."""

import datetime

import pytest
import sqlalchemy as sa

from sql.engine import reading, writing
from sql.instants import now_us, to_us
from sql.merchants import add_merchant
from sql.placements import move_sko
from sql.register_settings import applied_versions
from sql.sko_details import (
    Unsent,
    cash_in_drawer,
    describe_sko,
    last_of_sko,
    settings_of_sko,
    sko_details,
    unsent_of,
)
from sql.tables import pending_delivery, refused_delivery, settings_version
from tests import till
from tests.shop import MINSK, open_outlets

AT = datetime.datetime(2026, 3, 2, 9, tzinfo=MINSK)
HOUR = datetime.timedelta(hours=1)


@pytest.fixture
def merchant_id(engine: sa.Engine) -> int:
    with writing(engine) as connection:
        merchant_id = add_merchant(connection, unp="191832203", name="ООО Ромашка")
    open_outlets(engine, merchant_id, ("Первый", "Второй"))
    return merchant_id


def test_the_device_is_described_once_for_this_register_alone(engine: sa.Engine, merchant_id: int) -> None:
    known = {"serial_number": "IK1", "firmware": "3.8", "registered_us": 5, "certificate_until_us": 7}
    with writing(engine) as connection:
        describe_sko(connection, merchant_id, 1, **known)
        found, other = (sko_details(connection, merchant_id, sko_id) for sko_id in (1, 2))
    assert {name: getattr(found, name) for name in known} == known
    assert (other.serial_number, other.certificate_until_us) == ("", None)


def test_the_drawer_holds_what_was_put_in_less_what_was_taken_out(engine: sa.Engine, merchant_id: int) -> None:
    goods = till.item("Хлеб", 1_000)
    annulled = till.sale(4, till.item("Сыр", 5_000))
    till.ring_up(
        engine,
        till.drawer("deposit", 1, 10_000),
        till.sale(2, goods, payments=[("cash", 5_000)], change=4_000),
        till.sale(3, goods, payments=[("cashless", 1_000)]),
        annulled,
        till.rollback(5, annulled),
        till.receipt("refund", 6, [till.item("Хлеб", 300)]),
        till.drawer("withdrawal", 7, 2_000),
        till.drawer("payout", 8, 500),
        till.sale(9, till.item("Хлеб", 70), currency="USD") | {"currency": "USD"},
        till.sale(1, goods, sko="300000002"),
    )
    with reading(engine) as connection:
        assert cash_in_drawer(connection, merchant_id, 1) == [("BYN", 8_200), ("USD", 70)]
        assert cash_in_drawer(connection, merchant_id, 1, [2]) == [("BYN", 0)]


def test_the_last_document_is_the_one_that_was_issued_last(engine: sa.Engine, merchant_id: int) -> None:
    till.ring_up(engine, till.sale(2, at=AT + HOUR), till.sale(1, at=AT), till.sale(9, sko="300000002"))
    with reading(engine) as connection:
        found = last_of_sko(connection, merchant_id, 1)
        assert found
        assert (found.number, found.issued_us) == (2, to_us(AT + HOUR))
        assert last_of_sko(connection, merchant_id, 1, since_us=to_us(AT + 2 * HOUR)) is None


def test_unsent_documents_are_counted_from_an_instant_on(engine: sa.Engine, merchant_id: int) -> None:
    till.ring_up(engine, *(till.sale(number, at=AT + number * HOUR) for number in range(1, 7)))
    with writing(engine) as connection:
        connection.execute(sa.delete(pending_delivery))
        key = {"merchant_id": merchant_id, "sko_id": 1}
        for first, last in ((1, 2), (4, 5)):
            row = {**key, "first_number": first, "last_number": last, "due_us": 0}
            connection.execute(sa.insert(pending_delivery).values(**row))
        for number in (3, 6):
            row = {**key, "number": number, "reason": "нет", "refused_us": 0}
            connection.execute(sa.insert(refused_delivery).values(**row))
    with reading(engine) as connection:
        assert unsent_of(connection, merchant_id, 1) == Unsent(4, 2)
        assert unsent_of(connection, merchant_id, 1, since_us=to_us(AT + 5 * HOUR)) == Unsent(1, 1)
        assert unsent_of(connection, merchant_id, 1, since_us=to_us(AT + 9 * HOUR)) == Unsent(0, 0)
        assert unsent_of(connection, merchant_id, 2) == Unsent(0, 0)


def test_the_settings_tell_the_newest_version_and_the_one_that_is_applied(engine: sa.Engine, merchant_id: int) -> None:
    with writing(engine) as connection:
        found = settings_of_sko(connection, merchant_id, 1)
        assert (found.newest, found.state, found.applied) == (None, None, None)
        for version, state in ((1, "applied"), (2, "applied"), (3, "rejected")):
            values = {"content": b"{}", "saved_us": now_us(), "state": state, "outcome_us": version * 10}
            key = {"merchant_id": merchant_id, "sko_id": 1, "version": version}
            connection.execute(sa.insert(settings_version).values(**key, **values))
        found = settings_of_sko(connection, merchant_id, 1)
        assert (found.newest, found.state, found.applied, found.applied_us) == (3, "rejected", 2, 20)
        earlier = settings_version.c.version == 1
        connection.execute(sa.update(settings_version).where(earlier).values(outcome_us=40))  # it fell back
        found = settings_of_sko(connection, merchant_id, 1)
        assert (found.applied, found.applied_us) == applied_versions(connection, merchant_id)[1] == (1, 40)


def test_the_drawer_of_a_register_that_has_moved_goes_with_it(engine: sa.Engine, merchant_id: int) -> None:
    till.ring_up(engine, till.drawer("deposit", 1, 10_000))
    with writing(engine) as connection:
        move_sko(connection, merchant_id, 1, 2)
        assert cash_in_drawer(connection, merchant_id, 1) == [("BYN", 10_000)]
