"""Cash documents: the list and its filters, what it adds up to, the receipt beside it, and who may see it."""

import datetime
import re
from html import unescape
from urllib.parse import parse_qsl, urlsplit

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from sql.engine import writing
from sql.tables import pending_delivery, refused_delivery
from tests.accounts import TestMerchant, make_merchant
from tests.shop import MINSK, document, open_outlets, store
from tests.till import drawer, item, receipt, ring_up, rollback, sale
from tests.webapp.conftest import CountQueries
from tests.webapp.reading import AS_HTMX, owner_in_english, words
from webapp.links import documents_url
from webapp.periods import Period

DAY = datetime.date(2024, 5, 15)
AT = datetime.datetime(2024, 5, 15, 12, 30, 5, tzinfo=MINSK)
ONE_DAY = datetime.timedelta(days=1)
MINUTE = datetime.timedelta(minutes=1)
SKO = "300000001"
QUERIES_OF_A_LIST = 4  # session, outlets, registers, documents; what turnover is asked and sums come on top


@pytest.fixture
def merchant(engine: sa.Engine) -> TestMerchant:
    merchant = make_merchant(engine)
    open_outlets(engine, merchant.merchant_id, ("Магазин на Немиге", "Киоск"))
    bread = item("Хлеб", 5978, tax=10)
    sold = sale(1, bread, at=AT)
    annulled = sale(3, item("Соль", 97), payments=[("cashless", 97)], at=AT + 2 * MINUTE)
    ring_up(
        engine,
        sold,
        sale(2, item("Сыр", 4097), payments=[("cash", 1000), ("cashless", 3097)], at=AT + MINUTE),
        annulled,
        rollback(4, annulled, at=AT + 3 * MINUTE),
        receipt("refund", 5, [bread], base={"sko": SKO, "number": 1}, at=AT + 4 * MINUTE),
        drawer("deposit", 6, 70_000, at=AT + 5 * MINUTE),
        sale(7, item("Чай", 500), currency="EUR", sko="300000002", at=AT - 24 * 60 * MINUTE),
    )
    return merchant


@pytest.fixture
def owner(app: Flask, merchant: TestMerchant) -> FlaskClient:
    """The browser of the owner, in English."""
    return owner_in_english(app, merchant)


def html_of(response: TestResponse) -> str:
    return response.get_data(as_text=True)


def numbers(client: FlaskClient, query: str) -> list[int]:
    """The numbers of the documents that are listed, over all pages."""
    found: list[int] = []
    address = f"/documents?{query}"
    while address:
        html = html_of(client.get(address))
        found += [int(number) for number in re.findall(r'<a class="document-row[^>]* href="[^"]*/(\d+)[?"]', html)]
        more = re.search(r'href="([^"]+)" hx-get="/documents/older', html)
        address = unescape(more[1]) if more else ""
    return found


def row_of(html: str, number: int) -> str:
    found = re.search(rf'<a class="document-row[^>]*-{number}".*?</a>', html, re.DOTALL)
    assert found, f"no row {number}"
    return words(found[0])


def summary_of(client: FlaskClient, query: str) -> str:
    return words(html_of(client.get(f"/documents/summary?{query}", headers=AS_HTMX)))


# --- the list --------------------------------------------------------------------------------------------------------


def test_documents_are_listed_newest_first_under_their_days(owner: FlaskClient) -> None:
    html = html_of(owner.get("/documents"))
    assert re.findall(r"<h2>([^<]+)</h2>", html) == ["15 May 2024", "14 May 2024"]
    assert numbers(owner, "") == [6, 5, 4, 3, 2, 1, 7]


def test_row_says_all_that_the_guide_asks_for(owner: FlaskClient) -> None:
    html = html_of(owner.get("/documents"))
    assert row_of(html, 1) == (
        "№ 1 Receipt “Sale in cash” for 59.78 BYN 59.78 BYN 15 May 2024, 12:30:05 300000001 Магазин на Немиге "
        "Not sent yet"
    )
    assert "Receipt “Sale by several means” for 40.97 BYN" in row_of(html, 2)
    assert "Operation “Deposit” for 700.00 BYN" in row_of(html, 6)
    assert html.count('<use href="') > 14


def test_documents_without_a_sum_show_none(owner: FlaskClient, engine: sa.Engine, merchant: TestMerchant) -> None:
    store(engine, document(merchant.merchant_id, "z_report", 0, day=DAY + 2 * ONE_DAY)._replace(number=900))
    row = words(re.findall(r'<a class="document-row.*?</a>', html_of(owner.get("/documents")), re.DOTALL)[0])
    assert "Shift closed, Z-report printed 17 May 2024" in row
    assert "0.00" not in row


