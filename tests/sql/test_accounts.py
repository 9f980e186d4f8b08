"""Accounts, owners and single-use codes."""

from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa

from sql.accounts import (
    add_account,
    disable_account,
    owner_by_unp,
    person_by_email,
    person_of,
    renew_password_hash,
    set_language,
    set_password_hash,
    set_phone,
    set_theme,
    use_totp_step,
)
from sql.engine import reading, writing
from sql.errors import AlreadyExists, NotFound
from sql.memberships import add_membership
from sql.merchants import add_merchant
from sql.tables import account

UNP = "191832203"


def add(connection: sa.Connection, email: str = "owner@romashka.by") -> int:
    return add_account(connection, email=email, phone="+375291234567", password_hash="hash", totp_secret="SECRET")


def add_with_company(engine: sa.Engine, role: str = "owner") -> tuple[int, int]:
    with writing(engine) as connection:
        merchant_id = add_merchant(connection, unp=UNP, name="ООО Ромашка")
        account_id = add(connection)
        add_membership(connection, merchant_id, account_id, role)
    return merchant_id, account_id


def test_owner_is_found_by_the_unp_of_the_company(engine: sa.Engine) -> None:
    merchant_id, account_id = add_with_company(engine)
    with reading(engine) as connection:
        found = owner_by_unp(connection, UNP)
        assert found is not None
        assert (found.merchant_id, found.account_id) == (merchant_id, account_id)
        assert (found.password_hash, found.totp_secret) == ("hash", "SECRET")
        assert owner_by_unp(connection, "100320487") is None


def test_only_an_owner_logs_in_by_unp(engine: sa.Engine) -> None:
    add_with_company(engine, role="accountant")
    with reading(engine) as connection:
        assert owner_by_unp(connection, UNP) is None


def test_disabled_owner_is_nobody(engine: sa.Engine) -> None:
    _, account_id = add_with_company(engine)
    with writing(engine) as connection:
        disable_account(connection, account_id)
        assert owner_by_unp(connection, UNP) is None


def test_first_live_owner_of_several_logs_in(engine: sa.Engine) -> None:
    merchant_id, first = add_with_company(engine)
    with writing(engine) as connection:
        second = add(connection, "second@romashka.by")
        add_membership(connection, merchant_id, second, "owner")
        found = owner_by_unp(connection, UNP)
        assert found is not None
        assert found.account_id == first
        disable_account(connection, first)
        found = owner_by_unp(connection, UNP)
        assert found is not None
        assert found.account_id == second


def test_email_is_taken_in_any_case_of_letters(engine: sa.Engine) -> None:
    with writing(engine) as connection:
        add(connection, "Owner@Romashka.by")
        with pytest.raises(AlreadyExists, match=r"OWNER@romashka\.by"):
            add(connection, "OWNER@romashka.by")
        assert connection.execute(sa.select(account.c.email)).scalars().all() == ["owner@romashka.by"]


def test_account_joins_a_company_once(engine: sa.Engine) -> None:
    merchant_id, account_id = add_with_company(engine)
    with writing(engine) as connection, pytest.raises(AlreadyExists):
        add_membership(connection, merchant_id, account_id, "manager")


def test_code_is_used_once_and_none_before_it_either(engine: sa.Engine) -> None:
    _, account_id = add_with_company(engine)
    with writing(engine) as connection:
        assert use_totp_step(connection, account_id, 100)
        assert not use_totp_step(connection, account_id, 100)
        assert not use_totp_step(connection, account_id, 99)
        assert use_totp_step(connection, account_id, 101)


def test_of_parallel_logins_with_one_code_only_one_gets_in(engine: sa.Engine) -> None:
    _, account_id = add_with_company(engine)

    def log_in(_attempt: int) -> bool:
        with writing(engine) as connection:
            return use_totp_step(connection, account_id, 100)

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(log_in, range(16))) == 1


def test_password_language_and_theme_are_remembered(engine: sa.Engine) -> None:
    _, account_id = add_with_company(engine)
    with writing(engine) as connection:
        set_password_hash(connection, account_id, "newer hash")
        set_language(connection, account_id, "be")
        set_theme(connection, account_id, "dark")
        row = connection.execute(sa.select(account.c.password_hash, account.c.language, account.c.theme)).one()
    assert row == ("newer hash", "be", "dark")


def test_a_password_that_was_changed_meanwhile_is_not_brought_back_by_its_newer_hash(engine: sa.Engine) -> None:
    _, account_id = add_with_company(engine)
    with writing(engine) as connection:
        for present, then in (("verified", "newer"), ("changed", "changed"), ("", "")):
            set_password_hash(connection, account_id, present)
            renew_password_hash(connection, account_id, older="verified", newer="newer")
            assert connection.execute(sa.select(account.c.password_hash)).scalar_one() == then


def test_unknown_account_is_not_found(engine: sa.Engine) -> None:
    with writing(engine) as connection, pytest.raises(NotFound):
        disable_account(connection, 404)


def test_a_person_is_found_by_e_mail_in_any_case_with_or_without_a_company(engine: sa.Engine) -> None:
    with writing(engine) as connection:
        account_id = add(connection)
        set_phone(connection, account_id, "+375447654321")
        found = person_by_email(connection, "Owner@Romashka.BY")
        assert found is not None
        assert found == person_of(connection, account_id)
        assert (found.account_id, found.phone, found.language) == (account_id, "+375447654321", None)
        assert person_by_email(connection, "nobody@romashka.by") is None


def test_a_disabled_person_is_nobody(engine: sa.Engine) -> None:
    with writing(engine) as connection:
        account_id = add(connection)
        disable_account(connection, account_id)
        assert person_by_email(connection, "owner@romashka.by") is None
        assert person_of(connection, account_id) is None
