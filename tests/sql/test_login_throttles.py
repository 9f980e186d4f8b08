"""The throttle for logins by e-mail and for second factors."""

from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa

from sql import throttle
from sql.engine import reading, writing
from sql.tables import login_throttle
from sql.throttle import TooManyAttempts

EMAIL = "owner@romashka.by"
HERE = "2001:db8:ffff:ffff::1"  # as long as an address gets
LONG = f"{'x' * 64}@{'y' * 185}.by"


def outcomes(engine: sa.Engine, count: int, *, address: str = HERE, email: str = EMAIL) -> list[bool]:
    def attempt(_: int) -> bool:
        try:
            with writing(engine) as connection:
                throttle.admit(connection, email=email, address=address)
        except TooManyAttempts:
            return False
        return True

    return [attempt(number) for number in range(count)]


def test_an_address_is_counted_in_any_case_and_of_any_length(engine: sa.Engine) -> None:
    for email in (EMAIL, LONG):
        assert outcomes(engine, 3, email=email) == [True] * 3
        assert outcomes(engine, 3, email=email.upper()) == [True, True, False]


def test_after_a_right_login_counting_starts_afresh(engine: sa.Engine) -> None:
    outcomes(engine, 4)
    with writing(engine) as connection:
        throttle.welcome(connection, email=EMAIL, address=HERE)
    assert outcomes(engine, 6) == [True] * 5 + [False]
    with reading(engine) as connection:
        keys = connection.execute(sa.select(login_throttle.c.key)).scalars().all()
    assert all(EMAIL not in key for key in keys)
    assert sum(key.startswith("known:email:") for key in keys) == 1


def test_a_unp_and_an_address_are_counted_apart(engine: sa.Engine) -> None:
    outcomes(engine, 6)
    with writing(engine) as connection:
        throttle.admit(connection, unp="191832203", address=HERE)


def test_who_says_no_name_is_counted_by_network(engine: sa.Engine) -> None:
    def admit() -> None:
        with writing(engine) as connection:
            throttle.admit_address(connection, address=HERE)

    for _ in range(19):
        admit()
    with writing(engine) as connection:
        throttle.welcome_address(connection, address=HERE)
    admit()
    admit()
    with pytest.raises(TooManyAttempts) as refused:
        admit()
    assert 55 <= refused.value.retry_s <= 60


@pytest.mark.parametrize(("admit", "most"), [(throttle.admit_factor, 10), (throttle.admit_sms, 5)])
def test_an_account_has_so_many_guesses_and_sms_wherever_they_come_from(engine: sa.Engine, admit, most) -> None:
    def attempt(_: int) -> bool:
        try:
            with writing(engine) as connection:
                admit(connection, 1)
        except TooManyAttempts:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(attempt, range(most + 6))) == most

    with writing(engine) as connection:
        admit(connection, 2)  # somebody else goes on undisturbed
        throttle.welcome_factor(connection, 1)
        admit(connection, 1)
