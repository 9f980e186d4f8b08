"""Turnover in a real browser: the half-doughnut, rows that expand, the order of the table, filters, phones."""

import re
from collections.abc import Callable

import pytest
import sqlalchemy as sa
from playwright.sync_api import Locator, Page, expect

from tests.accounts import TestMerchant, make_merchant
from tests.browser.conftest import Server, is_wider_than_its_window
from tests.browser.pages import is_same_page, log_in, mark, wait_until
from tests.shop import document, open_outlets, store, today

OUTLETS = ("Универсам «Комаровский»", "Магазин «Малиновка-3», улица Есенина, дом 12, павильон 4", "Киоск № 7")
CHART = "document.querySelector('.half canvas')"


@pytest.fixture
def merchant(engine: sa.Engine) -> TestMerchant:
    """Three outlets that have taken 50.00, 40.00 and 10.00 today; the first has given 5.00 back."""
    merchant = make_merchant(engine)
    open_outlets(engine, merchant.merchant_id, OUTLETS)
    own = merchant.merchant_id
    store(
        engine,
        document(own, "sale", 5000),
        document(own, "refund", 500, payment="cashless"),
        document(own, "sale", 4000, outlet_id=2, payment="cashless"),
        document(own, "sale", 1000, outlet_id=3),
        document(own, "deposit", 70_000, outlet_id=3),
    )
    return merchant


@pytest.fixture
def turnover(page: Page, merchant: TestMerchant) -> Page:
    """The tab of the owner on Turnover of this month, in English."""
    log_in(page, merchant, "/turnover", language="en")
    expect(page.locator(".turnover-sums")).to_contain_text("100.00 BYN")
    mark(page)
    return page


def opener(page: Page, place: int) -> Locator:
    return page.locator(f"[data-opens='{place}-30000000{place}-BYN']")


def detail(page: Page, place: int) -> Locator:
    return page.locator(f"#detail-{place}-30000000{place}-BYN")


def expect_registers(page: Page, *numbers: str) -> None:
    """These numbers stand in the table, from top to bottom."""
    expect(page.locator(".opener")).to_have_text(list(numbers))


# --- the half-doughnut -----------------------------------------------------------------------------------------------


def middle_of_slice(page: Page, place: int) -> tuple[float, float]:
    """Where on the page the middle of a slice is."""
    box = page.locator(".half canvas").bounding_box()
    assert box
    [x, y] = page.evaluate(
        f"""() => {{ const slice = Chart.getChart({CHART}).getDatasetMeta(0).data[{place}];
                     const {{x, y, startAngle, endAngle, innerRadius, outerRadius}} =
                         slice.getProps(["x", "y", "startAngle", "endAngle", "innerRadius", "outerRadius"], true);
                     const angle = (startAngle + endAngle) / 2, radius = (innerRadius + outerRadius) / 2;
                     return [x + radius * Math.cos(angle), y + radius * Math.sin(angle)]; }}"""
    )
    return box["x"] + x, box["y"] + y


def expect_tooltip(page: Page, *lines: str) -> None:
    """It begins with these lines as soon as it has faded in."""
    read = f"""() => {{ const {{tooltip}} = Chart.getChart({CHART});
                        const lines = (tooltip.body ?? []).map((part) => [part.lines, part.after]);
                        return tooltip.opacity ? [tooltip.title, lines].flat(3) : []; }}"""
    wait_until(page, lambda: page.evaluate(read)[: len(lines)] == list(lines))


def test_slice_tells_its_outlet_sum_and_share(turnover: Page) -> None:
    canvas = turnover.locator(".half canvas")
    expect(canvas).to_have_attribute("aria-label", "Turnover by outlet, BYN")
    canvas.scroll_into_view_if_needed()
    turnover.mouse.move(*middle_of_slice(turnover, 0))
    expect_tooltip(turnover, OUTLETS[0], "Sales: 50.00", "Net: 45.00", "Share of sales: 50.0%")
    turnover.mouse.move(*middle_of_slice(turnover, 2))
    expect_tooltip(turnover, OUTLETS[2], "Sales: 10.00", "Net: 10.00", "Share of sales: 10.0%")


def test_slice_leads_to_its_outlet(turnover: Page) -> None:
    turnover.locator(".half canvas").scroll_into_view_if_needed()
    turnover.mouse.click(*middle_of_slice(turnover, 1))
    expect(turnover).to_have_url(re.compile(r"/turnover\?outlet=2$"))
    expect(turnover.locator(".turnover-sums")).to_contain_text("40.00 BYN")


