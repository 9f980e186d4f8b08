"""Reads a workbook in a process of its own: how much time and memory that takes is up to whoever has made the file.

`python -I workbook_rows.py SECONDS BYTES COLUMNS ROWS TEXT < workbook` writes the first ROWS rows of the first sheet
that hold anything, as JSON: [[number, [[type, value], …]], …] with types as openpyxl calls them, texts cut after TEXT
characters. It ends with 1 if it can't read the file, and in any other way if it took more than SECONDS of a processor
or than BYTES of memory.
"""

import io
import json
import resource
import sys
from collections.abc import Iterator
from itertools import islice
from typing import Any

import openpyxl

SHEET_ROWS_MAX = 1_048_576  # as Excel has it
OUT_OF_MEMORY = 2


def main() -> int:
    seconds, memory_bytes, columns, rows, text = map(int, sys.argv[1:])
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    try:
        found = list(islice(filled_rows(sys.stdin.buffer.read(), columns, text), rows))
    except MemoryError:
        return OUT_OF_MEMORY
    except Exception:  # noqa: BLE001  (a file may be wrong in any way)
        return 1
    json.dump(found, sys.stdout)
    return 0


def filled_rows(workbook: bytes, columns: int, text: int) -> Iterator[tuple[int, list[tuple[str, Any]]]]:
    book = openpyxl.load_workbook(io.BytesIO(workbook), read_only=True, keep_links=False)
    sheet = book.worksheets[0]
    sheet.reset_dimensions()  # a file may say anything of its size
    for number, cells in enumerate(sheet.iter_rows(max_col=columns, max_row=SHEET_ROWS_MAX), start=1):
        if any(cell.value is not None for cell in cells):
            yield number, [(cell.data_type, _plain(cell.value, text)) for cell in cells]


def _plain(value: Any, text: int) -> str | int | float | None:
    return value if value is None or isinstance(value, (int, float)) else str(value)[:text]


if __name__ == "__main__":
    sys.exit(main())
