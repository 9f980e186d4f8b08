"""Exports: what stands in the files of each page, which are sent at once, and the pages of those that take long."""

import datetime
import re
from html import unescape
from pathlib import Path
from urllib.parse import parse_qsl

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.datastructures import MultiDict
from werkzeug.test import TestResponse

from sql import exports
from sql.engine import reading, writing
from sql.merchants import merchant_by_id
from sql.outlets import add_outlet
from sql.skos import add_sko
from sql.tables import export as export_table
from tests.accounts import TestMerchant, make_merchant, sign_in
from tests.shop import document, open_outlets, store
from tests.webapp.conftest import CountQueries
from tests.webapp.exporting import (
    DAY,
    OUTLETS,
    ask,
    asked,
    exports_folder,
    fetch,
    find,
    jobs,
    merchant,
    owner,
    post,
    table,
    workbook,
)
from tests.webapp.reading import AS_HTMX
from webapp.export_jobs import Exports
from webapp.export_subjects import SUBJECTS, wanted_of

__all__ = ["exports_folder", "jobs", "merchant", "owner"]

# Whatever can be had in both formats, and at once if it is short.
LISTS = [name for name, subject in SUBJECTS.items() if not subject.is_background]


def words(client: FlaskClient, address: str, *, part: bool = False) -> str:
    html = client.get(address, headers=AS_HTMX if part else {}).get_data(as_text=True)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())


# --- what is in the files --------------------------------------------------------------------------------------------


def test_short_list_is_sent_at_once(owner: FlaskClient, engine: sa.Engine) -> None:
    response = ask(owner, f"date={DAY}")
    assert response.status_code == 200
    assert response.mimetype == "text/csv"
    assert 'filename="Cash documents 2024-05-15.csv"' in response.headers["Content-Disposition"]
    heading, *lines = table(response)
    assert heading[:9] == [
        "Date and time",
        "Business day",
        "Outlet",
        "Register",
        "Shift",
        "Number",
        "Type",
        "Sum",
        "Cash",
    ]
    assert len(lines) == 8
    assert {line[1] for line in lines} == {str(DAY)}
    with engine.connect() as connection:
        assert connection.execute(sa.select(export_table)).all() == []


def test_document_is_a_line_with_its_local_time_and_its_sums(owner: FlaskClient) -> None:
    heading, *lines = table(ask(owner, f"date={DAY}&payment=other"))
    [line] = [dict(zip(heading, line, strict=True)) for line in lines]
    assert line["Date and time"] == f"{DAY} 12:00:00"
    assert (line["Outlet"], line["Register"], line["Type"], line["State"]) == ("Киоск", "300000002", "Sale", "Sent")
    assert [line[name] for name in ("Sum", "Cash", "Cashless", "Other", "Discounts")] == [
        "33.12",
        "0.00",
        "0.00",
        "33.12",
        "0.00",
    ]
    assert (line["Currency"], line["Cashier"]) == ("BYN", "Иванова")
    assert re.fullmatch("'?[0-9A-F]{24}", line["УИ"])  # one of digits alone is marked as a text


def test_documents_without_a_sum_or_a_payment_leave_these_cells_empty(owner: FlaskClient) -> None:
    lines = {line[6]: line[7:12] for line in table(ask(owner, f"date={DAY}"))}
    assert lines["Deposit"] == ["700.00", "", "", "", ""]
    assert lines["Z-report"] == lines["Opening of a shift"] == [""] * 5


