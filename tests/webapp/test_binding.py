"""Binding a register: its code is typed by somebody of one company, who says which СКО it is, or refuses it."""

import re
from html import unescape

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from sql import device_grants
from sql.device_grants import Bound, Codes, begin_grant, poll_grant
from sql.engine import reading, writing
from sql.instants import SECOND_US, now_us
from sql.journal import Wanted, read_journal
from sql.outlets import add_outlet
from sql.skos import add_sko, sko_by_number
from sql.tables import device_grant, sko
from sql.throttle import WINDOW_US
from sql.tokens import find_token, issue_token, revoke_token
from tests.accounts import TestMerchant, csrf_token, make_merchant
from tests.people import add_person, browser_of, journal_of
from tests.shop import open_outlets
from tests.webapp.conftest import CountQueries

# Session, the waiting register, registers, tokens, outlets.
QUERIES_OF_THE_GRANT = 5
WRONG = "ZZZZ-ZZZZ"
NEW = {"which": "new", "number": "300099999", "model": "smart_x", "outlet": "2"}


@pytest.fixture
def merchant(engine: sa.Engine) -> TestMerchant:
    """Two outlets with a register each: 300000001 and 300000002."""
    merchant = make_merchant(engine)
    open_outlets(engine, merchant.merchant_id, ("Универсам", "Киоск"))
    return merchant


@pytest.fixture
def rival(engine: sa.Engine) -> TestMerchant:
    """Another company, with the register 300000900."""
    rival = make_merchant(engine, "190000018", name="ООО Астра")
    open_outlets(engine, rival.merchant_id, ("Чужой киоск",), first_sko=300000900)
    return rival


@pytest.fixture
def owner(app: Flask, engine: sa.Engine, merchant: TestMerchant) -> FlaskClient:
    return browser(app, engine, merchant)


def browser(app: Flask, engine: sa.Engine, merchant: TestMerchant, **session: int) -> FlaskClient:
    client = browser_of(app, engine, merchant.account_id, merchant.merchant_id, **session)
    client.set_cookie("language", "en")
    return client


def ask(engine: sa.Engine, address: str = "192.0.2.7") -> Codes:
    """A new register asks for a code."""
    with writing(engine) as connection:
        return begin_grant(connection, address=address)


def poll(engine: sa.Engine, codes: Codes) -> object:
    with writing(engine) as connection:
        return poll_grant(connection, codes.device_code)


def send(client: FlaskClient, path: str, **form: str) -> TestResponse:
    return client.post(path, data={"csrf_token": csrf_token(client, "/bind"), **form})


def type_code(client: FlaskClient, code: str) -> TestResponse:
    return send(client, "/bind", user_code=code)


def bind(client: FlaskClient, codes: Codes, **form: str) -> TestResponse:
    """Type the code, and send the form of the page behind it."""
    assert type_code(client, codes.user_code).status_code == 303
    return send(client, f"/bind/{codes.user_code}", **form)


def text_of(response: TestResponse) -> str:
    html = re.sub(r"<[^>]+>", " ", response.get_data(as_text=True))
    return " ".join(unescape(html).replace("\N{NO-BREAK SPACE}", " ").split())


# --- the code --------------------------------------------------------------------------------------------------------


def test_a_code_is_typed_as_people_type(owner: FlaskClient, engine: sa.Engine) -> None:
    codes = ask(engine)
    response = type_code(owner, f" {codes.user_code.lower().replace('-', ' ')} ")
    assert response.status_code == 303
    assert response.location == f"/bind/{codes.user_code}"


def test_a_link_fills_the_code_in_and_decides_nothing(owner: FlaskClient, engine: sa.Engine) -> None:
    codes = ask(engine)
    page = owner.get(f"/bind?user_code={codes.user_code.lower().replace('-', '')}")
    assert page.status_code == 200
    assert f'value="{codes.user_code}"' in page.get_data(as_text=True)
    assert owner.get(f"/bind/{codes.user_code}").location == f"/bind?user_code={codes.user_code}"
    for path in (f"/bind/{codes.user_code}", f"/bind/{codes.user_code}/deny"):
        assert send(owner, path, which="known", sko="300000001").location == f"/bind?user_code={codes.user_code}"
    assert poll(engine, codes) == "authorization_pending"


