"""A new person's authenticator and recovery codes: all take effect together, the codes are shown once."""

import re
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from sql import login_attempts
from sql.accounts import add_account, person_by_email
from sql.engine import reading, writing
from sql.factors import Factors, factors_of, replace_recovery_codes, set_totp_secret
from sql.instants import now_us
from sql.memberships import add_membership
from sql.passkeys import add_passkey
from sql.password_resets import add_reset
from sql.tables import journal, web_session
from tests.accounts import csrf_token, make_merchant
from webapp import enrolment
from webapp.authenticator_codes import use_code
from webapp.passwords import STEP_S, totp_code
from webapp.recovery_codes import generate_recovery_codes

EMAIL = "new@romashka.by"
NEW = "seven brass herons on a tram"


@pytest.fixture
def account_id(engine: sa.Engine) -> int:
    """Of somebody whom the operator has just made an account for."""
    merchant = make_merchant(engine)
    with writing(engine) as connection:
        account_id = add_account(connection, email=EMAIL, phone="", password_hash="", totp_secret="")
        add_membership(connection, merchant.merchant_id, account_id, "accountant")
    return account_id


@pytest.fixture
def client(app: Flask, engine: sa.Engine, account_id: int) -> FlaskClient:
    """A browser in which that person has chosen a password."""
    return with_password(app, engine, account_id)


def with_password(app: Flask, engine: sa.Engine, account_id: int) -> FlaskClient:
    client = app.test_client()
    client.set_cookie("language", "en")
    with writing(engine) as connection:
        link = f"/login/reset/password?token={add_reset(connection, account_id, lifetime_us=10**9)}"
    form = {"new_password": NEW, "again": NEW, "csrf_token": csrf_token(client, link)}
    assert client.post(link, data=form).location == "/login/enrol"
    return client


def secret_of(client: FlaskClient, path: str = "/login/enrol") -> str:
    found = re.search(r'<code class="enrol-key">([A-Z2-7 ]+)</code>', client.get(path).text)
    assert found
    return found[1].replace(" ", "")


