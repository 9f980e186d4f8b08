"""A document's JSON for the eye: a line a value, the offending places marked, every symbol as the register wrote it.

Nothing is decoded but the names that lead to a place: numbers of any size, doubled names and halves of surrogate pairs
are shown as they stand there.
"""

import itertools
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

LINES_MAX = 400
LINES_AROUND = 20  # of a marked one in a long document
DEPTH_MAX = 24  # further in, lines are not indented any more
SYMBOL_LENGTH_MAX = 1_000
DIFFERENCES_MAX = 100
_SYMBOL = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+', re.DOTALL)


class Piece(NamedTuple):
    text: str
    is_marked: bool


@dataclass(slots=True)
class Line:
    """A line with its depth; `left_out` > 0: it stands in the place of so many lines."""

    depth: int
    pieces: list[Piece] = field(default_factory=list)
    left_out: int = 0

    @property
    def is_marked(self) -> bool:
        return any(piece.is_marked for piece in self.pieces)

    @property
    def indent(self) -> str:
        return "  " * min(self.depth, DEPTH_MAX)

    @property
    def parts(self) -> list[tuple[bool, str]]:
        """The texts that are marked, and those that are not, in turn."""
        groups = itertools.groupby(self.pieces, lambda piece: piece.is_marked)
        return [(is_marked, "".join(piece.text for piece in pieces)) for is_marked, pieces in groups]


@dataclass(slots=True)
class _Frame:
    """An object or array that is open; `place` is the pointer of its next value."""

    is_object: bool
    pointer: str
    index: int = 0
    place: str | None = None


def marked_lines(body: bytes, pointers: Iterable[str]) -> list[Line]:
    """The lines of a document, those places marked; where a place isn't there, the nearest one around it.

    Of a long document only its beginning, and what is marked with its surroundings.
    """
    text = body.decode("utf-8", "replace")
    wanted = {pointer for pointer in pointers if pointer}
    layout = _Layout(wanted)
    layout.lay_out(text)
    around = {_around(pointer, layout.seen) for pointer in wanted - layout.seen} - {""}
    if around:
        layout = _Layout((wanted & layout.seen) | around)
        layout.lay_out(text)
    return list(_shortened(layout.lines))


def _around(pointer: str, seen: set[str]) -> str:
    while pointer and pointer not in seen:
        pointer = pointer.rpartition("/")[0]
    return pointer


class _Layout:
    """Goes through the symbols of a text, which is JSON, and breaks them into lines."""

    def __init__(self, wanted: set[str]) -> None:
        self.lines = [Line(0)]
        self.seen: set[str] = set()
        self._wanted = wanted
        self._open: list[_Frame] = []
        self._marked_from: int | None = None  # how many were open when a marked one was opened

    def lay_out(self, text: str) -> None:
        symbols = _SYMBOL.findall(text)
        for symbol, following in zip(symbols, [*symbols[1:], ""], strict=True):
            if symbol in "{[":
                self._begin(symbol, is_empty=following in ("}", "]"))
            elif symbol in "}]":
                self._end(symbol)
            elif symbol == ",":
                self._write(",")
                self._break()
            elif symbol == ":":
                self._write(": ", is_marked=self._is_wanted())
            else:
                self._value(symbol, is_name=following == ":")

    def _begin(self, symbol: str, *, is_empty: bool) -> None:
        pointer = self._next_place()
        if pointer in self._wanted and self._marked_from is None:
            self._marked_from = len(self._open)
        self._write(symbol)
        self._open.append(_Frame(symbol == "{", pointer))
        if not is_empty:
            self._break()
            self.lines[-1].depth = len(self._open)

    def _end(self, symbol: str) -> None:
        is_empty = self.lines[-1].pieces and self.lines[-1].pieces[-1].text in "{["
        if self._open:
            self._open.pop()
        if not is_empty:
            self._break()
        self._write(symbol)
        if self._marked_from == len(self._open):
            self._marked_from = None

    def _value(self, symbol: str, *, is_name: bool) -> None:
        if is_name and self._open and self._open[-1].is_object:
            frame = self._open[-1]
            frame.place = f"{frame.pointer}/{_escaped(symbol)}"
            self.seen.add(frame.place)
            self._write(symbol, is_marked=self._is_wanted())
        else:
            self._write(symbol, is_marked=self._next_place() in self._wanted)

    def _is_wanted(self) -> bool:
        return bool(self._open) and self._open[-1].place in self._wanted

    def _next_place(self) -> str:
        """The pointer of the value that comes now."""
        if not self._open:
            return ""
        frame = self._open[-1]
        if frame.is_object:
            return frame.place or frame.pointer
        place = f"{frame.pointer}/{frame.index}"
        frame.index += 1
        self.seen.add(place)
        return place

    def _write(self, text: str, *, is_marked: bool = False) -> None:
        if len(text) > SYMBOL_LENGTH_MAX:
            text = f"{text[:SYMBOL_LENGTH_MAX]}…"
        self.lines[-1].pieces.append(Piece(text, is_marked or self._marked_from is not None))

    def _break(self) -> None:
        self.lines.append(Line(len(self._open)))


def _escaped(symbol: str) -> str:
    """A name as it stands in a pointer (RFC 6901)."""
    try:
        name = str(json.loads(symbol, strict=False))
    except ValueError:
        name = symbol
    return name.replace("~", "~0").replace("/", "~1")


def _shortened(lines: list[Line]) -> Iterator[Line]:
    if len(lines) <= LINES_MAX:
        yield from lines
        return
    marked = [place for place, line in enumerate(lines) if line.is_marked][: LINES_MAX // LINES_AROUND]
    kept = set(range(LINES_MAX // 4)) | {
        near for place in marked for near in range(place - LINES_AROUND, place + LINES_AROUND + 1)
    }
    left_out = 0
    for place, line in enumerate(lines):
        if place in kept:
            if left_out:
                yield Line(line.depth, left_out=left_out)
            left_out = 0
            yield line
        else:
            left_out += 1
    if left_out:
        yield Line(0, left_out=left_out)


def differences(one: bytes, other: bytes) -> list[str]:
    """Pointers to the places of the first document that are not the same in the other one."""
    try:
        return list(_differences(json.loads(one), json.loads(other), ""))[:DIFFERENCES_MAX]
    except (ValueError, RecursionError):
        return []


def _differences(one: Any, other: Any, pointer: str) -> Iterator[str]:
    if isinstance(one, dict) and isinstance(other, dict):
        for name, value in one.items():
            place = f"{pointer}/{name.replace('~', '~0').replace('/', '~1')}"
            if name in other:
                yield from _differences(value, other[name], place)
            else:
                yield place
        if other.keys() - one.keys():
            yield f"{pointer}/"  # something is missing here
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for index, (value, its) in enumerate(zip(one, other, strict=True)):
            yield from _differences(value, its, f"{pointer}/{index}")
    elif one != other or isinstance(one, bool) != isinstance(other, bool):
        yield pointer
