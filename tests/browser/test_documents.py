"""Cash documents in a real browser: endless scrolling that keeps its place, the receipt beside it, phones, keys."""

import datetime
import re
from collections.abc import Callable

import pytest
import sqlalchemy as sa
from playwright.sync_api import Locator, Page, expect

from sql.engine import writing
from sql.tables import refused_delivery
from tests.accounts import TestMerchant, make_merchant
from tests.browser.conftest import Server, is_wider_than_its_window
from tests.browser.pages import DESKTOP, PHONE, is_same_page, log_in, mark, wait_until
from tests.shop import MINSK, document, open_outlets, store
from tests.till import drawer, item, receipt, ring_up, rollback, sale

AT = datetime.datetime(2024, 5, 15, 12, 30, 5, tzinfo=MINSK)
MINUTE = datetime.timedelta(minutes=1)
SKO = "300000001"
OLDER = 170  # sales of days before: with the six others, pages of 50, 50, 50 and 26


@pytest.fixture
def merchant(engine: sa.Engine) -> TestMerchant:
    """Documents 1 to 6 of one day as receipts, and many sales of the days before, numbered from 1000."""
    merchant = make_merchant(engine)
    open_outlets(engine, merchant.merchant_id, ("Универсам «Комаровский»", "Магазин «Малиновка-3», павильон 4"))
    bread = item("Хлеб «Нарочанский»", 5978, tax=10)
    annulled = sale(3, item("Соль", 97), payments=[("cashless", 97)], at=AT + 2 * MINUTE)
    ring_up(
        engine,
        sale(1, bread, at=AT),
        sale(2, item("Сыр", 4097), payments=[("cash", 1000), ("cashless", 3097)], at=AT + MINUTE),
        annulled,
        rollback(4, annulled, at=AT + 3 * MINUTE),
        receipt("refund", 5, [bread], base={"sko": SKO, "number": 1}, at=AT + 4 * MINUTE),
        drawer("deposit", 6, 70_000, at=AT + 5 * MINUTE),
    )
    days = [AT.date() - datetime.timedelta(days=1 + place // 30) for place in range(OLDER)]
    sales = (document(merchant.merchant_id, "sale", 100 + place, day=day) for place, day in enumerate(days))
    store(engine, *(row._replace(number=1000 + place) for place, row in enumerate(sales)))
    refusal = {"merchant_id": merchant.merchant_id, "sko_id": 1, "number": 2, "reason": "Нет такого товара"}
    with writing(engine) as connection:
        connection.execute(sa.insert(refused_delivery).values(**refusal, refused_us=0))
    return merchant


@pytest.fixture
def owner(page: Page, merchant: TestMerchant) -> Page:
    """The tab of the owner on the documents, in English."""
    page.set_viewport_size(DESKTOP)
    open_documents(page, merchant, language="en")
    return page


def open_documents(page: Page, merchant: TestMerchant, path: str = "/documents", *, language: str) -> None:
    log_in(page, merchant, language=language)
    page.goto(path)
    mark(page)


def row(page: Page, number: int) -> Locator:
    return page.locator(f"#document-{SKO}-{number}")


# The place in the list is noted a moment after the last scrolling; before, what is noted is another place.
IS_NOTED = """() => {
    const place = history.state?.place;
    const row = place && document.getElementById(place.row);
    return Boolean(row) && Math.abs(row.getBoundingClientRect().top - place.top) < 1;
}"""


def scroll_to_the_end(page: Page) -> None:
    end = page.get_by_text("There are no older documents.")
    wait_until(page, end.count, meanwhile=lambda: page.mouse.wheel(0, 3000))


def scroll_to(row: Locator) -> float:
    """Until the page has noted where it is; returns its top in the window."""
    row.scroll_into_view_if_needed()
    row.page.wait_for_timeout(100)  # the last turn of the wheel may be on its way yet
    wait_until(row.page, lambda: row.page.evaluate(IS_NOTED))
    return top_of(row)


def top_of(row: Locator) -> float:
    """Where it is in the window."""
    return float(row.evaluate("(row) => row.getBoundingClientRect().top"))


def expect_top(row: Locator, top: float) -> None:
    """It is there, or comes there in a moment: browsers scroll back when they get to it."""
    wait_until(row.page, lambda: abs(top_of(row) - top) <= 2)


def test_list_goes_on_by_itself_and_every_day_has_one_heading(owner: Page) -> None:
    expect(owner.locator(".document-row")).to_have_count(50)
    owner.mouse.move(600, 600)
    scroll_to_the_end(owner)
    expect(owner.locator(".document-row")).to_have_count(OLDER + 6)
    headings = owner.locator(".document-day h2").all_text_contents()
    assert len(headings) == len(set(headings)) == 7
    assert is_same_page(owner)


def test_place_is_kept_three_pages_deep(owner: Page, server: Server) -> None:
    owner.mouse.move(600, 600)
    scroll_to_the_end(owner)
    deep = row(owner, 1115)
    before = scroll_to(deep)
    # A document beside the list …
    deep.click()
    expect(owner.locator("#document-title")).to_have_text("Receipt of sale № 1115")
    expect(owner).to_have_url(re.compile(f"/documents/{SKO}/1115"))
    expect_top(row(owner, 1115), before)
    expect(deep).to_have_attribute("aria-current", "true")
    # … another one, and back …
    row(owner, 1116).click()
    expect(owner.locator("#document-title")).to_have_text("Receipt of sale № 1116")
    owner.go_back()
    expect(owner.locator("#document-title")).to_have_text("Receipt of sale № 1115")
    owner.go_back()
    expect(owner.locator(".document-hint")).to_be_visible()
    expect(owner.locator(".document-row")).to_have_count(OLDER + 6)
    expect_top(row(owner, 1115), before)
    owner.go_forward()
    expect(owner.locator("#document-title")).to_have_text("Receipt of sale № 1115")
    assert is_same_page(owner)
    # … and from another page back to the same row in the same place.
    owner.go_back()
    owner.goto(server.address("/"))
    owner.go_back()
    expect_top(row(owner, 1115), before)
    expect(owner.get_by_role("link", name="From the newest documents")).to_be_attached()


def test_arrows_move_between_rows_enter_opens_and_escape_closes(owner: Page) -> None:
    row(owner, 6).focus()
    owner.keyboard.press("ArrowDown")
    expect(row(owner, 5)).to_be_focused()
    owner.keyboard.press("ArrowDown")
    owner.keyboard.press("ArrowUp")
    owner.keyboard.press("Enter")
    expect(owner.locator("#document-title")).to_have_text("Receipt of refund № 5")
    expect(row(owner, 5)).to_be_focused()
    expect(owner.locator("#shown")).to_have_text("Receipt of refund № 5")
    owner.keyboard.press("Escape")
    expect(owner.locator(".document-hint")).to_be_visible()
    expect(owner).to_have_url(re.compile("/documents$"))
    assert is_same_page(owner)


def test_sale_leads_to_its_refund_and_back(owner: Page) -> None:
    row(owner, 1).click()
    owner.locator(".document-facts").get_by_role("link", name="№ 5").click()
    expect(owner.locator("#document-title")).to_have_text("Receipt of refund № 5")
    expect(row(owner, 5)).to_have_attribute("aria-current", "true")
    owner.locator(".document-facts").get_by_role("link", name="№ 1").click()
    expect(owner.locator("#document-title")).to_have_text("Receipt of sale № 1")
    assert is_same_page(owner)


def test_refusal_is_explained(owner: Page) -> None:
    expect(row(owner, 2)).to_contain_text("Refused")
    row(owner, 2).click()
    expect(owner.locator(".document-facts")).to_contain_text("Нет такого товара")


def test_filters_apply_without_a_reload_and_add_up(owner: Page) -> None:
    owner.get_by_label("Number or УИ").fill("№ 4")
    owner.get_by_label("Number or УИ").press("Enter")
    expect(owner.locator(".document-row")).to_have_count(1)
    expect(owner.locator("#summary")).to_contain_text("1 document")
    owner.get_by_label("Number or УИ").fill("")
    owner.locator("#filter-type summary").click()
    owner.get_by_label("Refund", exact=True).check()
    expect(owner.locator(".document-row")).to_have_count(1)
    expect(owner.locator("#filter-type")).to_have_attribute("open", "")
    owner.get_by_label("Annulment", exact=True).check()
    expect(owner.locator(".document-row")).to_have_count(2)
    expect(owner).to_have_url(re.compile(r"/documents\?type=refund&type=rollback$"))
    owner.keyboard.press("Escape")
    owner.locator("#filters").get_by_role("link", name="Clear").click()
    expect(owner.locator(".document-row")).to_have_count(50)


def test_less_used_filters_are_behind_a_fold(owner: Page) -> None:
    expect(owner.get_by_label("Cashier")).to_be_hidden()
    owner.get_by_text("More filters").click()
    owner.get_by_label("Sum from").fill("59,78")
    owner.get_by_label("Sum to").fill("59.78")
    owner.get_by_label("Sum to").press("Enter")
    expect(owner.locator(".document-row")).to_have_count(2)
    owner.get_by_label("Sum to").fill("1")
    owner.get_by_label("Sum to").press("Enter")
    expect(owner.locator("#filter-max-problem")).to_have_text("The largest sum is less than the smallest.")
    expect(owner.get_by_label("Sum to")).to_be_focused()
    expect(owner.locator(".document-row")).to_have_count(0)
    owner.get_by_label("Sum to").fill("")
    owner.get_by_label("State").select_option("refused")
    expect(owner.locator(".document-row")).to_have_count(0)
    assert is_same_page(owner)


def test_address_of_a_document_shows_it_beside_the_same_list(owner: Page, server: Server) -> None:
    owner.goto(server.address(f"/documents/{SKO}/3?date=2024-05-15&type=sale"))
    expect(owner.locator("#document-title")).to_have_text("Receipt of sale № 3")
    expect(owner.locator(".document-row")).to_have_count(3)
    expect(row(owner, 3)).to_have_attribute("aria-current", "true")
    owner.get_by_role("link", name="Close").click()
    expect(owner).to_have_url(server.address("/documents?date=2024-05-15&type=sale"))
    owner.go_back()
    expect(owner.locator("#document-title")).to_have_text("Receipt of sale № 3")


def test_document_is_back_also_before_the_page_has_fetched_anything(owner: Page, server: Server) -> None:
    owner.route("**/notifications/unread", lambda _route: None)  # never answered
    owner.goto(server.address(f"/documents/{SKO}/3"))
    owner.get_by_role("link", name="Close").click()
    expect(owner.locator("#document-title")).to_have_count(0)
    owner.go_back()
    expect(owner.locator("#document-title")).to_have_text("Receipt of sale № 3")


def test_receipt_stays_in_sight_beside_the_list(owner: Page) -> None:
    row(owner, 6).click()
    expect(owner.locator("#document-title")).to_be_visible()
    owner.mouse.move(600, 600)
    owner.mouse.wheel(0, 2500)
    owner.wait_for_timeout(300)
    expect(owner.locator("#document-title")).to_be_in_viewport()


def test_only_the_receipt_is_printed(owner: Page) -> None:
    row(owner, 1).click()
    printed = owner.get_by_role("button", name="Print")
    expect(printed).to_be_visible()
    owner.evaluate("window.print = () => { window.printed = true; }")
    printed.click()
    assert owner.evaluate("window.printed")
    owner.emulate_media(media="print")
    expect(owner.locator(".tape")).to_be_visible()
    expect(owner.locator(".document-row").first).to_be_hidden()
    expect(owner.locator("#filters")).to_be_hidden()
    expect(owner.locator(".document-actions")).to_be_hidden()


def test_link_for_the_buyer_is_copied(owner: Page, server: Server) -> None:
    owner.context.grant_permissions(["clipboard-read", "clipboard-write"])
    row(owner, 1).click()
    owner.get_by_role("button", name="Copy link").click()
    expect(owner.get_by_role("button", name="Copied")).to_be_visible()
    copied = owner.evaluate("navigator.clipboard.readText()")
    assert copied == server.address(f"/r/{int(SKO):012X}{1:012X}")


def test_document_opens_over_the_list_on_a_phone(owner: Page, server: Server) -> None:
    owner.set_viewport_size(PHONE)
    owner.goto(server.address("/documents"))
    expect(owner.locator("#document")).to_be_hidden()
    before = scroll_to(row(owner, 1003))
    row(owner, 1003).click()
    expect(owner.locator("#document-title")).to_be_focused()
    box = owner.locator("#document").bounding_box()
    assert box is not None
    assert (box["x"], box["y"], box["width"], box["height"]) == (0, 0, PHONE["width"], PHONE["height"])
    owner.get_by_role("link", name="Close").click()
    expect(owner.locator("#document")).to_be_hidden()
    expect(row(owner, 1003)).to_be_focused()
    expect_top(row(owner, 1003), before)
    row(owner, 1003).click()
    expect(owner.locator("#document-title")).to_be_visible()
    owner.go_back()
    expect(owner.locator("#document")).to_be_hidden()
    expect_top(row(owner, 1003), before)


def test_documents_work_without_javascript(page_without_javascript: Page, merchant: TestMerchant) -> None:
    page = page_without_javascript
    log_in(page, merchant, "/documents", language="en")
    page.get_by_role("link", name="Older documents").click()
    page.get_by_role("link", name="Older documents").click()
    expect(page.locator(".document-row")).to_have_count(50)
    row(page, 1115).click()
    expect(page.locator("#document-title")).to_have_text("Receipt of sale № 1115")
    expect(row(page, 1115)).to_have_attribute("aria-current", "true")
    expect(page.get_by_role("button", name="Print")).to_be_hidden()
    expect(page.locator(".document-public")).to_be_visible()
    page.get_by_role("link", name="Close").click()
    expect(row(page, 1115)).to_be_visible()
    page.get_by_role("link", name="From the newest documents").click()
    page.locator("[name=q]").fill("4")
    page.locator("#filters [type=submit]").click()
    expect(page.locator(".document-row")).to_have_count(1)
    page.get_by_role("link", name="Count them and add them up").click()
    expect(page.locator("#summary")).to_contain_text("1 document")


@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_documents_are_accessible(
    owner: Page, server: Server, axe: Callable[[Page], None], size: dict[str, int]
) -> None:
    owner.set_viewport_size(size)  # type: ignore[arg-type]
    for path in (
        "/documents",
        f"/documents/{SKO}/2?date=2024-05-15",
        "/documents?type=sale&type=refund&currency=BYN&state=pending",
        "/documents?q=zzz&min=-1&outlet=99",
        "/documents?date=2001-01-01",
    ):
        owner.goto(server.address(path))
        axe(owner)


@pytest.mark.parametrize("language", ["ru", "be", "en"])
def test_documents_fit_every_screen(
    page: Page, server: Server, merchant: TestMerchant, engine: sa.Engine, language: str
) -> None:
    big = document(merchant.merchant_id, "sale", 10**12, outlet_id=2)._replace(number=2**53 - 1)
    store(engine, big, document(merchant.merchant_id, "payout", 10**12, currency="EUR")._replace(number=9_999))
    open_documents(page, merchant, f"/documents/{SKO}/2", language=language)
    for path in ("/documents", f"/documents/{SKO}/2", "/documents?type=sale&type=refund&currency=BYN&min=1"):
        page.goto(server.address(path))
        for width in (360, 390, 640, 768, 1000, 1220, 1440):
            page.set_viewport_size({"width": width, "height": 844})
            assert not is_wider_than_its_window(page), (path, width)
