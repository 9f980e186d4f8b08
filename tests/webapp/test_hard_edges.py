"""Attacks that go around a page: several web processes at once, planted sessions, answers that tell too much."""

import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from html import unescape
from pathlib import Path
from typing import Any

import pytest
import requests
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from loadtests.servers import web
from sql import sessions
from sql.accounts import disable_account
from sql.engine import writing
from sql.instants import HOUR_US, SECOND_US, now_us
from sql.tables import web_session
from tests.accounts import PASSWORD, TestMerchant, csrf_token, make_merchant, sign_in
from tests.authenticator import Authenticator
from tests.mailbox import sms_codes
from tests.passkeys import FACTOR, options, send
from tests.people import browser_of

PHONE = "+375291234567"
UNKNOWN_UNP, UNKNOWN_EMAIL = "100320487", "nobody@romashka.by"
GUESSERS = 12
SAME_ORIGIN = {"Sec-Fetch-Site": "same-origin"}
TOKENS = re.compile(r'value="[^"]*"|"X-CSRFToken": "[^"]*"')
CHANGING = {"Content-Length", "Retry-After", "Set-Cookie", "X-Request-ID"}


@pytest.fixture
def merchant(engine: sa.Engine) -> TestMerchant:
    return make_merchant(engine)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return browser(app)


def browser(app: Flask, address: str = "127.0.0.1") -> FlaskClient:
    client = app.test_client()
    client.environ_base["REMOTE_ADDR"] = address
    client.set_cookie("language", "en")
    return client


# --- several web processes on one database ---------------------------------------------------------------------------


@pytest.fixture
def sites(database_url: str, assets_folder: Path) -> Iterator[list[str]]:
    """Two web servers, as on two machines, each with two processes."""
    settings = {"SECRET_KEY": "s" * 32, "ASSETS_FOLDER": str(assets_folder), "WEB_WORKERS": "2"}
    with web(database_url, **settings) as one, web(database_url, **settings) as other:
        yield [one.url, other.url]


def at_once(guess: Callable[[int], requests.Response]) -> list[requests.Response]:
    with ThreadPoolExecutor(GUESSERS) as pool:
        return list(pool.map(guess, range(2 * GUESSERS)))


def form_of(session: requests.Session, site: str, path: str) -> dict[str, str]:
    """The form on this page, as far as it is filled in."""
    session.cookies.set("language", "en")
    found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', session.get(f"{site}{path}").text)
    assert found, path
    return {"csrf_token": found[1]}


def post(session: requests.Session, address: str, form: dict[str, str]) -> requests.Response:
    return session.post(address, data=form, headers=SAME_ORIGIN, allow_redirects=False)


def by_unp(site: str, merchant: TestMerchant, **changes: str) -> requests.Response:
    session = requests.Session()
    form = form_of(session, site, "/login/password") | {"unp": merchant.unp, "password": PASSWORD, "code": "000000"}
    return post(session, f"{site}/login/password", form | changes)


def test_parallel_guesses_of_a_password_count_across_processes(sites: list[str], merchant: TestMerchant) -> None:
    def guess(number: int) -> requests.Response:
        return by_unp(sites[number % 2], merchant, password=f"guess {number}")

    answers = [answer.status_code for answer in at_once(guess)]
    assert sorted(answers) == [422] * 5 + [429] * (2 * GUESSERS - 5)


def test_a_code_gets_one_in_across_processes(sites: list[str], merchant: TestMerchant, engine: sa.Engine) -> None:
    """Even if the limits of guesses are far away."""
    code = merchant.code()
    with ThreadPoolExecutor(5) as pool:
        answers = list(pool.map(lambda number: by_unp(sites[number % 2], merchant, code=code), range(5)))
    assert sorted(answer.status_code for answer in answers) == [303, 422, 422, 422, 422]
    with writing(engine) as connection:
        assert len(connection.execute(sa.select(web_session)).all()) == 1


