"""The profile in a real browser: sessions end, language, theme and notifications are kept, on desks and on phones."""

from collections.abc import Callable

import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from playwright.sync_api import Page, expect

from sql.engine import writing
from sql.sessions import start_session
from tests.accounts import TestMerchant, make_merchant
from tests.browser.conftest import Server, is_wider_than_its_window
from tests.browser.pages import DESKTOP, PHONE, log_in
from webapp.cli import main

IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Version/18.0 Safari/604.1"


@pytest.fixture
def merchant(engine: sa.Engine) -> TestMerchant:
    """The owner is logged in on a phone already."""
    merchant = make_merchant(engine, name="ООО «Ромашка»")
    with writing(engine) as connection:
        known = {"account_id": merchant.account_id, "merchant_id": merchant.merchant_id}
        start_session(connection, **known, address="93.84.12.7", user_agent=IPHONE, way="email")
    return merchant


def test_profile_is_walked_on_a_desk_and_on_a_phone(
    page: Page, merchant: TestMerchant, axe: Callable[[Page], None]
) -> None:
    page.set_viewport_size(DESKTOP)
    log_in(page, merchant, "/profile", language="en")
    sessions = page.get_by_role("region", name="Sessions").get_by_role("listitem")
    expect(sessions).to_have_count(2)
    axe(page)
    page.set_viewport_size(PHONE)
    assert not is_wider_than_its_window(page)
    axe(page)
    page.get_by_role("button", name="End the session: Safari on iPhone, 93.84.12.7").click()
    expect(page.get_by_text("The session has ended.")).to_be_visible()
    expect(sessions).to_have_count(1)
    page.get_by_label("Mails: Documents").select_option("Once a day")
    page.get_by_label("SMS: Connection").check()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved.")).to_be_visible()
    expect(page.get_by_label("Mails: Documents")).to_have_value("daily")
    expect(page.get_by_label("SMS: Connection")).to_be_checked()
    page.get_by_role("main").get_by_role("button", name="Dark").click()
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")
    page.get_by_role("main").get_by_role("button", name="Беларуская").click()
    expect(page.get_by_role("heading", name="Профіль")).to_be_visible()
    assert not is_wider_than_its_window(page)


def test_ended_session_is_over_in_its_own_browser(
    page_without_javascript: Page, page: Page, server: Server, merchant: TestMerchant
) -> None:
    log_in(page, merchant, "/sales", language="en")
    here = page_without_javascript
    log_in(here, merchant, "/profile", language="en")
    expect(here.locator("#sessions li")).to_have_count(3)
    page.reload(wait_until="networkidle")  # what the page asks for by itself later would lead to the login, too
    here.get_by_role("button", name="End all others").click()
    expect(here.get_by_text("2 other sessions have ended.")).to_be_visible()
    expect(here.locator("#sessions li")).to_have_count(1)
    page.get_by_role("link", name="Turnover").first.click()
    expect(page.locator("[name=unp]")).to_be_visible()
    here.get_by_role("button", name="End the session").click()
    expect(here).to_have_url(server.address("/login/password"))


def test_open_page_of_a_disabled_person_leads_to_the_login(
    page: Page, merchant: TestMerchant, database_url: str
) -> None:
    log_in(page, merchant, "/profile", language="en")
    page.wait_for_load_state("networkidle")  # what the page asks for by itself would lead there before the click
    disabled = CliRunner(env={"DATABASE_URL": database_url}).invoke(main, ["account", "disable", merchant.email])
    assert disabled.exit_code == 0, disabled.output
    page.get_by_role("button", name="Save").click()
    expect(page.locator("[name=unp]")).to_be_visible()
    page.locator("[name=unp]").fill(merchant.unp)
    page.locator("[name=password]").fill(merchant.password)
    page.locator("[name=code]").fill(merchant.code())
    page.locator("form:has([name=unp]) [type=submit]").click()
    expect(page.get_by_role("alert").first).to_contain_text("is wrong")
