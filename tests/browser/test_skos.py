"""Registers in a real browser: the list and its filters, events without an end, moving one, phones."""

import re
from collections.abc import Callable

import pytest
import sqlalchemy as sa
from playwright.sync_api import Page, expect

from sql.engine import reading, writing
from sql.events import NewEvent, insert_events
from sql.instants import HOUR_US, now_us
from sql.skos import sko_by_number
from tests import till
from tests.accounts import TestMerchant, make_merchant
from tests.browser.conftest import Server, is_wider_than_its_window
from tests.browser.pages import DESKTOP, PHONE, is_same_page, log_in, mark, wait_until
from tests.shop import open_outlets

EVENTS = 130
NUMBER = "300000001"


@pytest.fixture
def merchant(engine: sa.Engine) -> TestMerchant:
    """Two outlets with a register each; the first one has a shift open, and has reported a lot."""
    merchant = make_merchant(engine)
    open_outlets(engine, merchant.merchant_id, ("Универсам «Комаровский»", "Киоск № 7"))
    till.ring_up(engine, till.common("shift_open", 1), till.drawer("deposit", 2, 70_000), till.sale(3))
    kinds = ("offline", "online", "error")
    now = now_us()
    rows = [
        NewEvent(merchant.merchant_id, 1, now - (EVENTS - place) * HOUR_US, kinds[place % 3], f"№ {place}", now)
        for place in range(EVENTS)
    ]
    with writing(engine) as connection:
        insert_events(connection, rows)
    return merchant


@pytest.fixture
def skos(page: Page, merchant: TestMerchant) -> Page:
    """The tab of the owner on the list, in English."""
    log_in(page, merchant, "/skos", language="en")
    mark(page)
    return page


def test_the_list_is_searched_and_filtered_in_place(skos: Page) -> None:
    expect(skos.locator(".line")).to_have_count(2)
    skos.get_by_label("Search by number").press_sequentially("0002", delay=30)
    expect(skos.locator(".line")).to_have_count(1)
    skos.get_by_label("Outlet", exact=True).select_option("1")
    expect(skos.locator("#skos")).to_contain_text("No register for these filters")
    expect(skos).to_have_url(re.compile(r"/skos\?(outlet=1&q=0002|q=0002&outlet=1)$"))
    skos.get_by_label("Search by number").fill("")
    expect(skos.locator(".line")).to_have_count(1)
    assert is_same_page(skos)
    skos.locator(".line").click()
    expect(skos.get_by_role("heading", level=1)).to_have_text("Register 300000001")


def test_events_go_on_while_one_scrolls_and_are_filtered_by_kind(skos: Page, server: Server) -> None:
    skos.goto(server.address(f"/skos/{NUMBER}"))
    events = skos.locator(".event")
    wait_until(skos, lambda: events.count() == EVENTS, meanwhile=lambda: skos.mouse.wheel(0, 3_000))
    expect(events).to_have_count(EVENTS)
    expect(skos.locator(".event-end")).to_have_text("There are no older events.")
    days = skos.locator(".event-day").all_text_contents()
    assert len(days) == len(set(days))
    skos.get_by_label("Kind").select_option("error")
    expect(events.filter(has_text="Connection")).to_have_count(0)
    expect(skos).to_have_url(re.compile(rf"/skos/{NUMBER}\?kind=error$"))
    skos.go_back()
    expect(events.filter(has_text="Connection lost").first).to_be_visible()
    expect(skos.get_by_label("Kind")).to_have_value("")


def test_an_owner_moves_a_register(skos: Page, server: Server, engine: sa.Engine, merchant: TestMerchant) -> None:
    skos.goto(server.address(f"/skos/{NUMBER}"))
    skos.get_by_role("link", name="Move to another outlet").click()
    expect(skos.get_by_role("note")).to_contain_text("A shift is open since")
    skos.get_by_role("button", name="Move", exact=True).click()
    expect(skos.locator("#outlet-mistake")).to_have_text("Choose the outlet that the register goes to.")
    skos.get_by_label("To the outlet").select_option("2")
    skos.get_by_role("button", name="Move", exact=True).click()
    expect(skos.locator(".toast-message")).to_have_text("From now on 300000001 stands at: Киоск № 7.")
    expect(skos.locator(".stays a")).to_have_text(["Киоск № 7", "Универсам «Комаровский»"])
    with reading(engine) as connection:
        assert sko_by_number(connection, merchant.merchant_id, NUMBER).outlet_id == 2


def test_everything_is_there_without_scripts(
    page_without_javascript: Page, server: Server, merchant: TestMerchant
) -> None:
    page = page_without_javascript
    log_in(page, merchant, "/skos", language="en")
    page.get_by_label("Search by number").fill("0001")
    page.get_by_role("button", name="Show", exact=True).click()
    page.locator(".line").click()
    page.get_by_label("Kind").select_option("error")
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page.locator(".event")).to_have_count(EVENTS // 3)
    page.goto(server.address(f"/skos/{NUMBER}"))
    page.get_by_role("link", name="Older events").click()
    expect(page.get_by_role("link", name="From the newest events")).to_be_visible()
    expect(page.locator(".event").first).to_contain_text(f"№ {EVENTS - 51}")


def test_pages_are_accessible_and_fit_their_window(skos: Page, server: Server, axe: Callable[[Page], None]) -> None:
    for size in (DESKTOP, PHONE):
        skos.set_viewport_size(size)
        for address in ("/skos", "/skos?q=999", f"/skos/{NUMBER}", f"/skos/{NUMBER}/move"):
            skos.goto(server.address(address))
            assert not is_wider_than_its_window(skos), (size, address)
            axe(skos)
