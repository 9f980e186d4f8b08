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

SETTINGS: dict[str, Any] = {
    "version": 7,
    "users": [
        {
            "name": "Иванова А. П.",
            "password": "$pbkdf2-sha256$i=600000$c29sdHNvbHRzb2x0c29sdA$2u4vG0f3m2dXwq8mP5oYx0bq3J8o1m5c7kq0Z1X2Y3Q",
            "rights": ["sales", "refunds", "x_report", "z_report"],
        }
    ],
    "receipt": {
        "outlet_name": "Магазин «Ромашка»",
        "address": "г. Минск, ул. Сторожёвская, 8",
        "phone": "+375 29 123-45-67",
        "advert": "Спасибо за покупку!",
    },
    "options": {"open_drawer": True},
}

CODES: dict[str, Any] = {
    "device_code": "GmRhmhcxhwAzkoEqiMEg_DnyEysNkuNhszIySk9eSp1",
    "user_code": "WDJB-MJHT",
    "verification_uri": "https://cabinet.example.by/bind",
    "expires_in": 900,
    "interval": 5,
}

BOUND: dict[str, Any] = {
    "access_token": "kbt_q2UBkY0cSx8lWz3mR5vT7nA1dF4gH6jK9pL0oI2uE8w",
    "token_type": "Bearer",
    "sko": "300012345",
}
