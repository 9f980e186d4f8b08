"""What tests of all pages do in a browser."""

import time
from collections.abc import Callable
from urllib.parse import urljoin, urlsplit

from playwright.sync_api import Page, ViewportSize

from tests.accounts import TestMerchant

DESKTOP: ViewportSize = {"width": 1440, "height": 900}
PHONE: ViewportSize = {"width": 390, "height": 844}
PATIENCE_S = 30


def log_in(page: Page, merchant: TestMerchant, path: str = "/", *, language: str = "ru") -> None:
    """Ask for the page of this path, be asked who one is, and be there as the owner, who reads this language."""
    page.goto(path)
    page.context.add_cookies([{"name": "language", "value": language, "url": urljoin(page.url, "/")}])
    page.locator("[name=unp]").fill(merchant.unp)
    page.locator("[name=password]").fill(merchant.password)
    page.locator("[name=code]").fill(merchant.code())
    page.locator("form:has([name=unp]) [type=submit]").click()
    page.wait_for_url(lambda url: urlsplit(url).path == urlsplit(path).path)


def wait_until(page: Page, is_so: Callable[[], object], *, meanwhile: Callable[[], object] | None = None) -> None:
    """Look again and again until it is so, as `expect` does for what it has words for."""
    deadline = time.monotonic() + PATIENCE_S
    while not is_so():
        assert time.monotonic() < deadline, "it has never come true"
        if meanwhile:
            meanwhile()
        page.wait_for_timeout(50)


def mark(page: Page) -> None:
    """Leave what a reload would lose."""
    page.evaluate("window.marker = 'still the same page'")


def is_same_page(page: Page) -> bool:
    """Whether nothing has been loaded anew since the page was marked."""
    return bool(page.evaluate("window.marker === 'still the same page'"))
