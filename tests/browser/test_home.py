"""Home in a real browser: filters without a reload, figures that renew themselves, charts, phones."""

import datetime
import re
from collections.abc import Callable

import pytest
import sqlalchemy as sa
from playwright.sync_api import Page, expect

from sql.engine import writing
from tests.accounts import TestMerchant, make_merchant
from tests.browser.conftest import Server, is_wider_than_its_window
from tests.browser.pages import is_same_page, log_in, mark, wait_until
from tests.shop import document, open_outlets, store, today

LIVE_MS = 30_000  # the page asks every five seconds
OUTLETS = ("Универсам «Комаровский»", "Магазин «Малиновка-3», улица Есенина, дом 12, павильон 4", "Киоск № 7")


@pytest.fixture
def merchant(engine: sa.Engine) -> TestMerchant:
    """Three outlets that sold 50.00, 40.00 and 30.00 today, 500.00 … yesterday, and more on the days before."""
    merchant = make_merchant(engine)
    open_outlets(engine, merchant.merchant_id, OUTLETS)
    for ago in range(8):
        day = today() - datetime.timedelta(days=ago)
        store(
            engine,
            *(
                document(
                    merchant.merchant_id,
                    "sale",
                    (6 - place) * 1000 * (1 if ago == 0 else 10 * ago),
                    day=day if ago else None,
                    outlet_id=place,
                    payment="cash" if place == 1 else "cashless",
                )
                for place in (1, 2, 3)
            ),
        )
    return merchant


@pytest.fixture
def home(page: Page, merchant: TestMerchant) -> Page:
    """The tab of the owner on Home, in English."""
    log_in(page, merchant, "/", language="en")
    expect(page.locator("#home-day")).to_contain_text("120.00 BYN")
    mark(page)
    return page


def iso(ago: int) -> str:
    return (today() - datetime.timedelta(days=ago)).isoformat()


def test_outlet_is_chosen_by_keyboard_without_a_reload(home: Page) -> None:
    outlet = home.get_by_label("Outlet", exact=True)
    outlet.focus()
    for _ in OUTLETS:
        home.keyboard.press("ArrowDown")
    expect(home.locator("#home-day")).to_contain_text("30.00 BYN")
    expect(home.get_by_role("status").first).to_contain_text("Киоск № 7")
    expect(home).to_have_url(re.compile(r"outlet=3\b"))
    expect(outlet).to_be_focused()
    assert is_same_page(home)


def test_date_is_chosen_by_keyboard_and_enter_is_one_step_in_history(home: Page) -> None:
    field = home.get_by_label("Date", exact=True)
    field.fill(iso(1))
    field.press("Enter")
    expect(home.locator("#home-day")).to_contain_text("1,200.00 BYN")
    home.wait_for_timeout(1000)  # longer than a change of the field waits
    assert is_same_page(home)
    home.go_back()
    expect(home.locator("#home-day")).to_contain_text("In all 120.00 BYN", use_inner_text=True)
    expect(home.get_by_label("Date", exact=True)).to_have_value(iso(0))


def test_back_and_forward_lead_through_what_was_seen(home: Page, server: Server) -> None:
    home.get_by_role("link", name="The day before").click()
    expect(home.locator("#home-day")).to_contain_text("1,200.00 BYN")
    home.get_by_role("link", name="The day before").click()
    expect(home.locator("#home-day")).to_contain_text("2,400.00 BYN")
    expect(home).to_have_url(server.address(f"/?date={iso(2)}"))
    expect(home.get_by_role("link", name="The day before")).to_be_focused()
    home.go_back()
    expect(home.locator("#home-day")).to_contain_text("1,200.00 BYN")
    home.go_forward()
    expect(home.locator("#home-day")).to_contain_text("2,400.00 BYN")
    home.get_by_role("link", name="Today").click()
    expect(home).to_have_url(server.address("/"))
    expect(home.locator("#home-day")).to_contain_text("120.00 BYN")


