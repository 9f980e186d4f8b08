"""What the rules of notifications get to see of each register."""

import datetime

import sqlalchemy as sa

from sql.engine import reading, writing
from sql.events import NewEvent, insert_events
from sql.instants import DAY_US, to_us
from sql.quarantine import Quarantined, keep
from sql.register_habits import WITHOUT_HOURS_US, Pause, habits, note_pauses
from sql.registers_watched import KEPT_IN_MIND_US, Fault, Register, Span, registers, spans
from sql.tables import outlet, refused_delivery, register_watch, settings_version, sko, sko_directory
from tests import till
from tests.shop import MINSK, today
from tests.sql.rows import add_company

TODAY = today()
NOON = datetime.datetime.combine(TODAY, datetime.time(), MINSK)
NOW = to_us(NOON) + DAY_US
ALL = Span(1, 2**62)


def read(engine: sa.Engine, span: Span = ALL, now_us: int = NOW) -> dict[tuple[int, int], Register]:
    with reading(engine) as connection:
        return {register[:2]: register for register in registers(connection, span, now_us)}


def test_a_new_register_has_nothing_but_its_place(engine: sa.Engine):
    merchant_id = add_company(engine)
    assert list(read(engine).values()) == [Register(merchant_id, 1, 1)]


def test_its_newest_document_with_its_shift(engine: sa.Engine):
    merchant_id = add_company(engine, numbers=(till.FIRST_SKO,))
    opening = till.common("shift_open", 1, at=NOON)
    till.ring_up(engine, opening, till.sale(3, at=NOON), till.sale(2, at=NOON))
    register = read(engine)[merchant_id, 1]
    noon_us = to_us(NOON)
    assert (register.number, register.shift, register.issued_us) == (3, opening["shift"], noon_us)
    assert (register.opened_us, register.z_number) == (noon_us, None)


def test_its_last_events_of_each_kind(engine: sa.Engine):
    merchant_id = add_company(engine)
    kinds = ("offline", "online", "blocked", "unblocked", "memory_low", "certificate_expiring")
    with writing(engine) as connection:
        rows = [(place + more, kind) for place, kind in enumerate(kinds) for more in (100, 200)]
        insert_events(connection, [NewEvent(merchant_id, 1, at, kind, None, at) for at, kind in rows])
    register = read(engine)[merchant_id, 1]
    assert [getattr(register, f"{kind}_us") for kind in kinds] == [200, 201, 202, 203, 204, 205]


def test_what_is_noted_of_it(engine: sa.Engine):
    merchant_id = add_company(engine)
    key = {"merchant_id": merchant_id, "sko_id": 1}
    with writing(engine) as connection:
        connection.execute(sa.update(outlet).values(opening_hours='{"mon": ["09:00", "21:00"]}', time_zone="UTC"))
        connection.execute(sa.update(sko).values(certificate_until_us=NOW))
        connection.execute(sa.update(sko_directory).values(settings_version=2))
        for version, state in ((1, "applied"), (2, "rejected")):
            its = {"version": version, "state": state, "content": b"{}", "saved_us": 1}
            connection.execute(sa.insert(settings_version).values(**key, **its))
        connection.execute(sa.insert(refused_delivery).values(**key, number=9, reason="…", refused_us=1))
    register = read(engine)[merchant_id, 1]
    assert (register.hours, register.zone) == ('{"mon": ["09:00", "21:00"]}', "UTC")
    assert register.certificate_until_us == NOW
    assert (register.settings_version, register.settings_state) == (2, "rejected")
    assert register.delivery_refused == Fault(1, 9)


def kept(merchant_id: int, sko_id: int | None, number: int | None, code: str, content: bytes, received_us: int = NOW):
    return Quarantined(merchant_id, content * 32, code, sko_id, number, "", "…", received_us, b"{}")


