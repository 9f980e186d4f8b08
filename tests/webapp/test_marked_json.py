"""A document's JSON with places marked: nothing of it is changed, whatever it holds, and what is amiss stands out."""

import json
import random
from typing import Any

import pytest

from webapp.marked_json import LINES_MAX, Line, differences, marked_lines

BODY = b'{"type":"sale","items":[{"sum":1},{"sum":2.50,"x":{}}],"a/b":{"~c":[]},"total":123456789012345678901234567890}'


def text(lines: list[Line]) -> str:
    return "\n".join(line.indent + "".join(piece.text for piece in line.pieces) for line in lines)


def marked(body: bytes, *pointers: str) -> str:
    """What is marked, without the indentation."""
    return "".join(piece.text for line in marked_lines(body, pointers) for piece in line.pieces if piece.is_marked)


@pytest.mark.parametrize(
    ("pointer", "expected"),
    [
        ("/total", '"total": 123456789012345678901234567890'),
        ("/items/1/sum", '"sum": 2.50'),
        ("/items/0", '{"sum": 1}'),
        ("/a~1b/~0c", '"~c": []'),
        ("", ""),
        ("/missing", ""),
        ("/items/1/missing", '{"sum": 2.50,"x": {}}'),
        ("/items/7/sum", '"items": [{"sum": 1},{"sum": 2.50,"x": {}}]'),
    ],
)
def test_place_is_marked_or_else_the_nearest_one_around_it(pointer: str, expected: str) -> None:
    assert marked(BODY, pointer) == expected


def test_everything_stands_there_as_it_was_sent() -> None:
    lines = marked_lines(BODY, ["/total"])
    assert text(lines).startswith('{\n  "type": "sale",\n  "items": [\n    {\n      "sum": 1\n    },')
    assert "2.50" in text(lines)
    assert "".join(text(lines).split()) == BODY.decode()


@pytest.mark.parametrize("seed", range(20))
def test_any_document_comes_out_whole(seed: int) -> None:
    chance = random.Random(seed)

    def some(depth: int) -> Any:
        kind = chance.randrange(6 if depth else 4)
        if kind == 4:
            return [some(depth - 1) for _ in range(chance.randrange(4))]
        if kind == 5:
            return {
                chance.choice(('a"b', "c\\d", "e{,}", "ж")) + str(i): some(depth - 1)
                for i in range(chance.randrange(4))
            }
        return (None, True, chance.random(), 'x "y" {z}: [1, 2]\n\\')[kind]

    value = some(4)
    assert json.loads(text(marked_lines(json.dumps(value).encode(), ["/0", "/c"]))) == value


def test_long_document_keeps_its_beginning_and_what_is_marked() -> None:
    body = json.dumps({"items": [{"sum": number} for number in range(5_000)], "total": 1}).encode()
    lines = marked_lines(body, ["/items/3000/sum"])
    assert len(lines) < LINES_MAX
    assert marked(body, "/items/3000/sum") == '"sum": 3000'
    shown = sum(not line.left_out for line in lines)
    assert shown + sum(line.left_out for line in lines) == 3 + 3 * 5_000 + 2
    assert len(text(marked_lines(b'"' + b"x" * 100_000 + b'"', []))) < 2_000


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ({"a": 1}, {"a": 1}, []),
        ({"a": 1, "b": 2}, {"a": 1, "b": 3}, ["/b"]),
        ({"a": {"b/c": [1, 2]}}, {"a": {"b/c": [1, 3]}}, ["/a/b~1c/1"]),
        ({"a": [1]}, {"a": [1, 2]}, ["/a"]),
        ({"a": 1}, {}, ["/a"]),
        ({"a": 1}, {"a": True}, ["/a"]),
        ({}, {"a": 1}, ["/"]),
    ],
)
def test_differences_lead_to_where_two_documents_are_not_the_same(one: Any, other: Any, expected: list[str]) -> None:
    assert differences(json.dumps(one).encode(), json.dumps(other).encode()) == expected


def test_what_is_no_json_has_no_differences() -> None:
    assert differences(b"{", b"{}") == []
    assert differences(b"[" * 100_000, b"[" * 100_000) == []
