"""Sales: its totals, its chart, its table with rows that expand, and the documents that every number leads to."""

import datetime
import re
from html import unescape

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from sql.engine import writing
from sql.outlets import add_outlet
from tests.accounts import TestMerchant, make_merchant
from tests.shop import document, open_outlets, store, today
from tests.webapp.conftest import CountQueries
from tests.webapp.reading import AS_HTMX, owner_in_english, words

DAY = datetime.date(2024, 5, 15)  # a Wednesday
ONE_DAY = datetime.timedelta(days=1)
WEEK_QUERY = "from=2024-05-09&to=2024-05-15"
QUERIES_OF_A_PAGE = 8  # session, outlets, registers, totals, chart, places of the table, its rows, totals of its days


@pytest.fixture
def merchant(engine: sa.Engine) -> TestMerchant:
    """Two outlets; a week with sales on two days, and the week before it with a single sale."""
    merchant = make_merchant(engine)
    open_outlets(engine, merchant.merchant_id, ("Магазин на Немиге", "Киоск"))
    own = merchant.merchant_id
    store(
        engine,
        document(own, "sale", 5978, day=DAY)._replace(discount_minor=122),
        document(own, "sale", 3097, day=DAY, payment="cashless"),
        document(own, "sale", 3312, day=DAY, payment="other", outlet_id=2),
        document(own, "refund", 978, day=DAY),
        document(own, "rollback", 97, day=DAY, payment="cashless"),
        document(own, "sale", 1000, day=DAY, currency="EUR"),
        document(own, "deposit", 70_000, day=DAY, outlet_id=2),
        document(own, "sale", 1_234_567, day=DAY - 3 * ONE_DAY, outlet_id=2),
        document(own, "sale", 100_000, day=DAY - 7 * ONE_DAY),
        document(own, "sale", 9_999_999, day=DAY + ONE_DAY),
    )
    return merchant


@pytest.fixture
def sales(app: Flask, merchant: TestMerchant) -> FlaskClient:
    """The browser of the owner, in English."""
    return owner_in_english(app, merchant)


def part(html: str | TestResponse, pattern: str) -> str:
    """The first piece of the page that fits."""
    text = html if isinstance(html, str) else html.get_data(as_text=True)
    found = re.search(pattern, text, re.DOTALL)
    assert found, f"nothing like {pattern}"
    return found[0]


def read(client: FlaskClient, query: str = WEEK_QUERY, path: str = "/sales") -> str:
    response = client.get(f"{path}?{query}")
    assert response.status_code == 200
    return response.get_data(as_text=True)


def totals(html: str, currency: str = "BYN") -> str:
    return words(part(html, rf'<section class="card sales-total" aria-label="Totals, {currency}">.*?</section>'))


def rows(html: str) -> list[str]:
    return [words(found) for found in re.findall(r'<tr class="sales-(?:day|row)".*?</tr>', html, re.DOTALL)]


def chart(html: str) -> list[str]:
    table = part(html, r'<table class="figures" id="sales-days".*?</table>')
    return [words(found) for found in re.findall(r"<tr>.*?</tr>", table, re.DOTALL)[1:]]


# --- totals ----------------------------------------------------------------------------------------------------------


def test_totals_of_the_period_stand_beside_those_of_the_time_before(sales: FlaskClient) -> None:
    text = totals(read(sales))
    assert "Sales 12,469.54 BYN +1,147.0% before 1,000.00 BYN" in text
    assert "Net 12,458.79 BYN +1,145.9% before 1,000.00 BYN" in text
    assert "Refunds 9.78 BYN before 0.00 BYN" in text
    assert "Annulments 0.97 BYN before 0.00 BYN" in text
    assert "Receipts 6 +500.0% before 1" in text
    assert "Average receipt 3,117.39 BYN +211.7% before 1,000.00 BYN" in text
    assert "Discounts 1.22 BYN before 0.00 BYN" in text


def test_currencies_are_never_added_up(sales: FlaskClient) -> None:
    html = read(sales)
    assert html.index("Totals, BYN") < html.index("Totals, EUR")
    assert "Sales 10.00 EUR Net 10.00 EUR" in totals(html, "EUR")
    assert "There were no receipts in EUR in the same time before: nothing to compare with." in totals(html, "EUR")


