"""Same content is equality of the decoded JSON values, however they are written."""

import hashlib
import json
import subprocess
import sys
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.content import canonical, content_hash, nested_deeper, same_content

BIG = b"1" * 5000


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (b'{"a":1,"b":[1,2]}', b' {\t"b" :\r\n[1.0, 2e0], "a": 10e-1 } ', True),
        (b'{"a":{"b":1,"c":2}}', b'{"a":{"c":2,"b":1}}', True),
        (b'{"a":1}', b'{"a":true}', False),
        (b'{"a":0}', b'{"a":false}', False),
        (b'{"a":0}', b'{"a":null}', False),
        (b'{"a":1}', b'{"a":"1"}', False),
        (b'{"a":"true"}', b'{"a":true}', False),
        (b'{"a":1}', b'{"a":1,"b":2}', False),
        (b'{"a":1}', b'{"b":1}', False),
        (b'{"a":1,"a":2}', b'{"a":2}', True),
        (b'{"a":1,"a":2}', b'{"a":1}', False),
        (b'{"a":1,"\\u0061":2}', b'{"a":2}', True),
        (b"[1,2]", b"[2,1]", False),
        (b"[1,2]", b"[12]", False),
        (b"[[1],2]", b"[[1,2]]", False),
        (b"[]", b"{}", False),
        (b"[[]]", b"[]", False),
        (b'["a,b"]', b'["a","b"]', False),
        (b'["a"]', b'{"a":"a"}', False),
        (b'"\\u0041\\/\\n"', b'"A/\\u000A"', True),
        (b'"\\ud83d\\ude00"', '"😀"'.encode(), True),
        (b'"\\ud800"', b'"\\uD800"', True),
        (b'"\\ud800"', b'"\\ud801"', False),
        (b'"\\ud800"', b'"?"', False),
        (b'"\\\\"', b'"\\""', False),
        (b'"a"', b'"A"', False),
        (b'"1.0"', b'"1"', False),
        (b'" "', b'""', False),
        (b"0", b"-0.0", True),
        (b"0e5", b"0.000", True),
        (b"-1", b"1", False),
        (b"-1.50", b"-15e-1", True),
        (b"1E+2", b"100", True),
        (b"1e400", b"10e399", True),
        (b"1e400", b"1e401", False),
        (b"1e-400", b"0", False),
        (b"1e99999999999999999999", b"10e99999999999999999998", True),
        (b"1e99999999999999999999", b"1e99999999999999999998", False),
        (b"1e" + BIG, b"1e" + BIG, True),
        (b"1e" + BIG, b"2e" + BIG, False),
        (b"0e" + BIG, b"0", True),
        (BIG, BIG + b".0", True),
        (BIG, BIG[:-1] + b"2", False),
        (b"0." + BIG, b"0." + BIG + b"0", True),
        (b"9007199254740993", b"9007199254740992", False),
        (b"0.1", b"0.1000000000000000055511151231257827", False),
        (b"[" * 900 + b"]" * 900, b" " + b"[ " * 900 + b"] " * 900, True),
        (b"[" * 900 + b"]" * 900, b"[" * 899 + b"]" * 899, False),
        (b'[["' + b"x" * 5000 + b'"], 1]', b'[ ["' + b"x" * 5000 + b'"],1.0]', True),
        (b'[["' + b"x" * 5000 + b'"]]', b'[["' + b"x" * 4999 + b'y"]]', False),
        (b'["' + b"\\ud800" * 5000 + b'"]', b'["' + b"\\uD800" * 5000 + b'"]', True),
        (b'{"b":' * 5000 + b"1" + b"}" * 5000, b'{ "b":' * 5000 + b"1.0" + b"}" * 5000, True),
    ],
)
def test_content_is_the_value_not_its_spelling(one: bytes, other: bytes, same: bool):
    assert same_content(one, other) is same
    assert same_content(other, one) is same
    assert (content_hash(one) == content_hash(other)) is same


def test_depth_does_not_multiply_the_work():
    text = b'"' + b"x" * 1_000_000 + b'"'
    deep = b"[" * 5_000 + text + b"]" * 5_000
    assert len(canonical(deep)) < 1_000
    assert not same_content(deep, deep.replace(b"xx", b"xy", 1))


