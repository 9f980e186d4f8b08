"""Documents as receipts: found by key or УИ, with what happened to a sale since."""

import datetime

import pytest
import sqlalchemy as sa

from sql.engine import reading, writing
from sql.outlets import add_outlet
from sql.receipts import (
    REFUNDS_LISTED_MAX,
    Delivery,
    annulment_of,
    delivery_of,
    document_by_key,
    public_document,
    refunds_of,
    sale_named,
)
from sql.skos import add_sko
from sql.tables import document, pending_delivery, refused_delivery
from tests import till
from tests.accounts import make_merchant
from tests.shop import MINSK, open_outlets

SKO = till.FIRST_SKO
AT = datetime.datetime(2026, 11, 23, 18, 41, 7, tzinfo=MINSK)
HOUR = datetime.timedelta(hours=1)


@pytest.fixture
def merchant_id(engine: sa.Engine) -> int:
    """Two outlets with a register each."""
    merchant_id = make_merchant(engine).merchant_id
    open_outlets(engine, merchant_id, ("Универсам", "Киоск"))
    return merchant_id


def refund(number: int, amount: int, *, after: int = 1, **more) -> dict:
    line = till.item("Хлеб", amount)
    return till.receipt("refund", number, [line], base={"sko": SKO, "number": 1}, at=AT + after * HOUR, **more)


def make_rival(engine: sa.Engine) -> int:
    """Another merchant, with the register 300000009."""
    rival = make_merchant(engine, "191832216", name="ООО Лютик").merchant_id
    with writing(engine) as connection:
        add_outlet(connection, rival, name="Лоток", address="Брест")
        add_sko(connection, rival, number="300000009", outlet_id=1, model="smart")
    return rival


def test_document_names_its_company_outlet_and_register(engine: sa.Engine, merchant_id: int) -> None:
    sale = till.sale(1, at=AT)
    till.ring_up(engine, sale)
    with reading(engine) as connection:
        found = document_by_key(connection, merchant_id, SKO, 1)
        assert found is not None
        assert public_document(connection, sale["uid"]) == found
    assert (found.merchant_name, found.merchant_unp) == ("ООО Ромашка", "191832203")
    assert (found.outlet_name, found.outlet_address, found.time_zone) == ("Универсам", "Минск", "Europe/Minsk")
    assert (found.sko, found.number, found.type, found.uid, found.total_minor) == (SKO, 1, "sale", sale["uid"], 245)


def test_document_of_another_merchant_is_not_found_by_key(engine: sa.Engine, merchant_id: int) -> None:
    rival = make_rival(engine)
    till.ring_up(engine, till.sale(1, at=AT), till.sale(1, sko="300000009", at=AT))
    with reading(engine) as connection:
        assert document_by_key(connection, rival, SKO, 1) is None
        assert document_by_key(connection, merchant_id, "300000009", 1) is None
        assert sale_named(connection, rival, SKO, 1) is None


@pytest.mark.parametrize("type_", ["deposit", "withdrawal", "payout", "shift_open", "z_report"])
def test_only_what_a_buyer_is_handed_is_public(engine: sa.Engine, merchant_id: int, type_: str) -> None:
    wired = till.drawer(type_, 1, 500, at=AT) if type_ in ("deposit", "withdrawal", "payout") else None
    if type_ == "z_report":
        own = {"opened_at": AT.isoformat(), "first_number": 1, "last_number": 1, "counters": []}
        wired = {**till.common(type_, 1, at=AT), **own}
    till.ring_up(engine, wired or till.common(type_, 1, at=AT))
    with reading(engine) as connection:
        found = document_by_key(connection, merchant_id, SKO, 1)
        assert found is not None
        assert public_document(connection, found.uid) is None


def test_of_two_documents_with_one_uid_the_first_received_is_shown(engine: sa.Engine, merchant_id: int) -> None:
    rival = make_rival(engine)
    sale = till.sale(1, at=AT)
    till.ring_up(engine, sale)
    # An impostor says that it was issued earlier, but can't have been received earlier.
    till.ring_up(engine, till.sale(1, sko="300000009", at=AT - HOUR) | {"uid": sale["uid"]})
    with writing(engine) as connection:
        late = document.update().where(document.c.merchant_id == rival)
        connection.execute(late.values(received_us=document.c.received_us + 1))
    with reading(engine) as connection:
        found = public_document(connection, sale["uid"])
    assert found is not None
    assert found.merchant_id == merchant_id


