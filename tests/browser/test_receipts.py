"""The public receipt in a real browser: on phones and wide screens, with and without scripts, and in print."""

import datetime
import io
from collections.abc import Callable

import pypdf
import pytest
import segno
import sqlalchemy as sa
from PIL import Image
from playwright.sync_api import Dialog, Locator, Page, expect

from tests import till
from tests.accounts import make_merchant
from tests.browser.conftest import Server, is_wider_than_its_window
from tests.browser.pages import wait_until
from tests.shop import MINSK, open_outlets

AT = datetime.datetime(2026, 11, 23, 18, 41, 7, tzinfo=MINSK)
LONG = "Набор посуды " + "оченьдлинноесловобезпробелов" * 6
SALE = till.sale(
    1,
    till.item("Хлеб «Нарочанский»", 189, 2_000, tax=10, gtin="4810268012345"),
    till.item(LONG, 10**11, tax=20, modifiers=[{"sum": -100, "name": "Акция " * 20}]),
    modifiers=[{"sum": -33, "name": "Округление"}],
    at=AT,
)
SHORT = till.sale(3, at=AT)
IS_CUT = "[...document.querySelectorAll('.tape *')].some(e => e.clientWidth && e.scrollWidth > e.clientWidth + 1)"
PATH = f"/r/{SALE['uid']}"


@pytest.fixture(autouse=True)
def shop(engine: sa.Engine) -> None:
    """A sale with a refund, and one that was annulled."""
    merchant = make_merchant(engine, name="ООО «Ромашка и партнёры»")
    open_outlets(engine, merchant.merchant_id, ("Универсам «Комаровский»",))
    refund = till.receipt("refund", 2, [SALE["items"][0]], base={"sko": till.FIRST_SKO, "number": 1})
    till.ring_up(engine, SALE, refund, SHORT, till.rollback(4, SHORT))


@pytest.fixture
def receipt(page: Page, server: Server) -> Page:
    page.context.add_cookies([{"name": "language", "value": "en", "url": server.url}])
    page.goto(server.address(PATH))
    return page


def qr_modules(code: Locator, size: int) -> list[list[bool]]:
    """The modules of the code as they are on screen: True is dark."""
    image = Image.open(io.BytesIO(code.screenshot())).convert("L")
    dot = image.width / size
    places = [round(dot * (place + 0.5)) for place in range(size)]
    return [[image.getpixel((x, y)) < 128 for x in places] for y in places]


def test_buyer_sees_the_receipt_and_what_was_refunded(receipt: Page) -> None:
    tape = receipt.get_by_role("article", name="Receipt of sale")
    expect(tape).to_contain_text("2 × 1.89")
    expect(tape.get_by_text("Refunded since: 3.78 BYN")).to_be_visible()
    expect(receipt.get_by_role("navigation")).to_have_count(0)


def test_qr_code_on_screen_is_that_of_the_address(receipt: Page, server: Server) -> None:
    matrix = segno.make(server.address(PATH), error="m", micro=False).matrix
    code = receipt.get_by_role("img", name="QR code")
    assert qr_modules(code, len(matrix)) == [[bool(bit) for bit in row] for row in matrix]


def test_address_is_copied(receipt: Page, server: Server) -> None:
    receipt.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=server.url)
    receipt.get_by_role("button", name="Copy link").click()
    expect(receipt.get_by_role("button", name="Copied")).to_be_visible()
    assert receipt.evaluate("navigator.clipboard.readText()") == server.address(PATH)
    # Once more while it says so, and it is a button for copying again all the same.
    receipt.get_by_role("button", name="Copied").click()
    expect(receipt.get_by_role("button", name="Copy link")).to_be_visible()


