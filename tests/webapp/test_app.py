"""The house itself: settings, health, languages and themes, fragments, and what is said when something goes wrong."""

import re
import time
from html import unescape

import pytest
import sqlalchemy as sa
from flask import Flask, abort
from flask.testing import FlaskClient
from werkzeug.exceptions import HTTPException
from werkzeug.test import TestResponse

from sql.engine import reading, writing
from sql.heartbeats import beat
from sql.tables import account, heartbeat
from tests.webapp.conftest import CountQueries
from webapp import create_app
from webapp.errors import WORDS
from webapp.fragments import page_or_fragment
from webapp.guard import public
from webapp.jobs import sweep
from webapp.settings import Settings

NOWHERE = "postgresql://kabinet@127.0.0.1:1/kabinet"  # a port that nobody listens on
TITLES = {
    404: {"ru": "Такой страницы нет", "be": "Такой старонкі няма", "en": "There is no such page"},
    500: {"ru": "У нас что-то сломалось", "be": "У нас нешта зламалася", "en": "Something broke on our side"},
    503: {"ru": "Сервис занят", "be": "Сэрвіс заняты", "en": "The service is busy"},
}


def text_of(response: TestResponse) -> str:
    return unescape(response.get_data(as_text=True))


def heading_of(response: TestResponse) -> str:
    found = re.search(r"<h1>(.*?)</h1>", text_of(response), re.DOTALL)
    assert found
    return found[1].strip()


def csrf_token(client: FlaskClient) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', client.get("/nowhere").get_data(as_text=True))
    assert found
    return found[1]


@pytest.fixture
def app_without_database(settings: Settings) -> Flask:
    return create_app(
        Settings(
            secret_key=settings.secret_key,
            database_url=NOWHERE,
            development=True,
            secure_cookies=False,
            assets_folder=settings.assets_folder,
        )
    )


# --- settings --------------------------------------------------------------------------------------------------------


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    names = (
        "SECRET_KEY",
        "KABINET_ENV",
        "PUBLIC_URL",
        "SECURE_COOKIES",
        "TRUSTED_PROXIES",
        "SESSION_IDLE_MINUTES",
        "DATABASE_URL",
    )
    for name in names:
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


def test_production_is_the_default_and_wants_a_secret(environment: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match="SECRET_KEY must be set to at least 32 random characters"):
        Settings.from_environment()
    environment.setenv("SECRET_KEY", "x" * 32)
    settings = Settings.from_environment()
    assert (settings.development, settings.secure_cookies, settings.trusted_proxies) == (False, True, 0)


def test_development_works_out_of_the_box(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("KABINET_ENV", "development")
    settings = Settings.from_environment()
    assert (settings.development, settings.secure_cookies) == (True, False)
    assert settings.database_url == "sqlite:///var/kabinet.db"


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("KABINET_ENV", "staging", "KABINET_ENV must be development or production, not 'staging'"),
        ("SECRET_KEY", "short", "SECRET_KEY must be set to at least 32"),
        ("SECURE_COOKIES", "yes", "SECURE_COOKIES must be 0 or 1, not 'yes'"),
        ("PUBLIC_URL", "https://Cabinet.example.by/", "PUBLIC_URL must be like https://cabinet.example.by, without"),
        ("TRUSTED_PROXIES", "-1", "TRUSTED_PROXIES must be a whole number of at least 0, not '-1'"),
        ("SESSION_IDLE_MINUTES", "0", "SESSION_IDLE_MINUTES must be a whole number of at least 1, not '0'"),
    ],
)
def test_wrong_setting_is_named(environment: pytest.MonkeyPatch, name: str, text: str, sentence: str) -> None:
    environment.setenv("SECRET_KEY", "x" * 32)
    environment.setenv(name, text)
    with pytest.raises(ValueError, match=re.escape(sentence)):
        Settings.from_environment()


# --- health ----------------------------------------------------------------------------------------------------------


def test_process_lives_and_can_work(client: FlaskClient, count_queries: CountQueries) -> None:
    assert client.get("/readyz").json == {"status": "ok"}
    with count_queries() as queries:
        assert client.get("/healthz").json == {"status": "ok"}
    assert queries == []


def test_process_without_its_database_lives_and_is_not_ready(app_without_database: Flask) -> None:
    client = app_without_database.test_client()
    assert client.get("/healthz").status_code == 200
    response = client.get("/readyz")
    assert (response.status_code, response.json) == (503, {"status": "storage_unavailable"})
    assert response.headers["Retry-After"] == "5"


def test_metrics_count_requests(client: FlaskClient) -> None:
    client.get("/no-such-page")
    text = text_of(client.get("/metrics"))
    assert 'kabinet_web_requests_total{endpoint="none",method="GET",status="404"}' in text
    assert 'kabinet_web_request_seconds_count{endpoint="none"}' in text


