"""Exports in the database: who may ask for how many, and that each is made by one worker at a time."""

import threading
from dataclasses import replace

import pytest
import sqlalchemy as sa

from sql import exports
from sql.engine import reading, writing
from sql.exports import ATTEMPTS_MAX, KEPT_US, SILENCE_US, UNDER_WAY_MAX, Export, TooManyExports
from sql.instants import now_us
from sql.tables import export
from tests.accounts import TestMerchant, make_merchant


@pytest.fixture
def merchant(engine: sa.Engine) -> TestMerchant:
    return make_merchant(engine)


def ask(engine: sa.Engine, merchant: TestMerchant, subject: str = "documents") -> str:
    with writing(engine) as connection:
        return exports.add_export(
            connection,
            merchant.merchant_id,
            merchant.account_id,
            subject=subject,
            file_format="xlsx",
            query="outlet=1",
            language="ru",
            file_name="Кассовые документы.xlsx",
        )


def find(engine: sa.Engine, merchant: TestMerchant, export_id: str) -> Export | None:
    with reading(engine) as connection:
        return exports.find_export(connection, merchant.merchant_id, merchant.account_id, export_id)


def due(engine: sa.Engine) -> list[tuple[int, str]]:
    with reading(engine) as connection:
        return exports.due_exports(connection)


def claim(engine: sa.Engine, merchant: TestMerchant, export_id: str) -> Export | None:
    with writing(engine) as connection:
        return exports.claim_export(connection, merchant.merchant_id, export_id)


def begun(engine: sa.Engine, merchant: TestMerchant) -> Export:
    """A new export that a worker has claimed."""
    claimed = claim(engine, merchant, ask(engine, merchant))
    assert claimed
    return claimed


def fall_silent(engine: sa.Engine, by_us: int = SILENCE_US + 1_000_000, **also: int) -> None:
    """As if nothing had been heard of any export for so long."""
    with writing(engine) as connection:
        connection.execute(sa.update(export).values(beat_us=now_us() - by_us, **also))


# --- asking ----------------------------------------------------------------------------------------------------------


def test_export_waits_as_it_was_asked_for(engine: sa.Engine, merchant: TestMerchant) -> None:
    export_id = ask(engine, merchant)
    found = find(engine, merchant, export_id)
    assert found is not None
    assert (found.subject, found.file_format, found.query, found.language) == ("documents", "xlsx", "outlet=1", "ru")
    assert (found.state, found.rows_done, found.rows_total, found.file_bytes) == ("waiting", 0, None, None)
    assert found.stored_name == f"{export_id}.xlsx"
    assert len(export_id) == 32


def test_account_waits_for_its_own_exports_only(engine: sa.Engine, merchant: TestMerchant) -> None:
    for _ in range(UNDER_WAY_MAX):
        ask(engine, merchant)
    with pytest.raises(TooManyExports):
        ask(engine, merchant)
    ask(engine, make_merchant(engine, "100320487"))


def test_finished_and_failed_exports_are_in_nobodys_way(engine: sa.Engine, merchant: TestMerchant) -> None:
    for _ in range(UNDER_WAY_MAX):
        made = begun(engine, merchant)
        with writing(engine) as connection:
            exports.finish_export(connection, made, rows=1, file_bytes=1)
    assert ask(engine, merchant)