def test_who_may_not_write_to_the_clipboard_copies_by_hand(receipt: Page, server: Server) -> None:
    receipt.evaluate("navigator.clipboard.writeText = () => Promise.reject(new Error('not allowed')); null")
    shown: list[tuple[str, str]] = []

    def read(dialog: Dialog) -> None:
        shown.append((dialog.message, dialog.default_value))
        dialog.dismiss()

    receipt.once("dialog", read)
    receipt.get_by_role("button", name="Copy link").click()
    wait_until(receipt, lambda: shown)
    expect(receipt.get_by_role("button", name="Copy link")).to_be_visible()
    assert shown == [("Copy link", server.address(PATH))]


def test_print_button_prints(receipt: Page) -> None:
    receipt.evaluate("window.print = () => { window.printed = true; }")
    receipt.get_by_role("button", name="Print").click()
    assert receipt.evaluate("window.printed")


def test_only_the_tape_is_printed(receipt: Page) -> None:
    receipt.emulate_media(media="print", color_scheme="dark")
    expect(receipt.get_by_role("article")).to_be_visible()
    for hidden in (receipt.get_by_role("banner"), receipt.get_by_role("link", name="PDF")):
        expect(hidden).to_be_hidden()
    colours = "e => [getComputedStyle(e).color, getComputedStyle(e).backgroundColor, e.offsetWidth]"
    ink, paper, width = receipt.locator(".tape").evaluate(colours)
    assert (ink, paper) == ("rgb(0, 0, 0)", "rgb(255, 255, 255)")
    assert round(width / 96 * 25.4) == 80
    text = " ".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(receipt.pdf(format="A4"))).pages)
    assert "Receipt of sale" in text
    assert "Kabinet" not in text
    assert "Copy link" not in text


def test_pdf_is_a_link_away(receipt: Page, server: Server) -> None:
    address = receipt.get_by_role("link", name="PDF").get_attribute("href")
    response = receipt.request.get(server.address(address))
    assert (response.status, response.headers["content-type"]) == (200, "application/pdf")


def test_language_is_chosen_on_the_receipt(receipt: Page) -> None:
    receipt.get_by_role("button", name="Language").click()
    receipt.get_by_role("button", name="Русский").click()
    expect(receipt.get_by_role("rowheader", name="Итого", exact=True)).to_be_visible()
    assert PATH in receipt.url


def test_receipt_works_without_javascript(page_without_javascript: Page, server: Server) -> None:
    page = page_without_javascript
    page.goto(server.address("/r/"))
    page.locator("[name=uid]").fill("123")
    page.locator("main [type=submit]").click()
    expect(page.locator("#uid-problem")).to_be_visible()
    page.locator("[name=uid]").fill(" ".join(SALE["uid"][place : place + 4] for place in range(0, 24, 4)))
    page.locator("main [type=submit]").click()
    expect(page).to_have_url(server.address(PATH))
    expect(page.locator("article")).to_contain_text("Хлеб «Нарочанский»")
    expect(page.locator("[data-print]")).to_be_hidden()
    page.goto(server.address(f"/r/{'0' * 24}"))
    expect(page.locator("[name=uid]")).to_be_visible()


def test_receipt_is_accessible(receipt: Page, server: Server, axe: Callable[[Page], None]) -> None:
    for path in (PATH, f"/r/{SHORT['uid']}", "/r/?uid=123", f"/r/{'0' * 24}"):
        receipt.goto(server.address(path))
        for width in (390, 1440):
            receipt.set_viewport_size({"width": width, "height": 844})
            axe(receipt)


@pytest.mark.parametrize("language", ["ru", "be", "en"])
def test_receipt_fits_every_screen(receipt: Page, server: Server, language: str) -> None:
    receipt.context.add_cookies([{"name": "language", "value": language, "url": server.url}])
    for path in (PATH, f"/r/{'0' * 24}"):
        receipt.goto(server.address(path))
        for width in (320, 390, 768, 1440):
            receipt.set_viewport_size({"width": width, "height": 844})
            assert not is_wider_than_its_window(receipt), (path, width)
            assert not receipt.evaluate(IS_CUT), (path, width)
