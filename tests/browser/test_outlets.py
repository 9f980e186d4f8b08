"""Outlets in a real browser: search as one types, the dialog and its address, editing without scripts, phones."""

import datetime
import re
from collections.abc import Callable

import pytest
import sqlalchemy as sa
from playwright.sync_api import Page, expect

from sql.engine import reading, writing
from sql.outlet_details import change_outlet, outlet_details
from sql.outlets import add_outlet
from tests.accounts import TestMerchant, make_merchant
from tests.browser.conftest import Server, is_wider_than_its_window
from tests.browser.pages import is_same_page, log_in, mark
from tests.shop import document, open_outlets, store, today

SIZES = ({"width": 1440, "height": 900}, {"width": 390, "height": 800})
ADDRESSES = ("Минск, пр. Независимости, 12", "Могилёв, ул. Первомайская, 8", "Брест, ул. Советская, 4")


@pytest.fixture
def merchant(engine: sa.Engine) -> TestMerchant:
    """Four outlets; the first, of which only the city is known, has sold for a week."""
    merchant = make_merchant(engine)
    own = merchant.merchant_id
    open_outlets(engine, own, ("Универсам",))
    with writing(engine) as connection:
        for place, address in enumerate(ADDRESSES, 2):
            add_outlet(connection, own, name=f"Магазин № {place}", address=address)
    days = [today() - datetime.timedelta(days=ago) for ago in range(7)]
    store(engine, *(document(own, "sale", 10_000 + 1_000 * place, day=day) for place, day in enumerate(days)))
    return merchant


@pytest.fixture
def outlets(page: Page, merchant: TestMerchant) -> Page:
    """The tab of the owner on the list, in English."""
    log_in(page, merchant, "/outlets", language="en")
    mark(page)
    return page


def test_the_list_narrows_while_one_types(outlets: Page) -> None:
    field = outlets.get_by_label("Search by address")
    field.press_sequentially("первом могилев", delay=30)
    expect(outlets.locator(".line")).to_have_count(1)
    expect(outlets.locator(".line")).to_contain_text("Могилёв")
    expect(outlets).to_have_url(re.compile(r"/outlets\?q=[^&]+$"))
    expect(field).to_be_focused()
    expect(field).to_have_value("первом могилев")
    field.press_sequentially("о")
    expect(outlets.locator("#outlets")).to_contain_text("No outlet has such an address")
    outlets.evaluate("document.getElementById('filter-q').removeAttribute('maxlength')")
    field.fill("а" * 101)
    expect(outlets.locator("#filter-q-problem")).to_have_text("Write at most 100 characters.")
    field.fill("")
    expect(outlets.locator(".line")).to_have_count(4)
    expect(outlets.locator("#filter-q-problem")).to_be_empty()
    assert is_same_page(outlets)


def test_the_chosen_outlet_opens_as_a_dialog_with_an_address(outlets: Page) -> None:
    outlets.get_by_role("link", name="Универсам").click()
    dialog = outlets.get_by_role("dialog", name="Универсам")
    expect(dialog).to_be_visible()
    expect(outlets).to_have_url(re.compile(r"/outlets/1$"))
    expect(outlets).to_have_title("Универсам, Outlets · Kabinet")
    expect(outlets.locator("#outlet:modal")).to_be_visible()
    expect(dialog.locator("canvas")).to_have_attribute("aria-label", re.compile("Income by day"))
    values = outlets.evaluate("Chart.getChart(document.querySelector('#outlet canvas')).data.datasets[0].data")
    assert values == [160, 150, 140, 130, 120, 110, 100]
    outlets.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(outlets).to_have_url(re.compile("/outlets$"))
    expect(outlets).to_have_title("Outlets · Kabinet")
    expect(outlets.locator("#outlet-1")).to_be_focused()
    assert is_same_page(outlets)


def test_dialog_is_back_also_before_the_page_has_fetched_anything(outlets: Page, server: Server) -> None:
    outlets.route("**/notifications/unread", lambda _route: None)  # never answered
    outlets.goto(server.address("/outlets/2"))
    dialog = outlets.get_by_role("dialog", name="Магазин № 2")
    dialog.get_by_role("link", name="Close").click()
    expect(dialog).to_be_hidden()
    expect(outlets).to_have_url(re.compile("/outlets$"))
    outlets.go_back()
    expect(outlets.locator("#outlet:modal")).to_be_visible()


