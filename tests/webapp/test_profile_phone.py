"""The phone that codes go to: changed by whoever has just confirmed who they are, and has the new phone at hand."""

import re
from html import unescape

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from sql import login_attempts
from sql.engine import reading, writing
from sql.instants import SECOND_US, now_us
from sql.tables import account, journal, login_attempt, message, web_session
from tests.accounts import TestMerchant, csrf_token, make_merchant, sign_in
from tests.webapp.reading import owner_in_english

PAGE, CODE = "/profile/phone", "/profile/phone/code"
MINUTE_US = 60 * SECOND_US


@pytest.fixture
def merchant(engine: sa.Engine) -> TestMerchant:
    return make_merchant(engine)


@pytest.fixture
def client(app: Flask, merchant: TestMerchant) -> FlaskClient:
    return owner_in_english(app, merchant)


def text_of(response: TestResponse) -> str:
    return unescape(response.get_data(as_text=True))


def post(client: FlaskClient, path: str, page: str = PAGE, **form: str) -> TestResponse:
    return client.post(path, data=form | {"csrf_token": csrf_token(client, page)})


def messages(engine: sa.Engine, channel: str) -> list[tuple[str, str]]:
    with reading(engine) as connection:
        query = sa.select(message.c.recipient, message.c.text).where(message.c.channel == channel)
        return [(row[0], row[1]) for row in connection.execute(query.order_by(message.c.message_id))]


def code_of(engine: sa.Engine) -> str:
    return re.findall(r"\b[0-9]{6}\b", messages(engine, "sms")[-1][1])[0]


def phone_of(engine: sa.Engine) -> str:
    with reading(engine) as connection:
        return str(connection.execute(sa.select(account.c.phone).order_by(account.c.account_id)).scalars().first())


def test_a_new_number_counts_once_its_code_has_come(client, merchant, engine):
    assert "+375 29 123-45-67" in text_of(client.get(PAGE))
    assert post(client, PAGE, phone="8 044 765-43-21").location == CODE
    [(number, _)] = messages(engine, "sms")
    assert number == "+375447654321"
    assert phone_of(engine) == "+375291234567"
    assert "+375 44 765-43-21" in text_of(client.get(CODE))
    assert post(client, CODE, CODE, code=code_of(engine)).location == "/profile"
    assert phone_of(engine) == "+375447654321"
    [(to, text)] = messages(engine, "mail")
    assert to == merchant.email
    assert "заканчивается на 21" in text or "ends in 21" in text
    with reading(engine) as connection:
        actions = connection.execute(sa.select(journal.c.action).order_by(journal.c.at_us)).scalars().all()
        assert connection.execute(sa.select(login_attempt)).all() == []
    assert actions == ["login", "phone_changed"]


def test_a_code_changes_the_number_once(client, merchant, engine):
    post(client, PAGE, phone="+375447654321")
    form, code = csrf_token(client, CODE), code_of(engine)
    assert client.post(CODE, data={"csrf_token": form, "code": code}).status_code == 303
    assert client.post(CODE, data={"csrf_token": form, "code": code}).status_code == 422
    assert len(messages(engine, "mail")) == 1


def test_after_five_wrong_codes_one_begins_anew(client, merchant, engine):
    post(client, PAGE, phone="+375447654321")
    form, code = csrf_token(client, CODE), code_of(engine)
    wrong = f"{(int(code) + 1) % 10**6:06}"
    for _ in range(5):
        response = client.post(CODE, data={"csrf_token": form, "code": wrong})
        assert response.status_code == 422
        assert "The code is wrong" in text_of(response)
    late = client.post(CODE, data={"csrf_token": form, "code": code})
    assert late.status_code == 422
    assert "Begin once more" in text_of(late)
    assert phone_of(engine) == "+375291234567"


def test_a_code_is_good_for_ten_minutes(client, merchant, engine, monkeypatch):
    post(client, PAGE, phone="+375447654321")
    form, code = csrf_token(client, CODE), code_of(engine)
    monkeypatch.setattr(login_attempts, "now_us", lambda: now_us() + 10 * MINUTE_US + SECOND_US)
    assert client.get(CODE).location == PAGE
    assert client.post(CODE, data={"csrf_token": form, "code": code}).status_code == 422
    assert phone_of(engine) == "+375291234567"


def test_another_code_comes_after_a_minute(client, merchant, engine, monkeypatch):
    post(client, PAGE, phone="+375447654321")
    assert post(client, "/profile/phone/resend", CODE).status_code == 429
    monkeypatch.setattr(login_attempts, "now_us", lambda: now_us() + MINUTE_US + SECOND_US)
    assert post(client, "/profile/phone/resend", CODE).location == CODE
    assert len(messages(engine, "sms")) == 2
    assert post(client, CODE, CODE, code=code_of(engine)).location == "/profile"


def test_the_code_of_somebody_else_is_none(app, client, merchant, engine):
    post(client, PAGE, phone="+375447654321")
    code = code_of(engine)
    other = app.test_client()
    sign_in(other, make_merchant(engine, "190000018"))
    with client.session_transaction() as session:
        token = session["phone"]
    form = csrf_token(other, PAGE)
    with other.session_transaction() as session:
        session["phone"] = token
    assert other.get(CODE).location == PAGE
    assert other.post(CODE, data={"csrf_token": form, "code": code}).status_code == 422
    assert phone_of(engine) == "+375291234567"


@pytest.mark.parametrize("phone", ["", "12", "+375 29 123", "<b>"])
def test_a_slip_is_explained_beside_the_field(client, engine, phone):
    response = post(client, PAGE, phone=phone)
    assert response.status_code == 422
    assert 'id="phone-mistake"' in text_of(response)
    assert messages(engine, "sms") == []


def test_nobody_is_flooded_with_sms(client, merchant, engine):
    answers = [post(client, PAGE, phone=f"+37544765432{number}").status_code for number in range(6)]
    assert answers == [303] * 5 + [429]
    assert len(messages(engine, "sms")) == 5


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", PAGE), ("POST", PAGE), ("GET", CODE), ("POST", CODE), ("POST", "/profile/phone/resend")],
)
def test_without_a_recent_confirmation_nothing_is_changed(client, merchant, engine, method, path):
    form = csrf_token(client, PAGE)
    with writing(engine) as connection:
        connection.execute(sa.update(web_session).values(confirmed_us=now_us() - 16 * MINUTE_US))
    response = client.open(path, method=method, data={"csrf_token": form, "phone": "+375447654321", "code": "000000"})
    assert response.status_code == 303
    assert response.location.startswith("/confirm?next=")
    assert messages(engine, "sms") == []
