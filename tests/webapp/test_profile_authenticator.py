"""Linking another authenticator app, and making new recovery codes."""

import re
import time

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from itsdangerous import TimestampSigner
from werkzeug.test import TestResponse

from sql.engine import reading, writing
from sql.factors import factors_of, replace_recovery_codes
from sql.tables import account, journal, web_session
from tests.accounts import TestMerchant, csrf_token, make_merchant, sign_in
from tests.mailbox import mails_to
from tests.webapp.reading import owner_in_english
from webapp.passwords import STEP_S, totp_code
from webapp.profile_authenticator import SHOWN_S
from webapp.recovery_codes import generate_recovery_codes

PATH = "/profile/authenticator"


@pytest.fixture
def merchant(engine: sa.Engine) -> TestMerchant:
    return make_merchant(engine)


@pytest.fixture
def client(app: Flask, merchant: TestMerchant) -> FlaskClient:
    return owner_in_english(app, merchant)


def form_of(client: FlaskClient) -> tuple[str, dict[str, str]]:
    """The secret that the page shows, and its hidden fields."""
    html = client.get(PATH).text
    found = re.search(r'<code class="enrol-key">([A-Z2-7 ]+)</code>', html)
    shown = re.search(r'name="shown"[^>]*value="([^"]+)"', html)
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', html)
    assert found
    assert shown
    assert token
    return found[1].replace(" ", ""), {"shown": shown[1], "csrf_token": token[1]}


def present_code(secret: str) -> str:
    return totp_code(secret, int(time.time()) // STEP_S)


def secret_in(engine: sa.Engine) -> str:
    with reading(engine) as connection:
        return str(connection.execute(sa.select(account.c.totp_secret)).scalar_one())


def codes_of(answer: TestResponse) -> list[str]:
    return re.findall(r"<li><code>([a-z0-9-]+)</code></li>", answer.text)


def test_another_app_takes_the_place_of_the_old_one(
    client: FlaskClient, app: Flask, merchant: TestMerchant, engine: sa.Engine
) -> None:
    with writing(engine) as connection:
        replace_recovery_codes(connection, merchant.account_id, generate_recovery_codes())
    other = app.test_client()
    sign_in(other, merchant)
    secret, hidden = form_of(client)
    answer = client.post(PATH, data=hidden | {"code": present_code(secret)})
    assert answer.location == "/profile"
    assert secret_in(engine) == secret
    assert client.get("/").status_code == 200
    assert other.get("/").status_code == 303
    assert len(mails_to(engine, merchant.email)) == 1
    with reading(engine) as connection:
        actions = connection.execute(sa.select(journal.c.action).order_by(journal.c.at_us)).scalars().all()
    assert actions[-1] == "factor_added"


def test_who_has_no_recovery_codes_gets_them_with_the_app(
    client: FlaskClient, merchant: TestMerchant, engine: sa.Engine
) -> None:
    secret, hidden = form_of(client)
    assert len(codes_of(client.post(PATH, data=hidden | {"code": present_code(secret)}))) == 10
    twice = client.post(PATH, data=hidden | {"code": present_code(secret)})
    assert twice.location == "/profile"
    with reading(engine) as connection:
        assert factors_of(connection, merchant.account_id).recovery_left == 10


def test_old_app_goes_on_working_until_the_code_is_right(
    client: FlaskClient, merchant: TestMerchant, engine: sa.Engine
) -> None:
    _secret, hidden = form_of(client)
    answer = client.post(PATH, data=hidden | {"code": "000000"})
    assert answer.status_code == 422
    assert "Does the clock of your phone show the right time?" in answer.text
    assert secret_in(engine) == merchant.totp_secret


@pytest.mark.parametrize("shown", ["", "A" * 32, "WyJBIl0.x.y"])
def test_only_a_secret_of_ours_can_be_linked(
    client: FlaskClient, merchant: TestMerchant, engine: sa.Engine, shown: str
) -> None:
    _secret, hidden = form_of(client)
    answer = client.post(PATH, data=hidden | {"shown": shown, "code": present_code("A" * 32)})
    assert answer.status_code == 422
    assert secret_in(engine) == merchant.totp_secret


def test_secret_that_was_shown_to_another_account_or_long_ago_is_not_linked(
    client: FlaskClient, app: Flask, engine: sa.Engine, merchant: TestMerchant, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret, hidden = form_of(client)
    stranger = app.test_client()
    sign_in(stranger, make_merchant(engine, "100320487"))
    form = {"shown": hidden["shown"], "code": present_code(secret), "csrf_token": csrf_token(stranger, PATH)}
    assert stranger.post(PATH, data=form).status_code == 422
    later = int(time.time()) + SHOWN_S + 1
    monkeypatch.setattr(TimestampSigner, "get_timestamp", lambda _signer: later)
    assert client.post(PATH, data=hidden | {"code": present_code(secret)}).status_code == 422


def test_new_recovery_codes_are_shown_once_and_replace_the_old_ones(
    client: FlaskClient, merchant: TestMerchant, engine: sa.Engine
) -> None:
    assert "No recovery codes are left." in client.get("/profile/recovery-codes").text
    token = csrf_token(client, "/profile/recovery-codes")
    first = codes_of(client.post("/profile/recovery-codes", data={"csrf_token": token}))
    second = codes_of(client.post("/profile/recovery-codes", data={"csrf_token": token}))
    assert len({*first, *second}) == 20
    page = client.get("/profile/recovery-codes").text
    assert "10 recovery codes are left." in page
    assert not any(code in page for code in second)


def test_new_recovery_codes_need_a_fresh_confirmation(client: FlaskClient, engine: sa.Engine) -> None:
    token = csrf_token(client, "/profile/recovery-codes")
    with writing(engine) as connection:
        connection.execute(sa.update(web_session).values(confirmed_us=0))
    answer = client.post(
        "/profile/recovery-codes",
        data={"csrf_token": token},
        headers={"Referer": "http://localhost/profile/recovery-codes"},
    )
    assert answer.location == "/confirm?next=/profile/recovery-codes"


def test_login_with_a_recovery_code_works_once_and_the_journal_says_so(
    app: Flask, merchant: TestMerchant, engine: sa.Engine
) -> None:
    codes = generate_recovery_codes()
    with writing(engine) as connection:
        replace_recovery_codes(connection, merchant.account_id, codes)

    def log_in() -> int:
        client = app.test_client()
        form = {"unp": merchant.unp, "password": merchant.password, "code": codes[0]}
        data = form | {"csrf_token": csrf_token(client, "/login/password?recovery=1")}
        return client.post("/login/password?recovery=1", data=data, buffered=True).status_code

    assert [log_in(), log_in()] == [303, 422]
    with reading(engine) as connection:
        lines = connection.execute(sa.select(journal.c.action).order_by(journal.c.at_us)).scalars().all()
    assert lines == ["recovery_code_used", "login", "login_failed"]


def test_recovery_code_of_somebody_else_opens_nothing_and_stays(
    app: Flask, merchant: TestMerchant, engine: sa.Engine
) -> None:
    other, codes = make_merchant(engine, "100320487"), generate_recovery_codes()
    with writing(engine) as connection:
        replace_recovery_codes(connection, other.account_id, codes)
    client = app.test_client()
    form = {"unp": merchant.unp, "password": merchant.password, "code": codes[0], "csrf_token": csrf_token(client)}
    assert client.post("/login/password", data=form).status_code == 422
    wrong = form | {"unp": other.unp, "password": "wrong"}
    assert client.post("/login/password", data=wrong).status_code == 422
    assert client.post("/login/password", data=wrong | {"password": other.password}).status_code == 303
