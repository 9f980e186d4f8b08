"""Login by УНП, password and one-time code: who gets in, who does not, and what they are told."""

import re
import time
from concurrent.futures import ThreadPoolExecutor
from html import unescape

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from sql import sessions, throttle
from sql.accounts import disable_account, set_password_hash
from sql.engine import reading, writing
from sql.instants import SECOND_US, now_us
from sql.tables import account, journal, login_attempt, login_throttle, web_session
from tests.accounts import TestMerchant, csrf_token, make_merchant, sign_in
from tests.people import journal_of
from tests.webapp.conftest import CountQueries
from webapp import passwords

WRONG = "The UNP, the password or the code is wrong. A code works only once."
ELSEWHERE = (
    "//evil.example",
    "///evil.example",
    "///sales",
    "/\\evil.example",
    "\\\\evil.example",
    "https://evil.example",
    "https:evil.example",
    "javascript:alert(1)",
    "/%2Fevil.example",
    "%2F%2Fevil.example",
    "/%5Cevil.example",
    "/%252Fevil.example",
    "/%09/evil.example",
    "/\t/evil.example",
    " //evil.example",
    "http://[",
    "evil.example",
    "@evil.example",
    "sales",
    " /sales",
    "/no-such-page",
    "/logout",
    "/healthz",
    "/login/password",
    "/?" + "x" * 5_000,
)


@pytest.fixture
def merchant(engine: sa.Engine) -> TestMerchant:
    return make_merchant(engine)


@pytest.fixture
def client(client: FlaskClient) -> FlaskClient:
    """A browser that asks for English."""
    client.environ_base["HTTP_ACCEPT_LANGUAGE"] = "en"
    client.set_cookie("language", "en")
    return client


def post(client: FlaskClient, merchant: TestMerchant, *, path: str = "/login/password", **changes: str) -> TestResponse:
    form = {"unp": merchant.unp, "password": merchant.password, "code": "000000"} | changes
    return client.post(path, data=form if "csrf_token" in form else form | {"csrf_token": csrf_token(client)})


def text_of(response: TestResponse) -> str:
    return unescape(response.get_data(as_text=True))


def tag_of(html: str, name: str) -> str:
    found = re.search(rf'<input[^>]*name="{name}"[^>]*>', html)
    assert found, f"no field {name}"
    return found[0]


def session_count(engine: sa.Engine) -> int:
    with reading(engine) as connection:
        return int(connection.execute(sa.select(sa.func.count()).select_from(web_session)).scalar_one())


# --- getting in ------------------------------------------------------------------------------------------------------


def test_owner_logs_in_and_sees_home(client: FlaskClient, merchant: TestMerchant) -> None:
    response = sign_in(client, merchant)
    assert response.location == "/"
    home = client.get("/")
    assert home.status_code == 200
    assert merchant.name in text_of(home)


def test_unp_may_be_typed_with_spaces_and_the_code_too(client: FlaskClient, merchant: TestMerchant) -> None:
    code = merchant.code()
    response = post(client, merchant, unp=" 191 832 203 ", code=f"{code[:3]} {code[3:]}")
    assert response.status_code == 303


def test_login_addresses_lead_to_the_form(client: FlaskClient) -> None:
    response = client.get("/login", query_string={"next": "/sales"})
    assert (response.status_code, response.location) == (303, "/login/password?next=/sales")
    page = text_of(client.get("/login/password"))
    assert 'href="/login/signature"' in page
    assert 'href="/login/email"' in page


def test_fields_tell_browsers_and_keyboards_what_they_are(client: FlaskClient) -> None:
    page = text_of(client.get("/login/password"))
    assert 'autocomplete="username"' in tag_of(page, "unp")
    assert 'autocomplete="current-password"' in tag_of(page, "password")
    assert 'type="password"' in tag_of(page, "password")
    assert 'autocomplete="one-time-code"' in tag_of(page, "code")
    assert 'inputmode="numeric"' in tag_of(page, "code")
    assert "autofocus" in tag_of(page, "unp")


def test_logged_in_visitor_of_the_login_page_goes_home(client: FlaskClient, merchant: TestMerchant) -> None:
    sign_in(client, merchant)
    response = client.get("/login", follow_redirects=True)
    assert response.request.path == "/"


