"""Receipts for their buyers, and the merchant's own PDF: what they show, to whom, and how often."""

import datetime
import html
import io
import re
from collections.abc import Callable

import pytest
import segno
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image

from sql.engine import writing
from sql.tables import document, login_throttle
from tests import till
from tests.accounts import TestMerchant, make_merchant, sign_in
from tests.shop import MINSK, open_outlets
from tests.webapp.conftest import CountQueries
from tests.webapp.papers import pages_of, text_of
from webapp import pdf
from webapp.receipts import MISSES, PDFS, VIEWS

AT = datetime.datetime(2026, 11, 23, 18, 41, 7, tzinfo=MINSK)
MINUTE = datetime.timedelta(minutes=1)
HOSTILE = "Сыр <b>\"жирный\"</b> & '{{7*7}}' {% raw %} <script>alert(1)</script>"
BREAD = till.item("Хлеб «Нарочанский»", 189, 2_000, tax=10, gtin="4810268012345", section={"code": 1, "name": "Хлеб"})
CHEESE = till.item(HOSTILE, 1899, 345, tax=10, modifiers=[{"sum": -100, "name": "Акция"}, {"sum": 20}])
WATER = till.item("Вода", 189, tax=20, marks=["0104810", "0104811"], third_party_unp="191832216")
DELIVERY = till.item("Доставка", 123_456, kind="service")
SALE = till.sale(
    1,
    BREAD,
    CHEESE,
    WATER,
    DELIVERY,
    modifiers=[{"sum": -33, "name": "Округление"}, {"sum": -500}],
    payments=[("cashless", 50_000), ("other", 1_000), ("cash", 75_000)],
    change=1_935,
    offline=True,
    at=AT,
)
ADDRESS = f"http://localhost/r/{SALE['uid']}"
TAPE = f"""
ООО Ромашка
UNP 191832203
Универсам
Минск
Receipt of sale
Document № 1
Date 23 Nov 2026, 18:41:07
Register 300000001
Shift 1
Cashier Иванова
Хлеб «Нарочанский»
2 × 1.89 = 3.78
VAT 10% · section 1, Хлеб · GTIN 4810268012345
{HOSTILE}
0.345 × 18.99 = 6.55
Акция −1.00
Surcharge +0.20
Line total = 5.75
VAT 10%
Вода
1 × 1.89 = 1.89
VAT 20% · 2 marking codes · sold for UNP 191832216
Доставка
1 × 1,234.56 = 1,234.56
service · without VAT
Subtotal 1,245.98
Округление −0.33
Discount −5.00
Total 1,240.65 BYN
VAT 20% of 1.88 0.31
VAT 10% of 9.49 0.86
Without VAT 1,229.28
Cash 750.00
Cashless 500.00
Other means 10.00
Change 19.35
Issued without a connection
УИ 0000 11E1 A301 0000 0000 0001
"""


@pytest.fixture
def merchant(engine: sa.Engine) -> TestMerchant:
    merchant = make_merchant(engine)
    open_outlets(engine, merchant.merchant_id, ("Универсам", "Киоск"))
    return merchant


@pytest.fixture
def client(app: Flask, merchant: TestMerchant) -> FlaskClient:
    """A buyer who reads English."""
    client = app.test_client()
    client.set_cookie("language", "en")
    return client


@pytest.fixture
def forgive(engine: sa.Engine) -> Callable[[], None]:
    """Lets every network start anew."""

    def forget() -> None:
        with writing(engine) as connection:
            connection.execute(login_throttle.delete())

    return forget


def lines_of(page: str) -> str:
    """The tape as its lines read."""
    tape = re.search(r"<article.*</article>", page, re.DOTALL)
    assert tape, page
    text = re.sub(r"<(?!/tr|/p|/h|td)[^>]*>", "", re.sub(r"\s+", " ", tape[0]))
    lines = re.sub(r"<td[^>]*>", " ", text)
    words = (" ".join(line.split()) for line in re.split(r"</(?:tr|p|h\d)>", lines))
    return html.unescape("\n".join(line for line in words if line))


def qr_of(pdf: bytes) -> list[list[int]]:
    """The modules of the one picture in it: 1 is dark."""
    [picture] = pages_of(pdf)[-1].images
    image = Image.open(io.BytesIO(picture.data)).convert("L")
    size = len(segno.make(ADDRESS, error="m", micro=False).matrix)
    dots = image.width // size
    assert image.width == size * dots
    middle = dots // 2
    return [
        [int(image.getpixel((column * dots + middle, row * dots + middle)) < 128) for column in range(size)]
        for row in range(size)
    ]