def test_other_outlets_are_one_slice_that_leads_to_the_table(
    turnover: Page, server: Server, engine: sa.Engine, merchant: TestMerchant
) -> None:
    places = range(4, 60)
    open_outlets(engine, merchant.merchant_id, tuple(f"Точка {place}" for place in places), first_sko=300000004)
    store(engine, *(document(merchant.merchant_id, "sale", 100, outlet_id=place) for place in places))
    turnover.goto(server.address("/turnover"))
    expect(turnover.locator("#turnover-BYN-table tbody tr")).to_have_count(9)
    expect(turnover.locator(".opener")).to_have_count(25)
    turnover.locator(".half canvas").scroll_into_view_if_needed()
    turnover.mouse.move(*middle_of_slice(turnover, 8))
    expect_tooltip(turnover, "51 other outlets", "Sales: 51.00")
    turnover.mouse.click(*middle_of_slice(turnover, 8))
    expect(turnover).to_have_url(re.compile("show=all#registers-BYN$"))
    expect(turnover.locator(".opener")).to_have_count(59)
    turnover.get_by_role("link", name="Show only the first 25 registers").click()
    expect(turnover.locator(".opener")).to_have_count(25)


def test_chart_follows_the_filters(turnover: Page) -> None:
    before = turnover.locator(".half").bounding_box()
    turnover.get_by_label("Outlet", exact=True).select_option("3")
    expect(turnover.locator(".half-total")).to_contain_text("10.00 BYN")
    wait_until(turnover, lambda: turnover.evaluate(f"Chart.getChart({CHART}).data.datasets[0].data") == [10])
    after = turnover.locator(".half").bounding_box()
    assert before
    assert after
    assert (before["width"], before["height"]) == (after["width"], after["height"])
    assert is_same_page(turnover)


# --- rows that expand ------------------------------------------------------------------------------------------------


def test_row_expands_by_a_click_anywhere_in_it_and_folds_again(turnover: Page) -> None:
    row = turnover.locator("#row-1-300000001-BYN")
    row.locator(".is-outlet").click()
    expect(detail(turnover, 1)).to_contain_text("By payment")
    expect(detail(turnover, 1)).to_contain_text("Discounts on sales")
    expect(opener(turnover, 1)).to_have_attribute("aria-expanded", "true")
    expect(turnover).to_have_url(re.compile(r"\?open=1-300000001-BYN$"))
    row.locator(".is-outlet").click()
    expect(detail(turnover, 1)).to_be_hidden()
    expect(opener(turnover, 1)).to_have_attribute("aria-expanded", "false")
    expect(turnover).to_have_url(re.compile("/turnover$"))
    assert is_same_page(turnover)


def test_rows_expand_by_enter_and_fetch_their_detail_once(turnover: Page) -> None:
    asked: list[str] = []
    turnover.on("request", lambda request: asked.append(request.url) if "/turnover/" in request.url else None)
    for place in (3, 1):
        opener(turnover, place).focus()
        turnover.keyboard.press("Enter")
        expect(detail(turnover, place)).to_be_visible()
        expect(opener(turnover, place)).to_be_focused()
    expect(detail(turnover, 3)).to_contain_text("700.00 BYN")
    for _ in range(2):
        turnover.keyboard.press("Enter")
    expect(detail(turnover, 1)).to_be_visible()
    assert len(asked) == 2
    expect(turnover).to_have_url(re.compile(r"open=1-300000001-BYN&open=3-300000003-BYN$"))


def test_way_back_finds_open_rows_open(turnover: Page) -> None:
    opener(turnover, 3).click()
    detail(turnover, 3).get_by_role("link", name="700.00 BYN").click()
    expect(turnover).to_have_url(re.compile(r"/documents\?.*type=deposit"))
    expect(turnover.locator(".document-row")).to_have_count(1)
    turnover.go_back()
    expect(detail(turnover, 3)).to_be_visible()
    expect(opener(turnover, 3)).to_have_attribute("aria-expanded", "true")
    opener(turnover, 3).click()
    expect(detail(turnover, 3)).to_be_hidden()


def test_number_in_a_row_leads_to_its_documents_and_opens_nothing(turnover: Page) -> None:
    turnover.locator("#row-1-300000001-BYN .is-refunds a").click()
    expect(turnover).to_have_url(re.compile(r"/documents\?.*type=refund&outlet=1&sko=300000001"))
    expect(turnover.locator("#summary")).to_contain_text("5.00 BYN")


# --- order and filters -----------------------------------------------------------------------------------------------


