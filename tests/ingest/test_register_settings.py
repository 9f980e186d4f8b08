"""Settings on their way to the register and back: fetched once, then 304 from memory, and what became of them."""

import http.client
import json
import time
from typing import Any

import jsonschema_rs
import pytest
import sqlalchemy as sa

from ingest import freshness
from ingest.openapi_binding import PATHS
from ingest.openapi_parts import COMPONENTS
from sql.engine import reading, writing
from sql.register_settings import current_settings, save_settings
from sql.tables import settings_version
from sql.tokens import issue_token
from tests.ingest.conftest import Asked, Register, Response
from tests.ingest.servers import IngestProcess
from tests.sql.rows import add_company
from webapp.register_options import RIGHTS, SMART_X
from webapp.register_settings_content import (
    TEXT_LENGTHS,
    USERS_MAX,
    RegisterSettings,
    RegisterUser,
    content_of,
    options_at_first,
    receipt_at_first,
)
from webapp.register_users_passwords import hash_for_register

SKO = "300012345"
CONTENT = {
    "users": [{"name": "Иванова", "password": "$pbkdf2-sha256$i=1$c2FsdA$aGFzaA", "rights": ["sales"]}],
    "receipt": {"outlet_name": "Магазин 1", "address": "Минск", "phone": "", "advert": "Спасибо!"},
    "options": {"open_drawer": True},
}


def save(engine: sa.Engine, seen: int | None, content: dict[str, Any] = CONTENT) -> None:
    with writing(engine) as connection:
        save_settings(connection, 1, {1: (seen, json.dumps(content, ensure_ascii=False).encode())}, None)


def poll(etag: str | None = None, *, sko: str = SKO, method: str = "GET", **headers: str) -> Asked:
    return method, f"/v1/settings/{sko}", b"", headers | ({"if-none-match": etag} if etag else {})


def etag_of(answer: Response) -> str:
    return answer.headers[b"etag"].decode()


def test_a_register_fetches_its_settings_once(engine: sa.Engine, register: Register):
    save(engine, None)
    first, again = register.ask(poll(), poll('"1"'))
    assert (first.status, etag_of(first)) == (200, '"1"')
    assert first.json() == {"version": 1} | CONTENT
    assert first.headers[b"cache-control"] == b"private, no-cache"
    assert (again.status, again.body, etag_of(again)) == (304, b"", '"1"')
    assert b"content-length" not in again.headers


PASSWORD = hash_for_register("1234")
FULL = RegisterSettings(
    users=tuple(RegisterUser(f"К{place}", PASSWORD, tuple(RIGHTS)) for place in range(USERS_MAX)),
    receipt={name: "Ж" * length for name, length in TEXT_LENGTHS.items()},
    options=options_at_first(),
)


@pytest.mark.parametrize(
    "settings",
    [
        FULL,
        RegisterSettings(users=FULL.users),
        RegisterSettings(receipt=FULL.receipt),
        RegisterSettings(options=FULL.options),
        RegisterSettings(receipt=receipt_at_first(SMART_X)),
    ],
    ids=["everything", "users", "receipt", "options", "Smart X"],
)
def test_whatever_the_cabinet_saves_is_what_the_contract_says(
    engine: sa.Engine, register: Register, settings: RegisterSettings
):
    with writing(engine) as connection:
        save_settings(connection, 1, {1: (None, content_of(settings))}, None)
    [answer] = register.ask(poll())
    shown = PATHS["/v1/settings/{sko}"]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    schema = jsonschema_rs.Draft202012Validator(shown | {"components": {"schemas": COMPONENTS}})
    assert list(schema.iter_errors(answer.json())) == []


def test_a_304_needs_no_look_at_what_is_stored(engine: sa.Engine, register: Register):
    save(engine, None)

    def lose_the_content() -> None:
        with writing(engine) as connection:
            connection.execute(sa.delete(settings_version))

    answers = register.ask(poll(), lose_the_content, poll('"1"'))
    assert [answer.status for answer in answers] == [200, 304]


