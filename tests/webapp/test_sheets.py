"""Files come back as they went in: through the libraries that read them, and through LibreOffice itself."""

import csv
import datetime
import io
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl.utils.escape import unescape

from webapp import sheets
from webapp.sheets import Column, Row, Sheet, amount, plain_text, write_sheet

ROOT = Path(__file__).parents[2]
COLUMNS = (
    Column("When", "moment", 20),
    Column("Day", "day", 12),
    Column("Text", "text", 30),
    Column("Number", "ordinal"),
    Column("Count", "count"),
    Column("Sum", "money"),
)
ABOUT = (("Company", "ООО «Ромашка»"), ("Filters", "=all"))
MOMENT = datetime.datetime.fromisoformat("2026-11-24T08:42:33")
DAY = datetime.date(2026, 11, 24)
# What spreadsheets like to make something else of.
AWKWARD = (
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "\n=1",
    " =1",
    "＝1+1",
    "=cmd|' /C calc'!A0",
    "000493E00000000000000123",
    "123456789012345678901234",
    "0000012",
    "1E5",
    "1-2",
    "1/2",
    "12:30",
    "2026-11-24",
    "3,14",
    ".5",
    'Кафе «Ў», "две" кавычки; и точка',
    "две\nстроки",
    "'апостроф",
    "_x0041_",
    "<b>&amp;</b>",
    "ТРУЕ",
    "Иванова И. И.",
    "300000001",
    "0",
    "",
)


def sheet(language: str = "ru", columns: Sequence[Column] = COLUMNS, title: str = "Кассовые документы") -> Sheet:
    return Sheet(title, tuple(columns), "О файле", ABOUT, language)


def written(file_format: str, rows: Sequence[Row], scratch: Path, what: Sheet | None = None) -> bytes:
    file = io.BytesIO()
    assert write_sheet(file, file_format, what or sheet(), rows, scratch) == len(rows)
    return file.getvalue()


def row(text: str = "Текст", minor: int = 5978, number: int = 1) -> Row:
    return (MOMENT, DAY, text, number, 12, minor)


def read_xlsx(content: bytes) -> openpyxl.Workbook:
    return openpyxl.load_workbook(io.BytesIO(content))


def read_csv(content: bytes, language: str = "ru") -> list[list[str]]:
    text = content.decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text, newline=""), delimiter="," if language == "en" else ";", strict=True))


# Texts as contracts and people allow them; XML can't hold the other control characters.
texts = st.one_of(
    st.sampled_from(AWKWARD),
    st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc", "Cn", "Co")), max_size=60),
    st.text("=+-@'\"; ,\t\nЎ0159Ee.", max_size=12),
)
amounts = st.integers(-(10**12), 10**12)


# --- XLSX ------------------------------------------------------------------------------------------------------------


@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(texts, amounts, st.integers(1, 2**53 - 1)), max_size=8))
def test_xlsx_holds_what_was_written(tmp_path: Path, values: list[tuple[str, int, int]]) -> None:
    content = written("xlsx", [row(*value) for value in values], tmp_path)
    lines = list(read_xlsx(content).worksheets[0].iter_rows(min_row=2))
    for line, (text, minor, number) in zip(lines, values, strict=True):
        when, day, said, ordinal, count, sum_ = line
        assert (when.value, day.value.date()) == (MOMENT, DAY)
        assert unescape(said.value or "") == text
        assert said.data_type in ("s", "n" if not text else "s")
        assert (ordinal.value, count.value) == (number, 12)
        assert Decimal(repr(sum_.value)) == Decimal(minor) / 100


def test_no_cell_of_an_xlsx_is_a_formula(tmp_path: Path) -> None:
    content = written("xlsx", [row(text) for text in AWKWARD], tmp_path)
    for worksheet in read_xlsx(content).worksheets:
        assert {cell.data_type for line in worksheet.iter_rows() for cell in line} <= {"s", "n", "d", "inlineStr"}
    with zipfile.ZipFile(io.BytesIO(content)) as parts:
        for name in parts.namelist():
            assert b"<f>" not in parts.read(name)
            assert b"<hyperlink" not in parts.read(name)


def test_xlsx_is_a_table_with_a_bold_frozen_header_and_filters(tmp_path: Path) -> None:
    book = read_xlsx(written("xlsx", [row(), row()], tmp_path))
    table, about = book.worksheets
    assert (table.title, about.title) == ("Кассовые документы", "О файле")
    assert [cell.value for cell in table[1]] == [column.heading for column in COLUMNS]
    assert all(cell.font.bold for cell in table[1])
    assert (table.freeze_panes, table.auto_filter.ref) == ("A2", "A1:F3")
    assert [round(table.column_dimensions[letter].width) for letter in "ABC"] == [21, 13, 31]
    assert [cell.number_format for cell in table[2]] == [
        "dd.mm.yyyy hh:mm:ss",
        "dd.mm.yyyy",
        "@",
        "0",
        "#,##0",
        "#,##0.00",
    ]
    assert [tuple(cell.value for cell in line) for line in about.iter_rows()] == list(ABOUT)


