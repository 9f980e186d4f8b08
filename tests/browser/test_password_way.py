"""Enrolment, a lost phone and a forgotten password, in a real browser."""

import re
import time
from collections.abc import Callable

import pytest
import sqlalchemy as sa
from playwright.sync_api import Page, expect

from sql.accounts import add_account
from sql.engine import writing
from sql.factors import replace_recovery_codes
from sql.memberships import add_membership
from sql.password_resets import add_reset
from tests.accounts import TestMerchant, make_merchant
from tests.browser.conftest import Server, is_wider_than_its_window
from tests.mailbox import link_to, mails_to
from webapp.passwords import STEP_S, totp_code
from webapp.recovery_codes import generate_recovery_codes

NEW = "seven brass herons on a tram"
EMAIL = "new@romashka.by"
MAIL_S = 30


@pytest.fixture
def merchant(engine: sa.Engine) -> TestMerchant:
    return make_merchant(engine)


def invited(engine: sa.Engine, merchant: TestMerchant) -> str:
    """The path of the link that a new person has got."""
    with writing(engine) as connection:
        account_id = add_account(connection, email=EMAIL, phone="", password_hash="", totp_secret="")
        add_membership(connection, merchant.merchant_id, account_id, "accountant")
        return f"/login/reset/password?token={add_reset(connection, account_id, lifetime_us=10**9)}"


def submit(page: Page) -> None:
    page.locator("main form [type=submit]").first.click()


def choose_password(page: Page) -> None:
    page.locator("[name=new_password]").fill(NEW)
    page.locator("[name=again]").fill(NEW)
    submit(page)


