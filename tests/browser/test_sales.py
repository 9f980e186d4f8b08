"""Sales in a real browser: the chart's tooltips, rows that expand, filters without a reload, endless rows, phones."""

import datetime
import re
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest
import sqlalchemy as sa
from playwright.sync_api import Page, expect

from tests.accounts import TestMerchant, make_merchant
from tests.browser.conftest import Server, is_wider_than_its_window
from tests.browser.pages import is_same_page, log_in, mark, wait_until
from tests.shop import document, open_outlets, store, today

OUTLETS = ("Универсам «Комаровский»", "Магазин «Малиновка-3», улица Есенина, дом 12, павильон 4", "Киоск № 7")
ONE_DAY = datetime.timedelta(days=1)


def iso(ago: int) -> str:
    return (today() - ago * ONE_DAY).isoformat()


@pytest.fixture
def merchant(engine: sa.Engine) -> TestMerchant:
    """Three outlets that sold 50.00, 40.00 and 30.00 on each of the last ten days; the first gave 1.00 back today."""
    merchant = make_merchant(engine)
    open_outlets(engine, merchant.merchant_id, OUTLETS)
    own = merchant.merchant_id
    store(
        engine,
        *(
            document(own, "sale", (6 - place) * 1000, day=today() - ago * ONE_DAY, outlet_id=place)
            for ago in range(10)
            for place in (1, 2, 3)
        ),
        document(own, "refund", 100, day=today(), payment="cashless"),
    )
    return merchant


@pytest.fixture
def sales(page: Page, merchant: TestMerchant) -> Page:
    """The tab of the owner on Sales, in English."""
    log_in(page, merchant, "/sales", language="en")
    expect(page.locator(".sales-total")).to_contain_text("840.00 BYN")
    mark(page)
    return page


def expander(page: Page, outlet: int, ago: int = 0):
    return page.locator(f"#expand-{iso(ago)}-{outlet}")


def detail(page: Page, outlet: int, ago: int = 0):
    return page.locator(f"#detail-{iso(ago)}-{outlet}")


# --- the chart -------------------------------------------------------------------------------------------------------


def test_point_of_the_chart_tells_the_days_income(sales: Page) -> None:
    canvas = sales.locator("#sales-chart canvas")
    expect(canvas).to_be_visible()
    expect(sales.locator("#sales-days")).to_be_hidden()
    sales.wait_for_timeout(500)  # the points have to come to rest
    point = sales.evaluate(
        """() => { const chart = Chart.getChart(document.querySelector("#sales-chart canvas"));
                   const {x, y} = chart.getDatasetMeta(0).data.at(-1).getProps(["x", "y"], true); return [x, y]; }"""
    )
    box = canvas.bounding_box()
    assert box
    sales.mouse.move(box["x"] + point[0], box["y"] + point[1])
    tooltip = """() => { const {tooltip} = Chart.getChart(document.querySelector("#sales-chart canvas"));
                         return tooltip.opacity > 0 && [tooltip.title, tooltip.body.map((part) =>
                             [...part.before, ...part.lines, ...part.after])].flat(3); }"""
    wait_until(sales, lambda: sales.evaluate(tooltip))  # it fades in
    shown = sales.evaluate(tooltip)
    assert shown[1:] == ["Sales: 120.00", "Net: 119.00", "Sales before: 120.00"]
    assert shown[0] == sales.locator("#sales-days tbody tr:last-child th").text_content()


def test_chart_of_a_year_has_a_day_a_point_and_room_to_read_it(sales: Page, server: Server) -> None:
    sales.goto(server.address(f"/sales?from={iso(365)}&to={iso(0)}"))
    expect(sales.locator("#sales-chart canvas")).to_be_visible()
    [points, radius, ticks] = sales.evaluate(
        """() => { const chart = Chart.getChart(document.querySelector("#sales-chart canvas"));
                   return [chart.data.labels.length, chart.data.datasets[0].pointRadius,
                           chart.scales.x.ticks.length]; }"""
    )
    assert (points, radius) == (366, 0)
    assert ticks < 20


# --- rows that expand ------------------------------------------------------------------------------------------------


def test_row_expands_by_a_click_anywhere_in_it_and_folds_again(sales: Page) -> None:
    row = sales.locator(f"#row-{iso(0)}-1")
    row.locator("td.is-average").click()
    expect(detail(sales, 1)).to_contain_text("By register, BYN")
    expect(detail(sales, 1)).to_contain_text("300000001")
    expect(expander(sales, 1)).to_have_attribute("aria-expanded", "true")
    expect(sales).to_have_url(re.compile(f"open={iso(0)}-1"))
    row.locator("td.is-average").click()
    expect(detail(sales, 1)).to_be_hidden()
    expect(expander(sales, 1)).to_have_attribute("aria-expanded", "false")
    assert is_same_page(sales)


