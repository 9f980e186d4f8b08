"""Field rules, arithmetic and content, as the contract has them."""

import json
from typing import Any

import pytest

from ingest.content import canonical, same_content
from ingest.problems import Problem
from ingest.reading import InvalidEnvelope, MalformedJson, TooMany, decode_documents, peek, read_document
from ingest.rules import amounts, check

NOW_US = 1_795_424_400_000_000


def a_sale(**changes: Any) -> dict[str, Any]:
    return {
        "type": "sale",
        "uid": "0123456789ABCDEF01234567",
        "sko": "300012345",
        "number": 1,
        "shift": 1,
        "issued_at": "2026-11-23T12:00:00+03:00",
        "currency": "BYN",
        "cashier": "Иванова",
        "items": [
            {"name": "Хлеб", "price": 333, "quantity": 1500, "sum": 450, "modifiers": [{"sum": -50}]},
            {"name": "Чай", "price": 100, "quantity": 1000, "sum": 100},
        ],
        "modifiers": [{"sum": -20}],
        "payments": [{"type": "cash", "sum": 400}, {"type": "cashless", "sum": 200}],
        "change": 70,
        "total": 530,
    } | changes


def problem_of(document: Any) -> Problem | None:
    read = read_document(json.dumps(document).encode())
    return read if isinstance(read, Problem) else check(read, NOW_US)


def test_a_right_sale_passes_and_adds_up():
    assert problem_of(a_sale()) is None
    read = read_document(json.dumps(a_sale()).encode())
    assert not isinstance(read, Problem)
    assert amounts(read) == (530, 330, 200, 0, 70)


@pytest.mark.parametrize(
    ("changes", "code", "pointer"),
    [
        ({"total": 531}, "total_mismatch", "/total"),
        ({"change": 71}, "payments_mismatch", "/payments"),
        ({"payments": [{"type": "cashless", "sum": 600}]}, "change_exceeds_cash", "/change"),
        ({"payments": [], "change": 0}, "payments_mismatch", "/payments"),
        ({"issued_at": "2026-11-25T12:00:00+03:00"}, "issued_in_future", "/issued_at"),
        ({"issued_at": "1999-12-31T12:00:00+03:00"}, "invalid_field", "/issued_at"),
        ({"issued_at": "2026-11-23T12:00:00"}, "invalid_field", "/issued_at"),
        ({"total": 530.0}, "invalid_field", "/total"),
        ({"total": True}, "invalid_field", "/total"),
        ({"total": 10**12 + 1}, "invalid_field", "/total"),
        ({"number": 0}, "invalid_field", "/number"),
        ({"number": 2**53}, "invalid_field", "/number"),
        ({"uid": "0123456789abcdef01234567"}, "invalid_field", "/uid"),
        ({"currency": "GBP"}, "invalid_field", "/currency"),
        ({"cashier": ""}, "invalid_field", "/cashier"),
        ({"cashier": "x" * 65}, "invalid_field", "/cashier"),
        ({"cashier": "a\tb"}, "invalid_field", "/cashier"),
        ({"cashier": "a\x7fb"}, "invalid_field", "/cashier"),
        ({"cashier": "a\ud800"}, "invalid_field", "/cashier"),
        ({"items": []}, "invalid_field", "/items"),
        ({"type": "gift"}, "unknown_type", "/type"),
        ({"type": 7}, "unknown_type", "/type"),
        ({"items": [{"name": "x", "price": 1, "quantity": 1500, "sum": 1}]}, "item_sum_mismatch", "/items/0/sum"),
        ({"items": [{"name": "x", "price": 1, "quantity": 0, "sum": 0}]}, "invalid_field", "/items/0/quantity"),
        ({"items": [{"name": "x", "price": 1, "quantity": 1, "sum": 0, "tax": 5}]}, "invalid_field", "/items/0/tax"),
    ],
)
def test_each_broken_rule_is_named(changes: dict[str, Any], code: str, pointer: str):
    problem = problem_of(a_sale(**changes))
    assert problem is not None
    assert (problem.code, problem.pointer) == (code, pointer)


@pytest.mark.parametrize("raw", [b"1", b"null", b'"x"', b"[]"])
def test_an_element_that_is_no_object_is_an_invalid_field(raw: bytes):
    problem = read_document(raw)
    assert isinstance(problem, Problem)
    assert (problem.code, problem.pointer) == ("invalid_field", "")
    assert peek(raw) == (None, None)


def test_a_missing_type_is_unknown():
    problem = read_document(b'{"sko": "A1", "number": 5}')
    assert isinstance(problem, Problem)
    assert problem.code == "unknown_type"
    assert peek(b'{"sko": "A1", "number": 5}') == ("A1", 5)


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b"", MalformedJson),
        (b"{", MalformedJson),
        (b"\xff", MalformedJson),
        (b'{"documents": ' + b"[" * 100_000, MalformedJson),
        (b"[]", InvalidEnvelope),
        (b'{"documents": []}', InvalidEnvelope),
        (b'{"documents": {}}', InvalidEnvelope),
        (b'{"documents": [' + b"1," * 1000 + b"1]}", TooMany),
    ],
)
def test_a_wrong_envelope_is_refused(body: bytes, error: type[Exception]):
    with pytest.raises(error):
        decode_documents(body)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (b'{"a":1,"b":[1,2]}', b' { "b" : [1.0, 2e0], "a": 10e-1 } ', True),
        (b'{"a":1}', b'{"a":true}', False),
        (b'{"a":0}', b'{"a":false}', False),
        (b'{"a":1}', b'{"a":"1"}', False),
        (b"[1,2]", b"[2,1]", False),
        (b'{"a":1,"a":2}', b'{"a":2}', True),
        (b"100000000000000000000001", b"100000000000000000000000", False),
        (b"0", b"-0.0", True),
        (b"[]", b"{}", False),
    ],
)
def test_content_is_the_value_not_its_spelling(one: bytes, other: bytes, same: bool):
    assert same_content(one, other) is same


@pytest.mark.parametrize(
    "raw", [b'"\\ud800"', b"1e400", b"1e99999999999999999999", b"9" * 6000, b"[" * 5000 + b"]" * 5000]
)
def test_any_json_has_a_canonical_form(raw: bytes):
    assert canonical(raw) == canonical(raw + b" ")
