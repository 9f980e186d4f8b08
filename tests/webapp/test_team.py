"""The people of a company: invited, changed and removed by owners alone, each time on the record."""

import dataclasses
import re
from html import unescape

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from sql.engine import reading, writing
from sql.instants import DAY_US, SECOND_US, now_us
from sql.invitations import invitations_of, invite
from sql.memberships import member_of
from tests.accounts import TestMerchant, csrf_token, make_merchant
from tests.mailbox import mails_to
from tests.people import add_person, browser_of, journal_of
from tests.shop import open_outlets, today
from webapp import create_app, team_forms

GUEST = "anna@romashka.by"


@pytest.fixture
def company(engine: sa.Engine) -> TestMerchant:
    merchant = make_merchant(engine)
    open_outlets(engine, merchant.merchant_id, ("Немига", "Восток", "Уручье"))
    return merchant


@pytest.fixture
def owner(app: Flask, engine: sa.Engine, company: TestMerchant) -> FlaskClient:
    return browser_of(app, engine, company.account_id, company.merchant_id)


@pytest.fixture
def anna(engine: sa.Engine, company: TestMerchant) -> int:
    """The accountant."""
    return add_person(engine, company.merchant_id, GUEST, "accountant")


def send(client: FlaskClient, path: str, **form: object):
    return client.post(path, data={"csrf_token": csrf_token(client, "/team/invite"), **form})


def text_of(response) -> str:
    return unescape(response.get_data(as_text=True))


def waiting(engine: sa.Engine, company: TestMerchant) -> list:
    with reading(engine) as connection:
        return invitations_of(connection, company.merchant_id)


def member(engine: sa.Engine, company: TestMerchant, account_id: int):
    with reading(engine) as connection:
        return member_of(connection, company.merchant_id, account_id)


def test_the_list_says_who_may_what(owner: FlaskClient, engine: sa.Engine, company: TestMerchant, count_queries):
    until = team_forms.end_of(today(), "Europe/Minsk")
    add_person(engine, company.merchant_id, "m@romashka.by", "manager", outlet_ids=[1, 3])
    add_person(engine, company.merchant_id, "s@romashka.by", "support", expires_us=until)
    with count_queries() as queries:
        page = text_of(owner.get("/team"))
    assert len(queries) == 4
    for words in (company.email, "m@romashka.by", "Немига, Уручье", "s@romashka.by", "Поддержка", "до "):
        assert words in page
    assert "Приглашены" not in page


def test_an_invitation_goes_out_by_mail(owner: FlaskClient, engine: sa.Engine, company: TestMerchant):
    response = send(owner, "/team/invite", email=" Anna@Romashka.BY ", role="manager", outlet=["1", "3"])
    assert (response.status_code, response.location) == (303, "/team")
    [invited] = waiting(engine, company)
    assert (invited.email, invited.role, invited.outlet_ids) == (GUEST, "manager", (1, 3))
    [mail] = mails_to(engine, GUEST)
    assert "ООО Ромашка" in mail
    assert "http://localhost/invitations/" in mail
    page = text_of(owner.get("/team"))
    assert f"Приглашение отправлено: {GUEST}" in page
    assert "Приглашены" in page
    assert (company.email, "person_invited", GUEST) in journal_of(engine, company.merchant_id)


def test_support_is_invited_until_the_end_of_a_day(owner: FlaskClient, engine: sa.Engine, company: TestMerchant):
    day = team_forms.from_us(now_us() + 5 * DAY_US).date()
    assert send(owner, "/team/invite", email=GUEST, role="support", until=day.isoformat()).status_code == 303
    [invited] = waiting(engine, company)
    assert invited.member_until_us == team_forms.end_of(day, "Europe/Minsk")


