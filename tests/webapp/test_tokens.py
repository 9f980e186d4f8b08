"""Tokens: a company's own, found, named and revoked, each time on the record; the token itself is nowhere."""

import datetime
import re
from html import unescape

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from sql.device_grants import approve_grant, begin_grant, poll_grant
from sql.engine import reading, writing
from sql.instants import SECOND_US, now_us, to_us
from sql.journal import Wanted, read_journal
from sql.tables import api_token
from sql.tokens import find_token, issue_token, revoke_token
from tests.accounts import TestMerchant, csrf_token, make_merchant
from tests.people import browser_of, journal_of
from tests.shop import MINSK, open_outlets
from tests.webapp.conftest import CountQueries
from tests.webapp.reading import AS_HTMX
from webapp import tokens as token_pages

QUERIES_OF_THE_LIST = 6  # session, tokens, registers that wait, registers, makers, outlets


@pytest.fixture
def merchant(engine: sa.Engine) -> TestMerchant:
    """Two outlets with a register each."""
    merchant = make_merchant(engine)
    open_outlets(engine, merchant.merchant_id, ("Универсам", "Киоск"))
    return merchant


@pytest.fixture
def tokens(engine: sa.Engine, merchant: TestMerchant) -> list[str]:
    """Of the first register, by the owner; of the second, revoked; of a gateway, by the operator; of a rival."""
    rival = make_merchant(engine, "190000018", name="ООО Астра")
    own = {"merchant_id": merchant.merchant_id}
    with writing(engine) as connection:
        first = issue_token(
            connection, scope="sko", **own, sko_id=1, name="У <b>входа</b>", created_by=merchant.account_id
        )
        second = issue_token(connection, scope="sko", **own, sko_id=2)
        revoke_token(connection, second[0])
        third = issue_token(connection, scope="merchant", **own, name="Шлюз")
        fourth = issue_token(connection, scope="merchant", merchant_id=rival.merchant_id, name="Чужой")
    return [token for _, token in (first, second, third, fourth)]


@pytest.fixture
def owner(app: Flask, engine: sa.Engine, merchant: TestMerchant) -> FlaskClient:
    client = browser_of(app, engine, merchant.account_id, merchant.merchant_id)
    client.set_cookie("language", "en")
    return client


def send(client: FlaskClient, path: str, **form: str) -> TestResponse:
    return client.post(path, data={"csrf_token": csrf_token(client, "/tokens/1"), **form})


def text_of(response: TestResponse) -> str:
    html = re.sub(r"<[^>]+>", " ", response.get_data(as_text=True))
    return " ".join(unescape(html).replace("\N{NO-BREAK SPACE}", " ").split())


def listed(response: TestResponse) -> list[str]:
    return re.findall(r'class="line" href="/tokens/(\d+)"', response.get_data(as_text=True))


def works(engine: sa.Engine, token: str) -> bool:
    with reading(engine) as connection:
        return find_token(connection, token) is not None


def test_the_list_tells_of_each_token_but_never_the_token(
    owner: FlaskClient, tokens: list[str], count_queries: CountQueries
) -> None:
    with count_queries() as queries:
        page = owner.get("/tokens")
    assert len(queries) == QUERIES_OF_THE_LIST
    assert listed(page) == ["3", "1", "2"]
    text = text_of(page)
    assert "3 tokens" in text
    assert "All registers of the company Шлюз Works" in text
    assert "300000001 У <b>входа</b> Works" in text
    assert "300000002 Without a name Revoked" in text
    assert not any(token in page.get_data(as_text=True) for token in tokens)


def test_a_token_says_when_it_was_last_used(owner: FlaskClient, engine: sa.Engine, tokens: list[str]) -> None:
    used_us = to_us(datetime.datetime(2026, 3, 2, 9, tzinfo=MINSK))
    with writing(engine) as connection:
        connection.execute(sa.update(api_token).where(api_token.c.token_id == 1).values(used_us=used_us))
    page = text_of(owner.get("/tokens"))
    assert page.count("used last 2 Mar 2026, 09:00") == 1
    assert page.count("not used yet") == 2
    assert "Last used 2 Mar 2026, 09:00 or up to an hour later" in text_of(owner.get("/tokens/1"))
    assert "Last used Not yet" in text_of(owner.get("/tokens/3"))


@pytest.mark.parametrize(
    ("query", "expected"),
    [("q=0002", ["2"]), ("q=ШЛЮЗ", ["3"]), ("q=входа", ["1"]), ("q=Чужой", []), ("q=%25", [])],
)
def test_the_list_is_searched(owner: FlaskClient, tokens: list[str], query: str, expected: list[str]) -> None:
    assert listed(owner.get(f"/tokens?{query}")) == expected
    response = owner.get(f"/tokens?{query}", headers=AS_HTMX)
    assert listed(response) == expected
    assert "<html" not in response.get_data(as_text=True)


@pytest.mark.parametrize("query", [f"q={'1' * 101}", "q=%00", "show=some"])
def test_nonsense_gets_a_sentence(owner: FlaskClient, tokens: list[str], query: str) -> None:
    assert owner.get(f"/tokens?{query}").status_code == 400


