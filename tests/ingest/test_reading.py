"""The envelope, and what is read of elements that break a rule."""

import json
from typing import Any

import pytest

from ingest import wire
from ingest.problems import Problem
from ingest.reading import (
    ENTRIES_MAX,
    NESTING_MAX,
    InvalidEnvelope,
    MalformedJson,
    TooMany,
    decode_documents,
    decode_events,
    peek,
    read_document,
)
from tests.ingest.documents import EVENT, a_sale

DEEP = 100_000


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" ",
        b"{",
        b"nothing",
        b'{"documents": [1',
        b'{"documents": [1,]}',
        b'{"documents": [01]}',
        b'{"documents": [1.]}',
        b'{"documents": [NaN]}',
        b'{"documents": [Infinity]}',
        b'{"documents": [1]} x',
        b'{"documents": [1]}{}',
        b"{'documents': [1]}",
        b'{"documents": ["\\x"]}',
        b'{"documents": ["\\u12"]}',
        b'{"documents": ["\\ud8"]}',
        b'{"documents": ["\x1f"]}',
        b'{"documents": ["\n"]}',
        b'{"documents": [{"a" 1}]}',
        b'{"documents": [1], "other": tru}',
        b'{"documents": 1, "other": tru}',
        b"[1, 2",
        b'\xef\xbb\xbf{"documents": [1]}',
        b'{"documents": ["\xff"]}',
        b'{"documents": ["\xc0\xaf"]}',
        b'{"documents": ["\xed\xa0\x80"]}',
        b'{"documents": ["\xffud800"]}',
        b'{"documents": [1]}\xff',
        '{"documents": [1]}'.encode("utf-16"),
        b'{"documents": ' + b"[" * DEEP,
        b'{"documents": ' + b"[" * DEEP + b"]" * DEEP + b"}",
        b'{"documents": [' + b'{"a":' * DEEP + b"1" + b"}" * DEEP + b"]}",
        b'{"documents": [1], "other": ' + b"[" * DEEP + b"]" * DEEP + b"}",
        b'{"documents": 1, "other": ' + b"[" * DEEP + b"]" * DEEP + b"}",
    ],
)
def test_a_body_that_is_no_json_is_malformed(body: bytes):
    with pytest.raises(MalformedJson) as malformed:
        decode_documents(body)
    assert len(str(malformed.value)) < 200
    assert malformed.value.code == "malformed_json"


@pytest.mark.parametrize(
    "body",
    [
        b"[]",
        b"[1, 2]",
        b"null",
        b"1",
        b'"documents"',
        b'"\\ud800"',
        b"{}",
        b'{"events": [1]}',
        b'{"Documents": [1]}',
        b'{"documents": []}',
        b'{"documents": null}',
        b'{"documents": {}}',
        b'{"documents": {"0": 1}}',
        b'{"documents": "[1]"}',
        b'{"documents": 1e400}',
        b'{"documents": [1], "documents": 2}',
    ],
)
def test_json_of_another_shape_is_an_invalid_envelope(body: bytes):
    with pytest.raises(InvalidEnvelope) as invalid:
        decode_documents(body)
    assert "`documents`" in str(invalid.value) or '{"documents": […]}' in str(invalid.value)
    assert invalid.value.code == "invalid_envelope"


def test_one_to_a_thousand_entries_are_taken():
    ones = b'{"documents": [' + b"1," * (ENTRIES_MAX - 1) + b"1]}"
    assert decode_documents(ones) == [b"1"] * 1_000
    with pytest.raises(TooMany, match="1,001"):
        decode_documents(ones.replace(b"[", b"[1,"))


def test_entries_are_handed_out_byte_for_byte():
    entries = ['{"a" :\t1.0e0}', '"Ѳ😀"', "[ ]", '"\\u0041\\/"', "1" * 5000, "1e400", "null", '{"a":1,"a":2}']
    body = ' {"x": [1], "documents" : [ ' + " ,\r\n".join(entries) + ' ], "y": {}} '
    assert decode_documents(body.encode()) == [entry.encode() for entry in entries]
    assert decode_events(body.encode().replace(b"documents", b"events")) == [entry.encode() for entry in entries]


