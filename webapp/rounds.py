"""What `kabinet jobs` is made of: rounds of work, each again and again in a thread of its own, until the process ends.

A thread never dies of what happens in a round, nor of a database that is away: it tries again later. Whatever a round
does is whole wherever it is broken off, and what is left is found by the next one, in this process or in another.
"""

import threading
import time
from collections.abc import Callable, Mapping

import structlog

from sql.dialect import storage_errors
from sql.errors import StorageUnavailable

Round = Callable[[], float]  # returns for how many seconds to rest; 0: there may be more to do

log = structlog.get_logger()


class Rounds:
    """Threads of these names: `start` and `stop` them, or `drain` in this one what there is to do now."""

    stop_s: float | None = 20.0  # how long what is being done may still take when we stop; None: as long as it takes
    away_s = 5.0  # rest after a round that failed

    def __init__(self, rounds: Mapping[str, Round], stopping: threading.Event | None = None) -> None:
        self.stopping = stopping or threading.Event()
        self._rounds = rounds
        self._threads = [threading.Thread(target=self._run, args=(name,), name=name, daemon=True) for name in rounds]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Let each thread end after what it is doing."""
        self.stopping.set()
        deadline = None if self.stop_s is None else time.monotonic() + self.stop_s
        for thread in self._threads:
            if thread.is_alive():
                thread.join(None if deadline is None else max(0.0, deadline - time.monotonic()))

    def drain(self) -> None:
        for name in self._rounds:
            while not (self.stopping.is_set() or self._once(name)):
                pass

    def _run(self, name: str) -> None:
        rest_s = 0.0
        while not self.stopping.wait(rest_s):
            rest_s = self._once(name)

    def _once(self, name: str) -> float:
        try:
            with storage_errors():
                return self._rounds[name]()
        except StorageUnavailable as error:
            log.warning("storage_unavailable", job=name, error=str(error))
        except Exception:
            log.exception("job_failed", job=name)
        return self.away_s
