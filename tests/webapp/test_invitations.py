"""The link in an invitation: who may follow it, what it opens, and that it opens it once."""

import re
import time
from html import unescape

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from sql.accounts import add_account, disable_account, person_by_email
from sql.engine import reading, writing
from sql.instants import now_us
from sql.invitations import invite
from sql.memberships import add_membership, companies_of, end_membership, member_of
from tests.accounts import PASSWORD, TestMerchant, csrf_token, make_merchant
from tests.mailbox import link_to, mails_to
from tests.people import browser_of, journal_of, make_person
from tests.shop import open_outlets
from webapp.passwords import STEP_S, totp_code

GUEST = "anna@example.by"
CHOSEN = "корова лягушка трактор зонтик"


@pytest.fixture
def company(engine: sa.Engine) -> TestMerchant:
    merchant = make_merchant(engine)
    open_outlets(engine, merchant.merchant_id, ("Немига", "Восток"))
    return merchant


@pytest.fixture
def other(engine: sa.Engine) -> TestMerchant:
    """The owner of another company."""
    return make_merchant(engine, "190000018", name="ООО Астра")


def invite_guest(engine: sa.Engine, company: TestMerchant, email: str = GUEST, role: str = "accountant", **more) -> str:
    """The path of the link."""
    with writing(engine) as connection:
        named = {"email": email, "role": role, "invited_by": company.account_id}
        return f"/invitations/{invite(connection, company.merchant_id, **named, **more)}"


def text_of(response) -> str:
    return unescape(response.get_data(as_text=True))


def post(client: FlaskClient, path: str, *, token_from: str | None = None, **form: object):
    return client.post(path, data={"csrf_token": csrf_token(client, token_from or path), **form})


def choose(client: FlaskClient, path: str, **changes: object):
    return post(client, path, **({"name": "Анна", "new_password": CHOSEN, "again": CHOSEN} | changes))


def companies(engine: sa.Engine, email: str) -> list[tuple[str, str]]:
    with reading(engine) as connection:
        person = person_by_email(connection, email)
        return [(one.name, one.role) for one in companies_of(connection, person.account_id)] if person else []


def enrol(client: FlaskClient) -> None:
    """Link an app, see the recovery codes, go in."""
    page = text_of(client.get("/login/enrol"))
    found = re.search(r"(?:[A-Z2-7]{4} ){7}[A-Z2-7]{4}", page)
    assert found, page
    code = totp_code(found[0].replace(" ", ""), int(time.time()) // STEP_S)
    assert post(client, "/login/enrol", code=code).status_code == 200
    assert post(client, "/login/recovery-codes").location == "/"


def test_a_new_person_chooses_a_password_links_an_app_and_is_in(client: FlaskClient, engine, company: TestMerchant):
    path = invite_guest(engine, company, role="manager", outlet_ids=[2])
    page = text_of(client.get(path))
    for words in ("ООО Ромашка", "191832203", company.email, GUEST, "Управляющий"):
        assert words in page
    assert choose(client, path).location == "/login/enrol"
    assert client.get("/").location.startswith("/login"), "half done, nothing is open"
    enrol(client)
    assert "ООО Ромашка" in text_of(client.get("/"))
    with reading(engine) as connection:
        person = person_by_email(connection, GUEST)
        assert person is not None
        member = member_of(connection, company.merchant_id, person.account_id)
    assert member is not None
    assert (person.name, member.role, member.outlet_ids) == ("Анна", "manager", (2,))
    assert [action for actor, action, _ in journal_of(engine, company.merchant_id) if actor == GUEST] == [
        "invitation_accepted",
        "factor_added",
        "login",
    ]


def test_nobody_chooses_the_own_role(client: FlaskClient, engine: sa.Engine, company: TestMerchant):
    """What a form has no field for changes nothing."""
    path = invite_guest(engine, company)
    choose(client, path, role="owner", email="other@example.by", merchant_id="1", member_until_us="1")
    enrol(client)
    assert companies(engine, GUEST) == [("ООО Ромашка", "accountant")]
    assert companies(engine, "other@example.by") == []


def test_a_link_opens_an_account_once(app: Flask, engine: sa.Engine, company: TestMerchant):
    path = invite_guest(engine, company)
    first, second = app.test_client(), app.test_client()
    for browser in (first, second):
        assert browser.get(path).status_code == 200
    token = csrf_token(second, path)
    assert choose(first, path).location == "/login/enrol"
    form = {"csrf_token": token, "name": "Ева", "new_password": CHOSEN, "again": CHOSEN}
    assert second.post(path, data=form).location == path
    over = second.get(path)
    assert over.status_code == 404
    assert "больше не действует" in text_of(over)
    assert second.get("/login/enrol").location.startswith("/login/password")


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"new_password": "коротко", "again": "коротко"}, "В пароле не меньше 12 знаков."),
        ({"new_password": "anna@example.by", "again": "anna@example.by"}, "другие знают о вас"),
        ({"again": "корова"}, ""),
        ({"new_password": "", "again": ""}, ""),
        ({"name": "А" * 129}, "не больше 128"),
        ({"name": "Анна\0"}, "нет на клавиатуре"),
    ],
)
def test_a_mistake_is_a_sentence_and_the_link_stays_good(client, engine, company: TestMerchant, changes, sentence):
    path = invite_guest(engine, company)
    response = choose(client, path, **changes)
    assert response.status_code == 422
    assert "invalid-feedback" in text_of(response)
    assert sentence in text_of(response)
    assert companies(engine, GUEST) == []
    assert choose(client, path).location == "/login/enrol"