def test_workbook_has_typed_cells_and_says_what_it_is(owner: FlaskClient, merchant: TestMerchant) -> None:
    book = workbook(ask(owner, f"date={DAY}&payment=other", file_format="xlsx"))
    assert book.sheetnames == ["Cash documents", "About this file"]
    line = {head.value: cell.value for head, cell in zip(book.worksheets[0][1], book.worksheets[0][2], strict=True)}
    assert line["Date and time"] == datetime.datetime.combine(DAY, datetime.time(12))
    assert (line["Register"], line["Sum"], line["Shift"]) == ("300000002", 33.12, 1)
    about = {label.value: text.value for label, text in book.worksheets[1].iter_rows()}
    assert (about["Company"], about["UNP"]) == (merchant.name, merchant.unp)
    assert (about["Period"], about["Outlets"], about["Payment"]) == ("15 May 2024", "All outlets", "Other")
    assert about["Created"].endswith("(Europe/Minsk)")


def test_filters_are_told_in_words(owner: FlaskClient) -> None:
    query = (
        f"from={DAY}&to=2024-05-16&outlet=1&sko=300000001&type=sale&type=refund&payment=cash&currency=BYN"
        "&cashier=Иванова&min=10&max=100,50&state=sent&discount=1"
    )
    book = workbook(ask(owner, query, file_format="xlsx"))
    about = {label.value: text.value for label, text in book.worksheets[1].iter_rows()}
    assert about["Period"] == "15 May 2024 – 16 May 2024"
    assert (about["Outlet"], about["Registers"], about["Types"]) == (OUTLETS[0], "300000001", "Sale; Refund")
    assert (about["Currency"], about["Cashier"], about["State"]) == ("BYN", "Иванова", "Sent")
    assert (about["Sum from"], about["Sum to"]) == ("10.00", "100.50")
    assert about["Discounts"] == "Only documents with a discount"


def test_headings_and_words_are_in_the_readers_language(owner: FlaskClient) -> None:
    owner.set_cookie("language", "ru")
    response = ask(owner, f"date={DAY}&type=sale&currency=EUR")
    heading, line = table(response, ";")
    assert (heading[2], heading[3]) == ("Торговая точка", "СКО")
    assert (line[6], line[7]) == ("Продажа", "10,00")


def test_outlet_named_like_a_formula_is_a_text(owner: FlaskClient) -> None:
    query = f"date={DAY}&type=refund"
    assert table(ask(owner, query))[1][2] == f"'{OUTLETS[0]}"
    cell = workbook(ask(owner, query, file_format="xlsx")).worksheets[0]["C2"]
    assert (cell.value, cell.data_type) == (OUTLETS[0], "s")


def test_sales_are_a_line_a_day_outlet_and_currency(owner: FlaskClient) -> None:
    heading, *lines = table(ask(owner, f"date={DAY}", "sales"))
    found = [dict(zip(heading, line, strict=True)) for line in lines]
    assert [(line["Outlet"], line["Currency"], line["Sales"], line["Refunds"], line["Net"]) for line in found] == [
        (f"'{OUTLETS[0]}", "BYN", "90.75", "9.78", "80.97"),
        (f"'{OUTLETS[0]}", "EUR", "10.00", "0.00", "10.00"),
        ("Киоск", "BYN", "33.12", "0.00", "33.12"),
    ]
    assert [line["Receipts"] for line in found] == ["3", "1", "1"]


def test_turnover_is_a_line_a_register_and_currency(owner: FlaskClient) -> None:
    heading, *lines = table(ask(owner, f"date={DAY}", "turnover"))
    found = [dict(zip(heading, line, strict=True)) for line in lines]
    assert [(line["Register"], line["Currency"], line["Net"], line["Average receipt"]) for line in found] == [
        ("300000001", "BYN", "80.97", "45.38"),
        ("300000002", "BYN", "33.12", "33.12"),
        ("300000001", "EUR", "10.00", "10.00"),
    ]


@pytest.mark.parametrize("name", LISTS)
def test_export_without_a_period_is_of_the_same_one_as_its_page(owner: FlaskClient, app: Flask, name: str) -> None:
    shown = {"documents": "", "sales": "week", "turnover": "month"}[name]
    assert SUBJECTS[name].default_period == (shown or None)
    plain, chosen = (ask(owner, query, name).headers.get("Content-Disposition") for query in ("", f"period={shown}"))
    assert plain == chosen or name == "documents"


