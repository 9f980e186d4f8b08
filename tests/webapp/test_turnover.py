"""Turnover: totals beside the period before, outlets for the chart, registers with their details, filters and order."""

import datetime
import re
from html import unescape

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from sql.engine import writing
from sql.skos import add_sko
from tests.accounts import TestMerchant, make_merchant
from tests.shop import document, open_outlets, store
from tests.webapp.conftest import CountQueries
from tests.webapp.reading import AS_HTMX, owner_in_english, words

DAY = datetime.date(2024, 5, 15)
MAY = "from=2024-05-01&to=2024-05-15"
QUERIES_OF_A_PAGE = 5  # session, outlets, sums by register, sums before, registers
QUERIES_OF_A_ROW = 4  # session, outlets, register, its days


@pytest.fixture
def merchant(engine: sa.Engine) -> TestMerchant:
    """Two outlets with a register each; register 1 stood at the second one before; register 3 has sold nothing."""
    merchant = make_merchant(engine)
    own = merchant.merchant_id
    open_outlets(engine, own, ("Магазин на Немиге", "Киоск"))
    with writing(engine) as connection:
        add_sko(connection, own, number="300000003", outlet_id=2, model="smart_x")
    store(
        engine,
        document(own, "sale", 5978, day=DAY),
        document(own, "sale", 3097, day=DAY, payment="cashless")._replace(discount_minor=100),
        document(own, "refund", 978, day=DAY),
        document(own, "rollback", 97, day=DAY, payment="cashless"),
        document(own, "deposit", 70_000, day=DAY),
        document(own, "sale", 3312, day=DAY.replace(day=2), payment="other", outlet_id=2),
        document(own, "sale", 4000, day=DAY.replace(day=3), outlet_id=2)._replace(sko_id=1),
        document(own, "sale", 1000, day=DAY, currency="EUR"),
        document(own, "sale", 10_000, day=datetime.date(2024, 4, 20)),
        document(own, "sale", 99_999, day=datetime.date(2024, 4, 1)),
    )
    return merchant


@pytest.fixture
def turnover(app: Flask, merchant: TestMerchant) -> FlaskClient:
    """The browser of the owner, in English."""
    return owner_in_english(app, merchant)


def section(response: TestResponse, title_id: str) -> str:
    """A card of the page, as HTML."""
    found = re.search(
        rf'<section [^>]*aria-labelledby="{title_id}".*?</section>', response.get_data(as_text=True), re.DOTALL
    )
    assert found, f"no card {title_id}"
    return found[0]


def rows(response: TestResponse, currency: str = "BYN") -> list[str]:
    """The rows of the table of registers, as text."""
    table = section(response, f"registers-{currency}-title")
    return [words(row) for row in re.findall(r'<tr id="row-.*?</tr>', table, re.DOTALL)]


def numbers(response: TestResponse, currency: str = "BYN") -> list[str]:
    return [row.split()[0] for row in rows(response, currency)]


# --- totals ----------------------------------------------------------------------------------------------------------


def test_totals_are_gross_and_net_beside_the_period_before(turnover: FlaskClient) -> None:
    text = words(section(turnover.get(f"/turnover?{MAY}"), "turnover-sums-title"))
    assert "In all 163.87 BYN before 100.00 BYN (+63.9%)" in text
    assert "Net of refunds and annulments 153.12 BYN before 100.00 BYN (+53.1%)" in text
    assert "Receipts 6 Refunds 9.78 BYN Annulments 0.97 BYN" in text
    assert "Before: 16 Apr 2024 – 30 Apr 2024." in text


def test_currencies_stand_apart_with_byn_first(turnover: FlaskClient) -> None:
    response = turnover.get(f"/turnover?{MAY}")
    text = words(section(response, "turnover-sums-title"))
    assert text.index("163.87 BYN") < text.index("10.00 EUR")
    assert "173.87" not in response.get_data(as_text=True)
    assert numbers(response, "EUR") == ["300000001"]


def test_outlets_and_registers_are_counted_whether_they_sell_or_not(turnover: FlaskClient) -> None:
    response = turnover.get(f"/turnover?{MAY}")
    assert words(section(response, "turnover-outlets-title")) == "Outlets 2 with receipts: 2"
    assert words(section(response, "turnover-skos-title")) == "Registers 3 with receipts: 2"
    response = turnover.get(f"/turnover?{MAY}&outlet=1")
    assert words(section(response, "turnover-outlets-title")) == "Outlets 1 with receipts: 1"
    assert words(section(response, "turnover-skos-title")) == "Registers 1 with receipts: 1"


