"""Reports: the three blocks whose figures lead to their lists, invalid documents with the offending place marked."""

import datetime
import re
from functools import partial
from html import unescape

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from sql.engine import writing
from sql.placements import move_sko
from tests import till
from tests.accounts import TestMerchant, make_merchant
from tests.shop import open_outlets
from tests.webapp.conftest import CountQueries
from tests.webapp.reading import AS_HTMX, words
from tests.webapp.reporting import DAYS, NOON, deliver, refuse, report
from webapp import report_figures, report_lists

HOUR = datetime.timedelta(hours=1)
# Session, outlets, files; turnover and shifts; documents that wait and that are refused; quarantine, events.
QUERIES_OF_THE_PAGE = 11
QUERIES_OF_A_LIST = 4  # session, outlets, registers, rows
QUERIES_OF_A_DOCUMENT = 5  # session, document, outlets, registers, what is stored


@pytest.fixture
def merchant(engine: sa.Engine) -> TestMerchant:
    """Two outlets with a register each; the first has issued three documents and sent them, the second one."""
    merchant = make_merchant(engine)
    open_outlets(engine, merchant.merchant_id, ("Универсам", "Киоск"))
    till.ring_up(
        engine,
        till.common("shift_open", 1, at=NOON),
        till.sale(2, at=NOON),
        till.sale(3, at=NOON + HOUR),
        till.drawer("deposit", 1, 500, sko="300000002", at=NOON),
    )
    deliver(engine)
    return merchant


def block(response: TestResponse, name: str) -> str:
    """One of the three blocks, as HTML."""
    found = re.search(rf'<section [^>]*id="report-{name}".*?</section>', response.text, re.DOTALL)
    assert found, response.text
    return found[0]


def links(html: str) -> dict[str, str]:
    """The figures of a block by what they count → where they lead."""
    rows = re.findall(r"<(?:li|tr)>.*?</(?:li|tr)>", html, re.DOTALL)
    return {words(row): unescape(found[1]) for row in rows if (found := re.search(r'<a [^>]*href="([^"]+)"', row))}


# --- the three blocks ------------------------------------------------------------------------------------------------


def test_valid_documents_are_counted_by_state_and_type(owner: FlaskClient) -> None:
    html = block(owner.get(f"/reports?{DAYS}"), "valid")
    assert words(html) == (
        "Valid documents 4 Sent 4 Not sent yet 0 Refused 0 By type By type Count Sale 2 Deposit 1 Opening of a shift 1"
    )
    assert links(html) == {
        "Sent 4": f"/documents?{DAYS}&state=sent",
        "Sale 2": f"/documents?{DAYS}&type=sale",
        "Deposit 1": f"/documents?{DAYS}&type=deposit",
        "Opening of a shift 1": f"/documents?{DAYS}&type=shift_open",
    }


def test_what_is_not_sent_yet_stands_apart(owner: FlaskClient, engine: sa.Engine) -> None:
    till.ring_up(engine, till.sale(4, at=NOON))
    html = block(owner.get(f"/reports?{DAYS}&outlet=1"), "valid")
    assert "Valid documents 4 Sent 3 Not sent yet 1 Refused 0" in words(html)
    assert links(html)["Not sent yet 1"] == f"/documents?{DAYS}&outlet=1&state=pending"


def test_what_is_too_much_to_count_is_told_as_at_least_so_many(
    owner: FlaskClient, engine: sa.Engine, merchant: TestMerchant, monkeypatch
) -> None:
    for place, name in enumerate(("count_invalid", "count_events")):
        monkeypatch.setattr(report_figures, name, partial(getattr(report_figures, name), most=1 + place))
    for number in (4, 5, 6, 7):
        refuse(engine, merchant.merchant_id, till.sale(number) | {"total": 1})
        report(engine, merchant.merchant_id, "error", at=NOON + number * HOUR)
    page = owner.get(f"/reports?{DAYS}")
    assert words(block(page, "invalid")).startswith("Invalid documents at least 2 Not corrected at least 2")
    assert words(block(page, "events")).startswith("Register events at least 3")


