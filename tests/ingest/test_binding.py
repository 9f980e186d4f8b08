"""Binding a new register through the whole service: RFC 8628, its errors, and its limits."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

import jsonschema_rs
import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from ingest.addresses import Addresses
from ingest.binding import GRANT_TYPE
from ingest.openapi_binding import PATHS
from ingest.openapi_parts import COMPONENTS
from sql.accounts import add_account
from sql.device_grants import Bound, approve_grant, begin_grant, deny_grant, poll_grant
from sql.engine import reading, writing
from sql.tables import api_token, device_grant
from tests.ingest.conftest import ADDRESS, Asked, Register, Response
from tests.ingest.documents import a_sale

CODE, TOKEN = "/oauth/device/code", "/oauth/token"
FORM = {"content-type": "application/x-www-form-urlencoded", "authorization": ""}
AS_JSON = {"content-type": "application/json", "authorization": ""}


def form(path: str, headers: dict[str, str] = FORM, **parameters: str) -> Asked:
    return "POST", path, urlencode(parameters).encode(), headers


def poll(device_code: str) -> Asked:
    return form(TOKEN, grant_type=GRANT_TYPE, device_code=device_code)


def error(answer: Response) -> tuple[int, str]:
    assert answer.headers[b"cache-control"] == b"no-store"
    return answer.status, answer.json()["error"]


def begin(engine: sa.Engine) -> tuple[str, str]:
    with writing(engine) as connection:
        return begin_grant(connection, address="")


def approve(engine: sa.Engine, user_code: str) -> None:
    with writing(engine) as connection:
        account_id = add_account(connection, email="o@romashka.by", phone="", password_hash="", totp_secret="")
        approve_grant(connection, user_code, merchant_id=1, sko_id=1, account_id=account_id)


def check_shape(path: str, answer: Response) -> None:
    """The answer is as the contract describes it."""
    shown = PATHS[path]["post"]["responses"][str(answer.status)]["content"]["application/json"]["schema"]
    assert jsonschema_rs.Draft202012Validator(shown | {"components": {"schemas": COMPONENTS}}).is_valid(answer.json())


def test_a_new_register_gets_a_token_and_posts_with_it(engine: sa.Engine, register: Register):
    [asked] = register.ask(form(CODE, client_id="register"))
    check_shape(CODE, asked)
    codes = asked.json()
    assert (asked.status, codes["expires_in"], codes["interval"]) == (200, 900, 5)
    assert codes["verification_uri"] == "http://127.0.0.1:8000/bind"
    pending, granted, again = register.ask(
        poll(codes["device_code"]),
        lambda: approve(engine, codes["user_code"]),
        poll(codes["device_code"]),
        poll(codes["device_code"]),
    )
    assert error(pending) == (400, "authorization_pending")
    check_shape(TOKEN, pending)
    check_shape(TOKEN, granted)
    assert granted.headers[b"cache-control"] == b"no-store"
    token = granted.json()
    assert (token["token_type"], token["sko"]) == ("Bearer", "300012345")
    assert error(again) == (400, "invalid_grant")
    register.token = token["access_token"]
    [posted] = register.post([a_sale(), a_sale(sko="300099999")])
    assert (posted.json()["accepted"], posted.json()["problems"][0]["code"]) == (1, "sko_out_of_scope")
    with reading(engine) as connection:
        kept = connection.execute(sa.select(api_token).order_by(api_token.c.token_id.desc())).first()
    assert token["access_token"] not in repr(kept)


def test_forms_json_and_nothing_at_all_are_understood(register: Register):
    answers = register.ask(
        ("POST", CODE, b"", {}),
        ("POST", CODE, b"", AS_JSON),
        ("POST", CODE, b'{"client_id": "register"}', AS_JSON),
        ("POST", TOKEN, json.dumps({"grant_type": GRANT_TYPE, "device_code": "x"}).encode(), AS_JSON),
    )
    assert [answer.status for answer in answers] == [200, 200, 200, 400]
    assert answers[-1].json()["error"] == "invalid_grant"
    assert len({answer.json()["user_code"] for answer in answers[:3]}) == 3


def test_whoever_is_refused_or_hurries_hears_so(engine: sa.Engine, register: Register):
    device_code, user_code = begin(engine)

    def deny() -> None:
        with writing(engine) as connection:
            deny_grant(connection, user_code)

    answers = register.ask(poll(device_code), poll(device_code), deny, poll(device_code))
    assert [error(answer) for answer in answers] == [
        (400, "authorization_pending"),
        (400, "slow_down"),
        (400, "access_denied"),
    ]


def test_a_code_that_has_expired_says_so(engine: sa.Engine, register: Register):
    device_code, _ = begin(engine)
    with writing(engine) as connection:
        connection.execute(sa.update(device_grant).values(expires_us=1))
    assert error(register.ask(poll(device_code))[0]) == (400, "expired_token")


WRONG = (
    (b"", "invalid_request"),
    (b"device_code=x", "invalid_request"),
    (f"grant_type={GRANT_TYPE}".encode(), "invalid_request"),
    (f"grant_type={GRANT_TYPE}&device_code=".encode(), "invalid_request"),
    (f"grant_type={GRANT_TYPE}&device_code=x&device_code=x".encode(), "invalid_request"),
    (b"grant_type=password&device_code=x", "unsupported_grant_type"),
    (f"grant_type={GRANT_TYPE}&device_code=%FF".encode(), "invalid_request"),
    (b"\xff", "invalid_request"),
    (b"&".join(b"a%d=1" % number for number in range(30)), "invalid_request"),
    (f"grant_type={GRANT_TYPE}&device_code=%00".encode(), "invalid_grant"),
)
WRONG_JSON = (b"[]", b'{"grant_type": 1}', b"{", b'"x"', b"\xff", b"null")


def test_a_wrong_request_is_a_400_with_its_code(register: Register):
    answers = register.ask(*(("POST", TOKEN, body, FORM) for body, _ in WRONG))
    assert [error(answer) for answer in answers] == [(400, code) for _, code in WRONG]
    for answer in answers:
        check_shape(TOKEN, answer)
        assert answer.json()["error_description"].endswith(".")


def test_wrong_json_is_a_400_too(register: Register):
    answers = register.ask(*(("POST", TOKEN, body, AS_JSON) for body in WRONG_JSON))
    assert {error(answer) for answer in answers} == {(400, "invalid_request")}


def test_a_body_too_large_or_of_another_type_is_refused(register: Register):
    answers = register.ask(
        ("POST", TOKEN, b"a" * 20_000, FORM),
        ("POST", CODE, b"<a/>", {"content-type": "text/xml"}),
        ("GET", CODE, b"", {}),
        ("POST", f"{CODE}?a=1", b"", {}),
    )
    assert [answer.status for answer in answers] == [413, 415, 405, 400]
    assert "16 KiB" in answers[0].json()["detail"]


def test_no_bytes_make_the_service_stumble(register: Register):
    bodies: list[tuple[bytes, dict[str, str]]] = []

    @given(st.binary(max_size=60), st.sampled_from((FORM, AS_JSON, {})))
    def collect(body: bytes, headers: dict[str, str]) -> None:
        bodies.append((body, headers))

    collect()
    register.settings = replace(register.settings, rate_codes=0, rate_polls=0)
    answers = register.ask(*(("POST", TOKEN, body, headers) for body, headers in bodies))
    assert {answer.status for answer in answers} <= {400}


def test_each_address_has_a_limit_of_its_own(register: Register):
    register.settings = replace(register.settings, rate_codes=2, trusted_proxies=1)

    def code_from(address: str) -> Asked:
        return form(CODE, FORM | {"x-forwarded-for": f"203.0.113.9, {address}"})

    ones = [*(["2001:db8::1"] * 2), "2001:db8::2", "198.51.100.4"]
    answers = register.ask(*map(code_from, ones))
    assert [answer.status for answer in answers] == [200, 200, 429, 200]  # a subscriber has a whole /64
    assert answers[2].headers[b"retry-after"] == b"30"
    assert answers[2].json()["code"] == "rate_limited"


def test_without_trusted_proxies_nobody_can_make_an_address_up(engine: sa.Engine, register: Register):
    register.settings = replace(register.settings, rate_codes=1)
    answers = register.ask(*(form(CODE, FORM | {"x-forwarded-for": f"198.51.100.{place}"}) for place in (1, 2)))
    assert [answer.status for answer in answers] == [200, 429]
    with reading(engine) as connection:
        assert connection.execute(sa.select(device_grant.c.address)).scalars().all() == [ADDRESS]


def test_the_limit_of_polls_is_another_one(register: Register):
    register.settings = replace(register.settings, rate_codes=1, rate_polls=1)
    answers = register.ask(form(CODE), poll("x"), poll("x"))
    assert [answer.status for answer in answers] == [200, 400, 429]


def test_an_allowance_comes_back_with_time(monkeypatch: pytest.MonkeyPatch):
    now = 1000.0
    monkeypatch.setattr("ingest.addresses.time.monotonic", lambda: now)
    monkeypatch.setattr("ingest.addresses.ADDRESSES_MAX", 2)
    addresses = Addresses(2)
    assert [addresses.wait_s("192.0.2.1") for _ in range(3)] == [0, 0, 30]
    now += 30
    assert [addresses.wait_s("192.0.2.1") for _ in range(2)] == [0, 30]
    assert [addresses.wait_s(f"192.0.2.{place}") for place in (2, 3, 1)] == [0, 0, 0]  # the first one was forgotten


def test_two_polls_at_once_get_one_token(engine: sa.Engine, register: Register):
    device_code, user_code = begin(engine)
    approve(engine, user_code)

    def fetch(_: int) -> Any:
        with writing(engine) as connection:
            return poll_grant(connection, device_code)

    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(fetch, range(4)))
    assert sum(isinstance(one, Bound) for one in found) == 1
    assert found.count("invalid_grant") == 3
