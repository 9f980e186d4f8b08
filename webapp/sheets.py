"""Tables as files: XLSX and CSV, a row at a time, in memory that does not grow with their length.

Cells are typed by their column, never guessed from what they hold: a text stays a text in both formats, whatever it
looks like, and can't become a formula.
"""

import csv
import datetime
import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Literal

import xlsxwriter
from flask_babel.speaklater import LazyString
from xlsxwriter.utility import xl_range

# An ordinal number (of a document, of a shift) is not grouped by thousands; money is minor units; a moment is a naive
# local date and time.
Kind = Literal["text", "ordinal", "count", "money", "day", "moment"]
Value = str | int | datetime.date | datetime.datetime | None
Row = Sequence[Value]

FORMATS = {"xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "csv": "text/csv"}
SHEET_ROWS_MAX = 1_048_576  # of one worksheet: the limit of Excel, its header included
SHEET_NAME_MAX = 31
NOT_IN_SHEET_NAMES = re.compile(r"[\[\]:*?/\\]")
# Excel sets its own zero here, so that its day 60 is the 29 February 1900 that never was.
EXCEL_ZERO = datetime.datetime(1899, 12, 30)  # noqa: DTZ001  (cells know no time zones)

# What spreadsheets take for a formula at the start of a cell (OWASP, "CSV Injection"), also after blanks.
FORMULA = re.compile(r"\s*[=+\-@\t\r＝＋－＠]")
# Where a spreadsheet of another language takes a separator within a text for the end of a cell, the next one may begin
# like a formula as well. Without a function or a command to call (an open bracket, a bar) it could do no harm.
FORMULA_WITHIN = re.compile(r"([,;\t][\s\"]*)(?=[=+\-@＝＋－＠].*[(|])", re.DOTALL)
# What they take for a number, a date or a time; of those only a short plain number comes out as it went in.
NUMBER_OR_DATE = re.compile(r"[\d.,]*\d[\d\s.,:/%-]*([Ee][+-]?\d+)?")
PLAIN_NUMBER = re.compile(r"0|[1-9]\d{0,14}")


@dataclass(frozen=True, slots=True)
class Column:
    heading: str | LazyString
    kind: Kind = "text"
    width: int = 14  # in characters


@dataclass(frozen=True, slots=True)
class Sheet:
    """What stands around the rows. `about` says in lines of (label, text) what the file is, on its own worksheet."""

    title: str
    columns: tuple[Column, ...]
    about_title: str
    about: tuple[tuple[str, str], ...]
    language: str

    @property
    def headings(self) -> list[str]:
        return [str(column.heading) for column in self.columns]


@dataclass(frozen=True, slots=True)
class Table:
    """What stands on worksheets of its own behind the rows of a sheet."""

    title: str
    columns: tuple[Column, ...]
    rows: Iterable[Row]


def write_sheet(
    file: IO[bytes],
    file_format: str,
    sheet: Sheet,
    rows: Iterable[Row],
    scratch: Path,
    further: Iterable[Table] = (),
) -> int:
    """Write the file, in one of FORMATS; returns the number of rows. Whatever `rows` raises stops it.

    `scratch` is a folder for what lies about meanwhile; it may hold remains in the end. CSV has no room for `further`.
    """
    if file_format == "xlsx":
        return Workbook(file, sheet, scratch).write([Table(sheet.title, sheet.columns, rows), *further])
    return write_csv(file, sheet, rows)


# --- CSV -------------------------------------------------------------------------------------------------------------


def write_csv(file: IO[bytes], sheet: Sheet, rows: Iterable[Row]) -> int:
    """RFC 4180 in UTF-8 with a mark at its start, with the separators that Excel expects in the reader's language.

    Dates are ISO, which every language's Excel reads. There is no room to say what the file is, so that its first row
    is the header.
    """
    separator, point = (",", ".") if sheet.language == "en" else (";", ",")
    text = io.TextIOWrapper(file, encoding="utf-8-sig", errors="replace", newline="")
    writer = csv.writer(text, delimiter=separator)
    spell = {
        "text": plain_text,
        "ordinal": str,
        "count": str,
        "money": lambda minor: amount(minor, point),
        "day": datetime.date.isoformat,
        "moment": lambda moment: moment.isoformat(" ", "seconds"),
    }
    spellings: list[Any] = [spell[column.kind] for column in sheet.columns]
    writer.writerow(plain_text(heading) for heading in sheet.headings)
    count = 0
    for row in rows:
        cells = zip(spellings, row, strict=True)
        writer.writerow(["" if value is None else spelling(value) for spelling, value in cells])
        count += 1
    text.flush()
    text.detach()
    return count


def plain_text(text: str) -> str:
    """A text that a spreadsheet shows as it is: with an apostrophe before it, if it would make something else of it.

    That is a formula, or a number: a УИ of digits would lose its last ones, `000493E0…` would become a power of ten, a
    register's number its leading zeros. Programs that read the file take one apostrophe away. A formula within the text
    has one before it, too.
    """
    text = FORMULA_WITHIN.sub(r"\1'", text)
    is_mistaken = FORMULA.match(text) or (NUMBER_OR_DATE.fullmatch(text) and not PLAIN_NUMBER.fullmatch(text))
    return f"'{text}" if is_mistaken else text


def amount(minor: int, point: str) -> str:
    """Minor units in digits: -5978 → «-59,78»."""
    whole, cents = divmod(abs(minor), 100)
    return f"{'-' if minor < 0 else ''}{whole}{point}{cents:02}"


# --- XLSX ------------------------------------------------------------------------------------------------------------


class Workbook:
    """Each table on a worksheet, or on several where Excel has no room for all, and on the last one what this is."""

    def __init__(self, file: IO[bytes], sheet: Sheet, scratch: Path) -> None:
        options = {"constant_memory": True, "tmpdir": str(scratch), "use_zip64": True}
        self.sheet = sheet
        self.book = xlsxwriter.Workbook(file, options)
        self.book.set_properties({"title": sheet.title})
        self.bold = self.book.add_format({"bold": True, "text_wrap": True, "valign": "top"})
        self.wrapped = self.book.add_format({"text_wrap": True, "valign": "top"})
        self.formats: dict[Kind, Any] = {}

    def write(self, tables: Iterable[Table]) -> int:
        """Write all of them; returns the number of rows."""
        count = sum(self._write(table) for table in tables)
        self._add_about()
        self.book.close()
        return count

    def _write(self, table: Table) -> int:
        count, line, page = 0, 1, 1
        worksheet = self._begin_page(table, page)
        writers = self._writers(worksheet, table.columns)
        for row in table.rows:
            if line == SHEET_ROWS_MAX:
                self._end_page(worksheet, table.columns, line)
                page += 1
                worksheet, line = self._begin_page(table, page), 1
                writers = self._writers(worksheet, table.columns)
            for place, value in enumerate(row):
                if value is not None:
                    writers[place](line, place, value)
            count += 1
            line += 1
        self._end_page(worksheet, table.columns, line)
        return count

    def _format(self, kind: Kind) -> Any:
        if kind not in self.formats:
            self.formats[kind] = self._new_format(kind)
        return self.formats[kind]

    def _new_format(self, kind: Kind) -> Any:
        day = "yyyy-mm-dd" if self.sheet.language == "en" else "dd.mm.yyyy"
        pattern = {
            "text": "@",
            "ordinal": "0",
            "count": "#,##0",
            "money": "#,##0.00",
            "day": day,
            "moment": f"{day} hh:mm:ss",
        }
        return self.book.add_format({"num_format": pattern[kind]})

    def _begin_page(self, table: Table, page: int) -> Any:
        worksheet = self.book.add_worksheet(_page_name(table.title, page))
        for place, column in enumerate(table.columns):
            worksheet.set_column(place, place, column.width, self._format(column.kind))
            worksheet.write_string(0, place, str(column.heading), self.bold)
        worksheet.freeze_panes(1, 0)
        worksheet.repeat_rows(0)
        worksheet.set_landscape()
        worksheet.set_paper(9)  # A4
        worksheet.fit_to_pages(1, 0)
        return worksheet

    def _writers(self, worksheet: Any, columns: Sequence[Column]) -> list[Any]:
        """A function of (line, place, value) for each column."""
        number, string = worksheet.write_number, worksheet.write_string
        write = {
            "text": lambda line, place, text: string(line, place, _encodable(text)),
            "ordinal": number,
            "count": number,
            # Nearest to the amount of all that a cell can hold: up to 15 digits come out exactly as they went in.
            "money": lambda line, place, minor: number(line, place, minor / 100),
            "day": lambda line, place, day: number(line, place, (day - EXCEL_ZERO.date()).days),
            "moment": lambda line, place, moment: number(line, place, _excel_days(moment)),
        }
        return [write[column.kind] for column in columns]

    def _end_page(self, worksheet: Any, columns: Sequence[Column], lines: int) -> None:
        worksheet.autofilter(0, 0, lines - 1, len(columns) - 1)
        # A register's number is a text on purpose: no green corner in each of its cells.
        kinds = [column.kind for column in columns]
        texts = [xl_range(1, place, lines, place) for place, kind in enumerate(kinds) if kind == "text"]
        worksheet.ignore_errors({"number_stored_as_text": " ".join(texts)})

    def _add_about(self) -> None:
        worksheet = self.book.add_worksheet(_page_name(self.sheet.about_title, 1))
        worksheet.set_column(0, 0, 24)
        worksheet.set_column(1, 1, 80)
        for line, (label, text) in enumerate(self.sheet.about):
            worksheet.write_string(line, 0, _encodable(label), self.bold)
            worksheet.write_string(line, 1, _encodable(text), self.wrapped)


def _page_name(title: str, page: int) -> str:
    suffix = f" ({page})" if page > 1 else ""
    return NOT_IN_SHEET_NAMES.sub(" ", title)[: SHEET_NAME_MAX - len(suffix)] + suffix


def _excel_days(moment: datetime.datetime) -> float:
    return (moment - EXCEL_ZERO) / datetime.timedelta(days=1)


def _encodable(text: str) -> str:
    """Without lone surrogates, which no file can hold."""
    return text if text.isprintable() else text.encode("utf-8", "replace").decode()