def test_currency_that_was_used_only_before_is_still_compared(
    turnover: FlaskClient, engine: sa.Engine, merchant: TestMerchant
) -> None:
    store(engine, document(merchant.merchant_id, "sale", 500, day=datetime.date(2024, 4, 20), currency="USD"))
    text = words(section(turnover.get(f"/turnover?{MAY}"), "turnover-sums-title"))
    assert "In all 0.00 USD before 5.00 USD (\N{MINUS SIGN}100.0%)" in text


def test_first_days_of_all_have_nothing_to_be_compared_with(turnover: FlaskClient) -> None:
    text = words(section(turnover.get("/turnover?from=2000-01-01&to=2024-05-15"), "turnover-sums-title"))
    assert "In all 1,263.86 BYN" in text
    assert "before" not in text.lower()


def test_unfinished_period_says_so(turnover: FlaskClient) -> None:
    assert "The period is not over" in words(section(turnover.get("/turnover"), "turnover-sums-title"))
    assert "The period is not over" not in words(section(turnover.get(f"/turnover?{MAY}"), "turnover-sums-title"))


# --- outlets ---------------------------------------------------------------------------------------------------------


def test_chart_is_the_table_of_outlets(turnover: FlaskClient) -> None:
    card = section(turnover.get(f"/turnover?{MAY}"), "turnover-BYN-title")
    assert 'data-chart-of="turnover-BYN-table"' in card
    assert 'data-chart="half-doughnut"' in card
    assert re.findall(r'data-value="(\d+)"', card) == ["9075", "7312"]
    assert "Магазин на Немиге 90.75 80.00 55.4%" in words(card)
    assert "Киоск 73.12 73.12 44.6%" in words(card)


def test_outlets_beyond_the_largest_are_one_slice_that_leads_to_the_table(
    turnover: FlaskClient, engine: sa.Engine, merchant: TestMerchant
) -> None:
    open_outlets(engine, merchant.merchant_id, tuple(f"Точка {place}" for place in range(3, 15)), first_sko=300000010)
    store(
        engine,
        *(
            document(merchant.merchant_id, "sale", 1000 + place, day=DAY, outlet_id=place)._replace(sko_id=place + 1)
            for place in range(3, 15)
        ),
    )
    card = section(turnover.get(f"/turnover?{MAY}"), "turnover-BYN-title")
    assert card.count("data-value=") == 9
    assert "6 other outlets 60.33 60.33" in words(card)
    rest = re.search(r'<tr data-rest>.*?href="([^"]+)"', card, re.DOTALL)
    assert rest
    assert unescape(rest[1]) == "/turnover?from=2024-05-01&to=2024-05-15&sort=outlet&show=all#registers-BYN"
    everything = turnover.get(unescape(rest[1]))
    assert "300000021" in numbers(everything)


def test_period_without_receipts_has_zeros_and_no_chart(turnover: FlaskClient) -> None:
    response = turnover.get("/turnover?date=2023-01-10")
    card = section(response, "turnover-BYN-title")
    assert "data-chart-of" not in card
    assert "Киоск 0.00 0.00 0.0%" in words(card)
    assert numbers(response) == ["300000001", "300000002", "300000003"]


# --- registers -------------------------------------------------------------------------------------------------------


def test_registers_stand_by_net_turnover_and_idle_ones_last(turnover: FlaskClient) -> None:
    assert rows(turnover.get(f"/turnover?{MAY}")) == [
        "300000001 Smart Магазин на Немиге 90.75 9.78 0.97 80.00 4 55.4%",
        "300000001 Smart Киоск now at Магазин на Немиге 40.00 0.00 0.00 40.00 1 24.4%",
        "300000002 Smart Киоск 33.12 0.00 0.00 33.12 1 20.2%",
        "300000003 Smart X Киоск 0.00 0.00 0.00 0.00 0 0.0%",
    ]


def test_table_has_a_total(turnover: FlaskClient) -> None:
    table = section(turnover.get(f"/turnover?{MAY}"), "registers-BYN-title")
    assert "Total 163.87 9.78 0.97 153.12 6 100.0%" in words(table)