@pytest.mark.parametrize(
    ("form", "sentence"),
    [
        ({"email": "", "role": "accountant"}, "Укажите адрес"),
        ({"email": "anna", "role": "accountant"}, "Это не e-mail"),
        ({"email": GUEST}, "Выберите роль"),
        ({"email": GUEST, "role": "king"}, "Такой роли нет"),
        ({"email": GUEST, "role": "manager"}, "Выберите хотя бы одну торговую точку"),
        ({"email": GUEST, "role": "manager", "outlet": ["1", "4"]}, "нет такой торговой точки"),
        ({"email": GUEST, "role": "manager", "outlet": ["x"]}, "нет такой торговой точки"),
        ({"email": GUEST, "role": "manager", "outlet": ["9" * 30]}, "нет такой торговой точки"),
        ({"email": GUEST, "role": "support"}, "Выберите последний день"),
        ({"email": GUEST, "role": "support", "until": "2026-02-30"}, "Выберите последний день"),
        ({"email": GUEST, "role": "support", "until": "2020-01-01"}, "Выберите день с"),
        ({"email": GUEST, "role": "support", "until": "2999-01-01"}, "Выберите день с"),
    ],
)
def test_a_mistake_is_a_sentence_and_sends_nothing(owner, engine, company: TestMerchant, form, sentence: str):
    response = send(owner, "/team/invite", **form)
    assert response.status_code == 422
    assert sentence in text_of(response)
    assert waiting(engine, company) == []
    assert mails_to(engine, GUEST) == []


def test_who_is_there_or_invited_is_not_invited_again(owner, engine, company: TestMerchant, anna: int):
    response = send(owner, "/team/invite", email=GUEST, role="owner")
    assert response.status_code == 422
    assert "уже состоит" in text_of(response)
    send(owner, "/team/invite", email="b@romashka.by", role="owner")
    response = send(owner, "/team/invite", email="b@romashka.by", role="accountant")
    assert response.status_code == 422
    assert "уже отправлено" in text_of(response)
    assert len(mails_to(engine, "b@romashka.by")) == 1


def test_nobody_is_flooded_with_invitations(owner: FlaskClient, engine: sa.Engine, company: TestMerchant):
    send(owner, "/team/invite", email=GUEST, role="accountant")
    for _ in range(40):
        [invited] = waiting(engine, company)
        send(owner, f"/team/invitations/{invited.invitation_id}/resend")
    assert len(mails_to(engine, GUEST)) == 30
    assert "is-problem" in text_of(owner.get("/team")).partition("<template")[0]
    response = send(owner, "/team/invite", email="b@romashka.by", role="accountant")
    assert response.status_code == 429
    assert int(response.headers["Retry-After"]) > 0
    assert mails_to(engine, "b@romashka.by") == []


def test_an_invitation_is_sent_again_and_withdrawn(owner: FlaskClient, engine: sa.Engine, company: TestMerchant):
    send(owner, "/team/invite", email=GUEST, role="accountant")
    [first] = waiting(engine, company)
    assert send(owner, f"/team/invitations/{first.invitation_id}/resend").location == "/team"
    [second] = waiting(engine, company)
    assert first.invitation_id != second.invitation_id
    assert len(set(mails_to(engine, GUEST))) == 2
    assert send(owner, f"/team/invitations/{first.invitation_id}/withdraw").status_code == 404
    assert send(owner, f"/team/invitations/{second.invitation_id}/withdraw").location == "/team"
    assert waiting(engine, company) == []
    actions = [action for _, action, subject in journal_of(engine, company.merchant_id) if subject == GUEST]
    assert actions == ["person_invited", "invitation_resent", "invitation_withdrawn"]


def test_support_whose_time_is_over_is_not_sent_again(owner: FlaskClient, engine: sa.Engine, company: TestMerchant):
    day = team_forms.from_us(now_us() + DAY_US).date().isoformat()
    send(owner, "/team/invite", email=GUEST, role="support", until=day)
    with writing(engine) as connection:
        connection.execute(sa.text("UPDATE invitation SET member_until_us = 1"))
    [invited] = waiting(engine, company)
    assert send(owner, f"/team/invitations/{invited.invitation_id}/resend").location == "/team"
    assert "Последний день этой поддержки прошёл" in text_of(owner.get("/team"))
    assert len(mails_to(engine, GUEST)) == 1