def test_who_has_an_account_accepts_in_it(app: Flask, engine: sa.Engine, company: TestMerchant, other: TestMerchant):
    path = invite_guest(engine, company, other.email)
    page = text_of(app.test_client().get(path))
    assert f"войдите как {other.email}" in page
    assert "new_password" not in page
    browser = browser_of(app, engine, other.account_id, other.merchant_id)
    assert browser.get(path).status_code == 200
    response = post(browser, f"{path}/accept", token_from=path)
    assert (response.status_code, response.location) == (303, "/")
    assert "Добро пожаловать в личный кабинет ООО Ромашка" in text_of(browser.get("/instructions"))
    assert companies(engine, other.email) == [("ООО Астра", "owner"), ("ООО Ромашка", "accountant")]
    assert (other.email, "invitation_accepted", other.email) in journal_of(engine, company.merchant_id)
    assert browser.get(path).status_code == 404
    assert post(browser, f"{path}/accept", token_from="/companies").location == path


def test_an_account_that_exists_gets_no_other_password(client, engine, company: TestMerchant, other: TestMerchant):
    path = invite_guest(engine, company, other.email)
    token = csrf_token(client)
    form = {"csrf_token": token, "name": "Ева", "new_password": CHOSEN, "again": CHOSEN}
    assert client.post(path, data=form).location == path
    assert client.get("/login/enrol").location.startswith("/login/password")
    assert companies(engine, other.email) == [("ООО Астра", "owner")]


def test_another_persons_session_does_not_accept(app, engine, company: TestMerchant, other: TestMerchant):
    path = invite_guest(engine, company)
    browser = browser_of(app, engine, other.account_id, other.merchant_id)
    for address in (path, f"{path}/accept"):
        page = text_of(browser.get(address))
        assert f"Приглашение адресовано {GUEST}, а вы вошли как {other.email}" in page
        assert f'action="{path}/accept"' not in page
    for address in (path, f"{path}/accept"):
        assert post(browser, address, token_from="/companies").location == path
    assert companies(engine, other.email) == [("ООО Астра", "owner")]
    assert choose(app.test_client(), path).location == "/login/enrol"


def test_who_was_removed_from_the_only_company_comes_back_by_logging_in(app, engine, company: TestMerchant):
    account_id = make_person(engine, GUEST)
    path = invite_guest(engine, company)
    page = text_of(app.test_client().get(path))
    assert f"/login/email?next={path}/accept" in page
    with app.test_request_context():
        from webapp.entering import enter

        assert enter(account_id, "email", target="/") is None
        assert enter(account_id, "email", target=f"https://evil.example{path}/accept") is None
        response = enter(account_id, "email", target=f"{path}/accept")
        assert response is not None
        assert response.location == "/"
        assert enter(account_id, "email", target=f"{path}/accept").location == f"{path}/accept"
    assert companies(engine, GUEST) == [("ООО Ромашка", "accountant")]
    with writing(engine) as connection:
        end_membership(connection, company.merchant_id, account_id)
    with app.test_request_context():
        assert enter(account_id, "email", target=f"{path}/accept") is None, "a link is good once"