def test_many_who_ask_at_once_are_counted_one_after_the_other(engine: sa.Engine, merchant: TestMerchant) -> None:
    refused: list[Exception] = []

    def try_to_ask() -> None:
        try:
            ask(engine, merchant)
        except TooManyExports as error:
            refused.append(error)

    threads = [threading.Thread(target=try_to_ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == 8 - UNDER_WAY_MAX
    assert len(due(engine)) == UNDER_WAY_MAX


def test_export_is_seen_by_its_account_in_its_company_only(engine: sa.Engine, merchant: TestMerchant) -> None:
    export_id = ask(engine, merchant)
    stranger = make_merchant(engine, "100320487")
    for merchant_id, account_id in (
        (stranger.merchant_id, stranger.account_id),
        (stranger.merchant_id, merchant.account_id),
        (merchant.merchant_id, stranger.account_id),
    ):
        with writing(engine) as connection:
            assert exports.find_export(connection, merchant_id, account_id, export_id) is None
            assert exports.exports_of(connection, merchant_id, account_id) == []
            assert exports.delete_export(connection, merchant_id, account_id, export_id) is False
            assert exports.try_again(connection, merchant_id, account_id, export_id) is False
    assert find(engine, merchant, export_id)


def test_exports_are_listed_newest_first(engine: sa.Engine, merchant: TestMerchant) -> None:
    asked = [ask(engine, merchant, subject) for subject in ("sales", "turnover")]
    with reading(engine) as connection:
        listed = exports.exports_of(connection, merchant.merchant_id, merchant.account_id)
    assert [found.export_id for found in listed] == asked[::-1]


# --- making ----------------------------------------------------------------------------------------------------------


def test_two_workers_at_once_never_get_the_same_export(engine: sa.Engine, merchant: TestMerchant) -> None:
    for unp in ("100320487", "190000018", "191832203"):
        of = merchant if unp == merchant.unp else make_merchant(engine, unp)
        for _ in range(UNDER_WAY_MAX):
            ask(engine, of)
    waiting, start = due(engine), threading.Barrier(4)
    assert len(waiting) == 3 * UNDER_WAY_MAX
    claimed: list[Export] = []

    def work() -> None:
        start.wait()
        for merchant_id, export_id in waiting:
            with writing(engine) as connection:
                if found := exports.claim_export(connection, merchant_id, export_id):
                    claimed.append(found)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found.export_id for found in claimed) == sorted(export_id for _, export_id in waiting)
    assert due(engine) == []


def test_oldest_export_is_made_first(engine: sa.Engine, merchant: TestMerchant) -> None:
    first, second = ask(engine, merchant), ask(engine, merchant)
    assert due(engine) == [(merchant.merchant_id, first), (merchant.merchant_id, second)]


def test_progress_is_noted_until_it_is_done(engine: sa.Engine, merchant: TestMerchant) -> None:
    made = begun(engine, merchant)
    assert (made.state, made.attempts, made.tenths_done) == ("running", 1, 0)
    with writing(engine) as connection:
        assert exports.note_progress(connection, made, rows_done=55, rows_total=100)
    found = find(engine, merchant, made.export_id)
    assert found
    assert (found.rows_done, found.rows_total, found.tenths_done, found.is_under_way) == (55, 100, 5, True)
    with writing(engine) as connection:
        assert exports.finish_export(connection, made, rows=101, file_bytes=2048)
    found = find(engine, merchant, made.export_id)
    assert found
    assert (found.state, found.rows_done, found.rows_total, found.file_bytes) == ("done", 101, 101, 2048)
    assert due(engine) == []


def test_silent_worker_loses_its_export_to_the_next_one(engine: sa.Engine, merchant: TestMerchant) -> None:
    first = begun(engine, merchant)
    assert due(engine) == []
    fall_silent(engine)
    second = claim(engine, merchant, first.export_id)
    assert second
    assert (second.attempts, second.rows_done) == (2, 0)
    with writing(engine) as connection:
        assert exports.note_progress(connection, first, rows_done=1, rows_total=1) is False
        assert exports.finish_export(connection, first, rows=1, file_bytes=1) is False
        assert exports.fail_export(connection, first, "broken") is False
        assert exports.release_export(connection, first) is False
        assert exports.finish_export(connection, second, rows=2, file_bytes=2) is True
    found = find(engine, merchant, first.export_id)
    assert found
    assert (found.state, found.rows_done) == ("done", 2)


def test_sign_of_life_keeps_an_export(engine: sa.Engine, merchant: TestMerchant) -> None:
    made = begun(engine, merchant)
    fall_silent(engine)
    with writing(engine) as connection:
        assert exports.note_progress(connection, made, rows_done=1, rows_total=None)
    assert due(engine) == []
    assert claim(engine, merchant, made.export_id) is None


def test_export_that_is_put_back_has_lost_no_attempt(engine: sa.Engine, merchant: TestMerchant) -> None:
    made = begun(engine, merchant)
    with writing(engine) as connection:
        assert exports.release_export(connection, made)
    again = claim(engine, merchant, made.export_id)
    assert again
    assert (again.attempts, again.rows_done) == (1, 0)
    assert again.claim != made.claim


def test_cancelled_export_is_lost_to_its_worker(engine: sa.Engine, merchant: TestMerchant) -> None:
    made = begun(engine, merchant)
    with writing(engine) as connection:
        assert exports.delete_export(connection, merchant.merchant_id, merchant.account_id, made.export_id)
        assert exports.note_progress(connection, made, rows_done=1, rows_total=1) is False
        assert exports.finish_export(connection, made, rows=1, file_bytes=1) is False
    assert find(engine, merchant, made.export_id) is None


def test_failed_export_can_be_tried_again(engine: sa.Engine, merchant: TestMerchant) -> None:
    made = begun(engine, merchant)
    with writing(engine) as connection:
        assert exports.fail_export(connection, made, "interrupted")
    found = find(engine, merchant, made.export_id)
    assert found
    assert (found.state, found.failure, found.is_under_way) == ("failed", "interrupted", False)
    assert due(engine) == []
    with writing(engine) as connection:
        assert exports.try_again(connection, merchant.merchant_id, merchant.account_id, made.export_id)
        assert not exports.try_again(connection, merchant.merchant_id, merchant.account_id, made.export_id)
    again = claim(engine, merchant, made.export_id)
    assert again
    assert (again.failure, again.attempts) == (None, 1)
    assert again.attempts < ATTEMPTS_MAX


def test_trying_again_waits_for_the_others_too(engine: sa.Engine, merchant: TestMerchant) -> None:
    made = begun(engine, merchant)
    with writing(engine) as connection:
        exports.fail_export(connection, made, "broken")
    for _ in range(UNDER_WAY_MAX):
        ask(engine, merchant)
    with pytest.raises(TooManyExports), writing(engine) as connection:
        exports.try_again(connection, merchant.merchant_id, merchant.account_id, made.export_id)


# --- sweeping --------------------------------------------------------------------------------------------------------


def test_exports_are_forgotten_a_day_after_anything_happened(engine: sa.Engine, merchant: TestMerchant) -> None:
    old, kept = ask(engine, merchant), ask(engine, merchant)
    fall_silent(engine, KEPT_US + 1_000_000, created_us=now_us() - 2 * KEPT_US)
    made = claim(engine, merchant, kept)  # as old, but somebody is at it
    assert made
    with writing(engine) as connection:
        assert exports.sweep_exports(connection) == 1
        assert exports.known_claims(connection) == {kept: made.claim}
    assert find(engine, merchant, old) is None


def test_rows_without_a_count_are_no_tenth(engine: sa.Engine, merchant: TestMerchant) -> None:
    made = begun(engine, merchant)
    assert replace(made, rows_done=500, rows_total=None).tenths_done == 0
    assert replace(made, rows_done=500, rows_total=400).tenths_done == 10