def test_login_makes_the_hash_anew_when_parameters_have_changed(
    client: FlaskClient, merchant: TestMerchant, engine: sa.Engine
) -> None:
    older = passwords.argon2.PasswordHasher(time_cost=1, memory_cost=8_192, parallelism=1).hash(merchant.password)
    with writing(engine) as connection:
        set_password_hash(connection, merchant.account_id, older)
    sign_in(client, merchant)
    with reading(engine) as connection:
        stored = connection.execute(sa.select(account.c.password_hash)).scalar_one()
    assert not passwords.needs_rehash(stored)
    assert passwords.verify_password(stored, merchant.password)


# --- mistakes --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("field", "typed", "sentence"),
    [
        ("unp", "", "Enter the UNP of your company."),
        ("unp", "19183220", "A UNP has nine characters."),
        ("unp", "191832204", "There is no such UNP: its check digit does not fit. Look for a typing slip."),
        ("unp", '"><b>oops', "There is no such UNP: its check digit does not fit. Look for a typing slip."),
        ("unp", "\x00" * 9, "There is no such UNP: its check digit does not fit. Look for a typing slip."),
        ("password", "", "Enter the password."),
        ("password", "x" * 129, "A password has at most 128 characters."),
        ("code", "", "Enter the code that your authenticator app shows."),
        ("code", "12345", "The code is six digits."),
        ("code", "١٢٣٤٥٦", "The code is six digits."),
        ("code", "12345six", "The code is six digits."),
    ],
)
def test_mistake_comes_back_with_a_sentence_beside_its_field(
    client: FlaskClient, merchant: TestMerchant, engine: sa.Engine, field: str, typed: str, sentence: str
) -> None:
    response = post(client, merchant, **{field: typed})
    html = response.get_data(as_text=True)
    assert response.status_code == 422
    assert f'id="{field}-mistake">{sentence}</div>' in unescape(html)
    tag = tag_of(html, field)
    assert 'aria-invalid="true"' in tag
    assert re.search(rf'aria-describedby="[^"]*\b{field}-mistake\b', tag)
    assert "autofocus" in tag
    assert html.count("autofocus") == 1
    if field != "unp":
        assert f'value="{merchant.unp}"' in tag_of(html, "unp")
    assert merchant.password not in html
    with reading(engine) as connection:
        assert connection.execute(sa.select(login_throttle)).all() == []  # a slip is not a guess


def test_form_without_any_field_is_a_form_with_mistakes(client: FlaskClient) -> None:
    response = client.post("/login/password", data={"csrf_token": csrf_token(client)})
    assert response.status_code == 422
    assert "Enter the UNP of your company." in text_of(response)


def test_htmx_gets_only_the_form_back(client: FlaskClient, merchant: TestMerchant) -> None:
    data = {"csrf_token": csrf_token(client), "unp": "1"}
    response = client.post("/login/password", data=data, headers={"HX-Request": "true"})
    assert response.status_code == 422
    assert "<html" not in text_of(response)
    assert "A UNP has nine characters." in text_of(response)
    assert "HX-Request" in response.headers["Vary"]


def test_htmx_is_sent_on_after_the_login(client: FlaskClient, merchant: TestMerchant) -> None:
    data = {
        "csrf_token": csrf_token(client),
        "unp": merchant.unp,
        "password": merchant.password,
        "code": merchant.code(),
    }
    response = client.post("/login/password", data=data, headers={"HX-Request": "true"})
    assert (response.status_code, response.headers["HX-Redirect"]) == (200, "/")


def test_whatever_is_wrong_the_sentence_is_the_same(
    client: FlaskClient, merchant: TestMerchant, engine: sa.Engine
) -> None:
    answers = [
        post(client, merchant, unp="100320487"),
        post(client, merchant, password="wrong", code=merchant.code()),
        post(client, merchant, code="000000"),
    ]
    with writing(engine) as connection:
        disable_account(connection, merchant.account_id)
    answers.append(post(client, merchant, code=merchant.code()))
    assert [answer.status_code for answer in answers] == [422] * 4
    assert all(WRONG in text_of(answer) for answer in answers)
    assert not any("is-invalid" in text_of(answer) for answer in answers)
    assert session_count(engine) == 0


