"""Home: its figures, its filters, its blocks one by one, and how it learns that something has changed."""

import datetime
import re
from html import unescape

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from sql.engine import writing
from tests.accounts import TestMerchant, make_merchant
from tests.shop import document, open_outlets, store, today
from tests.webapp.conftest import CountQueries
from tests.webapp.reading import AS_HTMX, owner_in_english, words

DAY = datetime.date(2024, 5, 15)  # a Wednesday, the 45th day of its quarter
WEEK = datetime.timedelta(days=7)
BLOCKS = ("day", "sales", "week", "receipts", "last", "quarter")
QUERIES_OF_A_PAGE = 5  # session, outlets, days, quarter, last document; one more to find an outlet's last day


@pytest.fixture
def merchant(engine: sa.Engine) -> TestMerchant:
    """Two outlets and a day of seven receipts, with a week before it to compare with."""
    merchant = make_merchant(engine)
    open_outlets(engine, merchant.merchant_id, ("Магазин на Немиге", "Киоск"))
    own = merchant.merchant_id
    store(
        engine,
        document(own, "sale", 100_000, day=DAY - WEEK),
        document(own, "sale", 5978, day=DAY),
        document(own, "sale", 3097, day=DAY, payment="cashless"),
        document(own, "sale", 3312, day=DAY, payment="other", outlet_id=2),
        document(own, "refund", 978, day=DAY),
        document(own, "rollback", 97, day=DAY, payment="cashless"),
        document(own, "sale", 1000, day=DAY, currency="EUR"),
        document(own, "deposit", 70_000, day=DAY, outlet_id=2),
        document(own, "sale", 1_234_567, day=DAY.replace(month=4, day=1)),
        document(own, "sale", 9_999_999, day=DAY.replace(month=3, day=31)),
    )
    return merchant


@pytest.fixture
def home(app: Flask, merchant: TestMerchant) -> FlaskClient:
    """The browser of the owner, in English."""
    return owner_in_english(app, merchant)


def block_of(response: TestResponse, name: str) -> str:
    """A block's HTML within a page or a fragment."""
    found = re.search(
        rf'<section class="[^"]*" id="home-{name}".*?</section>', response.get_data(as_text=True), re.DOTALL
    )
    assert found, f"no block {name}"
    return found[0]


def read_block(client: FlaskClient, name: str, query: str = f"date={DAY}") -> str:
    return words(block_of(client.get(f"/home/{name}?{query}"), name))


def version_of(response: TestResponse) -> str:
    found = re.search(r"version=([0-9a-f]+)", response.get_data(as_text=True))
    assert found
    return found[1]


# --- figures ---------------------------------------------------------------------------------------------------------


def test_turnover_of_the_day_is_gross_and_net_in_each_currency(home: FlaskClient) -> None:
    text = read_block(home, "day")
    assert "In all 123.87 BYN Net of refunds and annulments 113.12 BYN Refunds 9.78 BYN Annulments 0.97 BYN" in text
    assert text.index("BYN") < text.index("In all 10.00 EUR")


def test_day_is_compared_with_the_same_weekday_a_week_earlier(home: FlaskClient) -> None:
    text = read_block(home, "day")
    assert "Net a week earlier, Wed, 8 May 1,000.00 BYN (\N{MINUS SIGN}88.7%)" in text
    assert "0.00 EUR" in text


def test_unfinished_day_is_not_compared_by_percentage(
    home: FlaskClient, engine: sa.Engine, merchant: TestMerchant
) -> None:
    store(
        engine,
        document(merchant.merchant_id, "sale", 500),
        document(merchant.merchant_id, "sale", 1000, day=today() - WEEK),
    )
    text = read_block(home, "day", "")
    assert "In all 5.00 BYN" in text
    assert "10.00 BYN The day is not over" in text
    assert "%" not in text


def test_receipts_are_counted_by_kind(home: FlaskClient) -> None:
    assert read_block(home, "receipts") == "Receipts of the day 6 Sales 4 Refunds 1 Annulments 1"