def test_buyer_sees_all_that_is_on_paper(client: FlaskClient, engine: sa.Engine) -> None:
    till.ring_up(engine, SALE)
    response = client.get(f"/r/{SALE['uid']}")
    assert response.status_code == 200
    assert lines_of(response.get_data(as_text=True)) == TAPE.strip()


def test_text_of_registers_is_never_markup(client: FlaskClient, engine: sa.Engine) -> None:
    till.ring_up(engine, SALE)
    page = client.get(f"/r/{SALE['uid']}").get_data(as_text=True)
    assert "<b>" not in page
    assert "<script>alert" not in page
    assert "{{7*7}}" in page


def test_pdf_holds_the_same_lines_in_real_letters(client: FlaskClient, engine: sa.Engine) -> None:
    till.ring_up(engine, SALE)
    response = client.get(f"/r/{SALE['uid']}.pdf")
    assert (response.status_code, response.mimetype) == (200, "application/pdf")
    assert response.headers["Content-Disposition"] == 'inline; filename="receipt-300000001-1.pdf"'
    assert text_of(response.data).removesuffix(".").split() == TAPE.split()
    [page] = pages_of(response.data)
    assert round(float(page.mediabox.width) / 72 * 25.4) == 80


def test_qr_code_leads_to_the_public_receipt(client: FlaskClient, engine: sa.Engine) -> None:
    till.ring_up(engine, SALE)
    expected = segno.make(ADDRESS, error="m", micro=False)
    assert qr_of(client.get(f"/r/{SALE['uid']}.pdf").data) == [[int(bit) for bit in row] for row in expected.matrix]
    page = html.unescape(client.get(f"/r/{SALE['uid']}").get_data(as_text=True))
    assert expected.svg_data_uri(border=0, xmldecl=False) in page


def test_json_has_the_names_of_the_register_api(client: FlaskClient, engine: sa.Engine) -> None:
    till.ring_up(engine, SALE)
    response = client.get(f"/r/{SALE['uid']}.json")
    assert (response.status_code, response.mimetype) == (200, "application/json")
    read = response.get_json()
    for name in ("type", "uid", "sko", "number", "shift", "issued_at", "currency", "cashier", "change", "total"):
        assert read[name] == SALE[name], name
    assert read["url"] == ADDRESS
    assert read["merchant"] == {"name": "ООО Ромашка", "unp": "191832203"}
    assert read["outlet"] == {"name": "Универсам", "address": "Минск"}
    assert read["items"][0] == BREAD | {"kind": "goods", "marks_count": 0, "modifiers": []}
    assert read["items"][1] == CHEESE | {"kind": "goods", "marks_count": 0}
    assert read["items"][2] == {name: value for name, value in WATER.items() if name != "marks"} | {
        "kind": "goods",
        "marks_count": 2,
        "modifiers": [],
    }
    assert read["modifiers"] == SALE["modifiers"]
    assert sorted(payment["sum"] for payment in read["payments"]) == [1_000, 50_000, 75_000]
    assert sum(part["base"] for part in read["vat"]) == SALE["total"]
    assert (read["refunds"], read["refunded"], read["annulled"]) == ([], [], False)


def test_rollback_and_refund_name_their_sale_in_json(client: FlaskClient, engine: sa.Engine) -> None:
    other = till.sale(2, at=AT)
    back = till.receipt("refund", 3, [BREAD], base={"sko": till.FIRST_SKO, "number": 1}, at=AT + MINUTE)
    gone = till.rollback(4, other, at=AT + MINUTE)
    till.ring_up(engine, SALE, other, back, gone)
    refund = client.get(f"/r/{back['uid']}.json").get_json()
    assert refund["base"] == {"sko": till.FIRST_SKO, "number": 1}
    assert "refunds" not in refund
    rollback = client.get(f"/r/{gone['uid']}.json").get_json()
    assert rollback["target"] == {"number": 2, "uid": other["uid"]}
    assert (rollback["total"], rollback["payments"]) == (245, gone["payments"])
    assert "items" not in rollback


