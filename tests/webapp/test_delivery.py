"""Delivery to the state system: what ingest stores is sent, by whichever client is named, at least once."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from sql.deliveries import PAUSE_MIN_US, Answer, Outgoing, Pending, delivery_status
from sql.engine import reading, writing
from sql.instants import now_us
from sql.tables import pending_delivery, refused_delivery
from tests.accounts import make_merchant
from tests.shop import open_outlets
from tests.till import drawer, ring_up, sale
from webapp import delivery
from webapp.cli import main
from webapp.delivery import (
    CONFIRMED,
    LATER,
    Client,
    ConfirmAtOnce,
    Deliveries,
    Tally,
    confirm_at_once,
    deliver_some,
    load_client,
    refused,
)

KABINET = str(Path(sys.executable).parent / "kabinet")
SKO, OTHER_SKO = "300000001", "300000002"


class StateSystem:
    """Notes what it gets, and answers as it is told to; it confirms when it isn't."""

    needs_documents = True

    def __init__(self, answer: Callable[[Outgoing], Answer] = lambda document: CONFIRMED) -> None:
        self.answer = answer
        self.calls: list[list[Outgoing]] = []

    def deliver(self, documents: Sequence[Outgoing]) -> Sequence[Answer]:
        self.calls.append(list(documents))
        return [self.answer(document) for document in documents]

    @property
    def numbers(self) -> list[list[tuple[str, int]]]:
        return [[(document.sko, document.number) for document in call] for call in self.calls]


class Broken(StateSystem):
    def deliver(self, documents: Sequence[Outgoing]) -> Sequence[Answer]:
        super().deliver(documents)
        raise OSError("the line is dead")


class OneAnswerShort(StateSystem):
    def deliver(self, documents: Sequence[Outgoing]) -> Sequence[Answer]:
        return super().deliver(documents)[1:]


@pytest.fixture
def shop(engine: sa.Engine) -> sa.Engine:
    """A merchant with two registers."""
    open_outlets(engine, make_merchant(engine).merchant_id, ("Первый", "Второй"))
    return engine


def status(engine: sa.Engine) -> tuple[int, int]:
    """Documents that are pending and refused."""
    with reading(engine) as connection:
        return delivery_status(connection)[:2]


def pending(engine: sa.Engine) -> list[Pending]:
    with reading(engine) as connection:
        rows = connection.execute(sa.select(pending_delivery).order_by(*pending_delivery.primary_key.columns))
        return [Pending._make(row) for row in rows]


def reasons(engine: sa.Engine) -> list[tuple[int, str]]:
    with reading(engine) as connection:
        return [(row.number, row.reason) for row in connection.execute(sa.select(refused_delivery))]


def until(condition: Callable[[], bool], seconds: float = 10) -> None:
    deadline_s = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline_s, "it did not come true"
        time.sleep(0.02)


def test_what_ingest_stores_is_pending_and_then_sent(shop: sa.Engine):
    receipt = sale(1)
    ring_up(shop, receipt, drawer("deposit", 2, 500), sale(1, sko=OTHER_SKO))
    assert status(shop) == (3, 0)
    state = StateSystem()
    assert deliver_some(shop, state) == Tally(confirmed=3)
    assert status(shop) == (0, 0)
    assert state.numbers == [[(SKO, 1), (SKO, 2), (OTHER_SKO, 1)]]
    first = state.calls[0][0]
    assert (first.unp, first.uid) == ("191832203", receipt["uid"])
    assert b'"cashier"' in first.body
    assert deliver_some(shop, state) == Tally()
    assert len(state.calls) == 1


@pytest.mark.parametrize("needs_documents", [True, False])
def test_the_default_client_confirms_at_once_read_or_unread(shop: sa.Engine, needs_documents: bool):
    ring_up(shop, sale(1), sale(2))
    client = ConfirmAtOnce()
    client.needs_documents = needs_documents
    assert deliver_some(shop, client) == Tally(confirmed=2)
    assert status(shop) == (0, 0)


def test_a_refused_document_keeps_the_reason(shop: sa.Engine):
    ring_up(shop, sale(1), sale(2), sale(3))
    state = StateSystem(lambda document: refused("Касса снята с учёта") if document.number == 2 else CONFIRMED)
    assert deliver_some(shop, state) == Tally(confirmed=2, refused=1)
    assert status(shop) == (0, 1)
    assert reasons(shop) == [(2, "Касса снята с учёта")]