def test_row_expands_by_enter_and_stays_open_on_coming_back(sales: Page) -> None:
    expander(sales, 2).focus()
    sales.keyboard.press("Enter")
    expect(detail(sales, 2)).to_contain_text("300000002")
    expect(expander(sales, 2)).to_be_focused()
    detail(sales, 2).get_by_role("link", name=re.compile("^40.00: Cash")).click()
    expect(sales).to_have_url(re.compile("/documents.*payment=cash"))
    sales.go_back()
    expect(detail(sales, 2)).to_contain_text("300000002")


def test_address_names_the_last_of_very_many_open_rows(sales: Page) -> None:
    """Without an end it would grow too long for the server."""
    link = "<a data-opens='2024-01-01-{0}' aria-expanded='true' aria-controls='nothing'></a>"
    others = "".join(link.format(place) for place in range(1, 61))
    sales.evaluate("html => document.querySelector('main').insertAdjacentHTML('afterbegin', html)", others)
    expander(sales, 2).click()
    expect(sales).to_have_url(re.compile(f"open={iso(0)}-2$"))
    opened = parse_qs(urlsplit(sales.url).query)["open"]
    assert opened == [*(f"2024-01-01-{place}" for place in range(12, 61)), f"{iso(0)}-2"]


def test_row_expands_by_link_without_javascript(page_without_javascript: Page, merchant: TestMerchant) -> None:
    page = page_without_javascript
    log_in(page, merchant, "/sales")
    expander(page, 3).click()
    expect(page).to_have_url(re.compile(f"open={iso(0)}-3"))
    expect(detail(page, 3)).to_contain_text("300000003")
    expect(page.locator("#sales-chart")).to_be_hidden()
    expect(page.locator("#sales-days")).to_be_visible()
    expander(page, 3).click()
    expect(detail(page, 3)).to_have_count(0)


def test_number_leads_to_its_documents(sales: Page) -> None:
    sales.locator(".is-refunds").get_by_role("link", name=re.compile("^1.00 BYN: Refunds")).click()
    expect(sales).to_have_url(re.compile("/documents.*type=refund"))


# --- filters ---------------------------------------------------------------------------------------------------------


def test_period_is_chosen_by_keyboard_without_a_reload(sales: Page, server: Server) -> None:
    period = sales.get_by_label("Period", exact=True)
    period.focus()
    sales.keyboard.press("ArrowUp")  # from the last seven days to yesterday
    expect(sales.locator(".sales-total")).to_contain_text("120.00 BYN")
    expect(sales.locator("#sales-chart")).to_have_count(0)
    expect(sales).to_have_url(server.address("/sales?period=yesterday"))
    expect(period).to_be_focused()
    assert is_same_page(sales)
    sales.go_back()
    expect(sales.locator(".sales-total")).to_contain_text("840.00 BYN")
    expect(sales.locator("#sales-chart canvas")).to_be_visible()
    expect(sales.get_by_label("Period", exact=True)).to_have_value("week")


def test_outlet_and_several_registers_narrow_everything(sales: Page) -> None:
    sales.get_by_label("Outlet", exact=True).select_option("2")
    expect(sales.locator(".sales-total")).to_contain_text("280.00 BYN")
    expect(sales.locator("#sales-table tbody tr")).to_have_count(7)
    sales.get_by_label("Outlet", exact=True).select_option("")
    expect(sales.locator(".sales-total")).to_contain_text("840.00 BYN")
    sales.locator("#filter-sko summary").click()
    sales.get_by_label("300000001", exact=True).check()
    sales.get_by_label("300000003", exact=True).check()
    expect(sales.locator(".sales-total")).to_contain_text("560.00 BYN")
    expect(sales).to_have_url(re.compile("sko=300000001&sko=300000003"))
    assert is_same_page(sales)
    expect(sales.locator("form.export-menu")).to_have_attribute("action", re.compile("sko=300000003"))