def test_xlsx_names_nobody_as_its_author(tmp_path: Path) -> None:
    properties = read_xlsx(written("xlsx", [], tmp_path)).properties
    assert (properties.title, properties.creator or "", properties.lastModifiedBy or "") == (
        "Кассовые документы",
        "",
        "",
    )


def test_table_without_rows_is_its_header(tmp_path: Path) -> None:
    book = read_xlsx(written("xlsx", [], tmp_path))
    assert [[cell.value for cell in line] for line in book.worksheets[0].iter_rows()] == [
        [column.heading for column in COLUMNS]
    ]
    assert len(read_csv(written("csv", [], tmp_path))) == 1


def test_cells_without_a_value_are_empty(tmp_path: Path) -> None:
    empty: Row = (None, None, None, None, None, None)
    assert [cell.value for cell in read_xlsx(written("xlsx", [empty, row()], tmp_path)).worksheets[0][2]] == list(empty)
    assert read_csv(written("csv", [empty], tmp_path))[1] == [""] * 6


def test_rows_beyond_the_limit_of_excel_go_on_another_worksheet(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sheets, "SHEET_ROWS_MAX", 4)
    title = "Название: [длиннее] тридцати одного знака"
    rows = [row(number=number) for number in range(1, 8)]
    book = read_xlsx(written("xlsx", rows, tmp_path, sheet(title=title)))
    *pages, about = book.worksheets
    assert [page.title for page in pages] == [
        "Название   длиннее  тридцати од",
        "Название   длиннее  тридцат (2)",
        "Название   длиннее  тридцат (3)",
    ]
    assert [page.max_row for page in pages] == [4, 4, 2]
    assert [page["D2"].value for page in pages] == [1, 4, 7]
    assert all(page["A1"].value == "When" and page.freeze_panes == "A2" for page in pages)
    assert about.title == "О файле"


def test_nothing_is_left_in_the_scratch_folder(tmp_path: Path) -> None:
    written("xlsx", [row()] * 10, tmp_path)
    assert list(tmp_path.iterdir()) == []