def test_parallel_guesses_of_an_sms_code_count_across_processes(
    sites: list[str], merchant: TestMerchant, engine: sa.Engine
) -> None:
    session, site = requests.Session(), sites[0]
    form = form_of(session, site, "/login/email") | {"email": merchant.email, "password": PASSWORD}
    assert post(session, f"{site}/login/email", form).status_code == 303
    page = "/login/email/code"
    assert post(session, f"{site}/login/email/send", form_of(session, site, page) | {"phone": PHONE}).status_code == 303
    [right] = sms_codes(engine)
    form = form_of(session, site, page)
    cookie = session.cookies.get("kabinet")

    def guess(number: int) -> requests.Response:
        copy = requests.Session()
        copy.cookies.update({"kabinet": cookie or "", "language": "en"})
        code = f"{(int(right) + 1 + number) % 10**6:06}"
        return post(copy, f"{sites[number % 2]}{page}", form | {"code": code})

    answers = at_once(guess)
    looked_at = [
        answer for answer in answers if answer.status_code == 422 or "over=tries" in answer.headers["Location"]
    ]
    assert len(looked_at) <= 5
    assert {answer.status_code for answer in answers} <= {303, 422, 429}
    late = post(session, f"{site}{page}", form | {"code": right})
    assert "over=time" in late.headers["Location"]


# --- what answers tell -----------------------------------------------------------------------------------------------

FORMS: list[tuple[str, dict[str, str]]] = [
    ("/login/password", {"unp": "{unp}", "password": "wrong password", "code": "000000"}),
    ("/login/password", {"unp": "{unp}", "password": PASSWORD, "code": "000000"}),
    ("/login/password", {"unp": "{unp}", "password": PASSWORD, "code": "", "factor": "passkey"}),
    ("/login/email", {"email": "{email}", "password": "wrong password"}),
    ("/login/reset", {"email": "{email}"}),
]


def answer(client: FlaskClient, path: str, form: dict[str, str]) -> tuple[object, ...]:
    """All of it that a stranger could compare, but for what was typed."""
    token = csrf_token(client, path)
    with client.post(path, data={"csrf_token": token} | form) as response:
        text = unescape(response.text)
        for typed in filter(None, form.values()):
            text = text.replace(typed, "…")
        return (
            response.status_code,
            response.location,
            sorted(set(response.headers.keys()) - CHANGING),
            TOKENS.sub("", text),
        )


@pytest.mark.parametrize("is_disabled", [False, True])
@pytest.mark.parametrize(("path", "form"), FORMS)
def test_no_form_tells_who_has_an_account(
    app: Flask, merchant: TestMerchant, engine: sa.Engine, path: str, form: dict[str, str], is_disabled: bool
) -> None:
    """Not by its words, its status or its headers, nor by when it begins to refuse."""
    if is_disabled:
        with writing(engine) as connection:
            disable_account(connection, merchant.account_id)
    stranger, known = browser(app, "192.0.2.1"), browser(app, "192.0.2.2")
    names = {"unp": merchant.unp, "email": merchant.email}
    for _ in range(12):
        of_nobody = {name: value.format(unp=UNKNOWN_UNP, email=UNKNOWN_EMAIL) for name, value in form.items()}
        of_somebody = {name: value.format(**names) for name, value in form.items()}
        assert answer(known, path, of_somebody) == answer(stranger, path, of_nobody)


def test_the_step_after_a_password_does_not_tell_whether_it_was_right(app: Flask, merchant: TestMerchant) -> None:
    told = []
    for unp, password in ((UNKNOWN_UNP, PASSWORD), (merchant.unp, "wrong password"), (merchant.unp, PASSWORD)):
        client = browser(app)
        form = {"unp": unp, "password": password, "code": "", "factor": "passkey"}
        assert answer(client, "/login/password", form)[1] == FACTOR
        page = TOKENS.sub("", client.get(FACTOR).text)
        asked = options(client, FACTOR)
        authenticator = Authenticator(handle=bytes(8))
        refused = send(client, FACTOR, authenticator.get(asked))
        told.append(
            (page, sorted(asked), asked.get("allowCredentials"), refused.status_code, TOKENS.sub("", refused.text))
        )
    assert told[0] == told[1] == told[2]