def test_state_is_said_and_why_it_was_refused(owner: FlaskClient, engine: sa.Engine, merchant: TestMerchant) -> None:
    key = {"merchant_id": merchant.merchant_id, "sko_id": 1}
    refusal = {**key, "number": 2, "reason": "Неизвестный товар", "refused_us": 0}
    with writing(engine) as connection:
        connection.execute(sa.delete(pending_delivery))
        connection.execute(sa.insert(pending_delivery).values(**key, first_number=5, last_number=6, due_us=0))
        connection.execute(sa.insert(refused_delivery).values(**refusal))
    html = html_of(owner.get("/documents"))
    states = {number: row_of(html, number) for number in range(1, 8)}
    assert [number for number, row in states.items() if row.endswith("Not sent yet")] == [5, 6]
    assert [number for number, row in states.items() if row.endswith("Refused")] == [2]
    assert numbers(owner, "state=refused") == [2]
    assert numbers(owner, "state=pending") == [6, 5]
    assert numbers(owner, "state=sent") == [4, 3, 1, 7]
    assert "Refused Неизвестный товар" in words(html_of(owner.get(f"/documents/{SKO}/2", headers=AS_HTMX)))


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("q=5", [5]),
        ("q=№ 5", [5]),
        (f"q={int(SKO):012X}{2:012X}", [2]),
        (f"q={int(SKO):012x}{99:012x}", []),
        ("sko=300000002", [7]),
        ("sko=300000001&sko=300000002&type=sale", [3, 2, 1, 7]),
        ("type=sale", [3, 2, 1, 7]),
        ("type=refund&type=rollback", [5, 4]),
        ("outlet=2", [7]),
        ("payment=cashless", [4, 3, 2]),
        ("payment=cash&type=sale", [2, 1, 7]),
        ("payment=other", []),
        ("date=2024-05-14", [7]),
        ("from=2024-05-15&to=2024-05-16", [6, 5, 4, 3, 2, 1]),
        ("cashier=Иванова", [6, 5, 4, 3, 2, 1, 7]),
        ("cashier=Петрова", []),
        ("min=40.97&max=59,78", [5, 2, 1]),
        ("currency=EUR", [7]),
        ("type=sale&outlet=1&payment=cash&date=2024-05-15&min=50", [1]),
    ],
)
def test_filter_finds(owner: FlaskClient, query: str, found: list[int]) -> None:
    assert numbers(owner, query) == found


def test_discounted_documents_are_found(owner: FlaskClient, engine: sa.Engine) -> None:
    cheap = item("Мёд", 1000, modifiers=[{"sum": -150, "name": "Скидка"}])
    ring_up(engine, sale(8, cheap, at=AT + 9 * MINUTE))
    assert numbers(owner, "discount=1") == [8]
    assert "Sale 1 8.50 BYN 1.50 BYN" in summary_of(owner, "discount=1&type=sale")


def test_filters_that_are_set_are_named_and_cleared_by_a_link(owner: FlaskClient) -> None:
    html = html_of(owner.get("/documents?type=sale&outlet=1&cashier=Иванова&min=1"))
    scope = re.search(r'<div class="documents-scope".*?</div>', html, re.DOTALL)
    assert scope
    assert words(scope[0]) == "Outlet Магазин на Немиге Types Sale Cashier Иванова Sum from 1.00"
    assert '<details class="filters-more" id="filters-more" open>' in html
    assert '<details class="filters-more" id="filters-more">' in html_of(owner.get("/documents?type=sale"))