def test_sale_receipts_are_averaged_and_split_by_payment(home: FlaskClient) -> None:
    text = read_block(home, "sales")
    assert "Receipts 3 Average receipt 41.29 BYN" in text
    assert "Cash 1 59.78 48.3% Cashless 1 30.97 25.0% Other 1 33.12 26.7%" in text


def test_week_is_seven_days_up_to_the_chosen_one(home: FlaskClient) -> None:
    block = block_of(home.get(f"/home/week?date={DAY}"), "week")
    assert words(block).startswith("Sales of the week 9 May 2024 – 15 May 2024")
    assert re.findall(r'data-value="(\d+)"', block)[::2] == ["0", "0", "0", "0", "0", "0", "12387"]
    assert "Wed, 15 May 123.87 113.12 10.00 10.00" in words(block)


def test_chart_shows_one_currency_only(home: FlaskClient) -> None:
    block = block_of(home.get(f"/home/week?date={DAY}"), "week")
    assert block.count("data-series") == 1
    assert re.search(r"data-series>Sales, BYN<", block)


def test_quarter_is_by_outlet_with_shares(home: FlaskClient) -> None:
    text = read_block(home, "quarter")
    assert "Quarter 2 of 2024, 1 Apr 2024 – 15 May 2024" in text
    assert "Магазин на Немиге 13,436.42 9.78 0.97 13,425.67 6 99.8% Киоск 33.12 0.00 0.00 33.12 1 0.2%" in text
    assert "Total 13,469.54 9.78 0.97 13,458.79 7 100.0%" in text


def test_last_document_is_told_as_on_its_receipt(home: FlaskClient, engine: sa.Engine, merchant: TestMerchant) -> None:
    assert "Operation “Deposit” for 700.00 BYN" in read_block(home, "last", f"date={DAY}&outlet=2")
    store(engine, document(merchant.merchant_id, "sale", 5978, payment="cashless", outlet_id=2))
    text = read_block(home, "last", "")
    assert "Receipt “Cashless sale” for 59.78 BYN" in text
    assert "Register 300000002" in text
    assert "Outlet Киоск" in text


def test_every_type_of_document_has_its_words_and_icon(
    home: FlaskClient, engine: sa.Engine, merchant: TestMerchant
) -> None:
    for type_, payment, sentence in (
        ("sale", "cash", "Receipt “Sale in cash” for 59.78 BYN"),
        ("sale", "other", "Receipt “Sale by other means” for 59.78 BYN"),
        ("refund", "cash", "Receipt “Refund in cash” for 59.78 BYN"),
        ("rollback", "cashless", "Receipt “Annulment of a cashless sale” for 59.78 BYN"),
        ("withdrawal", "", "Operation “Withdrawal” for 59.78 BYN"),
        ("payout", "", "Operation “Payout against a card” for 59.78 BYN"),
        ("shift_open", "", "Shift opened"),
        ("z_report", "", "Shift closed, Z-report printed"),
    ):
        store(engine, document(merchant.merchant_id, type_, 5978, payment=payment))
        block = block_of(home.get("/home/last"), "last")
        assert sentence in words(block)
        assert re.search(r'<use href="[^"]+#[a-z-]+"', block), type_


def test_receipt_paid_in_two_ways_or_for_nothing_is_named_so(
    home: FlaskClient, engine: sa.Engine, merchant: TestMerchant
) -> None:
    store(engine, document(merchant.merchant_id, "sale", 1000)._replace(cash_minor=400, cashless_minor=600))
    assert "“Sale by several means”" in read_block(home, "last", "")
    store(engine, document(merchant.merchant_id, "sale", 0))
    assert "Receipt “Sale” for 0.00 BYN" in read_block(home, "last", "")


# --- where its numbers lead ------------------------------------------------------------------------------------------


def test_outlet_of_the_quarter_leads_to_its_turnover(home: FlaskClient) -> None:
    block = unescape(block_of(home.get(f"/home/quarter?date={DAY}"), "quarter"))
    assert '<a class="figure-link" href="/turnover?from=2024-04-01&to=2024-05-15&outlet=2">Киоск</a>' in block


