"""The benchmark measures what it says, and the load's thresholds catch what they must."""

from pathlib import Path

import pytest

from loadtests import bench, databases
from loadtests.cabinet import blocks_of
from loadtests.company import some_unps
from loadtests.thresholds import FILE, Figures, broken
from sql.unp import is_valid_unp


@pytest.mark.parametrize("name", list(databases.SOURCES))
def test_the_benchmark_counts_everything_once_and_then_as_duplicates(name: str) -> None:
    stage = bench.Stage()
    with databases.SOURCES[name](stage.prepare) as source:
        assert bench.raw_rate(stage, source, 0.02) > 0
        row = bench.measured(stage, source, bench.Scene(20, 4, 10_000, {}), seconds=0.1, ceiling_rate=1.0)
    assert (row.first.documents, row.first.accepted, row.again.duplicates) == (1_000, 1_000, 1_000)
    assert 0 < row.first.p50_ms <= row.first.p99_ms
    assert 20 < row.peak_rss_bytes / bench.MEGABYTE < 1_000


def test_the_bare_server_is_measured() -> None:
    stage = bench.Stage()
    stage.skos, stage.token = ["1", "2"], "none"
    assert bench.noop_rate(stage, bench.Scene(1, 8, 500, {}), 0.1) > 0


NAMES = (
    "POST document",
    "POST batch of 10",
    "POST batch of 100",
    "POST resend",
    "POST /login/password",
    "GET Home",
    "GET block of Home",
)


def kept() -> dict[str, Figures]:
    return dict.fromkeys(NAMES, Figures(requests=10_000, failures=0, rate=1_000.0, p95_ms=1.0))


def test_a_good_run_breaks_no_threshold() -> None:
    assert list(broken(kept())) == []


@pytest.mark.parametrize(
    ("figures", "sentence"),
    [
        (Figures(10_000, 1, 1_000.0, 1.0), "GET Home: 1 of 10000 requests failed"),
        (Figures(10_000, 0, 1_000.0, 9_999.0), "GET Home: 95 % within 9999 ms is too slow"),
        (Figures(1, 0, 0.01, 1.0), "GET Home: 0.01 requests a second are too few"),
    ],
)
def test_a_broken_threshold_is_said(figures: Figures, sentence: str) -> None:
    said = list(broken(kept() | {"GET Home": figures}))
    assert len(said) == 1
    assert said[0].startswith(sentence)


def test_a_scenario_that_never_ran_breaks_its_threshold() -> None:
    assert len(list(broken({}))) == len(kept())


def test_every_threshold_names_a_request_of_the_scenario() -> None:
    scenario = (Path(FILE).parent / "locustfile.py").read_text() + (Path(FILE).parent / "cabinet.py").read_text()
    assert all(name.partition(" ")[2] in scenario for name in kept())


def test_blocks_of_a_page_are_found_once_each() -> None:
    page = '<div hx-get="/home/day?date=2026-01-01&amp;outlet=1"></div><a hx-get="/x"></a><b hx-get="/x"></b>'
    assert blocks_of(page) == ["/home/day?date=2026-01-01&outlet=1", "/x"]


def test_made_up_companies_have_valid_numbers() -> None:
    unps = some_unps(12)
    assert len(set(unps)) == 12
    assert all(map(is_valid_unp, unps))