def test_merchant_without_outlets_gets_an_empty_table(app: Flask, engine: sa.Engine, exports_folder: Path) -> None:
    client = app.test_client()
    sign_in(client, make_merchant(engine, "100320487"))
    for name in LISTS:
        assert len(table(ask(client, subject=name))) == 1


def test_whoever_may_see_some_outlets_exports_these_alone(
    engine: sa.Engine, app: Flask, merchant: TestMerchant, exports_folder: Path
) -> None:
    with app.test_request_context(), engine.connect() as connection:
        company = merchant_by_id(connection, merchant.merchant_id)
        limited = wanted_of(connection, company, "documents", MultiDict(), "en", limit=(2,))
        refused = wanted_of(connection, company, "documents", MultiDict({"outlet": "1"}), "en", limit=(2,))
    assert limited.filters.outlet_ids == (2,)
    assert limited.query == "outlet=2"
    assert {row[2] for row in limited.rows(engine)} == {"Киоск"}
    assert "outlet" in refused.filters.problems


def test_outlet_opened_while_a_file_is_made_is_not_in_it_and_breaks_nothing(
    engine: sa.Engine, app: Flask, merchant: TestMerchant, exports_folder: Path
) -> None:
    for name in LISTS:
        with app.test_request_context(), reading(engine) as connection:
            company = merchant_by_id(connection, merchant.merchant_id)
            wanted = wanted_of(connection, company, name, MultiDict({"from": str(DAY)}), "en")
        before = list(wanted.rows(engine))
        with writing(engine) as connection:
            outlet_id = add_outlet(connection, merchant.merchant_id, name="Новый", address="Минск")
            add_sko(connection, merchant.merchant_id, number=f"90000{outlet_id}", outlet_id=outlet_id, model="fm")
        store(engine, document(merchant.merchant_id, "sale", 100, outlet_id=outlet_id))
        assert list(wanted.rows(engine)) == before


# --- asking ----------------------------------------------------------------------------------------------------------


def test_long_list_is_made_by_the_jobs(owner: FlaskClient, engine: sa.Engine, merchant: TestMerchant, jobs: Exports):
    address = asked(owner, "type=sale")
    assert "Waiting for its turn" in words(owner, address)
    assert fetch(owner, address).status_code == 404
    jobs.drain()
    page = words(owner, address)
    assert "The file is ready." in page
    assert re.search(r"16 rows, [23] KB", page)
    response = fetch(owner, address)
    assert re.search(r'filename="Cash documents [-0-9]+\.csv"', response.headers["Content-Disposition"])
    assert len(table(response)) == 17
    assert find(engine, merchant, address).query == "type=sale"


def test_file_of_the_jobs_is_what_would_have_been_sent_at_once(app: Flask, owner: FlaskClient, jobs: Exports) -> None:
    for subject in LISTS:
        app.config["EXPORT_ROWS_AT_ONCE"] = 0
        address = asked(owner, f"date={DAY}", subject)
        jobs.drain()
        app.config["EXPORT_ROWS_AT_ONCE"] = 100
        assert fetch(owner, address).get_data() == ask(owner, f"date={DAY}", subject).get_data()


def test_today_is_still_the_same_day_tomorrow(owner: FlaskClient, engine: sa.Engine, merchant: TestMerchant) -> None:
    store(engine, *(document(merchant.merchant_id, "sale", 100) for _ in range(9)))
    found = find(engine, merchant, asked(owner, "period=today&outlet=1"))
    assert re.fullmatch(r"outlet=1&from=(\d{4}-\d\d-\d\d)&to=\1", found.query)


@pytest.mark.parametrize("form", ["", "subject=documents", "subject=secrets&format=csv", "subject=sales&format=exe"])
def test_unknown_subject_or_format_is_refused(owner: FlaskClient, form: str) -> None:
    assert post(owner, "/exports", **dict(parse_qsl(form))).status_code == 400


