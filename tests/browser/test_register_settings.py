"""Register settings in a real browser: the guide's own example step by step, Smart X, an Excel file, and the whole
circle with a simulated register."""

import io
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import openpyxl
import pytest
import sqlalchemy as sa
from playwright.sync_api import Locator, Page, expect

from loadtests.simulator import Memory, NotLoggedIn, Simulator
from sql.engine import writing
from sql.skos import add_sko
from sql.tokens import issue_token
from tests.accounts import TestMerchant, make_merchant
from tests.browser.conftest import is_wider_than_its_window
from tests.browser.pages import PHONE, log_in
from tests.shop import open_outlets

WIDE = {"width": 1440, "height": 900}
FIRST, SECOND, SMART = "300000001", "300000002", "300000009"
PAGE, SMART_PAGE = "/register-settings/users", "/register-settings/smart-x/users"
TITLE = "Настройка пользователей, Настройки кассы · Kabinet"
NEWS_S = 30
Axe = Callable[[Page], None]


@pytest.fixture
def company(engine: sa.Engine) -> TestMerchant:
    merchant = make_merchant(engine)
    open_outlets(engine, merchant.merchant_id, ("Немига", "Восток"))
    with writing(engine) as connection:
        add_sko(connection, merchant.merchant_id, number=SMART, outlet_id=1, model="smart_x")
    return merchant


@pytest.fixture
def register(engine: sa.Engine, company: TestMerchant, ingest_url: str) -> Iterator[Simulator]:
    """The first register, simulated, as the service knows it."""
    with writing(engine) as connection:
        _, token = issue_token(connection, scope="sko", merchant_id=company.merchant_id, sko_id=1)
    with closing(Simulator(ingest_url, Memory(sko=FIRST, token=token))) as register:
        yield register


def fetched(register: Simulator) -> str | None:
    """What the register makes of the newest settings; the service hears of them within a few seconds."""
    deadline = time.monotonic() + NEWS_S
    while (outcome := register.fetch_settings()) is None and time.monotonic() < deadline:
        time.sleep(0.2)
    return outcome


def button(place: Page | Locator, name: str) -> Locator:
    return place.get_by_role("button", name=name, exact=True)


def create_user(page: Page, name: str, password: str, *rights: str) -> None:
    button(page, "Создать пользователя").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Наименование пользователя").fill(name)
    dialog.get_by_label("Пароль").fill(password)
    for right in rights:
        dialog.get_by_label(right).check()
    button(dialog, "Создать").last.click()