def test_refunds_of_a_sale_come_from_all_registers_of_its_merchant(engine: sa.Engine, merchant_id: int) -> None:
    make_rival(engine)
    till.ring_up(engine, till.sale(1, at=AT), till.sale(9, at=AT))
    till.ring_up(engine, refund(2, 100, after=2), refund(1, 40, sko="300000002"), refund(1, 7, sko="300000009"))
    with reading(engine) as connection:
        refunds = refunds_of(connection, merchant_id, SKO, 1)
        assert refunds_of(connection, merchant_id, SKO, 9).listed == ()
    assert [(one.sko, one.number, one.total_minor) for one in refunds.listed] == [("300000002", 1, 40), (SKO, 2, 100)]
    assert (refunds.count, refunds.sums_minor) == (2, (("BYN", 140),))


def test_refunds_are_found_by_their_base_alone(engine: sa.Engine, merchant_id: int) -> None:
    """Not by reading all that the merchant has sold: anybody may ask for it, without a login."""
    many = [till.sale(number, at=AT) for number in range(1, 400)]
    till.ring_up(engine, *many, refund(400, 100))
    plans: list[str] = []

    def explain(connection, _cursor, statement, parameters, *_rest) -> None:
        word = "EXPLAIN " if engine.dialect.name == "postgresql" else "EXPLAIN QUERY PLAN "
        rows = connection.connection.driver_connection.execute(word + statement, parameters)
        plans.append("\n".join(str(row) for row in rows))

    if engine.dialect.name == "postgresql":  # which analyzes by itself; SQLite plans without statistics
        with writing(engine) as connection:
            connection.execute(sa.text("ANALYZE"))
    with reading(engine) as connection:
        sa.event.listen(connection, "before_cursor_execute", explain)
        assert refunds_of(connection, merchant_id, SKO, 1).count == 1
    [plan] = plans
    assert "ix_document_base" in plan


def test_refunds_in_several_currencies_are_not_added_up(engine: sa.Engine, merchant_id: int) -> None:
    till.ring_up(engine, till.sale(1, at=AT), refund(2, 100), refund(3, 30) | {"currency": "EUR"}, refund(4, 5))
    with reading(engine) as connection:
        assert refunds_of(connection, merchant_id, SKO, 1).sums_minor == (("BYN", 105), ("EUR", 30))


def test_long_list_of_refunds_is_cut_but_counted_whole(engine: sa.Engine, merchant_id: int) -> None:
    many = REFUNDS_LISTED_MAX + 5
    till.ring_up(engine, till.sale(1, at=AT), *(refund(2 + place, 10) for place in range(many)))
    with reading(engine) as connection:
        refunds = refunds_of(connection, merchant_id, SKO, 1)
    assert len(refunds.listed) == REFUNDS_LISTED_MAX
    assert (refunds.count, refunds.sums_minor) == (many, (("BYN", many * 10),))


def test_annulment_and_the_annulled_sale_find_each_other(engine: sa.Engine, merchant_id: int) -> None:
    sale, other = till.sale(1, at=AT), till.sale(2, at=AT)
    till.ring_up(engine, sale, other, till.rollback(3, sale, at=AT + HOUR))
    with reading(engine) as connection:
        annulment = annulment_of(connection, merchant_id, 1, 1)
        assert annulment_of(connection, merchant_id, 1, 2) is None
        annulled = sale_named(connection, merchant_id, SKO, 1)
    assert annulment is not None
    assert annulled is not None
    assert (annulment.number, annulment.type) == (3, "rollback")
    assert (annulled.uid, annulled.type) == (sale["uid"], "sale")


def test_document_is_sent_unless_it_is_pending_or_refused(engine: sa.Engine, merchant_id: int) -> None:
    key = {"merchant_id": merchant_id, "sko_id": 1}
    with writing(engine) as connection:
        for first, last in ((10, 12), (15, 15)):
            row = {"first_number": first, "last_number": last, "attempts": 0, "due_us": 0}
            connection.execute(pending_delivery.insert().values(**key, **row))
        refusal = {"number": 7, "reason": "Касса снята с учёта", "refused_us": 0}
        connection.execute(refused_delivery.insert().values(**key, **refusal))
        states = {number: delivery_of(connection, merchant_id, 1, number) for number in (7, 9, 10, 12, 13, 15, 16)}
        assert delivery_of(connection, merchant_id, 2, 11) == Delivery("sent")
    assert states.pop(7) == Delivery("refused", "Касса снята с учёта")
    assert {number for number, delivery in states.items() if delivery == Delivery("pending")} == {10, 12, 15}
    assert {number for number, delivery in states.items() if delivery == Delivery("sent")} == {9, 13, 16}