def enrol(page: Page) -> None:
    """With the key that the page shows to those who can't scan."""
    expect(page.locator(".enrol-qr")).to_be_visible()
    secret = page.locator(".enrol-key").text_content()
    assert secret
    page.locator("[name=code]").fill(totp_code(secret.replace(" ", ""), int(time.time()) // STEP_S))
    submit(page)


def log_in(page: Page, merchant: TestMerchant, *, code: str) -> None:
    page.locator("[name=unp]").fill(merchant.unp)
    page.locator("[name=password]").fill(merchant.password)
    page.locator("[name=code]").fill(code)
    submit(page)


def wait_for_link(engine: sa.Engine, address: str) -> str:
    """The server mails it after its answer."""
    deadline = time.monotonic() + MAIL_S
    while time.monotonic() < deadline:
        if mails_to(engine, address):
            break
        time.sleep(0.05)
    return link_to(engine, address)


def check_widths(page: Page) -> None:
    for width in (390, 1440):
        page.set_viewport_size({"width": width, "height": 900})
        assert not is_wider_than_its_window(page), f"{page.url} at {width}"


def test_new_person_chooses_a_password_enrols_and_keeps_the_codes(
    page: Page, server: Server, engine: sa.Engine, merchant: TestMerchant, axe: Callable[[Page], None]
) -> None:
    page.goto(server.address(invited(engine, merchant)))
    axe(page)
    check_widths(page)
    choose_password(page)
    axe(page)
    check_widths(page)
    enrol(page)
    expect(page.locator(".recovery-codes li")).to_have_count(10)
    expect(page.locator("[data-print]")).to_be_visible()
    axe(page)
    check_widths(page)
    with page.expect_download() as download:
        page.locator(".recovery-tools [type=submit]").click()
    codes = page.locator(".recovery-codes code").all_text_contents()
    assert download.value.path().read_text().split()[-10:] == codes
    page.locator(".card-footer [type=submit]").click()
    expect(page).to_have_url(server.address("/"))
    expect(page.get_by_text(merchant.name).first).to_be_attached()


def test_new_person_enrols_without_javascript(
    page_without_javascript: Page, server: Server, engine: sa.Engine, merchant: TestMerchant
) -> None:
    page = page_without_javascript
    page.goto(server.address(invited(engine, merchant)))
    page.locator("[name=new_password]").fill("short")
    submit(page)
    expect(page.locator("#new_password-mistake")).to_be_visible()
    choose_password(page)
    enrol(page)
    expect(page.locator(".recovery-codes li")).to_have_count(10)
    page.locator(".card-footer [type=submit]").click()
    expect(page).to_have_url(server.address("/"))


def test_lost_phone_is_replaced_with_a_recovery_code(
    page: Page, server: Server, engine: sa.Engine, merchant: TestMerchant, axe: Callable[[Page], None]
) -> None:
    codes = generate_recovery_codes()
    with writing(engine) as connection:
        replace_recovery_codes(connection, merchant.account_id, codes)
    page.goto(server.address("/profile/authenticator"))
    page.locator("a[href*='recovery=1']").click()
    axe(page)
    log_in(page, merchant, code=codes[0].replace("-", " "))
    expect(page).to_have_url(server.address("/profile/authenticator"))
    axe(page)
    check_widths(page)
    enrol(page)
    expect(page).to_have_url(server.address("/profile"))
    page.goto(server.address("/profile/recovery-codes"))
    axe(page)
    submit(page)
    expect(page.locator(".recovery-codes li")).to_have_count(10)
    assert not set(codes) & set(page.locator(".recovery-codes code").all_text_contents())


def test_lost_phone_is_replaced_without_javascript(
    page_without_javascript: Page, server: Server, engine: sa.Engine, merchant: TestMerchant
) -> None:
    page, codes = page_without_javascript, generate_recovery_codes()
    with writing(engine) as connection:
        replace_recovery_codes(connection, merchant.account_id, codes)
    page.goto(server.address("/profile/authenticator"))
    page.locator("a[href*='recovery=1']").click()
    log_in(page, merchant, code=codes[0])
    enrol(page)
    expect(page).to_have_url(server.address("/profile"))


def forget_password(page: Page, server: Server, engine: sa.Engine, merchant: TestMerchant) -> None:
    page.goto(server.address("/login/password"))
    page.locator("a[href='/login/reset']").click()
    page.locator("[name=email]").fill(merchant.email)
    submit(page)
    expect(page.locator("main")).to_contain_text(merchant.email)
    page.goto(server.address(wait_for_link(engine, merchant.email)))
    choose_password(page)
    expect(page).to_have_url(server.address("/login/reset/factor"))


def test_forgotten_password_is_replaced_behind_the_second_factor(
    page: Page, server: Server, engine: sa.Engine, merchant: TestMerchant, axe: Callable[[Page], None]
) -> None:
    forget_password(page, server, engine, merchant)
    axe(page)
    check_widths(page)
    page.goto(server.address("/"))
    expect(page).to_have_url(re.compile("/login/password"))  # nothing is open yet
    page.goto(server.address("/login/reset/factor"))
    page.locator("[name=code]").fill("000000")
    submit(page)
    expect(page.get_by_role("alert").first).to_be_visible()
    page.locator("[name=code]").fill(merchant.code())
    submit(page)
    expect(page).to_have_url(server.address("/"))


def test_forgotten_password_is_replaced_without_javascript(
    page_without_javascript: Page, server: Server, engine: sa.Engine, merchant: TestMerchant
) -> None:
    page = page_without_javascript
    forget_password(page, server, engine, merchant)
    page.locator("[name=code]").fill(merchant.code())
    submit(page)
    expect(page).to_have_url(server.address("/"))


def test_pages_around_the_login_are_accessible_and_fit(
    page: Page, server: Server, merchant: TestMerchant, axe: Callable[[Page], None]
) -> None:
    paths = ("/login/reset", "/login/reset?over=tries", "/login/reset/password?token=x", "/login/application")
    for path in paths:
        page.goto(server.address(path))
        axe(page)
        check_widths(page)
    submit(page)
    expect(page.locator("#unp-mistake")).to_be_visible()
    axe(page)


def test_confirmation_and_password_pages_are_accessible_and_fit(
    page: Page, server: Server, merchant: TestMerchant, axe: Callable[[Page], None]
) -> None:
    page.goto(server.address("/profile/password"))
    log_in(page, merchant, code=merchant.code())
    expect(page).to_have_url(server.address("/profile/password"))
    for path in ("/profile/password", "/confirm?next=/profile/password"):
        page.goto(server.address(path))
        axe(page)
        check_widths(page)
