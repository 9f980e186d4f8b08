"""Every number explains itself: the addresses of the documents that make up a total."""

from collections.abc import Collection, Iterable, Sequence
from typing import Any, NamedTuple
from urllib.parse import urlencode

from flask import Flask, url_for

from webapp.periods import Period

SALES = ("sale",)
REFUNDS = ("refund",)
ROLLBACKS = ("rollback",)
REVENUE = (*SALES, *REFUNDS, *ROLLBACKS)

OUTLETS_MAX = 100  # more would make an address that no server takes


def init_app(app: Flask) -> None:
    app.add_template_global(documents_url)
    app.add_template_global(revenue_urls)


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
    days = {"date": [period.first]} if one_day else {"from": [period.first], "to": [period.last]}
    query: dict[str, Iterable[Any]] = {
        **days,
        "type": types,
        "outlet": outlet_ids,
        "sko": numbers,
        "payment": [payment] if payment else (),
        "currency": [currency] if currency else (),
        "discount": [1] if discounted else (),
    }
    # Flask would write the query as well, but three times slower, and a page has dozens of these.
    return f"{url_for('documents.page')}?{urlencode(query, doseq=True)}"


class RevenueUrls(NamedTuple):
    """The addresses of the documents behind a row of figures; empty where there can't be one."""

    sales: str
    refunds: str
    rollbacks: str
    net: str

    def within(self, outlet_id: int, number: str | None = None) -> "RevenueUrls":
        """Those of one outlet, or of one register there: made of what all rows of a table share, which is fast."""
        more = f"&outlet={outlet_id}&sko={number}" if number else f"&outlet={outlet_id}"
        return RevenueUrls(*(url + more for url in self))


def revenue_urls(period: Period, currency: str, outlet_ids: Collection[int] = ()) -> RevenueUrls:
    """The addresses of a total's sales, refunds, annulments, and all of them together."""
    if len(outlet_ids) > OUTLETS_MAX:
        return RevenueUrls("", "", "", "")
    every = documents_url(period, currency=currency, outlet_ids=outlet_ids)
    kinds = (SALES, REFUNDS, ROLLBACKS, REVENUE)
    return RevenueUrls(*(every + "".join(f"&type={type_}" for type_ in types) for types in kinds))
