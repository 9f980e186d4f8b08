"""People in a real browser: invited, let in, changed, removed, invited again; and the switch between companies."""

import re
import time
from collections.abc import Callable

import pytest
import sqlalchemy as sa
from playwright.sync_api import Browser, BrowserContext, Page, expect

from sql.engine import writing
from sql.memberships import add_membership
from tests.accounts import TestMerchant, make_merchant
from tests.browser.conftest import Server, is_wider_than_its_window
from tests.browser.pages import PHONE, log_in
from tests.mailbox import link_to, mails_to
from tests.shop import open_outlets
from webapp.passwords import STEP_S

GUEST = "anna@example.by"
PASSWORD = "корова лягушка трактор зонтик"
WIDE = {"width": 1440, "height": 900}
Axe = Callable[[Page], None]


@pytest.fixture
def company(engine: sa.Engine) -> TestMerchant:
    merchant = make_merchant(engine, name="ООО «Ромашка и сыновья»")
    open_outlets(engine, merchant.merchant_id, ("Немига", "Восток"))
    return merchant


@pytest.fixture
def other(engine: sa.Engine, company: TestMerchant) -> TestMerchant:
    """Another company, where the owner of the first one is the accountant."""
    merchant = make_merchant(engine, "190000018", name="ООО Астра")
    with writing(engine) as connection:
        add_membership(connection, merchant.merchant_id, company.account_id, "accountant")
    return merchant


@pytest.fixture
def guest_context(browser: Browser, server: Server) -> BrowserContext:
    """The browser of the person who is invited, a phone."""
    context = browser.new_context(base_url=server.url, locale="ru-RU", viewport=PHONE)
    yield context
    context.close()


def invite(page: Page, email: str, role: str, *outlets: str) -> None:
    page.get_by_role("link", name="Пригласить человека").click()
    page.locator("[name=email]").fill(email)
    page.get_by_label(role).check()
    for outlet in outlets:
        page.get_by_label(outlet).check()
    page.get_by_role("button", name="Отправить приглашение").click()
    expect(page.locator("#toasts")).to_contain_text(email)


def accept_anew(page: Page, link: str) -> TestMerchant:
    """Choose a password, link an app, keep the recovery codes: returns the person, who can make codes."""
    page.goto(link)
    page.locator("[name=name]").fill("Анна")
    page.locator("[name=new_password]").fill(PASSWORD)
    page.locator("[name=again]").fill(PASSWORD)
    page.get_by_role("button", name="Принять").click()
    page.wait_for_url("**/login/enrol")
    person = TestMerchant(0, 0, "", "", GUEST, PASSWORD, secret_on(page))
    page.locator("[name=code]").fill(person.code())
    page.locator("main [type=submit]").first.click()
    page.locator("main form[action='/login/recovery-codes'] [type=submit]").click()
    page.wait_for_url("**/")
    return person


def secret_on(page: Page) -> str:
    """What those type into the app who can't scan the picture."""
    found = re.search(r"(?:[A-Z2-7]{4} ){7}[A-Z2-7]{4}", page.locator("main").text_content() or "")
    assert found
    return found[0].replace(" ", "")


