"""Reports in a real browser: figures that lead to lists, the marked document, the file, and the map of numbers."""

import datetime
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest
import sqlalchemy as sa
from playwright.sync_api import Page, expect

from tests import till
from tests.accounts import TestMerchant, make_merchant
from tests.browser.conftest import Server, is_wider_than_its_window
from tests.browser.pages import DESKTOP, PHONE, log_in, mark
from tests.shop import open_outlets
from tests.webapp.reporting import counter, deliver, refuse, report, z_report
from webapp.export_jobs import Exports

NOW = datetime.datetime.now(till.MINSK).replace(microsecond=0) - datetime.timedelta(days=1)


@pytest.fixture(autouse=True)
def exports_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("EXPORTS_FOLDER", str(tmp_path / "exports"))
    return tmp_path / "exports"


@pytest.fixture
def merchant(engine: sa.Engine) -> TestMerchant:
    """Two outlets. The first register has a shift that differs, and one number that nobody has sent."""
    merchant = make_merchant(engine)
    own = merchant.merchant_id
    open_outlets(engine, own, ("Универсам «Комаровский»", "Киоск"))
    till.ring_up(
        engine,
        till.common("shift_open", 1, at=NOW),
        till.sale(2, at=NOW),
        z_report(5, counter(count=3, cash=735), at=NOW),
        till.sale(1, at=NOW, sko="300000002"),
    )
    deliver(engine)
    refuse(engine, own, till.sale(3, at=NOW) | {"total": 245_000}, at=NOW)
    for place in range(60):
        at = NOW - datetime.timedelta(minutes=place)
        report(engine, own, "paper_out" if place % 2 else "error", at=at, detail=f"Лента {place}")
    return merchant


def test_from_the_figures_to_the_marked_field(
    page: Page, server: Server, merchant: TestMerchant, axe: Callable[[Page], None]
) -> None:
    page.set_viewport_size(DESKTOP)
    log_in(page, merchant, "/reports", language="en")
    mark(page)
    valid, invalid, events = (page.locator(f"#report-{name}") for name in ("valid", "invalid", "events"))
    expect(valid.locator(".report-total")).to_have_text("4")
    expect(events.locator(".report-total")).to_have_text("60")
    axe(page)
    page.get_by_label("Outlet").select_option("Киоск")
    expect(valid.locator(".report-total")).to_have_text("1")
    expect(page).to_have_url(server.address("/reports?outlet=2&period=week"))
    page.get_by_label("Outlet").select_option("All outlets")
    expect(valid.locator(".report-total")).to_have_text("4")
    assert page.evaluate("window.marker") == "still the same page"
    invalid.get_by_role("row", name="The total doesn't add up").get_by_role("link").click()
    axe(page)
    page.get_by_role("link", name="The total doesn't add up").click()
    expect(page.locator("mark")).to_have_text('"total": 245000')
    axe(page)


def test_events_are_filtered_and_followed_in_place(
    page: Page, merchant: TestMerchant, axe: Callable[[Page], None]
) -> None:
    page.set_viewport_size(DESKTOP)
    log_in(page, merchant, "/reports/events", language="en")
    expect(page.locator(".event")).to_have_count(50)
    axe(page)
    page.get_by_role("link", name="Show more").click()
    expect(page.locator(".event")).to_have_count(60)
    page.get_by_label("Kind").select_option("Out of paper")
    expect(page.locator(".event")).to_have_count(30)


def test_report_is_made_in_the_background(
    page: Page, merchant: TestMerchant, engine: sa.Engine, exports_folder: Path, tmp_path: Path
) -> None:
    page.set_viewport_size(DESKTOP)
    log_in(page, merchant, "/reports", language="en")
    page.get_by_role("button", name="Export", exact=True).click()
    page.get_by_role("button", name="Excel (XLSX)").click()
    expect(page.get_by_role("progressbar")).to_be_visible()
    Exports(engine, str(exports_folder)).drain()
    with page.expect_download() as waiting:
        page.get_by_role("link", name="Download").click()
    waiting.value.save_as(tmp_path / "report.xlsx")
    book = openpyxl.load_workbook(tmp_path / "report.xlsx")
    assert [book[name].max_row for name in book.sheetnames[:3]] == [5, 2, 61]
    page.get_by_role("link", name="Reports").first.click()
    expect(page.locator(".report-mine")).to_contain_text("ready")


def test_map_leads_to_the_register_and_to_its_shift(
    page: Page, merchant: TestMerchant, axe: Callable[[Page], None]
) -> None:
    page.set_viewport_size(DESKTOP)
    log_in(page, merchant, "/reports/completeness", language="en")
    expect(page.get_by_role("heading", name="1 register to look at")).to_be_visible()
    axe(page)
    page.get_by_role("link", name="300000001").click()
    expect(page.locator("main")).to_contain_text("3 of 5")
    axe(page)
    page.get_by_role("link", name="Shift 1").click()
    expect(page.get_by_role("row", name="Sales in cash")).to_contain_text("7.35")
    expect(page.locator(".explained")).to_contain_text("Missing: №")
    axe(page)


def test_everything_is_found_on_a_phone_without_javascript(
    page_without_javascript: Page, server: Server, merchant: TestMerchant
) -> None:
    page = page_without_javascript
    page.set_viewport_size(PHONE)
    log_in(page, merchant, "/reports", language="en")
    assert not is_wider_than_its_window(page)
    page.get_by_label("Outlet").select_option("Киоск")
    page.get_by_role("button", name="Show").click()
    expect(page.locator("#report-valid .report-total")).to_have_text("1")
    page.get_by_role("link", name="Invalid documents").first.click()
    expect(page.get_by_text("Nothing for these filters")).to_be_visible()
    page.goto(server.address("/reports/events"))
    page.get_by_role("link", name="Show more").click()
    expect(page.locator(".event")).to_have_count(10)
    page.get_by_role("link", name="Completeness").click()
    page.get_by_role("link", name="300000001").click()
    assert not is_wider_than_its_window(page)
    page.get_by_role("link", name="Shift 1").click()
    expect(page.get_by_role("row", name="Sales in cash")).to_contain_text("7.35")
    assert not is_wider_than_its_window(page)
