"""Ranges of documents on their way to the state system: noted, claimed, confirmed, refused, put off, tried again."""

import pytest
import sqlalchemy as sa

from sql.deliveries import (
    LEASE_US,
    PAUSE_MAX_US,
    PAUSE_MIN_US,
    REASON_MAX,
    Answer,
    ClaimLost,
    Pending,
    claim,
    confirm_due,
    delivery_status,
    first_due_us,
    fitting,
    note_pending,
    outgoing,
    postpone,
    ranges,
    retry_refused,
    settle,
)
from sql.documents import Key, insert_documents
from sql.engine import reading, writing
from sql.tables import pending_delivery, refused_delivery
from tests.sql.rows import NOON_US, add_company, new_document

CONFIRMED, LATER, REFUSED = Answer("confirmed"), Answer("later"), Answer("refused", "Нет такой кассы")


def note(engine: sa.Engine, *keys: Key, due_us: int = NOON_US) -> None:
    """Store these documents as pending, in one commit."""
    rows = [new_document(merchant_id=m, sko_id=s, number=n, body=b"%d/%d" % (s, n)) for m, s, n in keys]
    with writing(engine) as connection:
        insert_documents(connection, rows)
        note_pending(connection, rows, due_us)


def pending(engine: sa.Engine) -> list[Pending]:
    with reading(engine) as connection:
        rows = connection.execute(sa.select(pending_delivery).order_by(*pending_delivery.primary_key.columns))
        return [Pending._make(row) for row in rows]


def refused(engine: sa.Engine) -> dict[Key, str]:
    with reading(engine) as connection:
        return {tuple(row[:3]): row.reason for row in connection.execute(sa.select(refused_delivery))}


def claimed(engine: sa.Engine, now_us: int = NOON_US, documents_max: int = 100) -> list[Pending]:
    with writing(engine) as connection:
        return claim(connection, now_us, documents_max)


def test_a_range_holds_consecutive_numbers_of_one_register():
    keys = [(1, 1, 4), (1, 1, 2), (1, 2, 3), (1, 1, 3), (2, 2, 4), (1, 1, 7)]
    assert ranges(keys) == [((1, 1, 2), 4), ((1, 1, 7), 7), ((1, 2, 3), 3), ((2, 2, 4), 4)]
    assert ranges([]) == []


def test_what_is_stored_is_pending(engine: sa.Engine):
    note(engine, (1, 1, 1), (1, 1, 2), (1, 1, 5), (1, 2, 1))
    note(engine, (1, 1, 3), due_us=NOON_US + 1)
    assert pending(engine) == [
        (1, 1, 1, 2, 0, NOON_US),
        (1, 1, 3, 3, 0, NOON_US + 1),
        (1, 1, 5, 5, 0, NOON_US),
        (1, 2, 1, 1, 0, NOON_US),
    ]
    with reading(engine) as connection:
        assert first_due_us(connection) == NOON_US
        assert delivery_status(connection) == (5, 0, NOON_US + 1)


def test_nothing_pending_is_nothing_due(engine: sa.Engine):
    with writing(engine) as connection:
        assert first_due_us(connection) is None
        assert delivery_status(connection) == (0, 0, None)
        assert claim(connection, NOON_US, 10) == []
        assert confirm_due(connection, NOON_US, 10) == []


def test_what_is_due_for_longest_is_claimed_first_and_in_order(engine: sa.Engine):
    note(engine, (1, 1, 1), (1, 1, 2), due_us=NOON_US)
    note(engine, (1, 1, 9), (1, 2, 1), due_us=NOON_US - 5)
    note(engine, (1, 3, 1), due_us=NOON_US + 1)
    first, second = claimed(engine, documents_max=2), claimed(engine, documents_max=2)
    assert [range_[:4] for range_ in first] == [(1, 1, 9, 9), (1, 2, 1, 1)]
    assert [range_[:4] for range_ in second] == [(1, 1, 1, 2)]
    assert claimed(engine) == []


def test_a_claim_ends_with_its_lease(engine: sa.Engine):
    note(engine, (1, 1, 1))
    assert claimed(engine) == [(1, 1, 1, 1, 0, NOON_US + LEASE_US)]
    assert claimed(engine, NOON_US + LEASE_US - 1) == []
    assert claimed(engine, NOON_US + LEASE_US) == [(1, 1, 1, 1, 0, NOON_US + 2 * LEASE_US)]


def test_two_who_claim_at_the_same_moment_get_different_ranges(engine: sa.Engine):
    note(engine, *((1, 1, number) for number in range(1, 20, 2)))
    if engine.dialect.name == "sqlite":  # one writer at a time
        taken = [claimed(engine, documents_max=4), claimed(engine, documents_max=100)]
    else:
        with writing(engine) as one, writing(engine) as other:
            taken = [claim(one, NOON_US, 4), claim(other, NOON_US, 100)]
    numbers = [{range_.first_number for range_ in ranges_} for ranges_ in taken]
    assert numbers[0].isdisjoint(numbers[1])
    with writing(engine) as connection:  # what was locked but not taken is left for the next one
        taken.append(claim(connection, NOON_US, 100))
    assert sorted(range_.first_number for ranges_ in taken for range_ in ranges_) == list(range(1, 20, 2))


def test_confirmed_documents_are_pending_no_more(engine: sa.Engine):
    note(engine, (1, 1, 1), (1, 1, 2), (1, 2, 1))
    ours = claimed(engine)
    with writing(engine) as connection:
        settle(connection, ours, dict.fromkeys([(1, 1, 1), (1, 1, 2), (1, 2, 1)], CONFIRMED), NOON_US)
    assert (pending(engine), refused(engine)) == ([], {})


