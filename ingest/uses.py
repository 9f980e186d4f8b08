"""When tokens were last used, to the hour: requests leave a note in memory, and a thread writes the notes down."""

import threading
from collections import deque

import structlog

from sql.dialect import storage_errors
from sql.engine import Engine, writing
from sql.errors import StorageUnavailable
from sql.instants import HOUR_US, now_us
from sql.tokens import note_uses

INTERVAL_S = 60.0
STOP_S = 5.0
TOKENS_MAX = 1_000  # in one transaction: documents that come meanwhile hardly wait

log = structlog.get_logger()


class Uses:
    """A token is written down once an hour, however many requests it makes."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._noted: set[int] = set()  # in this hour
        self._hour = 0
        self._waiting: deque[int] = deque()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="uses", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Write down what is left, and end."""
        self._stop.set()
        self._thread.join(STOP_S)

    def note(self, token_id: int) -> None:
        """The token is used now."""
        if token_id not in self._noted:
            self._noted.add(token_id)
            self._waiting.append(token_id)

    def _run(self) -> None:
        stopping = False
        while not stopping:
            stopping = self._stop.wait(INTERVAL_S)
            try:
                self.write()
            except StorageUnavailable as error:
                log.warning("uses_not_written", error=str(error))

    def write(self) -> None:
        """Write down what was noted. StorageUnavailable: what could not be written waits for the next use."""
        hour = now_us() // HOUR_US
        if hour != self._hour:
            self._hour = hour
            self._noted = set(self._waiting)
        while group := [self._waiting.popleft() for _ in range(min(len(self._waiting), TOKENS_MAX))]:
            try:
                with storage_errors(), writing(self._engine) as connection:
                    note_uses(connection, group)
            except StorageUnavailable:
                self._noted.difference_update(group)
                raise