@pytest.mark.parametrize(
    ("sort", "direction", "expected"),
    [
        ("net", "descending", ["1-300000001", "2-300000001", "2-300000002", "2-300000003"]),
        ("-net", "ascending", ["2-300000002", "2-300000001", "1-300000001", "2-300000003"]),
        ("number", "ascending", ["1-300000001", "2-300000001", "2-300000002", "2-300000003"]),
        ("-number", "descending", ["2-300000003", "2-300000002", "1-300000001", "2-300000001"]),
        ("outlet", "ascending", ["2-300000001", "2-300000002", "2-300000003", "1-300000001"]),
        ("-outlet", "descending", ["1-300000001", "2-300000001", "2-300000002", "2-300000003"]),
    ],
)
def test_order_is_chosen_by_link(turnover: FlaskClient, sort: str, direction: str, expected: list[str]) -> None:
    page = turnover.get(f"/turnover?{MAY}&sort={sort}").get_data(as_text=True)
    assert re.findall(r'<tr id="row-(.+?)-BYN"', page) == expected
    assert page.count("aria-sort=") == 2  # a table for BYN and one for EUR
    assert f'aria-sort="{direction}"' in page


def test_links_of_the_order_turn_it_round(turnover: FlaskClient) -> None:
    page = turnover.get(f"/turnover?{MAY}&sort=number").get_data(as_text=True)
    addresses = dict(re.findall(r'id="sort-BYN-(\w+)" href="([^"#]+)', page))
    assert unescape(addresses["number"]).endswith("&sort=-number")
    assert unescape(addresses["outlet"]).endswith("&sort=outlet")
    assert unescape(addresses["net"]) == f"/turnover?{MAY}"


def test_many_registers_show_the_first_and_all_on_demand(
    turnover: FlaskClient, engine: sa.Engine, merchant: TestMerchant
) -> None:
    with writing(engine) as connection:
        for place in range(4, 61):
            add_sko(connection, merchant.merchant_id, number=str(300000000 + place), outlet_id=1, model="fm")
    response = turnover.get(f"/turnover?{MAY}")
    assert len(rows(response)) == 25
    assert "Show all 61 registers" in words(response.get_data(as_text=True))
    response = turnover.get(f"/turnover?{MAY}&show=all")
    assert len(rows(response)) == 61
    assert "Show only the first 25 registers" in words(response.get_data(as_text=True))


# --- a row that is expanded ------------------------------------------------------------------------------------------

ROW = f"/turnover/1/300000001?currency=BYN&{MAY}"


def test_row_expands_into_payments_drawer_and_days(turnover: FlaskClient) -> None:
    text = words(turnover.get(ROW, headers=AS_HTMX).get_data(as_text=True))
    assert "Cash 59.78 1 receipt 9.78 1 receipt 0.00 50.00" in text
    assert "Cashless 30.97 1 receipt 0.00 0.97 1 receipt 30.00" in text
    assert "Total 90.75 2 receipts 9.78 1 receipt 0.97 1 receipt 80.00" in text
    assert "Average receipt 45.38 BYN Discounts on sales 1.00 BYN" in text
    assert "Deposits 700.00 BYN Withdrawals 0.00 BYN Payouts against cards 0.00 BYN" in text
    assert "First day with sales 15 May 2024 Last day with sales 15 May 2024" in text
    assert "By day Day Sales Net Receipts Wed, 15 May 90.75 80.00 4" in text


def test_row_of_a_long_period_lists_months(turnover: FlaskClient) -> None:
    text = words(turnover.get("/turnover/1/300000001?from=2024-04-10&to=2024-05-15", headers=AS_HTMX).text)
    assert "By month Month Sales Net Receipts May 2024 90.75 80.00 4 April 2024 100.00 100.00 1" in text
    assert "First day with sales 20 Apr 2024" in text


def test_months_at_the_ends_lead_to_the_days_that_were_asked_for(turnover: FlaskClient) -> None:
    html = unescape(turnover.get("/turnover/1/300000001?from=2024-04-10&to=2024-05-15", headers=AS_HTMX).text)
    assert "from=2024-04-10&to=2024-04-30" in html
    assert "from=2024-05-01&to=2024-05-15" in html


def test_row_of_a_former_outlet_is_its_own(turnover: FlaskClient) -> None:
    text = words(turnover.get(f"/turnover/2/300000001?{MAY}", headers=AS_HTMX).text)
    assert "Total 40.00 1 receipt" in text


def test_idle_row_has_zeros(turnover: FlaskClient) -> None:
    text = words(turnover.get(f"/turnover/2/300000003?{MAY}", headers=AS_HTMX).text)
    assert "Total 0.00 0.00 0.00 0.00" in text
    assert "First day with sales – none" in text


