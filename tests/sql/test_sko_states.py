"""How a register is doing, from what it has said."""

import datetime

import pytest
import sqlalchemy as sa

from sql.engine import reading, writing
from sql.events import NewEvent, insert_events
from sql.instants import to_us
from sql.merchants import add_merchant
from sql.sko_states import SkoState, sko_states
from tests import till
from tests.shop import MINSK, open_outlets

AT = datetime.datetime(2026, 3, 2, 9, tzinfo=MINSK)
MINUTE_US = 60_000_000


@pytest.fixture
def merchant_id(engine: sa.Engine) -> int:
    with writing(engine) as connection:
        merchant_id = add_merchant(connection, unp="191832203", name="ООО Ромашка")
    open_outlets(engine, merchant_id, ("Первый", "Второй"))
    return merchant_id


def report(engine: sa.Engine, merchant_id: int, *kinds: str, sko_id: int = 1) -> None:
    """Events, a minute after each other from AT on."""
    rows = [
        NewEvent(merchant_id, sko_id, to_us(AT) + place * MINUTE_US, kind, None, to_us(AT) + place * MINUTE_US)
        for place, kind in enumerate(kinds)
    ]
    with writing(engine) as connection:
        insert_events(connection, rows)


def state(engine: sa.Engine, merchant_id: int, sko_id: int = 1) -> SkoState:
    with reading(engine) as connection:
        return sko_states(connection, merchant_id, [sko_id])[sko_id]


def test_a_register_that_has_never_said_anything(engine: sa.Engine, merchant_id: int) -> None:
    found = state(engine, merchant_id)
    assert (found.state, found.seen_us, found.shift_us) == ("never", None, None)


@pytest.mark.parametrize(
    ("kinds", "expected"),
    [
        (("online",), "online"),
        (("paper_out",), "online"),
        (("online", "offline"), "offline"),
        (("offline", "online"), "online"),
        (("offline", "error"), "offline"),
        (("online", "blocked"), "blocked"),
        (("blocked", "unblocked"), "online"),
        (("blocked", "unblocked", "blocked", "online"), "blocked"),
        (("blocked", "offline", "unblocked"), "offline"),
    ],
)
def test_the_last_word_counts(engine: sa.Engine, merchant_id: int, kinds: tuple[str, ...], expected: str) -> None:
    report(engine, merchant_id, *kinds)
    assert state(engine, merchant_id).state == expected
    assert state(engine, merchant_id, 2).state == "never"


def test_a_register_that_sells_after_it_went_offline_is_online_again(engine: sa.Engine, merchant_id: int) -> None:
    report(engine, merchant_id, "offline")
    till.ring_up(engine, till.sale(1, at=AT - datetime.timedelta(minutes=5)))
    assert state(engine, merchant_id).state == "offline"
    till.ring_up(engine, till.sale(2, at=AT + datetime.timedelta(minutes=5)))
    assert state(engine, merchant_id).state == "online"


def test_it_was_seen_when_anything_last_came_from_it(engine: sa.Engine, merchant_id: int) -> None:
    report(engine, merchant_id, "online", "error")
    assert state(engine, merchant_id).seen_us == to_us(AT) + MINUTE_US
    till.ring_up(engine, till.sale(1, at=AT))
    assert (state(engine, merchant_id).seen_us or 0) > to_us(AT) + MINUTE_US


def test_a_shift_is_open_until_its_z_report(engine: sa.Engine, merchant_id: int) -> None:
    till.ring_up(engine, till.common("shift_open", 1, at=AT))
    assert state(engine, merchant_id).shift_us == to_us(AT)
    closed = {"opened_at": AT.isoformat(), "first_number": 1, "last_number": 1, "counters": []}
    till.ring_up(engine, till.common("z_report", 2, at=AT + datetime.timedelta(hours=1)) | closed)
    assert state(engine, merchant_id).shift_us is None