def test_a_role_is_changed_with_what_belongs_to_it(owner, engine, company: TestMerchant, anna: int):
    page = text_of(owner.get(f"/team/{anna}"))
    assert 'value="accountant" checked' in page
    response = send(owner, f"/team/{anna}", role="manager", outlet=["2"], until="2026-01-01")
    assert (response.status_code, response.location) == (303, "/team")
    changed = member(engine, company, anna)
    assert (changed.role, changed.outlet_ids, changed.expires_us) == ("manager", (2,), None)
    assert (company.email, "role_changed", GUEST) in journal_of(engine, company.merchant_id)
    assert 'value="2" checked' in text_of(owner.get(f"/team/{anna}"))


def test_a_role_that_is_changed_counts_at_once(app, owner, engine, company: TestMerchant, anna: int):
    browser = browser_of(app, engine, anna, company.merchant_id)
    assert browser.get("/acts/registration").status_code == 200
    send(owner, f"/team/{anna}", role="support", until=team_forms.from_us(now_us() + DAY_US).date().isoformat())
    assert browser.get("/acts/registration").status_code == 403
    assert browser.get("/sales").status_code == 200


def test_who_is_removed_is_out_at_once_and_may_be_invited_again(app, owner, engine, company, anna: int):
    browser = browser_of(app, engine, anna, company.merchant_id)
    assert browser.get("/").status_code == 200
    assert GUEST in text_of(owner.get(f"/team/{anna}/remove"))
    assert send(owner, f"/team/{anna}/remove").location == "/team"
    assert browser.get("/").location.startswith("/login")
    assert member(engine, company, anna) is None
    page = text_of(owner.get("/team"))
    assert f'href="/team/invite?email={GUEST}&role=accountant"' in page
    again = text_of(owner.get(f"/team/invite?email={GUEST}&role=manager&outlet=2&outlet=x"))
    assert f'value="{GUEST}"' in again
    assert 'value="manager" checked' in again
    assert 'value="2" checked' in again
    assert (company.email, "person_removed", GUEST) in journal_of(engine, company.merchant_id)
    assert send(owner, f"/team/{anna}/remove").status_code == 404
    assert send(owner, f"/team/{anna}", role="owner").status_code == 404


def test_the_last_owner_stays_owner(owner: FlaskClient, engine: sa.Engine, company: TestMerchant, anna: int):
    me = company.account_id
    for path, form in ((f"/team/{me}/remove", {}), (f"/team/{me}", {"role": "accountant"})):
        response = send(owner, path, **form)
        assert response.status_code == 422
        assert "Кто-то должен оставаться владельцем" in text_of(response)
    assert member(engine, company, me).role == "owner"
    assert [action for _, action, _ in journal_of(engine, company.merchant_id)] == []


def test_an_owner_among_several_may_leave(owner: FlaskClient, engine: sa.Engine, company: TestMerchant, anna: int):
    send(owner, f"/team/{anna}", role="owner")
    assert send(owner, f"/team/{company.account_id}/remove").status_code == 303
    assert owner.get("/").location.startswith("/login")
    assert member(engine, company, anna).role == "owner"


def test_an_owner_who_gives_the_role_away_is_not_left_before_a_closed_door(owner, engine, company, anna: int):
    send(owner, f"/team/{anna}", role="owner")
    assert send(owner, f"/team/{company.account_id}", role="accountant").location == "/"
    assert owner.get("/team").status_code == 403


@pytest.mark.parametrize("role", ["accountant", "manager", "support"])
def test_only_owners_come_here(app: Flask, engine: sa.Engine, company: TestMerchant, role: str):
    limits = {"manager": {"outlet_ids": [1]}, "support": {"expires_us": now_us() + DAY_US}}.get(role, {})
    account_id = add_person(engine, company.merchant_id, GUEST, role, **limits)
    browser = browser_of(app, engine, account_id, company.merchant_id)
    token = csrf_token(browser, "/companies")
    for path in ("/team", "/team/invite", f"/team/{account_id}", f"/team/{account_id}/remove"):
        assert browser.get(path).status_code == 403, path
    for path in (
        "/team/invite",
        f"/team/{account_id}",
        f"/team/{company.account_id}/remove",
        "/team/invitations/00/resend",
        "/team/invitations/00/withdraw",
    ):
        form = {"csrf_token": token, "email": "x@romashka.by", "role": "owner"}
        assert browser.post(path, data=form).status_code == 403, path
    assert member(engine, company, account_id).role == role
    assert waiting(engine, company) == []