def test_open_row_is_on_the_page_what_its_address_answers(turnover: FlaskClient) -> None:
    page = turnover.get(f"/turnover?{MAY}&open=1-300000001-BYN").text
    fragment = turnover.get(ROW, headers=AS_HTMX).text.strip()
    assert fragment.startswith('<tr class="detail" id="detail-1-300000001-BYN">')
    assert fragment in page
    assert page.count('aria-expanded="true"') == 1


def test_link_of_a_row_opens_and_closes_it_without_javascript(turnover: FlaskClient) -> None:
    page = turnover.get(f"/turnover?{MAY}").text
    opening = re.search(r'<a class="opener" href="([^"]+)" data-opens="1-300000001-BYN"', page)
    assert opening
    address = unescape(opening[1])
    assert address == f"/turnover?{MAY}&open=1-300000001-BYN#row-1-300000001-BYN"
    closing = re.search(r'<a class="opener" href="([^"]+)" data-opens="1-300000001-BYN"', turnover.get(address).text)
    assert closing
    assert unescape(closing[1]) == f"/turnover?{MAY}#row-1-300000001-BYN"


def test_row_is_a_page_of_its_own_as_well(turnover: FlaskClient) -> None:
    page = turnover.get(ROW).text
    assert "<html" in page
    assert "Register 300000001 at Магазин на Немиге, 1 May 2024 – 15 May 2024" in words(page)
    assert turnover.get(ROW, headers=AS_HTMX).headers["Vary"].startswith("HX-Request")


@pytest.mark.parametrize(
    "path",
    [
        "/turnover/77/300000001",
        "/turnover/1/300009999",
        "/turnover/1/%00",
        "/turnover/1/абв",
        "/turnover/1/" + "9" * 300,
        "/turnover/99999999999999999999/300000001",
    ],
)
def test_unknown_row_is_not_there(turnover: FlaskClient, path: str) -> None:
    assert turnover.get(path).status_code == 404


@pytest.mark.parametrize(
    "query", ["from=2024-02-30", "currency=XXX", "period=century", "from=2024-05-02&to=2024-05-01"]
)
def test_row_of_nonsense_is_refused(turnover: FlaskClient, query: str) -> None:
    assert turnover.get(f"/turnover/1/300000001?{query}").status_code == 400


# --- filters ---------------------------------------------------------------------------------------------------------


def test_outlet_narrows_everything(turnover: FlaskClient) -> None:
    response = turnover.get(f"/turnover?{MAY}&outlet=2")
    assert "In all 73.12 BYN before 0.00 BYN" in words(section(response, "turnover-sums-title"))
    assert numbers(response) == ["300000001", "300000002", "300000003"]
    assert "Немиге" not in words(section(response, "turnover-BYN-title"))
    assert "1 May 2024 – 15 May 2024, Киоск" in words(response.text)


@pytest.mark.parametrize("name", ["today", "yesterday", "week", "month", "quarter", "year"])
def test_periods_have_names(turnover: FlaskClient, name: str) -> None:
    page = turnover.get(f"/turnover?period={name}").text
    assert f'<option value="{name}" selected>' in page


def test_month_to_date_is_the_usual_period(turnover: FlaskClient) -> None:
    assert '<option value="month" selected>' in turnover.get("/turnover").text


@pytest.mark.parametrize(
    ("query", "kept", "sentence"),
    [
        ("from=2024-02-30", 'value="2024-02-30"', "There is no such date"),
        ("date=1900-01-01", "", "There are no documents before"),
        ("to=9999-12-31", 'value="9999-12-31"', "This day has not come yet"),
        ("from=2024-05-02&to=2024-05-01", 'value="2024-05-02"', "The period ends before it starts"),
        ("period=century", "", "There is no such period"),
        ("outlet=77", '<option value="77" selected>', "You have no such outlet"),
        ("outlet=" + "9" * 3000, "", "You have no such outlet"),
        ("outlet=%3Cscript%3E", '<option value="&lt;script&gt;" selected>', "You have no such outlet"),
    ],
)
def test_wrong_filter_comes_back_with_a_sentence(turnover: FlaskClient, query: str, kept: str, sentence: str) -> None:
    for headers in ({}, AS_HTMX):
        response = turnover.get(f"/turnover?{query}", headers=headers)
        assert response.status_code == 400
        assert kept in response.text
        assert sentence in response.text
        assert "There is nothing to show for these filters" in response.text


@pytest.mark.parametrize(
    "query",
    ["sort=size", "sort=--net", "show=some", "open=nonsense", "open=1-1-BYN'"],
)
def test_unknown_view_is_refused(turnover: FlaskClient, query: str) -> None:
    assert turnover.get(f"/turnover?{query}").status_code == 400