def test_a_person_is_invited_comes_in_is_removed_and_comes_back(
    page: Page, guest_context: BrowserContext, server: Server, engine: sa.Engine, company: TestMerchant, axe: Axe
) -> None:
    page.set_viewport_size(WIDE)
    log_in(page, company, "/team")
    invite(page, GUEST, "Управляющий", "Восток")
    axe(page)

    guest = guest_context.new_page()
    guest.goto(link_to(engine, GUEST))
    axe(guest)
    assert not is_wider_than_its_window(guest)
    person = accept_anew(guest, link_to(engine, GUEST))
    expect(guest.locator("#sections")).to_contain_text("Продажи")
    expect(guest.locator("#sections")).not_to_contain_text("Акты")
    guest.locator("[popovertarget=account]").click()
    expect(guest.locator("#account")).to_contain_text("Управляющий")
    expect(guest.locator("#account")).not_to_contain_text("Команда")

    page.goto("/team")
    expect(page.get_by_role("main")).to_contain_text("Анна")
    page.get_by_role("link", name=f"Исключить: {GUEST}").click()
    page.get_by_role("button", name="Исключить").click()
    expect(page.get_by_role("link", name="Пригласить снова")).to_be_visible()
    guest.goto("/sales")
    expect(guest).to_have_url(server.address("/login/password?next=/sales"))

    page.get_by_role("link", name="Пригласить снова").click()
    expect(page.locator("[name=email]")).to_have_value(GUEST)
    expect(page.get_by_label("Восток")).to_be_checked()
    page.get_by_label("Бухгалтер").check()
    expect(page.get_by_label("Восток")).to_be_hidden()
    page.get_by_role("button", name="Отправить приглашение").click()
    expect(page.locator("#toasts")).to_contain_text(GUEST)

    guest.goto(link_to(engine, GUEST))
    guest.get_by_role("link", name="Войти и принять").click()
    guest.locator("[name=email]").fill(GUEST)
    guest.locator("[name=password]").fill(PASSWORD)
    guest.locator("main [type=submit]").first.click()
    person.last_step = max(person.last_step, int(time.time()) // STEP_S - 1)
    guest.locator("[name=code]").fill(person.code())
    guest.locator("main [type=submit]").first.click()
    expect(guest).to_have_url(server.address("/"))
    expect(guest.locator("#sections")).to_contain_text("Акты")


def test_people_are_invited_changed_and_removed_without_javascript(
    page_without_javascript: Page, engine: sa.Engine, company: TestMerchant
) -> None:
    page = page_without_javascript
    log_in(page, company, "/team")
    invite(page, GUEST, "Бухгалтер")
    page.get_by_role("button", name=f"Отправить заново: {GUEST}").click()
    assert len(mails_to(engine, GUEST)) == 2
    page.get_by_role("button", name=f"Отозвать: {GUEST}").click()
    expect(page.get_by_role("main")).not_to_contain_text(GUEST)
    invite(page, GUEST, "Бухгалтер")
    page.locator("[popovertarget=account]").click()
    page.get_by_role("button", name="Выйти").click()
    page.wait_for_url("**/login/password")
    accept_anew(page, link_to(engine, GUEST))
    expect(page.locator("#sections")).to_contain_text("Акты")
    assert page.goto("/team").status == 403


def test_an_owner_changes_a_role_and_mistakes_stand_beside_their_fields(
    page: Page, engine: sa.Engine, company: TestMerchant, axe: Axe
) -> None:
    page.set_viewport_size(PHONE)
    log_in(page, company, "/team/invite")
    assert not is_wider_than_its_window(page)
    axe(page)
    page.locator("[name=email]").fill("anna")
    page.get_by_label("Поддержка").check()
    page.get_by_label("Последний день").fill("2020-01-01")
    page.get_by_role("button", name="Отправить приглашение").click()
    expect(page.locator("#email-mistake")).to_be_visible()
    expect(page.locator("#until-mistake")).to_be_visible()
    axe(page)
    page.goto(f"/team/{company.account_id}")
    expect(page.get_by_label("Владелец")).to_be_checked()
    page.get_by_label("Бухгалтер").check()
    page.get_by_role("button", name="Сохранить").click()
    expect(page.get_by_role("alert").first).to_contain_text("Кто-то должен оставаться владельцем")
    axe(page)
    page.goto(f"/team/{company.account_id}/remove")
    assert not is_wider_than_its_window(page)
    axe(page)


def test_the_company_is_switched_in_the_header(
    page: Page, server: Server, company: TestMerchant, other: TestMerchant, axe: Axe
) -> None:
    page.set_viewport_size(WIDE)
    log_in(page, company, "/sales")
    page.locator("[popovertarget=companies]").click()
    menu = page.locator("#companies")
    expect(menu.locator("[aria-current=true]")).to_contain_text("Ромашка")
    axe(page)
    menu.get_by_role("button", name="ООО Астра").click()
    expect(page).to_have_url(server.address("/sales"))
    expect(page.locator("[popovertarget=companies]")).to_contain_text("ООО Астра")
    page.set_viewport_size(PHONE)
    page.locator("[popovertarget=account]").click()
    page.get_by_role("link", name="Другая компания").click()
    assert not is_wider_than_its_window(page)
    axe(page)
    page.get_by_role("button", name="Ромашка").click()
    expect(page).to_have_url(server.address("/sales"))
    page.locator("[popovertarget=account]").click()
    expect(page.locator("#account")).to_contain_text("Владелец")


def test_the_company_is_switched_without_javascript(
    page_without_javascript: Page, server: Server, company: TestMerchant, other: TestMerchant
) -> None:
    page = page_without_javascript
    log_in(page, company, "/team")
    page.locator("[popovertarget=companies]").click()
    page.locator("#companies").get_by_role("button", name="ООО Астра").click()
    expect(page).to_have_url(server.address("/"))
    expect(page.locator("[popovertarget=companies]")).to_contain_text("ООО Астра")


def test_a_link_that_is_for_another_person_says_so(
    page: Page, engine: sa.Engine, company: TestMerchant, other: TestMerchant, axe: Axe
) -> None:
    page.set_viewport_size(WIDE)
    log_in(page, company, "/team")
    invite(page, GUEST, "Бухгалтер")
    link = link_to(engine, GUEST)
    page.goto(link)
    expect(page.get_by_role("alert")).to_contain_text(GUEST)
    axe(page)
    page.get_by_role("main").get_by_role("button", name="Выйти").click()
    expect(page.get_by_role("main").get_by_role("button", name="Выйти")).to_have_count(0)
    page.goto(link)
    expect(page.locator("[name=new_password]")).to_be_visible()
    page.goto("/invitations/" + "x" * 43)
    expect(page.get_by_role("heading", level=1)).to_contain_text("больше не действует")
    axe(page)
