"""Passkeys in the database: whose they are, how often they have signed, and that they end."""

from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa

from sql.accounts import disable_account
from sql.engine import reading, writing
from sql.errors import AlreadyExists, NotFound
from sql.passkeys import (
    PASSKEYS_MAX,
    Passkey,
    TooMany,
    add_passkey,
    find_passkey,
    own_passkey,
    passkeys_of,
    remove_passkey,
    rename_passkey,
    use_passkey,
)
from tests.accounts import make_merchant


@pytest.fixture
def account_id(engine: sa.Engine) -> int:
    return make_merchant(engine).account_id


@pytest.fixture
def stranger_id(engine: sa.Engine) -> int:
    return make_merchant(engine, "100320487", name="Чужие").account_id


def add(engine: sa.Engine, account_id: int, credential_id: bytes = b"one", sign_count: int = 0) -> Passkey:
    with writing(engine) as connection:
        return add_passkey(
            connection,
            account_id,
            credential_id=credential_id,
            public_key=b"key",
            sign_count=sign_count,
            name="Phone",
            transports=("hybrid", "internal"),
        )


def use(engine: sa.Engine, credential_id: bytes, sign_count: int) -> bool:
    with writing(engine) as connection:
        return use_passkey(connection, credential_id, sign_count)


def test_passkey_comes_back_as_it_was_added(engine: sa.Engine, account_id: int) -> None:
    added = add(engine, account_id)
    with reading(engine) as connection:
        assert passkeys_of(connection, account_id) == [added]
        assert find_passkey(connection, b"one") == added
        assert own_passkey(connection, account_id, added.key) == added
        assert find_passkey(connection, b"two") is None


def test_one_credential_belongs_to_one_account(engine: sa.Engine, account_id: int, stranger_id: int) -> None:
    add(engine, account_id)
    for other in (account_id, stranger_id):
        with pytest.raises(AlreadyExists):
            add(engine, other)
    with reading(engine) as connection:
        assert passkeys_of(connection, stranger_id) == []


def test_strangers_passkey_is_not_found(engine: sa.Engine, account_id: int, stranger_id: int) -> None:
    added = add(engine, account_id)
    with writing(engine) as connection:
        for attempt in (
            lambda: own_passkey(connection, stranger_id, added.key),
            lambda: rename_passkey(connection, stranger_id, added.key, "Mine"),
            lambda: remove_passkey(connection, stranger_id, added.key),
        ):
            with pytest.raises(NotFound):
                attempt()
    with reading(engine) as connection:
        assert passkeys_of(connection, account_id) == [added]


def test_passkey_of_a_disabled_account_opens_nothing(engine: sa.Engine, account_id: int) -> None:
    add(engine, account_id)
    with writing(engine) as connection:
        disable_account(connection, account_id)
    with reading(engine) as connection:
        assert find_passkey(connection, b"one") is None


def test_removed_passkey_is_gone_and_the_others_stay(engine: sa.Engine, account_id: int) -> None:
    first, second = add(engine, account_id), add(engine, account_id, b"two")
    with writing(engine) as connection:
        rename_passkey(connection, account_id, second.key, "Office computer")
        remove_passkey(connection, account_id, first.key)
    with reading(engine) as connection:
        assert find_passkey(connection, b"one") is None
        assert [passkey.name for passkey in passkeys_of(connection, account_id)] == ["Office computer"]


def test_count_must_grow(engine: sa.Engine, account_id: int) -> None:
    add(engine, account_id, sign_count=5)
    assert [use(engine, b"one", count) for count in (5, 4, 0, 6, 6, 100)] == [False, False, False, True, False, True]
    with reading(engine) as connection:
        (used,) = passkeys_of(connection, account_id)
    assert used.sign_count == 100
    assert used.used_us is not None


def test_authenticator_that_does_not_count_says_nought_each_time(engine: sa.Engine, account_id: int) -> None:
    add(engine, account_id)
    assert [use(engine, b"one", count) for count in (0, 0, 1, 0)] == [True, True, True, False]


def test_of_parallel_answers_with_one_count_only_one_is_taken(engine: sa.Engine, account_id: int) -> None:
    add(engine, account_id)
    with ThreadPoolExecutor(4) as threads:
        taken = list(threads.map(lambda _: use(engine, b"one", 1), range(4)))
    assert sorted(taken) == [False, False, False, True]


def test_removed_passkey_cannot_be_used(engine: sa.Engine, account_id: int) -> None:
    added = add(engine, account_id)
    with writing(engine) as connection:
        remove_passkey(connection, account_id, added.key)
    assert not use(engine, b"one", 1)


def test_account_has_at_most_twenty(engine: sa.Engine, account_id: int, stranger_id: int) -> None:
    for number in range(PASSKEYS_MAX):
        add(engine, account_id, bytes([number]))
    with pytest.raises(TooMany):
        add(engine, account_id, b"one more")
    add(engine, stranger_id, b"one more")