def test_of_very_many_open_rows_the_last_ones_stay_open(turnover: FlaskClient) -> None:
    others = "".join(f"&open=9-{number}-BYN" for number in range(1, 50))
    opened = turnover.get(f"/turnover?{MAY}&open=1-300000001-BYN{others}").text
    folded = turnover.get(f"/turnover?{MAY}&open=1-300000001-BYN{others}&open=9-50-BYN").text
    assert ('class="detail"' in opened, 'class="detail"' in folded) == (True, False)


def test_row_that_is_not_there_stays_closed(turnover: FlaskClient) -> None:
    response = turnover.get(f"/turnover?{MAY}&open=9-999-BYN")
    assert response.status_code == 200
    assert 'class="detail"' not in response.text


def test_other_merchants_turnover_never_appears(app: Flask, turnover: FlaskClient, engine: sa.Engine) -> None:
    stranger = make_merchant(engine, "100320487", name="ООО Чужой")
    open_outlets(engine, stranger.merchant_id, ("А", "Б", "Чужая точка"), first_sko=400000001)
    store(engine, *(document(stranger.merchant_id, "sale", 77_777, day=DAY, outlet_id=place) for place in (1, 2, 3)))
    page = turnover.get(f"/turnover?{MAY}&show=all").text
    assert "777.77" not in page
    assert "Чужая точка" not in page
    assert turnover.get(f"/turnover?{MAY}&outlet=3").status_code == 400
    assert turnover.get(f"/turnover/1/400000001?{MAY}").status_code == 404
    assert turnover.get(f"/turnover/3/400000003?{MAY}").status_code == 404


def test_merchant_without_outlets_is_told_what_comes(logged_in_client: FlaskClient) -> None:
    logged_in_client.set_cookie("language", "en")
    assert "No outlets and registers yet" in words(logged_in_client.get("/turnover").text)


# --- fragments -------------------------------------------------------------------------------------------------------


def test_htmx_gets_the_answer_and_the_filters_without_the_page(turnover: FlaskClient) -> None:
    response = turnover.get(f"/turnover?{MAY}", headers=AS_HTMX)
    assert "<html" not in response.text
    assert 'id="turnover"' in response.text
    assert 'hx-swap-oob="outerMorph"' in response.text
    assert "hx-swap-oob" not in turnover.get("/turnover").text


def test_address_is_without_idle_days_and_the_same_one_is_no_new_place_in_history(turnover: FlaskClient) -> None:
    asked = "/turnover?outlet=&period=year&from=2024-05-01&to=2024-05-15"
    pushed = turnover.get(asked, headers=AS_HTMX).headers["HX-Push-Url"]
    assert pushed == "/turnover?period=year"
    shown = AS_HTMX | {"HX-Current-URL": f"http://localhost{pushed}"}
    assert turnover.get(asked, headers=shown).headers["HX-Push-Url"] == "false"


# --- cost ------------------------------------------------------------------------------------------------------------


def test_queries_of_each_address(turnover: FlaskClient, count_queries: CountQueries) -> None:
    for path, count in (
        (f"/turnover?{MAY}", QUERIES_OF_A_PAGE),
        ("/turnover?period=year&show=all&sort=number", QUERIES_OF_A_PAGE),
        (f"/turnover?{MAY}&outlet=2", QUERIES_OF_A_PAGE),
        (f"/turnover?{MAY}&open=1-300000001-BYN&open=2-300000002-BYN", QUERIES_OF_A_PAGE + 2),
        ("/turnover?date=nonsense", 3),
        (ROW, QUERIES_OF_A_ROW),
    ):
        with count_queries() as queries:
            turnover.get(path)
        assert len(queries) == count, path + "\n".join(queries)


def test_documents_are_never_read(turnover: FlaskClient, count_queries: CountQueries) -> None:
    with count_queries() as queries:
        turnover.get(f"/turnover?{MAY}&open=1-300000001-BYN")
    assert not [query for query in queries if re.search(r"\bFROM document\b", query)]
    assert sum("turnover_month" in query for query in queries) == 1
    assert sum("turnover_day" in query for query in queries) == 1


@pytest.mark.parametrize("language", ["ru", "be", "en"])
def test_turnover_is_written_in_every_language(turnover: FlaskClient, language: str) -> None:
    turnover.set_cookie("language", language)
    assert turnover.get(f"/turnover?{MAY}&open=1-300000001-BYN").status_code == 200
    assert turnover.get(ROW).status_code == 200
