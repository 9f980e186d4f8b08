"""Every number explains itself: each total of Home, Sales and Turnover leads to the documents that make it up.

What a link lists is added up here from what the registers sent, without any of the tables and queries of the pages.
"""

import datetime
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import unescape
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from sql import tables
from sql.engine import writing
from sql.instants import to_us
from sql.skos import add_sko
from tests.accounts import make_merchant, sign_in
from tests.shop import MINSK, open_outlets
from tests.till import common, drawer, item, ring_up, rollback, sale
from tests.webapp.reading import AS_HTMX

DAY = datetime.date(2024, 5, 15)  # a Wednesday, the 45th day of its quarter
ONE_DAY = datetime.timedelta(days=1)
MOVED_ON = DAY - 2 * ONE_DAY  # register 4, from outlet 1 to outlet 3
NO_TOTALS = ("Average receipt", "Register")  # an average is none, nor is the number of a register
SIGNS = {"sale": 1, "refund": -1, "rollback": -1}

Wire = dict[str, Any]


# --- a merchant with a little of everything --------------------------------------------------------------------------


class Till:
    """A register that numbers what it issues."""

    def __init__(self, sko: str) -> None:
        self.sko = sko
        self.issued: list[Wire] = []

    def at(self, day: datetime.date) -> Wire:
        self.number = len(self.issued) + 1
        noon = datetime.datetime.combine(day, datetime.time(12), MINSK) + self.number * datetime.timedelta(minutes=1)
        return {"sko": self.sko, "at": noon}

    def issue(self, document: Wire, currency: str = "BYN") -> Wire:
        self.issued.append(document | {"currency": currency})
        return self.issued[-1]

    def sell(self, day: datetime.date, *prices: int, currency: str = "BYN", **more: Any) -> Wire:
        lines = [item("Хлеб", price) for price in prices]
        return self.issue(sale(len(self.issued) + 1, *lines, **self.at(day), **more), currency)

    def give_back(self, day: datetime.date, price: int, way: str = "cash", currency: str = "BYN") -> None:
        """A refund of a single thing."""
        given = sale(len(self.issued) + 1, item("Хлеб", price), payments=[(way, price)], **self.at(day))
        self.issue(given | {"type": "refund"}, currency)

    def annul(self, day: datetime.date, sold: Wire) -> None:
        self.issue(rollback(len(self.issued) + 1, sold, at=self.at(day)["at"]), sold["currency"])

    def move_cash(self, day: datetime.date, type_: str, amount: int, currency: str = "BYN") -> None:
        self.issue(drawer(type_, len(self.issued) + 1, amount, **self.at(day)), currency)

    def note(self, day: datetime.date, type_: str) -> None:
        self.issue(common(type_, len(self.issued) + 1, **self.at(day)))

    def busy_day(self, day: datetime.date, price: int) -> None:
        """All ways to pay, change, discounts, refunds, annulments, and what moves in the drawer."""
        self.note(day, "shift_open")
        self.move_cash(day, "deposit", 10 * price)
        self.sell(day, price, 2 * price)
        self.sell(day, price, payments=[("cash", price + 37)], change=37)
        self.sell(day, 3 * price, payments=[("cashless", price), ("cash", 2 * price + 500)], change=500)
        self.sell(day, price, payments=[("cash", price // 2), ("cash", 1), ("other", price - price // 2 - 1)])
        self.sell(day, 0, payments=[])
        cheaper = item("Сыр", 4 * price, modifiers=[{"sum": -price, "name": "Скидка"}, {"sum": 7, "name": "Надбавка"}])
        self.issue(sale(len(self.issued) + 1, cheaper, modifiers=[{"sum": -3}], **self.at(day)))
        dear = self.sell(day, 9 * price, payments=[("cashless", 9 * price)])
        mixed = self.sell(day, 5 * price, payments=[("other", 2 * price), ("cash", 4 * price)], change=price)
        self.annul(day, dear)
        self.annul(day, mixed)
        self.give_back(day, price)
        self.give_back(day, 2 * price, "cashless")
        self.move_cash(day, "payout", price)
        self.move_cash(day, "withdrawal", 2 * price)


@dataclass
class Shop:
    """The merchant's browser, and all that its registers have sent, by register and number."""

    client: FlaskClient
    sent: dict[tuple[str, int], Wire]
    listed: dict[str, list[Wire]] = field(default_factory=dict)


@pytest.fixture
def shop(app: Flask, engine: sa.Engine) -> Shop:
    """Three outlets, five registers of which one has moved and one is idle; and another merchant beside them."""
    merchant = make_merchant(engine)
    open_outlets(engine, merchant.merchant_id, ("Универсам", "Магазин «У дома»", "Киоск"))
    with writing(engine) as connection:
        for number, outlet_id in (("300000004", 1), ("300000005", 2)):
            add_sko(connection, merchant.merchant_id, number=number, outlet_id=outlet_id, model="fm")
        move(connection, merchant.merchant_id, sko_id=4, outlet_id=3)
    tills = [Till(f"30000000{place}") for place in (1, 2, 3, 4)]
    for ago in (80, 47, 46, 40, 13, 8, 7, 5, 3, 2, 1, 0):
        for place, till in enumerate(tills):
            if (ago + place) % 3 or ago == 0:
                till.sell(DAY - ago * ONE_DAY, 111 * (ago + 1), 13 + place)
    for till in tills:
        till.busy_day(DAY - ONE_DAY, 1237)
        till.busy_day(DAY, 799)
    tills[1].sell(DAY, 450, currency="EUR")
    tills[1].sell(DAY - 6 * ONE_DAY, 1000, currency="EUR", payments=[("cashless", 1000)])
    tills[1].give_back(DAY, 50, currency="EUR")
    tills[1].move_cash(DAY, "deposit", 3000, currency="EUR")
    ring_up(engine, *(document for till in tills for document in till.issued))
    ring_up(engine, *strangers_documents(engine))
    client = app.test_client()
    client.set_cookie("language", "en")
    sign_in(client, merchant)
    return Shop(client, {(sent["sko"], sent["number"]): sent for till in tills for sent in till.issued})


def move(connection: sa.Connection, merchant_id: int, *, sko_id: int, outlet_id: int) -> None:
    """A register stands in this outlet from MOVED_ON on."""
    key = {"merchant_id": merchant_id, "sko_id": sko_id, "outlet_id": outlet_id}
    midnight_us = to_us(datetime.datetime.combine(MOVED_ON, datetime.time(), MINSK))
    of_register = (tables.sko.c.merchant_id == merchant_id, tables.sko.c.sko_id == sko_id)
    # It was put in its first outlet just now; that placement counts for all time before it, once it is the first one.
    connection.execute(
        sa.update(tables.placement)
        .where(tables.placement.c.merchant_id == merchant_id, tables.placement.c.sko_id == sko_id)
        .values(since_us=0)
    )
    connection.execute(sa.insert(tables.placement).values(**key, since_us=midnight_us))
    connection.execute(sa.update(tables.sko).where(*of_register).values(outlet_id=outlet_id))


def strangers_documents(engine: sa.Engine) -> list[Wire]:
    stranger = make_merchant(engine, "100320487", name="ООО Чужой")
    open_outlets(engine, stranger.merchant_id, ("А", "Б", "В"), first_sko=400000001)
    till = Till("400000001")
    till.busy_day(DAY, 5000)
    till.busy_day(DAY - ONE_DAY, 5000)
    return till.issued


# --- what the pages say ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Figure:
    """A number on a page, and where it leads."""

    text: str
    address: str

    @property
    def minor(self) -> int | None:
        """What an amount is in kopecks; None for a count."""
        found = re.fullmatch(r"(\N{MINUS SIGN}?)([\d,]+)\.(\d\d)(?:\s[A-Z]{3})?", self.text)
        return (-1 if found[1] else 1) * int(found[2].replace(",", "") + found[3]) if found else None

    @property
    def count(self) -> int:
        return int(self.text.replace(",", ""))

    @property
    def query(self) -> dict[str, list[str]]:
        return parse_qs(urlsplit(self.address).query)


class Reader(HTMLParser):
    """Collects the numbers that lead to documents, and those in cells that lead nowhere.

    But for the points of the chart of Sales: its days stand in the table below it once more.
    """

    def __init__(self, html: str) -> None:
        super().__init__()
        self._is_point = False
        self.figures: list[Figure] = []
        self.silent: list[str] = []
        self._address: str | None = None
        self._cell: str | None = None
        self._heading = ""
        self._text: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if tag == "a" and (found.get("href") or "").startswith("/documents?"):
            self._address, self._text = found["href"], []
        elif tag == "table":
            self._is_point = found.get("id") == "sales-days"
        elif tag in ("td", "dd") and not self._is_point:
            self._cell, self._text = found.get("data-label") or self._heading, []
        elif tag in ("dt", "th"):
            self._heading, self._text = "", []

    def handle_data(self, data: str) -> None:
        self._text.append(data)

    def handle_endtag(self, tag: str) -> None:
        text = "".join(self._text).strip()
        if tag == "a" and self._address:
            self.figures.append(Figure(text, self._address))
            self._address, self._text = None, []
        elif tag in ("td", "dd") and self._cell is not None:
            if re.match(r"\N{MINUS SIGN}?[\d,]+(\.\d\d)?(\s[A-Z]{3})?$", text) and re.search("[1-9]", text):
                self.silent.append(f"{self._cell}: {text}")
            self._cell = None
        elif tag in ("dt", "th"):
            self._heading = text


def opened(shop: Shop, address: str) -> Iterator[str]:
    """A page with all the rows that it expands into, and the rows that follow."""
    html = shop.client.get(address).text
    yield html
    for row in re.findall(r"<a[^>]*data-opens=[^>]*>", html):
        found = re.search(r'hx-get="([^"]+)"', row)
        assert found
        yield shop.client.get(unescape(found[1]), headers=AS_HTMX).text
    further = re.search(r'id="sales-more">.*?href="([^"]+)"', html, re.DOTALL)
    if further:
        yield from opened(shop, unescape(further[1]))


# --- what the documents say ------------------------------------------------------------------------------------------


def documents_of(shop: Shop, address: str) -> list[Wire]:
    """All documents that an address lists, page after page, as they were sent."""
    if address not in shop.listed:
        found: list[Wire] = []
        here: str | None = address
        while here:
            html = shop.client.get(here).text
            rows = re.findall(r'<a class="document-row[^>]* href="/documents/([0-9A-Z]+)/([0-9]+)', html)
            found += [shop.sent[sko, int(number)] for sko, number in rows]
            older = re.search(r'<li class="document-end" id="older">.*?<a class="btn" href="([^"]+)"', html, re.DOTALL)
            here = unescape(older[1]) if older else None
        shop.listed[address] = found
    return shop.listed[address]


def amount_of(document: Wire, query: dict[str, list[str]]) -> int:
    """What a document adds to a total that leads to this query: its sum, its part paid so, or its discounts."""
    if "discount" in query:
        modifiers = [*document.get("modifiers", ())]
        modifiers += [modifier for line in document["items"] for modifier in line.get("modifiers", ())]
        return -sum(min(0, modifier["sum"]) for modifier in modifiers)
    if "payment" in query:
        paid = sum(part["sum"] for part in document["payments"] if part["type"] in query["payment"])
        amount = paid - (document.get("change", 0) if "cash" in query["payment"] else 0)
    else:
        amount = document.get("total", document.get("sum", 0))
    is_net = len(query["type"]) > 1
    return int(amount * SIGNS[document["type"]] if is_net else amount)


def summary_of(shop: Shop, address: str) -> set[str]:
    """All the numbers that Cash documents gives above the list, without currencies."""
    html = shop.client.get(address).text
    uncounted = re.search(r'id="summary">\s*<a href="([^"]+)"', html)
    if uncounted:
        html = shop.client.get(unescape(uncounted[1])).text
    summary = re.search(r'<details class="documents-summary".*?</details>', html, re.DOTALL)
    assert summary, address
    cells = re.findall(r"<td>(.*?)</td>", summary[0])
    heading = re.search(r"<summary>([\d,]+) documents?</summary>", summary[0])
    assert heading, summary[0]
    return {heading[1], *(unescape(cell).split("\N{NO-BREAK SPACE}")[0] for cell in cells)}


def disagreement(shop: Shop, figure: Figure) -> str | None:
    """What a number says that its documents, or the sums above their list, don't say."""
    documents = documents_of(shop, figure.address)
    if figure.minor is None:
        said, found = figure.count, len(documents)
    else:
        said, found = figure.minor, sum(amount_of(document, figure.query) for document in documents)
    if said != found:
        return f"{figure.text} leads to {found}: {figure.address}"
    currencies = {document["currency"] for document in documents}
    if figure.minor is not None and len(currencies) > 1:
        return f"{figure.text} leads to {currencies}: {figure.address}"
    written = re.sub(r"\s[A-Z]{3}$", "", figure.text)
    if len(currencies) == 1 and written not in summary_of(shop, figure.address):
        return f"{figure.text} is not among {summary_of(shop, figure.address)}: {figure.address}"
    return None


@pytest.mark.parametrize(
    ("address", "least"),
    [
        (f"/?date={DAY}", 60),
        (f"/?date={DAY}&outlet=3&show=all", 30),
        (f"/?date={DAY - ONE_DAY}&outlet=1&outlet=2", 45),
        (f"/sales?from={DAY - 7 * ONE_DAY}&to={DAY}", 250),
        (f"/sales?date={DAY}&outlet=2&currency=EUR", 10),
        (f"/sales?from={DAY - 3 * ONE_DAY}&to={DAY}&sko=300000004", 50),
        (f"/turnover?from={DAY.replace(day=1)}&to={DAY}", 200),
        (f"/turnover?from=2024-02-20&to={DAY}&outlet=1&outlet=3", 100),
        (f"/turnover?date={DAY}&outlet=2", 50),
    ],
)
def test_every_number_leads_to_exactly_its_documents(shop: Shop, address: str, least: int) -> None:
    readers = [Reader(html) for html in opened(shop, address)]
    figures = {figure for reader in readers for figure in reader.figures}
    assert len(figures) >= least
    wrong = [sentence for figure in sorted(figures, key=repr) if (sentence := disagreement(shop, figure))]
    assert wrong == []
    silent = {cell for reader in readers for cell in reader.silent if not cell.startswith(NO_TOTALS)}
    assert silent == set()
