"""What tests of all pages do in a browser."""

from urllib.parse import urljoin, urlsplit

from playwright.sync_api import Page, ViewportSize

from tests.accounts import TestMerchant

DESKTOP: ViewportSize = {"width": 1440, "height": 900}
PHONE: ViewportSize = {"width": 390, "height": 844}


def log_in(page: Page, merchant: TestMerchant, path: str = "/", *, language: str = "ru") -> None:
    """Ask for the page of this path, be asked who one is, and be there as the owner, who reads this language."""
    page.goto(path)
    page.context.add_cookies([{"name": "language", "value": language, "url": urljoin(page.url, "/")}])
    page.locator("[name=unp]").fill(merchant.unp)
    page.locator("[name=password]").fill(merchant.password)
    page.locator("[name=code]").fill(merchant.code())
    page.locator("form:has([name=unp]) [type=submit]").click()
    page.wait_for_url(lambda url: urlsplit(url).path == urlsplit(path).path)


def mark(page: Page) -> None:
    """Leave what a reload would lose."""
    page.evaluate("window.marker = 'still the same page'")


def is_same_page(page: Page) -> bool:
    """Whether nothing has been loaded anew since the page was marked."""
    return bool(page.evaluate("window.marker === 'still the same page'"))