def test_buyer_sees_what_was_refunded_since(client: FlaskClient, engine: sa.Engine) -> None:
    base = {"sko": till.FIRST_SKO, "number": 1}
    first = till.receipt("refund", 2, [BREAD], base=base, at=AT + MINUTE)
    second = till.receipt("refund", 1, [WATER], base=base, sko="300000002", at=AT + 2 * MINUTE)
    till.ring_up(engine, SALE, first, second)
    shown = lines_of(client.get(f"/r/{SALE['uid']}").get_data(as_text=True))
    assert "\nRefunded since: 5.67 BYN\n" in shown
    assert shown.endswith(
        "Refunded since\n23 Nov 2026, 18:42, № 2 3.78 BYN\n23 Nov 2026, 18:43, № 1 1.89 BYN\nRefunded in all 5.67 BYN"
    )
    assert "Refunded in all 5.67 BYN" in text_of(client.get(f"/r/{SALE['uid']}.pdf").data)
    read = client.get(f"/r/{SALE['uid']}.json").get_json()
    assert [(one["sko"], one["number"], one["total"]) for one in read["refunds"]] == [
        (till.FIRST_SKO, 2, 378),
        ("300000002", 1, 189),
    ]
    assert (read["refunds_count"], read["refunded"]) == (2, [{"currency": "BYN", "sum": 567}])
    refund = lines_of(client.get(f"/r/{second['uid']}").get_data(as_text=True))
    assert "\nRefunded sale № 1\nSale register 300000001\nSale date 23 Nov 2026, 18:41:07\n" in refund


def test_buyer_sees_that_a_receipt_was_annulled(client: FlaskClient, engine: sa.Engine) -> None:
    sale = till.sale(1, at=AT)
    gone = till.rollback(2, sale, at=AT + MINUTE)
    till.ring_up(engine, sale, gone)
    annulled = "Annulled on 23 Nov 2026, 18:42, document № 2"
    assert annulled in lines_of(client.get(f"/r/{sale['uid']}").get_data(as_text=True))
    assert annulled in text_of(client.get(f"/r/{sale['uid']}.pdf").data)
    read = client.get(f"/r/{sale['uid']}.json").get_json()
    assert (read["annulled"], read["annulment"]["number"], read["annulment"]["uid"]) == (True, 2, gone["uid"])
    rollback = lines_of(client.get(f"/r/{gone['uid']}").get_data(as_text=True))
    assert "Receipt of annulment" in rollback
    assert "\nAnnulled sale № 1\nSale date 23 Nov 2026, 18:41:07\nTotal 2.45 BYN\nCash 2.45\n" in rollback


def test_receipt_speaks_the_language_of_its_reader(client: FlaskClient, engine: sa.Engine) -> None:
    till.ring_up(engine, SALE)
    client.set_cookie("language", "ru")
    shown = lines_of(client.get(f"/r/{SALE['uid']}").get_data(as_text=True))
    assert "Итого 1 240,65 BYN" in shown.replace("\N{NARROW NO-BREAK SPACE}", " ")
    assert "0,345 × 18,99" in shown
    text = text_of(client.get(f"/r/{SALE['uid']}.pdf").data)
    assert "Итого 1 240,65 BYN" in text
    assert "Хлеб «Нарочанский»" in text


def test_uid_is_found_in_either_case_and_as_it_is_grouped(client: FlaskClient, engine: sa.Engine) -> None:
    till.ring_up(engine, SALE)
    assert client.get(f"/r/{SALE['uid'].lower()}").status_code == 200
    found = client.get("/r/", query_string={"uid": " 0000 11e1 a301\t0000 0000-0001 "})
    assert (found.status_code, found.location) == (303, f"/r/{SALE['uid']}")


@pytest.mark.parametrize("typed", ["", "12345", "G" * 24, "<script>", "0" * 10_000, "\x00"])
def test_mistyped_uid_gets_a_sentence(client: FlaskClient, typed: str) -> None:
    response = client.get("/r/", query_string={"uid": typed})
    assert response.status_code == 400
    page = response.get_data(as_text=True)
    assert "has 24 characters" in page
    assert "<script>" not in page.replace("<script src", "")
    assert client.get("/r/").status_code == 200


MISSING = ["0" * 24, "unknown", "G" * 24, "0" * 5_000, "%00", "а" * 24, "0000 0000", "..", "<b>"]


@pytest.mark.parametrize("ending", ["", ".json", ".pdf"])
def test_whatever_is_not_found_looks_the_same(
    client: FlaskClient, engine: sa.Engine, forgive: Callable[[], None], ending: str, count_queries: CountQueries
) -> None:
    deposit = till.drawer("deposit", 7, 100, at=AT)
    till.ring_up(engine, SALE, deposit)
    answers, asked = set(), set()
    for uid in [*MISSING, deposit["uid"]]:
        forgive()
        with count_queries() as queries:
            response = client.get(f"/r/{uid}{ending}")
        body = re.sub(
            r'(name="csrf_token"|name="next"|hx-headers:inherited=)[^>]*', "", response.get_data(as_text=True)
        )
        kept = {name: value for name, value in response.headers if name not in ("X-Request-ID", "Content-Length")}
        kept.pop("Set-Cookie", None)
        answers.add((response.status_code, body, repr(kept)))
        asked.add(tuple(queries))
    assert len(answers) == 1
    assert len(asked) == 1
    assert next(iter(answers))[0] == 404


