"""Exports in a real browser: the menu, a short list at once, and a long one whose bar grows until the file is there."""

import csv
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import openpyxl
import pytest
import sqlalchemy as sa
from playwright.sync_api import Page, expect

from sql import exports
from sql.engine import reading, writing
from sql.exports import Export
from tests.accounts import TestMerchant, make_merchant
from tests.browser.conftest import Server, is_wider_than_its_window
from tests.browser.pages import is_same_page, log_in, mark
from tests.browser.serving import ROOT
from tests.shop import document, open_outlets, store

JOBS_MS = 30_000
PAGES = ("documents", "sales", "turnover")


@pytest.fixture(autouse=True)
def exports_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The server of this test keeps its files here, and leaves those of more than five rows to the jobs."""
    monkeypatch.setenv("EXPORTS_FOLDER", str(tmp_path / "exports"))
    monkeypatch.setenv("EXPORT_ROWS_AT_ONCE", "5")
    return tmp_path / "exports"


@pytest.fixture
def merchant(engine: sa.Engine) -> TestMerchant:
    """An outlet with three refunds and thirty sales of today."""
    merchant = make_merchant(engine)
    open_outlets(engine, merchant.merchant_id, ("Универсам «Комаровский»",))
    store(
        engine,
        *(document(merchant.merchant_id, "refund", 245) for _ in range(3)),
        *(document(merchant.merchant_id, "sale", 5978) for _ in range(30)),
    )
    return merchant


@pytest.fixture
def start_jobs(database_url: str, tmp_path: Path) -> Iterator[Callable[[], None]]:
    """Starts the process that makes long files; called when the test wants it."""
    processes: list[subprocess.Popen[bytes]] = []

    def start() -> None:
        environment = os.environ | {"DATABASE_URL": database_url, "KABINET_ENV": "development"}
        with (tmp_path / "jobs.log").open("wb") as log:
            command = [sys.executable, "-m", "webapp.cli", "jobs"]
            processes.append(subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log))

    yield start
    for process in processes:
        process.terminate()
        process.wait(timeout=20)


@pytest.fixture
def tab(page: Page, merchant: TestMerchant) -> Page:
    """The tab of the owner, in English."""
    log_in(page, merchant, language="en")
    return page


def ask(page: Page, server: Server, address: str, words: str = "Excel (XLSX)") -> None:
    page.goto(server.address(address))
    page.get_by_role("button", name="Export", exact=True).click()
    page.get_by_role("button", name=words).click()


def claim(engine: sa.Engine) -> Export:
    """Be the worker who makes the one export that waits."""
    with writing(engine) as connection:
        [key] = exports.due_exports(connection)
        claimed = exports.claim_export(connection, *key)
    assert claimed
    return claimed


def note(engine: sa.Engine, made: Export, rows_done: int) -> None:
    with writing(engine) as connection:
        assert exports.note_progress(connection, made, rows_done=rows_done, rows_total=30)


@pytest.mark.parametrize("subject", PAGES)
def test_short_list_is_downloaded_at_once_from_every_page(
    tab: Page, server: Server, tmp_path: Path, subject: str
) -> None:
    query = "type=refund" if subject == "documents" else "period=today"
    for words, ending in (("Excel (XLSX)", "xlsx"), ("CSV, for other programs", "csv")):
        with tab.expect_download() as download:
            ask(tab, server, f"/{subject}?{query}", words)
        assert download.value.suggested_filename.endswith(f".{ending}")
        download.value.save_as(tmp_path / f"file.{ending}")
        assert tab.url == server.address(f"/{subject}?{query}")
    lines = list(csv.reader((tmp_path / "file.csv").read_text(encoding="utf-8-sig").splitlines()))
    worksheet = openpyxl.load_workbook(tmp_path / "file.xlsx").worksheets[0]
    assert len(lines) == worksheet.max_row == (4 if subject == "documents" else 2)
    assert lines[0] == [cell.value for cell in worksheet[1]]


def test_file_holds_what_the_filters_show_after_a_change(tab: Page, server: Server) -> None:
    tab.goto(server.address("/documents"))
    tab.get_by_label("Number or УИ").fill("999999999")
    tab.get_by_label("Number or УИ").press("Enter")
    expect(tab.locator("#export-menu")).to_have_attribute("action", "/exports?q=999999999")
    with tab.expect_download() as download:
        tab.get_by_role("button", name="Export", exact=True).click()
        tab.get_by_role("button", name="CSV, for other programs").click()
    assert len(download.value.path().read_text(encoding="utf-8-sig").splitlines()) == 1


def test_menu_is_used_by_keyboard_and_closes_on_escape(tab: Page, server: Server) -> None:
    tab.goto(server.address("/documents"))
    tab.get_by_role("button", name="Export", exact=True).focus()
    tab.keyboard.press("Enter")
    expect(tab.locator("#export-menu")).to_be_visible()
    tab.keyboard.press("Tab")
    expect(tab.get_by_role("button", name="Excel (XLSX)")).to_be_focused()
    tab.keyboard.press("Escape")
    expect(tab.locator("#export-menu")).to_be_hidden()
    expect(tab.get_by_role("button", name="Export", exact=True)).to_be_focused()


def test_bar_of_a_long_export_grows_until_the_file_is_there(
    tab: Page, server: Server, engine: sa.Engine, start_jobs: Callable[[], None]
) -> None:
    ask(tab, server, "/documents?type=sale", "CSV, for other programs")
    expect(tab.locator("#export")).to_contain_text("Waiting for its turn")
    mark(tab)
    made = claim(engine)
    expect(tab.locator("#export")).to_contain_text("Counting the rows")
    for rows_done in (10, 20):
        note(engine, made, rows_done)
        expect(tab.get_by_role("progressbar")).to_have_js_property("value", rows_done)
        expect(tab.locator("#export")).to_contain_text(f"{rows_done} of 30 rows")
        expect(tab.get_by_role("status").first).to_have_text(f"{10 * rows_done // 3 // 10 * 10}% done")
    with writing(engine) as connection:
        assert exports.release_export(connection, made)
    expect(tab.locator("#export")).to_contain_text("Waiting for its turn")
    start_jobs()
    download_link = tab.get_by_role("link", name="Download")
    expect(download_link).to_be_visible(timeout=JOBS_MS)
    expect(tab.locator("#export")).to_contain_text("30 rows")
    assert is_same_page(tab)
    with tab.expect_download() as download:
        download_link.click()
    assert len(download.value.path().read_text(encoding="utf-8-sig").splitlines()) == 31


def test_export_is_cancelled_by_its_button(tab: Page, server: Server, engine: sa.Engine) -> None:
    ask(tab, server, "/documents")
    tab.get_by_role("button", name="Cancel").click()
    expect(tab).to_have_url(server.address("/exports"))
    expect(tab.locator("main")).to_contain_text("No exports yet")
    with reading(engine) as connection:
        assert exports.due_exports(connection) == []


def test_failed_export_is_tried_again_by_its_button(
    tab: Page, server: Server, engine: sa.Engine, start_jobs: Callable[[], None]
) -> None:
    ask(tab, server, "/documents")
    made = claim(engine)
    with writing(engine) as connection:
        exports.fail_export(connection, made, "broken")
    expect(tab.locator("#export")).to_contain_text("Something broke on our side")
    tab.get_by_role("button", name="Try again").click()
    start_jobs()
    expect(tab.get_by_role("link", name="Download")).to_be_visible(timeout=JOBS_MS)


def test_too_many_exports_are_explained(tab: Page, server: Server) -> None:
    for _ in range(exports.UNDER_WAY_MAX):
        ask(tab, server, "/documents")
        expect(tab).to_have_url(re.compile(r"/exports/\w+$"))
    ask(tab, server, "/documents")
    expect(tab.get_by_role("alert")).to_contain_text("3 of your files are still being made.")
    expect(tab.get_by_role("button", name="Cancel")).to_have_count(3)


def test_exports_work_without_javascript(
    page_without_javascript: Page,
    server: Server,
    merchant: TestMerchant,
    start_jobs: Callable[[], None],
    tmp_path: Path,
) -> None:
    page = page_without_javascript
    log_in(page, merchant, language="en")
    with page.expect_download() as download:
        ask(page, server, "/documents?type=refund")
    assert download.value.suggested_filename.endswith(".xlsx")
    ask(page, server, "/documents?type=sale")
    expect(page.locator("#export")).to_contain_text("Waiting for its turn")
    start_jobs()
    for _ in range(JOBS_MS // 200):
        if page.get_by_role("link", name="Download").count():
            break
        page.wait_for_timeout(200)
        page.get_by_role("link", name="Reload").click()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download").click()
    download.value.save_as(tmp_path / "file.xlsx")
    assert openpyxl.load_workbook(tmp_path / "file.xlsx").worksheets[0].max_row == 31
    page.get_by_role("button", name="Delete").click()
    expect(page.locator("main")).to_contain_text("No exports yet")


def test_exports_are_accessible_on_every_screen(
    tab: Page, server: Server, engine: sa.Engine, axe: Callable[[Page], None]
) -> None:
    def look() -> None:
        for width in (390, 1440):
            tab.set_viewport_size({"width": width, "height": 844})
            assert not is_wider_than_its_window(tab), tab.url
            axe(tab)

    tab.goto(server.address("/exports"))
    look()
    ask(tab, server, "/documents")
    made = claim(engine)
    note(engine, made, 10)
    expect(tab.locator("#export")).to_contain_text("10 of 30 rows")
    look()
    with writing(engine) as connection:
        exports.finish_export(connection, made, rows=30, file_bytes=10**9)
    expect(tab.get_by_role("link", name="Download")).to_be_visible()
    look()
    ask(tab, server, "/documents")
    failed = claim(engine)
    with writing(engine) as connection:
        exports.fail_export(connection, failed, "too_long")
    expect(tab.get_by_role("button", name="Try again")).to_be_visible()
    look()
    tab.goto(server.address("/exports"))
    look()
    tab.goto(server.address("/documents"))
    tab.get_by_role("button", name="Export", exact=True).click()
    look()