def test_each_figure_of_valid_documents_is_as_long_as_its_list(owner: FlaskClient) -> None:
    for text, address in links(block(owner.get(f"/reports?{DAYS}"), "valid")).items():
        listed = owner.get(address).text
        assert listed.count('class="document-row ') == int(text.split()[-1]), address


def test_invalid_documents_are_counted_by_reason_and_by_whether_they_were_corrected(
    owner: FlaskClient, engine: sa.Engine, merchant: TestMerchant
) -> None:
    own = merchant.merchant_id
    refuse(engine, own, till.sale(3) | {"total": 1})  # corrected: 3 is stored
    refuse(engine, own, till.sale(5) | {"total": 1})
    refuse(engine, own, till.sale(2) | {"cashier": "Петрова"}, code="different_content", pointer="")
    refuse(engine, own, {"type": "?"}, code="unknown_type", pointer="/type", sko_id=None, outlet_id=None)
    html = block(owner.get(f"/reports?{DAYS}"), "invalid")
    assert "Invalid documents 4 Not corrected 3 Corrected since 1" in words(html)
    found = links(html)
    assert found["The total doesn't add up 2 not corrected: 1"] == f"/reports/invalid?{DAYS}&code=total_mismatch"
    assert found["Not corrected 3"] == f"/reports/invalid?{DAYS}&only=open"
    assert {text.split(" not ")[0] for text in found} >= {
        "Contradicts a stored document 1",
        "Unknown type of document 1",
    }


def test_events_are_counted_by_kind(owner: FlaskClient, engine: sa.Engine, merchant: TestMerchant) -> None:
    report(engine, merchant.merchant_id, "offline")
    report(engine, merchant.merchant_id, "online", at=NOON + HOUR)
    report(engine, merchant.merchant_id, "offline", sko_id=2)
    html = block(owner.get(f"/reports?{DAYS}"), "events")
    assert words(html) == "Register events 3 By kind By kind Count Connection restored 1 Connection lost 2"
    assert links(html)["Connection lost 2"] == f"/reports/events?{DAYS}&kind=offline"


def test_outlet_and_days_narrow_all_three(owner: FlaskClient, engine: sa.Engine, merchant: TestMerchant) -> None:
    report(engine, merchant.merchant_id, "offline", sko_id=2)
    refuse(engine, merchant.merchant_id, till.sale(7) | {"total": 1}, sko_id=2, outlet_id=2)
    response = owner.get(f"/reports?{DAYS}&outlet=2")
    assert "Valid documents 1 " in words(block(response, "valid"))
    assert "Invalid documents 1 " in words(block(response, "invalid"))
    assert "Register events 1 " in words(block(response, "events"))
    response = owner.get("/reports?date=2026-03-01")
    assert words(block(response, "valid")) == "Valid documents 0 No documents in these days."
    assert words(block(response, "invalid")).endswith("Not a single invalid document in these days.")
    assert words(block(response, "events")).endswith("No events in these days.")


def test_manager_sees_the_own_outlet_alone(manager: FlaskClient, engine: sa.Engine, merchant: TestMerchant) -> None:
    own = merchant.merchant_id
    report(engine, own, "offline")
    page = refuse(engine, own, till.sale(5) | {"total": 1})
    nobodys = refuse(engine, own, {"type": "?"}, code="unknown_type", sko_id=None, outlet_id=None)
    response = manager.get(f"/reports?{DAYS}")
    assert "Valid documents 1 " in words(block(response, "valid"))
    assert words(block(response, "invalid")).startswith("Invalid documents 0")
    assert words(block(response, "events")).startswith("Register events 0")
    for address in (page, nobodys, f"{page}.json"):
        assert manager.get(address).status_code == 404