def test_back_and_forth_close_and_open_the_dialog(outlets: Page) -> None:
    outlets.locator("#outlet-2").click()
    dialog = outlets.get_by_role("dialog", name="Магазин № 2")
    expect(dialog).to_be_visible()
    outlets.go_back()
    expect(dialog).to_be_hidden()
    expect(outlets).to_have_url(re.compile("/outlets$"))
    outlets.go_forward()
    expect(dialog).to_be_visible()
    expect(outlets).to_have_url(re.compile(r"/outlets/2$"))
    expect(outlets.locator("#outlet:modal")).to_be_visible()
    dialog.get_by_role("link", name="Close").click()
    expect(dialog).to_be_hidden()
    outlets.locator("#outlet-3").click()
    expect(outlets.get_by_role("dialog", name="Магазин № 3")).to_be_visible()
    expect(outlets.locator("#outlet:modal")).to_be_visible()
    outlets.mouse.click(5, 400)  # beside it
    expect(outlets.get_by_role("dialog")).to_be_hidden()


def test_who_edits_what_somebody_else_has_changed_meanwhile_reads_it(
    outlets: Page, server: Server, engine: sa.Engine, merchant: TestMerchant, axe: Callable[[Page], None]
) -> None:
    outlets.set_viewport_size(SIZES[1])
    outlets.goto(server.address("/outlets/1/edit"))
    with writing(engine) as connection:
        values = {"opening_hours": {}, "contact_name": "Анна", "contact_phone": "", "time_zone": "Europe/Minsk"}
        change_outlet(connection, merchant.merchant_id, 1, **values)
    outlets.get_by_label("Whom to call").fill("Ольга")
    outlets.get_by_role("button", name="Save").click()
    expect(outlets.get_by_role("alert")).to_contain_text("differs from this page in: whom to call.")
    expect(outlets.get_by_role("alert")).to_be_in_viewport(ratio=1)
    expect(outlets.get_by_label("Whom to call")).to_have_value("Ольга")
    assert not is_wider_than_its_window(outlets)
    axe(outlets)
    outlets.get_by_role("button", name="Save").click()
    expect(outlets.get_by_text("Saved: Универсам.")).to_be_visible()
    with reading(engine) as connection:
        found = outlet_details(connection, merchant.merchant_id, 1)
    assert found
    assert found.contact_name == "Ольга"


def test_an_owner_edits_from_a_dialog_that_was_opened_by_its_address(
    outlets: Page, server: Server, engine: sa.Engine, merchant: TestMerchant
) -> None:
    outlets.goto(server.address("/outlets/3"))
    outlets.get_by_role("dialog").get_by_role("link", name="Edit").click()
    outlets.get_by_label("Monday, from").fill("09:00")
    outlets.get_by_role("button", name="Save").click()
    expect(outlets.locator("#mon-mistake")).to_have_text("Write both times, or none for a day off.")
    expect(outlets.get_by_label("Monday, from")).to_be_focused()
    outlets.get_by_label("Monday, to").fill("21:30")
    outlets.get_by_label("Time zone").select_option("Europe/Moscow")
    outlets.get_by_label("Phone of the outlet").fill("029 123-45-67")
    outlets.get_by_role("button", name="Save").click()
    expect(outlets.locator("#phone-mistake, #contact_phone-mistake")).to_be_visible()
    outlets.get_by_label("Phone of the outlet").fill("8 029 123-45-67")
    outlets.get_by_role("button", name="Save").click()
    expect(outlets.locator(".toast-message")).to_have_text("Saved: Магазин № 3.")
    with reading(engine) as connection:
        found = outlet_details(connection, merchant.merchant_id, 3)
    assert found
    assert (found.time_zone, found.opening_hours) == ("Europe/Moscow", {"mon": ("09:00", "21:30")})
    assert found.contact_phone == "+375291234567"


def test_everything_is_there_without_scripts(
    page_without_javascript: Page, server: Server, merchant: TestMerchant
) -> None:
    page = page_without_javascript
    log_in(page, merchant, "/outlets", language="en")
    page.get_by_label("Search by address").fill("минск независ")
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page.locator(".line")).to_have_count(1)
    page.locator(".line").click()
    expect(page.locator("#outlet")).to_be_visible()
    expect(page.locator("#outlet")).to_contain_text("No receipts in these seven days.")
    page.get_by_role("link", name="Close").click()
    expect(page).to_have_url(re.compile(r"/outlets\?q="))
    expect(page.locator("#outlet")).to_have_count(0)
    page.goto(server.address("/outlets/1"))
    expect(page.locator("#week-table tbody tr")).to_have_count(7)
    page.get_by_role("link", name="Edit").click()
    page.get_by_label("Whom to call").fill("Ольга")
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".toast-message")).to_have_text("Saved: Универсам.")


def test_pages_are_accessible_and_fit_their_window(outlets: Page, server: Server, axe: Callable[[Page], None]) -> None:
    for size in SIZES:
        outlets.set_viewport_size(size)
        for address in ("/outlets", "/outlets?q=нигде", "/outlets/1", "/outlets/1/edit"):
            outlets.goto(server.address(address))
            assert not is_wider_than_its_window(outlets), (size, address)
            axe(outlets)
