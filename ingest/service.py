"""What the running service holds: one object, made when it starts and closed when it stops."""

import asyncio
import fcntl
import gc
import os
import sys
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO, TypeVar

from ingest.addresses import Addresses
from ingest.commit import Outcome, Submission
from ingest.directory import Directory
from ingest.failures import retry_later, unauthorized
from ingest.freshness import Freshness
from ingest.lookups import Lookups
from ingest.settings import Settings
from ingest.tokens import Caller, Callers, bearer_token
from ingest.uses import Uses
from ingest.writer import Busy, Writer
from sql.dialect import storage_errors
from sql.engine import Connection, Engine, connect, reading, writing
from sql.errors import StorageUnavailable
from sql.heartbeats import beat
from sql.register_settings import newest_settings
from sql.skos import directory
from sql.tokens import find_tokens, hash_token

LOOKUP_THREADS = 4
# Requests under way hold tens of thousands of objects, none of them in a cycle: to look for cycles at Python's own pace
# (every 700 objects) would take more time than decoding.
COLLECT_AFTER_OBJECTS = 100_000
# A lane gives up the interpreter at each piece that it sends to the database. At Python's own 5 ms it would wait that
# long to get it back from the event loop, each time.
SWITCH_INTERVAL_S = 0.0005
RETRY_BUSY_S = 1
RETRY_STORAGE_S = 2

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")


def _tune_interpreter() -> None:
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    gc.freeze()
    gc.set_threshold(COLLECT_AFTER_OBJECTS, 10, 10)


class AnotherProcess(Exception):
    """SQLite takes one ingest process; a second one must not start."""


class Service:
    """The state of one process. Made inside the event loop."""

    def __init__(self, settings: Settings) -> None:
        _tune_interpreter()
        self.settings = settings
        self.engine: Engine = connect(settings.database_url, pool_size=LOOKUP_THREADS + settings.lanes + 2)
        self._lock = _lock_sqlite(self.engine)
        self.directory = Directory()
        self._callers = Callers(
            {"sko": settings.rate_sko, "merchant": settings.rate_merchant, "operator": settings.rate_operator}
        )
        self.asking = Addresses(settings.rate_codes)  # new registers that ask for a code
        self.polling = Addresses(settings.rate_polls)  # and for their token
        self._freshness = Freshness(self.engine, self._callers, self.directory)
        self._freshness.start()
        self._uses = Uses(self.engine)
        self._uses.start()
        self._threads = ThreadPoolExecutor(LOOKUP_THREADS, thread_name_prefix="lookup")
        self.writer = Writer(self.engine, settings)
        self._tokens = self._lookups(find_tokens)
        self._entries = self._lookups(directory)
        self.saved_settings = self._lookups(newest_settings)  # by number: version and content

    def close(self) -> None:
        """Write what is queued and let go of everything. Blocks, up to `drain_timeout_s`."""
        self.writer.close()
        self._freshness.stop()
        self._uses.stop()
        self._threads.shutdown(wait=False, cancel_futures=True)
        self.engine.dispose()
        if self._lock:
            self._lock.close()

    async def caller(self, authorization: bytes | None) -> Caller:
        """Who sends this header. Raises Failure 401, 429 or 503."""
        token = bearer_token(authorization)
        if token is None:
            raise unauthorized()
        caller = None if self._freshness.stale else self._callers.known(token)
        if caller is None:
            caller = self._callers.learn(token, await self._tokens.find(hash_token(token)))
        if caller is None:
            raise unauthorized()
        self._uses.note(caller.token.token_id)
        if not caller.may_request():
            raise retry_later(429, "rate_limited", f"This token may make {caller.rate} requests a second.")
        return caller

    async def load(self, numbers: Iterable[str]) -> None:
        """Have the registers with these numbers in the directory, as far as they exist. Raises Failure 503."""
        unseen = self.directory.unseen(numbers)
        if unseen:
            found = await asyncio.gather(*map(self._entries.find, unseen))
            self.directory.add({entry.number: entry for entry in found if entry})

    async def write(self, submission: Submission) -> Outcome:
        """Commit a submission. Raises Failure 503, and then it may be sent again safely."""
        try:
            async with asyncio.timeout(self.settings.commit_timeout_s):
                return await self.writer.write(submission)
        except Busy:
            raise retry_later(503, "busy", "Too much is waiting to be written.", RETRY_BUSY_S) from None
        except (StorageUnavailable, TimeoutError):
            raise _storage_unavailable() from None

    async def read(self, query: Callable[[Connection], T]) -> T:
        """Run a query in a thread. Raises Failure 503."""

        def run() -> T:
            with storage_errors(), reading(self.engine) as connection:
                return query(connection)

        return await self._in_thread(run)

    def _lookups(self, query: Callable[[Connection, Collection[K]], Mapping[K, T]]) -> Lookups[K, T]:
        return Lookups(lambda keys: self.read(lambda connection: query(connection, keys)))

    async def change(self, work: Callable[[Connection], T]) -> T:
        """Do something small in a transaction of its own, in a thread. Raises Failure 503."""

        def run() -> T:
            with storage_errors(), writing(self.engine) as connection:
                return work(connection)

        return await self._in_thread(run)

    async def check_commit(self) -> None:
        """Prove that the database can commit. Raises Failure 503."""
        await self.change(lambda connection: beat(connection, f"ingest-{os.getpid()}"))

    async def _in_thread(self, work: Callable[[], T]) -> T:
        try:
            async with asyncio.timeout(self.settings.commit_timeout_s):
                return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        except (StorageUnavailable, TimeoutError):
            raise _storage_unavailable() from None


def _storage_unavailable() -> Exception:
    return retry_later(503, "storage_unavailable", "The database does not answer; send it again.", RETRY_STORAGE_S)


def _lock_sqlite(engine: Engine) -> IO[str] | None:
    """Hold `<database>.ingest.lock` while the process lives. Raises AnotherProcess if another one holds it."""
    path = engine.url.database
    if engine.dialect.name != "sqlite" or not path:
        return None
    lock = Path(f"{path}.ingest.lock").open("w")  # noqa: SIM115  (it is held until the service closes)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        raise AnotherProcess(
            f"Another ingest process writes to {path}. SQLite takes one; use PostgreSQL for several."
        ) from None
    return lock