def test_last_document_leads_to_its_receipt(home: FlaskClient) -> None:
    block = block_of(home.get(f"/home/last?date={DAY}&outlet=2"), "last")
    found = re.search(r'href="(/documents/300000002/\d+)"', block)
    assert found
    assert home.get(found[1]).status_code == 200


def test_numbers_of_chosen_outlets_lead_to_their_documents(home: FlaskClient) -> None:
    block = unescape(block_of(home.get(f"/home/receipts?date={DAY}&outlet=1&outlet=2"), "receipts"))
    assert f'href="/documents?date={DAY}&type=sale&outlet=1&outlet=2">4</a>' in block


def test_other_outlets_lead_to_documents_as_long_as_their_address_is_short(
    home: FlaskClient, engine: sa.Engine, merchant: TestMerchant
) -> None:
    def sell_at(places: range) -> str:
        names = tuple(f"Точка {place}" for place in places)
        open_outlets(engine, merchant.merchant_id, names, first_sko=300000000 + places[0])
        store(engine, *(document(merchant.merchant_id, "sale", 100, day=DAY, outlet_id=place) for place in places))
        block = block_of(home.get(f"/home/quarter?date={DAY}"), "quarter")
        row = re.search(r"<tr>(?:(?!<tr>).)*other outlets.*?</tr>", block, re.DOTALL)
        assert row
        return row[0]

    assert "href=" in sell_at(range(3, 15))
    assert "href=" not in sell_at(range(15, 120))


# --- filters ---------------------------------------------------------------------------------------------------------


def test_outlet_narrows_every_block(home: FlaskClient) -> None:
    query = f"date={DAY}&outlet=2"
    assert "In all 33.12 BYN" in read_block(home, "day", query)
    assert "Receipts of the day 1 Sales 1" in read_block(home, "receipts", query)
    assert "Немиге" not in read_block(home, "quarter", query)
    assert "Wed, 15 May 33.12" in read_block(home, "week", query)


def test_several_outlets_are_added_up(home: FlaskClient) -> None:
    assert "In all 123.87 BYN" in read_block(home, "day", f"date={DAY}&outlet=1&outlet=2")
    page = home.get(f"/?date={DAY}&outlet=1&outlet=2").get_data(as_text=True)
    assert "15 May 2024, 2 outlets" in page
    assert page.count(" selected>") == 2


@pytest.mark.parametrize(
    ("query", "kept", "sentence"),
    [
        ("date=2024-02-30", 'value="2024-02-30"', "There is no such date"),
        ("date=1900-01-01", 'value="1900-01-01"', "There are no documents before"),
        ("date=9999-12-31", 'value="9999-12-31"', "This day has not come yet"),
        ("outlet=77", '<option value="77" selected>', "You have no such outlet"),
        ("outlet=%3Cscript%3E", '<option value="&lt;script&gt;" selected>', "You have no such outlet"),
    ],
)
def test_wrong_filter_comes_back_with_a_sentence(home: FlaskClient, query: str, kept: str, sentence: str) -> None:
    for headers in ({}, AS_HTMX):
        response = home.get(f"/?{query}", headers=headers)
        page = response.get_data(as_text=True)
        assert response.status_code == 400
        assert kept in page
        assert sentence in page
        assert 'aria-invalid="true"' in page
        assert 'id="live"' not in page
    block = home.get(f"/home/day?{query}", headers=AS_HTMX)
    assert block.status_code == 400
    assert sentence in words(block.get_data(as_text=True))


@pytest.mark.parametrize("query", ["show=some", "show=all&show=all", "show="])
def test_unknown_view_is_refused(home: FlaskClient, query: str) -> None:
    assert home.get(f"/?{query}").status_code == 400


