"""What stands around every page, in a real browser: sections, menus, messages, themes, phones."""

from collections.abc import Callable

import pytest
import sqlalchemy as sa
from playwright.sync_api import BrowserContext, Page, expect

from sql.engine import writing
from sql.tables import web_session
from tests.accounts import TestMerchant, make_merchant
from tests.browser.conftest import Server, is_wider_than_its_window
from tests.browser.pages import wait_until

PHONE = {"width": 360, "height": 740}
LONG_NAME = "Общество с ограниченной ответственностью «Белорусско-литовская торгово-производственная компания»"


@pytest.fixture
def merchant(engine: sa.Engine) -> TestMerchant:
    return make_merchant(engine, name=LONG_NAME)


@pytest.fixture
def inside(page: Page, server: Server, merchant: TestMerchant) -> Page:
    """The tab of an owner who has logged in."""
    page.goto(server.address("/sales"))
    log_in(page, merchant)
    return page


def log_in(page: Page, merchant: TestMerchant) -> None:
    page.locator("[name=unp]").fill(merchant.unp)
    page.locator("[name=password]").fill(merchant.password)
    page.locator("[name=code]").fill(merchant.code())
    page.locator("main [type=submit]").click()
    page.wait_for_url("**/sales")


def test_pages_are_accessible_wide_and_narrow(inside: Page, server: Server, axe: Callable[[Page], None]) -> None:
    for size in ({"width": 1280, "height": 800}, PHONE):
        inside.set_viewport_size(size)
        for path in ("/register-settings/users", "/no-such-page"):
            inside.goto(server.address(path))
            axe(inside)


@pytest.mark.parametrize("menu", ["languages", "themes", "account", "sections"])
def test_menus_are_accessible(inside: Page, server: Server, axe: Callable[[Page], None], menu: str) -> None:
    inside.set_viewport_size(PHONE)
    inside.goto(server.address("/skos"))
    inside.locator(f"[popovertarget={menu}]").first.click()
    expect(inside.locator(f"#{menu}")).to_be_visible()
    assert not is_wider_than_its_window(inside)
    axe(inside)


@pytest.mark.parametrize("language", ["ru", "be", "en"])
def test_no_page_is_wider_than_a_phone(inside: Page, server: Server, language: str) -> None:
    inside.set_viewport_size(PHONE)
    inside.context.add_cookies([{"name": "language", "value": language, "url": server.url}])
    for path in ("/sales", "/register-settings/users", "/acts/registration", "/no-such-page"):
        inside.goto(server.address(path))
        assert not is_wider_than_its_window(inside), path


def test_sections_open_and_close_with_the_keyboard_on_a_phone(inside: Page, server: Server) -> None:
    inside.set_viewport_size(PHONE)
    inside.goto(server.address("/sales"))
    sections = inside.locator("#sections")
    expect(sections).to_be_hidden()
    inside.keyboard.press("Tab")
    inside.keyboard.press("Tab")
    expect(inside.locator(":focus")).to_have_attribute("popovertarget", "sections")
    inside.keyboard.press("Enter")
    expect(sections).to_be_visible()
    inside.keyboard.press("Escape")
    expect(sections).to_be_hidden()
    inside.keyboard.press("Enter")
    sections.get_by_role("link", name="Оборот").click()
    expect(inside).to_have_url(server.address("/turnover"))


def test_first_stop_of_the_keyboard_skips_the_navigation(inside: Page, server: Server) -> None:
    inside.goto(server.address("/sales"))
    inside.keyboard.press("Tab")
    expect(inside.locator(":focus")).to_be_in_viewport()
    inside.keyboard.press("Enter")
    expect(inside.locator("main")).to_be_focused()


def test_theme_follows_the_device_until_one_is_chosen(inside: Page, server: Server) -> None:
    def background() -> str:
        return str(inside.evaluate("getComputedStyle(document.body).backgroundColor"))

    inside.goto(server.address("/sales"))
    inside.emulate_media(color_scheme="dark")
    dark = background()
    inside.emulate_media(color_scheme="light")
    light = background()
    assert dark != light
    inside.locator("[popovertarget=themes]").click()
    inside.locator("#themes [value=dark]").click()
    expect(inside.locator("html")).to_have_attribute("data-bs-theme", "dark")
    expect(inside).to_have_url(server.address("/sales"))
    wait_until(inside, lambda: background() == dark)  # the new page has its styles in a moment


def test_bar_at_the_top_fits_the_narrowest_screens(inside: Page, server: Server) -> None:
    for width in (320, 360, 390, 416):
        inside.set_viewport_size({"width": width, "height": 740})
        inside.goto(server.address("/sales"))
        edges = """() => {
            const at = (names) => [...document.querySelectorAll(names)].map((one) => one.getBoundingClientRect());
            const right = (names) => Math.max(...at(names).map((box) => box.right));
            return [right(".brand, .brand *"), at(".topbar-tools")[0].left, right(".topbar-tools > *"), innerWidth];
        }"""
        sign, tools, last, edge = inside.evaluate(edges)
        assert sign < tools, width
        assert last <= edge, width


def test_switches_and_sections_work_without_javascript(
    page_without_javascript: Page, server: Server, merchant: TestMerchant
) -> None:
    page = page_without_javascript
    page.goto(server.address("/sales"))
    page.locator("[popovertarget=languages]").click()
    page.get_by_role("button", name="English").click()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    log_in(page, merchant)
    page.set_viewport_size(PHONE)
    page.locator("[popovertarget=sections]").first.click()
    page.locator("#sections").get_by_role("link", name="Instructions").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Instructions")


def test_failed_request_is_a_message_and_the_page_stays(inside: Page, server: Server) -> None:
    inside.goto(server.address("/sales"))
    heading = inside.get_by_role("heading", level=1)
    for _ in range(2):
        inside.evaluate("htmx.ajax('GET', '/no-such-page', {target: 'main'})")
    message = inside.locator("#toasts > *")
    expect(message).to_have_count(1)
    expect(message).to_contain_text("Такой страницы нет")
    expect(heading).to_have_text("Продажи")
    message.get_by_role("button").click()
    expect(message).to_have_count(0)


def test_server_that_is_out_of_reach_is_said_so_once(server: Server, context: BrowserContext) -> None:
    tab = context.new_page()  # not the fixture `page`, which takes failed requests on the console for faults
    tab.goto(server.address("/login"))
    context.set_offline(True)
    for _ in range(2):
        tab.evaluate("htmx.ajax('GET', '/login/password', {target: 'main'})")
    expect(tab.locator("#toasts .is-problem")).to_have_count(1)
    expect(tab.locator("#toasts")).to_contain_text("Нет связи с сервером")
    expect(tab.locator("main [name=unp]")).to_be_visible()


def test_ended_session_leads_to_the_login(inside: Page, server: Server, engine: sa.Engine) -> None:
    inside.goto(server.address("/sales"))
    inside.wait_for_load_state("networkidle")  # what the page asks for by itself would lead there first
    with writing(engine) as connection:
        connection.execute(sa.delete(web_session))
    inside.evaluate("setTimeout(() => htmx.ajax('GET', '/turnover', {target: 'main'}), 50)")  # the page goes away
    inside.wait_for_url("**/login/password?next=/sales")
