"""The threads of `kabinet jobs` go on whatever happens, rest as long as a round says, and end when they are told to."""

import sqlite3
import threading
import time
from collections.abc import Callable

import pytest
from structlog.testing import capture_logs

from sql.errors import StorageUnavailable
from webapp.rounds import Rounds


class Script:
    """A round that does one thing after the other, and notes when."""

    def __init__(self, *steps: float | Exception) -> None:
        self.done = 0
        self._steps = steps
        self.is_over = threading.Event()

    def __call__(self) -> float:
        step = self._steps[self.done] if self.done < len(self._steps) else 3600.0
        self.done += 1
        if self.done > len(self._steps):
            self.is_over.set()
        if isinstance(step, Exception):
            raise step
        return step


class Impatient(Rounds):
    away_s = 0.01


def test_a_thread_goes_on_after_any_failure() -> None:
    script = Script(RuntimeError("a slip"), StorageUnavailable("away"), sqlite3.OperationalError("locked"), 0)
    rounds = Impatient({"work": script})
    with capture_logs() as said:
        rounds.start()
        assert script.is_over.wait(10)
        rounds.stop()
    assert [(line["event"], line["job"]) for line in said] == [
        ("job_failed", "work"),
        ("storage_unavailable", "work"),
        ("storage_unavailable", "work"),
    ]


def test_stopping_waits_for_what_is_being_done_and_for_no_rest() -> None:
    begun, go_on, ended = threading.Event(), threading.Event(), threading.Event()

    def work() -> float:
        begun.set()
        go_on.wait(10)
        ended.set()
        return 0

    rounds = Rounds({"work": work, "rest": Script(3600.0)})
    rounds.start()
    assert begun.wait(10)
    threading.Timer(0.1, go_on.set).start()
    rounds.stop()
    assert ended.is_set()


def test_stopping_does_not_wait_for_ever() -> None:
    class Hasty(Rounds):
        stop_s = 0.1

    go_on = threading.Event()
    rounds = Hasty({"one": lambda: float(go_on.wait(10)), "two": lambda: float(go_on.wait(10))})
    rounds.start()
    begun_s = time.monotonic()
    rounds.stop()
    assert time.monotonic() - begun_s < 5
    go_on.set()


@pytest.mark.parametrize("failure", [RuntimeError("a slip"), StorageUnavailable("away")])
def test_draining_does_all_that_there_is_and_leaves_what_fails(failure: Exception) -> None:
    scripts = [Script(0, 0, 5.0), Script(0, failure)]
    Rounds({"one": scripts[0], "two": scripts[1]}).drain()
    assert [script.done for script in scripts] == [3, 2]


def test_a_rest_is_as_long_as_the_round_says(monkeypatch: pytest.MonkeyPatch) -> None:
    rests: list[float] = []
    rounds = Rounds({"work": Script(0, 7.0, RuntimeError("a slip"), 8.0)})
    monkeypatch.setattr(rounds.stopping, "wait", noting(rests))
    rounds.start()
    rounds.stop()
    assert rests == [0, 0, 7.0, Rounds.away_s, 8.0]


def noting(rests: list[float]) -> Callable[[float], bool]:
    def wait(seconds: float) -> bool:
        rests.append(seconds)
        return len(rests) == 5

    return wait


def test_work_that_is_broken_off_to_stop_is_not_begun_again() -> None:
    stopping = threading.Event()
    times: list[int] = []

    def work() -> float:
        times.append(1)
        assert len(times) == 1
        stopping.set()
        return 0  # there is more to do

    Rounds({"work": work}, stopping).drain()
    assert times == [1]