def test_form_without_its_token_is_refused(owner: FlaskClient) -> None:
    assert owner.post("/exports", data={"subject": "documents", "format": "csv"}).status_code == 400


@pytest.mark.parametrize(
    "query", ["date=2024-02-30", "outlet=77", "min=a", "q=" + "x" * 1000, "from=2024-05-02&to=2024-05-01"]
)
def test_wrong_filters_lead_back_to_the_page_that_explains_them(owner: FlaskClient, query: str) -> None:
    response = ask(owner, query)
    assert (response.status_code, response.location) == (303, f"/documents?{query}")


def test_no_more_than_a_few_are_made_at_a_time(owner: FlaskClient, jobs: Exports) -> None:
    for _ in range(exports.UNDER_WAY_MAX):
        address = asked(owner)
    response = ask(owner)
    assert response.status_code == 429
    assert "3 of your files are still being made." in response.get_data(as_text=True)
    post(owner, f"{address}/delete")
    assert asked(owner)
    jobs.drain()
    assert asked(owner)


# --- the pages -------------------------------------------------------------------------------------------------------


def set_state(engine: sa.Engine, **values: object) -> None:
    with writing(engine) as connection:
        connection.execute(sa.update(export_table).values(**values))


@pytest.mark.parametrize(
    ("state", "sentence"),
    [
        ({"state": "waiting"}, "Waiting for its turn"),
        ({"state": "waiting", "created_us": 0}, "Other files are being made first"),
        ({"state": "running"}, "Counting the rows"),
        ({"state": "running", "rows_done": 5, "rows_total": 20}, "20% done 5 of 20 rows"),
        ({"state": "running", "rows_done": 20, "rows_total": 20}, "Packing the file"),
        ({"state": "done", "rows_done": 1, "file_bytes": 1_234_567}, "1 row, 1.2 MB"),
        ({"state": "failed", "failure": "broken"}, "Something broke on our side"),
        ({"state": "failed", "failure": "interrupted"}, "each time something stopped it"),
        ({"state": "failed", "failure": "too_long"}, "There are more than 5,000,000 rows."),
    ],
)
def test_every_state_has_its_words(owner: FlaskClient, engine: sa.Engine, state: dict[str, object], sentence: str):
    address = asked(owner)
    set_state(engine, **state)
    for found in (words(owner, address), words(owner, f"{address}/progress", part=True)):
        assert sentence in found.replace("\N{NO-BREAK SPACE}", " ")
    under_way = state["state"] in ("waiting", "running")
    page = owner.get(address).get_data(as_text=True)
    assert ('hx-trigger="every 1s' in page) is under_way
    assert ("<progress" in page) is under_way
    assert ("/file" in page) is (state["state"] == "done")
    assert ("/again" in page) is (state["state"] == "failed")
    assert re.search(r'<progress[^>]*max="20" value="5"', page) or "rows_total" not in state or state["rows_done"] != 5
    assert "Cash documents" in words(owner, "/exports")


def without_tokens(response: TestResponse) -> str:
    """Those against forged requests have the second in them."""
    return re.sub(r'(name="csrf_token" value=")[^"]+', r"\1", response.get_data(as_text=True))


def test_fragment_is_the_part_of_the_page(owner: FlaskClient) -> None:
    address = asked(owner)
    fragment = without_tokens(owner.get(f"{address}/progress", headers=AS_HTMX))
    assert "<html" not in fragment
    assert fragment.strip() in without_tokens(owner.get(address))
    assert "<html" in owner.get(f"{address}/progress").get_data(as_text=True)


def test_own_exports_are_listed(owner: FlaskClient, jobs: Exports) -> None:
    assert "No exports yet" in words(owner, "/exports")
    asked(owner, "type=sale", file_format="xlsx")
    jobs.drain()
    asked(owner)
    page = words(owner, "/exports")
    assert page.index(".csv") < page.index(".xlsx")
    assert "16 rows" in page
    assert "Waiting for its turn" in page