def test_metrics_tell_when_each_kind_of_process_was_last_alive(client: FlaskClient, engine: sa.Engine) -> None:
    """Those that are dead, or were started anew under another name, can't say so themselves."""
    begun_s = time.time()
    with writing(engine) as connection:
        for process in ("ingest-1", "ingest-4711"):
            beat(connection, process)
        connection.execute(sa.update(heartbeat).where(heartbeat.c.process == "ingest-1").values(beat_us=0))
    sweep(engine, 30)
    found = re.findall(r'kabinet_heartbeat_seconds\{process="(\w+)"\} (\S+)', client.get("/metrics").text)
    assert {process for process, _beat in found} == {"ingest", "jobs"}
    assert all(begun_s <= float(last) <= time.time() for _process, last in found)
    with reading(engine) as connection:
        assert set(connection.execute(sa.select(heartbeat.c.process)).scalars()) == {"ingest-4711", "jobs"}


def test_metrics_are_not_for_everybody(client: FlaskClient) -> None:
    assert client.get("/metrics", environ_base={"REMOTE_ADDR": "203.0.113.7"}).status_code == 404
    through_proxy = client.get("/metrics", headers={"X-Forwarded-For": "203.0.113.7"})
    assert through_proxy.status_code == 404


def test_metrics_with_a_token_are_for_whoever_has_it(app: Flask, client: FlaskClient) -> None:
    app.config["METRICS_TOKEN"] = "t" * 32
    afar = {"REMOTE_ADDR": "203.0.113.7"}
    right = client.get("/metrics", headers={"Authorization": f"Bearer {'t' * 32}"}, environ_base=afar)
    wrong = client.get("/metrics", headers={"Authorization": "Bearer ещё"}, environ_base=afar)
    assert (right.status_code, wrong.status_code, client.get("/metrics").status_code) == (200, 404, 404)


# --- language and theme ----------------------------------------------------------------------------------------------


def test_language_is_russian_unless_chosen(client: FlaskClient) -> None:
    response = client.get("/login/password", headers={"Accept-Language": "en"})
    assert '<html lang="ru">' in text_of(response)


@pytest.mark.parametrize("language", ["ru", "be", "en"])
def test_visitor_chooses_a_language(client: FlaskClient, language: str) -> None:
    form = {"csrf_token": csrf_token(client), "language": language, "next": "/login/password?next=/sales"}
    response = client.post("/language", data=form)
    assert (response.status_code, response.location) == (303, "/login/password?next=/sales")
    assert f'<html lang="{language}">' in text_of(client.get("/login/password"))


def test_choice_belongs_to_the_account(logged_in_client: FlaskClient, engine: sa.Engine) -> None:
    token = csrf_token(logged_in_client)
    logged_in_client.post("/language", data={"csrf_token": token, "language": "be", "next": "/sales"})
    logged_in_client.post("/theme", data={"csrf_token": token, "theme": "dark", "next": "/sales"})
    with reading(engine) as connection:
        assert connection.execute(sa.select(account.c.language, account.c.theme)).one() == ("be", "dark")
    for cookie in ("language", "theme"):
        logged_in_client.delete_cookie(cookie)
    assert '<html lang="be" data-bs-theme="dark">' in text_of(logged_in_client.get("/sales"))


def test_theme_may_follow_the_device_again(logged_in_client: FlaskClient, engine: sa.Engine) -> None:
    token = csrf_token(logged_in_client)
    for theme in ("dark", "device"):
        logged_in_client.post("/theme", data={"csrf_token": token, "theme": theme})
    assert '<html lang="ru">' in text_of(logged_in_client.get("/sales"))
    with reading(engine) as connection:
        assert connection.execute(sa.select(account.c.theme)).scalar_one() is None


@pytest.mark.parametrize(("address", "field"), [("/language", "language"), ("/theme", "theme")])
def test_nonsense_is_refused_and_nonsense_in_a_cookie_ignored(client: FlaskClient, address: str, field: str) -> None:
    for typed in ({}, {field: ""}, {field: "xx"}):
        assert client.post(address, data={"csrf_token": csrf_token(client)} | typed).status_code == 400
    client.set_cookie(field, '"><script>')
    assert '<html lang="ru">' in text_of(client.get("/login/password"))


@pytest.mark.parametrize("target", ["//evil.example", "https://evil.example", "/\\evil.example", "/no-such-page", ""])
def test_switches_lead_nowhere_else(client: FlaskClient, target: str) -> None:
    form = {"csrf_token": csrf_token(client), "language": "en", "next": target}
    assert client.post("/language", data=form).location == "/"


# --- fragments -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "is_page"),
    [
        ({}, True),
        ({"HX-Request": "true"}, False),
        ({"HX-Request": "true", "HX-Request-Type": "partial"}, False),
        ({"HX-Request": "true", "HX-Request-Type": "full"}, True),
        ({"HX-Request": "true", "HX-History-Restore-Request": "true"}, True),
    ],
)
def test_same_address_answers_page_or_fragment(
    app: Flask, client: FlaskClient, headers: dict[str, str], is_page: bool
) -> None:
    view = public(lambda: page_or_fragment("errors/page.html", "title", code=1, words=WORDS[404], request_id="1"))
    app.add_url_rule("/example", "example", view)
    response = client.get("/example", headers=headers)
    assert ("<html" in text_of(response)) is is_page
    assert (text_of(response) == TITLES[404]["ru"]) is not is_page
    assert {"HX-Request", "HX-Request-Type", "HX-History-Restore-Request"} <= set(response.vary)