def test_a_refusal_is_a_line_in_the_log(app: Flask, engine: sa.Engine, company: TestMerchant, capsys):
    account_id = add_person(engine, company.merchant_id, GUEST, "accountant")
    browser_of(app, engine, account_id, company.merchant_id).get("/team")
    *_, line = re.sub(r"\x1b\[[0-9;]*m", "", capsys.readouterr().err).splitlines()
    assert re.search(rf"account_id={account_id} method=GET .*path=/team .*status=403", line)


def test_people_and_invitations_of_another_company_are_not_there(app, owner, engine, company: TestMerchant):
    other = make_merchant(engine, "190000018", name="ООО Астра")
    theirs = browser_of(app, engine, other.account_id, other.merchant_id)
    send(theirs, "/team/invite", email=GUEST, role="accountant")
    [invited] = waiting(engine, other)
    for path in (f"/team/{other.account_id}", f"/team/{other.account_id}/remove", "/team/999", f"/team/{2**53 - 1}"):
        assert owner.get(path).status_code == 404, path
        assert send(owner, path, role="accountant").status_code == 404, path
    assert owner.get("/team/" + "9" * 30).status_code == 404
    for way in ("resend", "withdraw"):
        assert send(owner, f"/team/invitations/{invited.invitation_id}/{way}").status_code == 404
    assert GUEST not in text_of(owner.get("/team"))
    assert waiting(engine, other) == [invited]
    assert member(engine, other, other.account_id).role == "owner"


def test_who_logged_in_long_ago_confirms_first(app: Flask, engine: sa.Engine, company: TestMerchant, anna: int):
    then = now_us() - 16 * 60 * SECOND_US
    browser = browser_of(app, engine, company.account_id, company.merchant_id, confirmed_us=then)
    assert browser.get("/team").status_code == 200
    for path in ("/team/invite", f"/team/{anna}", f"/team/{anna}/remove"):
        assert browser.get(path).location.startswith("/confirm?next=/team/"), path
    token = csrf_token(browser, "/companies")
    form = {"csrf_token": token, "email": "x@romashka.by", "role": "owner"}
    for path in ("/team/invite", f"/team/{anna}", f"/team/{anna}/remove", "/team/invitations/00/withdraw"):
        assert browser.post(path, data=form).location.startswith("/confirm"), path
    assert member(engine, company, anna).role == "accountant"


def test_names_are_text_whatever_they_contain(owner: FlaskClient, engine: sa.Engine, company: TestMerchant, anna: int):
    with writing(engine) as connection:
        connection.execute(sa.text("UPDATE account SET name = '<script>alert(1)</script>'"))
    for path in ("/team", f"/team/{anna}", f"/team/{anna}/remove"):
        assert "<script>alert" not in owner.get(path).get_data(as_text=True)


def test_a_link_never_leads_where_a_request_says(settings, engine: sa.Engine, company: TestMerchant):
    """Whoever invites could otherwise have the guest's answer sent to a site of their own."""
    app = create_app(dataclasses.replace(settings, development=False))
    owner = browser_of(app, engine, company.account_id, company.merchant_id)
    with writing(engine) as connection:
        invite(connection, company.merchant_id, email="b@romashka.by", role="owner", invited_by=company.account_id)
    [waits] = waiting(engine, company)
    form = {"email": GUEST, "role": "accountant"}
    assert send(owner, "/team/invite", **form).status_code == 503
    send(owner, f"/team/invitations/{waits.invitation_id}/resend")
    assert waiting(engine, company) == [waits]
    assert mails_to(engine, GUEST) == mails_to(engine, "b@romashka.by") == []
    assert "Отправить письмо нельзя" in text_of(owner.get("/team"))
    app.config["PUBLIC_URL"] = "https://cabinet.example.by"
    assert send(owner, "/team/invite", **form).status_code == 303
    assert "https://cabinet.example.by/invitations/" in mails_to(engine, GUEST)[0]
    app.extensions["kabinet_engine"].dispose()