# --- CSV -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["ru", "be", "en"])
@settings(deadline=None, max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(values=st.lists(st.tuples(texts, amounts), max_size=8))
def test_csv_holds_what_was_written(tmp_path: Path, language: str, values: list[tuple[str, int]]) -> None:
    content = written("csv", [row(*value) for value in values], tmp_path, sheet(language))
    lines = read_csv(content, language)[1:]
    for line, (text, minor) in zip(lines, values, strict=True):
        assert line[:2] == ["2026-11-24 08:42:33", "2026-11-24"]
        assert line[2] == plain_text(text)
        assert line[3:5] == ["1", "12"]
        point = "." if language == "en" else ","
        assert Decimal(line[5].replace(point, ".")) == Decimal(minor) / 100


@given(texts)
def test_text_of_a_csv_never_begins_like_a_formula(text: str) -> None:
    plain = plain_text(text)
    rest = iter(plain)
    assert all(character in rest for character in text), "nothing is taken away"
    assert plain.replace("'", "") == text.replace("'", ""), "nothing but apostrophes is added"
    assert plain.strip()[:1] not in set("=+-@＝＋－＠")
    assert plain[:1] not in ("\t", "\r")


def test_what_spreadsheets_would_take_for_a_number_is_marked_as_text() -> None:
    kept = ("300000001", "0", "999999999999999", "Иванова", "1C:Бухгалтерия", "5Е", "", "24.11 вечер", "№ 242")
    assert [plain_text(text) for text in kept] == list(kept)
    for text in ("000493E00000000000000123", "1234567890123456", "007", "1E5", "1e-5", "1-2", "1/2", "12:30", "3,14"):
        assert plain_text(text) == f"'{text}"


@pytest.mark.parametrize("language", ["ru", "en"])
@pytest.mark.parametrize("opened_with", [",", ";", "\t"])
@pytest.mark.parametrize(
    "text",
    [
        "Касса,=cmd|' /C calc'!A0,",
        'Касса; =HYPERLINK("http://evil.example"),',
        "a\t@SUM(1+1)\t",
        'b,";+cmd|0',
        "c,;-cmd|0",
    ],
)
def test_no_cell_is_a_formula_where_a_spreadsheet_of_another_language_splits_texts(
    tmp_path: Path, language: str, opened_with: str, text: str
) -> None:
    content = written("csv", [row(text, 100)], tmp_path, sheet(language)).decode("utf-8-sig")
    [_heading, line] = csv.reader(io.StringIO(content, newline=""), delimiter=opened_with)
    assert not [cell for cell in line if cell.strip(' "')[:1] in set("=+-@")]


def test_signs_after_a_separator_that_call_nothing_stay() -> None:
    for text in ("Кафе, -1 этаж", "А; +375 29 123-45-67", "Касса (1), зал"):
        assert plain_text(text) == text


def test_csv_is_what_excel_of_that_language_opens(tmp_path: Path) -> None:
    russian = written("csv", [row("a;b", -5978)], tmp_path, sheet("ru"))
    english = written("csv", [row("a,b", -5978)], tmp_path, sheet("en"))
    assert russian.startswith(b"\xef\xbb\xbfWhen;Day;Text;Number;Count;Sum\r\n")
    assert russian.endswith(b'2026-11-24 08:42:33;2026-11-24;"a;b";1;12;-59,78\r\n')
    assert english.endswith(b'2026-11-24 08:42:33,2026-11-24,"a,b",1,12,-59.78\r\n')


def test_lone_surrogates_harm_no_file(tmp_path: Path) -> None:
    for file_format in ("xlsx", "csv"):
        assert b"\xed\xa0\x80" not in written(file_format, [row("a\ud800b")], tmp_path)


@pytest.mark.parametrize(
    ("minor", "text"), [(0, "0,00"), (5, "0,05"), (-5, "-0,05"), (5978, "59,78"), (-(10**12), "-10000000000,00")]
)
def test_amount_is_written_without_rounding(minor: int, text: str) -> None:
    assert amount(minor, ",") == text


# --- LibreOffice -----------------------------------------------------------------------------------------------------


def through_libreoffice(file: Path, target: str, options: str = "") -> bytes:
    """What LibreOffice makes of a file on opening it; with a profile of its own, so that runs don't meet."""
    command = ["soffice", f"-env:UserInstallation={(file.parent / 'profile').as_uri()}", "--headless"]
    command += [f"--infilter={options}"] if options else []
    command += ["--convert-to", target, "--outdir", str(file.parent / "converted"), str(file)]
    done = subprocess.run(command, capture_output=True, timeout=200, check=False)
    made = list((file.parent / "converted").iterdir()) if (file.parent / "converted").exists() else []
    assert len(made) == 1, done.stderr.decode()
    return made[0].read_bytes()


def values_of(worksheet: Any) -> Iterator[tuple[object, ...]]:
    for line in worksheet.iter_rows(min_row=2):
        when, day, text, *numbers = (cell.value for cell in line)
        yield when, day.date(), "" if text is None else text, *numbers


def test_libreoffice_opens_the_xlsx_with_the_same_values(tmp_path: Path) -> None:
    rows = [row(text, minor) for text, minor in zip(AWKWARD, range(-(10**12), 10**12, 7 * 10**10), strict=False)]
    file = tmp_path / "export.xlsx"
    file.write_bytes(written("xlsx", rows, tmp_path))
    book = read_xlsx(through_libreoffice(file, "xlsx:Calc MS Excel 2007 XML"))
    found = list(values_of(book.worksheets[0]))
    expected = [(*line[:5], line[5] / 100) for line in rows]  # type: ignore[operator]
    assert [(*line[:2], line[2], *line[3:]) for line in found] == expected
    assert {cell.data_type for line in book.worksheets[0].iter_rows() for cell in line} <= {"s", "n", "d"}


def test_libreoffice_opens_the_csv_with_the_same_values(tmp_path: Path) -> None:
    rows = [row(text, minor) for text, minor in zip(AWKWARD, range(-(10**12), 10**12, 7 * 10**10), strict=False)]
    file = tmp_path / "export.csv"
    file.write_bytes(written("csv", rows, tmp_path))
    # Semicolons, quotes, UTF-8, from the first line on, in Russian, numbers and dates recognised as on opening by hand.
    options = "CSV:59,34,76,1,,1049,false,true"
    book = read_xlsx(through_libreoffice(file, "xlsx:Calc MS Excel 2007 XML", options))
    found = list(values_of(book.worksheets[0]))
    for line, (when, day, text, number, count, minor) in zip(found, rows, strict=True):
        assert line[:2] == (when, day)
        # Within a cell a line ends in one way only.
        assert str(line[2]).removeprefix("'") == str(text).removeprefix("'").replace("\r", "\n")
        assert line[3:] == (number, count, minor / 100)  # type: ignore[operator]
    assert {cell.data_type for line in book.worksheets[0].iter_rows() for cell in line} <= {"s", "n", "d"}


# --- memory ----------------------------------------------------------------------------------------------------------

PEAK = """
import datetime, resource, sys, tempfile
from pathlib import Path
from webapp.sheets import Column, Sheet, write_sheet
kinds = ("moment", "day", "text", "text", "ordinal", "money", "money", "text")
sheet = Sheet("T", tuple(Column(kind, kind) for kind in kinds), "A", (), "ru")
def rows(count, when=datetime.datetime(2026, 1, 1)):
    for i in range(count):
        yield when, when.date(), "Магазин", f"{i:024X}", i, i, -i, "Иванова"
with tempfile.TemporaryDirectory() as scratch, tempfile.TemporaryFile() as file:
    write_sheet(file, sys.argv[1], sheet, rows(int(sys.argv[2])), Path(scratch))
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def peak_megabytes(file_format: str, rows: int) -> float:
    command = [sys.executable, "-c", PEAK, file_format, str(rows)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=True, timeout=200)
    return int(done.stdout) / 1024


@pytest.mark.parametrize("file_format", ["xlsx", "csv"])
def test_memory_does_not_grow_with_the_rows(file_format: str) -> None:
    assert peak_megabytes(file_format, 200_000) < peak_megabytes(file_format, 2_000) + 30