def test_other_merchants_outlet_is_unknown_and_their_figures_never_appear(
    app: Flask, home: FlaskClient, engine: sa.Engine
) -> None:
    stranger = make_merchant(engine, "100320487", name="ООО Чужой")
    open_outlets(engine, stranger.merchant_id, ("А", "Б", "Чужая точка"), first_sko=400000001)
    store(engine, *(document(stranger.merchant_id, "sale", 77_777, day=DAY, outlet_id=place) for place in (1, 2, 3)))
    response = home.get(f"/?date={DAY}&outlet=3")
    assert response.status_code == 400
    assert "You have no such outlet" in words(response.get_data(as_text=True))
    page = home.get(f"/?date={DAY}&show=all").get_data(as_text=True)
    assert "777.77" not in page
    assert "Чужая точка" not in page


# --- many outlets ----------------------------------------------------------------------------------------------------


def test_many_outlets_show_the_largest_and_all_on_demand(
    home: FlaskClient, engine: sa.Engine, merchant: TestMerchant
) -> None:
    open_outlets(engine, merchant.merchant_id, tuple(f"Точка {place}" for place in range(3, 15)), first_sko=300000003)
    store(engine, *(document(merchant.merchant_id, "sale", 100, day=DAY, outlet_id=place) for place in range(3, 15)))
    top = read_block(home, "quarter")
    assert "4 other outlets 4.00" in top
    assert "Точка 14" not in top
    assert "Show all 14 outlets" in top
    everything = read_block(home, "quarter", f"date={DAY}&show=all")
    assert "Точка 14" in everything
    assert "other outlets" not in everything
    assert "Show the largest only" in everything


# --- blocks and fragments --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("query", ["", f"date={DAY}", f"date={DAY}&outlet=2&show=all"])
def test_block_on_the_page_is_what_its_address_answers(home: FlaskClient, query: str) -> None:
    page = home.get(f"/?{query}")
    for name in BLOCKS:
        on_page = block_of(page, name)
        fragment = home.get(f"/home/{name}?{query}", headers=AS_HTMX)
        assert fragment.get_data(as_text=True).strip() == on_page
        assert "HX-Request" in fragment.headers["Vary"]
        alone = home.get(f"/home/{name}?{query}")
        assert block_of(alone, name) == on_page
        assert "<html" in alone.get_data(as_text=True)


def test_htmx_gets_the_blocks_and_the_filters_without_the_page(home: FlaskClient) -> None:
    response = home.get(f"/?date={DAY}", headers=AS_HTMX)
    html = response.get_data(as_text=True)
    assert response.status_code == 200
    assert "<html" not in html
    assert 'id="blocks"' in html
    assert 'hx-swap-oob="outerMorph"' in html
    assert "hx-swap-oob" not in home.get("/").get_data(as_text=True)


def test_same_address_again_is_no_new_place_in_history(home: FlaskClient) -> None:
    shown = AS_HTMX | {"HX-Current-URL": f"http://localhost/?date={DAY}"}
    assert home.get(f"/?date={DAY}", headers=shown).headers["HX-Push-Url"] == "false"
    assert "HX-Push-Url" not in home.get(f"/?date={DAY - WEEK}", headers=shown).headers


def test_block_that_fails_leaves_the_others_alone(home: FlaskClient, engine: sa.Engine) -> None:
    with writing(engine) as connection:
        connection.execute(sa.text("ALTER TABLE document RENAME TO document_elsewhere"))
    response = home.get(f"/?date={DAY}")
    assert response.status_code == 200
    assert "can't be read at the moment" in words(block_of(response, "last"))
    assert f'hx-get="/home/last?date={DAY}"' in block_of(response, "last")
    assert "In all 123.87 BYN" in words(block_of(response, "day"))
    assert home.get(f"/home/last?date={DAY}", headers=AS_HTMX).status_code == 503
    with writing(engine) as connection:
        connection.execute(sa.text("ALTER TABLE document_elsewhere RENAME TO document"))
    assert home.get(f"/home/last?date={DAY}", headers=AS_HTMX).status_code == 200


