"""Versions of settings: the newest counts, nobody overwrites what they haven't seen, the register has the last word."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sql.engine import reading, writing
from sql.errors import NotFound
from sql.events import NewEvent, insert_events
from sql.register_settings import (
    Conflict,
    SettingsVersion,
    applied_versions,
    current_settings,
    find_version,
    newest_settings,
    save_settings,
    settle,
    versions_of,
)
from sql.skos import directory, directory_changes
from sql.tables import event, settings_version
from tests.sql.rows import NOON_US, add_company

NUMBERS = ("300012345", "300012346")


def save(engine: sa.Engine, merchant_id: int, changes: dict[int, tuple[int | None, bytes]]) -> None:
    with writing(engine) as connection:
        save_settings(connection, merchant_id, changes, None)


def report(engine: sa.Engine, *events: tuple[str, str | None, int], merchant_id: int = 1, sko_id: int = 1) -> None:
    """Events as ingest stores them: kind, detail, seconds after noon."""
    rows = [
        NewEvent(merchant_id, sko_id, NOON_US + seconds * 1_000_000, kind, detail, NOON_US)
        for kind, detail, seconds in events
    ]
    with writing(engine) as connection:
        insert_events(connection, rows)
        settle(connection, rows)


def one(engine: sa.Engine, version: int, merchant_id: int = 1, sko_id: int = 1) -> SettingsVersion:
    with reading(engine) as connection:
        found = find_version(connection, merchant_id, sko_id, version)
    assert found is not None
    return found


def outcome(engine: sa.Engine, version: int) -> tuple[str, int | None, str | None]:
    found = one(engine, version)
    at = None if found.outcome_us is None else (found.outcome_us - NOON_US) // 1_000_000
    return found.state, at, found.reason


def test_each_save_is_the_next_version_and_the_newest_counts(engine: sa.Engine):
    merchant_id = add_company(engine, numbers=NUMBERS)
    save(engine, merchant_id, {1: (None, b'{"a":1}'), 2: (None, b'{"b":1}')})
    save(engine, merchant_id, {1: (1, b'{"a":2}')})
    with reading(engine) as connection:
        assert newest_settings(connection, [NUMBERS[0], "1"]) == {NUMBERS[0]: (2, b'{"a":2}')}
        current = current_settings(connection, merchant_id)
        assert {key: (found.version, found.content) for key, found in current.items()} == {
            1: (2, b'{"a":2}'),
            2: (1, b'{"b":1}'),
        }
        assert list(current_settings(connection, merchant_id, [2])) == [2]
        assert [(found.version, found.based_on) for found in versions_of(connection, merchant_id, 1)] == [
            (2, 1),
            (1, None),
        ]
        assert find_version(connection, merchant_id, 1, 3) is None


def test_a_save_over_something_unseen_is_refused_as_a_whole(engine: sa.Engine):
    merchant_id = add_company(engine, numbers=NUMBERS)
    save(engine, merchant_id, {1: (None, b"{}")})
    with pytest.raises(Conflict) as refused:
        save(engine, merchant_id, {1: (None, b'{"late":1}'), 2: (None, b'{"late":1}')})
    assert refused.value.sko_ids == (1,)
    with reading(engine) as connection:
        assert {key: found.content for key, found in current_settings(connection, merchant_id).items()} == {1: b"{}"}


def test_of_two_who_save_at_once_one_is_told(engine: sa.Engine):
    add_company(engine, numbers=NUMBERS)
    ready = Barrier(2)

    def save_mine(name: str) -> tuple[int, ...]:
        ready.wait()
        try:
            save(engine, 1, {sko_id: (None, name.encode()) for sko_id in (1, 2)})
        except Conflict as refused:
            return refused.sko_ids
        return ()

    with ThreadPoolExecutor(2) as threads:
        told = list(threads.map(save_mine, ("a", "b")))
    assert sorted(told) == [(), (1, 2)]
    winner = b"ab"[told.index(()) :][:1]
    with reading(engine) as connection:
        current = current_settings(connection, 1)
    assert [(found.version, found.content) for found in current.values()] == [(1, winner)] * 2


def test_settings_of_another_company_can_be_neither_read_nor_saved(engine: sa.Engine):
    merchant_id = add_company(engine, numbers=NUMBERS)
    rival_id = add_company(engine, unp="190000018", numbers=("400000001",))
    save(engine, merchant_id, {2: (None, b"{}")})
    with pytest.raises(NotFound):
        save(engine, rival_id, {2: (1, b'{"mine":1}')})
    with reading(engine) as connection:
        assert current_settings(connection, rival_id) == {}
        assert versions_of(connection, rival_id, 2) == []
        assert find_version(connection, rival_id, 2, 1) is None


def test_ingest_hears_of_a_new_version(engine: sa.Engine):
    merchant_id = add_company(engine, numbers=NUMBERS)
    with reading(engine) as connection:
        assert directory(connection, NUMBERS)[NUMBERS[0]].settings_version == 0
    save(engine, merchant_id, {1: (None, b"{}")})
    with reading(engine) as connection:
        assert directory(connection, NUMBERS)[NUMBERS[0]].settings_version == 1
        changed = one(engine, 1).saved_us
        assert set(directory_changes(connection, changed)) == {NUMBERS[0]}


def test_a_register_says_what_became_of_a_version(engine: sa.Engine):
    add_company(engine)
    save(engine, 1, {1: (None, b"{}")})
    save(engine, 1, {1: (1, b"{}")})
    assert outcome(engine, 1) == ("waiting", None, None)
    report(engine, ("settings_applied", "1", 5), ("settings_rejected", "2: памяти не хватает", 6))
    assert outcome(engine, 1) == ("applied", 5, None)
    assert outcome(engine, 2) == ("rejected", 6, "памяти не хватает")
    with reading(engine) as connection:
        assert applied_versions(connection, 1) == {1: (1, one(engine, 1).outcome_us)}
        assert applied_versions(connection, 1, [2]) == {}


@pytest.mark.parametrize("detail", [None, "", "no number", "9", "-1", "0", "1" * 30, "1" * 500])
def test_an_event_about_no_version_changes_nothing(engine: sa.Engine, detail: str | None):
    add_company(engine)
    save(engine, 1, {1: (None, b"{}")})
    report(engine, ("settings_applied", detail, 5))
    assert outcome(engine, 1) == ("waiting", None, None)


@pytest.mark.parametrize("detail", ["1 no", "1: no", " 1 - no", "1, no", "1;no", "1.no"])
def test_the_reason_stands_behind_the_version(engine: sa.Engine, detail: str):
    add_company(engine)
    save(engine, 1, {1: (None, b"{}")})
    report(engine, ("settings_rejected", detail, 5))
    assert outcome(engine, 1) == ("rejected", 5, "no")


def test_a_duplicate_with_other_words_settles_nothing(engine: sa.Engine):
    add_company(engine)
    save(engine, 1, {1: (None, b"{}")})
    save(engine, 1, {1: (1, b"{}")})
    report(engine, ("settings_applied", "1", 5))
    report(engine, ("settings_applied", "2", 5))
    assert outcome(engine, 2) == ("waiting", None, None)


def test_an_outcome_is_taken_back_only_by_a_newer_event(engine: sa.Engine):
    add_company(engine)
    save(engine, 1, {1: (None, b"{}")})
    report(engine, ("settings_applied", "1", 5))
    report(engine, ("settings_rejected", "1 earlier", 4))
    assert outcome(engine, 1) == ("applied", 5, None)
    report(engine, ("settings_rejected", "1 later", 6))
    assert outcome(engine, 1) == ("rejected", 6, "later")


@pytest.mark.parametrize("kinds", [("applied", "rejected"), ("rejected", "applied")])
def test_of_two_outcomes_at_the_same_instant_the_refusal_counts(engine: sa.Engine, kinds: tuple[str, str]):
    add_company(engine)
    save(engine, 1, {1: (None, b"{}")})
    for kind in kinds:
        report(engine, (f"settings_{kind}", "1 why", 5))
    assert outcome(engine, 1) == ("rejected", 5, "why")


def test_the_register_of_another_company_settles_only_its_own(engine: sa.Engine):
    add_company(engine)
    rival_id = add_company(engine, unp="190000018", numbers=("400000001",))
    save(engine, 1, {1: (None, b"{}")})
    save(engine, rival_id, {1: (None, b"{}")})
    report(engine, ("settings_applied", "1", 5), merchant_id=rival_id)
    assert one(engine, 1).state == "waiting"
    assert one(engine, 1, rival_id).state == "applied"


EVENTS = st.tuples(
    st.sampled_from(("settings_applied", "settings_rejected")), st.sampled_from(("1", "2 why", "3")), st.integers(0, 3)
)


@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(data=st.data(), events=st.lists(EVENTS, max_size=6, unique_by=lambda event: (event[0], event[2])))
def test_the_order_in_which_events_arrive_does_not_matter(
    engine: sa.Engine, data: st.DataObject, events: list[tuple[str, str, int]]
):
    with writing(engine) as connection:
        missing = not connection.execute(sa.select(settings_version.c.version)).first()
    if missing:
        add_company(engine)
        save(engine, 1, {1: (None, b"{}")})
        save(engine, 1, {1: (1, b"{}")})
    ends = []
    for order in (events, data.draw(st.permutations(events))):
        with writing(engine) as connection:
            connection.execute(sa.delete(event))
            waiting = {"state": "waiting", "outcome_us": None, "reason": None}
            connection.execute(sa.update(settings_version).values(waiting))
        cut = data.draw(st.integers(0, len(order)))
        report(engine, *order[:cut])
        report(engine, *order[cut:])
        ends.append([outcome(engine, version) for version in (1, 2)])
    assert ends[0] == ends[1]
