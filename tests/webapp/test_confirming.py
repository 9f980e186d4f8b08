"""Sensitive changes ask once more who is there."""

import re
from collections.abc import Callable

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from sql.accounts import disable_account
from sql.engine import Connection, reading, writing
from sql.factors import replace_recovery_codes
from sql.instants import now_us
from sql.sessions import end_all_sessions, open_sessions
from sql.tables import account, web_session
from tests.accounts import TestMerchant, csrf_token, make_merchant, sign_in
from tests.people import journal_of
from webapp import confirming
from webapp.authenticator_codes import Proof
from webapp.confirming import RECENT_US, confirmed
from webapp.recovery_codes import generate_recovery_codes
from webapp.roles import own

ShutOut = Callable[[Connection, int], object]
WRONG = "The password or the code is wrong. A code works only once."


@pytest.fixture
def app(app: Flask) -> Flask:
    """With a page that is sensitive, and its form."""
    app.add_url_rule("/sensitive", "sensitive", confirmed(lambda: "the sensitive page"))
    app.add_url_rule("/sensitive", "change", confirmed(own(lambda: "changed")), methods=["POST"])
    return app


@pytest.fixture
def merchant(engine: sa.Engine) -> TestMerchant:
    return make_merchant(engine)


@pytest.fixture
def client(app: Flask, merchant: TestMerchant, engine: sa.Engine) -> FlaskClient:
    """A browser that has logged in some time ago."""
    client = app.test_client()
    client.set_cookie("language", "en")
    sign_in(client, merchant)
    make_old(engine)
    return client


def make_old(engine: sa.Engine) -> None:
    with writing(engine) as connection:
        connection.execute(sa.update(web_session).values(confirmed_us=now_us() - RECENT_US - 1))


def confirm(client: FlaskClient, merchant: TestMerchant, target: str | None = None, **changes: str) -> TestResponse:
    form = {"password": merchant.password, "csrf_token": csrf_token(client, "/confirm")} | changes
    if "code" not in form:
        form["code"] = merchant.code()
    return client.post("/confirm", query_string={"next": target} if target else None, data=form)


def test_who_has_just_logged_in_is_not_asked(app: Flask, merchant: TestMerchant) -> None:
    client = app.test_client()
    sign_in(client, merchant)
    assert client.get("/sensitive").text == "the sensitive page"


def test_page_and_form_ask_after_a_while_and_lead_back(client: FlaskClient, merchant: TestMerchant) -> None:
    asked = client.get("/sensitive?tab=1")
    assert (asked.status_code, asked.location) == (303, "/confirm?next=/sensitive?tab%3D1")
    headers = {"Referer": "http://localhost/sensitive?tab=1"}
    asked = client.post("/sensitive", data={"csrf_token": csrf_token(client, "/confirm")}, headers=headers)
    assert (asked.status_code, asked.location) == (303, "/confirm?next=/sensitive?tab%3D1")
    assert confirm(client, merchant, "/sensitive?tab=1").location == "/sensitive?tab=1"
    assert client.get("/sensitive").text == "the sensitive page"
    assert client.post("/sensitive", data={"csrf_token": csrf_token(client, "/confirm")}).text == "changed"


def test_fragment_that_is_sensitive_sends_the_whole_page_to_be_confirmed(client: FlaskClient) -> None:
    headers = {"HX-Request": "true", "HX-Current-URL": "http://localhost/sensitive"}
    response = client.get("/sensitive", headers=headers)
    assert response.headers["HX-Redirect"] == "/confirm?next=/sensitive"


def test_confirmation_leads_nowhere_else(client: FlaskClient, merchant: TestMerchant) -> None:
    assert confirm(client, merchant, "https://evil.example/").location == "/"


def test_confirmation_renews_the_session(
    client: FlaskClient, app: Flask, merchant: TestMerchant, engine: sa.Engine
) -> None:
    with client.session_transaction() as session:
        stolen = dict(session)
    confirm(client, merchant)
    thief = app.test_client()
    with thief.session_transaction() as session:
        session.update(stolen)
    assert thief.get("/").status_code == 303
    assert client.get("/").status_code == 200
    with reading(engine) as connection:
        assert len(open_sessions(connection, merchant.account_id)) == 1


@pytest.mark.parametrize("wrong", [{"password": "wrong"}, {"code": "000000"}])
def test_both_must_be_right_and_nothing_tells_which_was_wrong(
    client: FlaskClient, merchant: TestMerchant, wrong: dict[str, str]
) -> None:
    response = confirm(client, merchant, **wrong)
    assert response.status_code == 422
    assert WRONG in response.text
    assert merchant.password not in response.text
    assert client.get("/sensitive").status_code == 303


