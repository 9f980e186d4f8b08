"""Users of registers from an Excel file: a template to fill in, and each row of it checked.

A file is a zip of XML that anybody may have made: before it is parsed it is looked at as such, and nothing is read
that is larger or other than a filled-in template can be. It is parsed elsewhere, with little time and memory.
"""

import io
import json
import re
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Sequence
from typing import IO, Any, NamedTuple

import xlsxwriter
from flask_babel import force_locale, gettext
from openpyxl.utils import get_column_letter

from webapp import workbook_rows
from webapp.language import LANGUAGES
from webapp.register_options import RIGHTS
from webapp.register_settings_content import NAME_LENGTH, USERS_MAX
from webapp.register_settings_text import tidied
from webapp.register_users_draft import name_key
from webapp.register_users_form import name_problem
from webapp.register_users_passwords import password_problem

MIMETYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
UNPACKED_BYTES_MAX = 20 * 1024 * 1024
ENTRIES_MAX = 200
SECONDS_MAX = 5  # of a processor, to read it
MEMORY_BYTES_MAX = 512 * 1024 * 1024
# As Excel packs. What else a zip may be packed as has errors of its own, or asks for memory before it unpacks a byte.
PACKED_AS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
TEXT_MAX = 200  # characters of a cell
EXCEL_DIGITS = 15  # of longer numbers it keeps no more
YES = {"+", "1", "x", "х", "да", "так", "yes", "true"}
NO = {"", "-", "0", "нет", "не", "no", "false"}

_MERGED = re.compile(rb"<(?:\w+:)?mergeCell\b")
# A document type could make a small file swell, or read another one; workbooks have none, in whatever encoding.
_DOCTYPES = [b"<!DOCTYPE", *("<!DOCTYPE".encode(name) for name in ("utf-16-le", "utf-16-be"))]


class Problem(NamedTuple):
    """What is wrong in a cell: its row as Excel counts them, the letter of its column, a sentence."""

    row: int
    column: str
    sentence: str


class UserRow(NamedTuple):
    name: str
    password: str
    rights: tuple[str, ...]


class Cell(NamedTuple):
    """`data_type` is openpyxl's."""

    data_type: str
    value: str | int | float | None


class Row(NamedTuple):
    """`number` is Excel's, from 1."""

    number: int
    cells: list[Cell]


class NotTaken(Exception):
    """The file as a whole can't be taken; the message is a sentence for a person."""


def headings() -> list[str]:
    return [str(gettext("Name of the user")), str(gettext("Password")), *map(str, RIGHTS.values())]


def template() -> bytes:
    """An empty file to fill in, in the reader's language, with an example."""
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"in_memory": True}) as book:
        sheet = book.add_worksheet(str(gettext("Users of the register"))[:31])
        bold, text = book.add_format({"bold": True, "text_wrap": True}), book.add_format({"num_format": "@"})
        sheet.set_column(0, 1, 22, text)
        sheet.set_column(2, len(RIGHTS) + 1, 14, text)
        sheet.write_row(0, 0, headings(), bold)
        sheet.freeze_panes(1, 0)
        sheet.data_validation(1, 2, USERS_MAX, len(RIGHTS) + 1, {"validate": "list", "source": ["+", "-"]})
        limit = {"validate": "length", "criteria": "<=", "value": NAME_LENGTH}
        sheet.data_validation(1, 0, USERS_MAX, 0, limit)
    return file.getvalue()


def read_users(file: IO[bytes]) -> tuple[list[UserRow], list[Problem]]:
    """The users of a filled-in template, and all that is wrong in it; NotTaken if the file is none."""
    rows = _rows(file)
    known: dict[str, int] = {}
    users: list[UserRow] = []
    problems: list[Problem] = []
    for number, cells in rows:
        user, found = _user(number, cells)
        problems += found
        key = name_key(user.name)
        if key and key in known:
            sentence = gettext("The same name stands in row %(row)d already.", row=known[key])
            problems.append(Problem(number, "A", str(sentence)))
        known.setdefault(key, number)
        users.append(user)
    if not users:
        raise NotTaken(gettext("The file has no rows below its headings."))
    return users, problems


def _rows(file: IO[bytes]) -> list[Row]:
    """The filled-in rows below the headings."""
    _look_at(file)
    head, *rows = [Row(number, [Cell(*cell) for cell in cells]) for number, cells in _read(file)] or [Row(0, [])]
    if head.number != 1 or not _are_headings([_text(cell.value) for cell in head.cells]):
        raise NotTaken(
            gettext("The first row must have the headings of the template: take the template, and fill it in.")
        )
    if len(rows) > USERS_MAX:
        raise NotTaken(gettext("The file has more than %(max)d rows: a register takes no more users.", max=USERS_MAX))
    return rows


