"""Invitations: good once, for a week, for the person that they were sent to, in the name of somebody who may invite."""

import threading
import time

import pytest
import sqlalchemy as sa

from sql import invitations, memberships
from sql.accounts import disable_account
from sql.engine import reading, writing
from sql.errors import AlreadyExists, NotFound
from sql.instants import DAY_US, now_us
from sql.invitations import (
    AlreadyInvited,
    TooManyInvitations,
    accept,
    find_invitation,
    invitations_of,
    invite,
    resend,
    withdraw,
)
from sql.memberships import add_membership, change_membership, companies_of, end_membership, member_of
from sql.outlets import add_outlet
from sql.tables import invitation
from tests.accounts import TestMerchant, make_merchant


@pytest.fixture
def company(engine: sa.Engine) -> TestMerchant:
    """With two outlets."""
    merchant = make_merchant(engine)
    with writing(engine) as connection:
        for name in ("Первый", "Второй"):
            add_outlet(connection, merchant.merchant_id, name=name, address="Минск")
    return merchant


@pytest.fixture
def guest(engine: sa.Engine) -> TestMerchant:
    """The owner of another company, who is to be invited into this one."""
    return make_merchant(engine, "190000018", name="ООО Астра")


def send(connection: sa.Connection, company: TestMerchant, email: str, role: str = "accountant", **more) -> str:
    return invite(connection, company.merchant_id, email=email, role=role, invited_by=company.account_id, **more)


def test_accepted_invitation_is_a_membership_and_works_once(engine, company: TestMerchant, guest: TestMerchant):
    with writing(engine) as connection:
        token = send(connection, company, guest.email.upper(), "manager", outlet_ids=[2, 1, 2])
        found = find_invitation(connection, token)
        assert found is not None
        assert (found.email, found.role, found.outlet_ids) == (guest.email, "manager", (1, 2))
        assert (found.merchant_name, found.merchant_unp) == ("ООО Ромашка", "191832203")
        assert (found.invited_by, found.is_open) == (company.email, True)
    with writing(engine) as connection:
        assert accept(connection, token, guest.account_id) == found
    with writing(engine) as connection:
        member = member_of(connection, company.merchant_id, guest.account_id)
        assert member is not None
        assert (member.role, member.outlet_ids) == ("manager", (1, 2))
        assert find_invitation(connection, token) is None
        assert accept(connection, token, guest.account_id) is None
        assert invitations_of(connection, company.merchant_id) == []


def test_of_two_who_accept_at_once_one_does(engine, company: TestMerchant, guest: TestMerchant):
    with writing(engine) as connection:
        token = send(connection, company, guest.email)
    later: list[object] = []

    def follow() -> None:
        with writing(engine) as connection:
            later.append(accept(connection, token, guest.account_id))

    second = threading.Thread(target=follow)
    with writing(engine) as connection:
        assert accept(connection, token, guest.account_id) is not None
        second.start()
        time.sleep(0.5)  # the second one has looked meanwhile, and waits to write
    second.join()
    assert later == [None]


def test_somebody_else_can_not_accept(engine, company: TestMerchant, guest: TestMerchant):
    with writing(engine) as connection:
        token = send(connection, company, "other@astra.by")
        assert accept(connection, token, guest.account_id) is None
        assert accept(connection, "nonsense", guest.account_id) is None
        assert find_invitation(connection, token) is not None


def test_an_account_that_is_disabled_can_not_accept(engine, company: TestMerchant, guest: TestMerchant):
    with writing(engine) as connection:
        token = send(connection, company, guest.email)
        disable_account(connection, guest.account_id)
        assert accept(connection, token, guest.account_id) is None


def test_a_link_is_good_for_a_week(engine, company: TestMerchant, guest: TestMerchant, monkeypatch):
    with writing(engine) as connection:
        token = send(connection, company, guest.email)
    sent_us = now_us()
    monkeypatch.setattr(invitations, "now_us", lambda: sent_us + 7 * DAY_US)
    with writing(engine) as connection:
        assert accept(connection, token, guest.account_id) is None
        [waiting] = invitations_of(connection, company.merchant_id)
        assert not waiting.is_open
        fresh, sent = resend(connection, company.merchant_id, waiting.invitation_id, invited_by=company.account_id)
        assert sent.is_open
        assert accept(connection, fresh, guest.account_id) is not None


def test_support_that_would_be_over_can_not_be_accepted(
    engine, company: TestMerchant, guest: TestMerchant, monkeypatch
):
    until = now_us() + DAY_US
    with writing(engine) as connection:
        token = send(connection, company, guest.email, "support", member_until_us=until)
        assert find_invitation(connection, token) is not None
        for module in (invitations, memberships):
            monkeypatch.setattr(module, "now_us", lambda: until)
        assert accept(connection, token, guest.account_id) is None


