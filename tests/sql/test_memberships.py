"""Who belongs to which company, until when, and what a manager may see of it."""

import threading

import pytest
import sqlalchemy as sa

from sql import memberships, sessions
from sql.accounts import disable_account
from sql.engine import reading, writing
from sql.errors import AlreadyExists, NotFound
from sql.instants import SECOND_US, now_us
from sql.memberships import (
    Company,
    LastOwner,
    add_membership,
    change_membership,
    companies_of,
    end_membership,
    members_of,
    owners_count,
)
from sql.outlets import add_outlet
from tests.accounts import TestMerchant, make_merchant


@pytest.fixture
def merchants(engine: sa.Engine) -> tuple[TestMerchant, TestMerchant]:
    """Two companies, each with an owner; the first has three outlets."""
    first = make_merchant(engine)
    second = make_merchant(engine, "190000018", name="ООО Астра")
    with writing(engine) as connection:
        for name in ("Первый", "Второй", "Третий"):
            add_outlet(connection, first.merchant_id, name=name, address="Минск")
    return first, second


def start(connection: sa.Connection, account_id: int, merchant_id: int) -> str:
    return sessions.start_session(
        connection, account_id=account_id, merchant_id=merchant_id, address="192.0.2.1", user_agent="Firefox"
    )


def test_an_account_may_enter_several_companies(engine: sa.Engine, merchants: tuple[TestMerchant, TestMerchant]):
    first, second = merchants
    with writing(engine) as connection:
        add_membership(connection, second.merchant_id, first.account_id, "accountant")
        with pytest.raises(AlreadyExists):
            add_membership(connection, second.merchant_id, first.account_id, "owner")
    with reading(engine) as connection:
        assert companies_of(connection, first.account_id) == [
            Company(second.merchant_id, "ООО Астра", "190000018", "accountant"),
            Company(first.merchant_id, "ООО Ромашка", "191832203", "owner"),
        ]
        assert [member.role for member in members_of(connection, second.merchant_id)] == ["owner", "accountant"]
        assert owners_count(connection, second.merchant_id) == 1


def test_a_session_knows_the_outlets_of_a_manager(engine: sa.Engine, merchants: tuple[TestMerchant, TestMerchant]):
    first, second = merchants
    with writing(engine) as connection:
        add_membership(connection, first.merchant_id, second.account_id, "manager", outlet_ids=[3, 1, 3])
        token = start(connection, second.account_id, first.merchant_id)
        session = sessions.find_session(connection, token)
        assert session is not None
        assert (session.role, session.outlet_ids, session.companies) == ("manager", (1, 3), 2)
        change_membership(connection, first.merchant_id, second.account_id, role="manager", outlet_ids=[2])
        session = sessions.find_session(connection, token)
        assert session is not None
        assert session.outlet_ids == (2,)
        [manager] = [member for member in members_of(connection, first.merchant_id) if member.role == "manager"]
        assert manager.outlet_ids == (2,)


def test_a_membership_ends_by_itself(
    engine: sa.Engine, merchants: tuple[TestMerchant, TestMerchant], monkeypatch: pytest.MonkeyPatch
):
    first, second = merchants
    with writing(engine) as connection:
        until = now_us() + 600 * SECOND_US
        add_membership(connection, first.merchant_id, second.account_id, "support", expires_us=until)
        token = start(connection, second.account_id, first.merchant_id)
        assert sessions.find_session(connection, token) is not None
        for module in (memberships, sessions):
            monkeypatch.setattr(module, "now_us", lambda: until)
        assert sessions.find_session(connection, token) is None
        assert [company.merchant_id for company in companies_of(connection, second.account_id)] == [second.merchant_id]
        assert len(members_of(connection, first.merchant_id)) == 1
        with pytest.raises(NotFound):
            change_membership(connection, first.merchant_id, second.account_id, role="owner")
        add_membership(connection, first.merchant_id, second.account_id, "manager", outlet_ids=[1])
        assert len(members_of(connection, first.merchant_id)) == 2


def test_ending_a_membership_ends_its_sessions_there_alone(
    engine: sa.Engine, merchants: tuple[TestMerchant, TestMerchant]
):
    first, second = merchants
    with writing(engine) as connection:
        add_membership(connection, first.merchant_id, second.account_id, "manager", outlet_ids=[1])
        there = start(connection, second.account_id, first.merchant_id)
        home = start(connection, second.account_id, second.merchant_id)
        end_membership(connection, first.merchant_id, second.account_id)
        assert sessions.find_session(connection, there) is None
        assert sessions.find_session(connection, home) is not None
        with pytest.raises(NotFound):
            end_membership(connection, first.merchant_id, second.account_id)


def test_another_company_is_entered_under_a_new_token(engine: sa.Engine, merchants: tuple[TestMerchant, TestMerchant]):
    first, second = merchants
    with writing(engine) as connection:
        token = start(connection, first.account_id, first.merchant_id)
        assert sessions.enter_company(connection, token, second.merchant_id) is None
        add_membership(connection, second.merchant_id, first.account_id, "support")
        new = sessions.enter_company(connection, token, second.merchant_id)
        assert new is not None
        assert sessions.find_session(connection, token) is None
        session = sessions.find_session(connection, new)
        assert session is not None
        assert (session.merchant_id, session.role) == (second.merchant_id, "support")
        assert sessions.enter_company(connection, "nonsense", second.merchant_id) is None


def test_the_last_owner_stays(engine: sa.Engine, merchants: tuple[TestMerchant, TestMerchant]):
    first, second = merchants
    with writing(engine) as connection:
        add_membership(connection, first.merchant_id, second.account_id, "accountant")
    with pytest.raises(LastOwner), writing(engine) as connection:
        end_membership(connection, first.merchant_id, first.account_id)
    with pytest.raises(LastOwner), writing(engine) as connection:
        change_membership(connection, first.merchant_id, first.account_id, role="support")
    with writing(engine) as connection:
        assert owners_count(connection, first.merchant_id) == 1
        change_membership(connection, first.merchant_id, second.account_id, role="owner")
        end_membership(connection, first.merchant_id, first.account_id)
        assert [member.account_id for member in members_of(connection, first.merchant_id)] == [second.account_id]


def test_an_owner_who_is_disabled_does_not_count(engine: sa.Engine, merchants: tuple[TestMerchant, TestMerchant]):
    first, second = merchants
    with writing(engine) as connection:
        add_membership(connection, first.merchant_id, second.account_id, "owner")
        disable_account(connection, second.account_id)
    with pytest.raises(LastOwner), writing(engine) as connection:
        end_membership(connection, first.merchant_id, first.account_id)


def test_of_two_owners_who_shut_each_other_out_at_once_one_stays(
    engine: sa.Engine, merchants: tuple[TestMerchant, TestMerchant]
):
    first, second = merchants
    with writing(engine) as connection:
        add_membership(connection, first.merchant_id, second.account_id, "owner")
    gate = threading.Barrier(2)
    refused: list[int] = []

    def shut_out(account_id: int) -> None:
        gate.wait()
        try:
            with writing(engine) as connection:
                end_membership(connection, first.merchant_id, account_id)
        except LastOwner:
            refused.append(account_id)

    threads = [threading.Thread(target=shut_out, args=(account_id,)) for account_id in (1, 2)]
    assert {first.account_id, second.account_id} == {1, 2}
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with reading(engine) as connection:
        assert owners_count(connection, first.merchant_id) == 1
    assert len(refused) == 1