def test_own_dates_are_typed_and_nonsense_is_explained(sales: Page) -> None:
    sales.get_by_label("Period", exact=True).select_option("own")
    sales.get_by_label("From", exact=True).fill(iso(1))
    sales.get_by_label("To", exact=True).fill(iso(2))
    sales.get_by_label("To", exact=True).press("Enter")
    expect(sales.locator("#filter-to-problem")).to_have_text("The period ends before it starts.")
    sales.get_by_label("From", exact=True).fill(iso(2))
    sales.get_by_label("From", exact=True).press("Enter")
    expect(sales.locator(".sales-total")).to_contain_text("120.00 BYN")
    expect(sales.locator("#filter-to-problem")).to_have_count(0)
    assert is_same_page(sales)


def test_sales_work_without_javascript(page_without_javascript: Page, merchant: TestMerchant) -> None:
    page = page_without_javascript
    log_in(page, merchant, "/sales")
    page.locator("[name=outlet]").select_option("3")
    page.locator("[name=period]").select_option("yesterday")
    page.locator("#filters [type=submit]").click()
    expect(page.locator(".sales-total")).to_contain_text("30,00")
    expect(page.locator("[name=period]")).to_have_value("yesterday")


# --- endless rows ----------------------------------------------------------------------------------------------------


@pytest.fixture
def busy(engine: sa.Engine, merchant: TestMerchant) -> TestMerchant:
    """Ninety outlets more, that all sold today and yesterday."""
    names = tuple(f"Точка {place}" for place in range(4, 94))
    open_outlets(engine, merchant.merchant_id, names, first_sko=300000004)
    own = merchant.merchant_id
    store(
        engine,
        *(
            document(own, "sale", 100, day=today() - ago * ONE_DAY, outlet_id=place)
            for ago in (0, 1)
            for place in range(4, 94)
        ),
    )
    return merchant


def test_earlier_rows_come_while_scrolling(sales: Page, server: Server, busy: TestMerchant) -> None:
    sales.goto(server.address("/sales"))
    expect(sales.locator(".sales-row")).to_have_count(50)
    rows = sales.locator(".sales-row")
    wait_until(sales, lambda: rows.count() == 2 * 93 + 5 * 3, meanwhile=lambda: sales.mouse.wheel(0, 20_000))
    expect(sales.locator(".sales-row")).to_have_count(2 * 93 + 5 * 3)
    expect(sales.locator(".sales-day:visible")).to_have_count(7)
    expect(sales.locator("#sales-more")).to_have_count(0)
    expander(sales, 3, ago=6).click()
    expect(detail(sales, 3, ago=6)).to_contain_text("300000003")
    sales.reload()
    expect(detail(sales, 3, ago=6)).to_contain_text("300000003")


def test_earlier_rows_come_by_link_without_javascript(page_without_javascript: Page, busy: TestMerchant) -> None:
    page = page_without_javascript
    log_in(page, busy, "/sales")
    seen = page.locator(".sales-row").count()
    while page.locator("#sales-more a").count():
        with page.expect_navigation():
            page.locator("#sales-more a").click()
        seen += page.locator(".sales-row").count()
    assert seen == 2 * 93 + 5 * 3


# --- everybody -------------------------------------------------------------------------------------------------------


def test_sales_are_accessible(
    sales: Page, server: Server, engine: sa.Engine, merchant: TestMerchant, axe: Callable[[Page], None]
) -> None:
    store(engine, document(merchant.merchant_id, "sale", 500, day=today(), currency="EUR"))
    sales.goto(server.address(f"/sales?open={iso(0)}-1"))
    sales.locator("#sales-toggle summary").click()
    axe(sales)
    sales.set_viewport_size({"width": 390, "height": 844})
    axe(sales)
    for path in ("/sales?from=2999-01-01&outlet=99", "/sales?date=2001-01-01", f"/sales/{iso(0)}/1"):
        sales.goto(server.address(path))
        axe(sales)


@pytest.mark.parametrize("language", ["ru", "be", "en"])
def test_sales_fit_every_screen(
    page: Page, server: Server, merchant: TestMerchant, engine: sa.Engine, language: str
) -> None:
    own = merchant.merchant_id
    for currency in ("BYN", "EUR"):
        store(
            engine,
            *(document(own, type_, 10**11, day=today(), currency=currency) for type_ in ("sale", "refund", "rollback")),
        )
    log_in(page, merchant, "/sales", language=language)
    page.goto(server.address(f"/sales?open={iso(0)}-1&open={iso(0)}-2"))
    page.locator("#sales-toggle summary").click()
    for width in (360, 390, 640, 768, 1000, 1220, 1440):
        page.set_viewport_size({"width": width, "height": 844})
        assert not is_wider_than_its_window(page), width