def test_what_the_state_system_puts_off_is_tried_again_after_a_pause(shop: sa.Engine):
    ring_up(shop, sale(1), sale(2), sale(3))
    state = StateSystem(lambda document: LATER if document.number == 2 else CONFIRMED)
    begun_us = now_us()
    assert deliver_some(shop, state) == Tally(confirmed=2, later=1)
    [left] = pending(shop)
    assert left[2:5] == (2, 2, 1)
    assert begun_us + PAUSE_MIN_US <= left.due_us <= now_us() + PAUSE_MIN_US
    assert deliver_some(shop, state) == Tally()
    with writing(shop) as connection:  # the pause is over
        connection.execute(sa.update(pending_delivery).values(due_us=now_us()))
    assert deliver_some(shop, StateSystem()) == Tally(confirmed=1)
    assert status(shop) == (0, 0)


@pytest.mark.parametrize(
    "client",
    [Broken(), OneAnswerShort(), StateSystem(lambda document: Answer("perhaps")), StateSystem(lambda document: None)],
)
def test_a_client_that_fails_loses_nothing(shop: sa.Engine, client: StateSystem):
    ring_up(shop, sale(1), sale(2))
    assert deliver_some(shop, client) == Tally(later=2)
    [left] = pending(shop)
    assert left[2:5] == (1, 2, 1)
    assert left.due_us > now_us()