def test_time_before_is_named_and_an_unfinished_period_says_so(sales: FlaskClient) -> None:
    text = words(read(sales))
    assert "Before: 2 May 2024 – 8 May 2024." in text
    assert "not over" not in text
    assert "The period is not over: the time before counts in full." in words(read(sales, ""))


def test_without_a_period_the_last_seven_days_are_shown(
    sales: FlaskClient, engine: sa.Engine, merchant: TestMerchant
) -> None:
    for ago in (0, 6, 7, 13, 14):
        store(engine, document(merchant.merchant_id, "sale", 100 + ago, day=today() - ago * ONE_DAY))
    html = read(sales, "")
    assert "Sales 2.06 BYN" in totals(html)
    assert "before 2.20 BYN" in totals(html)
    assert len(chart(html)) == 7
    assert totals(read(sales, "period=week")) == totals(html)


def test_first_days_of_all_have_no_time_before(sales: FlaskClient) -> None:
    text = words(read(sales, "from=2000-01-01&to=2000-01-03"))
    assert "nothing to compare with" in text
    assert "Before:" not in text
    assert "Before: 1 Jan 2000 – 3 Jan 2000." in words(read(sales, "from=2000-01-04&to=2000-01-06"))


# --- the chart -------------------------------------------------------------------------------------------------------


def test_days_without_sales_are_days_with_nothing(sales: FlaskClient) -> None:
    html = read(sales)
    assert chart(html) == [
        "Thu, 9 May 0.00 0.00 0.00",
        "Fri, 10 May 0.00 0.00 0.00",
        "Sat, 11 May 0.00 0.00 0.00",
        "Sun, 12 May 12,345.67 12,345.67 0.00",
        "Mon, 13 May 0.00 0.00 0.00",
        "Tue, 14 May 0.00 0.00 0.00",
        "Wed, 15 May 123.87 113.12 1,000.00",
    ]
    assert re.findall(r'data-value="(\d+)"', html)[-2:] == ["12387", "100000"]


def test_chart_of_a_currency_is_its_own(sales: FlaskClient) -> None:
    html = read(sales, f"{WEEK_QUERY}&currency=EUR")
    assert "Sales by day, EUR" in html
    assert chart(html)[-1] == "Wed, 15 May 10.00 10.00"
    assert "Sales before" not in html


def test_year_is_drawn_by_day_and_longer_periods_by_month(sales: FlaskClient) -> None:
    assert len(chart(read(sales, "from=2023-05-17&to=2024-05-16"))) == 366
    by_month = chart(read(sales, "from=2022-01-01&to=2024-05-15"))
    assert len(by_month) == 29
    assert by_month[-1] == "May 2024 13,469.54 13,458.79"


def test_single_day_is_no_chart(sales: FlaskClient) -> None:
    html = read(sales, f"date={DAY}")
    assert "sales-chart" not in html
    assert "Sales 123.87 BYN" in totals(html)


# --- the table -------------------------------------------------------------------------------------------------------


def test_rows_are_by_day_and_outlet_with_the_days_totals(sales: FlaskClient) -> None:
    euro = "10.00 EUR"
    assert rows(read(sales)) == [
        f"15 May 2024 123.87 BYN {euro} 9.78 BYN 0.00 EUR 0.97 BYN 0.00 EUR 113.12 BYN {euro} 5 1 41.29 BYN {euro}",
        f"Магазин на Немиге 90.75 BYN {euro} 9.78 BYN 0.00 EUR 0.97 BYN 0.00 EUR 80.00 BYN {euro} 4 1 45.38 BYN {euro}",
        "Киоск 33.12 BYN 0.00 BYN 0.00 BYN 33.12 BYN 1 33.12 BYN",
        "12 May 2024 12,345.67 BYN 0.00 BYN 0.00 BYN 12,345.67 BYN 1 12,345.67 BYN",
        "Киоск 12,345.67 BYN 0.00 BYN 0.00 BYN 12,345.67 BYN 1 12,345.67 BYN",
    ]


def test_amounts_of_one_currency_name_it_once(sales: FlaskClient) -> None:
    html = read(sales, f"{WEEK_QUERY}&currency=BYN")
    assert "Amounts in BYN" in html
    assert rows(html)[0] == "15 May 2024 123.87 9.78 0.97 113.12 5 41.29"


