"""The jobs that make long exports: each once, to its end, and without a trace where it is not wanted any more."""

import dataclasses
import os
import stat
import subprocess
import sys
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from flask_babel import force_locale
from werkzeug.datastructures import MultiDict

from sql import exports
from sql.documents import insert_documents
from sql.engine import reading, writing
from sql.exports import ATTEMPTS_MAX, SILENCE_US, Export
from sql.instants import now_us
from sql.merchants import merchant_by_id
from sql.tables import export as export_table
from tests.accounts import TestMerchant
from tests.shop import document
from tests.webapp.exporting import asked, exports_folder, fetch, find, jobs, merchant, owner, post, table
from webapp import export_jobs
from webapp.export_files import REQUEST_AGE_MAX_S, Folder
from webapp.export_jobs import Exports, translator
from webapp.export_subjects import SUBJECTS, wanted_of
from webapp.sheets import Row

__all__ = ["exports_folder", "jobs", "merchant", "owner"]

ROOT = Path(__file__).parents[2]


class Slow:
    """Rows of Cash documents that come one by one, as they are let through."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, rows: int = 40) -> None:
        self.rows = rows
        self.allowed = threading.Semaphore(0)
        slow = dataclasses.replace(SUBJECTS["documents"], rows=self.read, count=lambda *_: rows)
        monkeypatch.setitem(SUBJECTS, "documents", slow)
        monkeypatch.setattr(export_jobs, "BEAT_S", 0.02)
        monkeypatch.setattr(export_jobs, "ROWS_BETWEEN_LOOKS", 1)

    def read(self, *_: object) -> Iterator[Row]:
        row: Row = (None,) * len(SUBJECTS["documents"].columns)
        for _place in range(self.rows):
            self.allowed.acquire()
            yield row

    def let(self, rows: int) -> None:
        self.allowed.release(rows)


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.01)


def fall_silent(engine: sa.Engine) -> None:
    with writing(engine) as connection:
        connection.execute(sa.update(export_table).values(beat_us=now_us() - SILENCE_US - 1_000_000))


def claim(engine: sa.Engine) -> Export:
    """What a worker does who then dies."""
    with writing(engine) as connection:
        [key] = exports.due_exports(connection)
        claimed = exports.claim_export(connection, *key)
    assert claimed
    return claimed


def count(engine: sa.Engine) -> int:
    with reading(engine) as connection:
        return int(connection.execute(sa.select(sa.func.count()).select_from(export_table)).scalar_one())


# --- made ------------------------------------------------------------------------------------------------------------


def test_workers_side_by_side_make_each_export_once(
    owner: FlaskClient, engine: sa.Engine, merchant: TestMerchant, exports_folder: Path
) -> None:
    addresses = [asked(owner, file_format=file_format) for file_format in ("csv", "xlsx", "csv")]
    workers = [Exports(engine, str(exports_folder)) for _ in range(3)]
    for worker in workers:
        worker.start()
    wait_for(lambda: all(find(engine, merchant, address).state == "done" for address in addresses))
    for worker in workers:
        worker.stop()
    for address in addresses:
        found = find(engine, merchant, address)
        assert (found.attempts, found.rows_done, found.claim) == (1, 20, None)
        assert fetch(owner, address).status_code == 200
    assert len(list(exports_folder.iterdir())) == 3


def test_progress_grows_while_it_is_made(
    owner: FlaskClient, engine: sa.Engine, merchant: TestMerchant, jobs: Exports, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = Slow(monkeypatch)
    address = asked(owner)
    jobs.start()
    for done in (10, 20, 30):
        slow.let(10)
        wait_for(lambda done=done: find(engine, merchant, address).rows_done >= done)  # type: ignore[misc]
        page = owner.get(f"{address}/progress").get_data(as_text=True)
        assert f'max="40" value="{done}"' in page
        assert f"{done} of 40 rows" in page
    slow.let(10)
    wait_for(lambda: find(engine, merchant, address).state == "done")
    assert len(table(fetch(owner, address))) == 41


def test_files_are_for_their_owner_alone(owner: FlaskClient, jobs: Exports, exports_folder: Path) -> None:
    asked(owner)
    jobs.drain()
    [file] = exports_folder.iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(exports_folder.stat().st_mode) == 0o700


def test_file_speaks_the_language_of_whoever_asked(owner: FlaskClient, jobs: Exports) -> None:
    owner.set_cookie("language", "ru")
    address = asked(owner, "type=sale")
    owner.set_cookie("language", "en")
    jobs.drain()
    lines = table(fetch(owner, address), ";")
    assert lines[0][3] == "СКО"
    assert {line[6] for line in lines[1:]} == {"Продажа"}


def test_memory_does_not_grow_with_the_documents(engine: sa.Engine, merchant: TestMerchant) -> None:
    own, stored, peaks = merchant.merchant_id, 0, []
    for more in (9_000, 36_000):
        with writing(engine) as connection:
            numbers = range(10**6 + stored, 10**6 + stored + more)
            insert_documents(connection, [document(own, "sale", 100)._replace(number=number) for number in numbers])
        stored += more
        with translator().app_context(), force_locale("en"), reading(engine) as connection:
            wanted = wanted_of(connection, merchant_by_id(connection, own), "documents", MultiDict(), "en")
        tracemalloc.start()
        assert sum(1 for _ in wanted.rows(engine)) == stored + 20
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] + 3_000_000


# --- interrupted -----------------------------------------------------------------------------------------------------


def test_export_of_a_worker_that_died_is_made_by_another(
    owner: FlaskClient, engine: sa.Engine, merchant: TestMerchant, jobs: Exports, exports_folder: Path
) -> None:
    address = asked(owner)
    dead = claim(engine)
    remains = exports_folder / f"{dead.export_id}.{dead.claim}"
    remains.mkdir(parents=True)
    (remains / "file").write_text("half a row")
    jobs.drain()
    assert find(engine, merchant, address).state == "running"
    fall_silent(engine)
    jobs.drain()
    found = find(engine, merchant, address)
    assert (found.state, found.attempts) == ("done", 2)
    assert len(table(fetch(owner, address))) == 21
    jobs.drain()
    assert [path.name for path in exports_folder.iterdir()] == [found.stored_name]


def test_export_that_no_worker_survives_is_given_up(
    owner: FlaskClient, engine: sa.Engine, merchant: TestMerchant, jobs: Exports
) -> None:
    address = asked(owner)
    for _ in range(ATTEMPTS_MAX):
        claim(engine)
        fall_silent(engine)
    jobs.drain()
    found = find(engine, merchant, address)
    assert (found.state, found.failure) == ("failed", "interrupted")


def test_worker_that_has_to_end_puts_its_export_back(
    owner: FlaskClient,
    engine: sa.Engine,
    merchant: TestMerchant,
    jobs: Exports,
    exports_folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    slow = Slow(monkeypatch)
    address = asked(owner)
    jobs.start()
    slow.let(5)
    wait_for(lambda: find(engine, merchant, address).rows_done == 5)
    stopping = threading.Thread(target=jobs.stop)
    stopping.start()
    wait_for(jobs.stopping.is_set)
    slow.let(1)
    stopping.join()
    found = find(engine, merchant, address)
    assert (found.state, found.attempts, found.rows_done) == ("waiting", 0, 0)
    assert list(exports_folder.iterdir()) == []


def test_cancelled_export_stops_and_leaves_nothing(
    owner: FlaskClient,
    engine: sa.Engine,
    merchant: TestMerchant,
    jobs: Exports,
    exports_folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    slow = Slow(monkeypatch, rows=1_000_000)
    address = asked(owner)
    jobs.start()
    slow.let(5)
    wait_for(lambda: find(engine, merchant, address).rows_done == 5)
    assert len(list(exports_folder.iterdir())) == 1
    post(owner, f"{address}/delete")
    time.sleep(0.2)
    slow.let(1)
    wait_for(lambda: not list(exports_folder.iterdir()))
    assert count(engine) == 0


def test_jobs_end_on_sigterm_within_moments(
    database_url: str, owner: FlaskClient, engine: sa.Engine, merchant: TestMerchant, exports_folder: Path
) -> None:
    address = asked(owner)
    environment = os.environ | {
        "DATABASE_URL": database_url,
        "KABINET_ENV": "development",
        "EXPORTS_FOLDER": str(exports_folder),
    }
    command = [sys.executable, "-m", "webapp.cli", "jobs"]
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    try:
        wait_for(lambda: find(engine, merchant, address).state == "done")
        process.terminate()
        assert process.wait(10) == 0
    finally:
        process.kill()


# --- failed ----------------------------------------------------------------------------------------------------------


def test_export_that_breaks_says_so(
    owner: FlaskClient, engine: sa.Engine, merchant: TestMerchant, jobs: Exports, exports_folder: Path
) -> None:
    address = asked(owner)
    with writing(engine) as connection:
        connection.execute(sa.update(export_table).values(query="outlet=77"))
    jobs.drain()
    found = find(engine, merchant, address)
    assert (found.state, found.failure) == ("failed", "broken")
    assert list(exports_folder.iterdir()) == []


def test_export_that_would_be_too_long_is_refused(
    owner: FlaskClient,
    engine: sa.Engine,
    merchant: TestMerchant,
    jobs: Exports,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(export_jobs, "ROWS_MAX", 19)
    address = asked(owner)
    jobs.drain()
    assert (find(engine, merchant, address).state, find(engine, merchant, address).failure) == ("failed", "too_long")


# --- swept -----------------------------------------------------------------------------------------------------------


def test_old_exports_go_with_their_files(
    owner: FlaskClient, engine: sa.Engine, merchant: TestMerchant, jobs: Exports, exports_folder: Path
) -> None:
    old = asked(owner)
    jobs.drain()
    kept = asked(owner)
    jobs.drain()
    long_ago = now_us() - exports.KEPT_US - 1_000_000
    with writing(engine) as connection:
        is_old = export_table.c.export_id == old.rpartition("/")[2]
        connection.execute(sa.update(export_table).where(is_old).values(beat_us=long_ago, created_us=long_ago))
    jobs.drain()
    assert owner.get(old).status_code == 404
    assert [path.name for path in exports_folder.iterdir()] == [find(engine, merchant, kept).stored_name]


def test_sweeping_leaves_what_is_being_made_alone(owner: FlaskClient, engine: sa.Engine, exports_folder: Path) -> None:
    asked(owner)
    export, folder = claim(engine), Folder(str(exports_folder))
    with folder.at_work(export) as place, folder.at_request() as request_place:
        names = folder.names()
        with reading(engine) as connection:
            assert folder.sweep(names, exports.known_claims(connection)) == 0
        assert place.exists()
        old = time.time() - REQUEST_AGE_MAX_S - 1
        os.utime(request_place, (old, old))
        assert folder.sweep(names, {export.export_id: "another claim"}) == 2
        assert not place.exists()
        assert not request_place.exists()
        request_place.mkdir()  # it is removed by whoever has made it