def test_public_answers_are_kept_by_nobody(client: FlaskClient, engine: sa.Engine) -> None:
    till.ring_up(engine, SALE)
    for ending in ("", ".json", ".pdf"):
        headers = client.get(f"/r/{SALE['uid']}{ending}").headers
        assert headers["Cache-Control"] == "no-store"
        assert headers["X-Robots-Tag"] == "noindex, nofollow"
        assert headers["Referrer-Policy"] == "same-origin"


def test_page_for_buyers_has_no_navigation_even_for_the_merchant(
    app: Flask, engine: sa.Engine, merchant: TestMerchant
) -> None:
    till.ring_up(engine, SALE)
    client = app.test_client()
    sign_in(client, merchant)
    page = client.get(f"/r/{SALE['uid']}").get_data(as_text=True)
    assert "<nav" not in page
    assert merchant.email not in page


def test_network_gets_few_receipts_a_minute(
    client: FlaskClient, app: Flask, engine: sa.Engine, forgive: Callable[[], None]
) -> None:
    till.ring_up(engine, SALE)
    for place in range(VIEWS.most):
        assert client.get(f"/r/{SALE['uid']}{('', '.json')[place % 2]}").status_code == 200
    for ending in ("", ".json", ".pdf"):
        refused = app.test_client().get(f"/r/{SALE['uid']}{ending}")
        assert refused.status_code == 429
        assert 0 < int(refused.headers["Retry-After"]) <= 60
    elsewhere = {"REMOTE_ADDR": "203.0.113.9"}
    assert client.get(f"/r/{SALE['uid']}", environ_overrides=elsewhere).status_code == 200
    forgive()
    assert client.get(f"/r/{SALE['uid']}").status_code == 200


def test_network_that_guesses_is_refused_even_what_exists(client: FlaskClient, engine: sa.Engine) -> None:
    till.ring_up(engine, SALE)
    for place in range(MISSES.most):
        assert client.get(f"/r/{place:024X}.json").status_code == 404
    refused = client.get(f"/r/{SALE['uid']}.json")
    assert (refused.status_code, refused.mimetype) == (429, "application/problem+json")
    assert refused.get_json() == {"type": "about:blank", "title": "Too Many Requests", "status": 429}
    assert 500 < int(refused.headers["Retry-After"]) <= 600
    assert client.get(f"/r/{99:024X}").status_code == 429


def test_pdfs_have_a_stricter_limit(client: FlaskClient, engine: sa.Engine) -> None:
    till.ring_up(engine, SALE)
    for _ in range(PDFS.most):
        assert client.get(f"/r/{SALE['uid']}.pdf").status_code == 200
    assert client.get(f"/r/{SALE['uid']}.pdf").status_code == 429
    assert client.get(f"/r/{SALE['uid']}").status_code == 200


def test_pdf_waits_for_no_place_when_all_are_taken(client: FlaskClient, engine: sa.Engine) -> None:
    till.ring_up(engine, SALE)
    for _ in range(pdf.RENDERS_MAX):
        assert pdf._places.acquire(blocking=False)
    try:
        refused = client.get(f"/r/{SALE['uid']}.pdf")
    finally:
        pdf._places.release(pdf.RENDERS_MAX)
    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "5")
    assert client.get(f"/r/{SALE['uid']}.pdf").status_code == 200


def test_merchant_gets_the_pdf_of_any_document_and_nobody_elses(
    app: Flask, engine: sa.Engine, merchant: TestMerchant
) -> None:
    nothing = {"count": 0, "sum": 0}
    sales = {"count": 1, "cash": 124_065, "cashless": 0, "other": 0, "sum": 124_065}
    deposits = {"count": 1, "sum": 70_000}
    kinds = {"sales": sales, "deposits": deposits} | dict.fromkeys(
        ("refunds", "rollbacks", "withdrawals", "payouts"), nothing
    )
    counters = [{"currency": "BYN"} | kinds]
    report = {"opened_at": AT.isoformat(), "first_number": 1, "last_number": 2, "counters": counters}
    till.ring_up(engine, SALE, till.drawer("deposit", 2, 70_000, at=AT), till.common("z_report", 3, at=AT) | report)
    client, rival = app.test_client(), app.test_client()
    sign_in(client, merchant)
    sign_in(rival, make_merchant(engine, "191832216", name="ООО Лютик"))
    for number, words in ((1, "1 240,65"), (2, "700,00"), (3, "№ 1 – 2 BYN Количество Сумма Продажи 1 1 240,65")):
        response = client.get(f"/documents/300000001/{number}.pdf")
        assert (response.status_code, response.mimetype) == (200, "application/pdf")
        assert words in text_of(response.data)
        assert rival.get(f"/documents/300000001/{number}.pdf").status_code == 404
        assert app.test_client().get(f"/documents/300000001/{number}.pdf").status_code == 303
    for path in ("300000001/4", "300000009/1", "300000001/0", "300000001/" + "9" * 30, "<b>/1", "%00/1"):
        assert client.get(f"/documents/{path}.pdf").status_code == 404