def test_rows_of_a_single_outlet_are_its_days(sales: FlaskClient) -> None:
    html = read(sales, f"{WEEK_QUERY}&outlet=2")
    assert rows(html) == [
        "15 May 2024 33.12 0.00 0.00 33.12 1 33.12",
        "12 May 2024 12,345.67 0.00 0.00 12,345.67 1 12,345.67",
    ]
    assert "Sales 12,378.79 BYN" in totals(html)


def test_register_narrows_totals_chart_and_rows(sales: FlaskClient, engine: sa.Engine, merchant: TestMerchant) -> None:
    # A register that has been moved from the first outlet to the second one.
    store(engine, document(merchant.merchant_id, "sale", 500, day=DAY, outlet_id=2)._replace(sko_id=1))
    html = read(sales, f"{WEEK_QUERY}&sko=300000001&currency=BYN")
    assert "Sales 95.75 BYN" in totals(html)
    assert rows(html)[1:] == ["Магазин на Немиге 90.75 9.78 0.97 80.00 4 45.38", "Киоск 5.00 0.00 0.00 5.00 1 5.00"]
    assert chart(html)[-1].startswith("Wed, 15 May 95.75")
    both = read(sales, f"{WEEK_QUERY}&sko=300000001&sko=300000002&currency=BYN")
    assert "Sales 12,474.54 BYN" in totals(both)
    assert "2 registers" in both


def test_business_day_is_the_outlets_own(sales: FlaskClient, engine: sa.Engine, merchant: TestMerchant) -> None:
    """What is sold in the east after midnight there belongs to the next day, whatever the clock in Minsk says."""
    with writing(engine) as connection:
        add_outlet(connection, merchant.merchant_id, name="Восток", address="Омск", time_zone="Asia/Omsk")
    store(engine, document(merchant.merchant_id, "sale", 4242, day=DAY - 2 * ONE_DAY, outlet_id=3)._replace(sko_id=1))
    assert "Восток 42.42" in " ".join(rows(read(sales, f"date={DAY - 2 * ONE_DAY}")))


# --- expanded rows ---------------------------------------------------------------------------------------------------


def detail(html: str, key: str) -> str:
    """From an expanded row to the next row."""
    return html[html.index(f'<tr class="sales-detail" id="detail-{key}">') :].partition('<tr class="sales-row"')[0]


def test_expanded_row_tells_registers_payments_and_kinds(sales: FlaskClient) -> None:
    text = words(sales.get(f"/sales/{DAY}/1", headers=AS_HTMX).get_data(as_text=True))
    assert "By register, BYN" in text
    assert "300000001 90.75 9.78 0.97 80.00 4 45.38" in text
    assert "Cash 1 59.78 65.9% Cashless 1 30.97 34.1% Other 0 0.00 0.0%" in text
    assert "Sales 2 90.75 Refunds 1 9.78 Annulments 1 0.97 Net 4 80.00" in text
    assert "Average receipt 45.38 Discounts 1.22" in text
    assert text.index("By register, BYN") < text.index("By register, EUR")


@pytest.mark.parametrize("query", [WEEK_QUERY, f"sko=300000001&{WEEK_QUERY}&currency=BYN"])
def test_row_on_the_page_is_what_its_address_answers(sales: FlaskClient, query: str) -> None:
    closed = read(sales, query)
    link = part(closed, r'<a class="expander" id="expand-2024-05-15-1".*?</a>')
    address = unescape(re.search(r'hx-get="([^"]+)"', link)[1])  # type: ignore[index]
    toggle = unescape(re.search(r'href="([^"]+)"', link)[1])  # type: ignore[index]
    assert 'aria-expanded="false"' in link
    response = sales.get(address, headers=AS_HTMX)
    fragment = response.get_data(as_text=True).strip()
    opened = sales.get(toggle).get_data(as_text=True)
    assert "HX-Request" in response.headers["Vary"]
    assert fragment.startswith('<tr class="sales-detail" id="detail-2024-05-15-1">')
    assert fragment in opened
    assert fragment in sales.get(address).get_data(as_text=True)
    link = part(opened, r'<a class="expander" id="expand-2024-05-15-1".*?</a>')
    assert 'aria-expanded="true"' in link
    again = sales.get(unescape(re.search(r'href="([^"]+)"', link)[1])).get_data(as_text=True)  # type: ignore[index]
    table = r'<table class="figures sales-table.*</table>'
    assert part(again, table) == part(closed, table)