def test_failed_export_is_tried_again(owner: FlaskClient, engine: sa.Engine, jobs: Exports) -> None:
    address = asked(owner)
    set_state(engine, state="failed", failure="broken", attempts=3)
    assert post(owner, f"{address}/again").location == address
    jobs.drain()
    assert "The file is ready." in words(owner, address)


def test_deleted_export_takes_its_file_along(owner: FlaskClient, jobs: Exports, exports_folder: Path) -> None:
    address = asked(owner)
    jobs.drain()
    assert len(list(exports_folder.iterdir())) == 1
    assert post(owner, f"{address}/delete").location == "/exports"
    assert list(exports_folder.iterdir()) == []
    assert owner.get(address).status_code == 404


def test_nobody_else_reaches_an_export(
    app: Flask, owner: FlaskClient, engine: sa.Engine, merchant: TestMerchant, jobs: Exports
) -> None:
    address = asked(owner)
    jobs.drain()
    stranger = make_merchant(engine, "100320487", name="ООО Чужой")
    client = app.test_client()
    sign_in(client, stranger)
    for path in (address, f"{address}/progress", f"{address}/file"):
        assert owner.get(path, buffered=True).status_code == 200
        assert client.get(path).status_code == 404
    for path in (f"{address}/delete", f"{address}/again"):
        assert post(client, path).status_code == 404
    assert ".csv" not in words(client, "/exports")
    # Nor does another account of the same company.
    set_state(engine, account_id=stranger.account_id)
    assert owner.get(address).status_code == 404
    assert app.test_client().get(f"{address}/file").location.startswith("/login")


def test_other_merchants_rows_are_in_no_file(owner: FlaskClient, engine: sa.Engine) -> None:
    stranger = make_merchant(engine, "100320487", name="ООО Чужой")
    open_outlets(engine, stranger.merchant_id, ("А", "Б", "Чужая точка"), first_sko=400000001)
    store(engine, *(document(stranger.merchant_id, "sale", 77_777, day=DAY, outlet_id=place) for place in (1, 2, 3)))
    for name in SUBJECTS:
        text = ask(owner, f"date={DAY}", name).get_data(as_text=True)
        assert "777.77" not in text
        assert "40000000" not in text


@pytest.mark.parametrize("export_id", ["x", "0" * 32, "..%2F..%2Fetc%2Fpasswd"])
def test_unknown_export_is_no_page(owner: FlaskClient, export_id: str) -> None:
    assert owner.get(f"/exports/{export_id}").status_code == 404
    assert owner.get(f"/exports/{export_id}/file").status_code == 404


def test_file_that_is_gone_is_no_page(owner: FlaskClient, jobs: Exports, exports_folder: Path) -> None:
    address = asked(owner)
    jobs.drain()
    [file] = exports_folder.iterdir()
    file.unlink()
    assert fetch(owner, address).status_code == 404


def test_queries_of_the_pages_are_few(owner: FlaskClient, count_queries: CountQueries, jobs: Exports) -> None:
    address = asked(owner)
    for path, most in (("/exports", 3), (address, 2), (f"{address}/progress", 2)):
        with count_queries() as queries:
            owner.get(path)
        assert len(queries) == most, (path, queries)
    jobs.drain()
    with count_queries() as queries:
        fetch(owner, address)
    assert len(queries) == 2


def test_button_stands_on_every_page_that_can_be_exported(owner: FlaskClient) -> None:
    for name in SUBJECTS:
        page = owner.get(f"/{name}?date={DAY}&outlet=2").get_data(as_text=True)
        action = re.search(r'action="(/exports\?[^"]+)"', page)
        assert action, name
        assert set(unescape(action[1]).removeprefix("/exports?").split("&")) == {f"date={DAY}", "outlet=2"}
        assert f'name="subject" value="{name}"' in page
