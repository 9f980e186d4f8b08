"""When two documents have the same content: their decoded JSON values are equal, whatever their spelling."""

import hashlib
import json
from decimal import Decimal, InvalidOperation
from typing import Any


def same_content(one: bytes, other: bytes) -> bool:
    return one == other or canonical(one) == canonical(other)


def content_hash(raw: bytes) -> bytes:
    """SHA-256 of the canonical form."""
    return hashlib.sha256(canonical(raw)).digest()


def canonical(raw: bytes) -> bytes:
    """A form that is equal for equal JSON values: 1.0 equals 1, `true` does not, the last of two equal keys counts."""
    try:
        value = json.loads(raw, parse_int=_number, parse_float=_number, parse_constant=_number)
        return repr(_ordered(value)).encode("utf-8", "surrogatepass")
    except (RecursionError, ValueError):
        return bytes(raw).strip()


def _number(text: str) -> tuple[str, ...]:
    try:
        sign, digits, exponent = Decimal(text).as_tuple()
    except InvalidOperation:  # an exponent beyond all reason
        return "number", text
    significant = "".join(map(str, digits)).lstrip("0")
    shortened = significant.rstrip("0")
    if not shortened or not isinstance(exponent, int):
        return "number", "0" if not shortened else text
    return "number", "-" if sign else "", shortened, str(exponent + len(significant) - len(shortened))


def _ordered(value: Any) -> Any:
    if isinstance(value, dict):
        return "object", [(key, _ordered(value[key])) for key in sorted(value)]
    return [_ordered(item) for item in value] if isinstance(value, list) else value