def test_event_belongs_to_the_outlet_of_its_time(
    owner: FlaskClient, manager: FlaskClient, engine: sa.Engine, merchant: TestMerchant
) -> None:
    report(engine, merchant.merchant_id, "paper_out", detail="Лента")
    with writing(engine) as connection:
        move_sko(connection, merchant.merchant_id, 1, 2)
    assert "Лента" not in manager.get(f"/reports/events?{DAYS}").text
    assert "Лента" in owner.get(f"/reports/events?{DAYS}&outlet=1").text


def test_fragment_is_what_the_page_includes(owner: FlaskClient) -> None:
    fragment = owner.get(f"/reports?{DAYS}", headers=AS_HTMX)
    assert "<html" not in fragment.text
    assert fragment.headers["HX-Push-Url"] == f"/reports?{DAYS}"
    assert block(fragment, "valid") == block(owner.get(f"/reports?{DAYS}"), "valid")


@pytest.mark.parametrize("address", ["/reports", "/reports/invalid", "/reports/events", "/reports/completeness"])
@pytest.mark.parametrize(
    "query", ["outlet=77", "from=2026-02-30", "to=9999-12-31", "period=century", "date=1900-01-01"]
)
def test_nonsense_comes_back_with_a_sentence(owner: FlaskClient, address: str, query: str) -> None:
    response = owner.get(f"{address}?{query}")
    assert response.status_code == 400
    assert "There is nothing to show for these filters" in response.text


@pytest.mark.parametrize(
    "query",
    ["code=none", "only=some", "code=total_mismatch&code=unknown_type", "after=1", "after=1-zz-x", "sko=999"],
)
def test_nonsense_in_the_list_is_refused(owner: FlaskClient, query: str) -> None:
    for address in ("/reports/invalid", "/reports/invalid/older"):
        assert owner.get(f"{address}?{query}").status_code == 400


@pytest.mark.parametrize("query", ["kind=none", "after=1", "after=1-1-none", f"after={'9' * 30}-1-online"])
def test_nonsense_in_the_list_of_events_is_refused(owner: FlaskClient, query: str) -> None:
    assert owner.get(f"/reports/events?{query}").status_code == 400


def test_pages_ask_few_questions(
    owner: FlaskClient, engine: sa.Engine, merchant: TestMerchant, count_queries: CountQueries
) -> None:
    address = refuse(engine, merchant.merchant_id, till.sale(3) | {"total": 1})
    for path, most in (
        (f"/reports?{DAYS}", QUERIES_OF_THE_PAGE),
        (f"/reports/invalid?{DAYS}", QUERIES_OF_A_LIST),
        (f"/reports/events?{DAYS}", QUERIES_OF_A_LIST),
        (address, QUERIES_OF_A_DOCUMENT),
    ):
        with count_queries() as queries:
            owner.get(path)
        assert len(queries) == most, path


# --- lists -----------------------------------------------------------------------------------------------------------


def test_lists_go_on_page_by_page(
    owner: FlaskClient, engine: sa.Engine, merchant: TestMerchant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report_lists, "PAGE_ROWS", 3)
    for place in range(8):
        at = NOON + HOUR * 5 * place
        report(engine, merchant.merchant_id, "error", at=at, detail=f"Ошибка {place}")
        refuse(engine, merchant.merchant_id, till.sale(10 + place) | {"total": 1}, at=at)
    for address, mark in (("/reports/events", r"Ошибка \d"), ("/reports/invalid", r"№&nbsp;\d+")):
        found, page = [], owner.get(f"{address}?{DAYS}")
        while True:
            found += re.findall(mark, page.text)
            further = re.search(r'id="older">\s*<a class="btn" href="([^"]+)"', page.text)
            if not further:
                break
            plain = owner.get(unescape(further[1]))
            assert "From the newest" in plain.text
            page = owner.get(unescape(further[1]), headers=AS_HTMX)
            assert "<html" not in page.text
        assert len(found) == len(set(found)) == 8
        assert found == sorted(found, reverse=True)
        assert "There is nothing older" in page.text