# --- pages -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def many(owner: FlaskClient, engine: sa.Engine, merchant: TestMerchant) -> FlaskClient:
    """120 further sales of two days, which make three pages with the others."""
    sales = (
        document(merchant.merchant_id, "sale", 100 + place, day=DAY - (3 + place // 100) * ONE_DAY)
        for place in range(120)
    )
    store(engine, *(row._replace(number=1000 + place) for place, row in enumerate(sales)))
    return owner


def test_pages_follow_each_other_by_link(many: FlaskClient) -> None:
    found = numbers(many, "")
    assert len(found) == len(set(found)) == 127
    assert len(re.findall('<a class="document-row', html_of(many.get("/documents")))) == 50


def test_rows_that_follow_continue_their_day_without_a_second_heading(many: FlaskClient) -> None:
    page = html_of(many.get("/documents"))
    address = re.search(r'hx-get="(/documents/older[^"]+)"', page)
    assert address
    rows = html_of(many.get(unescape(address[1]), headers=AS_HTMX))
    assert rows.count('<a class="document-row') == 50
    assert "<h2>12 May 2024</h2>" not in rows
    assert "<html" not in rows
    assert "<h2>12 May 2024</h2>" in html_of(many.get(unescape(address[1]).replace("under", "_")))


def test_page_further_down_leads_back_to_the_newest_and_keeps_its_place(many: FlaskClient) -> None:
    after = dict(parse_qsl(urlsplit(older_of(many, "/documents?type=sale")).query))["after"]
    html = html_of(many.get(f"/documents?type=sale&after={after}"))
    assert 'href="/documents?type=sale">' in html
    assert "From the newest documents" in html
    rows = re.findall(r'<a class="document-row[^>]* href="([^"]+)"', html)
    assert all(unescape(address).endswith(f"?type=sale&after={after}") for address in rows)


def older_of(client: FlaskClient, address: str) -> str:
    found = re.search(r'href="([^"]+)" hx-get="/documents/older', html_of(client.get(address)))
    assert found
    return unescape(found[1])


@pytest.mark.parametrize("after", ["x", "1-2", "zz-1-1", "1-1-1-1", "٣-1-1", "1-1-" + "f" * 5000])
def test_nonsense_as_a_place_is_explained(owner: FlaskClient, after: str) -> None:
    for path, headers in (("/documents", {}), ("/documents/older", AS_HTMX)):
        response = owner.get(path, query_string={"after": after}, headers=headers)
        assert response.status_code == 400
        assert "There is no such place in the list" in words(html_of(response))


# --- what they add up to ---------------------------------------------------------------------------------------------


def test_summary_stands_at_once_where_totals_lead(owner: FlaskClient, app: Flask) -> None:
    with app.test_request_context():
        address = documents_url(Period(DAY, DAY), types=("sale", "refund", "rollback"), currency="BYN")
    html = html_of(owner.get(address))
    summary = re.search(r'<details class="documents-summary" id="summary" open>.*?</details>', html, re.DOTALL)
    assert summary
    assert words(summary[0]) == (
        "5 documents Sums by type Type Documents Sum "
        "Sale 3 101.72 BYN Refund 1 59.78 BYN Annulment 1 0.97 BYN Net 40.97 BYN"
    )


def test_summary_of_a_payment_is_of_its_parts(owner: FlaskClient) -> None:
    text = summary_of(owner, "type=sale&payment=cashless&currency=BYN")
    assert "Sum, Cashless Sale 2 31.94 BYN" in text
    assert "Net" not in text


def test_summary_keeps_currencies_apart(owner: FlaskClient) -> None:
    text = summary_of(owner, "")
    assert "7 documents" in text
    assert text.index("Deposit 1 700.00 BYN") < text.index("Sale 1 5.00 EUR Net 5.00 EUR")


def test_summary_is_asked_for_by_itself_or_by_link(owner: FlaskClient) -> None:
    assert 'hx-trigger="click"' in html_of(owner.get("/documents"))
    html = html_of(owner.get("/documents?cashier=Иванова"))
    assert 'hx-trigger="click, load"' in html
    link = re.search(r'href="(/documents/summary[^"]+)"', html)
    assert link
    page = words(html_of(owner.get(unescape(link[1]))))
    assert "7 documents" in page
    assert "Receipt “Sale in cash”" in page


def test_count_and_sum_are_those_of_the_listed_documents(many: FlaskClient) -> None:
    for query in (
        "type=sale&currency=BYN",
        "type=sale&min=1.50&max=2.00",
        "payment=cash",
        "outlet=1&type=sale&type=refund",
    ):
        counted = re.search(r"(\d+) documents?", summary_of(many, query))
        assert counted
        assert int(counted[1]) == len(numbers(many, query)), query


# --- the document ----------------------------------------------------------------------------------------------------


def test_document_is_shown_as_a_receipt_beside_its_list(owner: FlaskClient) -> None:
    html = html_of(owner.get(f"/documents/{SKO}/1?type=sale"))
    assert len(re.findall('<a class="document-row', html)) == 4
    assert re.search(rf'id="document-{SKO}-1" href="[^"]+" aria-current="true"', html)
    pane = words(html_of(owner.get(f"/documents/{SKO}/1?type=sale", headers=AS_HTMX)))
    assert "Receipt of sale № 1" in pane
    assert "Хлеб" in pane
    assert "Register 300000001 Outlet Магазин на Немиге" in pane
    assert f'href="/documents/{SKO}/1.pdf"' in html
    assert 'href="/documents?type=sale" aria-label="Close"' in html


def test_pane_on_the_page_is_what_its_address_answers(owner: FlaskClient) -> None:
    address = f"/documents/{SKO}/2?type=sale"
    pane = html_of(owner.get(address, headers=AS_HTMX)).strip()
    assert pane in html_of(owner.get(address))
    assert pane.startswith("<section")
    assert "HX-Request" in owner.get(address, headers=AS_HTMX).headers["Vary"]


@pytest.mark.parametrize(
    ("number", "sentence", "leads_to"),
    [
        (1, "Refunded by № 5", 5),
        (5, "Refund of № 1", 1),
        (3, "Annulled by № 4", 4),
        (4, "Annulled sale № 3", 3),
    ],
)
def test_sale_and_what_became_of_it_lead_to_each_other(
    owner: FlaskClient, number: int, sentence: str, leads_to: int
) -> None:
    html = html_of(owner.get(f"/documents/{SKO}/{number}?date=2024-05-15", headers=AS_HTMX))
    assert sentence in words(html)
    assert f'href="/documents/{SKO}/{leads_to}?date=2024-05-15"' in html


def test_only_what_buyers_get_has_a_public_address(owner: FlaskClient) -> None:
    assert "data-copy=" in html_of(owner.get(f"/documents/{SKO}/1", headers=AS_HTMX))
    assert "data-copy=" not in html_of(owner.get(f"/documents/{SKO}/6", headers=AS_HTMX))


@pytest.mark.parametrize(
    "path",
    [
        f"/documents/{SKO}/99",
        "/documents/399999999/1",
        f"/documents/{SKO}/0x1",
        f"/documents/{SKO}/{2**53}",
        f"/documents/{SKO}/{'9' * 300}",
        "/documents/%00/1",
        f"/documents/{'9' * 300}/1",
        "/documents/<script>/1",
    ],
)
def test_unknown_document_is_not_found(owner: FlaskClient, path: str) -> None:
    for headers in ({}, AS_HTMX):
        assert owner.get(path, headers=headers).status_code == 404


# --- wrong filters and empty lists -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("q=abc", "Write the number of a document"),
        ("q=" + "1" * 10_000, "Write the number of a document"),
        ("q=0", "Write the number of a document"),
        ("sko=nonsense", "You have no register with such a number"),
        ("type=gift", "There is no such choice"),
        ("payment=shells", "There is no such choice"),
        ("outlet=77", "You have no such outlet"),
        ("from=2024-02-30", "There is no such date"),
        ("from=2024-05-16&to=2024-05-15", "The period ends before it starts"),
        ("period=century", "There is no such period"),
        ("min=-5", "A sum is never negative"),
        ("min=5&max=4", "The largest sum is less than the smallest"),
        ("state=lost", "There is no such choice"),
        ("currency=XAU", "There is no such choice"),
        ("cashier=" + "я" * 65, "A cashier's name has at most 64 characters"),
    ],
)
def test_wrong_filter_comes_back_with_a_sentence(owner: FlaskClient, query: str, sentence: str) -> None:
    for headers in ({}, AS_HTMX):
        response = owner.get(f"/documents?{query}", headers=headers)
        assert response.status_code == 400
        html = html_of(response)
        assert sentence in words(html)
        assert 'role="alert"' in html
        assert "document-row" not in html.replace("document-rows", "")
    assert owner.get(f"/documents/summary?{query}", headers=AS_HTMX).status_code == 400
    assert owner.get(f"/documents/{SKO}/1?{query}").status_code == 400