def test_several_rows_are_open_at_a_time(sales: FlaskClient) -> None:
    html = read(sales, f"{WEEK_QUERY}&open=2024-05-15-1&open=2024-05-12-2")
    assert html.count('class="sales-detail"') == 2
    assert "12,345.67" in words(detail(html, "2024-05-12-2"))


def test_row_without_receipts_says_so(sales: FlaskClient) -> None:
    assert "No receipts." in words(sales.get(f"/sales/{DAY - ONE_DAY}/1").get_data(as_text=True))


@pytest.mark.parametrize(
    "path", ["/sales/2024-02-30/1", "/sales/yesterday/1", "/sales/2024-05-15/3", "/sales/2024-05-15/99999999999"]
)
def test_row_of_no_day_or_outlet_is_not_there(sales: FlaskClient, path: str) -> None:
    assert sales.get(path).status_code == 404
    assert sales.get(path, headers=AS_HTMX).status_code == 404


# --- pages of the table ----------------------------------------------------------------------------------------------


@pytest.fixture
def many(sales: FlaskClient, engine: sa.Engine, merchant: TestMerchant) -> FlaskClient:
    """Eighty outlets that sold on each of three days of 2023."""
    names = tuple(f"Точка {place}" for place in range(3, 81))
    open_outlets(engine, merchant.merchant_id, names, first_sko=300000003)
    days = [datetime.date(2023, 3, day) for day in (1, 2, 3)]
    store(
        engine,
        *(
            document(merchant.merchant_id, "sale", 100 * place, day=day, outlet_id=place)
            for day in days
            for place in range(1, 81)
        ),
    )
    return sales


MARCH = "from=2023-03-01&to=2023-03-05"


def test_further_rows_follow_by_link_and_by_scrolling(many: FlaskClient) -> None:
    html, seen, days = read(many, MARCH), [], []
    while True:
        seen += re.findall(r'data-opens="([^"]+)"', html)
        days.append(re.findall(r"<tbody([^>]*)>\s*<tr class=\"sales-day\"", html))
        more = re.search(r'<a class="btn" href="([^"]+)#sales-table" hx-get="([^"]+)"', html)
        if more is None:
            break
        assert more[1] == more[2]
        address = unescape(more[1])
        html = many.get(address).get_data(as_text=True)
        fragment = many.get(address, headers=AS_HTMX).get_data(as_text=True)
        assert fragment.strip() in html
        assert fragment.strip().startswith("<tbody")
    assert seen == [f"2023-03-0{day}-{place}" for day in (3, 2, 1) for place in range(1, 81)]
    assert [len(found) for found in days] == [1] * 6
    assert [' class="is-continued"' in found for found in days] == [False, True] * 3


def test_totals_of_a_day_are_whole_on_each_of_its_pages(many: FlaskClient) -> None:
    first = read(many, MARCH)
    second = read(many, f"{MARCH}&after=2023-03-03-50")
    assert rows(first)[0] == rows(second)[0]
    assert rows(first)[0].startswith("3 March 2023 3,240.00")


def test_row_that_is_open_further_down_is_on_the_page(many: FlaskClient) -> None:
    html = read(many, f"{MARCH}&open=2023-03-02-60")
    assert "60.00" in words(detail(html, "2023-03-02-60"))
    assert html.count('class="sales-row"') == 160
    assert "sales-detail" not in read(many, f"{MARCH}&open=2022-01-01-1&after=2023-03-01-50")


# --- every number explains itself ------------------------------------------------------------------------------------


def figures(html: str) -> list[tuple[str, str, str]]:
    """Address, text and name of each number that is a link."""
    links = re.findall(r'<a class="figure-link" href="([^"]+)" aria-label="([^"]+)">([^<]+)</a>', html)
    return [(unescape(address), unescape(text), unescape(name)) for address, name, text in links]


def documents_behind(client: FlaskClient, address: str) -> tuple[int, set[str]]:
    """How many documents an address lists, and all numbers that its summary gives."""
    html = client.get(address).get_data(as_text=True)
    if "is-uncounted" in html:
        html = client.get(unescape(re.search(r'id="summary">\s*<a href="([^"]+)"', html)[1])).get_data(as_text=True)  # type: ignore[index]
    summary = part(html, r'<details class="documents-summary".*?</details>')
    cells = [words(cell) for cell in re.findall(r"<td>(.*?)</td>", summary, re.DOTALL)]
    counts = [int(cell) for cell in cells if cell.isdigit()]
    return sum(counts), {cell.removesuffix(" BYN").removesuffix(" EUR") for cell in cells} | {str(sum(counts))}