def test_figures_that_fail_show_no_amounts(home: FlaskClient, engine: sa.Engine) -> None:
    with writing(engine) as connection:
        connection.execute(sa.text("ALTER TABLE turnover RENAME TO turnover_elsewhere"))
    response = home.get(f"/?date={DAY}")
    for name in ("day", "sales", "week", "receipts", "quarter"):
        assert "can't be read at the moment" in words(block_of(response, name))
    assert "700.00 BYN" in words(block_of(response, "last"))


# --- nothing yet -----------------------------------------------------------------------------------------------------


def test_merchant_without_outlets_is_told_what_comes(logged_in_client: FlaskClient) -> None:
    logged_in_client.set_cookie("language", "en")
    page = words(logged_in_client.get("/").get_data(as_text=True))
    assert "No outlets and registers yet" in page


def test_day_without_receipts_says_so(home: FlaskClient) -> None:
    query = "date=2023-01-10"
    assert "In all 0.00 BYN" in read_block(home, "day", query)
    assert "No receipts on this day." in read_block(home, "receipts", query)
    assert "No receipts in these seven days." in read_block(home, "week", query)
    assert "No receipts in this quarter." in read_block(home, "quarter", query)
    assert "No documents up to this day." in read_block(home, "last", query)
    assert "No receipts yet today." in read_block(home, "receipts", "")


# --- changes ---------------------------------------------------------------------------------------------------------


def test_nothing_changed_is_no_answer(home: FlaskClient) -> None:
    version = version_of(home.get("/"))
    response = home.get(f"/home/changes?version={version}", headers=AS_HTMX)
    assert (response.status_code, response.data) == (204, b"")


@pytest.mark.parametrize("type_", ["sale", "shift_open"])
def test_document_that_arrives_changes_the_blocks(
    home: FlaskClient, engine: sa.Engine, merchant: TestMerchant, type_: str
) -> None:
    version = version_of(home.get("/"))
    store(engine, document(merchant.merchant_id, type_, 4200))
    response = home.get(f"/home/changes?version={version}", headers=AS_HTMX)
    assert response.status_code == 200
    assert version_of(response) != version
    assert ("In all 42.00 BYN" in words(block_of(response, "day"))) == (type_ == "sale")


def test_late_document_of_an_earlier_day_changes_its_page(
    home: FlaskClient, engine: sa.Engine, merchant: TestMerchant
) -> None:
    version = version_of(home.get(f"/?date={DAY}"))
    store(engine, document(merchant.merchant_id, "sale", 1, day=DAY - datetime.timedelta(days=3)))
    assert home.get(f"/home/changes?date={DAY}&version={version}", headers=AS_HTMX).status_code == 200


def test_ended_session_leads_to_the_login_and_back(app: Flask, home: FlaskClient) -> None:
    headers = AS_HTMX | {"HX-Current-URL": f"http://localhost/?date={DAY}"}
    response = app.test_client().get("/home/changes", headers=headers)
    assert response.headers["HX-Redirect"] == f"/login/password?next=/?date%3D{DAY}"


# --- cost ------------------------------------------------------------------------------------------------------------


def test_queries_of_each_address(home: FlaskClient, count_queries: CountQueries) -> None:
    for path, count in (
        (f"/?date={DAY}", QUERIES_OF_A_PAGE),
        (f"/?date={DAY}&show=all", QUERIES_OF_A_PAGE),
        (f"/?date={DAY}&outlet=2", QUERIES_OF_A_PAGE + 1),
        ("/?date=nonsense", 2),
        *((f"/home/{name}?date={DAY}", 3) for name in BLOCKS),
    ):
        with count_queries() as queries:
            home.get(path)
        assert len(queries) == count, path + "\n".join(queries)


def test_queries_of_a_look_for_changes(home: FlaskClient, count_queries: CountQueries) -> None:
    version = version_of(home.get("/"))
    with count_queries() as queries:
        assert home.get(f"/home/changes?version={version}").status_code == 204
    assert len(queries) == 4


@pytest.mark.parametrize("language", ["ru", "be", "en"])
def test_home_is_written_in_every_language(home: FlaskClient, language: str) -> None:
    home.set_cookie("language", language)
    assert home.get(f"/?date={DAY}").status_code == 200
