"""Acts to look at."""

import datetime
from typing import Any

import sqlalchemy as sa

from sql.acts import Draft, Provider, add_act
from sql.tariffs import last_of_month

OCTOBER, NOVEMBER = datetime.date(2025, 10, 1), datetime.date(2025, 11, 1)
PROVIDER = Provider(name="ООО «Оператор»", unp="190000018", address="Минск", bank="р/с BY00", signatory="Директор")


def add_test_act(connection: sa.Connection, merchant_id: int, **changes: Any) -> int:
    """An act of two registers at 45.00 for October 2025, unless it is told otherwise; returns its number."""
    month = changes.get("month", OCTOBER)
    values = {"kind": "subscription", "month": month, "issued": last_of_month(month), "service": "Абонентская плата"}
    values |= {"quantity": 2, "price_minor": 4500, "vat_percent": None, "provider": PROVIDER}
    number = add_act(connection, merchant_id, Draft(**(values | changes)))
    assert number is not None
    return number
