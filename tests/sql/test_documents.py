"""Documents, turnover, shifts, quarantine and events, as the ground floor stores them."""

import pytest
import sqlalchemy as sa

from ingest.fold import fold
from sql.documents import annulled_sales, find_document, insert_documents, stored_documents
from sql.engine import connect, open_for_writing, reading, writing
from sql.errors import AlreadyStored, StorageUnavailable
from sql.events import NewEvent, insert_events
from sql.quarantine import Quarantined, find_quarantined, keep
from sql.shifts import ClosedShift, OpenedShift, ZCounter, record_closed, record_opened
from sql.tables import TURNOVER_COUNTERS, document, quarantine, shift, turnover, turnover_day, turnover_month
from sql.turnover import add_turnover, turnover_differences
from tests.sql.rows import DAY, NOON_US, new_document


def test_a_document_comes_back_byte_for_byte(engine: sa.Engine):
    body = '{"cashier": "Ў\\u0444", "number":1}\n '.encode() + bytes(range(32, 127))
    row = new_document(body=body, offline=True)
    with writing(engine) as connection:
        insert_documents(connection, [row])
    with reading(engine) as connection:
        assert tuple(connection.execute(sa.select(document)).one()) == tuple(row)
        assert find_document(connection, 1, 1, 1) == (row.received_us, body)
        assert find_document(connection, 2, 1, 1) is None


def test_a_number_that_is_taken_is_reported_and_nothing_is_stored(engine: sa.Engine):
    with writing(engine) as connection:
        insert_documents(connection, [new_document()])
    with pytest.raises(AlreadyStored), writing(engine) as connection:
        insert_documents(connection, [new_document(number=2), new_document(body=b"other")])
    with reading(engine) as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(document)).scalar_one() == 1


def test_a_sale_is_annulled_once(engine: sa.Engine):
    with writing(engine) as connection:
        insert_documents(connection, [new_document(number=2, type="rollback", target_number=1)])
    with reading(engine) as connection:
        assert annulled_sales(connection, [(1, 1, 1), (1, 1, 2)]) == {(1, 1, 1): 2}
    with pytest.raises(AlreadyStored), writing(engine) as connection:
        insert_documents(connection, [new_document(number=3, type="rollback", target_number=1)])


def test_many_keys_are_looked_up_at_once(engine: sa.Engine):
    rows = [new_document(number=number, sko_id=sko) for sko in (1, 2) for number in range(1, 6001)]
    with writing(engine) as connection:
        insert_documents(connection, rows)
    keys = [(1, sko, number) for sko in (2, 3) for number in range(1, 12_002, 2)]
    with reading(engine) as connection:
        assert set(stored_documents(connection, keys)) == {(1, 2, number) for number in range(1, 6001, 2)}
        assert stored_documents(connection, []) == {}


def test_turnover_adds_up(engine: sa.Engine):
    rows = [new_document(number=number) for number in (1, 2, 3)]
    with writing(engine) as connection:
        insert_documents(connection, rows)
        for part in (rows[:1], rows[1:]):
            add_turnover(connection, fold(part))
    with reading(engine) as connection:
        kept = connection.execute(sa.select(turnover)).one()
        assert (kept.sales_count, kept.sales_minor, kept.sales_cash_minor) == (3, 3690, 3690)
        assert kept.sales_discount_minor == 210
        assert turnover_differences(connection) == []


@pytest.mark.parametrize("counter", TURNOVER_COUNTERS)
def test_a_counter_that_is_off_by_one_is_found(engine: sa.Engine, counter: str):
    with writing(engine) as connection:
        insert_documents(connection, [new_document()])
        add_turnover(connection, fold([new_document()]))
        connection.execute(sa.update(turnover).values({counter: turnover.c[counter] + 1}))
        difference, *added_up = turnover_differences(connection)
        assert [other.table for other in added_up] == ["turnover_month", "turnover_day"]
        assert difference.key == (1, DAY, 1, 1, "BYN")
        place = TURNOVER_COUNTERS.index(counter)
        assert difference.kept is not None
        assert difference.recomputed is not None
        assert difference.kept[place] == difference.recomputed[place] + 1
        assert turnover_differences(connection, merchant_id=2) == []