def test_sent_again_only_the_newer_link_is_good(engine, company: TestMerchant, guest: TestMerchant):
    with writing(engine) as connection:
        old = send(connection, company, guest.email)
        [waiting] = invitations_of(connection, company.merchant_id)
        new, _ = resend(connection, company.merchant_id, waiting.invitation_id, invited_by=company.account_id)
        assert accept(connection, old, guest.account_id) is None
        assert accept(connection, new, guest.account_id) is not None
        with pytest.raises(NotFound):
            resend(connection, company.merchant_id, waiting.invitation_id, invited_by=company.account_id)


def test_a_withdrawn_link_is_of_no_use(engine, company: TestMerchant, guest: TestMerchant):
    with writing(engine) as connection:
        token = send(connection, company, guest.email)
        [waiting] = invitations_of(connection, company.merchant_id)
        assert withdraw(connection, company.merchant_id, waiting.invitation_id) == guest.email
        assert accept(connection, token, guest.account_id) is None
        with pytest.raises(NotFound):
            withdraw(connection, company.merchant_id, waiting.invitation_id)


@pytest.mark.parametrize("invitation_id", ["", "zz", "00" * 32])
def test_another_company_does_not_reach_an_invitation(
    engine, company: TestMerchant, guest: TestMerchant, invitation_id: str
):
    with writing(engine) as connection:
        send(connection, company, "new@romashka.by")
        [waiting] = invitations_of(connection, company.merchant_id)
        for named in (waiting.invitation_id, invitation_id):
            with pytest.raises(NotFound):
                withdraw(connection, guest.merchant_id, named)
            with pytest.raises(NotFound):
                resend(connection, guest.merchant_id, named, invited_by=guest.account_id)
        assert invitations_of(connection, guest.merchant_id) == []


def test_an_invitation_ends_with_the_owner_who_sent_it(engine, company: TestMerchant, guest: TestMerchant):
    merchant_id = company.merchant_id
    with writing(engine) as connection:
        add_membership(connection, merchant_id, guest.account_id, "owner")
        token = invite(connection, merchant_id, email="new@romashka.by", role="owner", invited_by=guest.account_id)
        change_membership(connection, merchant_id, guest.account_id, role="accountant")
        assert find_invitation(connection, token) is None
        change_membership(connection, merchant_id, guest.account_id, role="owner")
        assert find_invitation(connection, token) is not None
        disable_account(connection, guest.account_id)
        assert find_invitation(connection, token) is None
        end_membership(connection, merchant_id, guest.account_id)
        [waiting] = invitations_of(connection, merchant_id)
        assert not waiting.is_open
        fresh, _ = resend(connection, merchant_id, waiting.invitation_id, invited_by=company.account_id)
        assert find_invitation(connection, fresh) is not None


def test_nobody_is_invited_twice_or_into_the_own_company(engine, company: TestMerchant, guest: TestMerchant):
    with writing(engine) as connection:
        token = send(connection, company, guest.email)
        with pytest.raises(AlreadyInvited):
            send(connection, company, guest.email.upper())
        accept(connection, token, guest.account_id)
        with pytest.raises(AlreadyExists):
            send(connection, company, guest.email)
        end_membership(connection, company.merchant_id, guest.account_id)
        again = send(connection, company, guest.email)
        assert accept(connection, again, guest.account_id) is not None


def test_who_belongs_there_already_stays_as_he_is(engine, company: TestMerchant, guest: TestMerchant):
    with writing(engine) as connection:
        token = send(connection, company, guest.email, "owner")
        add_membership(connection, company.merchant_id, guest.account_id, "support")
    with pytest.raises(AlreadyExists), writing(engine) as connection:
        accept(connection, token, guest.account_id)
    with reading(engine) as connection:
        assert {one.role for one in companies_of(connection, guest.account_id)} == {"owner", "support"}
        assert len(invitations_of(connection, company.merchant_id)) == 1


def test_only_so_many_wait_for_an_answer(engine, company: TestMerchant, monkeypatch):
    monkeypatch.setattr(invitations, "WAITING_MAX", 2)
    with writing(engine) as connection:
        for name in ("a", "b"):
            send(connection, company, f"{name}@romashka.by")
        with pytest.raises(TooManyInvitations):
            send(connection, company, "c@romashka.by")


def test_the_table_does_not_hold_the_token(engine, company: TestMerchant):
    with writing(engine) as connection:
        token = send(connection, company, "new@romashka.by")
        [row] = connection.execute(sa.select(invitation)).mappings()
        assert all(token not in str(value) and token.encode() != value for value in row.values())