def code_of(client: FlaskClient) -> str:
    return totp_code(secret_of(client), int(time.time()) // STEP_S)


def enrol(client: FlaskClient, code: str) -> TestResponse:
    form = {"code": code, "csrf_token": csrf_token(client, "/login/enrol")}
    return client.post("/login/enrol", data=form)


def codes_of(answer: TestResponse) -> list[str]:
    return re.findall(r"<li><code>([a-z0-9-]+)</code></li>", answer.text)


def go_in(client: FlaskClient) -> TestResponse:
    return client.post("/login/recovery-codes", data={"csrf_token": csrf_token(client, "/login/recovery-codes")})


def factors(engine: sa.Engine, account_id: int) -> Factors:
    with reading(engine) as connection:
        return factors_of(connection, account_id)


def test_new_person_enrols_and_is_in(client: FlaskClient, engine: sa.Engine, account_id: int) -> None:
    answer = enrol(client, code_of(client))
    assert answer.status_code == 200
    codes = codes_of(answer)
    assert len(set(codes)) == 10
    assert factors(engine, account_id) == Factors(True, True, 10, "")
    assert client.get("/").status_code == 303
    assert go_in(client).location == "/"
    assert client.get("/").status_code == 200
    with reading(engine) as connection:
        actions = connection.execute(sa.select(journal.c.action).order_by(journal.c.at_us)).scalars().all()
    assert actions == ["password_reset", "factor_added", "login"]


def test_nothing_is_changed_or_open_before_the_code_is_right(
    client: FlaskClient, engine: sa.Engine, account_id: int
) -> None:
    answer = enrol(client, "000000")
    assert answer.status_code == 422
    assert "Does the clock of your phone show the right time?" in answer.text
    assert factors(engine, account_id) == Factors(False, False, 0, "")
    for path in ("/", "/login/recovery-codes"):
        assert client.get(path).status_code == 303
    token = csrf_token(client, "/login/enrol")
    assert client.post("/login/recovery-codes", data={"csrf_token": token}).location == "/login/password"


def test_page_loaded_again_shows_the_same_secret(client: FlaskClient) -> None:
    assert secret_of(client) == secret_of(client)


def test_codes_are_shown_once(client: FlaskClient) -> None:
    code = code_of(client)
    token = csrf_token(client, "/login/enrol")
    assert codes_of(enrol(client, code))
    again = client.post("/login/enrol", data={"code": code, "csrf_token": token})
    assert again.location == "/login/recovery-codes"
    later = client.get("/login/recovery-codes")
    assert codes_of(later) == []
    assert "The codes were shown once." in later.text
    assert go_in(client).location == "/"


def test_of_parallel_enrolments_one_is_shown_the_codes(
    client: FlaskClient, app: Flask, engine: sa.Engine, account_id: int
) -> None:
    code, token = code_of(client), csrf_token(client, "/login/enrol")
    with client.session_transaction() as session:
        kept = dict(session)

    def one(_number: int) -> int:
        other = app.test_client()
        with other.session_transaction() as session:
            session.update(kept)
        return other.post("/login/enrol", data={"code": code, "csrf_token": token}).status_code

    with ThreadPoolExecutor(4) as threads:
        statuses = sorted(threads.map(one, range(4)))
    assert statuses == [200, 303, 303, 303]
    assert factors(engine, account_id).recovery_left == 10


def test_code_of_the_enrolment_opens_no_login(client: FlaskClient, engine: sa.Engine, account_id: int) -> None:
    code = code_of(client)
    enrol(client, code)
    with reading(engine) as connection:
        person = person_by_email(connection, EMAIL)
    assert person
    with client.application.test_request_context():
        assert not use_code(person, code)


def test_who_began_before_somebody_enrolled_replaces_nothing(
    app: Flask, client: FlaskClient, engine: sa.Engine, account_id: int
) -> None:
    """Two links, two browsers: the one that is slower must not take the account over."""
    code = code_of(client)
    owner = with_password(app, engine, account_id)
    enrol(owner, code_of(owner))
    kept = factors(engine, account_id)
    assert enrol(client, code).location == "/login/password"
    with reading(engine) as connection:
        person = person_by_email(connection, EMAIL)
    assert person
    assert person.totp_secret != ""
    assert factors(engine, account_id) == kept
    assert go_in(owner).location == "/"


@pytest.mark.parametrize("factor", ["authenticator", "passkey", "recovery codes"])
def test_who_has_a_second_factor_meanwhile_enrols_no_other(
    client: FlaskClient, engine: sa.Engine, account_id: int, factor: str
) -> None:
    code = code_of(client)
    with writing(engine) as connection:
        if factor == "authenticator":
            set_totp_secret(connection, account_id, "A" * 32, used_step=0)
        elif factor == "passkey":
            add_passkey(connection, account_id, credential_id=b"1", public_key=b"2", sign_count=0, name="Key")
        else:
            replace_recovery_codes(connection, account_id, generate_recovery_codes())
        before = person_by_email(connection, EMAIL)
    assert enrol(client, code).location == "/login/password"
    with reading(engine) as connection:
        assert person_by_email(connection, EMAIL) == before


def test_enrolment_is_over_after_half_an_hour_and_in_no_other_browser(
    client: FlaskClient, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert app.test_client().get("/login/enrol").location == "/login/password"
    later = now_us() + enrolment.LIFETIME_US
    monkeypatch.setattr(login_attempts, "now_us", lambda: later)
    assert client.get("/login/enrol").location == "/login/password"


def test_kept_codes_come_as_a_file(client: FlaskClient) -> None:
    codes = codes_of(enrol(client, code_of(client)))
    form = {"code": codes, "csrf_token": csrf_token(client, "/login/recovery-codes")}
    answer = client.post("/recovery-codes.txt", data=form)
    assert answer.mimetype == "text/plain"
    assert answer.headers["Content-Disposition"] == "attachment; filename=kabinet-recovery-codes.txt"
    assert answer.text.split()[-10:] == codes
    for wrong in ([], ["<script>"], codes + codes):
        assert client.post("/recovery-codes.txt", data=form | {"code": wrong}).status_code == 400


def test_session_of_before_does_not_survive(client: FlaskClient, engine: sa.Engine) -> None:
    with client.session_transaction() as session:
        session["planted"] = "by somebody else"
    enrol(client, code_of(client))
    go_in(client)
    with client.session_transaction() as session:
        assert "planted" not in session
    with reading(engine) as connection:
        assert connection.execute(sa.select(web_session.c.way)).scalars().all() == ["reset"]