def test_what_is_in_quarantine(engine: sa.Engine):
    merchant_id = add_company(engine, numbers=(till.FIRST_SKO,))
    till.ring_up(engine, till.sale(5, at=NOON))
    with writing(engine) as connection:
        keep(
            connection,
            [
                kept(merchant_id, 1, 3, "total_mismatch", b"a"),
                kept(merchant_id, 1, 3, "invalid_field", b"a"),
                kept(merchant_id, 1, 4, "total_mismatch", b"b"),
                kept(merchant_id, 1, 5, "total_mismatch", b"c"),
                kept(merchant_id, 1, 5, "different_content", b"d"),
                kept(merchant_id, 1, 6, "total_mismatch", b"e", NOW - KEPT_IN_MIND_US),
                kept(merchant_id, None, None, "unknown_type", b"f"),
            ],
        )
    found = read(engine)
    assert found[merchant_id, 1].quarantined == Fault(2, 4), "one with two reasons; another came in a better form"
    assert found[merchant_id, 1].conflict == Fault(1, 5)
    assert found[merchant_id, 0] == Register(merchant_id, 0, 0, quarantined=Fault(1, None))


def test_companies_are_taken_in_spans(engine: sa.Engine):
    ids = [add_company(engine, unp=str(100000000 + place), numbers=(f"{place}1", f"{place}2")) for place in range(3)]
    with reading(engine) as connection:
        assert spans(connection) == [Span(ids[0], ids[2])]
        assert spans(connection, 4) == [Span(ids[0], ids[1]), Span(ids[2], ids[2])]
        assert spans(connection, 1) == [Span(merchant_id, merchant_id) for merchant_id in ids]
    assert {key[0] for key in read(engine, Span(ids[1], ids[1]))} == {ids[1]}


def test_without_companies_there_is_nothing_to_do(engine: sa.Engine):
    with reading(engine) as connection:
        assert spans(connection) == []


def test_habits_are_found_out_once_a_day(engine: sa.Engine):
    merchant_id = add_company(engine, numbers=(till.FIRST_SKO,))
    day = datetime.timedelta(days=1)
    till.ring_up(engine, *(till.sale(number, at=NOON - number // 2 * day) for number in range(1, 6)))
    till.ring_up(engine, till.sale(99, at=NOON - 40 * day))
    with writing(engine) as connection:
        connection.execute(
            sa.insert(register_watch).values(merchant_id=merchant_id, sko_id=1, scanned_number=0, checked_z=0)
        )
        [habit] = habits(connection, ALL, TODAY)
        assert habit.days == {(TODAY - back * day).isoformat() for back in range(3)}
        assert (habit.receipts, habit.pause_us) == (5, None)
        note_pauses(connection, [Pause(merchant_id, 1, WITHOUT_HOURS_US)], TODAY)
        assert habits(connection, ALL, TODAY) == []
        [habit] = habits(connection, ALL, TODAY + day)
        assert habit.pause_us == WITHOUT_HOURS_US
    assert read(engine)[merchant_id, 1].pause_us == WITHOUT_HOURS_US


def test_habits_are_found_out_anew_where_opening_hours_are_told_no_more(engine: sa.Engine):
    merchant_id = add_company(engine, numbers=(till.FIRST_SKO,))
    learned = {"merchant_id": merchant_id, "sko_id": 1, "pause_us": WITHOUT_HOURS_US - 1, "pause_day": TODAY}
    with writing(engine) as connection:
        connection.execute(sa.insert(register_watch).values(**learned, scanned_number=0, checked_z=0))
        connection.execute(sa.update(outlet).values(opening_hours='{"mon": ["09:00", "21:00"]}'))
        assert habits(connection, ALL, TODAY) == []
        connection.execute(sa.update(outlet).values(opening_hours=""))
        assert len(habits(connection, ALL, TODAY)) == 1
        note_pauses(connection, [Pause(merchant_id, 1, WITHOUT_HOURS_US)], TODAY)
        assert habits(connection, ALL, TODAY) == []
