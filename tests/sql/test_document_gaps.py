"""Missing numbers are found once, and forgotten as they are filled."""

import pytest
import sqlalchemy as sa

from sql import document_gaps
from sql.documents import insert_documents
from sql.engine import reading, writing
from sql.quarantine import Quarantined, keep
from sql.registers_watched import GAP_AGE_US, Fault, Span, registers
from sql.tables import document_gap, register_watch
from tests.sql.rows import NOON_US, add_company, new_document

ALL = Span(1, 2**62)


@pytest.fixture
def merchant_id(engine: sa.Engine) -> int:
    return add_company(engine, numbers=("300012345", "300012346"))


def store(engine: sa.Engine, merchant_id: int, *numbers: int, sko_id: int = 1, received_us: int = NOON_US) -> None:
    with writing(engine) as connection:
        of_register = {"merchant_id": merchant_id, "sko_id": sko_id, "received_us": received_us}
        insert_documents(connection, [new_document(**of_register, number=number) for number in numbers])


def quarantine(engine: sa.Engine, merchant_id: int, number: int, code: str = "total_mismatch") -> None:
    with writing(engine) as connection:
        kept = Quarantined(merchant_id, bytes([number]) * 32, code, 1, number, "/total", "…", NOON_US, b"{}")
        keep(connection, [kept])


def look(engine: sa.Engine) -> None:
    """As the jobs do it."""
    with writing(engine) as connection:
        if document_gaps.has_unwatched(connection, ALL):
            document_gaps.watch_new(connection, ALL)
        document_gaps.advance(connection, ALL)
        document_gaps.note_progress(connection, document_gaps.look(connection, ALL))


def gaps(engine: sa.Engine, sko_id: int = 1) -> list[tuple[int, int]]:
    columns = (document_gap.c.first_number, document_gap.c.last_number)
    with reading(engine) as connection:
        known = document_gap.c.since_us < document_gaps.BEFORE_FIRST_US
        rows = connection.execute(sa.select(*columns).filter_by(sko_id=sko_id).where(known).order_by(columns[0]))
        return [(row[0], row[1]) for row in rows]


def missing(engine: sa.Engine) -> Fault | None:
    """What the rules are told of the first register, once gaps are old enough."""
    with reading(engine) as connection:
        return next(registers(connection, ALL, NOON_US + GAP_AGE_US)).gap


def watch(engine: sa.Engine, name: str) -> int | None:
    with reading(engine) as connection:
        return connection.execute(sa.select(register_watch.c[name]).filter_by(sko_id=1)).scalar()


def test_numbers_in_a_row_have_no_gap_wherever_they_begin(engine: sa.Engine, merchant_id: int):
    look(engine)
    store(engine, merchant_id, 5, 6, 7)
    look(engine)
    store(engine, merchant_id, 8, 9)
    look(engine)
    assert (gaps(engine), watch(engine, "scanned_number")) == ([], 9)


def test_what_comes_before_the_first_number_shows_what_is_missing_between(engine: sa.Engine, merchant_id: int):
    store(engine, merchant_id, 9, 10)
    look(engine)
    assert missing(engine) is None
    store(engine, merchant_id, 4, 7)
    look(engine)
    assert gaps(engine) == [(5, 6), (8, 8)]
    assert missing(engine) == Fault(3, 5)
    store(engine, merchant_id, 2, 5, 6, 8)
    look(engine)
    assert gaps(engine) == [(3, 3)]
    store(engine, merchant_id, 1, 3)
    look(engine)
    assert gaps(engine) == []


def test_missing_numbers_are_found_by_register(engine: sa.Engine, merchant_id: int):
    store(engine, merchant_id, 1, 2, 4, 8)
    store(engine, merchant_id, 1, 2, 3, sko_id=2)
    look(engine)
    assert (gaps(engine), gaps(engine, 2)) == ([(3, 3), (5, 7)], [])


def test_what_arrives_late_fills_its_gap(engine: sa.Engine, merchant_id: int):
    store(engine, merchant_id, 1, 10)
    look(engine)
    store(engine, merchant_id, 4, 5)
    look(engine)
    assert gaps(engine) == [(2, 3), (6, 9)]
    store(engine, merchant_id, 2, 3, 6, 7, 8, 9)
    look(engine)
    assert gaps(engine) == []


def test_z_reports_before_which_something_arrives_late_are_checked_again(engine: sa.Engine, merchant_id: int):
    store(engine, merchant_id, 1, 3, 4)
    look(engine)
    with writing(engine) as connection:
        connection.execute(sa.update(register_watch).values(checked_z=4))
    store(engine, merchant_id, 2)
    look(engine)
    assert watch(engine, "checked_z") == 1


def test_what_is_in_quarantine_is_not_missing(engine: sa.Engine, merchant_id: int):
    store(engine, merchant_id, 1, 5)
    quarantine(engine, merchant_id, 3)
    look(engine)
    assert missing(engine) == Fault(2, 2)
    quarantine(engine, merchant_id, 4)
    quarantine(engine, merchant_id, 2, "different_content")
    look(engine)
    assert missing(engine) == Fault(1, 2)
    quarantine(engine, merchant_id, 2)
    look(engine)
    assert missing(engine) is None


def test_what_is_corrected_has_z_reports_checked_again(engine: sa.Engine, merchant_id: int):
    store(engine, merchant_id, 1, 3)
    quarantine(engine, merchant_id, 2)
    look(engine)
    with writing(engine) as connection:
        connection.execute(sa.update(register_watch).values(checked_z=3))
    store(engine, merchant_id, 2)
    look(engine)
    assert watch(engine, "checked_z") == 1


def test_a_wild_number_leaves_one_large_gap(engine: sa.Engine, merchant_id: int):
    store(engine, merchant_id, 1, 2**53 - 1)
    look(engine)
    look(engine)
    assert (gaps(engine), watch(engine, "scanned_number")) == ([(2, 2**53 - 2)], 2**53 - 1)


def test_a_register_with_too_many_gaps_is_followed_no_further(engine: sa.Engine, merchant_id: int, monkeypatch):
    monkeypatch.setattr(document_gaps, "GAPS_MAX", 3)
    store(engine, merchant_id, *range(1, 21, 2))
    for _ in range(5):
        look(engine)
    assert gaps(engine) == [(2, 2), (4, 4), (6, 6), (8, 8), (10, 10)], "of ten: one look took in the last three"
    store(engine, merchant_id, *range(2, 20, 2))
    for _ in range(10):
        look(engine)
    assert (gaps(engine), watch(engine, "scanned_number")) == ([], 19)


def test_many_documents_at_once_are_looked_at_step_by_step(engine: sa.Engine, merchant_id: int, monkeypatch):
    monkeypatch.setattr(document_gaps, "STEP", 4)
    store(engine, merchant_id, *range(1, 12))
    for expected in (4, 8, 11):
        with writing(engine) as connection:
            if document_gaps.has_unwatched(connection, ALL):
                document_gaps.watch_new(connection, ALL)
            document_gaps.advance(connection, ALL)
        assert watch(engine, "scanned_number") == expected


def test_a_gap_is_a_fault_once_it_is_old_enough(engine: sa.Engine, merchant_id: int):
    store(engine, merchant_id, 1, 4, 6)
    look(engine)
    with reading(engine) as connection:
        young, old = (
            {register.sko_id: register.gap for register in registers(connection, ALL, NOON_US + age_us)}
            for age_us in (GAP_AGE_US - 1, GAP_AGE_US)
        )
    assert young == {1: None, 2: None}
    assert old == {1: Fault(3, 2), 2: None}