def test_nothing_found_says_so(owner: FlaskClient) -> None:
    page = words(html_of(owner.get("/documents?date=2020-01-01")))
    assert "No documents for these filters" in page
    assert "Nothing to add up" in summary_of(owner, "date=2020-01-01&type=sale")


def test_whoever_writes_a_cashier_otherwise_is_told_how(owner: FlaskClient) -> None:
    sentence = "A cashier is found by the name exactly as it stands on the receipt."
    assert sentence in words(html_of(owner.get("/documents?cashier=иванова")))
    assert sentence not in words(html_of(owner.get("/documents?cashier=Иванова")))
    assert sentence not in words(html_of(owner.get("/documents?date=2020-01-01")))


def test_merchant_without_outlets_or_documents_is_told_what_comes(
    logged_in_client: FlaskClient, engine: sa.Engine
) -> None:
    logged_in_client.set_cookie("language", "en")
    assert "No outlets and registers yet" in words(html_of(logged_in_client.get("/documents")))
    with writing(engine) as connection:
        merchant_id = connection.execute(sa.text("SELECT merchant_id FROM merchant")).scalar_one()
    open_outlets(engine, merchant_id, ("Киоск",))
    assert "No documents yet" in words(html_of(logged_in_client.get("/documents")))


# --- others ----------------------------------------------------------------------------------------------------------