def test_a_row_without_documents_and_documents_without_a_row_are_found(engine: sa.Engine):
    with writing(engine) as connection:
        insert_documents(connection, [new_document()])
        add_turnover(connection, fold([new_document(currency="USD")]))
        differences = turnover_differences(connection)
    found = [(item.key[-1], item.kept is None, item.recomputed is None) for item in differences]
    assert found == [
        ("BYN", True, False),
        ("USD", False, True),
    ]


OPENED = OpenedShift(1, 1, 5, 10, NOON_US)
CLOSED = ClosedShift(1, 1, 5, 20, NOON_US - 7, NOON_US + 9, 10, 19)
COUNTER = ZCounter(1, 1, 20, "BYN", *range(1, 16))


@pytest.mark.parametrize("table", [turnover_day, turnover_month])
def test_a_sum_that_is_not_what_turnover_adds_up_to_is_found(engine: sa.Engine, table: sa.Table):
    rows = [new_document(), new_document(number=2, day=DAY.replace(day=1)), new_document(number=3, sko_id=2)]
    with writing(engine) as connection:
        insert_documents(connection, rows)
        add_turnover(connection, fold(rows))
        assert turnover_differences(connection) == []
        connection.execute(sa.update(table).values(refunds_minor=table.c.refunds_minor + 1))
        differences = turnover_differences(connection)
        assert {difference.table for difference in differences} == {table.name}
        connection.execute(sa.delete(table))
        assert all(difference.kept is None for difference in turnover_differences(connection))


@pytest.mark.parametrize("z_first", [True, False])
def test_a_shift_is_the_same_whichever_document_came_first(engine: sa.Engine, z_first: bool):
    with writing(engine) as connection:
        if z_first:
            record_closed(connection, [CLOSED], [COUNTER])
        record_opened(connection, [OPENED])
        record_opened(connection, [OPENED._replace(open_number=9, opened_us=1)])
        if not z_first:
            record_closed(connection, [CLOSED], [COUNTER])
        record_closed(connection, [CLOSED._replace(z_number=19, closed_us=1)], [])
        kept = connection.execute(sa.select(shift)).one()
    assert tuple(kept) == (1, 1, 5, 10, NOON_US, 20, NOON_US - 7, NOON_US + 9, 10, 19)


def test_quarantine_keeps_a_content_once_for_each_reason(engine: sa.Engine):
    row = Quarantined(1, b"h" * 32, "total_mismatch", 1, 7, "/total", "…", NOON_US, b"{}")
    with writing(engine) as connection:
        keep(connection, [row, row])
        keep(connection, [row._replace(received_us=NOON_US + 5), row._replace(code="different_content")])
    with reading(engine) as connection:
        assert len(connection.execute(sa.select(quarantine)).all()) == 2
        assert find_quarantined(connection, 1, 1, 7) == (NOON_US, b"{}")
        assert find_quarantined(connection, 1, 1, 8) is None
        assert find_quarantined(connection, 2, 1, 7) is None


def test_a_conflicting_document_is_not_the_document_of_its_number(engine: sa.Engine):
    with writing(engine) as connection:
        keep(connection, [Quarantined(1, b"h" * 32, "different_content", 1, 7, "", "…", NOON_US, b"{}")])
        assert find_quarantined(connection, 1, 1, 7) is None


def test_the_same_event_again_is_a_duplicate(engine: sa.Engine):
    row = NewEvent(1, 1, NOON_US, "offline", None, NOON_US)
    with writing(engine) as connection:
        assert insert_events(connection, [row, row._replace(kind="online"), row]) == 2
        assert insert_events(connection, [row, row._replace(occurred_us=NOON_US + 1)]) == 1
        assert insert_events(connection, []) == 0


def test_a_database_that_does_not_answer_is_unavailable(backend: str):
    url = "postgresql://nobody@127.0.0.1:1/none" if backend == "postgresql" else "sqlite:////proc/none/kabinet.db"
    with pytest.raises((StorageUnavailable, OSError)):
        open_for_writing(connect(url))


def test_other_schemes_are_refused():
    with pytest.raises(ValueError, match="mysql"):
        connect("mysql://localhost/kabinet")