def test_many_documents_go_in_calls_of_bounded_size_and_in_order(shop: sa.Engine, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(delivery, "DOCUMENTS_MAX", 4)
    ring_up(shop, *(sale(number) for number in range(1, 11)), sale(1, sko=OTHER_SKO))
    state = StateSystem()
    Deliveries(shop, state).drain()
    assert sorted(map(len, state.numbers)) == [3, 4, 4]
    sent = [key for call in state.numbers for key in call]
    assert [number for sko, number in sent if sko == SKO] == list(range(1, 11))
    assert status(shop) == (0, 0)


def test_a_call_holds_few_documents_where_they_are_large(shop: sa.Engine, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(delivery, "BYTES_MAX", 1)
    ring_up(shop, sale(1), sale(2), sale(3))
    state = StateSystem()
    Deliveries(shop, state).drain()
    assert state.numbers == [[(SKO, 1)], [(SKO, 2)], [(SKO, 3)]]
    assert status(shop) == (0, 0)


def test_a_document_that_is_not_stored_is_refused_and_holds_nothing_up(shop: sa.Engine):
    ring_up(shop, sale(1))
    with writing(shop) as connection:
        connection.execute(sa.update(pending_delivery).values(last_number=2))
    assert deliver_some(shop, StateSystem()) == Tally(confirmed=1, refused=1)
    assert reasons(shop) == [(2, "The document is not stored")]


def test_a_crash_before_the_note_sends_the_same_again(shop: sa.Engine):
    class PowerCut(BaseException):
        """Not an error that anybody handles."""

    class Dying(StateSystem):
        def deliver(self, documents: Sequence[Outgoing]) -> Sequence[Answer]:
            super().deliver(documents)
            raise PowerCut

    ring_up(shop, sale(1))
    dying, state = Dying(), StateSystem()
    with pytest.raises(PowerCut):
        deliver_some(shop, dying)
    assert deliver_some(shop, state) == Tally()  # the claim still stands
    with writing(shop) as connection:  # its lease is over
        connection.execute(sa.update(pending_delivery).values(due_us=now_us()))
    assert deliver_some(shop, state) == Tally(confirmed=1)
    assert state.calls == dying.calls
    assert status(shop) == (0, 0)


def test_two_job_processes_never_send_the_same_at_the_same_time(shop: sa.Engine, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(delivery, "DOCUMENTS_MAX", 3)
    for number in range(1, 40, 2):
        ring_up(shop, sale(number), sale(number, sko=OTHER_SKO))
    states = [StateSystem(), StateSystem()]
    workers = [threading.Thread(target=Deliveries(shop, state).drain) for state in states]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(30)
    while status(shop)[0]:
        Deliveries(shop, states[0]).drain()
    sent = [key for state in states for call in state.numbers for key in call]
    assert sorted(sent) == sorted((sko, number) for number in range(1, 40, 2) for sko in (SKO, OTHER_SKO))


def test_documents_are_sent_as_they_arrive_until_it_is_stopped(shop: sa.Engine):
    state = StateSystem()
    deliveries = Deliveries(shop, state)
    deliveries.start()
    for number in (1, 2):
        ring_up(shop, sale(number))
        until(lambda expected=number: status(shop) == (0, 0) and len(state.calls) == expected, seconds=5)
    deliveries.stop()
    ring_up(shop, sale(3))
    time.sleep(0.1)
    assert status(shop) == (1, 0)


def test_a_database_that_is_away_is_asked_again(shop: sa.Engine, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(Deliveries, "away_s", 0.05)
    ring_up(shop, sale(1))
    with writing(shop) as connection:
        connection.execute(sa.text("ALTER TABLE pending_delivery RENAME TO elsewhere"))
    deliveries = Deliveries(shop, StateSystem())
    deliveries.start()
    time.sleep(0.3)
    with writing(shop) as connection:
        connection.execute(sa.text("ALTER TABLE elsewhere RENAME TO pending_delivery"))
    until(lambda: status(shop) == (0, 0))
    deliveries.stop()


def test_the_default_is_the_client_that_confirms_at_once():
    assert isinstance(load_client("webapp.delivery:confirm_at_once"), ConfirmAtOnce)
    assert isinstance(confirm_at_once(), ConfirmAtOnce)


def no_client() -> object:
    return object()


def without_a_line() -> Client:
    raise OSError("the line is dead")


@pytest.mark.parametrize(
    "name",
    ["", "nonsense", "no.such.module:client", "webapp.delivery:nobody", "webapp.delivery:", f"{__name__}:no_client"],
)
def test_a_client_that_is_none_gets_a_sentence(name: str):
    with pytest.raises(ValueError, match="DELIVERY_CLIENT names no client"):
        load_client(name)


def test_jobs_end_with_a_sentence_if_the_client_can_not_be_made(database_url: str):
    environment = {"DATABASE_URL": database_url, "KABINET_ENV": "development"}
    environment["DELIVERY_CLIENT"] = f"{__name__}:without_a_line"
    result = CliRunner(env=environment).invoke(main, ["jobs", "--once"])
    assert result.exit_code == 1
    assert "DELIVERY_CLIENT names no client" in result.output
    assert "the line is dead" in result.output
    assert "Traceback" not in result.output


def test_the_jobs_process_delivers_says_how_and_stops_when_it_is_told_to(shop: sa.Engine, database_url: str):
    environment = {**os.environ, "DATABASE_URL": database_url, "SECRET_KEY": "s" * 32}
    process = subprocess.Popen([KABINET, "jobs"], env=environment, stderr=subprocess.PIPE, text=True)
    try:
        for number in (1, 2):
            ring_up(shop, sale(number))
            until(lambda: status(shop) == (0, 0))
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=20)
    finally:
        process.kill()
    assert process.returncode == 0
    assert "confirmed at once" in said


def test_jobs_that_run_once_deliver_what_is_due(shop: sa.Engine, database_url: str):
    ring_up(shop, sale(1))
    result = CliRunner(env={"DATABASE_URL": database_url, "KABINET_ENV": "development"}).invoke(
        main, ["jobs", "--once"]
    )
    assert result.exit_code == 0, result.output
    assert status(shop) == (0, 0)


def test_an_operator_sees_how_far_it_is_and_sends_again_what_was_refused(shop: sa.Engine, database_url: str):
    ring_up(shop, sale(1), sale(2), sale(1, sko=OTHER_SKO))
    kabinet = CliRunner(env={"DATABASE_URL": database_url})

    def say(*arguments: str) -> str:
        result = kabinet.invoke(main, ["delivery", *arguments])
        assert result.exit_code == 0, result.output
        return result.output.strip()

    assert say("status", "--json").startswith('{"pending": 3, "refused": 0, "oldest_pending_seconds": ')
    deliver_some(shop, StateSystem(lambda document: refused("Позже")))
    assert say("status", "--json") == '{"pending": 0, "refused": 3, "oldest_pending_seconds": null}'
    assert say("retry", "--unp", "191832203", "--sko", OTHER_SKO, "--json") == '{"documents": 1}'
    assert say("retry", "--unp", "191832203") == "documents: 2"
    assert status(shop) == (3, 0)
    wrong = kabinet.invoke(main, ["delivery", "retry", "--unp", "191832203", "--sko", "7"])
    assert (wrong.exit_code, wrong.output) == (1, "Error: The merchant has no СКО 7\n")