def test_shared_address_shows_the_same(home: Page, server: Server) -> None:
    home.goto(server.address(f"/?date={iso(1)}&outlet=2"))
    expect(home.locator("#home-day")).to_contain_text("400.00 BYN")
    expect(home.get_by_label("Outlet", exact=True)).to_have_value("2")
    expect(home.get_by_label("Date", exact=True)).to_have_value(iso(1))


def test_future_date_is_explained_beside_the_field(home: Page) -> None:
    field = home.get_by_label("Date", exact=True)
    field.fill("2999-01-01")
    field.press("Enter")
    expect(home.locator("#filter-date-problem")).to_have_text("This day has not come yet.")
    expect(field).to_have_value("2999-01-01")
    expect(field).to_have_accessible_description("This day has not come yet.")
    expect(field).to_be_focused()
    field.fill(iso(1))
    field.press("Enter")
    expect(home.locator("#filter-date-problem")).to_have_count(0)
    expect(home.locator("#home-day")).to_contain_text("1,200.00 BYN")
    assert is_same_page(home)


def test_document_that_arrives_appears_by_itself(home: Page, engine: sa.Engine, merchant: TestMerchant) -> None:
    home.locator("#week-toggle summary").click()
    home.get_by_label("Date", exact=True).focus()
    home.evaluate("window.scrollTo(0, 120)")
    store(engine, document(merchant.merchant_id, "sale", 7778, outlet_id=3, payment="cashless"))
    expect(home.locator("#home-day")).to_contain_text("197.78 BYN", timeout=LIVE_MS)
    expect(home.locator("#home-last")).to_contain_text("Receipt “Cashless sale” for 77.78 BYN")
    expect(home.locator("#home-quarter tfoot")).to_contain_text("25")
    expect(home.locator("#week-table")).to_be_visible()
    expect_drawn_today(home, 197.78)
    expect(home.get_by_label("Date", exact=True)).to_be_focused()
    assert home.evaluate("window.scrollY") == 120
    assert is_same_page(home)
    # And again: the page has not lost its pulse by renewing itself.
    store(engine, document(merchant.merchant_id, "sale", 2222))
    expect(home.locator("#home-day")).to_contain_text("220.00 BYN", timeout=LIVE_MS)


def expect_drawn_today(page: Page, value: float) -> None:
    """As the last point of the week's chart, which is drawn a moment after its table has come."""
    last = "Chart.getChart(document.querySelector('#week-chart canvas')).data.datasets[0].data.at(-1)"
    wait_until(page, lambda: page.evaluate(last) == value)


def test_page_asks_nothing_while_nobody_looks(home: Page, engine: sa.Engine, merchant: TestMerchant) -> None:
    asked: list[str] = []
    hide = "Object.defineProperty(document, 'hidden', {{value: {}, configurable: true}});"
    home.evaluate(hide.format("true"))
    home.on("request", lambda request: asked.append(request.url) if "/home/changes" in request.url else None)
    home.wait_for_timeout(6000)
    assert asked == []
    store(engine, document(merchant.merchant_id, "sale", 7778))
    asks_at_once = """async () => {
        let asks = false;
        document.addEventListener("htmx:before:request", ({ detail }) => {
            asks ||= detail.ctx.request.action.includes("/home/changes");
        });
        document.dispatchEvent(new Event("visibilitychange"));
        await new Promise(setTimeout); // no time at all, so it isn't the clock that makes it ask
        return asks;
    }"""
    home.evaluate(hide.format("false"))
    assert home.evaluate(asks_at_once)
    expect(home.locator("#home-day")).to_contain_text("197.78 BYN", timeout=LIVE_MS)


