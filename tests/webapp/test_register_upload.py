"""Users from an Excel file: the template, a preview that is confirmed, and a sentence for each mistake."""

import io
import zipfile
from collections.abc import Callable
from typing import Any

import openpyxl
import pytest
import sqlalchemy as sa
from flask import Flask
from werkzeug.test import TestResponse

from tests.webapp.register_shop import FIRST, SECOND, USERS, Shop, hidden, text_of
from webapp import register_users_excel, register_users_passwords
from webapp.register_settings_content import RegisterSettings, RegisterUser

ANNA = RegisterUser("Анна", "$pbkdf2-sha256$i=1$aa$bb", ("sales",))
Fill = Callable[[Any], None]


@pytest.fixture(autouse=True)
def _quick_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(register_users_passwords, "ITERATIONS", 10)


@pytest.fixture
def shop(app: Flask, engine: sa.Engine) -> Shop:
    return Shop(app, engine)


def filled(shop: Shop, fill: Fill) -> bytes:
    """The template, filled in by somebody."""
    book = openpyxl.load_workbook(io.BytesIO(shop.client.get(f"{USERS}/template.xlsx").get_data()))
    fill(book.active)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def with_rows(*rows: tuple[Any, ...]) -> Fill:
    def fill(sheet: Any) -> None:
        for row in rows:
            sheet.append(row)

    return fill


def upload(shop: Shop, content: bytes, **form: Any) -> TestResponse:
    file = (io.BytesIO(content), "users.xlsx")
    chosen = {"sko": FIRST} | form
    return shop.client.post(f"{USERS}/file", data={"csrf_token": shop.csrf, "file": file, **chosen})


def refusal(shop: Shop, content: bytes) -> str:
    response = upload(shop, content)
    assert response.status_code == 422
    assert shop.versions() == {}
    state = hidden(response.get_data(as_text=True))
    assert state["draft"] == ""
    assert "uploaded" not in state
    page = text_of(response)
    return page[page.index("Users from an Excel file") : page.index("Take the template")]


def packed(**files: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name.replace("__", "/").replace("_xml", ".xml"), content)
    return file.getvalue()


