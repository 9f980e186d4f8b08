"""Logins that are half done: every step once, every guess counted, and over after ten minutes."""

from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa

from sql import login_attempts
from sql.engine import reading, writing
from sql.instants import SECOND_US, now_us
from sql.login_attempts import (
    LIFETIME_US,
    SEND_PAUSE_US,
    SENDS_MAX,
    TRIES_MAX,
    advance,
    begin_attempt,
    count_send,
    count_try,
    end_attempt,
    find_attempt,
    sweep_attempts,
)
from sql.tables import login_attempt
from tests.accounts import make_merchant


@pytest.fixture
def token(engine: sa.Engine) -> str:
    account_id = make_merchant(engine).account_id
    with writing(engine) as connection:
        return begin_attempt(connection, way="email", step="sms", account_id=account_id, challenge=b"c")


def test_an_attempt_is_found_by_its_token_alone(engine: sa.Engine, token: str) -> None:
    with reading(engine) as connection:
        attempt = find_attempt(connection, token)
        assert attempt is not None
        assert (attempt.way, attempt.step, attempt.challenge, attempt.tries) == ("email", "sms", b"c", 0)
        assert find_attempt(connection, token[:-1]) is None
        assert find_attempt(connection, None) is None
        assert find_attempt(connection, "") is None
        [kept] = connection.execute(sa.select(login_attempt.c.attempt_hash)).scalars()
    assert token.encode() not in kept


def test_a_step_is_left_once(engine: sa.Engine, token: str) -> None:
    with writing(engine) as connection:
        assert not advance(connection, token, leaving="company", step="done")
        assert advance(connection, token, leaving="sms", step="company", tries=0)
        assert not advance(connection, token, leaving="sms", step="company")
        assert not end_attempt(connection, token, step="sms")
        assert end_attempt(connection, token, step="company")
        assert not end_attempt(connection, token, step="company")
        assert find_attempt(connection, token) is None


def test_of_parallel_guesses_only_five_are_looked_at(engine: sa.Engine, token: str) -> None:
    def guess(_: int) -> bool:
        with writing(engine) as connection:
            return count_try(connection, token, step="sms")

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(guess, range(24))) == TRIES_MAX
    with writing(engine) as connection:
        assert not count_try(connection, token, step="company")


def test_of_parallel_ends_only_one_counts(engine: sa.Engine, token: str) -> None:
    def end(_: int) -> bool:
        with writing(engine) as connection:
            return end_attempt(connection, token, step="sms")

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(end, range(16))) == 1


def test_after_ten_minutes_it_is_over(engine: sa.Engine, token: str, monkeypatch: pytest.MonkeyPatch) -> None:
    later = now_us() + 10 * 60 * SECOND_US + 1
    with writing(engine) as connection:
        assert sweep_attempts(connection) == 0
        monkeypatch.setattr(login_attempts, "now_us", lambda: later)
        assert find_attempt(connection, token) is None
        assert not advance(connection, token, leaving="sms", step="company")
        assert not count_try(connection, token, step="sms")
        assert not end_attempt(connection, token, step="sms")
        assert sweep_attempts(connection) == 1


def test_an_attempt_for_nobody_goes_on_like_any_other(engine: sa.Engine) -> None:
    with writing(engine) as connection:
        token = begin_attempt(connection, way="email", step="password", account_id=None)
        assert advance(connection, token, leaving="password", step="sms", sends=1)
        found = find_attempt(connection, token)
        assert found is not None
        assert (found.account_id, found.step, found.sends) == (None, "sms", 1)


def test_a_code_is_sent_once_a_minute_and_five_times_in_all(
    engine: sa.Engine, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = now_us()
    monkeypatch.setattr(login_attempts, "now_us", lambda: start)
    for number in range(SENDS_MAX + 1):
        with writing(engine) as connection:
            assert not count_send(connection, token, step="company", code_hash=b"x")
            sent = count_send(connection, token, step="sms", code_hash=bytes([number]) * 32)
            assert sent == (number < SENDS_MAX)
            start += SEND_PAUSE_US - 1
            assert not count_send(connection, token, step="sms", code_hash=b"too soon")
            start += 1
    with reading(engine) as connection:
        found = find_attempt(connection, token)
    assert found is not None
    assert found.code_hash == bytes([SENDS_MAX - 1]) * 32


def test_a_new_code_is_good_for_ten_minutes_and_gives_no_new_guesses(
    engine: sa.Engine, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with writing(engine) as connection:
        for _ in range(TRIES_MAX):
            assert count_try(connection, token, step="sms")
        later = now_us() + LIFETIME_US // 2
        monkeypatch.setattr(login_attempts, "now_us", lambda: later)
        assert count_send(connection, token, step="sms", code_hash=b"c" * 32)
        assert not count_try(connection, token, step="sms")
        found = find_attempt(connection, token)
    assert found is not None
    assert found.expires_us == later + LIFETIME_US


def test_of_parallel_sends_only_one_goes_out(engine: sa.Engine, token: str) -> None:
    def send(number: int) -> bool:
        with writing(engine) as connection:
            return count_send(connection, token, step="sms", code_hash=bytes([number]) * 32)

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(send, range(16))) == 1
