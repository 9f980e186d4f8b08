"""Acts: two pages, each act as a PDF that an accountant takes, several as a ZIP."""

import datetime
import io
import re
import zipfile
from html import unescape

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from sql.acts import Provider, correct_act
from sql.engine import writing
from tests.accounts import TestMerchant, make_merchant, sign_in
from tests.acts import NOVEMBER, OCTOBER, PROVIDER, add_test_act
from tests.webapp.conftest import CountQueries
from tests.webapp.papers import is_within_its_pages, pages_of, text_of
from webapp.act_pdf import in_words
from webapp.acts import ZIP_ACTS_MAX
from webapp.pdf import RENDERS_MAX, _places

ENDLESS = "Доўгаенеразрыўнаеслова" * 11
LATER = datetime.date(2025, 12, 3)


@pytest.fixture
def merchant(engine: sa.Engine) -> TestMerchant:
    return make_merchant(engine)


@pytest.fixture
def owner(client: FlaskClient, merchant: TestMerchant) -> FlaskClient:
    client.set_cookie("language", "en")
    sign_in(client, merchant)
    return client


def add(engine: sa.Engine, merchant: TestMerchant, **changes) -> int:
    with writing(engine) as connection:
        return add_test_act(connection, merchant.merchant_id, **changes)


def correct(engine: sa.Engine, merchant: TestMerchant, number: int, reason: str = "Касса снята") -> None:
    changes = {"issued": LATER, "quantity": 1, "price_minor": None, "provider": PROVIDER}
    with writing(engine) as connection:
        correct_act(connection, merchant.merchant_id, number, **changes, reason=reason)


def rows(client: FlaskClient, address: str) -> list[str]:
    page = unescape(client.get(address).get_data(as_text=True)).replace("\N{NO-BREAK SPACE}", " ")
    found = re.findall(r"<tr[^>]*>(?!\s*<th scope)(.*?)</tr>", page, re.DOTALL)
    return [" ".join(re.sub(r"<[^>]+>", " ", row).split()) for row in found]


def test_an_act_is_listed_on_the_page_of_its_kind(owner: FlaskClient, engine: sa.Engine, merchant: TestMerchant):
    add(engine, merchant)
    add(engine, merchant, kind="registration", service="Регистрация Программной кассы")
    [subscription] = rows(owner, "/acts/subscription")
    assert subscription == "31 Oct 2025 Абонентская плата October 2025 · 2 registers СС-191832203-1 90.00 BYN"
    assert "СС-191832203-2" in rows(owner, "/acts/registration")[0]


def test_acts_are_filtered_by_period_and_added_up(owner: FlaskClient, engine: sa.Engine, merchant: TestMerchant):
    add(engine, merchant)
    add(engine, merchant, month=NOVEMBER)
    assert len(rows(owner, "/acts/subscription")) == 2
    assert len(rows(owner, "/acts/subscription?from=2025-11-01&to=2025-11-30")) == 1
    assert "180.00" in owner.get("/acts/subscription").text
    assert "No acts in this period" in owner.get("/acts/subscription?period=today").text


def test_nonsense_in_the_filter_is_a_sentence(owner: FlaskClient, engine: sa.Engine, merchant: TestMerchant):
    add(engine, merchant)
    for address in ("/acts/subscription", "/acts/subscription/papers.zip"):
        answer = owner.get(f"{address}?from=yesterday")
        assert answer.status_code == 400
        assert "There is no such date" in answer.text
        assert 'value="yesterday"' in answer.text


def test_without_acts_the_page_says_when_they_come(owner: FlaskClient):
    assert "An act is made when its month has ended." in owner.get("/acts/registration").text
    assert owner.get("/acts/registration/papers.zip").status_code == 404


def test_a_replaced_act_is_shown_but_not_added_up(owner: FlaskClient, engine: sa.Engine, merchant: TestMerchant):
    add(engine, merchant)
    correct(engine, merchant, 1)
    correction, replaced = rows(owner, "/acts/subscription")
    assert "in place of СС-191832203-1" in correction
    assert "replaced by СС-191832203-2" in replaced
    assert re.search(r"in total <strong>45.00", owner.get("/acts/subscription").text.replace("\N{NO-BREAK SPACE}", " "))


def test_the_page_asks_the_database_once(
    owner: FlaskClient, engine: sa.Engine, merchant: TestMerchant, count_queries: CountQueries
):
    add(engine, merchant)
    with count_queries() as queries:
        owner.get("/acts/subscription")
    assert len(queries) == 2  # who it is, and the acts


@pytest.mark.parametrize("language", ["ru", "be", "en"])
def test_the_paper_is_a_proper_act_in_russian(owner: FlaskClient, engine: sa.Engine, merchant: TestMerchant, language):
    add(engine, merchant, vat_percent=20, price_minor=118901, quantity=1)
    owner.set_cookie("language", language)
    answer = owner.get("/acts/1.pdf")
    text = text_of(answer.data)
    assert answer.mimetype == "application/pdf"
    for said in (
        "Акт № СС-191832203-1",
        "от 31 октября 2025 г.",
        "ООО «Оператор», УНП 190000018, Минск",
        "ООО Ромашка, УНП 191832203",
        "Абонентская плата",
        "1 189,01",
        "НДС 20 %: 198,17",
        "Одна тысяча сто восемьдесят девять белорусских рублей 01 копейка",
        "Сто девяносто восемь белорусских рублей 17 копеек",
        "Исполнитель",
        "Заказчик",
    ):
        assert said in text, said
    assert len(pages_of(answer.data)) == 1