def test_the_guides_example_step_by_step_until_the_register_has_applied_it(
    page: Page, company: TestMerchant, register: Simulator, axe: Axe
) -> None:
    page.set_viewport_size(WIDE)
    log_in(page, company, "/outlets")
    # 1. Open the page, and choose the panel: it shows on the right.
    page.get_by_role("link", name="Настройки кассы", exact=True).first.click()
    page.get_by_role("link", name="Настройка пользователей").click()
    panel = page.locator("#panel")
    expect(panel).to_contain_text("Выберите СКО")
    axe(page)
    # 2. Choose a register in the list: its users show.
    page.get_by_label(FIRST).check()
    expect(panel).to_contain_text("Пользователи здесь не заданы")
    expect(page).to_have_url(f"{page.url.partition('/register')[0]}{PAGE}?sko={FIRST}")
    # 3. Create a user: a dialog opens. 4. Fill it in.
    button(page, "Создать пользователя").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    expect(page).to_have_title(TITLE)
    axe(page)
    expect(page.get_by_label("Наименование пользователя")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    expect(page).to_have_title(TITLE)
    expect(page.locator("#panel-title")).to_be_focused()
    create_user(page, "Кассир 1", "1234", "Z-отчёт")
    # 5. The user stands in the list with all that was chosen.
    expect(page.get_by_role("dialog")).to_be_hidden()
    expect(panel.locator(".user")).to_contain_text("Кассир 1")
    expect(panel.locator(".user-rights")).to_have_text("Продажи, Возвраты, X-отчёт, Z-отчёт")
    axe(page)
    # 6. Save: a message at the foot of the screen says so.
    button(panel, "Сохранить изменения").click()
    expect(page.locator("#toasts")).to_contain_text("Сохранено для 1 СКО")
    expect(panel.locator(".save-bar-words")).to_be_hidden()

    page.get_by_role("link", name="Применение настроек").click()
    expect(page.locator("#rollout .line")).to_contain_text("Ожидает")
    axe(page)
    assert fetched(register) == "applied"
    expect(page.locator("#rollout .line")).to_contain_text("Применено", timeout=NEWS_S * 1000)
    register.log_in("Кассир 1", "1234")
    with pytest.raises(NotLoggedIn):
        register.log_in("Кассир 1", "4321")
    register.open_shift()
    register.sell(2)
    register.close_shift()
    assert register.deliver()

    page.get_by_role("link", name=FIRST).click()
    expect(page.get_by_role("main")).to_contain_text("Версия 1")
    axe(page)


@pytest.fixture
def small_register(register: Simulator, ingest_url: str) -> Iterator[Simulator]:
    """The same, with room for one user."""
    with closing(Simulator(ingest_url, register.memory, users_max=1)) as small:
        yield small


def test_a_register_that_refuses_says_why_and_an_earlier_version_comes_back(
    page: Page, company: TestMerchant, small_register: Simulator, axe: Axe
) -> None:
    page.set_viewport_size(PHONE)
    log_in(page, company, PAGE)
    for place, outcome in enumerate(("applied", "rejected"), start=1):
        page.goto(f"{PAGE}?sko={FIRST}")
        create_user(page, f"Кассир {place}", "1234")
        expect(page.locator(".user")).to_have_count(place)
        button(page.locator("#panel"), "Сохранить изменения").click()
        expect(page.locator("#toasts")).to_contain_text("Сохранено")
        assert fetched(small_register) == outcome
    page.goto("/register-settings/rollout?state=rejected")
    expect(page.locator(".line")).to_contain_text("no room for 2 users, 1 at most")
    expect(page.locator(".line")).to_contain_text("действует версия 1")
    page.locator(".line").click()
    page.get_by_text("Вернуться к этой версии").click()
    expect(page.locator(".return")).to_contain_text("Удалено Кассир 2")
    assert not is_wider_than_its_window(page)
    axe(page)
    button(page, "Вернуться к версии 1").click()
    expect(page.locator("#toasts")).to_contain_text("снова действует версия 1")
    assert fetched(small_register) == "applied"
    page.reload()
    expect(page.locator(".version").first).to_contain_text("Применено")


def test_smart_x_is_set_up_for_all_registers_at_once(page: Page, company: TestMerchant, axe: Axe) -> None:
    page.set_viewport_size(PHONE)
    log_in(page, company, SMART_PAGE)
    expect(page.get_by_label(SMART)).to_be_visible()
    assert not is_wider_than_its_window(page)
    page.get_by_label("Настройка для всех касс").check()
    expect(page.get_by_label(SMART)).to_be_hidden()
    create_user(page, "Кассир 1", "1234")
    button(page.locator("#panel"), "Сохранить изменения").click()
    expect(page.locator("#toasts")).to_contain_text("Сохранено для 1 СКО")

    page.get_by_role("link", name="Настройки чека").click()
    expect(page.get_by_role("link", name="Дополнительные настройки")).to_have_count(0)
    page.get_by_label("Наименование торговой точки").fill("Магазин «Ромашка»")
    expect(page.locator("output[for=outlet_name]")).to_have_text("17 / 102")
    page.get_by_label("Рекламный текст").fill("Спасибо за покупку! 😀")
    page.get_by_label("Кол-во строк для отображения наименования").select_option("1")
    page.get_by_label("Нумерация товаров в чеке").check()
    button(page, "Образец чека").click()
    sample = page.get_by_role("dialog")
    expect(sample.locator("code").first).to_have_text("Магазин «Ромашка»")
    expect(sample).to_contain_text("1. Хлеб ржаной с тмином нарезанный")
    assert not is_wider_than_its_window(page)
    axe(page)
    button(sample, "Закрыть").click()
    button(page.locator("#panel"), "Сохранить изменения").click()
    expect(page.locator("#advert-mistake")).to_contain_text("😀 (U+1F600)")
    axe(page)
    page.get_by_label("Рекламный текст").fill("Спасибо за покупку!")
    button(page.locator("#panel"), "Сохранить изменения").click()
    expect(page.locator("#toasts")).to_contain_text("Сохранено для 1 СКО")
    expect(page.get_by_label("Нумерация товаров в чеке")).to_be_checked()


def test_users_come_from_an_excel_file_by_way_of_a_preview(
    page: Page, company: TestMerchant, tmp_path: Path, axe: Axe
) -> None:
    page.set_viewport_size(WIDE)
    log_in(page, company, PAGE)
    page.goto(f"{PAGE}?sko={FIRST}&sko={SECOND}")
    button(page, "Загрузить из Excel").click()
    dialog = page.get_by_role("dialog")
    with page.expect_download() as download:
        dialog.get_by_role("link", name="Шаблон").click()
    book = openpyxl.load_workbook(io.BytesIO(download.value.path().read_bytes()))
    book.active.append(["Кассир 1", "1234", "+"])
    book.active.append(["Кассир с длинным именем", "1234", "+"])
    book.save(tmp_path / "users.xlsx")
    dialog.locator("[type=file]").set_input_files(tmp_path / "users.xlsx")
    button(dialog, "Загрузить").click()
    expect(dialog.locator("tbody tr")).to_have_text(["3AПомещается не более 16 символов, здесь 23."])
    axe(page)
    book.active["A3"] = "Кассир 2"
    book.save(tmp_path / "users.xlsx")
    dialog.locator("[type=file]").set_input_files(tmp_path / "users.xlsx")
    button(dialog, "Загрузить").click()
    expect(dialog).to_contain_text("2 пользователя, ошибок нет.")
    axe(page)
    button(dialog, "Взять этих пользователей").click()
    expect(page.locator(".user")).to_have_count(2)
    button(page.locator("#panel"), "Сохранить изменения").click()
    expect(page.locator("#toasts")).to_contain_text("Сохранено для 2 СКО")


def test_what_is_not_saved_is_not_lost_unasked(page: Page, company: TestMerchant) -> None:
    page.set_viewport_size(WIDE)
    log_in(page, company, PAGE)
    page.get_by_label(FIRST).check()
    create_user(page, "Кассир 1", "1234")
    expect(page.locator(".user")).to_have_count(1)
    page.get_by_label(SECOND).check()
    expect(page.locator(".effect-on")).to_have_text([f"{FIRST}, {SECOND}"])
    asked: list[str] = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.dismiss()))
    with page.expect_event("dialog"):
        page.get_by_role("link", name="Дополнительные настройки").click()
    expect(page.locator(".user")).to_have_count(1)
    assert asked == ["beforeunload"]
    button(page, "Отменить изменения").click()
    expect(page.locator(".user")).to_have_count(0)
    page.get_by_role("link", name="Дополнительные настройки").click()
    page.get_by_label("Открытие денежного ящика").uncheck()
    page.get_by_label(SECOND).click()
    expect(page.get_by_label(SECOND)).to_be_checked()
    expect(page.get_by_label("Открытие денежного ящика")).not_to_be_checked()
    assert asked == ["beforeunload", "confirm"]
    button(page.locator("#panel"), "Сохранить изменения").click()
    expect(page.locator("#toasts")).to_contain_text("Сохранено для 2 СКО")


def test_the_guides_example_without_javascript(page_without_javascript: Page, company: TestMerchant) -> None:
    page = page_without_javascript
    log_in(page, company, PAGE)
    page.get_by_label(FIRST).check()
    button(page, "Показать").click()
    create_user(page, "Кассир 1", "1234", "Z-отчёт")
    expect(page.locator(".user-rights")).to_have_text("Продажи, Возвраты, X-отчёт, Z-отчёт")
    button(page, "Изменить: Кассир 1").click()
    page.get_by_role("dialog").get_by_label("Наименование пользователя").fill("Кассир 2")
    page.keyboard.press("Enter")
    expect(page.locator(".user")).to_contain_text("Кассир 2")
    button(page.locator("#panel"), "Сохранить изменения").click()
    expect(page.locator("#toasts")).to_contain_text("Сохранено для 1 СКО")
    page.get_by_role("link", name="Настройки чека").click()
    page.get_by_label("Адрес").fill("Минск")
    button(page, "Образец чека").click()
    expect(page.get_by_role("dialog")).to_contain_text("Минск")
    button(page.get_by_role("dialog"), "Закрыть").click()
    expect(page.get_by_label("Адрес")).to_have_value("Минск")
