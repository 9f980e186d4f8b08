"""The benchmark of the pages: its documents are what ingest would have stored, and a small run prints its table."""

import datetime
from itertools import chain, islice

import pytest
from click.testing import CliRunner

from ingest import reading
from ingest.directory import Directory
from ingest.problems import Problem
from ingest.receive import _row
from ingest.rules import check
from loadtests.pages import pages
from loadtests.pages_cases import GOALS
from loadtests.pages_documents import FREQUENT, RARE, Row, Shop, cashiers_of, outlet_of, sko_number
from sql.documents import NewDocument
from sql.instants import now_us
from sql.skos import DirectoryEntry, Placement
from sql.tables import DOCUMENT_TYPES

TODAY = datetime.date(2026, 11, 24)


def first_rows(documents: int, count: int) -> list[NewDocument]:
    rows: list[Row] = list(islice(chain.from_iterable(Shop(1, documents, TODAY, seed=1).days()), count))
    return [NewDocument(*row) for row in rows]


def test_rows_are_what_ingest_would_have_stored():
    rows = first_rows(10_000_000, 40_000)
    assert {row.type for row in rows} == set(DOCUMENT_TYPES)
    registers = Directory()
    for sko_id in range(1, 501):
        placements = (Placement(0, outlet_of(sko_id), "Europe/Minsk"),)
        number = sko_number(sko_id)
        registers.add({number: DirectoryEntry(1, sko_id, number, placements)})
    for row in rows:
        document = reading.read_document(row.body)
        assert not isinstance(document, Problem), document
        assert check(document, row.issued_us, now_us()) is None
        register = registers.get(document.sko)
        assert register is not None
        assert _row(register, document, row.issued_us, row.received_us, row.body) == row


def test_registers_number_their_documents_without_gaps():
    numbers: dict[int, list[int]] = {}
    for row in first_rows(10_000_000, 40_000):
        numbers.setdefault(row.sko_id, []).append(row.number)
    assert len(numbers) == 500
    assert all(of_one == list(range(1, len(of_one) + 1)) for of_one in numbers.values())


def test_the_same_seed_gives_the_same_documents():
    assert first_rows(10_000_000, 5_000) == first_rows(10_000_000, 5_000)


@pytest.mark.parametrize("documents", [100_000, 1_000_000])
def test_there_are_about_as_many_documents_as_asked_for(documents: int):
    count = sum(map(len, Shop(1, documents, TODAY, seed=1).days()))
    assert 0.9 * documents < count < 1.1 * documents


def test_nobody_works_in_two_outlets():
    names = [name for outlet_id in range(1, 101) for name in cashiers_of(outlet_id)]
    assert len(set(names)) == len(names)
    assert not {FREQUENT, RARE} & set(names)


def test_a_small_run_measures_every_page():
    arguments = ["--documents", "20000", "--documents", "40000", "--rounds", "1", "--requests", "1"]
    result = CliRunner().invoke(pages, arguments, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    rows = [line for line in result.output.splitlines() if line.endswith(("met |", "missed** |"))]
    assert len(rows) > 50
    assert set(GOALS.values()) == {3, 5, None}
    for name in ("first page", "rare cashier", "near the end", "A chosen document", "Sales of a year", "Turnover"):
        assert any(name in row for row in rows), name
