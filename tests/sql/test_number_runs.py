"""Which numbers of a register are stored: as ranges that grow, close up, and remember what came late."""

import itertools
import random

import pytest
import sqlalchemy as sa

from sql import intervals
from sql.deliveries import Answer, claim, confirm_due, note_pending, settle
from sql.documents import insert_documents
from sql.engine import reading, writing
from sql.number_runs import Stored, note_runs, recomputed_runs, stored_numbers
from sql.tables import number_run
from tests.sql.rows import NOON_US, new_document


def store(engine: sa.Engine, *numbers: int, received_us: int = NOON_US, sko_id: int = 1, merchant_id: int = 1) -> None:
    rows = [
        new_document(merchant_id=merchant_id, sko_id=sko_id, number=number, received_us=received_us)
        for number in numbers
    ]
    with writing(engine) as connection:
        insert_documents(connection, rows)
        note_pending(connection, rows, received_us)


def deliver(engine: sa.Engine) -> None:
    with writing(engine) as connection:
        confirm_due(connection, NOON_US * 2, 1_000)


def stored(engine: sa.Engine, sko_id: int = 1, merchant_id: int = 1) -> Stored:
    with reading(engine) as connection:
        return stored_numbers(connection, merchant_id, [sko_id])[sko_id]


def rows(engine: sa.Engine) -> list[tuple[int, int, bool]]:
    columns = (number_run.c.first_number, number_run.c.last_number, number_run.c.late)
    with reading(engine) as connection:
        return sorted((row[0], row[1], row[2]) for row in connection.execute(sa.select(*columns)))


def test_numbers_are_known_before_and_after_their_delivery(engine: sa.Engine) -> None:
    store(engine, 1, 2, 3, 7)
    assert stored(engine).all == [(1, 3), (7, 7)]
    deliver(engine)
    assert stored(engine) == Stored([(1, 3), (7, 7)], [])


def test_a_register_without_gaps_is_one_range(engine: sa.Engine) -> None:
    for first in range(1, 50, 7):
        store(engine, *range(first, first + 7), received_us=NOON_US + first)
        deliver(engine)
    assert rows(engine) == [(1, 49, False)]


def test_what_fills_a_gap_is_late(engine: sa.Engine) -> None:
    store(engine, 1, 2, 5, received_us=NOON_US)
    deliver(engine)
    store(engine, 3, received_us=NOON_US + 10)
    deliver(engine)
    assert stored(engine) == Stored([(1, 3), (5, 5)], [(3, 3)])
    store(engine, 4, received_us=NOON_US + 20)
    deliver(engine)
    assert stored(engine) == Stored([(1, 5)], [(3, 4)])
    store(engine, 6, received_us=NOON_US + 30)
    deliver(engine)
    assert stored(engine) == Stored([(1, 6)], [(3, 4)])


def test_what_is_only_delivered_late_is_not_late(engine: sa.Engine) -> None:
    """The state system took the later one first: that says nothing of when they came."""
    store(engine, 1, received_us=NOON_US)
    store(engine, 2, received_us=NOON_US + 1)
    with writing(engine) as connection:
        note_runs(connection, [(1, 1, 2, 2)])
        note_runs(connection, [(1, 1, 1, 1)])
    assert rows(engine) == [(1, 2, False)]


def test_what_came_late_is_late_when_it_is_delivered_with_what_came_before(engine: sa.Engine) -> None:
    """The state system was away, or the jobs were."""
    for order, number in enumerate((1, 9, 6, 7, 3, 10)):
        store(engine, number, received_us=NOON_US + order)
    deliver(engine)
    assert stored(engine) == Stored([(1, 1), (3, 3), (6, 7), (9, 10)], [(3, 3), (6, 7)])


