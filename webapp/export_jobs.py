"""Long exports: threads of `kabinet jobs` that look every second whether anybody waits for one.

Several processes may do so. Whoever has claimed an export gives a sign of life every second, also while the file is
being packed; who is silent for a minute has lost it to the next one, who begins from the start.
"""

import threading
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import structlog
from flask import Flask
from flask_babel import force_locale

from sql import exports
from sql.dialect import storage_errors
from sql.engine import Engine, reading, writing
from sql.errors import StorageUnavailable
from sql.exports import Export
from webapp import formats, language
from webapp.export_files import Folder, open_private
from webapp.export_subjects import ROWS_MAX, Wanted, wanted_again
from webapp.rounds import Rounds
from webapp.sheets import Row, write_sheet

WORKERS = 2  # so that a short one need not wait for a long one
LOOK_S = 1.0
BEAT_S = 1.0
SWEEP_S = 60.0
ROWS_BETWEEN_LOOKS = 200  # at whether to go on

log = structlog.get_logger()


class Lost(Exception):
    """The export is not ours any more: it was cancelled, or taken up by somebody else."""


class Stopped(Exception):
    """The process has to end."""


class TooLong(Exception):
    """The file would have more than ROWS_MAX rows."""


class Exports(Rounds):
    """Make what waits; when we stop, what is being made is put back."""

    stop_s = None  # that takes no longer than a few rows

    def __init__(self, engine: Engine, folder: str, workers: int = WORKERS) -> None:
        making = {f"exports {place + 1}": self._make_next for place in range(workers)}
        super().__init__({"exports sweep": self._sweep} | making)
        self.engine = engine
        self.folder = Folder(folder)
        self._app = translator()

    def _sweep(self) -> float:
        """Forget what is old, with its files and with the remains of workers that have died."""
        names = self.folder.names()
        with writing(self.engine) as connection:
            forgotten = exports.sweep_exports(connection)
            claims = exports.known_claims(connection)
        removed = self.folder.sweep(names, claims)
        if forgotten or removed:
            log.info("exports swept", exports=forgotten, files=removed)
        return SWEEP_S

    def _make_next(self) -> float:
        """Make the export that waits longest."""
        export = self._claim()
        if export is None:
            return LOOK_S
        with structlog.contextvars.bound_contextvars(export_id=export.export_id, merchant_id=export.merchant_id):
            self._make(export)
        return 0

    def _claim(self) -> Export | None:
        with reading(self.engine) as connection:
            due = exports.due_exports(connection)
        for key in due:
            with writing(self.engine) as connection:
                export = exports.claim_export(connection, *key)
            if export:
                return export
        return None

    def _make(self, export: Export) -> None:
        if export.attempts > exports.ATTEMPTS_MAX:
            return self._fail(export, "interrupted")
        try:
            with storage_errors(), self._app.app_context(), force_locale(export.language):
                Making(self, export).make()
        except StorageUnavailable:
            raise  # it is taken up again when the database answers
        except Lost:
            log.info("export lost")
        except Stopped:
            with writing(self.engine) as connection:
                exports.release_export(connection, export)
        except TooLong:
            self._fail(export, "too_long")
        except Exception:
            log.exception("export failed")
            self._fail(export, "broken")
        return None

    def _fail(self, export: Export, failure: str) -> None:
        log.warning("export given up", failure=failure)
        with writing(self.engine) as connection:
            exports.fail_export(connection, export, failure)


def translator() -> Flask:
    """An app for the sake of its translations alone."""
    app = Flask(__name__)
    language.init_app(app)
    formats.init_app(app)
    return app


class Making:
    """One attempt at one export."""

    def __init__(self, jobs: Exports, export: Export) -> None:
        self.engine, self.folder, self.stopping = jobs.engine, jobs.folder, jobs.stopping
        self.export = export
        self.rows_done = 0
        self.rows_total: int | None = None
        self.is_over = threading.Event()
        self.is_lost = threading.Event()

    def make(self) -> None:
        """Make the file, and put it where it is fetched from. Lost, Stopped or TooLong if that can't be."""
        with self.folder.at_work(self.export) as place:
            rows = self._make(place / "file")
            self._look()
            size = (place / "file").stat().st_size
            (place / "file").replace(self.folder.finished(self.export))
        with writing(self.engine) as connection:
            if not exports.finish_export(connection, self.export, rows=rows, file_bytes=size):
                raise Lost
        log.info("export made", rows=rows, bytes=size)

    def _make(self, path: Path) -> int:
        """Make the file there, with a sign of life every second; returns the number of its rows."""
        beating = threading.Thread(target=self._beat, name="export beat")
        beating.start()
        try:
            with reading(self.engine) as connection:
                wanted = wanted_again(connection, self.export)
            self.rows_total = wanted.count(self.engine, self._goes_on)
            if self.rows_total > ROWS_MAX:
                raise TooLong
            return self._write(wanted, path)
        finally:
            self.is_over.set()
            beating.join()

    def _write(self, wanted: Wanted, path: Path) -> int:
        with open_private(path) as file:
            rows = self._counted(wanted.rows(self.engine))
            further = [replace(table, rows=self._counted(table.rows)) for table in wanted.further(self.engine)]
            return write_sheet(file, self.export.file_format, wanted.sheet(), rows, path.parent, further)

    def _counted(self, rows: Iterable[Row]) -> Iterator[Row]:
        for row in rows:
            if self.rows_done % ROWS_BETWEEN_LOOKS == 0:
                self._look()
            self.rows_done += 1
            yield row

    def _look(self) -> None:
        if self.is_lost.is_set():
            raise Lost
        if self.stopping.is_set():
            raise Stopped

    def _goes_on(self) -> bool:
        self._look()
        return True

    def _beat(self) -> None:
        while not self.is_over.wait(BEAT_S):
            try:
                with storage_errors(), writing(self.engine) as connection:
                    done, total = self.rows_done, self.rows_total
                    if not exports.note_progress(connection, self.export, rows_done=done, rows_total=total):
                        self.is_lost.set()
                        return
            except StorageUnavailable as error:  # so the next beat has to do
                log.warning("storage_unavailable", error=str(error))
