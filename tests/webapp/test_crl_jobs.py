"""Revocation lists are fetched when the jobs start, then hourly; sooner after a problem."""

import threading
from collections.abc import Callable

import pytest

from webapp import crl_jobs
from webapp.crl_jobs import AGAIN_S, EVERY_S, Lists
from webapp.revocation import Refreshed
from webapp.signature_settings import SignatureSettings

URL = "http://127.0.0.1:1/authority.crl"
CONFIGURED = SignatureSettings(crl_urls=(URL,))


class Rests:
    """Stands in for the event that the thread rests on: notes for how long, and ends the third rest."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    def wait(self, seconds: float) -> bool:
        self.seconds.append(seconds)
        return len(self.seconds) == 3


def rests(monkeypatch: pytest.MonkeyPatch, refresh: Callable[[SignatureSettings], list[Refreshed]]) -> list[float]:
    monkeypatch.setattr(crl_jobs, "refresh_crls", refresh)
    lists, noted = Lists(CONFIGURED), Rests()
    monkeypatch.setattr(lists, "_stop", noted)
    lists._run()
    return noted.seconds


def test_lists_are_fetched_at_once_and_then_hourly(monkeypatch):
    assert rests(monkeypatch, lambda _: [Refreshed(URL, next_update_us=1)]) == [0, EVERY_S, EVERY_S]


def test_after_a_problem_they_are_fetched_sooner(monkeypatch):
    assert rests(monkeypatch, lambda _: [Refreshed(URL, problem="it is stale")]) == [0, AGAIN_S, AGAIN_S]


def test_the_thread_outlives_whatever_happens(monkeypatch):
    def fail(_: SignatureSettings) -> list[Refreshed]:
        raise RuntimeError("broken")

    assert rests(monkeypatch, fail) == [0, AGAIN_S, AGAIN_S]


def test_it_starts_and_stops(monkeypatch):
    asked = threading.Event()
    monkeypatch.setattr(crl_jobs, "refresh_crls", lambda _: asked.set() or [])
    lists = Lists(CONFIGURED)
    lists.start()
    assert asked.wait(10)
    lists.stop()
    assert not lists._thread.is_alive()


def test_without_addresses_there_is_no_thread(monkeypatch):
    lists = Lists(SignatureSettings())
    lists.start()
    assert not lists._thread.is_alive()
    lists.stop()


def test_once_each_address_is_asked_once():
    Lists(CONFIGURED).drain()  # nobody listens there: a problem in the log, and no more