def test_each_document_gets_its_own_answer(engine: sa.Engine):
    note(engine, *((1, 1, number) for number in range(1, 10)))
    ours = claimed(engine)
    answers = dict(enumerate([CONFIRMED, LATER, LATER, REFUSED, CONFIRMED, LATER], start=1))
    with writing(engine) as connection:
        settle(connection, ours, {(1, 1, number): answer for number, answer in answers.items()}, NOON_US)
    assert pending(engine) == [
        (1, 1, 2, 3, 1, NOON_US + PAUSE_MIN_US),
        (1, 1, 6, 6, 1, NOON_US + PAUSE_MIN_US),
        (1, 1, 7, 9, 0, NOON_US),  # there was no room for these in the call
    ]
    assert refused(engine) == {(1, 1, 4): "Нет такой кассы"}


def test_a_reason_is_kept_on_one_line_and_not_longer_than_there_is_room(engine: sa.Engine):
    note(engine, (1, 1, 1))
    ours = claimed(engine)
    with writing(engine) as connection:
        settle(connection, ours, {(1, 1, 1): Answer("refused", "а\x00\n\ud800б" + "в" * 600)}, NOON_US)
    assert refused(engine) == {(1, 1, 1): "а   б" + "в" * (REASON_MAX - 5)}


def test_each_failure_doubles_the_pause_up_to_an_hour(engine: sa.Engine):
    note(engine, (1, 1, 1), (1, 1, 2))
    now_us, pauses = NOON_US, []
    for _ in range(20):
        [ours] = claimed(engine, now_us)
        with writing(engine) as connection:
            postpone(connection, [ours], now_us)
        [left] = pending(engine)
        pauses.append(left.due_us - now_us)
        now_us = left.due_us
    assert left[:5] == (1, 1, 1, 2, 20)
    assert pauses[:4] == [PAUSE_MIN_US, 2 * PAUSE_MIN_US, 4 * PAUSE_MIN_US, 8 * PAUSE_MIN_US]
    assert pauses[7:] == [PAUSE_MAX_US] * 13


def test_whoever_lost_the_claim_changes_nothing(engine: sa.Engine):
    note(engine, (1, 1, 1), (1, 2, 1))
    slow = claimed(engine)
    fast = claimed(engine, NOON_US + LEASE_US, documents_max=1)
    answers = {(1, 1, 1): CONFIRMED, (1, 2, 1): REFUSED}
    before = pending(engine)
    with pytest.raises(ClaimLost), writing(engine) as connection:
        settle(connection, slow, answers, NOON_US)
    with pytest.raises(ClaimLost), writing(engine) as connection:
        postpone(connection, slow, NOON_US)
    assert (pending(engine), refused(engine)) == (before, {})
    with writing(engine) as connection:
        settle(connection, fast, {(1, 1, 1): CONFIRMED}, NOON_US)
    assert [range_[:3] for range_ in pending(engine)] == [(1, 2, 1)]


def test_due_ranges_are_confirmed_unseen(engine: sa.Engine):
    note(engine, (1, 1, 1), (1, 1, 2), (1, 2, 1))
    note(engine, (1, 1, 3), due_us=NOON_US + 1)
    with writing(engine) as connection:
        assert [range_[:4] for range_ in confirm_due(connection, NOON_US, 1)] == [(1, 1, 1, 2)]
    with writing(engine) as connection:
        assert [range_[:4] for range_ in confirm_due(connection, NOON_US, 10)] == [(1, 2, 1, 1)]
    assert [range_[:4] for range_ in pending(engine)] == [(1, 1, 3, 3)]


def test_documents_go_out_with_the_names_that_the_world_knows(engine: sa.Engine):
    first = add_company(engine, numbers=("300012345", "300012346"))
    second = add_company(engine, unp="100320487", numbers=("300099999",))
    keys = [(first, 2, 7), (second, 1, 7), (first, 2, 8)]
    note(engine, *keys)
    with reading(engine) as connection:
        found = outgoing(connection, [*keys, (first, 1, 1)])
    uid = new_document().uid
    assert found == {
        keys[0]: ("191832203", "300012346", 7, uid, b"2/7"),
        keys[1]: ("100320487", "300099999", 7, uid, b"1/7"),
        keys[2]: ("191832203", "300012346", 8, uid, b"2/8"),
    }


def test_a_call_is_bounded_in_documents_and_bytes(engine: sa.Engine):
    keys = [(1, 1, number) for number in range(1, 9)]
    note(engine, *keys)
    ours = claimed(engine)
    with reading(engine) as connection:
        assert fitting(connection, ours, 5, 1000) == keys[:5]
        assert fitting(connection, ours, 100, 1000) == keys
        assert fitting(connection, ours, 100, 10) == keys[:3]  # three bytes each
        assert fitting(connection, ours, 100, 1) == keys[:1]


def test_refused_documents_are_sent_again(engine: sa.Engine):
    keys = [(1, 1, 1), (1, 1, 2), (1, 2, 1), (2, 1, 1)]
    note(engine, *keys)
    ours = claimed(engine)
    with writing(engine) as connection:
        settle(connection, ours, dict.fromkeys(keys, REFUSED), NOON_US)
        assert delivery_status(connection) == (0, 4, None)
        assert retry_refused(connection, 1, 1, NOON_US + 1) == 2
        assert retry_refused(connection, 1, None, NOON_US + 1) == 1
        assert retry_refused(connection, 1, None, NOON_US + 1) == 0
    assert pending(engine) == [(1, 1, 1, 2, 0, NOON_US + 1), (1, 2, 1, 1, 0, NOON_US + 1)]
    assert refused(engine) == {(2, 1, 1): "Нет такой кассы"}