@pytest.mark.parametrize("part", [b"x", b"\\n", b"\\n[x", "ж".encode()])
def test_a_long_text_needs_no_more_room_than_a_few_copies(part: bytes):
    """What a body of the largest size may hold is looked at within a small machine's memory."""
    program = (
        "import resource, sys; from ingest.content import canonical, nested_deeper\n"
        "raw = sys.stdin.buffer.read(); peak_kb = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "before = peak_kb(); canonical(raw); nested_deeper(raw, 64); print((peak_kb() - before) // 1024)"
    )
    raw = b'["' + part * (4_000_000 // len(part)) + b'"]'
    ran = subprocess.run([sys.executable, "-c", program], input=raw, capture_output=True, check=True)
    assert int(ran.stdout) < 100


def test_the_hash_is_that_of_the_canonical_form():
    assert content_hash(b' {"a": 120}') == hashlib.sha256(b'{"a":12e1}').digest()


@pytest.mark.parametrize("value", [{"a": [1, 2.5, "x\n\ud800", None, True]}, [], "", {"": {}}])
def test_a_canonical_form_is_its_own(value: Any):
    form = canonical(json.dumps(value).encode())
    assert canonical(form) == form if b"\xed" not in form else canonical(json.dumps(value, indent=1).encode()) == form


NUMBERS = st.one_of(
    st.integers(-3, 3),
    st.integers(-(10**40), 10**40),
    st.fractions(max_denominator=1).map(int),
    st.decimals(allow_nan=False, allow_infinity=False, places=3, min_value=-100, max_value=100),
)
TEXTS = st.text(st.characters(exclude_categories=()), max_size=4)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)


def meaning(value: Any) -> Any:
    """A value that is equal in Python exactly if the JSON values are."""
    if isinstance(value, dict):
        return "object", frozenset((key, meaning(part)) for key, part in value.items())
    if isinstance(value, list):
        return "array", tuple(meaning(part) for part in value)
    if value is None or isinstance(value, bool | str):
        return type(value).__name__, value
    return "number", Fraction(value)


def spelled(draw: Any, value: Any) -> str:
    """The value as some other program might write it."""
    space = draw(st.sampled_from(["", " ", "\n\t"]))
    if isinstance(value, dict):
        members = draw(st.permutations(list(value.items())))
        texts = [f"{space}{spelled(draw, key)}{space}:{spelled(draw, part)}" for key, part in members]
        return f"{{{','.join(texts)}{space}}}"
    if isinstance(value, list):
        return f"[{space}{','.join(spelled(draw, part) for part in value)}]{space}"
    if isinstance(value, str):
        plain = json.dumps(value, ensure_ascii=draw(st.booleans()))
        return plain if plain.isascii() or value.isprintable() else json.dumps(value)
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    scale = draw(st.integers(-3, 3))
    digits = Fraction(value) * 10**6 / Fraction(10) ** scale
    if draw(st.booleans()) and digits.denominator == 1:
        return f"{digits.numerator}{draw(st.sampled_from(['e', 'E', '.0e', '.00E']))}{scale - 6}"
    return f"{value:f}" if not isinstance(value, int) else str(value)


@given(data=st.data(), value=VALUES)
def test_any_spelling_of_a_value_is_the_same_content(data: st.DataObject, value: Any):
    one, other = (spelled(data.draw, value).encode() for _ in range(2))
    assert canonical(one) == canonical(other)


@given(one=VALUES, other=VALUES)
def test_different_values_are_different_content(one: Any, other: Any):
    texts = [json.dumps(value, default=float).encode() for value in (one, other)]
    meanings = [meaning(json.loads(text)) for text in texts]
    assert same_content(*texts) == (meanings[0] == meanings[1])


@pytest.mark.parametrize(
    ("raw", "depth"),
    [
        (b"1", 0),
        (b"[]", 1),
        (b'{"a": [{}, [], {"b": [1]}]}', 4),
        (b'["[[[", "\\"[[", "\\\\"]', 1),
        (b"[[[]],[[[[]]]],{}]", 5),
        (b"[" * 300 + b"]" * 300, 300),
    ],
)
def test_nesting_is_counted_exactly(raw: bytes, depth: int):
    assert nested_deeper(raw, depth - 1) if depth else True
    assert not nested_deeper(raw, depth)
