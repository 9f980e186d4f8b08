"""A new register in a real browser: its code is typed, somebody says which one it is, it gets its token and sells."""

import re
from collections.abc import Callable, Iterator

import pytest
import sqlalchemy as sa
from playwright.sync_api import Page, expect

from loadtests.simulator import NotBound, Simulator
from sql.engine import reading
from sql.tokens import tokens_of
from tests.accounts import TestMerchant, make_merchant
from tests.browser.conftest import Server, is_wider_than_its_window
from tests.browser.pages import DESKTOP, PHONE, log_in
from tests.people import journal_of
from tests.shop import open_outlets

Axe = Callable[[Page], None]


@pytest.fixture
def merchant(engine: sa.Engine) -> TestMerchant:
    """Two outlets with a register each."""
    merchant = make_merchant(engine)
    open_outlets(engine, merchant.merchant_id, ("Универсам «Комаровский»", "Киоск № 7"))
    return merchant


@pytest.fixture
def register(ingest_url: str) -> Iterator[Simulator]:
    """A new one, in front of the real service."""
    register = Simulator(ingest_url)
    yield register
    register.close()


def type_code(page: Page, code: str) -> None:
    page.get_by_label("Code on the register's display").fill(code)
    page.get_by_role("button", name="Continue").click()
    page.wait_for_url(re.compile(r"/bind/\w{4}-\w{4}$"))


def test_a_register_is_bound_sells_and_is_shut_out_again(
    page: Page, engine: sa.Engine, merchant: TestMerchant, register: Simulator
) -> None:
    code = register.ask_for_code().user_code
    log_in(page, merchant, "/skos", language="en")
    page.get_by_role("link", name="Bind a register").click()
    type_code(page, code.lower().replace("-", ""))
    expect(page.locator("main")).to_contain_text(code)
    expect(page.locator("main")).to_contain_text("127.0.0.1")
    expect(page.get_by_label("Number of the register")).to_be_hidden()
    page.get_by_label("A new one, to be added").check()
    expect(page.get_by_label("Register", exact=True)).to_be_hidden()
    page.get_by_label("Number of the register").fill("300099999")
    page.get_by_label("Model").select_option("smart_x")
    page.get_by_role("button", name="Bind").click()
    expect(page.locator("#outlet-mistake")).to_have_text("Choose the outlet where the register stands.")
    page.get_by_label("Outlet").select_option("2")
    page.get_by_label("Name of the token").fill("У входа")
    page.get_by_role("button", name="Bind").click()
    expect(page.locator("#waiting")).to_contain_text("300099999")

    assert register.ask_for_token()
    expect(page.locator("#waiting")).to_have_count(0)  # by itself
    expect(page.locator("#tokens")).to_contain_text("300099999")
    register.open_shift()
    register.sell()
    assert register.deliver()
    assert register.accepted == 2

    page.locator(".line", has_text="300099999").click()
    page.get_by_label("Name of the token").fill("Зал")
    page.get_by_role("button", name="Save").click()
    page.locator(".line", has_text="Зал").click()
    page.get_by_role("button", name="Revoke the token").click()
    expect(page.locator(".line", has_text="300099999")).to_contain_text("Revoked")
    with reading(engine) as connection:
        assert tokens_of(connection, merchant.merchant_id)[0].revoked_us
    actions = [action for _, action, subject in journal_of(engine, merchant.merchant_id) if subject == "300099999"]
    assert actions == ["register_added", "register_bound", "token_renamed", "token_revoked"]


def test_the_same_without_javascript(
    page_without_javascript: Page, merchant: TestMerchant, register: Simulator
) -> None:
    page = page_without_javascript
    code = register.ask_for_code().user_code
    log_in(page, merchant, f"/bind?user_code={code}", language="en")
    expect(page.get_by_label("Code on the register's display")).to_have_value(code)
    page.get_by_role("button", name="Continue").click()
    page.get_by_label("Register", exact=True).select_option("300000002")
    page.get_by_role("button", name="Bind").click()
    expect(page.locator("#waiting")).to_contain_text("300000002")
    assert register.ask_for_token()
    assert register.memory.sko == "300000002"
    page.get_by_role("link", name="Look again").click()
    expect(page.locator("#waiting")).to_have_count(0)
    page.get_by_label("Search by number or name").fill("0002")
    page.get_by_role("button", name="Show").click()
    expect(page.locator(".line")).to_contain_text("300000002")


def test_a_code_that_somebody_sent_is_refused(page: Page, merchant: TestMerchant, register: Simulator) -> None:
    code = register.ask_for_code().user_code
    log_in(page, merchant, f"/bind?user_code={code}", language="en")
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("note")).to_contain_text("If somebody has sent you the code or the link, refuse")
    page.get_by_role("button", name="Refuse").click()
    expect(page.locator("#toasts")).to_contain_text(f"Refused: the register with the code {code}")
    with pytest.raises(NotBound):
        register.ask_for_token()
    page.get_by_label("Code on the register's display").fill(code)
    page.get_by_role("button", name="Continue").click()
    expect(page.locator("#user_code-mistake")).to_contain_text("No register waits with this code.")


def test_pages_are_right_for_everybody_on_phones_and_wide_screens(
    page: Page, server: Server, merchant: TestMerchant, register: Simulator, axe: Axe
) -> None:
    code = register.ask_for_code().user_code
    log_in(page, merchant, "/bind", language="en")
    type_code(page, code)
    grant = page.url
    for which in ("A new one, to be added", "One of the list"):
        page.get_by_label(which).check()
        page.get_by_role("button", name="Bind").click()
        look(page, axe)
    page.get_by_label("Register", exact=True).select_option("300000001")
    page.get_by_role("button", name="Bind").click()
    look(page, axe)
    assert register.ask_for_token()
    expect(page.locator("#waiting")).to_have_count(0)
    for address in ("/tokens", "/tokens/1", "/bind", "/skos"):
        page.goto(server.address(address))
        look(page, axe)
    page.goto(grant)
    expect(page.locator("#toasts")).to_contain_text("any more")


def look(page: Page, axe: Axe) -> None:
    for size in (DESKTOP, PHONE):
        page.set_viewport_size(size)
        assert not is_wider_than_its_window(page), page.url
        axe(page)
