"""Authenticator, recovery codes and mailed links, as they are kept."""

from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa

from sql import factors, password_resets
from sql.accounts import add_account, disable_account
from sql.engine import reading, writing
from sql.errors import NotFound
from sql.factors import Factors
from sql.instants import SECOND_US, now_us
from sql.tables import account, password_reset, recovery_code

CODES = ("first", "second", "third")


@pytest.fixture
def account_id(engine: sa.Engine) -> int:
    with writing(engine) as connection:
        return add_account(connection, email="a@romashka.by", phone="", password_hash="", totp_secret="")


def test_a_new_account_has_nothing(engine: sa.Engine, account_id: int) -> None:
    with reading(engine) as connection:
        assert factors.factors_of(connection, account_id) == Factors(False, False, 0, "")
        with pytest.raises(NotFound):
            factors.factors_of(connection, account_id + 1)


def test_recovery_code_is_good_once_and_for_its_account_alone(engine: sa.Engine, account_id: int) -> None:
    with writing(engine) as connection:
        other = add_account(connection, email="b@romashka.by", phone="", password_hash="x", totp_secret="y")
        factors.replace_recovery_codes(connection, account_id, CODES)
        assert not factors.has_recovery_code(connection, other, "first")
        assert not factors.use_recovery_code(connection, other, "first")
        assert not factors.use_recovery_code(connection, account_id, "fourth")
        assert factors.has_recovery_code(connection, account_id, "first")
        assert factors.use_recovery_code(connection, account_id, "first")
        assert not factors.has_recovery_code(connection, account_id, "first")
        assert not factors.use_recovery_code(connection, account_id, "first")
        assert factors.factors_of(connection, account_id).recovery_left == 2
        assert factors.factors_of(connection, other) == Factors(True, True, 0, "")


def test_of_parallel_tries_with_one_recovery_code_one_succeeds(engine: sa.Engine, account_id: int) -> None:
    with writing(engine) as connection:
        factors.replace_recovery_codes(connection, account_id, CODES)

    def use(_number: int) -> bool:
        with writing(engine) as connection:
            return factors.use_recovery_code(connection, account_id, "second")

    with ThreadPoolExecutor(4) as threads:
        assert sorted(threads.map(use, range(8))) == [False] * 7 + [True]


def test_new_codes_replace_those_of_before_and_none_is_kept_as_it_is(engine: sa.Engine, account_id: int) -> None:
    with writing(engine) as connection:
        factors.replace_recovery_codes(connection, account_id, CODES)
        factors.replace_recovery_codes(connection, account_id, ("new",))
        assert not factors.use_recovery_code(connection, account_id, "first")
        assert connection.execute(sa.select(recovery_code.c.code_hash)).scalar_one() != b"new"
        assert factors.use_recovery_code(connection, account_id, "new")


def test_parallel_replacements_leave_the_codes_of_one(engine: sa.Engine, account_id: int) -> None:
    def replace(number: int) -> None:
        with writing(engine) as connection:
            factors.replace_recovery_codes(connection, account_id, [f"{number}-{place}" for place in range(10)])

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(replace, range(8)))
    with reading(engine) as connection:
        assert factors.factors_of(connection, account_id).recovery_left == 10


def test_of_two_first_authenticators_one_is_first(engine: sa.Engine, account_id: int) -> None:
    def link(secret: str) -> bool:
        with writing(engine) as connection:
            return factors.set_first_totp_secret(connection, account_id, secret, used_step=7)

    with ThreadPoolExecutor(4) as threads:
        assert sorted(threads.map(link, "ABCD")) == [False, False, False, True]
    with writing(engine) as connection:
        factors.set_totp_secret(connection, account_id, "E", used_step=9)
        kept = connection.execute(sa.select(account.c.totp_secret, account.c.totp_last_step)).one()
    assert tuple(kept) == ("E", 9)


def test_link_is_good_once_and_takes_the_others_of_its_account_along(engine: sa.Engine, account_id: int) -> None:
    with writing(engine) as connection:
        first = password_resets.add_reset(connection, account_id, lifetime_us=SECOND_US)
        second = password_resets.add_reset(connection, account_id, lifetime_us=SECOND_US)
        assert password_resets.account_of_reset(connection, first) == account_id
        assert password_resets.use_reset(connection, second) == account_id
        for token in (first, second, "", "nonsense", "\udcff"):
            assert password_resets.account_of_reset(connection, token) is None
            assert password_resets.use_reset(connection, token) is None


def test_of_parallel_uses_of_a_link_one_succeeds(engine: sa.Engine, account_id: int) -> None:
    with writing(engine) as connection:
        token = password_resets.add_reset(connection, account_id, lifetime_us=60 * SECOND_US)

    def use(_number: int) -> int | None:
        with writing(engine) as connection:
            return password_resets.use_reset(connection, token)

    with ThreadPoolExecutor(4) as threads:
        assert sorted(used or 0 for used in threads.map(use, range(6))) == [0] * 5 + [account_id]


def test_link_ends_by_itself_and_is_no_copy_of_the_mail(
    engine: sa.Engine, account_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    with writing(engine) as connection:
        token = password_resets.add_reset(connection, account_id, lifetime_us=SECOND_US)
        assert token.encode() != connection.execute(sa.select(password_reset.c.token_hash)).scalar_one()
        assert password_resets.sweep_resets(connection) == 0
        later = now_us() + SECOND_US
        monkeypatch.setattr(password_resets, "now_us", lambda: later)
        assert password_resets.account_of_reset(connection, token) is None
        assert password_resets.use_reset(connection, token) is None
        assert password_resets.sweep_resets(connection) == 1


def test_link_of_a_disabled_account_opens_nothing(engine: sa.Engine, account_id: int) -> None:
    with writing(engine) as connection:
        token = password_resets.add_reset(connection, account_id, lifetime_us=SECOND_US)
        disable_account(connection, account_id)
        assert password_resets.account_of_reset(connection, token) is None
