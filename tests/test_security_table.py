"""The table of docs/security.md: what it names is there, and what it says is met is shown by a test."""

import re
from pathlib import Path

TESTS = Path(__file__).parent
TEXT = (TESTS.parent / "docs/security.md").read_text()
ROWS = re.findall(r"^\| (\d+\.\d+\.\d+) \| ([12]) \| ([a-z]+) \| (.+?) \| (.*?) ?\|$", TEXT, re.MULTILINE)
NAMED = re.compile(r"\b([a-z]+/test_\w+\.py)::(test_\w+)")


def test_every_test_of_the_table_exists():
    named = NAMED.findall(TEXT)
    assert len(named) > 100
    missing = [
        f"{path}::{name}"
        for path, name in named
        if not (TESTS / path).exists() or f"def {name}(" not in (TESTS / path).read_text()
    ]
    assert missing == []


def test_what_is_met_is_shown_by_a_test():
    assert len(ROWS) > 100
    assert {met for _, _, met, _, _ in ROWS} <= {"yes", "written", "partly", "no", "operator"}
    assert [number for number, _, met, _, tests in ROWS if met == "yes" and not NAMED.search(tests)] == []


def test_each_requirement_has_one_line_in_its_order():
    lines = [line for line in TEXT.splitlines() if re.match(r"\| \d+\.", line)]
    numbers = [tuple(map(int, number.split("."))) for number, *_ in ROWS]
    assert len(lines) == len(numbers)
    assert numbers == sorted(set(numbers))
