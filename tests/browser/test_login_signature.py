"""Login by electronic signature in a real browser: the file is downloaded, signed by openssl, and uploaded."""

from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from playwright.sync_api import Page, expect

from tests.accounts import TestMerchant, make_merchant
from tests.browser.conftest import Server, is_wider_than_its_window
from tests.webapp.signing import DAY, UNP, Authority, Person, trust

Axe = Callable[[Page], None]


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authorities") / "root", "Root")


@pytest.fixture(autouse=True)
def trusting(tmp_path: Path, root: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before the server starts: it takes the settings along."""
    settings = trust(tmp_path, root)
    monkeypatch.setenv("SIGNATURE_CA_FILE", str(settings.ca_file))
    monkeypatch.setenv("SIGNATURE_CRL_FOLDER", settings.crl_folder)


@pytest.fixture
def merchant(engine: sa.Engine) -> TestMerchant:
    return make_merchant(engine, UNP)


@pytest.fixture(scope="module")
def director(root: Authority) -> Person:
    return root.issue(f"/C=BY/O=ООО Ромашка/CN=Иванов Иван/unp={UNP}")


def speak_english(page: Page, server: Server) -> None:
    page.context.add_cookies([{"name": "language", "value": "en", "url": server.url}])


def sign_and_upload(page: Page, person: Person, folder: Path, submit: str) -> None:
    with page.expect_download() as download:
        page.get_by_role("button", name="Download the file").click()
    content = folder / download.value.suggested_filename
    download.value.save_as(content)
    signature = content.with_suffix(".txt.p7s")
    signature.write_bytes(person.sign(content.read_bytes()))
    page.locator("input[type=file]").set_input_files(signature)
    page.get_by_role("button", name=submit, exact=True).click()


def check(page: Page, axe: Axe) -> None:
    axe(page)
    for width in (390, 1440):
        page.set_viewport_size({"width": width, "height": 800})
        assert not is_wider_than_its_window(page)


def test_director_logs_in_by_signing_a_file(
    page: Page, server: Server, merchant: TestMerchant, director: Person, tmp_path: Path, axe: Axe
) -> None:
    speak_english(page, server)
    page.goto(server.address("/sales"))
    page.get_by_role("link", name="By signature").click()
    check(page, axe)
    sign_and_upload(page, director, tmp_path, "Log in")
    expect(page).to_have_url(server.address("/sales"))
    expect(page.get_by_text(merchant.name).first).to_be_visible()


def test_it_works_without_javascript_and_explains_refusals(
    page_without_javascript: Page, server: Server, merchant: TestMerchant, director: Person, root: Authority, tmp_path
) -> None:
    page = page_without_javascript
    speak_english(page, server)
    page.goto(server.address("/login/signature"))
    expired = root.issue(f"/C=BY/CN=Иванов/unp={UNP}", starts=-30 * DAY, ends=-DAY)
    sign_and_upload(page, expired, tmp_path, "Log in")
    expect(page.get_by_role("alert")).to_contain_text("The certificate has expired.")
    sign_and_upload(page, director, tmp_path, "Log in")
    expect(page).to_have_url(server.address("/"))


def test_a_certificate_is_linked_opens_the_account_and_is_removed(
    page: Page, server: Server, engine: sa.Engine, root: Authority, tmp_path: Path, axe: Axe
) -> None:
    merchant = make_merchant(engine, "190000018")
    person = root.issue("/C=BY/O=ООО Ромашка/CN=Петров Пётр")
    speak_english(page, server)
    page.goto(server.address("/profile/certificates"))
    page.locator("[name=unp]").fill(merchant.unp)
    page.locator("[name=password]").fill(merchant.password)
    page.locator("[name=code]").fill(merchant.code())
    page.get_by_role("button", name="Log in", exact=True).click()
    expect(page.get_by_text("No certificates yet")).to_be_visible()
    check(page, axe)
    page.get_by_role("link", name="Link a certificate").click()
    check(page, axe)
    sign_and_upload(page, person, tmp_path, "Link the certificate")
    expect(page.get_by_text("Петров Пётр").first).to_be_visible()
    check(page, axe)

    page.context.clear_cookies()
    speak_english(page, server)
    page.goto(server.address("/login/signature?next=/profile/certificates"))
    sign_and_upload(page, person, tmp_path, "Log in")
    page.get_by_role("link", name="Show").click()
    check(page, axe)
    page.get_by_role("button", name="Remove the certificate").click()
    expect(page.get_by_text("No certificates yet")).to_be_visible()