@pytest.mark.parametrize("typed", ["", "BCDF", "AAAA-AAAA", "BCDF-GHJK-LMNP", "x" * 10_000, "\x00"])
def test_what_is_no_code_gets_a_sentence_and_is_no_guess(owner: FlaskClient, engine: sa.Engine, typed: str) -> None:
    for _ in range(12):
        response = type_code(owner, typed)
        assert response.status_code == 422
    assert "Type the code as the register shows it" in text_of(response)
    assert type_code(owner, ask(engine).user_code).status_code == 303


def test_a_link_with_nonsense_gets_a_sentence(owner: FlaskClient) -> None:
    response = owner.get("/bind?user_code=%3Cscript%3E")
    assert response.status_code == 400
    assert "Type the code as the register shows it" in text_of(response)
    assert 'value="&lt;script&gt;"' in response.get_data(as_text=True)


def test_guesses_at_codes_are_throttled_for_the_whole_company(
    app: Flask, engine: sa.Engine, merchant: TestMerchant, owner: FlaskClient, rival: TestMerchant
) -> None:
    codes = ask(engine)
    for _ in range(10):
        assert type_code(owner, WRONG).status_code == 422
    response = type_code(owner, codes.user_code)
    assert response.status_code == 429
    assert int(response.headers["Retry-After"]) in range(1, 61)
    assert "Too many attempts." in text_of(response)
    colleague = add_person(engine, merchant.merchant_id, "second@romashka.by", "owner")
    second = browser_of(app, engine, colleague, merchant.merchant_id)
    assert type_code(second, codes.user_code).status_code == 429
    assert type_code(browser(app, engine, rival), codes.user_code).status_code == 303


def test_codes_of_ones_own_do_not_wash_guesses_away(owner: FlaskClient, engine: sa.Engine) -> None:
    for _ in range(9):
        assert type_code(owner, WRONG).status_code == 422
        assert type_code(owner, ask(engine).user_code).status_code == 303
    assert type_code(owner, WRONG).status_code == 422
    assert type_code(owner, ask(engine).user_code).status_code == 429