def test_a_new_version_reaches_a_register_that_polls(
    engine: sa.Engine, register: Register, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(freshness, "INTERVAL_S", 0.1)  # far less than it is waited for
    save(engine, None)
    other = CONTENT | {"options": {"open_drawer": False}}
    answers = register.ask(poll('"1"'), lambda: save(engine, 1, other), lambda: time.sleep(2.5), poll('"1"'))
    assert [(answer.status, etag_of(answer)) for answer in answers] == [(304, '"1"'), (200, '"2"')]
    assert answers[1].json() == {"version": 2} | other


def test_every_way_to_name_the_newest_version_is_understood(engine: sa.Engine, register: Register):
    save(engine, None)
    save(engine, 1)
    newest = ('"2"', 'W/"2"', '"1", "2"', '"1",W/"2" , "3"', "*", " * ")
    others = ('"1"', '"22"', "2", " ", '"', '"2', "x")
    answers = register.ask(*map(poll, (*newest, *others)))
    assert [answer.status for answer in answers] == [304] * len(newest) + [200] * len(others)
    assert {answer.json()["version"] for answer in answers[len(newest) :]} == {2}


def test_where_nothing_was_saved_or_may_be_seen_there_is_nothing(engine: sa.Engine, register: Register):
    save(engine, None)
    answers = register.ask(
        poll(sko="300099999"),  # of the same merchant, but not this token's
        poll(sko="1"),
        poll(authorization="Bearer none"),
        poll(method="POST"),
        ("GET", f"/v1/settings/{SKO}?version=1", b"", {}),
    )
    assert [answer.status for answer in answers] == [404, 404, 401, 405, 400]


def test_a_register_without_settings_is_told_so(register: Register):
    answers = register.ask(poll(), poll('"1"'))
    assert [answer.json()["detail"] for answer in answers] == ["No settings have been saved for this register."] * 2


def test_head_says_the_same_without_a_body(engine: sa.Engine, register: Register):
    save(engine, None)
    head, get = register.ask(poll(method="HEAD"), poll())
    assert (head.status, head.headers, head.body) == (200, get.headers, b"")


def test_the_register_says_what_became_of_its_settings(engine: sa.Engine, register: Register):
    save(engine, None)
    event = {"sko": SKO, "kind": "settings_rejected", "occurred_at": "2026-11-23T12:00:00+03:00", "detail": "1: мало"}
    applied = event | {"kind": "settings_applied", "occurred_at": "2026-11-23T12:05:00+03:00", "detail": "1"}
    unknown = applied | {"occurred_at": "2026-11-23T12:06:00+03:00", "detail": "99"}
    states = []

    def look() -> None:
        with reading(engine) as connection:
            states.append(current_settings(connection, 1)[1])

    def post(*events: dict[str, Any]) -> Asked:
        body = json.dumps({"events": events}).encode()
        return "POST", "/v1/events", body, {"content-type": "application/json"}

    answers = register.ask(post(event), look, post(event, applied, unknown), look, post(event), look)
    assert [(answer.json()["accepted"], answer.json()["duplicates"]) for answer in answers] == [(1, 0), (2, 1), (0, 1)]
    assert [(found.state, found.reason) for found in states] == [
        ("rejected", "мало"),
        ("applied", None),
        ("applied", None),
    ]


def test_the_connection_lives_on_after_a_304(engine: sa.Engine, database_url: str, backend: str):
    if backend == "sqlite":
        return  # one real server is enough
    add_company(engine)
    save(engine, None)
    with writing(engine) as connection:
        _, token = issue_token(connection, scope="operator")
    server = IngestProcess(database_url)
    try:
        client = http.client.HTTPConnection(server.address, timeout=10)
        client.connect()
        socket = client.sock
        for etag, expected in (('"1"', 304), ('"0"', 200), ('"1"', 304)):
            headers = {"Authorization": f"Bearer {token}", "If-None-Match": etag}
            client.request("GET", f"/v1/settings/{SKO}", headers=headers)
            answer = client.getresponse()
            assert answer.status == expected
            assert bool(answer.read()) == (expected == 200)
        assert client.sock is socket
        client.close()
    finally:
        server.stop()