def test_the_paper_says_without_vat_and_names_what_it_corrects(
    owner: FlaskClient, engine: sa.Engine, merchant: TestMerchant
):
    add(engine, merchant)
    correct(engine, merchant, 1)
    assert "Без НДС" in text_of(owner.get("/acts/1.pdf").data)
    text = text_of(owner.get("/acts/2.pdf").data)
    assert "Составлен взамен акта № СС-191832203-1. Причина: Касса снята" in text
    assert "Сорок пять белорусских рублей 00 копеек" in text


@pytest.mark.parametrize("words", ["Very long English service name ", "Вельмі доўгая назва паслугі ", ENDLESS])
def test_texts_of_any_length_stay_within_the_paper(
    owner: FlaskClient, engine: sa.Engine, merchant: TestMerchant, words: str
):
    long = (words * 20)[:512]
    provider = Provider(name=long[:250], unp="190000018", address=long[:400], bank=long[:400], signatory=long[:120])
    add(engine, merchant, service=long, provider=provider, quantity=100_000, price_minor=10_000_000)
    paper = owner.get("/acts/1.pdf").data
    assert is_within_its_pages(paper)
    assert "Десять миллиардов белорусских рублей 00 копеек" in text_of(paper)


def test_a_bank_account_is_not_broken(owner: FlaskClient, engine: sa.Engine, merchant: TestMerchant):
    bank = "р/с BY20OLMP30120001234560000000"
    add(engine, merchant, provider=Provider(name="ООО «Оператор»", bank=bank))
    assert bank in text_of(owner.get("/acts/1.pdf").data)


def test_nobody_signs_a_page_that_says_nothing(owner: FlaskClient, engine: sa.Engine, merchant: TestMerchant):
    """Whatever is above them, the signatures stand together, below the sentence that is signed."""
    seconds = 0
    for lines in range(15, 39, 3):
        provider = Provider(name="О" * 50 * lines, signatory="Директор")
        number = add(engine, merchant, provider=provider, month=datetime.date(2000 + lines, 1, 1))
        pages = pages_of(owner.get(f"/acts/{number}.pdf").data)
        last = pages[-1].extract_text()
        assert all(said in last for said in ("Услуги оказаны", "Исполнитель", "Директор", "М. П.")), lines
        seconds += len(pages) == 2
    assert 0 < seconds < 8


def test_several_acts_come_as_one_file(owner: FlaskClient, engine: sa.Engine, merchant: TestMerchant):
    for month in range(1, 4):
        add(engine, merchant, month=OCTOBER.replace(month=month))

    def names(query: str) -> list[str]:
        answer = owner.get(f"/acts/subscription/papers.zip{query}")
        assert answer.mimetype == "application/zip"
        with zipfile.ZipFile(io.BytesIO(answer.data)) as archive:
            assert archive.testzip() is None
            assert all(archive.read(name).startswith(b"%PDF") for name in archive.namelist())
            return archive.namelist()

    assert names("?number=1&number=3&number=x") == ["СС-191832203-3.pdf", "СС-191832203-1.pdf"]
    assert len(names("")) == 3
    assert names("?from=2025-02-01&to=2025-02-28") == ["СС-191832203-2.pdf"]


def test_a_file_holds_so_many_acts_at_most(owner: FlaskClient, engine: sa.Engine, merchant: TestMerchant):
    for place in range(ZIP_ACTS_MAX + 1):
        add(engine, merchant, month=datetime.date(2023 + place // 12, place % 12 + 1, 1))
    answer = owner.get("/acts/subscription/papers.zip")
    assert answer.status_code == 400
    assert f"holds {ZIP_ACTS_MAX} acts at most" in answer.text


def test_a_busy_printer_asks_to_come_again(owner: FlaskClient, engine: sa.Engine, merchant: TestMerchant):
    add(engine, merchant)
    for _ in range(RENDERS_MAX):
        assert _places.acquire(blocking=False)
    try:
        answer = owner.get("/acts/1.pdf")
    finally:
        for _ in range(RENDERS_MAX):
            _places.release()
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")


def test_acts_of_nobody_are_not_found(owner: FlaskClient):
    for address in (
        "/acts/1.pdf",
        "/acts/99999999999.pdf",
        "/acts/other/papers.zip",
        "/acts/subscription/papers.zip?number=7",
    ):
        assert owner.get(address).status_code == 404


@pytest.mark.parametrize(
    ("minor", "words"),
    [
        (0, "Ноль белорусских рублей 00 копеек"),
        (2101, "Двадцать один белорусский рубль 01 копейка"),
        (200_222, "Две тысячи два белорусских рубля 22 копейки"),
        (100_000_011, "Один миллион белорусских рублей 11 копеек"),
    ],
)
def test_sums_are_spelled_out_in_russian(minor: int, words: str):
    assert in_words(minor) == words