def test_longest_receipt_fits_on_several_metres_of_tape(client: FlaskClient, engine: sa.Engine) -> None:
    names = [f"Товар № {place} " + "с очень длинным названием " * 8 for place in range(500)]
    sale = till.sale(1, *(till.item(name[:256], 100, tax=20, gtin="4810268012345") for name in names), at=AT)
    till.ring_up(engine, sale)
    pdf = client.get(f"/r/{sale['uid']}.pdf").data
    pages = pages_of(pdf)
    assert len(pages) > 1
    assert all(page.mediabox.height / 72 * 25.4 <= 1000.1 for page in pages)
    text = text_of(pdf)
    assert all(f"Товар № {place} " in text for place in range(500))
    assert "Total 500.00 BYN" in text


def test_discounts_beyond_counting_are_one_line_each_in_the_pdf(client: FlaskClient, engine: sa.Engine) -> None:
    off = [{"sum": -1, "name": "Скидка"}] * 100
    sale = till.sale(1, *(till.item(f"Товар {place}", 1_000, modifiers=off) for place in range(12)), at=AT)
    till.ring_up(engine, sale)
    text = text_of(client.get(f"/r/{sale['uid']}.pdf").data)
    assert text.count("100 discounts and surcharges −1.00 Line total = 9.00") == 12
    assert "Скидка" not in text
    assert client.get(f"/r/{sale['uid']}").get_data(as_text=True).count("Скидка") == 1_200


def test_letters_that_the_font_lacks_keep_no_receipt_from_its_pdf(
    client: FlaskClient, engine: sa.Engine, caplog: pytest.LogCaptureFixture
) -> None:
    names = ("日本語", "🍞" * 256, "مرحبا", "a" + "\u0300" * 255, "\u202e\ufffe", "<pdf:nextpage/>&nbsp;", " ")
    sale = till.sale(1, *(till.item(name, 100) for name in names), at=AT)
    till.ring_up(engine, sale)
    response = client.get(f"/r/{sale['uid']}.pdf")
    assert response.status_code == 200
    assert len(pages_of(response.data)) == 1
    assert "日本語" not in caplog.text


def test_renderer_reads_no_file_and_asks_no_network(client: FlaskClient, engine: sa.Engine, caplog) -> None:
    for address in ("/etc/passwd", "http://127.0.0.1:9/x.png", "file:///etc/passwd", "../../webapp/settings.py"):
        out = pdf.pisaDocument(f'<p>x</p><img src="{address}">', dest_bytes=True, resource_policy=pdf.POLICY)
        assert pages_of(out)[0].images.keys() == []
    assert caplog.text.count("Blocked by the resource policy") == 4


def test_receipt_with_hostile_unknown_fields_is_shown_everywhere(client: FlaskClient, engine: sa.Engine) -> None:
    till.ring_up(engine, SALE)
    with writing(engine) as connection:
        body = connection.execute(sa.select(document.c.body)).scalar_one()
        spoiled = body[:-1] + b', "x": "\\ud800", "y": 1' + b"0" * 400 + b', "z": ' + b"[" * 62 + b"]" * 62 + b"}"
        connection.execute(document.update().values(body=spoiled))
    assert lines_of(client.get(f"/r/{SALE['uid']}").get_data(as_text=True)) == TAPE.strip()
    assert client.get(f"/r/{SALE['uid']}.json").get_json()["total"] == SALE["total"]
    assert client.get(f"/r/{SALE['uid']}.pdf").status_code == 200


def test_queries_of_a_public_receipt_are_few(
    client: FlaskClient, engine: sa.Engine, count_queries: CountQueries
) -> None:
    till.ring_up(engine, SALE)
    for ending in ("", ".json"):
        with count_queries() as queries:
            client.get(f"/r/{SALE['uid']}{ending}")
        # Count the view, look at the misses; the document, its refunds, its annulment.
        assert len(queries) == 5
