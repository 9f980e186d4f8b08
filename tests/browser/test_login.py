"""Login and logout in a real browser."""

from collections.abc import Callable

import pytest
import sqlalchemy as sa
from playwright.sync_api import Page, expect

from sql.engine import writing
from sql.sessions import end_all_sessions
from tests.accounts import TestMerchant, make_merchant
from tests.browser.conftest import Server, is_wider_than_its_window


@pytest.fixture
def merchant(engine: sa.Engine) -> TestMerchant:
    return make_merchant(engine)


def speak(page: Page, server: Server, language: str) -> None:
    page.context.add_cookies([{"name": "language", "value": language, "url": server.url}])


def fill_in(page: Page, merchant: TestMerchant, *, code: str | None = None) -> None:
    page.locator("[name=unp]").fill(merchant.unp)
    page.locator("[name=password]").fill(merchant.password)
    page.locator("[name=code]").fill(code or merchant.code())
    page.locator("main [type=submit]").click()


def log_out(page: Page) -> None:
    """Through the account's menu, if the button stands in one."""
    button = page.locator("form[action='/logout'] [type=submit]").first
    if not button.is_visible():
        page.locator("summary, [popovertarget]").filter(has_text="@").first.click()
    button.click()


def test_owner_logs_in_with_the_keyboard_alone(page: Page, server: Server, merchant: TestMerchant) -> None:
    page.goto(server.address("/"))
    expect(page.locator("[name=unp]")).to_be_focused()
    page.keyboard.type(merchant.unp)
    page.keyboard.press("Tab")
    page.keyboard.type(merchant.password)
    page.keyboard.press("Tab")
    page.keyboard.type(merchant.code())
    page.keyboard.press("Enter")
    expect(page).to_have_url(server.address("/"))
    expect(page.get_by_text(merchant.name).first).to_be_visible()


def test_wrong_code_keeps_the_unp_and_asks_again(page: Page, server: Server, merchant: TestMerchant) -> None:
    speak(page, server, "en")
    page.goto(server.address("/login"))
    fill_in(page, merchant, code="000000")
    expect(page.get_by_role("alert").first).to_contain_text("is wrong")
    expect(page.locator("[name=unp]")).to_have_value(merchant.unp)
    expect(page.locator("[name=password]")).to_have_value("")
    expect(page.locator("[name=password]")).to_be_focused()


def test_slip_in_a_field_is_explained_beside_it(page: Page, server: Server, merchant: TestMerchant) -> None:
    speak(page, server, "en")
    page.goto(server.address("/login"))
    page.locator("[name=unp]").fill("191832204")
    page.keyboard.press("Enter")
    field = page.locator("[name=unp]")
    expect(field).to_be_focused()
    expect(field).to_have_accessible_description(
        "There is no such UNP: its check digit does not fit. "
        "Look for a typing slip. Nine characters, as in the company's registration"
    )
    expect(page.locator("#unp-mistake")).to_be_visible()


def test_nothing_is_shown_after_the_logout(page: Page, server: Server, merchant: TestMerchant) -> None:
    page.goto(server.address("/login"))
    fill_in(page, merchant)
    expect(page).to_have_url(server.address("/"))
    log_out(page)
    expect(page).to_have_url(server.address("/login/password"))
    page.go_back()
    expect(page.locator("[name=password]")).to_be_visible()
    expect(page.get_by_text(merchant.name)).to_have_count(0)


def test_page_whose_session_has_ended_goes_to_the_login_and_comes_back(
    page: Page, server: Server, merchant: TestMerchant, engine: sa.Engine
) -> None:
    page.goto(server.address("/sales"))
    fill_in(page, merchant)
    expect(page).to_have_url(server.address("/sales"))
    page.wait_for_load_state("networkidle")  # what the page asks for by itself would lead there first
    with writing(engine) as connection:
        end_all_sessions(connection, merchant.account_id)
    page.evaluate("setTimeout(() => htmx.ajax('GET', '/', '#main'), 50)")  # the page goes away
    expect(page.locator("[name=password]")).to_be_visible()
    fill_in(page, merchant)
    expect(page).to_have_url(server.address("/sales"))


def test_login_works_without_javascript(page_without_javascript: Page, server: Server, merchant: TestMerchant) -> None:
    page = page_without_javascript
    page.goto(server.address("/sales"))
    fill_in(page, merchant, code="000000")
    expect(page.get_by_role("alert").first).to_be_visible()
    fill_in(page, merchant)
    expect(page).to_have_url(server.address("/sales"))


@pytest.mark.parametrize("way", ["password", "signature", "email"])
def test_login_pages_are_accessible(page: Page, server: Server, axe: Callable[[Page], None], way: str) -> None:
    page.goto(server.address(f"/login/{way}"))
    axe(page)


def test_form_with_mistakes_is_accessible(page: Page, server: Server, axe: Callable[[Page], None]) -> None:
    page.goto(server.address("/login"))
    page.locator("main [type=submit]").click()
    expect(page.locator("#unp-mistake")).to_be_visible()
    axe(page)


@pytest.mark.parametrize("language", ["ru", "be", "en"])
def test_login_fits_a_phone(page: Page, server: Server, merchant: TestMerchant, language: str) -> None:
    speak(page, server, language)
    for width in (360, 390):
        page.set_viewport_size({"width": width, "height": 780})
        page.goto(server.address("/login"))
        assert not is_wider_than_its_window(page)
    fill_in(page, merchant, code="1")
    expect(page.locator("#code-mistake")).to_be_visible()
    assert not is_wider_than_its_window(page)
