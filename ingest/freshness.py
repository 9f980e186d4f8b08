"""Keeps what is in memory true: a thread asks once a second which tokens were revoked and which registers changed.

The contract gives a revoked token 5 seconds. When the database can't be asked, `stale` says so, and every token is
looked up anew with each request.
"""

import threading
import time

import structlog

from ingest.directory import Directory
from ingest.tokens import Callers
from sql import dialect, skos, tokens
from sql.engine import Engine, reading
from sql.errors import StorageUnavailable
from sql.instants import SECOND_US, now_us

INTERVAL_S = 1.0
STALE_AFTER_S = 3.5
# Clocks differ between machines, and a transaction commits a little after the moment that it notes.
OVERLAP_US = 60 * SECOND_US

log = structlog.get_logger()


class Freshness:
    def __init__(self, engine: Engine, callers: Callers, directory: Directory) -> None:
        self._engine = engine
        self._callers = callers
        self._directory = directory
        self._stop = threading.Event()
        self._asked_s = time.monotonic()
        self._asked_us = now_us()
        self._thread = threading.Thread(target=self._run, name="freshness", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(timeout=INTERVAL_S * 2)

    @property
    def stale(self) -> bool:
        """Whether it is too long ago that the database was asked."""
        return time.monotonic() - self._asked_s > STALE_AFTER_S

    def _run(self) -> None:
        while not self._stop.wait(INTERVAL_S):
            try:
                self.ask()
            except StorageUnavailable as error:
                log.warning("freshness_unavailable", error=str(error))

    def ask(self) -> None:
        """Ask the database now. StorageUnavailable if it doesn't answer; the next time makes up for it."""
        started_s, started_us = time.monotonic(), now_us()
        # From the last answer on, however long ago that is: what happened while the database was away counts too.
        since_us = self._asked_us - OVERLAP_US
        with dialect.storage_errors(), reading(self._engine) as connection:
            revoked = tokens.tokens_revoked_since(connection, since_us)
            changed = skos.directory_changes(connection, since_us)
        for token_hash in revoked:
            self._callers.forget(token_hash)
        self._directory.refresh(changed)
        self._asked_s, self._asked_us = started_s, started_us