def test_logging_in_does_not_accept_what_is_for_somebody_else(app: Flask, engine: sa.Engine, company: TestMerchant):
    account_id = make_person(engine, "eva@example.by")
    path = invite_guest(engine, company)
    with app.test_request_context():
        from webapp.entering import enter

        assert enter(account_id, "email", target=f"{path}/accept") is None
    assert companies(engine, "eva@example.by") == []


def test_who_belongs_there_already_goes_on_there(app, engine, company: TestMerchant, other: TestMerchant):
    path = invite_guest(engine, company, other.email, "owner")
    with writing(engine) as connection:
        add_membership(connection, company.merchant_id, other.account_id, "accountant")
    browser = browser_of(app, engine, other.account_id, other.merchant_id)
    assert post(browser, f"{path}/accept", token_from=path).location == "/"
    assert companies(engine, other.email) == [("ООО Астра", "owner"), ("ООО Ромашка", "accountant")]


def test_a_disabled_account_is_not_taken_over(client: FlaskClient, engine: sa.Engine, company, other: TestMerchant):
    with writing(engine) as connection:
        disable_account(connection, other.account_id)
    path = invite_guest(engine, company, other.email)
    assert "new_password" not in text_of(client.get(path))
    form = {"csrf_token": csrf_token(client), "new_password": CHOSEN, "again": CHOSEN}
    assert client.post(path, data=form).location == path
    assert client.get("/login/enrol").location.startswith("/login/password")


def test_an_account_that_nobody_has_set_up_yet_is_set_up_by_the_link(client, engine, company: TestMerchant):
    with writing(engine) as connection:
        add_account(connection, email=GUEST, phone="", password_hash="", totp_secret="")
    path = invite_guest(engine, company)
    assert choose(client, path).location == "/login/enrol"
    enrol(client)
    assert companies(engine, GUEST) == [("ООО Ромашка", "accountant")]


def test_support_is_in_until_its_last_day(client: FlaskClient, engine: sa.Engine, company: TestMerchant):
    until = now_us() + 3_600_000_000
    path = invite_guest(engine, company, role="support", member_until_us=until)
    choose(client, path)
    with reading(engine) as connection:
        person = person_by_email(connection, GUEST)
        assert person is not None
        member = member_of(connection, company.merchant_id, person.account_id)
        assert member is not None
        assert member.expires_us == until


@pytest.mark.parametrize("token", ["x", "a" * 43, "%D0%AF", "a" * 3000])
def test_a_link_that_never_was_is_the_same_as_one_that_is_over(client: FlaskClient, company: TestMerchant, token: str):
    response = client.get(f"/invitations/{token}")
    assert response.status_code == 404
    assert "Это приглашение больше не действует" in text_of(response)
    assert client.get(f"/invitations/{token}/accept").location.startswith("/login/password?next=/invitations/")


def test_a_mail_is_in_the_language_of_its_reader(app: Flask, engine: sa.Engine, company: TestMerchant):
    account_id = make_person(engine, GUEST)
    with writing(engine) as connection:
        connection.execute(sa.text("UPDATE account SET language = 'be' WHERE email = :email"), {"email": GUEST})
    assert account_id
    owner = browser_of(app, engine, company.account_id, company.merchant_id)
    for email in (GUEST, "eva@example.by"):
        post(owner, "/team/invite", email=email, role="accountant")
    assert "запрашае" in mails_to(engine, GUEST)[0]
    assert "приглашает" in mails_to(engine, "eva@example.by")[0]
    assert app.test_client().get(link_to(engine, "eva@example.by")).status_code == 200


def test_the_log_does_not_hold_the_token(client: FlaskClient, engine: sa.Engine, company: TestMerchant, capsys):
    path = invite_guest(engine, company)
    client.get(path)
    client.get(f"{path}/accept")
    written = capsys.readouterr().err
    assert "/invitations/…" in written
    assert path.rpartition("/")[2] not in written


def test_the_password_is_not_good_without_the_app(client: FlaskClient, engine: sa.Engine, company: TestMerchant):
    path = invite_guest(engine, company)
    choose(client, path)
    form = {"csrf_token": csrf_token(client, "/login/email"), "email": GUEST, "password": CHOSEN}
    assert client.post("/login/email", data=form).status_code == 422
    assert PASSWORD != CHOSEN
