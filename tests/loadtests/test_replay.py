"""Real receipts and generated ones go through a real ingest process on both databases, and the books agree."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result

from loadtests import demo as demo_module
from loadtests import replay as replay_module
from loadtests import servers
from sql.engine import reading
from sql.merchants import merchant_by_unp
from sql.tables import api_token, document, outlet, quarantine, sko
from sql.turnover import turnover_differences

UNP = "191832203"
PART = ("--stores", "3", "--end-on", "2026-06-30", "--from", "2026-06-10", "--to", "2026-06-25")


@pytest.fixture
def ingest_url(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A real ingest process on the database of this test, which commands find too."""
    monkeypatch.setenv("DATABASE_URL", database_url)
    with servers.ingest(database_url) as server:
        yield server.url


def run_replay(url: str, *options: str, part: tuple[str, ...] = PART) -> Result:
    return CliRunner().invoke(replay_module.replay, ["--unp", UNP, "--url", url, *part, *options])


def count(engine: sa.Engine, table: sa.Table) -> int:
    with reading(engine) as connection:
        return connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()


def assert_clean_books(engine: sa.Engine) -> None:
    with reading(engine) as connection:
        assert turnover_differences(connection) == []
    assert count(engine, quarantine) == 0


def test_replayed_receipts_are_all_in_and_add_up(ingest_url: str, engine: sa.Engine) -> None:
    replayed = run_replay(ingest_url, "--check")
    assert replayed.exit_code == 0, replayed.output
    assert "All totals by store and month equal those in the files." in replayed.output
    assert f"Merchant {UNP} is added" in replayed.output
    assert f"{count(engine, document)} documents of 3 stores from 2026-06-10 to 2026-06-25 are in" in replayed.output
    assert (count(engine, outlet), count(engine, sko)) == (3, 9)
    assert_clean_books(engine)


def test_further_replays_add_what_is_missing_and_count_nothing_twice(ingest_url: str, engine: sa.Engine) -> None:
    assert run_replay(ingest_url).exit_code == 0
    documents = count(engine, document)
    wider = run_replay(ingest_url, "--check", part=("--stores", "4", "--end-on", "2026-06-30", "--days", "30"))
    assert wider.exit_code == 0, wider.output
    assert f"are in, {documents} were there before" in wider.output
    assert count(engine, document) > documents
    assert_clean_books(engine)
    moved = run_replay(ingest_url, part=("--stores", "3", "--end-on", "2026-06-29", "--days", "10"))
    assert moved.exit_code == 1
    assert "end on the same one" in moved.output


def test_documents_come_at_their_time_when_the_speed_is_limited(ingest_url: str, engine: sa.Engine) -> None:
    one_day = ("--stores", "1", "--end-on", "2026-06-30", "--from", "2026-06-25", "--to", "2026-06-25")
    assert run_replay(ingest_url, "--speed", "28800", "--check", part=one_day).exit_code == 0
    with reading(engine) as connection:
        received = sa.select(sa.func.max(document.c.received_us) - sa.func.min(document.c.received_us))
        issued = sa.select(sa.func.max(document.c.issued_us) - sa.func.min(document.c.issued_us))
        took, lasted = connection.execute(received).scalar_one(), connection.execute(issued).scalar_one()
    assert took >= 0.8 * lasted / 28_800
    assert_clean_books(engine)


def test_the_token_of_a_replay_is_revoked_afterwards(ingest_url: str, engine: sa.Engine) -> None:
    assert run_replay(ingest_url).exit_code == 0
    with reading(engine) as connection:
        assert connection.execute(sa.select(api_token.c.revoked_us.is_not(None))).scalars().all() == [True]


def test_a_wrong_token_stops_the_replay_with_a_sentence(ingest_url: str) -> None:
    refused = run_replay(ingest_url, "--token", "wrong")
    assert refused.exit_code == 1
    assert re.search(r"Error: The service refused a batch of СКО \d+: 401", refused.output)


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--stores", "some"),
        ("--stores", "0%"),
        ("--speed", "-1"),
        ("--speed", "nan"),
        ("--from", "2035-01-01"),
        ("--end-on", "soon"),
        ("--url", "ftp://somewhere"),
        ("--unp", "191832204"),
    ],
)
def test_a_mistaken_option_is_refused_with_a_sentence(
    database_url: str, monkeypatch: pytest.MonkeyPatch, option: str, value: str
) -> None:
    monkeypatch.setenv("DATABASE_URL", database_url)
    refused = run_replay("http://127.0.0.1:9", option, value)
    assert refused.exit_code in (1, 2)
    assert isinstance(refused.exception, SystemExit), refused.exception
    assert "Error: " in refused.output


@pytest.mark.parametrize("with_data_set", [True, False])
def test_the_demo_fills_the_quarter_up_to_now_and_says_how_to_log_in(
    ingest_url: str, engine: sa.Engine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, with_data_set: bool
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(demo_module, "installed", lambda: with_data_set)
    shown = CliRunner().invoke(demo_module.demo, ["--url", ingest_url])
    assert shown.exit_code == 0, shown.output
    assert ("the demo's are generated" in shown.output) == (not with_data_set)
    login = json.loads(demo_module.KEPT.read_bytes())["login"]
    for secret in login.values():
        assert secret in shown.output
    assert demo_module.KEPT.stat().st_mode & 0o777 == 0o600
    with reading(engine) as connection:
        days = connection.execute(
            sa.select(sa.func.count(document.c.day.distinct()), sa.func.max(document.c.issued_us))
        ).one()
        assert merchant_by_unp(connection, login["unp"]).name == demo_module.NAME
    assert days[0] >= 13, "two weeks and today, a holiday apart"
    assert datetime.fromtimestamp(days[1] / 1e6, UTC) <= datetime.now(UTC) + timedelta(seconds=1)
    assert_clean_books(engine)
    again = CliRunner().invoke(demo_module.demo, ["--url", "http://127.0.0.1:9"])
    assert again.exit_code == 0, "a filled demo needs no service"
    assert login["password"] in again.output


def test_the_demo_leaves_a_database_with_merchants_alone(
    ingest_url: str, engine: sa.Engine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run_replay(ingest_url).exit_code == 0
    documents = count(engine, document)
    refused = CliRunner().invoke(demo_module.demo, ["--url", ingest_url])
    assert refused.exit_code == 0
    assert "the demo is for an empty database" in refused.output
    assert count(engine, document) == documents