def test_unknown_unp_takes_the_same_work(
    client: FlaskClient, merchant: TestMerchant, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[bool] = []
    verify = passwords.argon2.PasswordHasher.verify

    def count(hasher: object, password_hash: str, password: str) -> bool:
        asked.append(True)
        return bool(verify(hasher, password_hash, password))

    monkeypatch.setattr(passwords.argon2.PasswordHasher, "verify", count)
    post(client, merchant, unp="100320487")
    post(client, merchant, password="wrong")
    assert len(asked) == 2


@pytest.mark.parametrize("code", ["000000", "k7mp-x4qd-9twv-b3hn-rc6e-8sjy"])
def test_unknown_unp_and_wrong_password_and_wrong_code_ask_the_database_for_the_same(
    client: FlaskClient, merchant: TestMerchant, count_queries: CountQueries, code: str
) -> None:
    post(client, merchant, unp="100320487", password="the first one makes the hash of nobody")
    asked = []
    for wrong in ({"unp": "100061974"}, {"password": "wrong"}, {}):
        token = csrf_token(client)
        with count_queries() as queries:
            assert post(client, merchant, code=code, csrf_token=token, **wrong).status_code == 422
            asked.append([" ".join(query.split()) for query in queries])
    assert asked[0] == asked[1] == asked[2]


def test_login_that_no_company_is_known_of_is_a_line_in_the_log(
    client: FlaskClient, merchant: TestMerchant, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    post(client, merchant, unp="100320487")
    *_, line = re.sub(r"\x1b\[[0-9;]*m", "", capsys.readouterr().err).splitlines()
    assert re.search(r"account_id=None method=POST .*path=/login/password .*status=422", line)


def test_failed_login_is_in_the_journal_once_the_answer_is_out(
    client: FlaskClient, merchant: TestMerchant, engine: sa.Engine
) -> None:
    answers = [post(client, merchant, password="wrong"), post(client, merchant, unp="100320487")]
    with reading(engine) as connection:
        assert connection.execute(sa.select(journal.c.action)).all() == []
    for answer in answers:
        answer.close()
    with reading(engine) as connection:
        lines = connection.execute(sa.select(journal.c.actor, journal.c.action, journal.c.detail)).all()
    assert [tuple(line) for line in lines] == [(merchant.email, "login_failed", '{"way": "password"}')]


def test_who_asks_for_a_passkey_goes_on_whether_the_password_is_right_or_not(
    client: FlaskClient, app: Flask, merchant: TestMerchant, engine: sa.Engine, count_queries: CountQueries
) -> None:
    asked = []
    for wrong in ({}, {"password": "wrong"}, {"unp": "100320487"}):
        visitor = app.test_client()
        form = {"csrf_token": csrf_token(visitor), "factor": "passkey", "code": ""}
        with count_queries() as queries:
            answer = post(visitor, merchant, **form, **wrong)
            asked.append([" ".join(query.split()) for query in queries])
        assert (answer.status_code, answer.location) == (303, "/login/passkey/factor")
        assert visitor.get("/").status_code == 303
    assert asked[0] == asked[1] == asked[2]
    with reading(engine) as connection:
        attempts = connection.execute(sa.select(login_attempt.c.account_id).order_by(login_attempt.c.created_us))
        assert attempts.scalars().all() == [merchant.account_id, None, None]


def test_wrong_login_keeps_the_unp_and_asks_for_the_password(client: FlaskClient, merchant: TestMerchant) -> None:
    html = text_of(post(client, merchant, password="wrong password"))
    assert f'value="{merchant.unp}"' in tag_of(html, "unp")
    assert "wrong password" not in html
    assert "autofocus" in tag_of(html, "password")
    assert 'aria-describedby="form-problem"' in tag_of(html, "password")
    assert 'role="alert"' in html


def test_code_works_once(client: FlaskClient, app: Flask, merchant: TestMerchant) -> None:
    code = merchant.code()
    assert post(client, merchant, code=code).status_code == 303
    another = app.test_client()
    another.set_cookie("language", "en")
    response = post(another, merchant, code=code)
    assert response.status_code == 422
    assert WRONG in text_of(response)


def test_of_parallel_logins_with_one_code_only_one_gets_in(
    app: Flask, merchant: TestMerchant, engine: sa.Engine
) -> None:
    code = merchant.code()
    clients = [app.test_client() for _ in range(4)]
    tokens = [csrf_token(client) for client in clients]

    def log_in(client: FlaskClient, token: str) -> int:
        return post(client, merchant, code=code, csrf_token=token).status_code

    with ThreadPoolExecutor(4) as threads:
        statuses = sorted(threads.map(log_in, clients, tokens))
    assert statuses == [303, 422, 422, 422]
    assert session_count(engine) == 1


def test_guesser_without_the_password_cannot_use_up_the_code(client: FlaskClient, merchant: TestMerchant) -> None:
    code = merchant.code()
    assert post(client, merchant, password="wrong", code=code).status_code == 422
    assert post(client, merchant, code=code).status_code == 303


# --- throttle --------------------------------------------------------------------------------------------------------


def test_who_knows_the_password_has_ten_guesses_at_the_code_wherever_they_come_from(
    client: FlaskClient, merchant: TestMerchant
) -> None:
    def guess(number: int, **changes: str) -> int:
        client.environ_base["REMOTE_ADDR"] = f"192.0.2.{number}"
        with post(client, merchant, **changes) as answer:  # closed, as a browser has read it
            return answer.status_code

    assert [guess(number) for number in range(11)] == [422] * 10 + [429]
    assert guess(100, code=merchant.code()) == 429


def test_who_does_not_know_the_password_uses_up_no_guesses_at_the_code(
    client: FlaskClient, merchant: TestMerchant
) -> None:
    for number in range(11):
        client.environ_base["REMOTE_ADDR"] = f"192.0.2.{number}"
        post(client, merchant, password="wrong").close()
    assert sign_in(client, merchant).location == "/"


def test_sixth_guess_is_told_when_to_try_again(client: FlaskClient, merchant: TestMerchant) -> None:
    for _ in range(5):
        assert post(client, merchant, password="wrong").status_code == 422
    response = post(client, merchant, code=merchant.code())
    assert response.status_code == 429
    assert 50 <= int(response.headers["Retry-After"]) <= 60
    assert "Too many attempts. Try again in 1 minute." in text_of(response)
    assert f'value="{merchant.unp}"' in tag_of(text_of(response), "unp")


def test_unknown_company_is_throttled_just_the_same(client: FlaskClient, merchant: TestMerchant) -> None:
    statuses = [post(client, merchant, unp="100320487").status_code for _ in range(6)]
    assert statuses == [422] * 5 + [429]


def test_right_login_after_the_pause_starts_afresh(
    client: FlaskClient, merchant: TestMerchant, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(5):
        post(client, merchant, password="wrong")
    later = now_us() + 61 * SECOND_US
    monkeypatch.setattr(throttle, "now_us", lambda: later)
    assert post(client, merchant, code=merchant.code()).status_code == 303


# --- where to go on --------------------------------------------------------------------------------------------------


def test_page_asked_for_comes_after_the_login(client: FlaskClient, merchant: TestMerchant) -> None:
    response = client.get("/sales?outlet=1&from=2026-01-01")
    assert response.status_code == 303
    login = client.get(response.location)
    assert login.status_code == 200
    found = re.search(r'<form[^>]*method="post"[^>]*action="(/login/password[^"]*)"', login.get_data(as_text=True))
    assert found
    response = post(client, merchant, path=unescape(found[1]), code=merchant.code())
    assert response.location == "/sales?outlet=1&from=2026-01-01"


@pytest.mark.parametrize("target", ELSEWHERE)
def test_nobody_is_sent_elsewhere(client: FlaskClient, merchant: TestMerchant, target: str) -> None:
    assert sign_in(client, merchant, next_page=target).location == "/"


def test_every_page_asks_for_a_login(app: Flask, client: FlaskClient) -> None:
    public = {"choose", "password", "log_in"}
    for rule in app.url_map.iter_rules():
        view = app.view_functions[rule.endpoint]
        if rule.endpoint == "static" or getattr(view, "is_public", False) or rule.arguments:
            continue
        method = "GET" if "GET" in rule.methods else "POST"
        response = client.open(rule.rule, method=method)
        assert response.status_code == 303, f"{method} {rule.rule} answers {response.status_code}"
        assert response.location.startswith("/login/password")
    assert all(app.view_functions[f"login.{name}"].is_public for name in public)


def test_fragment_of_an_ended_session_sends_the_whole_page_to_the_login(client: FlaskClient) -> None:
    headers = {"HX-Request": "true", "HX-Current-URL": "http://localhost/sales?outlet=1"}
    response = client.get("/", headers=headers)
    assert response.status_code == 200
    assert response.headers["HX-Redirect"] == "/login/password?next=/sales?outlet%3D1"
    assert response.get_data() == b""


# --- sessions --------------------------------------------------------------------------------------------------------


def test_session_that_was_there_before_the_login_does_not_survive_it(
    client: FlaskClient, merchant: TestMerchant
) -> None:
    with client.session_transaction() as before:
        before["planted"] = "by somebody else"
    client.get("/login/password")
    with client.session_transaction() as before:
        old_token = before["csrf_token"]
    sign_in(client, merchant)
    with client.session_transaction() as after:
        assert "planted" not in after
        assert after.get("csrf_token") != old_token


def test_cookie_carries_a_new_token_each_time_and_nothing_of_the_person(
    client: FlaskClient, merchant: TestMerchant
) -> None:
    tokens = []
    for _ in range(2):
        sign_in(client, merchant)
        with client.session_transaction() as session:
            tokens.append(session["_user_id"])
            assert set(session) <= {"_user_id", "_fresh", "_id", "csrf_token"}
        client.post("/logout", data={"csrf_token": csrf_token(client, "/")})
    assert tokens[0] != tokens[1]


def test_logout_ends_the_session_on_the_server_too(
    client: FlaskClient, app: Flask, merchant: TestMerchant, engine: sa.Engine
) -> None:
    sign_in(client, merchant)
    with client.session_transaction() as session:
        stolen = dict(session)
    response = client.post("/logout", data={"csrf_token": csrf_token(client, "/")})
    assert (response.status_code, response.location) == (303, "/login/password")
    assert session_count(engine) == 0
    thief = app.test_client()
    with thief.session_transaction() as session:
        session.update(stolen)
    for visitor in (client, thief):
        assert visitor.get("/").status_code == 303


def test_logout_is_in_the_journal(client: FlaskClient, merchant: TestMerchant, engine: sa.Engine) -> None:
    sign_in(client, merchant)
    client.post("/logout", data={"csrf_token": csrf_token(client, "/")})
    assert journal_of(engine, merchant.merchant_id)[-1] == (merchant.email, "logout", "")


def test_logout_needs_a_post_with_a_token(client: FlaskClient, merchant: TestMerchant) -> None:
    sign_in(client, merchant)
    assert client.get("/logout").status_code == 405
    client.post("/logout")
    assert client.get("/").status_code == 200


def test_browsers_keep_no_copy_of_pages(client: FlaskClient, merchant: TestMerchant) -> None:
    assert "no-store" in client.get("/login/password").headers["Cache-Control"]
    sign_in(client, merchant)
    assert "no-store" in client.get("/").headers["Cache-Control"]


def test_disabled_account_is_out_with_the_next_request(
    client: FlaskClient, merchant: TestMerchant, engine: sa.Engine
) -> None:
    sign_in(client, merchant)
    with writing(engine) as connection:
        disable_account(connection, merchant.account_id)
    assert client.get("/").status_code == 303


def test_idle_session_ends_and_reading_keeps_it_alive(
    client: FlaskClient, merchant: TestMerchant, monkeypatch: pytest.MonkeyPatch
) -> None:
    sign_in(client, merchant)
    now = now_us()
    monkeypatch.setattr(sessions, "now_us", lambda: now)
    for _ in range(3):
        now += sessions.IDLE_US - SECOND_US
        assert client.get("/").status_code == 200
    now += sessions.IDLE_US
    assert client.get("/").status_code == 303


def test_page_that_asks_by_itself_keeps_no_session_alive(
    client: FlaskClient, app: Flask, merchant: TestMerchant, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, _ = app.url_map.bind("").match("/")
    monkeypatch.setattr(app.view_functions[home], "is_unattended", True, raising=False)
    sign_in(client, merchant)
    now = now_us() + sessions.IDLE_US - SECOND_US
    monkeypatch.setattr(sessions, "now_us", lambda: now)
    assert client.get("/").status_code == 200
    now += 2 * SECOND_US
    assert client.get("/").status_code == 303


def test_own_address_and_browser_are_noted_with_the_session(
    client: FlaskClient, merchant: TestMerchant, engine: sa.Engine
) -> None:
    client.environ_base["HTTP_USER_AGENT"] = "Firefox/150.0"
    sign_in(client, merchant)
    with reading(engine) as connection:
        (noted,) = sessions.open_sessions(connection, merchant.account_id)
    assert (noted.address, noted.user_agent) == ("127.0.0.1", "Firefox/150.0")
    assert abs(noted.created_us / SECOND_US - time.time()) < 60


# --- forged and stale forms ------------------------------------------------------------------------------------------


def test_stale_login_form_comes_back_fresh_with_a_sentence(client: FlaskClient, merchant: TestMerchant) -> None:
    response = post(client, merchant, csrf_token="stale")
    html = text_of(response)
    assert response.status_code == 400
    assert "This page was open for too long. Log in once more, please." in html
    assert f'value="{merchant.unp}"' in tag_of(html, "unp")
    fresh = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', html)
    assert fresh
    assert post(client, merchant, csrf_token=fresh[1], code=merchant.code()).status_code == 303


def test_stale_login_form_of_a_second_tab_leads_home(client: FlaskClient, merchant: TestMerchant) -> None:
    sign_in(client, merchant)
    response = post(client, merchant, csrf_token="of the first tab")
    assert (response.status_code, response.location) == (303, "/")