def test_all_outlets_stay_open_when_a_document_arrives(
    home: Page, server: Server, engine: sa.Engine, merchant: TestMerchant
) -> None:
    names = tuple(f"Точка {place}" for place in range(4, 16))
    open_outlets(engine, merchant.merchant_id, names, first_sko=300000004)
    store(engine, *(document(merchant.merchant_id, "sale", 100, outlet_id=place) for place in range(4, 16)))
    home.goto(server.address("/"))
    home.get_by_role("link", name="Show all 15 outlets").click()
    expect(home.locator("#home-quarter tbody tr")).to_have_count(15)
    store(engine, document(merchant.merchant_id, "sale", 300, outlet_id=15))
    expect(home.get_by_role("row", name=re.compile("^Точка 15 4.00"))).to_be_visible(timeout=LIVE_MS)
    expect(home.locator("#home-quarter tbody tr")).to_have_count(15)


def test_failed_block_is_tried_again_by_its_button(home: Page, server: Server, engine: sa.Engine) -> None:
    with writing(engine) as connection:
        connection.execute(sa.text("ALTER TABLE document RENAME TO document_elsewhere"))
    home.goto(server.address(f"/?date={iso(1)}"))
    expect(home.locator("#home-last")).to_contain_text("can't be read at the moment")
    expect(home.locator("#home-day")).to_contain_text("1,200.00 BYN")
    with writing(engine) as connection:
        connection.execute(sa.text("ALTER TABLE document_elsewhere RENAME TO document"))
    home.get_by_role("button", name="Try again").or_(home.get_by_role("link", name="Try again")).click()
    expect(home.locator("#home-last")).to_contain_text("Receipt “Cashless sale”")


def test_week_is_drawn_from_its_table_in_a_box_of_fixed_size(home: Page) -> None:
    canvas = home.locator("#week-chart canvas")
    expect(canvas).to_be_visible()
    expect(canvas).to_have_attribute("aria-label", re.compile("Sales by day"))
    expect(home.locator("#week-table")).to_be_hidden()
    before = home.locator("#week-chart").bounding_box()
    home.get_by_label("Outlet", exact=True).select_option("2")
    expect(home.locator("#home-day")).to_contain_text("40.00 BYN")
    assert home.locator("#week-chart").bounding_box() == before
    expect_drawn_today(home, 40)
    assert home.evaluate("document.querySelectorAll('#week-chart canvas').length") == 1


def test_home_works_without_javascript(page_without_javascript: Page, server: Server, merchant: TestMerchant) -> None:
    page = page_without_javascript
    log_in(page, merchant, "/")
    expect(page.locator("#week-table")).to_be_visible()
    expect(page.locator("#week-chart")).to_be_hidden()
    page.locator("[name=outlet]").select_option("3")
    page.locator("[name=date]").fill(iso(1))
    page.locator("#filters [type=submit]").click()
    expect(page).to_have_url(server.address(f"/?outlet=3&date={iso(1)}"))
    expect(page.locator("#home-day")).to_contain_text("300,00")
    page.locator("[name=date]").fill("2999-01-01")
    page.locator("#filters [type=submit]").click()
    expect(page.locator("#filter-date-problem")).to_be_visible()
    expect(page.locator("[name=date]")).to_have_value("2999-01-01")


def test_home_is_accessible(home: Page, server: Server, axe: Callable[[Page], None]) -> None:
    axe(home)
    home.locator("#week-toggle summary").click()
    home.set_viewport_size({"width": 390, "height": 844})
    axe(home)
    for path in ("/?date=2999-01-01&outlet=99", "/?date=2001-01-01", "/home/quarter"):
        home.goto(server.address(path))
        axe(home)


@pytest.mark.parametrize("language", ["ru", "be", "en"])
def test_home_fits_every_screen(page: Page, merchant: TestMerchant, engine: sa.Engine, language: str) -> None:
    store(engine, *(document(merchant.merchant_id, "sale", 10**10, currency=name) for name in ("BYN", "EUR")))
    log_in(page, merchant, "/", language=language)
    page.locator("#week-toggle summary").click()
    for width in (360, 390, 640, 768, 1000, 1220, 1440):
        page.set_viewport_size({"width": width, "height": 844})
        assert not is_wider_than_its_window(page), width
