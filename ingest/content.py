"""When two documents have the same content: their decoded JSON values are equal, however they are written.

This goes through the text with a stack of its own rather than through a JSON library: those stop at numbers that they
can't hold and at the depth of the call stack, and here two documents must never be mistaken for each other.
"""

import hashlib
import json
import re
from typing import NamedTuple

# Possessive: for each character that it might give back, the search would hold a hundred bytes.
_STRING_PATTERN = r'"[^"\\]*+(?:\\.[^"\\]*+)*+"'
_TOKEN = re.compile(rf'{_STRING_PATTERN}|[\[\]{{}}]|[^\s,:\[\]{{}}"]+')
_STRING = re.compile(_STRING_PATTERN.encode())
_BRACKETS = bytes.maketrans(b"{}", b"[]")
_NO_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
_PART_LENGTH_MAX = 1_000
_EXPONENT_DIGITS_MAX = 4_000  # Python turns up to 4,300 digits into an int


class _Container(NamedTuple):
    opened_by: str
    parts: list[str]  # canonical values; of an object, keys and values in turn


def same_content(one: bytes, other: bytes) -> bool:
    """Whether two JSON texts have the same value."""
    return one == other or canonical(one) == canonical(other)


def content_hash(raw: bytes) -> bytes:
    """SHA-256 of the canonical form."""
    return hashlib.sha256(canonical(raw)).digest()


def canonical(raw: bytes) -> bytes:
    """A text that is equal for equal JSON values: 1.0 is 1, `true` is not, and the last of several equal keys counts.

    Takes any valid JSON in UTF-8, however deep and however large its numbers. (An exponent of more than 4,000 digits
    is equal only to itself.)
    """
    root = _Container("", [])
    inside, stack = root, [root]
    for found in _TOKEN.finditer(raw.decode()):
        token = found[0]
        if token in ("{", "["):
            inside = _Container(token, [])
            stack.append(inside)
        elif token in ("}", "]"):
            closed = _joined(stack.pop())
            inside = stack[-1]
            inside.parts.append(closed)
        else:
            inside.parts.append(_scalar(token))
    return root.parts[0].encode("utf-8", "surrogatepass")


def _joined(container: _Container) -> str:
    """The canonical text of an array or object; its digest if it is long, so that depth never multiplies the work."""
    parts = container.parts
    if container.opened_by == "[":
        joined = f"[{','.join(parts)}]"
    else:
        members = dict(zip(parts[::2], parts[1::2], strict=True))
        joined = f"{{{','.join(f'{key}:{members[key]}' for key in sorted(members))}}}"
    if len(joined) <= _PART_LENGTH_MAX:
        return joined
    return f"#{hashlib.sha256(joined.encode('utf-8', 'surrogatepass')).hexdigest()}"


def _scalar(token: str) -> str:
    if token[0] == '"':
        return json.dumps(json.loads(token), ensure_ascii=False) if "\\" in token else token
    return token if token in ("true", "false", "null") else _number(token)


def _number(token: str) -> str:
    """Digits without zeros at either end, and an exponent: 120, 1.2e2 and 1200e-1 are all `12e1`."""
    mantissa, _, exponent = token.lower().partition("e")
    whole, _, fraction = mantissa.lstrip("-").partition(".")
    digits = (whole + fraction).lstrip("0")
    significant = digits.rstrip("0")
    if not significant:
        return "0"
    if len(exponent) > _EXPONENT_DIGITS_MAX:
        return token
    scale = int(exponent or 0) - len(fraction) + len(digits) - len(significant)
    return f"{'-' if token[0] == '-' else ''}{significant}e{scale}"


def nested_deeper(raw: bytes, levels: int) -> bool:
    """Whether arrays and objects lie within each other more than `levels` deep."""
    if raw.count(b"[") + raw.count(b"{") <= levels:
        return False
    brackets = _STRING.sub(b"", raw).translate(_BRACKETS, _NO_BRACKETS)
    for _ in range(levels):  # each time the innermost ones vanish
        brackets = brackets.replace(b"[]", b"")
    return bool(brackets)
