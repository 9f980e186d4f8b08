"""Passkeys in a real browser, with Chromium's virtual authenticator."""

import re
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from playwright.sync_api import CDPSession, Page, expect

from sql.engine import reading, writing
from sql.passkeys import passkeys_of, remove_passkey
from sql.tables import journal, passkey, web_session
from tests.accounts import TestMerchant, make_merchant
from tests.browser.conftest import Server, is_wider_than_its_window
from tests.browser.pages import wait_until

OPTIONS = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


class Device:
    """The authenticator of a page's browser."""

    def __init__(self, page: Page) -> None:
        self.cdp: CDPSession = page.context.new_cdp_session(page)
        self.cdp.send("WebAuthn.enable")
        self.id = self.cdp.send("WebAuthn.addVirtualAuthenticator", {"options": OPTIONS})["authenticatorId"]

    def credentials(self) -> list[dict[str, Any]]:
        return list(self.cdp.send("WebAuthn.getCredentials", {"authenticatorId": self.id})["credentials"])

    def recognise(self, is_recognised: bool) -> None:
        """Whether the finger that is laid on it is the right one."""
        self.cdp.send("WebAuthn.setUserVerified", {"authenticatorId": self.id, "isUserVerified": is_recognised})

    def put_back(self, credential: dict[str, Any]) -> None:
        """Replace the credential by an older copy of itself."""
        name = {"authenticatorId": self.id, "credentialId": credential["credentialId"]}
        self.cdp.send("WebAuthn.removeCredential", name)
        self.cdp.send("WebAuthn.addCredential", {"authenticatorId": self.id, "credential": credential})


@pytest.fixture
def merchant(engine: sa.Engine) -> TestMerchant:
    return make_merchant(engine)


@pytest.fixture
def site(page: Page, server: Server) -> str:
    """The server by its name: passkeys are not bound to numbers. In English."""
    address = server.url.replace("127.0.0.1", "localhost")
    page.context.add_cookies([{"name": "language", "value": "en", "url": address}])
    return address


@pytest.fixture
def device(page: Page) -> Device:
    return Device(page)


def log_in_with_code(page: Page, site: str, merchant: TestMerchant) -> None:
    page.goto(f"{site}/login/password")
    page.locator("[name=unp]").fill(merchant.unp)
    page.locator("[name=password]").fill(merchant.password)
    page.locator("[name=code]").fill(merchant.code())
    page.get_by_role("button", name="Log in", exact=True).click()
    expect(page).to_have_url(f"{site}/")


def log_out(page: Page, site: str) -> None:
    page.locator("summary, [popovertarget]").filter(has_text="@").first.click()
    page.locator("form[action='/logout'] [type=submit]").first.click()
    expect(page).to_have_url(f"{site}/login/password")


def add_passkey(page: Page, site: str, name: str = "My phone") -> None:
    page.goto(f"{site}/profile/passkeys/add")
    page.locator("main [name=name]").fill(name)
    page.get_by_role("button", name="Make the passkey").click()
    expect(page).to_have_url(f"{site}/profile/passkeys")
    expect(page.locator("main").get_by_text(name)).to_be_visible()


def actions(engine: sa.Engine) -> list[str]:
    with reading(engine) as connection:
        return list(connection.execute(sa.select(journal.c.action)).scalars())


def use_passkey(page: Page) -> None:
    page.get_by_role("button", name="Log in with a passkey").click()


@pytest.fixture
def prepared(page: Page, site: str, merchant: TestMerchant, device: Device) -> Page:
    """The owner has added a passkey and logged out."""
    log_in_with_code(page, site, merchant)
    add_passkey(page, site)
    log_out(page, site)
    return page


def test_passkey_is_added_and_logs_in_by_keyboard_alone(prepared: Page, site: str, merchant: TestMerchant) -> None:
    page = prepared
    page.goto(f"{site}/sales")
    page.get_by_role("button", name="Log in with a passkey").focus()
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{site}/sales")
    expect(page.get_by_text(merchant.name).first).to_be_visible()


def test_passkey_stands_in_for_the_code(prepared: Page, site: str, merchant: TestMerchant, engine: sa.Engine) -> None:
    page = prepared
    for password, url in (("wrong", f"{site}/login/passkey/factor"), (merchant.password, f"{site}/")):
        page.goto(f"{site}/login/password")
        page.locator("[name=unp]").fill(merchant.unp)
        page.locator("[name=password]").fill(password)
        page.get_by_role("button", name="Use a passkey instead of the code").click()
        page.get_by_role("button", name="Use the passkey").click()
        expect(page).to_have_url(url)
        if password == "wrong":
            expect(page.get_by_role("alert")).to_contain_text("This passkey opens nothing here.")
    with reading(engine) as connection:
        assert set(connection.execute(sa.select(web_session.c.way)).scalars()) == {"password"}


def test_passkey_confirms_before_a_sensitive_change(
    page: Page, site: str, merchant: TestMerchant, device: Device, engine: sa.Engine
) -> None:
    log_in_with_code(page, site, merchant)
    add_passkey(page, site)
    with writing(engine) as connection:
        connection.execute(sa.update(web_session).values(confirmed_us=0))
    page.get_by_role("link", name="Edit My phone").click()
    page.get_by_role("button", name="Remove the passkey").click()
    expect(page).to_have_url(re.compile("/confirm"))
    page.get_by_role("button", name="Confirm with a passkey").click()
    page.get_by_role("button", name="Remove the passkey").click()
    expect(page.get_by_text("No passkeys yet")).to_be_visible()