@pytest.mark.parametrize(
    "query",
    [
        f"{WEEK_QUERY}&open=2024-05-15-1",
        f"{WEEK_QUERY}&outlet=2",
        f"{WEEK_QUERY}&sko=300000001&currency=BYN&open=2024-05-15-1",
    ],
)
def test_every_number_leads_to_exactly_its_documents(sales: FlaskClient, query: str) -> None:
    links = figures(read(sales, query))
    assert len(links) >= 9
    for address, text, name in links:
        count, numbers = documents_behind(sales, address)
        number = text.replace("\N{NO-BREAK SPACE}", " ").removesuffix(" BYN").removesuffix(" EUR")
        assert number in numbers, f"{name}: {address} has {numbers}"
        if "discounts" not in name:
            assert name.endswith(f"Documents: {count}"), f"{name}: {address} has {count}"


def test_number_is_named_for_those_who_only_hear_it(sales: FlaskClient) -> None:
    names = {name.replace("\N{NO-BREAK SPACE}", " ") for _, _, name in figures(read(sales))}
    assert "33.12 BYN: Sales, 15 May 2024, Киоск. Documents: 1" in names
    assert "12,469.54 BYN: Sales, 9 May 2024 – 15 May 2024. Documents: 4" in names


def test_nothing_sold_leads_nowhere(sales: FlaskClient) -> None:
    assert not [text for _, text, _ in figures(read(sales)) if re.match(r"0\b(?!\.[1-9])(?!\.0[1-9])", text)]


# --- filters ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "kept", "sentence"),
    [
        ("from=2024-02-30&to=2024-03-01", 'value="2024-02-30"', "There is no such date"),
        ("from=2024-05-15&to=2024-05-09", 'value="2024-05-09"', "The period ends before it starts"),
        ("from=1900-01-01", 'value="1900-01-01"', "There are no documents before"),
        ("period=decade", "", "There is no such period"),
        ("outlet=77", '<option value="77" selected>', "You have no such outlet"),
        ("sko=999", "", "You have no register with such a number"),
        ("sko=" + "9" * 10_000, "", "You have no register with such a number"),
        ("sko=9%00", "", "You have no register with such a number"),
        ("outlet=%3Cscript%3E", '<option value="&lt;script&gt;" selected>', "You have no such outlet"),
    ],
)
def test_wrong_filter_comes_back_with_a_sentence(sales: FlaskClient, query: str, kept: str, sentence: str) -> None:
    for headers in ({}, AS_HTMX):
        response = sales.get(f"/sales?{query}", headers=headers)
        page = response.get_data(as_text=True)
        assert response.status_code == 400
        assert kept in page
        assert sentence in unescape(page)
        assert 'aria-invalid="true"' in page
        assert "There is nothing to show for these filters" in page


@pytest.mark.parametrize(
    "query", ["after=2024-05-15", "after=2024-02-30-1", "open=x", "after=", "open=2024-05-15-0", "open=" + "9" * 5000]
)
def test_place_that_none_is_is_refused(sales: FlaskClient, query: str) -> None:
    assert sales.get(f"/sales?{query}").status_code == 400


def test_of_very_many_open_rows_the_last_ones_stay_open(many: FlaskClient) -> None:
    keys = [f"2023-03-03-{place}" for place in range(1, 52)]
    html = read(many, MARCH + "".join(f"&open={key}" for key in keys))
    assert re.findall(r'<tr class="sales-detail" id="detail-([^"]+)"', html) == keys[1:]


def test_wrong_register_of_a_row_is_said(sales: FlaskClient) -> None:
    for number in ("999", "9%00"):
        response = sales.get(f"/sales/{DAY}/1?sko={number}")
        assert response.status_code == 400
        assert "You have no register with such a number." in words(response.get_data(as_text=True))


