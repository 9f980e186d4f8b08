"""Notifications in a real browser: the badge that counts by itself, reading, filters and muting, or whole pages."""

import os
import re
from collections.abc import Callable

import pytest
import sqlalchemy as sa
from playwright.sync_api import Page, expect

from sql.accounts import set_language
from sql.engine import writing
from sql.instants import DAY_US, now_us
from sql.notifications import Finding, settle
from sql.registers_watched import Span
from tests.accounts import TestMerchant, make_merchant
from tests.browser.conftest import Server, is_wider_than_its_window
from tests.browser.pages import DESKTOP, PHONE, log_in, mark
from tests.shop import open_outlets
from webapp.notification_rules import RULES

Axe = Callable[[Page], None]
SEVERITIES = {"offline": "critical", "quarantined": "critical", "certificate": "info"}


@pytest.fixture
def merchant(engine: sa.Engine) -> TestMerchant:
    """One of each rule, of before yesterday or of today; one is over."""
    merchant = make_merchant(engine)
    open_outlets(engine, merchant.merchant_id, ("Павильон «Немига»", "Склад на Промышленной"))
    found = [finding(merchant, rule, place % 2 + 1) for place, rule in enumerate(RULES)]
    settled(engine, [finding(merchant, "offline", 2), *found[5:]], now_us() - 2 * DAY_US)
    settled(engine, found, now_us())
    return merchant


def finding(merchant: TestMerchant, rule: str, sko_id: int) -> Finding:
    then_us = now_us() - DAY_US
    detail = {"number": 800_017, "shift": 312, "version": 4, "since_us": then_us, "until_us": now_us() + 20 * DAY_US}
    times = 3 if rule in ("gap", "quarantined", "delivery_refused") else None
    return Finding(merchant.merchant_id, rule, sko_id, sko_id, SEVERITIES.get(rule, "warning"), times, detail)


def settled(engine: sa.Engine, findings: list[Finding], at_us: int) -> None:
    with writing(engine) as connection:
        settle(connection, Span(1, 99), findings, at_us)


def shot(page: Page, name: str) -> None:
    """For people who want to see what the test sees: set SCREENSHOTS to a folder."""
    if folder := os.environ.get("SCREENSHOTS"):
        page.screenshot(path=f"{folder}/{name}.png", full_page=True)


def test_notifications_are_read_filtered_and_muted_in_place(
    page: Page, server: Server, engine: sa.Engine, merchant: TestMerchant, axe: Axe
) -> None:
    page.set_viewport_size(DESKTOP)
    log_in(page, merchant, "/notifications", language="en")
    mark(page)
    lines, badge = page.locator(".notification"), page.locator("#unread")
    expect(lines).to_have_count(len(RULES) + 1)
    expect(badge).to_have_text(f"{len(RULES)}{len(RULES)} unread")
    axe(page)
    first = lines.first
    first.get_by_role("button", name="Mark as read").click()
    expect(badge).to_have_text(f"{len(RULES) - 1}{len(RULES) - 1} unread")
    expect(first.get_by_text("Not read yet")).to_have_count(0)
    page.get_by_label("State", exact=True).select_option("Unread")
    expect(lines).to_have_count(len(RULES) - 1)
    page.get_by_label("Kind", exact=True).select_option("Shifts")
    expect(lines).to_have_count(2)
    expect(page).to_have_url(server.address("/notifications?state=unread&kind=shifts"))
    assert page.evaluate("window.marker") == "still the same page"
    lines.filter(has_text="open for more than a day").get_by_role("link", name="Mute").click()
    page.get_by_label("Reason").fill("The fair goes on for three days")
    axe(page)
    page.get_by_role("button", name="Mute").click()
    expect(page.get_by_text("Muted: The fair goes on")).to_be_visible()
    page.get_by_role("button", name="Mark all as read").click()
    expect(page.locator("#unread .unread-count")).to_have_count(0)


def test_the_badge_counts_up_by_itself_on_any_page(page: Page, engine: sa.Engine, merchant: TestMerchant) -> None:
    log_in(page, merchant, "/sales", language="en")
    badge = page.locator("#unread .unread-count")
    expect(badge).to_contain_text(f"{len(RULES)} unread")
    expect(page.locator("#unread")).to_have_attribute("data-htmx-powered", "true")  # it listens
    settled(engine, [finding(merchant, "gap", 1)], now_us())
    page.evaluate("document.querySelector('#unread').dispatchEvent(new Event('resume'))")
    expect(badge).to_have_text("11 unread")
    page.get_by_role("link", name="What needs attention").click()
    page.wait_for_url("**/notifications")


def test_notifications_work_on_a_phone_without_javascript(
    page_without_javascript: Page, merchant: TestMerchant
) -> None:
    page = page_without_javascript
    page.set_viewport_size(PHONE)
    log_in(page, merchant, "/notifications", language="en")
    assert not is_wider_than_its_window(page)
    page.get_by_label("Kind", exact=True).select_option("Connection")
    page.get_by_role("button", name="Show").click()
    expect(page.locator(".notification")).to_have_count(3)
    page.get_by_role("button", name="Mark as read: Connection lost 300000001").click()
    page.wait_for_url("**/notifications")
    page.get_by_role("button", name="Look into it: Unusually silent").click()
    page.wait_for_url("**/documents?sko=300000002")


def test_how_it_looks(page: Page, server: Server, engine: sa.Engine, merchant: TestMerchant, axe: Axe) -> None:
    with writing(engine) as connection:
        set_language(connection, merchant.account_id, "ru")
    log_in(page, merchant, "/notifications", language="en")
    page.set_viewport_size(PHONE)
    axe(page)
    assert not is_wider_than_its_window(page)
    for address, name in (
        ("", "list"),
        ("/webhook", "webhook"),
        ("/webhook/address", "address"),
        ("/mutes", "mutes"),
        ("?state=odd", "wrong"),
    ):
        page.goto(server.address(f"/notifications{address}"))
        axe(page)
        for width, scheme in ((390, "light"), (768, "dark"), (1440, "light")):
            page.set_viewport_size({"width": width, "height": 900})
            page.emulate_media(color_scheme=scheme)
            page.wait_for_timeout(200)
            assert not is_wider_than_its_window(page)
            shot(page, f"{name}-{width}-{scheme}")


def test_a_webhook_is_set_and_its_secret_shown_once(page: Page, merchant: TestMerchant, axe: Axe) -> None:
    log_in(page, merchant, "/notifications", language="en")
    page.get_by_role("link", name="Webhook").click()
    page.get_by_role("link", name="Set the address").click()
    page.get_by_label("Address", exact=True).fill("romashka.by/hook")
    page.get_by_role("button", name="Save with a new secret").click()
    expect(page.get_by_text("Write an address that begins with https://").first).to_be_visible()
    axe(page)
    page.get_by_label("Address", exact=True).fill("https://romashka.by/hook?shop=" + "x" * 300)
    page.get_by_role("button", name="Save with a new secret").click()
    secret = page.locator(".webhook-secret")
    expect(secret).to_be_visible()
    axe(page)
    page.set_viewport_size(PHONE)
    assert not is_wider_than_its_window(page)
    shot(page, "webhook-secret")
    page.get_by_role("link", name="Change the address").click()
    expect(page.get_by_label("Address", exact=True)).to_have_value(re.compile("^https://romashka.by/hook"))
    shot(page, "webhook-change")
    page.get_by_role("link", name="Cancel").click()
    expect(secret).to_have_count(0)
    page.get_by_role("button", name="Send a test").click()
    expect(page.locator(".webhook-log .notification")).to_have_count(1)
    shot(page, "webhook-log")
