"""Login by e-mail with a code by SMS, and a new phone number, in a real browser; the SMS come out of the outbox."""

import datetime
import re
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from playwright.sync_api import Page, expect

from sql.engine import writing
from sql.login_attempts import SEND_PAUSE_US
from sql.memberships import add_membership
from sql.tables import login_attempt
from tests.accounts import TestMerchant, make_merchant
from tests.browser.conftest import Server, is_wider_than_its_window
from webapp.message_jobs import Messages
from webapp.outbox import Outbox

Axe = Callable[[Page], None]
WIDTHS = (390, 1440)


@pytest.fixture
def merchant(engine: sa.Engine) -> TestMerchant:
    return make_merchant(engine)


@pytest.fixture
def last_code(engine: sa.Engine, tmp_path: Path) -> Callable[[], str]:
    """Sends what waits, as `kabinet jobs` does, and reads the code in the newest SMS."""

    def read() -> str:
        Messages(engine, {"sms": Outbox(tmp_path / "outbox")}).drain()
        newest = max((tmp_path / "outbox").glob("*-sms-*.txt"), key=lambda path: int(path.stem.rpartition("-")[2]))
        text = newest.read_text()
        assert text.startswith("To: +375")
        return re.findall(r"\b[0-9]{6}\b", text.partition("\n\n")[2])[0]

    return read


def speak_english(page: Page, server: Server) -> None:
    page.context.add_cookies([{"name": "language", "value": "en", "url": server.url}])


def let_a_minute_pass(engine: sa.Engine) -> None:
    with writing(engine) as connection:
        connection.execute(sa.update(login_attempt).values(sent_us=login_attempt.c.sent_us - SEND_PAUSE_US))


def begin(page: Page, server: Server, merchant: TestMerchant, path: str = "/sales") -> None:
    page.goto(server.address(path))
    page.get_by_role("link", name="By e-mail").click()
    page.locator("[name=email]").fill(merchant.email)
    page.locator("[name=password]").fill(merchant.password)
    page.locator("main [type=submit]").first.click()


def check(page: Page, axe: Axe) -> None:
    """The page is accessible, and no wider than a phone."""
    size = page.viewport_size
    axe(page)
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 800})
        assert not is_wider_than_its_window(page)
    if size:
        page.set_viewport_size(size)


def test_person_logs_in_by_the_code_that_comes_to_the_phone(
    page: Page, server: Server, merchant: TestMerchant, axe: Axe, last_code: Callable[[], str]
) -> None:
    speak_english(page, server)
    begin(page, server, merchant)
    expect(page.locator("[name=phone]")).to_be_focused()
    check(page, axe)
    page.keyboard.type("8 029 123-45-67")
    page.keyboard.press("Enter")
    expect(page.locator("[name=code]")).to_be_focused()
    page.keyboard.type("12345")
    page.keyboard.press("Enter")
    expect(page.locator("#code-mistake")).to_have_text("The code is six digits.")
    check(page, axe)
    page.locator("[name=code]").fill(last_code())
    page.keyboard.press("Enter")
    expect(page).to_have_url(server.address("/sales"))
    expect(page.get_by_text(merchant.name).first).to_be_visible()


def test_the_button_for_another_code_counts_down(
    page: Page, server: Server, merchant: TestMerchant, engine: sa.Engine, last_code: Callable[[], str]
) -> None:
    speak_english(page, server)
    page.clock.install()
    begin(page, server, merchant)
    page.locator("[name=phone]").fill("+375291234567")
    page.get_by_role("button", name="Send SMS code").click()
    again = page.get_by_role("button", name="Send another code")
    expect(again).to_be_disabled()
    words = page.locator("[data-countdown-words]")
    expect(words).to_contain_text(re.compile("in (5[0-9]|60) s"))
    # The clock runs on by itself as well, until it is stopped.
    page.clock.pause_at(datetime.datetime.fromtimestamp(page.evaluate("Date.now()") / 1000 + 10, datetime.UTC))
    shown = re.search("in ([45][0-9]) s", words.inner_text())
    assert shown
    page.clock.run_for(30_000)
    expect(words).to_contain_text(f"in {int(shown[1]) - 30} s")
    page.clock.run_for(31_000)
    expect(again).to_be_enabled()
    expect(words).to_be_hidden()
    first = last_code()
    let_a_minute_pass(engine)
    again.click()
    expect(again).to_be_disabled()
    if first != last_code():
        page.locator("[name=code]").fill(first)
        page.locator("main [type=submit]").first.click()
        expect(page.get_by_role("alert").first).to_contain_text("another one was sent after it")
    page.locator("[name=code]").fill(last_code())
    page.locator("main [type=submit]").first.click()
    expect(page).to_have_url(server.address("/sales"))


def test_all_of_it_works_without_javascript(
    page_without_javascript: Page,
    server: Server,
    merchant: TestMerchant,
    engine: sa.Engine,
    last_code: Callable[[], str],
) -> None:
    page = page_without_javascript
    second = make_merchant(engine, "190000018", name="ООО Астра")
    with writing(engine) as connection:
        add_membership(connection, second.merchant_id, merchant.account_id, "accountant")
    speak_english(page, server)
    begin(page, server, merchant)
    page.locator("[name=phone]").fill("+375291234568")
    page.get_by_role("button", name="Send SMS code").click()
    expect(page.get_by_role("alert")).to_contain_text("This is not the phone number of your account.")
    page.locator("[name=phone]").fill("+375291234567")
    page.get_by_role("button", name="Send SMS code").click()
    page.get_by_role("button", name="Send another code").click()
    expect(page.get_by_role("alert")).to_contain_text("A code was sent to you just now")
    page.locator("[name=code]").fill(last_code())
    page.locator("main [type=submit]").first.click()
    page.get_by_role("button", name="ООО Астра").click()
    expect(page).to_have_url(server.address("/sales"))
    expect(page.get_by_text("ООО Астра").first).to_be_visible()


def test_who_has_no_phone_at_hand_takes_the_authenticator(
    page: Page, server: Server, merchant: TestMerchant, axe: Axe
) -> None:
    speak_english(page, server)
    begin(page, server, merchant)
    page.get_by_role("link", name="Use the authenticator app instead").click()
    check(page, axe)
    page.locator("[name=code]").fill(merchant.code())
    page.locator("main [type=submit]").first.click()
    expect(page).to_have_url(server.address("/sales"))


def test_a_new_phone_number_is_confirmed_by_its_code(
    page: Page, server: Server, merchant: TestMerchant, axe: Axe, last_code: Callable[[], str]
) -> None:
    speak_english(page, server)
    begin(page, server, merchant, "/profile/phone")
    page.get_by_role("link", name="Use the authenticator app instead").click()
    page.locator("[name=code]").fill(merchant.code())
    page.locator("main [type=submit]").first.click()
    expect(page.get_by_text("+375 29 123-45-67.", exact=False).first).to_be_visible()
    check(page, axe)
    page.locator("[name=phone]").fill("44 765-43-21")
    page.get_by_role("button", name="Send SMS code").click()
    check(page, axe)
    page.locator("[name=code]").fill(last_code())
    page.get_by_role("button", name="Use this number").click()
    expect(page.get_by_text("Codes go to the new number from now on.")).to_be_visible()
    page.goto(server.address("/profile/phone"))
    expect(page.get_by_text("+375 44 765-43-21.", exact=False).first).to_be_visible()