# --- sessions --------------------------------------------------------------------------------------------------------


def test_planted_session_stays_the_strangers_and_learns_nothing(app: Flask, merchant: TestMerchant) -> None:
    """Session fixation: a stranger's cookie gets into the victim's browser, the victim logs in with it."""
    stranger, victim = browser(app), browser(app)
    assert csrf_token(stranger)
    planted = stranger.get_cookie("kabinet")
    assert planted
    victim.set_cookie("kabinet", planted.value)
    assert sign_in(victim, merchant).location == "/"
    assert victim.get("/").status_code == 200
    assert stranger.get("/").status_code == 303
    own = victim.get_cookie("kabinet")
    assert own
    assert own.value != planted.value
    with victim.session_transaction() as after, stranger.session_transaction() as before:
        assert not set(after.values()) & set(before.values())


@pytest.mark.parametrize("way", ["code", "passkey", "email"])
def test_another_login_ends_the_session_of_before(app: Flask, merchant: TestMerchant, way: str) -> None:
    """From a login page that lay open in another tab; a copy of the old cookie opens nothing then."""
    client, copy = browser(app), browser(app)
    sign_in(client, merchant)
    before = client.get_cookie("kabinet")
    assert before
    copy.set_cookie("kabinet", before.value)
    form = {"password": PASSWORD, "csrf_token": csrf_token(client, "/profile")}
    if way == "email":
        client.post("/login/email", data=form | {"email": merchant.email})
    else:
        client.post("/login/password", data=form | {"unp": merchant.unp, "code": merchant.code(), "factor": way})
    assert copy.get("/profile").status_code == 303
    assert client.get("/profile").status_code == (200 if way == "code" else 303)


@pytest.mark.parametrize(("column", "age_us"), [("seen_us", 30 * 60 * SECOND_US), ("created_us", sessions.LIFETIME_US)])
def test_session_ends_idle_and_at_its_age(
    app: Flask, engine: sa.Engine, merchant: TestMerchant, column: str, age_us: int
) -> None:
    assert sessions.LIFETIME_US == 12 * HOUR_US
    client = browser_of(app, engine, merchant.account_id, merchant.merchant_id)
    for older_us, status in ((age_us - 60 * SECOND_US, 200), (age_us, 303)):
        with writing(engine) as connection:
            connection.execute(sa.update(web_session).values({column: now_us() - older_us}))
        assert client.get("/profile").status_code == status


# --- where a login leads ---------------------------------------------------------------------------------------------

ELSEWHERE = ("https://evil.example", "//evil.example", "/\\evil.example", "/%2Fevil.example", "javascript:alert(1)")
LOGINS = ("/login/password", "/login/email", "/login/signature", "/login/passkey")


@pytest.mark.parametrize("target", ELSEWHERE)
def test_no_way_in_leads_elsewhere(app: Flask, engine: sa.Engine, merchant: TestMerchant, target: str) -> None:
    client = browser_of(app, engine, merchant.account_id, merchant.merchant_id)
    query: dict[str, Any] = {"query_string": {"next": target}}
    assert [client.get(path, **query).location for path in LOGINS] == ["/"] * len(LOGINS)
    token = csrf_token(client, "/confirm")
    switched = client.post("/companies", data={"csrf_token": token, "merchant_id": merchant.merchant_id}, **query)
    assert switched.location == "/"
    token = csrf_token(client, "/confirm")
    themed = client.post("/theme", data={"csrf_token": token, "theme": "dark", "next": target})
    assert themed.location == "/"
    form = {"csrf_token": token, "password": merchant.password, "code": merchant.code()}
    assert client.post("/confirm", data=form, **query).location == "/"