def test_other_merchants_outlets_and_registers_are_unknown(app: Flask, sales: FlaskClient, engine: sa.Engine) -> None:
    stranger = make_merchant(engine, "100320487", name="ООО Чужой")
    open_outlets(engine, stranger.merchant_id, ("А", "Б", "Чужая точка"), first_sko=400000001)
    store(engine, *(document(stranger.merchant_id, "sale", 77_777, day=DAY, outlet_id=place) for place in (1, 2, 3)))
    assert sales.get(f"/sales?{WEEK_QUERY}&outlet=3").status_code == 400
    assert sales.get(f"/sales?{WEEK_QUERY}&sko=400000001").status_code == 400
    assert sales.get(f"/sales/{DAY}/3").status_code == 404
    assert "777.77" not in read(sales, f"{WEEK_QUERY}&open=2024-05-15-1&open=2024-05-15-2&open=2024-05-15-3")
    assert "777.77" not in sales.get(f"/sales/{DAY}/1").get_data(as_text=True)


def test_htmx_gets_the_answer_with_fresh_filters_and_a_short_address(sales: FlaskClient) -> None:
    sent = f"outlet=&sko=300000001&period=week&{WEEK_QUERY}"
    response = sales.get(f"/sales?{sent}", headers=AS_HTMX)
    html = response.get_data(as_text=True)
    assert "<html" not in html
    assert 'id="filters"' in html
    assert html.count('hx-swap-oob="outerMorph"') == 2
    assert response.headers["HX-Push-Url"] == "/sales?sko=300000001&period=week"
    shown = AS_HTMX | {"HX-Current-URL": "http://localhost/sales?sko=300000001&period=week"}
    assert sales.get(f"/sales?{sent}", headers=shown).headers["HX-Push-Url"] == "false"
    assert "hx-swap-oob" not in read(sales)


def test_currency_stays_when_a_filter_changes(sales: FlaskClient) -> None:
    html = read(sales, f"{WEEK_QUERY}&currency=EUR")
    assert '<input type="hidden" name="currency" value="EUR">' in html
    choice = part(html, r'<nav class="sales-currencies".*?</nav>')
    assert re.findall(r">([A-Z][^<]*)</a>", choice) == ["All currencies", "BYN", "EUR"]
    assert words(part(choice, r'<a [^>]*aria-current="true">[^<]*</a>')) == "EUR"
    assert "sales-currencies" not in read(sales, f"{WEEK_QUERY}&outlet=2")


# --- nothing yet -----------------------------------------------------------------------------------------------------


def test_merchant_without_outlets_is_told_what_comes(logged_in_client: FlaskClient) -> None:
    logged_in_client.set_cookie("language", "en")
    assert "No outlets and registers yet" in words(read(logged_in_client, ""))


def test_period_without_receipts_says_so(sales: FlaskClient) -> None:
    html = read(sales, "date=2023-01-10")
    assert "No receipts in these days" in html
    assert "Sales 0.00 BYN" in totals(html)
    assert "sales-table" not in html


# --- cost ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "count"),
    [
        (f"/sales?{WEEK_QUERY}", QUERIES_OF_A_PAGE),
        (f"/sales?{WEEK_QUERY}&outlet=2&sko=300000002", QUERIES_OF_A_PAGE),
        (f"/sales?{WEEK_QUERY}&open=2024-05-15-1&open=2024-05-15-2", QUERIES_OF_A_PAGE + 1),
        (f"/sales?{WEEK_QUERY}&after=2024-05-15-1", QUERIES_OF_A_PAGE - 1),
        ("/sales?date=2023-01-10", 4),
        ("/sales?date=nonsense", 3),
        (f"/sales/{DAY}/1", 3),
        (f"/sales/{DAY}/1?sko=300000001", 4),
    ],
)
def test_queries_of_each_address(sales: FlaskClient, count_queries: CountQueries, path: str, count: int) -> None:
    with count_queries() as queries:
        sales.get(path, headers=AS_HTMX if "after" in path or "/sales/" in path else {})
    assert len(queries) == count, path + "\n".join(queries)


def test_number_of_queries_does_not_grow_with_the_shop(many: FlaskClient, count_queries: CountQueries) -> None:
    with count_queries() as queries:
        read(many, "from=2022-06-01&to=2024-05-16")
    assert len(queries) == QUERIES_OF_A_PAGE


@pytest.mark.parametrize("language", ["ru", "be", "en"])
def test_sales_are_written_in_every_language(sales: FlaskClient, language: str) -> None:
    sales.set_cookie("language", language)
    assert sales.get(f"/sales?{WEEK_QUERY}&open=2024-05-15-1").status_code == 200