def test_guesses_are_forgotten_after_a_while(
    owner: FlaskClient, engine: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(11):
        type_code(owner, WRONG)
    later = now_us() + 2 * WINDOW_US
    monkeypatch.setattr("sql.throttle.now_us", lambda: later)
    assert type_code(owner, ask(engine).user_code).status_code == 303


# --- who asks --------------------------------------------------------------------------------------------------------


def test_the_page_says_who_asks_and_warns(owner: FlaskClient, engine: sa.Engine, count_queries: CountQueries) -> None:
    codes = ask(engine)
    type_code(owner, codes.user_code)
    with count_queries() as queries:
        response = owner.get(f"/bind/{codes.user_code}")
    assert len(queries) == QUERIES_OF_THE_GRANT
    text = text_of(response)
    for words in (
        codes.user_code,
        "192.0.2.7",
        "Another network than yours",
        "Good until",
        "refuse: whoever is behind",
    ):
        assert words in text


def test_a_register_of_the_same_network_is_told(owner: FlaskClient, engine: sa.Engine) -> None:
    codes = ask(engine, "127.0.0.1")
    type_code(owner, codes.user_code)
    assert "The same network that you are in" in text_of(owner.get(f"/bind/{codes.user_code}"))


def test_registers_that_are_bound_already_stand_apart(
    owner: FlaskClient, engine: sa.Engine, merchant: TestMerchant, rival: TestMerchant
) -> None:
    with writing(engine) as connection:
        issue_token(connection, scope="sko", merchant_id=merchant.merchant_id, sko_id=2)
        revoked, _ = issue_token(connection, scope="sko", merchant_id=merchant.merchant_id, sko_id=1)
        revoke_token(connection, revoked)
        issue_token(connection, scope="merchant", merchant_id=merchant.merchant_id)
    codes = ask(engine)
    type_code(owner, codes.user_code)
    html = owner.get(f"/bind/{codes.user_code}").get_data(as_text=True)
    groups = dict(re.findall(r'<optgroup label="([^"]*)">(.*?)</optgroup>', html, re.DOTALL))
    assert re.findall(r'value="(\d+)"', groups["Not bound yet"]) == ["300000001"]
    assert re.findall(r'value="(\d+)"', groups["Bound already"]) == ["300000002"]
    assert "300000900" not in html


# --- approving -------------------------------------------------------------------------------------------------------


def test_a_register_of_the_list_gets_its_token(owner: FlaskClient, engine: sa.Engine, merchant: TestMerchant) -> None:
    codes = ask(engine)
    response = bind(owner, codes, which="known", sko="300000002", token_name=" У входа ")
    assert response.location == "/tokens"
    assert "300000002" in text_of(owner.get("/tokens"))
    bound = poll(engine, codes)
    assert isinstance(bound, Bound)
    assert bound.number == "300000002"
    with reading(engine) as connection:
        token = find_token(connection, bound.token)
        [line] = read_journal(connection, merchant.merchant_id, Wanted(), limit=10)
    assert token is not None
    assert (token.scope, token.merchant_id, token.sko_id) == ("sko", merchant.merchant_id, 2)
    assert (line.action, line.subject) == ("register_bound", "300000002")
    assert line.detail == {"name": "У входа", "address": "192.0.2.7"}


def test_a_new_register_is_added_and_bound(owner: FlaskClient, engine: sa.Engine, merchant: TestMerchant) -> None:
    codes = ask(engine)
    assert bind(owner, codes, **NEW | {"number": " 3000ab "}).status_code == 303
    bound = poll(engine, codes)
    assert isinstance(bound, Bound)
    with reading(engine) as connection:
        added = sko_by_number(connection, merchant.merchant_id, "3000AB")
    assert (bound.number, added.model, added.outlet_id) == ("3000AB", "smart_x", 2)
    assert [line[1:] for line in journal_of(engine, merchant.merchant_id)] == [
        ("register_added", "3000AB"),
        ("register_bound", "3000AB"),
    ]


@pytest.mark.parametrize(
    ("form", "sentence"),
    [
        ({}, "Choose the register."),
        ({"which": "all"}, "Choose a register of the list, or add a new one."),
        ({"which": "known"}, "Choose the register."),
        ({"which": "known", "sko": "300000900"}, "Your company has no such register."),
        ({"which": "known", "sko": "1"}, "Your company has no such register."),
        (NEW | {"number": ""}, "A number has 1 to 20 digits and Latin letters"),
        (NEW | {"number": "3" * 21}, "A number has 1 to 20 digits and Latin letters"),
        (NEW | {"number": "300 001"}, "A number has 1 to 20 digits and Latin letters"),
        (NEW | {"number": "КАССА"}, "A number has 1 to 20 digits and Latin letters"),
        (NEW | {"number": "300000001"}, "Your company has this register already: choose it from the list."),
        (NEW | {"number": "300000900"}, "This number is taken."),
        (NEW | {"model": "abacus"}, "Choose the model."),
        (NEW | {"outlet": ""}, "Choose the outlet where the register stands."),
        (NEW | {"outlet": "3"}, "Choose the outlet where the register stands."),
        (NEW | {"outlet": "9" * 30}, "Choose the outlet where the register stands."),
        (NEW | {"token_name": "x" * 65}, "Write at most 64 characters."),
        (NEW | {"token_name": "a\x00b"}, "There are characters that nobody can type."),
    ],
)
def test_mistakes_get_a_sentence_and_change_nothing(
    owner: FlaskClient, engine: sa.Engine, merchant: TestMerchant, rival: TestMerchant, form: dict, sentence: str
) -> None:
    codes = ask(engine)
    response = bind(owner, codes, **form)
    assert response.status_code == 422
    assert sentence in text_of(response)
    assert poll(engine, codes) == "authorization_pending"
    assert journal_of(engine, merchant.merchant_id) == []
    with reading(engine) as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(sko)).scalar() == 3


def test_what_was_typed_comes_back_with_a_mistake(owner: FlaskClient, engine: sa.Engine) -> None:
    html = bind(owner, ask(engine), **NEW | {"number": "?"}, token_name="Зал").get_data(as_text=True)
    for kept in ('value="?"', 'value="Зал"', 'value="smart_x" selected', 'value="2" selected', 'value="new" checked'):
        assert kept in html


