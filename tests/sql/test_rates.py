"""How often one network may do something: counted in the database, so that the count holds across processes."""

import pytest
import sqlalchemy as sa

from sql import rates
from sql.engine import writing
from sql.instants import SECOND_US, now_us
from sql.tables import login_throttle
from sql.throttle import KEPT_US, MINUTE_US, TooManyAttempts, sweep_throttle

RATE = rates.Rate("receipt", most=3, window_us=MINUTE_US)
HERE = "203.0.113.7"


def take(engine: sa.Engine, address: str = HERE, rate: rates.Rate = RATE) -> None:
    with writing(engine) as connection:
        rates.count(connection, rate, address)


def age(engine: sa.Engine, by_us: int) -> None:
    """Let all counters be older."""
    with writing(engine) as connection:
        connection.execute(login_throttle.update().values(since_us=login_throttle.c.since_us - by_us))


def test_network_is_told_to_wait_until_its_window_ends(engine: sa.Engine) -> None:
    before = now_us()
    for _ in range(3):
        take(engine)
    with pytest.raises(TooManyAttempts) as refused:
        take(engine)
    assert before + MINUTE_US <= refused.value.retry_us <= now_us() + MINUTE_US


def test_refused_requests_do_not_lengthen_the_wait(engine: sa.Engine) -> None:
    for _ in range(3):
        take(engine)
    age(engine, 30 * SECOND_US)
    for _ in range(5):
        with pytest.raises(TooManyAttempts) as refused:
            take(engine)
    assert refused.value.retry_us <= now_us() + 30 * SECOND_US


def test_new_window_begins_once_the_old_one_is_over(engine: sa.Engine) -> None:
    for _ in range(3):
        take(engine)
    age(engine, MINUTE_US)
    for _ in range(3):
        take(engine)
    with pytest.raises(TooManyAttempts):
        take(engine)


def test_networks_and_purposes_are_counted_apart(engine: sa.Engine) -> None:
    for _ in range(3):
        take(engine)
    take(engine, "203.0.113.8")
    take(engine, rate=rates.Rate("receipt-miss", most=3, window_us=MINUTE_US))


def test_one_subscriber_of_ipv6_is_one_network(engine: sa.Engine) -> None:
    for place in range(3):
        take(engine, f"2001:db8:1:2::{place}")
    with pytest.raises(TooManyAttempts):
        take(engine, "2001:db8:1:2:ffff::1")
    take(engine, "2001:db8:1:3::1")


def test_looking_counts_nothing(engine: sa.Engine) -> None:
    for _ in range(5):
        with writing(engine) as connection:
            rates.check(connection, RATE, HERE)
    for _ in range(3):
        take(engine)
    with writing(engine) as connection, pytest.raises(TooManyAttempts):
        rates.check(connection, RATE, HERE)


def test_old_counters_are_swept_with_those_of_the_login(engine: sa.Engine) -> None:
    take(engine)
    with writing(engine) as connection:
        assert sweep_throttle(connection) == 0
    age(engine, KEPT_US)
    with writing(engine) as connection:
        assert sweep_throttle(connection) == 1


def test_sweeping_opens_no_window_before_its_end(engine: sa.Engine) -> None:
    longest = rates.Rate("reset", most=1, window_us=KEPT_US)
    take(engine, rate=longest)
    age(engine, KEPT_US - MINUTE_US)
    with writing(engine) as connection:
        sweep_throttle(connection)
    with pytest.raises(TooManyAttempts):
        take(engine, rate=longest)


def test_a_window_that_would_be_swept_too_early_can_not_be_made() -> None:
    with pytest.raises(ValueError, match="swept"):
        rates.Rate("reset", most=1, window_us=KEPT_US + 1)
