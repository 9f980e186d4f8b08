"""The journal in a real browser: filters and further pieces without reloading, or with whole pages."""

from collections.abc import Callable

import pytest
import sqlalchemy as sa
from playwright.sync_api import Page, expect

from sql.engine import writing
from sql.journal import OPERATOR, write_journal
from tests.accounts import TestMerchant, make_merchant
from tests.browser.conftest import Server, is_wider_than_its_window
from tests.browser.pages import DESKTOP, PHONE, log_in, mark
from webapp.journal_page import PAGE_ENTRIES

INVITED = PAGE_ENTRIES + 3


@pytest.fixture
def merchant(engine: sa.Engine) -> TestMerchant:
    """Many people were invited, and the operator has disabled one."""
    merchant = make_merchant(engine)
    with writing(engine) as connection:
        who = {"actor": merchant.email, "account_id": merchant.account_id, "address": "93.84.12.7"}
        for number in range(INVITED):
            subject, detail = f"person-{number}.of-the-accountants@romashka.by", {"role": "accountant"}
            write_journal(connection, merchant.merchant_id, "person_invited", **who, subject=subject, detail=detail)
        write_journal(connection, merchant.merchant_id, "account_disabled", actor=OPERATOR, subject="old@romashka.by")
    return merchant


def test_journal_is_filtered_and_followed_in_place(
    page: Page, server: Server, merchant: TestMerchant, axe: Callable[[Page], None]
) -> None:
    page.set_viewport_size(DESKTOP)
    log_in(page, merchant, "/journal", language="en")
    mark(page)
    lines = page.locator(".journal-line")
    expect(lines).to_have_count(PAGE_ENTRIES)
    axe(page)
    page.get_by_label("Action").select_option("Invited a person")
    expect(page).to_have_url(server.address("/journal?action=person_invited"))
    page.get_by_role("link", name="Older entries").click()
    expect(lines).to_have_count(INVITED)
    expect(page.get_by_text("There are no older entries.")).to_be_visible()
    expect(page.locator(".journal-day")).to_have_count(1)
    expect(page).to_have_url(server.address("/journal?action=person_invited"))
    page.get_by_label("Action").select_option("All actions")
    page.get_by_label("Person").select_option("Others")
    expect(lines).to_have_count(1)
    expect(lines).to_contain_text("Disabled an account old@romashka.by")
    assert page.evaluate("window.marker") == "still the same page"
    page.go_back()
    page.go_back()
    expect(lines).to_have_count(PAGE_ENTRIES)


def test_journal_works_on_a_phone_without_javascript(
    page_without_javascript: Page, server: Server, merchant: TestMerchant
) -> None:
    page = page_without_javascript
    page.set_viewport_size(PHONE)
    log_in(page, merchant, "/journal", language="en")
    assert not is_wider_than_its_window(page)
    page.get_by_label("Action").select_option("Invited a person")
    page.get_by_role("button", name="Show").click()
    expect(page.locator(".journal-line")).to_have_count(PAGE_ENTRIES)
    page.get_by_role("link", name="Older entries").click()
    expect(page.locator(".journal-line")).to_have_count(INVITED - PAGE_ENTRIES)
    page.get_by_role("link", name="From the newest entries").click()
    expect(page.locator(".journal-line")).to_have_count(PAGE_ENTRIES)
    page.get_by_role("link", name="Clear").click()
    expect(page).to_have_url(server.address("/journal"))


def test_nonsense_in_the_address_is_explained(
    page: Page, server: Server, merchant: TestMerchant, axe: Callable[[Page], None]
) -> None:
    page.set_viewport_size(PHONE)
    log_in(page, merchant, "/profile", language="en")
    page.goto(server.address("/journal?person=999&from=yesterday"))
    expect(page.get_by_label("Person")).to_have_accessible_description(
        "There is no such choice: take one from the list."
    )
    expect(page.get_by_label("From")).to_have_value("yesterday")
    assert not is_wider_than_its_window(page)
    axe(page)
    page.get_by_role("link", name="The whole journal").click()
    expect(page.locator(".journal-line").first).to_be_visible()