def test_a_company_without_outlets_is_told_who_adds_them(app: Flask, engine: sa.Engine) -> None:
    owner = browser(app, engine, make_merchant(engine))
    response = bind(owner, ask(engine), **NEW)
    assert response.status_code == 422
    assert "Your company has no outlet yet: the operator adds it." in text_of(response)


def test_where_there_is_one_outlet_it_is_chosen(app: Flask, engine: sa.Engine) -> None:
    merchant = make_merchant(engine)
    with writing(engine) as connection:
        add_outlet(connection, merchant.merchant_id, name="Киоск", address="Минск")
    codes = ask(engine)
    assert bind(browser(app, engine, merchant), codes, **NEW | {"outlet": "1"}).status_code == 303
    assert isinstance(poll(engine, codes), Bound)


# --- one decision ----------------------------------------------------------------------------------------------------


def test_a_register_is_refused(owner: FlaskClient, engine: sa.Engine, merchant: TestMerchant) -> None:
    codes = ask(engine)
    type_code(owner, codes.user_code)
    assert send(owner, f"/bind/{codes.user_code}/deny").location == "/bind"
    assert f"Refused: the register with the code {codes.user_code}" in text_of(owner.get("/bind"))
    assert poll(engine, codes) == "access_denied"
    assert [line[1:] for line in journal_of(engine, merchant.merchant_id)] == [("register_refused", codes.user_code)]
    assert send(owner, f"/bind/{codes.user_code}", which="known", sko="300000001").location == "/bind"
    assert poll(engine, codes) == "access_denied"


def test_of_two_companies_the_first_one_has_the_register(
    app: Flask, engine: sa.Engine, owner: FlaskClient, rival: TestMerchant
) -> None:
    codes = ask(engine)
    other = browser(app, engine, rival)
    type_code(other, codes.user_code)
    assert bind(owner, codes, which="known", sko="300000001").status_code == 303
    late = send(other, f"/bind/{codes.user_code}", **NEW | {"outlet": "1"})
    assert late.location == "/bind"
    assert "No register waits with the code" in text_of(other.get("/bind"))
    assert journal_of(engine, rival.merchant_id) == []
    bound = poll(engine, codes)
    assert isinstance(bound, Bound)
    assert bound.number == "300000001"


def test_a_decision_between_the_look_and_the_deed_adds_no_register(
    owner: FlaskClient, engine: sa.Engine, merchant: TestMerchant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The code expires after the page has looked at it, and before it is approved."""
    codes = ask(engine)
    type_code(owner, codes.user_code)

    def late(connection: sa.Connection, *named: object, **values: object) -> int:
        connection.execute(sa.update(device_grant).values(expires_us=now_us() - SECOND_US))
        return add_sko(connection, *named, **values)  # type: ignore[arg-type]

    monkeypatch.setattr("webapp.binding.add_sko", late)
    assert send(owner, f"/bind/{codes.user_code}", **NEW).location == "/bind"
    assert journal_of(engine, merchant.merchant_id) == []
    with reading(engine) as connection:
        assert connection.execute(sa.select(sko.c.number).where(sko.c.number == NEW["number"])).first() is None


def test_an_expired_code_has_to_be_typed_anew(
    owner: FlaskClient, engine: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    codes = ask(engine)
    type_code(owner, codes.user_code)
    later = now_us() + device_grants.LIFETIME_S * SECOND_US
    monkeypatch.setattr(device_grants, "now_us", lambda: later)
    assert owner.get(f"/bind/{codes.user_code}").location == "/bind"
    assert type_code(owner, codes.user_code).status_code == 422


def test_who_has_not_shown_the_factors_lately_is_asked_first(
    app: Flask, engine: sa.Engine, merchant: TestMerchant
) -> None:
    client = browser(app, engine, merchant, confirmed_us=now_us() - 16 * 60 * SECOND_US)
    response = client.get("/bind?user_code=BCDF-GHJK")
    assert response.location == "/confirm?next=/bind?user_code%3DBCDF-GHJK"