def rewritten(content: bytes, old: bytes, new: bytes, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A workbook in whose sheet these bytes stand in place of those."""
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as before, zipfile.ZipFile(file, "w", method) as after:
        for entry in before.infolist():
            text = before.read(entry)
            is_sheet = entry.filename.startswith("xl/worksheets")
            after.writestr(entry.filename, text.replace(old, new) if is_sheet else text)
    return file.getvalue()


# --- the way of a good file ------------------------------------------------------------------------------------------


def test_nothing_changes_before_the_preview_is_confirmed_and_saved(shop: Shop) -> None:
    shop.save_behind_the_back(RegisterSettings(users=(ANNA,)))
    rows = with_rows(("Анна", "4321", "+", None, None, None, None, "+"), ("Кассир 2", 1234, "да", "x", "-"), ())
    chosen = {"sko": [FIRST, SECOND]}
    preview = upload(shop, filled(shop, rows), **chosen)
    assert preview.status_code == 200
    page = text_of(preview)
    assert "2 users, and no mistakes." in page
    assert f"{FIRST} Changed Анна new password; rights: Sales, X-report Added Кассир 2 Sales, Refunds" in page
    assert f"{SECOND} Added Анна Sales, X-report Added Кассир 2 Sales, Refunds" in page
    assert shop.versions() == {1: 1}
    state = hidden(preview.get_data(as_text=True))
    taken = hidden(shop.post(f"{USERS}/take", **chosen, **state).get_data(as_text=True))
    assert shop.versions() == {1: 1}
    shop.post(f"{USERS}/save", **chosen, base=taken["base"], draft=taken["draft"])
    assert [(user.name, user.rights) for user in shop.settings(2).users] == [
        ("Анна", ("sales", "x_report")),
        ("Кассир 2", ("sales", "refunds")),
    ]
    assert shop.versions() == {1: 2, 2: 1}


def test_the_template_of_another_language_is_taken_as_well(shop: Shop) -> None:
    shop.client.set_cookie("language", "ru")
    content = filled(shop, with_rows(("Кассир 1", "1234", "+")))
    shop.client.set_cookie("language", "en")
    assert upload(shop, content).status_code == 200


# --- mistakes in cells -----------------------------------------------------------------------------------------------


def test_every_mistake_is_listed_by_row_and_column(shop: Shop) -> None:
    rows = with_rows(
        ("Кассир с длинным1", "1234", "+"),
        ("Кассир 2", "12", "+"),
        ("Кассир 3", "1234", "может быть"),
        ("Кассир 4", "1234"),
        (None, "1234", "+"),
        ("кассир 2", "1234", "+"),
        ("=1+1", "=A1", "+"),
        ("Кассир 😀", "1234", "+"),
        ("Кассир 9", "1234", "+", *[None] * 8, "лишнее"),
        ("Кассир 10", 12345678901234567, "+"),
    )
    said = refusal(shop, filled(shop, rows))
    for line in (
        "2 A At most 16 characters fit; these are 17.",
        "3 B Take from 4 to 32 characters.",
        "4 C Write a plus for yes, or leave it empty for no.",
        "5 C Give at least one right",
        "6 A Write the name of the user.",
        "7 A The same name stands in row 3 already.",
        "8 A There is a formula. Write the text itself. 8 B There is a formula.",
        "9 A The register can't print these characters: 😀",
        "10 L There is no such column in the template.",
        "11 B Write a text here.",
    ):
        assert line in said
    assert "Nothing was taken from the file." in said


# --- files that are none ---------------------------------------------------------------------------------------------


def test_a_file_with_merged_cells_is_refused(shop: Shop) -> None:
    def fill(sheet: Any) -> None:
        sheet.append(("Кассир 1", "1234", "+"))
        sheet.merge_cells("A2:B2")

    assert "There are merged cells in the file." in refusal(shop, filled(shop, fill))


def test_a_file_of_ten_thousand_and_one_rows_is_refused(shop: Shop) -> None:
    rows = with_rows(*((f"К{place}", "1234", "+") for place in range(10_001)))
    assert "The file has more than 50 rows" in refusal(shop, filled(shop, rows))


def test_a_row_that_lies_far_below_is_read_too_and_one_where_no_row_can_be_is_not_waited_for(shop: Shop) -> None:
    def fill(sheet: Any) -> None:
        for place, name in enumerate(("Кассир 1", "2", "+"), start=1):
            sheet.cell(5_000, place, name)

    content = filled(shop, fill)
    assert "5000 B Take from 4 to 32 characters." in refusal(shop, content)
    assert "no rows below its headings" in refusal(shop, rewritten(content, b'r="5000"', b'r="999999999"'))


def test_fifty_rows_are_not_too_many(shop: Shop) -> None:
    rows = with_rows(*((f"К{place}", "1234", "+") for place in range(50)))
    assert upload(shop, filled(shop, rows)).status_code == 200


def damaged(content: bytes) -> bytes:
    """A zip whose first entry has no beginning that could be unpacked."""
    start = 30 + int.from_bytes(content[26:28], "little")  # behind its header and its name
    return content[:start] + b"\xff" * 8 + content[start + 8 :]


NO_WORKBOOKS = {
    "empty": b"",
    "no zip": b"no zip",
    "another zip": packed(a_xml=b"<a/>"),
    "no XML": packed(xl__workbook_xml=b"<broken"),
    "damaged": damaged(packed(xl__workbook_xml=b"<a/>" * 20)),
}


@pytest.mark.parametrize("content", NO_WORKBOOKS.values(), ids=NO_WORKBOOKS)
def test_a_file_that_is_no_workbook_is_refused(shop: Shop, content: bytes) -> None:
    assert "This is no Excel workbook" in refusal(shop, content)


def test_a_workbook_that_excel_has_not_packed_is_refused(shop: Shop) -> None:
    content = filled(shop, with_rows(("Кассир 1", "1234", "+")))
    for method in (zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2):
        assert "This is no Excel workbook" in refusal(shop, rewritten(content, b"", b"", method))


def test_a_file_that_swells_to_two_hundred_megabytes_is_refused_unread(shop: Shop) -> None:
    bomb = packed(xl__workbook_xml=b"<a/>", xl__worksheets__sheet1_xml=b" " * 200 * 1024**2)
    assert len(bomb) < 1024**2
    assert "larger than 20 MB" in refusal(shop, bomb)


@pytest.mark.parametrize(
    ("limit", "value", "rows"),
    [
        ("SECONDS_MAX", 1, b"<row/>" * 3_000_000),
        ("MEMORY_BYTES_MAX", 200 * 1024**2, b"<row>" + b"<c/>" * 4_000_000 + b"</row>"),
    ],
    ids=["time", "memory"],
)
def test_a_file_that_takes_too_much_to_read_is_given_up(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, limit: str, value: int, rows: bytes
) -> None:
    content = filled(shop, with_rows(("Кассир 1", "1234", "+")))
    bomb = rewritten(content, b"</sheetData>", rows + b"</sheetData>")
    assert len(bomb) < 100_000
    monkeypatch.setattr(register_users_excel, limit, value)
    assert "reading it was given up" in refusal(shop, bomb)


def test_a_document_type_is_refused(shop: Shop) -> None:
    content = filled(shop, with_rows(("Кассир 1", "1234", "+")))
    with_type = rewritten(content, b"<worksheet", b'<!DOCTYPE a [<!ENTITY b "c">]><worksheet')
    assert "This is no Excel workbook" in refusal(shop, with_type)


def test_a_sheet_without_the_headings_of_the_template_is_refused(shop: Shop) -> None:
    def fill(sheet: Any) -> None:
        sheet.delete_rows(1)
        sheet.append(("Кассир 1", "1234", "+"))

    assert "The first row must have the headings" in refusal(shop, filled(shop, fill))


def test_an_empty_template_and_no_file_at_all_are_refused(shop: Shop) -> None:
    assert "The file has no rows below its headings." in refusal(shop, filled(shop, lambda sheet: None))
    assert "Choose a file first." in text_of(shop.post(f"{USERS}/file", sko=FIRST))


def test_a_file_over_the_limit_of_requests_gets_a_sentence(shop: Shop) -> None:
    sent = {"data": b"x" * (1024 * 1024 + 1), "content_type": "multipart/form-data; boundary=x"}
    response = shop.client.post(f"{USERS}/file", **sent)
    assert response.status_code == 413
    assert "Send a smaller file" in text_of(response)