def test_order_changes_by_link_without_a_reload_and_back_again(turnover: Page) -> None:
    by_net = ["300000001", "300000002", "300000003"]
    expect_registers(turnover, *by_net)
    turnover.get_by_role("link", name="Register", exact=True).focus()
    turnover.keyboard.press("Enter")
    expect(turnover).to_have_url(re.compile("sort=number"))
    turnover.get_by_role("link", name="Register", exact=True).click()
    expect(turnover.get_by_role("columnheader", name="Register")).to_have_attribute("aria-sort", "descending")
    expect_registers(turnover, *by_net[::-1])
    turnover.get_by_role("link", name="Outlet", exact=True).click()
    expect(turnover.locator(".opener").first).to_contain_text("300000003")
    assert is_same_page(turnover)
    turnover.go_back()
    turnover.go_back()
    turnover.go_back()
    expect(turnover).to_have_url(re.compile("/turnover$"))
    expect(turnover.locator(".opener").first).to_contain_text("300000001")


def test_period_is_chosen_without_a_reload(turnover: Page, engine: sa.Engine, merchant: TestMerchant) -> None:
    last_year = today().replace(year=today().year - 1, month=6, day=15)
    store(engine, document(merchant.merchant_id, "sale", 7700, day=last_year))
    turnover.get_by_label("Period", exact=True).select_option("own")
    turnover.get_by_label("From", exact=True).fill(last_year.isoformat())
    turnover.get_by_label("To", exact=True).fill(last_year.isoformat())
    expect(turnover.locator(".turnover-sums")).to_contain_text("77.00 BYN")
    expect(turnover.get_by_role("status").first).to_contain_text(f"15 June {last_year.year}, all outlets")
    turnover.get_by_label("Period", exact=True).select_option("today")
    expect(turnover).to_have_url(re.compile(r"\?period=today$"))
    expect(turnover.locator(".turnover-sums")).to_contain_text("100.00 BYN")
    assert is_same_page(turnover)


def test_wrong_date_is_explained_beside_the_field(turnover: Page) -> None:
    turnover.get_by_label("Period", exact=True).select_option("own")
    field = turnover.get_by_label("To", exact=True)
    field.fill("2999-01-01")
    expect(field).to_have_accessible_description("This day has not come yet.")
    expect(turnover.locator("#turnover")).to_contain_text("There is nothing to show for these filters")
    assert is_same_page(turnover)


# --- without scripts, for everybody, everywhere ----------------------------------------------------------------------


def test_turnover_works_without_javascript(page_without_javascript: Page, merchant: TestMerchant) -> None:
    page = page_without_javascript
    log_in(page, merchant, "/turnover")
    expect(page.locator("#turnover-BYN-table")).to_be_visible()
    expect(page.locator(".half")).to_be_hidden()
    opener(page, 2).click()
    expect(detail(page, 2)).to_contain_text("40,00")
    expect(page).to_have_url(re.compile("open=2-300000002-BYN#row-2-300000002-BYN$"))
    opener(page, 1).click()
    expect(detail(page, 1)).to_be_visible()
    expect(detail(page, 2)).to_be_visible()
    opener(page, 2).click()
    expect(detail(page, 2)).to_have_count(0)
    page.locator("#sort-BYN-number").click()
    page.locator("#sort-BYN-number").click()
    expect_registers(page, "300000003", "300000002", "300000001")
    expect(detail(page, 1)).to_be_visible()
    page.locator("[name=outlet]").select_option("3")
    page.locator("[name=period]").select_option("today")
    page.locator("#filters [type=submit]").click()
    expect_registers(page, "300000003")
    expect(page).to_have_url(re.compile("outlet=3"))


def test_turnover_is_accessible(turnover: Page, server: Server, axe: Callable[[Page], None]) -> None:
    opener(turnover, 1).click()
    expect(detail(turnover, 1)).to_be_visible()
    axe(turnover)
    turnover.set_viewport_size({"width": 390, "height": 844})
    axe(turnover)
    for path in ("/turnover?to=2999-01-01&outlet=99", "/turnover?date=2001-01-01", "/turnover/1/300000001"):
        turnover.goto(server.address(path))
        axe(turnover)


@pytest.mark.parametrize("language", ["ru", "be", "en"])
def test_turnover_fits_every_screen(page: Page, merchant: TestMerchant, engine: sa.Engine, language: str) -> None:
    store(engine, *(document(merchant.merchant_id, "sale", 10**10, currency=name) for name in ("BYN", "EUR")))
    log_in(page, merchant, "/turnover", language=language)
    opener(page, 1).click()
    expect(detail(page, 1)).to_be_visible()
    for width in (360, 390, 640, 768, 1000, 1220, 1440):
        page.set_viewport_size({"width": width, "height": 844})
        assert not is_wider_than_its_window(page), width