def _read(file: IO[bytes]) -> Any:
    """What `workbook_rows.py` writes of the file: the headings, and one row more than there may be."""
    limits = (SECONDS_MAX, MEMORY_BYTES_MAX, len(RIGHTS) + 3, USERS_MAX + 2, TEXT_MAX + 1)
    command = [sys.executable, "-I", workbook_rows.__file__, *map(str, limits)]
    try:
        done = subprocess.run(command, input=file.read(), capture_output=True, check=False, timeout=10 * SECONDS_MAX)
    except subprocess.TimeoutExpired as error:
        raise NotTaken(_too_much()) from error
    if done.returncode:
        raise NotTaken(_no_excel() if done.returncode == 1 else _too_much())
    return json.loads(done.stdout)


def _look_at(file: IO[bytes]) -> None:
    """At the zip, before anything in it is parsed."""
    try:
        with zipfile.ZipFile(file) as archive:
            entries = archive.infolist()
            if len(entries) > ENTRIES_MAX or sum(entry.file_size for entry in entries) > UNPACKED_BYTES_MAX:
                raise NotTaken(
                    gettext(
                        "Unpacked, the file is larger than %(max)d MB: no list of users is that long.",
                        max=UNPACKED_BYTES_MAX // 1024**2,
                    )
                )
            is_workbook = any(entry.filename == "xl/workbook.xml" for entry in entries)
            if not is_workbook or any(entry.compress_type not in PACKED_AS for entry in entries):
                raise NotTaken(_no_excel())
            for entry in entries:
                _look_into(entry.filename, archive.read(entry))
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, OSError, EOFError, ValueError) as error:
        raise NotTaken(_no_excel()) from error
    file.seek(0)


def _look_into(name: str, content: bytes) -> None:
    if any(doctype in content for doctype in _DOCTYPES):
        raise NotTaken(_no_excel())
    if name.startswith("xl/worksheets/") and _MERGED.search(content):
        raise NotTaken(gettext("There are merged cells in the file. Unmerge them: each user has a row of cells."))


def _no_excel() -> str:
    return str(gettext("This is no Excel workbook (.xlsx), or it is damaged or protected by a password."))


def _too_much() -> str:
    return str(gettext("There is so much in the file that reading it was given up: no list of users is that long."))


def _are_headings(cells: list[str]) -> bool:
    """Whether the first row is that of the template, in any of our languages."""
    for language in LANGUAGES:
        with force_locale(language):
            if [cell.casefold() for cell in cells[: len(RIGHTS) + 2]] == [word.casefold() for word in headings()]:
                return True
    return False


def _text(value: Any) -> str:
    """Of a cell; Excel takes what looks like a number for one."""
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return tidied(str(value))


def _user(number: int, cells: Sequence[Any]) -> tuple[UserRow, list[Problem]]:
    found: list[Problem] = []

    def complain(place: int, sentence: str | None) -> None:
        if sentence:
            found.append(Problem(number, get_column_letter(place + 1), sentence))

    for place, cell in enumerate(cells):
        complain(place, _cell_problem(cell, place))
    wrong = {problem.column for problem in found}
    name, password, *marks = [_text(cell.value) for cell in cells] + [""] * (len(RIGHTS) + 2 - len(cells))
    if "A" not in wrong:
        complain(0, name_problem(name))
    if "B" not in wrong:
        complain(1, password_problem(password))
    rights = tuple(right for right, mark in zip(RIGHTS, marks, strict=False) if mark.casefold() in YES)
    if not rights and not wrong:
        complain(2, str(gettext("Give at least one right: a plus in its column.")))
    return UserRow(name, password, rights), found


def _cell_problem(cell: Any, place: int) -> str | None:
    value = cell.value
    if cell.data_type == "f" or (isinstance(value, str) and value.startswith("=")):
        return str(gettext("There is a formula. Write the text itself."))
    has_lost_digits = isinstance(value, (int, float)) and abs(value) >= 10**EXCEL_DIGITS
    if cell.data_type in ("d", "e") or has_lost_digits or len(_text(value)) > TEXT_MAX:
        return str(gettext("Write a text here."))
    if place >= len(RIGHTS) + 2 and value is not None:
        return str(gettext("There is no such column in the template."))
    if 2 <= place < len(RIGHTS) + 2 and _text(value).casefold() not in YES | NO:
        return str(gettext("Write a plus for yes, or leave it empty for no."))
    return None