@pytest.mark.parametrize(
    "half",
    [
        "\\ud800",
        "\\uDFFF",
        "\\udc00\\ud800",
        "\\ud800\\ud83d\\ude00",
        "\\ud83d\\ude00\\udead",
        "\\\\\\ud800",
        "\\\\\\\\\\ud800x",
        "\\n\\ud800",
    ],
)
def test_half_a_surrogate_costs_one_document_not_its_batch(half: str):
    good = json.dumps(a_sale())
    bad = good.replace('"cashier": "', f'"cashier": "{half}', 1)
    elsewhere = good.replace('"cashier"', f'"{half}": "{half}", "cashier"', 1)
    body = f'{{"{half}": 1, "documents": [{good}, {bad}, {elsewhere}], "x": "{half}"}}'.encode()
    entries = decode_documents(body)
    assert entries == [good.encode(), bad.encode(), elsewhere.encode()]
    assert isinstance(read_document(entries[0]), wire.Sale)
    problem = read_document(entries[1])
    assert isinstance(problem, Problem)
    assert (problem.code, problem.pointer) == ("invalid_field", "/cashier")
    assert peek(entries[1]) == ("300012345", 1)
    assert isinstance(read_document(entries[2]), wire.Sale)


@pytest.mark.parametrize("whole", ["\\ud83d\\ude00", "\\\\ud800", "\\uD7FF\\uE000", "\\\\\\\\udc00"])
def test_what_only_looks_like_half_a_surrogate_is_read(whole: str):
    raw = json.dumps(a_sale()).replace('"cashier": "', f'"cashier": "{whole}', 1).encode()
    for other in (b"", b', "x": "\\ud800"'):
        sale = read_document(raw[:-1] + other + b"}")
        assert isinstance(sale, wire.Sale)
        assert sale.cashier == json.loads(f'"{whole}Иванова"')


@pytest.mark.parametrize(("opening", "closing", "levels"), [("[", "]", 1), ('{"a":', "}", 1), ('[{"a":', "}]", 2)])
def test_documents_nest_to_a_limit(opening: str, closing: str, levels: int):
    times = (NESTING_MAX - 1) // levels
    for more, allowed in ((0, True), (1, False)):
        deep = opening * (times + more) + "1" + closing * (times + more)
        raw = json.dumps(a_sale(unknown="here")).replace('"here"', deep).encode()
        read = read_document(raw)
        assert isinstance(read, wire.Sale) is allowed
        assert isinstance(read, wire.Sale) or (read.code, read.pointer) == ("invalid_field", "")
        assert peek(raw) == ("300012345", 1)


def test_many_brackets_are_not_deep():
    many = {"a": [[], [{}], {}] * 1_000, "text": "[" * 500 + '\\"' + "{" * 500}
    assert isinstance(read_document(json.dumps(a_sale(unknown=many)).encode()), wire.Sale)


@pytest.mark.parametrize(
    ("element", "seen"),
    [
        ({"sko": "9Z", "number": 5}, ("9Z", 5)),
        ({"sko": "Z" * 20, "number": 2**53 - 1}, ("Z" * 20, 2**53 - 1)),
        ({"number": 1}, (None, 1)),
        ({"sko": "9Z"}, ("9Z", None)),
        ({"sko": "Z" * 21, "number": 2**53}, (None, None)),
        ({"sko": "", "number": 0}, (None, None)),
        ({"sko": "9Z\n", "number": True}, (None, None)),
        ({"sko": "a", "number": 1.0}, (None, None)),
        ({"sko": "Я", "number": "1"}, (None, None)),
        ({"sko": "\ud800", "number": None}, (None, None)),
        ({"sko": 5, "number": 10**4000}, (None, None)),
        ({"sko": ["9Z"], "number": {"a": 1}}, (None, None)),
        ({"a": "\ud800", "sko": "9Z", "number": 5}, ("9Z", 5)),
        ({}, (None, None)),
        ([], (None, None)),
        (None, (None, None)),
        ("sko", (None, None)),
        (7, (None, None)),
    ],
)
def test_sko_and_number_are_read_as_far_as_they_can_be(element: Any, seen: tuple[str | None, int | None]):
    assert peek(json.dumps(element).encode()) == seen


def test_an_event_is_read_the_same_way():
    assert decode_events(json.dumps({"events": [EVENT]}).encode()) == [json.dumps(EVENT).encode()]
    with pytest.raises(InvalidEnvelope):
        decode_events(b'{"documents": [1]}')