# --- when something goes wrong ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", sorted(WORDS))
@pytest.mark.parametrize("language", ["ru", "be", "en"])
def test_every_error_has_a_page(app: Flask, client: FlaskClient, code: int, language: str) -> None:
    app.add_url_rule("/broken", "broken", public(lambda: abort(code)))
    client.set_cookie("language", language)
    response = client.get("/broken")
    page = text_of(response)
    assert response.status_code == code
    assert f'<html lang="{language}">' in page
    assert response.headers["X-Request-ID"] in page
    assert 'href="/"' in page
    if code in TITLES:
        assert heading_of(response) == TITLES[code][language]


def test_error_that_has_no_words_of_its_own_is_a_page_too(app: Flask, client: FlaskClient) -> None:
    app.add_url_rule("/teapot", "teapot", public(lambda: abort(418)))
    assert heading_of(client.get("/teapot")) == "Запрос непонятен"


def test_htmx_gets_a_message_and_the_page_stays(client: FlaskClient) -> None:
    response = client.get("/no-such-page", headers={"HX-Request": "true"})
    assert response.status_code == 404
    assert "<html" not in text_of(response)
    assert TITLES[404]["ru"] in text_of(response)
    assert (response.headers["HX-Retarget"], response.headers["HX-Reswap"]) == ("#toasts", "beforeend")
    assert "HX-Request" in response.vary


def test_wrong_method_says_which_are_right(client: FlaskClient) -> None:
    response = client.delete("/language")
    assert response.status_code in (400, 405)  # the form's token is looked for first
    assert set(client.get("/language").headers["Allow"].split(", ")) == {"OPTIONS", "POST"}


def test_body_that_is_too_large_is_refused(client: FlaskClient) -> None:
    response = client.post("/language", data={"language": "x" * 2_000_000})
    assert response.status_code == 413
    assert heading_of(response) == "Слишком большой объём"


def test_form_without_its_token_says_that_it_is_out_of_date(client: FlaskClient) -> None:
    response = client.post("/language", data={"language": "en"})
    assert response.status_code == 400
    assert heading_of(response) == "Форма устарела"


def test_unexpected_error_is_a_page_and_a_line_in_the_log(
    app: Flask, logged_in_client: FlaskClient, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def break_down() -> str:
        raise RuntimeError("secret detail")

    app.testing = False
    monkeypatch.setitem(app.view_functions, "health.healthz", break_down)
    response = logged_in_client.get("/healthz")
    assert (response.status_code, heading_of(response)) == (500, TITLES[500]["ru"])
    assert "secret detail" not in text_of(response)
    log = capsys.readouterr().err
    assert "secret detail" in log
    assert response.headers["X-Request-ID"] in log


def test_database_that_is_away_is_said_so_to_people_who_are_logged_in(
    app_without_database: Flask, logged_in_client: FlaskClient
) -> None:
    with logged_in_client.session_transaction() as session:
        cookie = dict(session)
    client = app_without_database.test_client()
    with client.session_transaction() as session:
        session.update(cookie)
    for headers in ({}, {"HX-Request": "true"}):
        response = client.get("/sales", headers=headers)
        assert response.status_code == 503
        assert response.headers["Retry-After"] == "5"
        assert TITLES[503]["ru"] in text_of(response)


def test_login_page_needs_no_database(app_without_database: Flask) -> None:
    assert app_without_database.test_client().get("/login/password").status_code == 200


@pytest.mark.parametrize("path", ["/%00", "/sales%0d%0aX: 1", "/" + "a" * 10_000, "/?" + "a=1&" * 2_000, "/%ff"])
def test_odd_addresses_are_no_fault_of_the_server(logged_in_client: FlaskClient, path: str) -> None:
    assert logged_in_client.get(path).status_code < 500


def test_request_id_is_believed_only_behind_a_proxy(app: Flask, client: FlaskClient) -> None:
    given = {"X-Request-ID": "0123456789abcdef"}
    assert client.get("/healthz", headers=given).headers["X-Request-ID"] != "0123456789abcdef"
    app.config["BELIEVE_REQUEST_IDS"] = True
    assert client.get("/healthz", headers=given).headers["X-Request-ID"] == "0123456789abcdef"
    assert client.get("/healthz", headers={"X-Request-ID": "no <such> id"}).headers["X-Request-ID"] != "no <such> id"


def test_every_error_of_the_framework_is_caught(app: Flask) -> None:
    assert HTTPException in app.error_handler_spec[None][None]