def test_other_merchants_documents_never_show(app: Flask, owner: FlaskClient, engine: sa.Engine) -> None:
    stranger = make_merchant(engine, "100320487", name="ООО Чужой")
    open_outlets(engine, stranger.merchant_id, ("Чужая точка",), first_sko=400000001)
    ring_up(engine, sale(11, item("Тайна", 77_777), sko="400000001", at=AT))
    assert 11 not in numbers(owner, "")
    assert numbers(owner, "q=11") == []
    assert numbers(owner, f"q={400000001:012X}{11:012X}") == []
    assert "777.77" not in summary_of(owner, "")
    assert owner.get("/documents/400000001/11").status_code == 404
    assert owner.get("/documents?sko=400000001").status_code == 400


def test_htmx_gets_the_list_and_the_filters_without_the_page(owner: FlaskClient) -> None:
    response = owner.get("/documents?type=sale&outlet=&q=", headers=AS_HTMX)
    html = html_of(response)
    assert "<html" not in html
    assert 'id="documents"' in html
    assert 'hx-swap-oob="outerMorph"' in html
    assert response.headers["HX-Push-Url"] == "/documents?type=sale"
    here = AS_HTMX | {"HX-Current-URL": "http://localhost/documents?type=sale"}
    assert owner.get("/documents?type=sale", headers=here).headers["HX-Push-Url"] == "false"


def test_ended_session_leads_to_the_login_and_back(app: Flask, owner: FlaskClient) -> None:
    headers = AS_HTMX | {"HX-Current-URL": "http://localhost/documents?type=sale"}
    response = app.test_client().get("/documents/older?type=sale", headers=headers)
    assert response.headers["HX-Redirect"] == "/login/password?next=/documents?type%3Dsale"


# --- cost ------------------------------------------------------------------------------------------------------------


def test_queries_of_each_address(owner: FlaskClient, count_queries: CountQueries) -> None:
    for path, count in (
        ("/documents", QUERIES_OF_A_LIST),
        ("/documents?type=sale", QUERIES_OF_A_LIST + 1),  # the last day with a sale
        ("/documents?outlet=1", QUERIES_OF_A_LIST + 1),  # the registers that have stood there
        ("/documents?outlet=1&type=refund", QUERIES_OF_A_LIST + 2),
        ("/documents?cashier=Иванова", QUERIES_OF_A_LIST),
        ("/documents?state=refused", QUERIES_OF_A_LIST + 1),  # how many there are
        ("/documents?type=sale&currency=BYN", QUERIES_OF_A_LIST + 2),  # the sum, too
        (f"/documents/{SKO}/1", QUERIES_OF_A_LIST + 5),  # the document, refunds, annulment, and its state in two
        ("/documents?min=nonsense", QUERIES_OF_A_LIST - 1),
    ):
        with count_queries() as queries:
            owner.get(path)
        assert len(queries) == count, path + "\n" + "\n".join(queries)


def test_queries_of_each_fragment(owner: FlaskClient, count_queries: CountQueries) -> None:
    for path, count in (
        ("/documents/older", QUERIES_OF_A_LIST),
        ("/documents/older?sko=300000001", QUERIES_OF_A_LIST),
        ("/documents/summary?type=sale", QUERIES_OF_A_LIST - 1),  # no registers: none of them is shown
        ("/documents/summary?type=sale&sko=300000001", QUERIES_OF_A_LIST),
        (f"/documents/{SKO}/1", QUERIES_OF_A_LIST - 2 + 5),
    ):
        with count_queries() as queries:
            assert owner.get(path, headers=AS_HTMX).status_code == 200
        assert len(queries) == count, path + "\n" + "\n".join(queries)


@pytest.mark.parametrize("language", ["ru", "be", "en"])
def test_page_is_written_in_every_language(owner: FlaskClient, language: str) -> None:
    owner.set_cookie("language", language)
    for path in ("/documents", f"/documents/{SKO}/1", "/documents?type=sale&currency=BYN", "/documents?q=zzz"):
        assert owner.get(path).status_code in (200, 400)