@pytest.mark.parametrize("seed", range(4))
def test_late_is_before_which_a_higher_number_came(engine: sa.Engine, seed: int) -> None:
    chance = random.Random(seed)
    numbers = chance.sample(range(1, 40), 25)
    for order, number in enumerate(numbers):
        store(engine, number, received_us=NOON_US + order)
        if chance.random() < 0.3:
            deliver(engine)
    deliver(engine)
    late = [(number, number) for order, number in enumerate(numbers) if number < max(numbers[: order + 1])]
    assert stored(engine).late == intervals.union(late)


def test_what_a_client_has_been_asked_about_is_noted_whatever_it_answers(engine: sa.Engine) -> None:
    store(engine, 1, 2, 3)
    with writing(engine) as connection:
        claimed = claim(connection, NOON_US * 2, 10)
        answers = {(1, 1, 1): Answer("confirmed"), (1, 1, 2): Answer("refused", "no"), (1, 1, 3): Answer("later")}
        settle(connection, claimed, answers, NOON_US * 2)
    assert rows(engine) == [(1, 3, False)]


def test_noting_again_changes_nothing(engine: sa.Engine) -> None:
    with writing(engine) as connection:
        note_runs(connection, [(1, 1, 1, 5)])
        note_runs(connection, [(1, 1, 2, 3)])
        note_runs(connection, [(1, 1, 1, 5), (1, 1, 1, 4)])
        note_runs(connection, [])
    assert rows(engine) == [(1, 5, False)]


def test_registers_and_merchants_stand_apart(engine: sa.Engine) -> None:
    store(engine, 1)
    store(engine, 2, sko_id=2)
    store(engine, 3, merchant_id=2)
    deliver(engine)
    assert stored(engine).all == [(1, 1)]
    assert stored(engine, sko_id=2).all == [(2, 2)]
    assert stored(engine, merchant_id=2).all == [(3, 3)]
    with reading(engine) as connection:
        assert stored_numbers(connection, 1, []) == {}
        assert set(stored_numbers(connection, 1, [1, 2, 9])) == {1, 2}


def test_any_order_ends_in_the_same_numbers(engine: sa.Engine) -> None:
    chance = random.Random(6)
    numbers = [number for number in range(1, 200) if number % 17]
    chance.shuffle(numbers)
    while numbers:
        some, numbers = numbers[:9], numbers[9:]
        store(engine, *some, received_us=NOON_US + 200 - len(numbers))
        if chance.random() < 0.7:
            deliver(engine)
    expected = intervals.union((number, number) for number in range(1, 200) if number % 17)
    assert stored(engine).all == expected
    deliver(engine)
    assert stored(engine).all == expected


def test_what_is_stored_can_be_found_out_again(engine: sa.Engine) -> None:
    store(engine, 1, 2, 5, 6, 9)
    store(engine, 4, sko_id=2)
    deliver(engine)
    noted = rows(engine)
    with writing(engine) as connection:
        connection.execute(sa.delete(number_run))
        connection.execute(sa.insert(number_run).from_select(number_run.columns.keys(), recomputed_runs()))
    assert rows(engine) == noted == [(1, 2, False), (4, 4, False), (5, 6, False), (9, 9, False)]


@pytest.mark.parametrize("seed", range(20))
def test_intervals_are_sets_of_numbers(seed: int) -> None:
    chance = random.Random(seed)

    def some() -> tuple[list[intervals.Interval], set[int]]:
        ranges = [(first, first + chance.randrange(6)) for first in chance.sample(range(60), 6)]
        return intervals.union(ranges), {number for first, last in ranges for number in range(first, last + 1)}

    def members(ranges: list[intervals.Interval]) -> set[int]:
        return {number for first, last in ranges for number in range(first, last + 1)}

    (one, its), (other, others) = some(), some()
    assert members(one) == its
    assert members(intervals.common(one, other)) == its & others
    assert members(intervals.without(one, other)) == its - others
    assert intervals.size(one) == len(its)
    assert all(a.last + 1 < b.first for a, b in itertools.pairwise(one))
