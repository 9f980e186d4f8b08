"""Certificates of signatures: each opens one account, and only its owner takes it away."""

from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa

from sql.accounts import disable_account
from sql.engine import reading, writing
from sql.errors import AlreadyExists
from sql.instants import DAY_US, now_us
from sql.signing_certificates import (
    CERTIFICATES_MAX,
    TooMany,
    account_of_certificate,
    add_certificate,
    certificates_of,
    is_linked,
    remove_certificate,
)
from tests.accounts import TestMerchant, make_merchant

ONE, TWO = "1a" * 32, "2b" * 32


@pytest.fixture
def merchant(engine: sa.Engine) -> TestMerchant:
    return make_merchant(engine)


def link(engine: sa.Engine, account_id: int, fingerprint: str = ONE) -> None:
    with writing(engine) as connection:
        add_certificate(
            connection,
            account_id,
            fingerprint=fingerprint,
            subject="CN=Иванов Иван",
            valid_until_us=now_us() + DAY_US,
        )


def test_a_linked_certificate_opens_its_account(engine: sa.Engine, merchant: TestMerchant) -> None:
    link(engine, merchant.account_id)
    with reading(engine) as connection:
        assert account_of_certificate(connection, ONE) == merchant.account_id
        assert account_of_certificate(connection, TWO) is None
        [found] = certificates_of(connection, merchant.account_id)
    assert (found.fingerprint, found.subject) == (ONE, "CN=Иванов Иван")
    assert found.created_us < found.valid_until_us


def test_a_certificate_opens_one_account_only(engine: sa.Engine, merchant: TestMerchant) -> None:
    other = make_merchant(engine, "190000018")
    link(engine, merchant.account_id)
    for account_id in (merchant.account_id, other.account_id):
        with pytest.raises(AlreadyExists):
            link(engine, account_id)
    with reading(engine) as connection:
        assert account_of_certificate(connection, ONE) == merchant.account_id


def test_a_disabled_account_keeps_its_certificate_and_is_not_opened(engine: sa.Engine, merchant: TestMerchant) -> None:
    link(engine, merchant.account_id)
    with writing(engine) as connection:
        disable_account(connection, merchant.account_id)
        assert account_of_certificate(connection, ONE) is None
        assert is_linked(connection, ONE)
        assert not is_linked(connection, TWO)


def test_only_its_owner_takes_a_certificate_away(engine: sa.Engine, merchant: TestMerchant) -> None:
    other = make_merchant(engine, "190000018")
    link(engine, merchant.account_id)
    with writing(engine) as connection:
        assert remove_certificate(connection, other.account_id, ONE) is None
        assert remove_certificate(connection, merchant.account_id, TWO) is None
        assert remove_certificate(connection, merchant.account_id, "nonsense") is None
        assert remove_certificate(connection, merchant.account_id, ONE) == "CN=Иванов Иван"
        assert remove_certificate(connection, merchant.account_id, ONE) is None
        assert account_of_certificate(connection, ONE) is None


def test_an_account_has_at_most_ten_however_fast_they_come(engine: sa.Engine, merchant: TestMerchant) -> None:
    def attempt(number: int) -> bool:
        try:
            link(engine, merchant.account_id, f"{number:064x}")
        except TooMany:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(attempt, range(CERTIFICATES_MAX + 4))) == CERTIFICATES_MAX
