"""From a field that breaks its rule to the problem that a register is answered."""

import re
from collections.abc import Iterator
from typing import Any

import msgspec
from msgspec import inspect

from ingest.problems import Code, Problem

_PATH = re.compile(r" - at `\$(.*)`$")
_MISSING = re.compile(r"Object missing required field `(\w+)`")
_PLACE = re.compile(r"\[(\d+)\]")


class Rules:
    """The rules of a type in words, by path; a path is written as the decoder does, like `.items[0].price`."""

    def __init__(self, type_: Any, what: str) -> None:
        self._what = what  # as a sentence calls it
        self._words = dict(_words(inspect.type_info(type_), ""))

    def problem(self, path: str) -> Problem:
        """The field at this path breaks its rule."""
        name = f"`{path.rpartition('.')[2]}`" if path else self._what
        detail = f"{name} must be {self._words[_PLACE.sub('[]', path)]}."
        return Problem(_code(path), _pointer(path), detail)

    def explain(self, error: msgspec.ValidationError) -> Problem:
        """What the decoder complains about. Its own words name types of Python and repeat the input: they stay here."""
        sentence = str(error)
        found = _PATH.search(sentence)
        path = found[1] if found else ""
        missing = _MISSING.match(sentence)
        if missing is None:
            return self.problem(path)
        return Problem(_code(f"{path}.{missing[1]}"), _pointer(path), f"`{missing[1]}` is missing.")


def _code(path: str) -> Code:
    """The type of a document has a code of its own; a payment's `type` is a field like any other."""
    return "unknown_type" if path == ".type" else "invalid_field"


def _pointer(path: str) -> str:
    """`.items[0].price` → `/items/0/price`. Names of the contract need no escaping."""
    return _PLACE.sub(r"/\1", path).replace(".", "/")


def _words(type_: inspect.Type, path: str) -> Iterator[tuple[str, str]]:
    match type_:
        case inspect.Metadata(type=inner, extra_json_schema=extra):
            yield from _words(inner, path)
            if extra:
                yield path, extra["description"]
        case inspect.UnionType(types=types):
            tags = [one.tag for one in types if isinstance(one, inspect.StructType) and one.tag]
            if tags:
                yield f"{path}.type", f"one of {', '.join(map(str, tags))}"
            for one in types:
                yield from _words(one, path)
        case inspect.StructType(fields=fields):
            yield path, "an object"
            for field in fields:
                yield from _words(field.type, f"{path}.{field.encode_name}")
        case inspect.ListType(item_type=item):
            yield from _words(item, f"{path}[]")
