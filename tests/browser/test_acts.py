"""Acts, manuals and the guide in a real browser."""

import zipfile
from collections.abc import Callable

import pytest
import sqlalchemy as sa
from playwright.sync_api import Page, expect

from sql.acts import correct_act
from sql.engine import writing
from tests.accounts import TestMerchant, make_merchant
from tests.acts import NOVEMBER, OCTOBER, PROVIDER, add_test_act
from tests.browser.conftest import Server, is_wider_than_its_window
from tests.browser.pages import DESKTOP, PHONE, log_in, mark

SERVICE = (
    "Регистрация Программной кассы (ПК) в АИС ПКС"
    " (включая пользование неисключительной лицензией в течение месяца подключения)"
)


@pytest.fixture
def merchant(engine: sa.Engine) -> TestMerchant:
    """With two acts of the subscription, the second of which is corrected, and one of the registration."""
    merchant = make_merchant(engine)
    with writing(engine) as connection:
        add_test_act(connection, merchant.merchant_id, kind="registration", service=SERVICE, quantity=14)
        add_test_act(connection, merchant.merchant_id, month=OCTOBER)
        add_test_act(connection, merchant.merchant_id, month=NOVEMBER, vat_percent=20)
        changes = {"issued": NOVEMBER.replace(month=12), "quantity": 1, "price_minor": None, "provider": PROVIDER}
        correct_act(connection, merchant.merchant_id, 3, **changes, reason="Касса снята с учёта")
    return merchant


def test_acts_are_filtered_in_place_and_saved(page: Page, merchant: TestMerchant, axe: Callable[[Page], None]) -> None:
    page.set_viewport_size(DESKTOP)
    log_in(page, merchant, "/acts/subscription", language="en")
    acts = page.locator(".acts tbody tr")
    expect(acts).to_have_count(3)
    axe(page)
    mark(page)
    page.get_by_label("Period").select_option("Own dates")
    page.get_by_label("To").fill("2025-11-15")
    expect(acts).to_have_count(1)
    assert page.evaluate("window.marker") == "still the same page"
    with page.expect_download() as saved:
        page.get_by_role("link", name="Download act СС-191832203-2").click()
    assert saved.value.suggested_filename == "СС-191832203-2.pdf"
    page.get_by_role("link", name="Clear").click()
    expect(acts).to_have_count(3)
    page.get_by_label("Act СС-191832203-2", exact=True).check()
    page.get_by_label("Act СС-191832203-4", exact=True).check()
    with page.expect_download() as saved:
        page.get_by_role("button", name="Download as ZIP").click()
    with zipfile.ZipFile(saved.value.path()) as archive:
        assert archive.namelist() == ["СС-191832203-4.pdf", "СС-191832203-2.pdf"]


def test_acts_work_on_a_phone_without_javascript(page_without_javascript: Page, merchant: TestMerchant) -> None:
    page = page_without_javascript
    page.set_viewport_size(PHONE)
    log_in(page, merchant, "/acts/registration", language="en")
    expect(page.get_by_text("СС-191832203-1")).to_be_visible()
    assert not is_wider_than_its_window(page)
    page.get_by_role("link", name="Subscription fee", exact=True).first.click()
    page.get_by_label("Period").select_option("Today")
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_text("No acts in this period")).to_be_visible()
    page.get_by_role("link", name="Clear").click()
    with page.expect_download() as saved:
        page.get_by_role("button", name="Download as ZIP").click()
    assert saved.value.suggested_filename == "acts-subscription.zip"


def test_acts_on_a_phone_are_cards(page: Page, merchant: TestMerchant, axe: Callable[[Page], None]) -> None:
    page.set_viewport_size(PHONE)
    log_in(page, merchant, "/acts/subscription", language="en")
    expect(page.get_by_text("in place of СС-191832203-3")).to_be_visible()
    assert not is_wider_than_its_window(page)
    axe(page)


def test_manuals_and_the_guide_are_at_hand(page: Page, merchant: TestMerchant, axe: Callable[[Page], None]) -> None:
    page.set_viewport_size(PHONE)
    log_in(page, merchant, "/instructions", language="en")
    assert not is_wider_than_its_window(page)
    axe(page)
    with page.expect_download() as saved:
        page.get_by_role("link", name="Download User guide of the cabinet").click()
    assert saved.value.suggested_filename == "kabinet-guide.pdf"
    with page.expect_popup() as opened:
        page.get_by_role("link", name="Help with this page").click()
    guide = opened.value
    expect(guide.get_by_role("heading", level=1)).to_have_text("Инструкции")
    assert not is_wider_than_its_window(guide)
    axe(guide)


def test_the_guide_is_read_without_javascript_and_without_a_login(
    page_without_javascript: Page, server: Server, engine: sa.Engine
) -> None:
    page = page_without_javascript
    page.set_viewport_size(DESKTOP)
    page.goto(server.address("/login/password"))
    page.goto(server.address(str(page.get_by_role("link", name="Помощь по этой странице").get_attribute("href"))))
    expect(page.get_by_role("heading", level=1)).to_have_text("Начало работы")
    page.get_by_role("link", name="Команда", exact=True).first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Команда")
    expect(page.get_by_role("navigation", name="Разделы")).to_have_count(0)
    assert page.locator(".guide-text img").evaluate("image => image.complete || image.loading === 'lazy'")