def test_long_lists_show_their_beginning(
    owner: FlaskClient, tokens: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(token_pages, "ROWS_MAX", 2)
    assert len(listed(owner.get("/tokens"))) == 2
    assert "Show all 3" in text_of(owner.get("/tokens"))
    assert len(listed(owner.get("/tokens?show=all"))) == 3


def test_without_tokens_the_page_says_how_to_get_one(owner: FlaskClient) -> None:
    assert "No tokens yet A register gets one when you bind it" in text_of(owner.get("/tokens"))


def test_a_token_shows_who_issued_it(owner: FlaskClient, tokens: list[str], merchant: TestMerchant) -> None:
    assert merchant.email in text_of(owner.get("/tokens/1"))
    assert 'href="/skos/300000001"' in owner.get("/tokens/1").get_data(as_text=True)
    assert "by the operator" in text_of(owner.get("/tokens/3"))
    assert "Revoke the token" not in text_of(owner.get("/tokens/2"))


def test_a_token_is_renamed_on_the_record(
    owner: FlaskClient, engine: sa.Engine, tokens: list[str], merchant: TestMerchant
) -> None:
    assert send(owner, "/tokens/1", name=" Зал ").status_code == 303
    assert send(owner, "/tokens/1", name="Зал").status_code == 303  # nothing new
    assert "300000001 Зал Works" in text_of(owner.get("/tokens"))
    with reading(engine) as connection:
        [line] = read_journal(connection, merchant.merchant_id, Wanted(), limit=10)
    assert (line.action, line.subject) == ("token_renamed", "300000001")
    assert line.detail == {"token": 1, "name": "Зал", "before": "У <b>входа</b>"}
    assert "Renamed a token" in text_of(owner.get("/journal"))
    assert send(owner, "/tokens/1", name="").status_code == 303
    assert works(engine, tokens[0])


@pytest.mark.parametrize("name", ["x" * 65, "a\nb", "a\x00b"])
def test_a_name_that_can_not_be_gets_a_sentence(owner: FlaskClient, tokens: list[str], name: str) -> None:
    response = send(owner, "/tokens/1", name=name)
    assert response.status_code == 422
    assert 'id="name-mistake"' in response.get_data(as_text=True)


def test_a_revoked_token_opens_nothing_for_good(
    owner: FlaskClient, engine: sa.Engine, tokens: list[str], merchant: TestMerchant
) -> None:
    assert send(owner, "/tokens/1/revoke").status_code == 303
    assert not works(engine, tokens[0])
    assert works(engine, tokens[2])
    assert "within 5 seconds" in text_of(owner.get("/tokens"))
    assert send(owner, "/tokens/1/revoke").status_code == 303
    assert [line[1:] for line in journal_of(engine, merchant.merchant_id)] == [("token_revoked", "300000001")]


@pytest.mark.parametrize("token_id", [4, 5, 2**53 - 1])
def test_of_another_company_there_is_no_token(
    owner: FlaskClient, engine: sa.Engine, tokens: list[str], token_id: int
) -> None:
    assert owner.get(f"/tokens/{token_id}").status_code == 404
    assert send(owner, f"/tokens/{token_id}", name="Мой").status_code == 404
    assert send(owner, f"/tokens/{token_id}/revoke").status_code == 404
    assert works(engine, tokens[3])


def test_who_has_not_shown_the_factors_lately_is_asked_first(
    app: Flask, engine: sa.Engine, tokens: list[str], merchant: TestMerchant
) -> None:
    confirmed_us = now_us() - 16 * 60 * SECOND_US
    client = browser_of(app, engine, merchant.account_id, merchant.merchant_id, confirmed_us=confirmed_us)
    assert client.get("/tokens").status_code == 200
    assert client.get("/tokens/1").location == "/confirm?next=/tokens/1"
    token = csrf_token(client, "/profile")
    assert "/confirm" in client.post("/tokens/1/revoke", data={"csrf_token": token}).location
    assert works(engine, tokens[0])


def test_a_register_that_was_bound_waits_in_the_list_until_it_has_its_token(
    owner: FlaskClient, engine: sa.Engine, merchant: TestMerchant
) -> None:
    with writing(engine) as connection:
        codes = begin_grant(connection, address="192.0.2.7")
        whose = {"merchant_id": merchant.merchant_id, "sko_id": 2, "account_id": merchant.account_id}
        approve_grant(connection, codes.user_code, **whose, token_name="Зал")
    assert "Waiting for their tokens Look again 300000002 Зал may fetch it until" in text_of(owner.get("/tokens"))
    part = owner.get("/tokens/waiting?count=1", headers=AS_HTMX)
    assert "300000002" in text_of(part)
    assert "<html" not in part.get_data(as_text=True)
    assert owner.get("/tokens/waiting").location == "/tokens"
    with writing(engine) as connection:
        poll_grant(connection, codes.device_code)
    assert owner.get("/tokens/waiting?count=1", headers=AS_HTMX).headers["HX-Redirect"] == "/tokens"
    page = owner.get("/tokens")
    assert "Waiting for" not in text_of(page)
    assert "300000002 Зал Works" in text_of(page)
    assert owner.get("/tokens/waiting?count=x", headers=AS_HTMX).status_code == 200


def test_what_waits_elsewhere_is_not_shown(owner: FlaskClient, engine: sa.Engine) -> None:
    rival = make_merchant(engine, "190000018", name="ООО Астра")
    open_outlets(engine, rival.merchant_id, ("Киоск",), first_sko=300000900)
    with writing(engine) as connection:
        codes = begin_grant(connection, address="192.0.2.7")
        begin_grant(connection, address="192.0.2.8")
        whose = {"merchant_id": rival.merchant_id, "sko_id": 1, "account_id": rival.account_id}
        approve_grant(connection, codes.user_code, **whose)
    assert "Waiting for" not in text_of(owner.get("/tokens"))
