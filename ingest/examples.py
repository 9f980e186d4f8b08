"""Examples of the served contract: one shift of a small shop. A test puts each through the rules that it explains."""

from typing import Any


def _document(type_: str, number: int, time: str, **rest: Any) -> dict[str, Any]:
    return {
        "type": type_,
        "uid": f"5C8D0E2F7A91B3C4{number:08X}",
        "sko": "300012345",
        "number": number,
        "shift": 17,
        "issued_at": f"2026-03-02T{time}+03:00",
        "currency": "BYN",
        "cashier": "Иванова А. П.",
    } | rest


_BREAD = {
    "name": "Хлеб «Нарочанский», 0,5 кг",
    "price": 189,
    "quantity": 2000,
    "sum": 378,
    "tax": 10,
    "gtin": "4810268012345",
    "section": {"code": 1, "name": "Хлеб"},
}
_CHEESE = {
    "name": "Сыр «Российский», весовой",
    "price": 1899,
    "quantity": 345,
    "sum": 555,
    "tax": 10,
    "modifiers": [{"sum": -100, "name": "Акция", "group": "Скидки"}],
}
_WATER = {"name": "Вода «Минская-4», 1,5 л", "price": 189, "quantity": 1000, "sum": 189, "tax": 20}
_SALE = _document(
    "sale",
    243,
    "09:41:07",
    items=[_BREAD, _CHEESE],
    modifiers=[{"sum": -33, "name": "Округление"}],
    payments=[{"type": "cashless", "sum": 500}, {"type": "cash", "sum": 1000}],
    change=600,
    total=900,
)
_ANNULLED = _document(
    "sale", 244, "10:02:55", items=[_WATER], payments=[{"type": "cash", "sum": 200}], change=11, total=189
)
_ONE = {"count": 1, "sum": 189}
_NONE = {"count": 0, "sum": 0}
_COUNTERS = {
    "currency": "BYN",
    "sales": {"count": 2, "cash": 589, "cashless": 500, "other": 0, "sum": 1089},
    "refunds": {"count": 1, "sum": 378},
    "rollbacks": _ONE,
    "deposits": {"count": 1, "sum": 10_000},
    "withdrawals": {"count": 1, "sum": 10_022},
    "payouts": _NONE,
}

DOCUMENTS: dict[str, dict[str, Any]] = {
    "shift_open": _document("shift_open", 241, "08:00:00"),
    "deposit": _document("deposit", 242, "08:01:30", sum=10_000),
    "sale": _SALE,
    "annulled_sale": _ANNULLED,
    "rollback": _document(
        "rollback",
        245,
        "10:03:20",
        target={"number": 244, "uid": _ANNULLED["uid"]},
        payments=[{"type": "cash", "sum": 189}],
        total=189,
    ),
    "refund": _document(
        "refund",
        246,
        "11:15:00",
        offline=True,
        items=[_BREAD],
        payments=[{"type": "cash", "sum": 378}],
        total=378,
        base={"sko": "300012345", "number": 243},
    ),
    "withdrawal": _document("withdrawal", 247, "21:30:00", sum=10_022),
    "z_report": _document(
        "z_report",
        248,
        "21:31:00",
        opened_at="2026-03-02T08:00:00+03:00",
        first_number=241,
        last_number=247,
        counters=[_COUNTERS],
    ),
    "payout": _document("payout", 251, "09:12:40", shift=18, sum=5_000),
}

EVENTS: dict[str, dict[str, Any]] = {
    "paper_out": {"sko": "300012345", "kind": "paper_out", "occurred_at": "2026-03-02T12:20:00+03:00"},
    "settings_applied": {
        "sko": "300012345",
        "kind": "settings_applied",
        "occurred_at": "2026-03-02T12:25:00.250+03:00",
        "detail": "7",
    },
}

ANSWER: dict[str, Any] = {
    "accepted": 497,
    "duplicates": 1,
    "problems": [
        {
            "index": 7,
            "sko": "300012345",
            "number": 242,
            "status": "conflict",
            "code": "different_content",
            "pointer": "/documents/7",
            "detail": "A different document is stored under this number; it stays as it is.",
        },
        {
            "index": 9,
            "sko": "300012345",
            "number": 244,
            "status": "quarantined",
            "code": "total_mismatch",
            "pointer": "/documents/9/total",
            "detail": "Items and modifiers add up to 1230, `total` says 1240.",
        },
    ],
}

KEPT: dict[str, Any] = {"status": "accepted", "received_at": "2026-03-02T06:41:08.512034Z", "document": _SALE}
