"""Every number explains itself: the addresses of the documents that make up a total."""

from collections.abc import Iterable, Sequence
from typing import Any

from flask import Flask, url_for

from webapp.periods import Period

SALES = ("sale",)
REFUNDS = ("refund",)
ROLLBACKS = ("rollback",)
REVENUE = (*SALES, *REFUNDS, *ROLLBACKS)


def init_app(app: Flask) -> None:
    app.add_template_global(documents_url)


def documents_url(
    period: Period,
    *,
    types: Sequence[str] = (),
    outlet_ids: Iterable[int] = (),
    numbers: Iterable[str] = (),
    payment: str | None = None,
    currency: str | None = None,
    discounted: bool = False,
) -> str:
    """The address of Cash documents that lists exactly those of these types, outlets, register numbers, …"""
    one_day = period.first == period.last
    query: dict[str, Any] = {
        "date": period.first.isoformat() if one_day else None,
        "from": None if one_day else period.first.isoformat(),
        "to": None if one_day else period.last.isoformat(),
        "type": list(types),
        "outlet": list(outlet_ids),
        "sko": list(numbers),
        "payment": payment,
        "currency": currency,
        "discount": 1 if discounted else None,
    }
    return url_for("documents.page", **query)
