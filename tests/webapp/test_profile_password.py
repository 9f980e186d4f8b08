"""Changing one's own password."""

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from sql.engine import reading, writing
from sql.login_attempts import begin_attempt
from sql.password_resets import account_of_reset, add_reset
from sql.tables import account, journal, login_attempt, web_session
from tests.accounts import TestMerchant, csrf_token, make_merchant, sign_in
from tests.mailbox import mails_to
from tests.people import journal_of
from tests.webapp.reading import owner_in_english
from webapp.passwords import verify_password

NEW = "seven brass herons on a tram"


@pytest.fixture
def merchant(engine: sa.Engine) -> TestMerchant:
    return make_merchant(engine)


@pytest.fixture
def client(app: Flask, merchant: TestMerchant) -> FlaskClient:
    return owner_in_english(app, merchant)


def change(client: FlaskClient, merchant: TestMerchant, **changes: str) -> TestResponse:
    form = {"password": merchant.password, "new_password": NEW, "again": NEW} | changes
    return client.post("/profile/password", data=form | {"csrf_token": csrf_token(client, "/profile/password")})


def password_is(engine: sa.Engine, password: str) -> bool:
    with reading(engine) as connection:
        return verify_password(connection.execute(sa.select(account.c.password_hash)).scalar_one(), password)


def test_change_ends_whatever_the_old_password_has_opened(
    client: FlaskClient, app: Flask, merchant: TestMerchant, engine: sa.Engine
) -> None:
    other = app.test_client()
    sign_in(other, merchant)
    with writing(engine) as connection:
        begin_attempt(connection, way="email", step="factor", account_id=merchant.account_id)
        link = add_reset(connection, merchant.account_id, lifetime_us=10**9)
    assert change(client, merchant).location == "/profile"
    assert password_is(engine, NEW)
    assert client.get("/").status_code == 200
    assert other.get("/").status_code == 303
    with reading(engine) as connection:
        assert account_of_reset(connection, link) is None
        assert connection.execute(sa.select(login_attempt)).all() == []
        actions = connection.execute(sa.select(journal.c.action).order_by(journal.c.at_us)).scalars().all()
    assert actions[-1] == "password_changed"
    assert len(mails_to(engine, merchant.email)) == 1


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"password": "wrong"}, "This is not your present password."),
        ({"password": ""}, "Enter the password."),
        ({"new_password": "short", "again": "short"}, "A password has at least 12 characters."),
        ({"again": "something else"}, "This is not the same as above."),
        ({"new_password": "", "again": ""}, "Choose a password."),
    ],
)
def test_what_is_wrong_is_explained_and_nothing_changes(
    client: FlaskClient, merchant: TestMerchant, engine: sa.Engine, changes: dict[str, str], sentence: str
) -> None:
    answer = change(client, merchant, **changes)
    assert answer.status_code == 422
    assert sentence in answer.text
    assert NEW not in answer.text
    assert password_is(engine, merchant.password)


def test_stolen_session_is_no_way_to_guess_the_password(
    client: FlaskClient, merchant: TestMerchant, engine: sa.Engine
) -> None:
    statuses = [change(client, merchant, password="wrong").status_code for _ in range(11)]
    assert statuses == [422] * 10 + [429]
    assert [action for _, action, _ in journal_of(engine, merchant.merchant_id)] == ["login"] + ["confirm_failed"] * 10
    assert change(client, merchant).status_code == 429


@pytest.mark.parametrize("path", ["/profile/password", "/profile/authenticator"])
def test_page_asks_for_a_fresh_confirmation(client: FlaskClient, engine: sa.Engine, path: str) -> None:
    with writing(engine) as connection:
        connection.execute(sa.update(web_session).values(confirmed_us=0))
    token = csrf_token(client, "/confirm")
    assert client.get(path).location == f"/confirm?next={path}"
    assert client.post(path, data={"csrf_token": token}).location.startswith("/confirm")