def test_list_of_invalid_documents_is_filtered(owner: FlaskClient, engine: sa.Engine, merchant: TestMerchant) -> None:
    own = merchant.merchant_id
    refuse(engine, own, till.sale(3) | {"total": 1})
    refuse(engine, own, till.sale(5) | {"total": 1})
    refuse(engine, own, till.sale(6), code="invalid_field", pointer="/uid")
    refuse(engine, own, {"type": "sale", "number": 7}, sko_id=2, outlet_id=2)

    def numbers(query: str) -> list[str]:
        return sorted(re.findall(r"№&nbsp;(\d+)", owner.get(f"/reports/invalid?{DAYS}&{query}").text))

    assert numbers("") == ["3", "5", "6", "7"]
    assert numbers("code=total_mismatch") == ["3", "5", "7"]
    assert numbers("only=corrected") == ["3"]
    assert numbers("only=open&sko=300000001") == ["5", "6"]
    assert numbers("outlet=2") == ["7"]
    assert "Nothing for these filters" in owner.get(f"/reports/invalid?{DAYS}&code=already_annulled").text


# --- an invalid document ---------------------------------------------------------------------------------------------


def test_invalid_document_shows_its_json_with_the_offending_field_marked(
    owner: FlaskClient, engine: sa.Engine, merchant: TestMerchant
) -> None:
    body = till.sale(5, till.item("Хлеб <b>", 245)) | {"total": 1}
    response = owner.get(refuse(engine, merchant.merchant_id, body))
    assert re.findall("<mark>(.*?)</mark>", unescape(response.text)) == ['"total": 1']
    text = words(response.text)
    assert "The total doesn't add up" in text
    assert "All lines together" in text
    assert "Document Sale, 0.01 BYN Number 5 Register 300000001 Outlet Универсам" in text
    assert "Not corrected" in text
    assert "total_mismatch The sum of all items is 245." in text
    assert "Хлеб &lt;b&gt;" in response.text


def test_corrected_document_leads_to_the_stored_one(
    owner: FlaskClient, engine: sa.Engine, merchant: TestMerchant
) -> None:
    text = owner.get(refuse(engine, merchant.merchant_id, till.sale(3) | {"total": 1})).text
    assert "Corrected since" in text
    assert '<a href="/documents/300000001/3">' in text


def test_conflict_marks_what_differs_from_the_stored_document(
    owner: FlaskClient, engine: sa.Engine, merchant: TestMerchant
) -> None:
    body = till.sale(2, at=NOON) | {"cashier": "Петрова"}
    response = owner.get(refuse(engine, merchant.merchant_id, body, code="different_content", pointer=""))
    assert re.findall("<mark>(.*?)</mark>", unescape(response.text)) == ['"cashier": "Петрова"']
    assert "The stored document stays" in words(response.text)


def test_the_bytes_can_be_had_as_a_file(owner: FlaskClient, engine: sa.Engine, merchant: TestMerchant) -> None:
    raw = b'{"type":"sale",  "sum": 1.50}'
    response = owner.get(refuse(engine, merchant.merchant_id, raw, sko_id=None, outlet_id=None) + ".json")
    assert response.data == raw
    assert response.headers["Content-Disposition"].startswith("attachment")


@pytest.mark.parametrize("raw", [b"5", b"[]", b'"\\ud800"', b"[" * 300 + b"]" * 300, b'{"a": ' + b"9" * 5_000 + b"}"])
def test_any_json_can_be_shown(owner: FlaskClient, engine: sa.Engine, merchant: TestMerchant, raw: bytes) -> None:
    address = refuse(engine, merchant.merchant_id, raw, code="invalid_field", pointer="", sko_id=None, outlet_id=None)
    assert owner.get(address).status_code == 200


@pytest.mark.parametrize(
    "path", ["0" * 64 + "/total_mismatch", "0" * 63 + "/total_mismatch", "x" * 64 + "/a", "0" * 64 + "/A"]
)
def test_unknown_document_is_not_there(owner: FlaskClient, path: str) -> None:
    assert owner.get(f"/reports/invalid/{path}").status_code == 404
    assert owner.get(f"/reports/invalid/{path}.json").status_code == 404
