"""Documents to test with: a right sale, and one document of each type with every field that the contract names."""

import copy
from collections.abc import Iterator
from typing import Any

Json = Any

COMMON = {
    "uid": "0123456789ABCDEF01234567",
    "sko": "300012345",
    "number": 1,
    "shift": 1,
    "issued_at": "2026-11-23T12:00:00+03:00",
    "currency": "BYN",
    "cashier": "Иванова",
}


def a_sale(**changes: Any) -> dict[str, Any]:
    return (
        {"type": "sale"}
        | COMMON
        | {
            "items": [
                {"name": "Хлеб", "price": 333, "quantity": 1500, "sum": 450, "modifiers": [{"sum": -50}]},
                {"name": "Чай", "price": 100, "quantity": 1000, "sum": 100},
            ],
            "modifiers": [{"sum": -20}],
            "payments": [{"type": "cash", "sum": 400}, {"type": "cashless", "sum": 200}],
            "change": 70,
            "total": 530,
        }
        | changes
    )


_MODIFIER = {"sum": -50, "name": "Скидка", "group": "Акции"}
_ITEM = {
    "name": "Хлеб",
    "price": 333,
    "quantity": 1500,
    "sum": 450,
    "tax": 10,
    "gtin": "48102680",
    "kind": "goods",
    "section": {"code": 1, "name": "Хлеб"},
    "third_party_unp": "191832203",
    "marks": ["010481026800000121ABC"],
    "modifiers": [_MODIFIER],
}
_PAYMENT = {"type": "cash", "sum": 450}
_RECEIPT = {"items": [_ITEM], "modifiers": [_MODIFIER | {"sum": 0}], "payments": [_PAYMENT], "change": 0, "total": 450}
_SALES = {"count": 1, "cash": 450, "cashless": 0, "other": 0, "sum": 450}
_KINDS = ("refunds", "rollbacks", "deposits", "withdrawals", "payouts")
_Z = {
    "opened_at": "2026-11-23T08:00:00+03:00",
    "first_number": 1,
    "last_number": 9,
    "counters": [{"currency": "BYN", "sales": _SALES} | {kind: {"count": 1, "sum": 450} for kind in _KINDS}],
}
_REST: dict[str, dict[str, Any]] = {
    "sale": _RECEIPT,
    "refund": _RECEIPT | {"base": {"sko": "300012345", "number": 1}},
    "rollback": {"target": {"number": 1, "uid": COMMON["uid"]}, "payments": [_PAYMENT], "total": 450},
    "deposit": {"sum": 450},
    "withdrawal": {"sum": 450},
    "payout": {"sum": 450},
    "shift_open": {},
    "z_report": _Z,
}
FULL = {type_: {"type": type_} | COMMON | {"offline": False} | rest for type_, rest in _REST.items()}
EVENT = {"sko": "300012345", "kind": "error", "occurred_at": "2026-11-23T12:00:00+03:00", "detail": "Нет бумаги"}


def pointers(value: Json, pointer: str = "") -> Iterator[str]:
    """JSON pointers to everything within a value."""
    parts: Any = ()
    if isinstance(value, dict):
        parts = value.items()
    elif isinstance(value, list):
        parts = enumerate(value)
    for name, part in parts:
        yield f"{pointer}/{name}"
        yield from pointers(part, f"{pointer}/{name}")


def at(value: Json, pointer: str) -> Json:
    """What a JSON pointer points to."""
    for name in pointer.split("/")[1:]:
        value = value[int(name) if isinstance(value, list) else name]
    return value


def with_value(document: Json, pointer: str, value: Json) -> Json:
    """A copy in which a JSON pointer points to this value."""
    changed = copy.deepcopy(document)
    parent, _, name = pointer.rpartition("/")
    holder = at(changed, parent)
    holder[int(name) if isinstance(holder, list) else name] = value
    return changed


def without(document: Json, pointer: str) -> Json:
    """A copy without the member of an object that a JSON pointer points to."""
    changed = copy.deepcopy(document)
    parent, _, name = pointer.rpartition("/")
    del at(changed, parent)[name]
    return changed