def test_removed_passkey_is_refused(
    prepared: Page,
    site: str,
    merchant: TestMerchant,
    engine: sa.Engine,
    axe: Callable[[Page], None],
) -> None:
    with writing(engine) as connection:
        (mine,) = passkeys_of(connection, merchant.account_id)
        remove_passkey(connection, merchant.account_id, mine.key)
    use_passkey(prepared)
    expect(prepared.get_by_role("alert")).to_contain_text("This passkey opens nothing here.")
    axe(prepared)
    prepared.goto(f"{site}/")
    expect(prepared).to_have_url(re.compile("/login/password"))


def test_copied_passkey_is_refused(
    prepared: Page, site: str, merchant: TestMerchant, engine: sa.Engine, device: Device
) -> None:
    page = prepared
    (copy,) = device.credentials()
    use_passkey(page)
    expect(page).to_have_url(f"{site}/")
    log_out(page, site)
    device.put_back(copy)
    use_passkey(page)
    expect(page.get_by_role("alert")).to_contain_text("This passkey seems to have a copy elsewhere.")
    wait_until(page, lambda: "passkey_copied" in actions(engine))  # written after the answer


def test_wrong_finger_is_explained_and_the_next_try_works(prepared: Page, site: str, device: Device) -> None:
    page = prepared
    device.recognise(False)
    use_passkey(page)
    expect(page.get_by_role("alert")).to_contain_text("It was cancelled, or took too long.")
    expect(page.get_by_role("button", name="Log in with a passkey")).to_be_focused()
    device.recognise(True)
    use_passkey(page)
    expect(page).to_have_url(f"{site}/")


def test_device_with_a_passkey_makes_no_second_one(
    page: Page, site: str, merchant: TestMerchant, device: Device, engine: sa.Engine
) -> None:
    log_in_with_code(page, site, merchant)
    add_passkey(page, site)
    page.goto(f"{site}/profile/passkeys/add")
    page.get_by_role("button", name="Make the passkey").click()
    expect(page.get_by_role("alert")).to_contain_text("This device has a passkey for the cabinet already.")
    with reading(engine) as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(passkey)).scalar_one() == 1


def test_answer_made_for_another_browser_or_sent_twice_is_refused(prepared: Page, site: str) -> None:
    page = prepared
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.post_data or "") if request.method == "POST" else None)
    use_passkey(page)
    expect(page).to_have_url(f"{site}/")
    log_out(page, site)
    (answer,) = [body for body in sent if "credential" in body]
    page.goto(f"{site}/login/passkey")
    page.evaluate(
        """(body) => {
            const form = document.querySelector("form[data-passkey]");
            form.elements.credential.value = new URLSearchParams(body).get("credential");
            form.submit();
        }""",
        answer,
    )
    expect(page.get_by_role("alert")).to_contain_text("That took too long, or was sent twice.")


FOREIGN = "https://cabinet.foreign.example"
LURE = """<!doctype html><title>Lure</title>
<form method="post" action="{site}/login/passkey/options"><button>Win a prize</button></form>"""


def test_another_site_gets_neither_question_nor_answer(prepared: Page, site: str, device: Device) -> None:
    page = prepared
    page.route(f"{FOREIGN}/**", lambda route: route.fulfill(content_type="text/html", body=LURE.format(site=site)))
    page.goto(f"{FOREIGN}/")
    refused = page.evaluate(
        """() => navigator.credentials.get({ publicKey: { challenge: new Uint8Array(32), rpId: "localhost" } }).then(
            () => "signed", (error) => error.name)"""
    )
    assert refused == "SecurityError"
    page.get_by_role("button", name="Win a prize").click()
    expect(page.get_by_role("heading", name="You may not do that")).to_be_visible()


def test_site_under_its_number_offers_none(page: Page, server: Server) -> None:
    page.goto(f"{server.url}/login/password")
    expect(page.locator("[name=unp]")).to_be_visible()
    expect(page.locator("form[data-passkey]")).to_have_count(0)


def test_pages_are_accessible_and_fit_a_phone(
    page: Page, site: str, merchant: TestMerchant, device: Device, axe: Callable[[Page], None]
) -> None:
    log_in_with_code(page, site, merchant)
    add_passkey(page, site, "A very long name of a telephone that somebody typed to the end")
    edit = page.get_by_role("link", name="Edit").get_attribute("href")
    page.set_viewport_size({"width": 390, "height": 780})
    for path in ("/profile/passkeys", "/profile/passkeys/add", edit, "/confirm"):
        page.goto(f"{site}{path}")
        assert not is_wider_than_its_window(page)
        axe(page)
    log_out(page, site)
    page.goto(f"{site}/login/passkey")
    axe(page)


def test_without_javascript_nothing_is_offered_that_cannot_work(page_without_javascript: Page, server: Server) -> None:
    page = page_without_javascript
    page.goto(server.url.replace("127.0.0.1", "localhost") + "/login/passkey")
    expect(page.get_by_role("alert")).to_contain_text("JavaScript")
    expect(page.locator("form[data-passkey]")).to_be_hidden()
