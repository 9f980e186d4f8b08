"""The login throttle: guessing is hopeless, and nobody locks a company out."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa

from sql import throttle
from sql.engine import connect, reading, writing
from sql.instants import DAY_US, now_us
from sql.tables import login_throttle
from sql.throttle import MINUTE_US, WINDOW_US, TooManyAttempts

UNP = "191832203"
HERE = "192.0.2.1"


class Clock:
    def __init__(self) -> None:
        self.now = now_us()

    def __call__(self) -> int:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(throttle, "now_us", clock)
    return clock


def is_admitted(engine: sa.Engine, address: str = HERE, unp: str = UNP) -> bool:
    try:
        with writing(engine) as connection:
            throttle.admit(connection, unp=unp, address=address)
    except TooManyAttempts:
        return False
    return True


def welcome(engine: sa.Engine, address: str = HERE, unp: str = UNP) -> None:
    with writing(engine) as connection:
        throttle.welcome(connection, unp=unp, address=address)


def addresses(count: int) -> list[str]:
    return [f"198.51.100.{number}" for number in range(count)]


def test_sixth_attempt_waits_and_is_told_until_when(engine: sa.Engine, clock: Clock) -> None:
    assert all(is_admitted(engine) for _ in range(5))
    with pytest.raises(TooManyAttempts) as refused, writing(engine) as connection:
        throttle.admit(connection, unp=UNP, address=HERE)
    assert refused.value.retry_us == clock.now + MINUTE_US


def test_pauses_double_up_to_a_quarter_of_an_hour(engine: sa.Engine, clock: Clock) -> None:
    for _ in range(4):
        assert is_admitted(engine)
    for minutes in (1, 2, 4, 8, 15, 15):
        assert is_admitted(engine)
        clock.now += minutes * MINUTE_US - 1
        assert not is_admitted(engine)
        clock.now += 1


def test_refused_attempts_do_not_make_the_pause_longer(engine: sa.Engine, clock: Clock) -> None:
    for _ in range(5):
        assert is_admitted(engine)
    assert not any(is_admitted(engine) for _ in range(100))
    clock.now += MINUTE_US
    assert is_admitted(engine)


def test_quarter_of_an_hour_without_failures_forgets_them(engine: sa.Engine, clock: Clock) -> None:
    for _ in range(4):
        assert is_admitted(engine)
    clock.now += WINDOW_US
    assert all(is_admitted(engine) for _ in range(5))
    clock.now += MINUTE_US + WINDOW_US
    assert all(is_admitted(engine) for _ in range(5))
    assert not is_admitted(engine)


def test_stranger_elsewhere_does_not_lock_the_company_out(engine: sa.Engine, clock: Clock) -> None:
    while is_admitted(engine, address="198.51.100.1"):
        pass
    assert is_admitted(engine, address=HERE)


def test_counts_outlive_the_process(engine: sa.Engine, database_url: str, clock: Clock) -> None:
    for _ in range(5):
        assert is_admitted(engine)
    engine.dispose()
    restarted = connect(database_url)
    assert not is_admitted(restarted)
    restarted.dispose()


def test_address_that_tries_many_companies_waits(engine: sa.Engine, clock: Clock) -> None:
    assert all(is_admitted(engine, unp=f"{number:09}") for number in range(20))
    assert not is_admitted(engine, unp="999999999")
    assert is_admitted(engine, unp="999999999", address="198.51.100.1")


def test_all_addresses_of_one_ipv6_network_count_as_one(engine: sa.Engine, clock: Clock) -> None:
    assert all(is_admitted(engine, address=f"2001:db8:1:1::{host:x}") for host in range(5))
    assert not is_admitted(engine, address="2001:db8:1:1:ffff::1")
    assert is_admitted(engine, address="2001:db8:1:2::1")


def test_ipv4_address_written_as_ipv6_is_the_same_address() -> None:
    assert throttle.network_of("::ffff:192.0.2.1") == throttle.network_of("192.0.2.1") == "192.0.2.1"


def test_place_without_an_address_is_a_place_too() -> None:
    assert throttle.network_of("unix") == "unix"


def test_correct_login_starts_the_company_afresh(engine: sa.Engine, clock: Clock) -> None:
    for _ in range(4):
        assert is_admitted(engine)
    assert is_admitted(engine)
    welcome(engine)
    assert all(is_admitted(engine) for _ in range(5))
    assert not is_admitted(engine)


def test_correct_login_does_not_wash_the_address_clean(engine: sa.Engine, clock: Clock) -> None:
    for number in range(19):
        assert is_admitted(engine, unp=f"{number:09}")
        assert is_admitted(engine)
        welcome(engine)
    assert is_admitted(engine, unp="999999998")
    assert not is_admitted(engine, unp="999999999")


def test_correct_logins_of_a_busy_office_never_wait(engine: sa.Engine, clock: Clock) -> None:
    for number in range(40):
        assert is_admitted(engine, unp=f"{number:09}")
        welcome(engine, unp=f"{number:09}")


def test_guesser_with_many_addresses_is_slowed_but_never_for_long(engine: sa.Engine, clock: Clock) -> None:
    assert all(is_admitted(engine, address) for address in addresses(50))
    for _ in range(5):
        assert not is_admitted(engine, "203.0.113.1")
        clock.now += MINUTE_US
        assert is_admitted(engine, "203.0.113.1")


def test_guesser_with_many_addresses_never_hinders_where_the_company_is_known(engine: sa.Engine, clock: Clock) -> None:
    assert is_admitted(engine, HERE)
    welcome(engine, HERE)
    assert all(is_admitted(engine, address) for address in addresses(50))
    assert not is_admitted(engine, "203.0.113.1")
    assert is_admitted(engine, HERE)
    clock.now += 31 * DAY_US
    assert all(is_admitted(engine, address) for address in addresses(50))
    assert not is_admitted(engine, HERE)


def test_parallel_guesses_do_not_slip_past_the_limit(engine: sa.Engine) -> None:
    start = threading.Barrier(8)

    def guess(_thread: int) -> int:
        start.wait()
        return sum(is_admitted(engine) for _ in range(3))

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(guess, range(8))) == 5


def test_parallel_logins_of_many_companies_do_not_deadlock(engine: sa.Engine) -> None:
    def guess(number: int) -> bool:
        unp, address = f"{number % 3:09}", f"198.51.100.{number % 5}"
        admitted = is_admitted(engine, address, unp)
        welcome(engine, address, unp)
        return admitted

    with ThreadPoolExecutor(8) as threads:
        assert len(list(threads.map(guess, range(60)))) == 60


def test_sweeping_keeps_what_still_matters(engine: sa.Engine, clock: Clock) -> None:
    assert is_admitted(engine, unp="100320487")
    welcome(engine, unp="100320487")
    for _ in range(5):
        assert is_admitted(engine)
    with writing(engine) as connection:
        assert throttle.sweep_throttle(connection) == 0
    assert not is_admitted(engine)
    clock.now += MINUTE_US + throttle.KEPT_US
    with writing(engine) as connection:
        throttle.sweep_throttle(connection)
    with reading(engine) as connection:
        kept = connection.execute(sa.select(login_throttle.c.key)).scalars().all()
    assert kept == [f"known:unp:100320487 address:{HERE}"]
    clock.now += 30 * DAY_US
    with writing(engine) as connection:
        assert throttle.sweep_throttle(connection) == 1