def test_code_of_the_login_confirms_nothing(client: FlaskClient, app: Flask, merchant: TestMerchant) -> None:
    used = merchant.code()
    other = app.test_client()
    form = {"unp": merchant.unp, "password": merchant.password, "code": used, "csrf_token": csrf_token(other)}
    assert other.post("/login/password", data=form).status_code == 303
    assert confirm(client, merchant, code=used).status_code == 422


def test_wrong_password_does_not_use_up_the_code(client: FlaskClient, merchant: TestMerchant) -> None:
    code = merchant.code()
    assert confirm(client, merchant, password="wrong", code=code).status_code == 422
    assert confirm(client, merchant, code=code).status_code == 303


def test_recovery_code_confirms_once(client: FlaskClient, merchant: TestMerchant, engine: sa.Engine) -> None:
    codes = generate_recovery_codes()
    with writing(engine) as connection:
        replace_recovery_codes(connection, merchant.account_id, codes)
    assert confirm(client, merchant, code=codes[0].upper().replace("-", " ")).status_code == 303
    make_old(engine)
    assert confirm(client, merchant, code=codes[0]).status_code == 422
    assert confirm(client, merchant, code=codes[1]).status_code == 303


def test_guessing_meets_a_pause(client: FlaskClient, merchant: TestMerchant) -> None:
    token = csrf_token(client, "/confirm")
    for _ in range(10):
        assert confirm(client, merchant, code="000000", csrf_token=token).status_code == 422
    refused = confirm(client, merchant, csrf_token=token)
    assert refused.status_code == 429
    assert 0 < int(refused.headers["Retry-After"]) <= 60
    assert "Too many attempts. Try again in 1 minute." in refused.text


def test_each_failure_is_in_the_journal(client: FlaskClient, merchant: TestMerchant, engine: sa.Engine) -> None:
    confirm(client, merchant, password="wrong")
    confirm(client, merchant, code="000000")
    confirm(client, merchant)
    actions = [action for _, action, _ in journal_of(engine, merchant.merchant_id)]
    assert actions == ["login", "confirm_failed", "confirm_failed"]


@pytest.mark.parametrize("shut_out", [end_all_sessions, disable_account])
def test_session_that_ends_meanwhile_leads_to_the_login(
    client: FlaskClient, merchant: TestMerchant, engine: sa.Engine, monkeypatch: pytest.MonkeyPatch, shut_out: ShutOut
) -> None:
    use_proof = confirming.use_proof

    def use_it_and_be_shut_out(connection: Connection, account_id: int, proof: Proof) -> bool:
        shut_out(connection, account_id)
        return use_proof(connection, account_id, proof)

    monkeypatch.setattr(confirming, "use_proof", use_it_and_be_shut_out)
    response = confirm(client, merchant, "/sensitive")
    assert (response.status_code, response.location) == (303, "/login/password?next=/sensitive")
    assert client.get("/sensitive").location == "/login/password?next=/sensitive"


@pytest.mark.parametrize("path", ["/confirm", "/profile", "/profile/password", "/profile/phone"])
def test_who_is_disabled_behind_the_guard_goes_to_the_login(
    app: Flask, merchant: TestMerchant, engine: sa.Engine, path: str
) -> None:
    """The guard has let the person in when the operator shuts them out."""
    is_shut_out = False

    @app.before_request
    def shut_out() -> None:
        if is_shut_out:
            with writing(engine) as connection:
                disable_account(connection, merchant.account_id)

    client = app.test_client()
    sign_in(client, merchant)
    is_shut_out = True
    response = client.get(path)
    assert (response.status_code, response.location) == (303, "/login/password")


def test_who_has_nothing_to_confirm_with_is_told_to_log_in_anew(
    client: FlaskClient, merchant: TestMerchant, engine: sa.Engine
) -> None:
    """An owner who has only ever come by a signature, say."""
    with writing(engine) as connection:
        connection.execute(sa.update(account).values(password_hash="", totp_secret=""))
    page = client.get("/confirm").text
    assert "Log out, and log in once more" in page
    assert 'name="code"' not in page
    with writing(engine) as connection:
        replace_recovery_codes(connection, merchant.account_id, generate_recovery_codes())
    assert 'name="code"' in client.get("/confirm").text


def test_empty_fields_are_explained_beside_them(client: FlaskClient) -> None:
    html = client.post("/confirm", data={"csrf_token": csrf_token(client, "/confirm")}).text
    for sentence in ("Enter the password.", "Enter the code that your authenticator app shows."):
        assert re.search(rf'class="invalid-feedback"[^>]*>{re.escape(sentence)}', html)


def test_every_role_may_confirm() -> None:
    assert confirming.confirm.is_own  # type: ignore[attr-defined]
