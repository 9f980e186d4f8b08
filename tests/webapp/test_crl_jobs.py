"""Revocation lists are fetched when the jobs start, then hourly; sooner after a problem."""

import threading

from webapp import crl_jobs
from webapp.crl_jobs import AGAIN_S, EVERY_S, Lists
from webapp.revocation import Refreshed
from webapp.signature_settings import SignatureSettings

URL = "http://127.0.0.1:1/authority.crl"
CONFIGURED = SignatureSettings(crl_urls=(URL,))


def test_lists_are_fetched_hourly_and_sooner_after_a_problem(monkeypatch):
    outcomes = [Refreshed(URL, next_update_us=1), Refreshed(URL, problem="it is stale")]
    monkeypatch.setattr(crl_jobs, "refresh_crls", lambda _: [outcomes.pop(0)])
    lists = Lists(CONFIGURED)
    assert [lists.fetch(), lists.fetch()] == [EVERY_S, AGAIN_S]
    assert lists.away_s == AGAIN_S


def test_it_starts_and_stops(monkeypatch):
    asked = threading.Event()
    monkeypatch.setattr(crl_jobs, "refresh_crls", lambda _: asked.set() or [])
    lists = Lists(CONFIGURED)
    lists.start()
    assert asked.wait(10)
    lists.stop()
    assert all(thread.name != "revocation lists" for thread in threading.enumerate())


def test_without_addresses_there_is_no_thread():
    lists = Lists(SignatureSettings())
    lists.start()
    assert all(thread.name != "revocation lists" for thread in threading.enumerate())
    lists.stop()


def test_once_each_address_is_asked_once():
    Lists(CONFIGURED).drain()  # nobody listens there: a problem in the log, and no more
