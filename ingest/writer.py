"""Group commit: while one transaction commits, the requests that arrive queue up; the next one takes all of them.

There are no timers, so a lone request never waits for company. A writer is a list of lanes; each lane is a thread with
its own connection and a fixed slice of the merchants, so two lanes never touch the same rows.
"""

import asyncio
import threading
from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

import structlog

from ingest import metrics
from ingest.commit import Outcome, Submission, commit_group
from ingest.settings import Settings
from sql.engine import Connection, Engine, open_for_writing
from sql.errors import AlreadyStored, StorageUnavailable

# Each further try sees what the others have committed; more than this means that something else is wrong.
LOOKS_MAX = 5

log = structlog.get_logger()


class Busy(Exception):
    """The queue is full."""


class _Waiting(NamedTuple):
    submission: Submission
    future: asyncio.Future[Outcome]


class Lane:
    """One thread, one connection, one bounded queue."""

    def __init__(self, engine: Engine, settings: Settings, number: int = 0) -> None:
        self._engine = engine
        self._settings = settings
        self._loop = asyncio.get_running_loop()
        self._queue: deque[_Waiting] = deque()
        self._queue_bytes = 0  # with what is being committed
        self._arrived = threading.Condition()
        self._closing = False
        self._connection: Connection | None = None
        self._look_first = False
        self._thread = threading.Thread(target=self._run, name=f"lane-{number}", daemon=True)
        self._thread.start()

    def submit(self, submission: Submission) -> asyncio.Future[Outcome]:
        """Queue a submission; the future holds its outcome once it is committed. Busy if the queue is full."""
        with self._arrived:
            if not self.has_room(submission):
                raise Busy
            future: asyncio.Future[Outcome] = self._loop.create_future()
            self._queue.append(_Waiting(submission, future))
            self._queue_bytes += submission.size
            self._arrived.notify()
        return future

    def has_room(self, submission: Submission) -> bool:
        """Whether it may be submitted; as long as nobody else submits, that stays so unless the lane is closed."""
        return not self._closing and self._queue_bytes + submission.size <= self._settings.queue_bytes_max

    @property
    def queue_bytes(self) -> int:
        return self._queue_bytes

    def close(self) -> None:
        """Take no more, write what is queued, and end; gives up after `drain_timeout_s`."""
        with self._arrived:
            self._closing = True
            self._arrived.notify()
        self._thread.join(self._settings.drain_timeout_s)
        if self._thread.is_alive():
            log.error("drain_gave_up", waiting=len(self._queue), timeout_s=self._settings.drain_timeout_s)

    def _run(self) -> None:
        while group := self._take():
            results = self._commit([waiting.submission for waiting in group])
            with self._arrived:
                self._queue_bytes -= sum(waiting.submission.size for waiting in group)
            self._loop.call_soon_threadsafe(_deliver, group, results)
        self._disconnect()

    def _take(self) -> list[_Waiting]:
        """The next group: all that waits, within the limits; empty when the lane is closed and all is written."""
        with self._arrived:
            while not self._queue and not self._closing:
                self._arrived.wait()
            group: list[_Waiting] = []
            documents = size = 0
            while self._queue:
                following = self._queue[0].submission
                documents += len(following.rows) + len(following.events)
                size += following.size
                too_much = documents > self._settings.group_documents_max or size > self._settings.group_bytes_max
                if group and too_much:
                    break
                group.append(self._queue.popleft())
            return group

    def _commit(self, group: Sequence[Submission]) -> list[Outcome | Exception]:
        try:
            return list(self._try(group))
        except StorageUnavailable as error:
            log.warning("storage_unavailable", error=str(error))
            self._disconnect()
            return [error] * len(group)
        except Exception as error:  # one bad request must not fail its neighbours
            self._disconnect()
            if len(group) > 1:
                log.warning("group_split", requests=len(group), error=str(error))
                return [result for submission in group for result in self._commit([submission])]
            log.exception("commit_failed", error=str(error))
            return [error]

    def _try(self, group: Sequence[Submission]) -> list[Outcome]:
        for _ in range(LOOKS_MAX):
            try:
                with metrics.COMMIT_SECONDS.time():
                    outcomes = commit_group(self._connect(), group, look_first=self._look_first)
            except AlreadyStored:
                self._look_first = True
                continue
            # Resends come in runs: while they do, looking first saves the failed attempt.
            self._look_first = any(outcome.duplicates for outcome in outcomes)
            metrics.GROUP_REQUESTS.observe(len(group))
            return outcomes
        raise StorageUnavailable(f"Another process was faster {LOOKS_MAX} times")

    def _connect(self) -> Connection:
        if self._connection is None:
            self._connection = open_for_writing(self._engine)
        return self._connection

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.invalidate()
            self._connection.close()
            self._connection = None


def _deliver(group: Sequence[_Waiting], results: Sequence[Outcome | Exception]) -> None:
    for waiting, result in zip(group, results, strict=True):
        if waiting.future.done():  # the request gave up waiting
            continue
        if isinstance(result, Exception):
            waiting.future.set_exception(result)
        else:
            waiting.future.set_result(result)


class Writer:
    """All lanes. A merchant's documents always go through the same one."""

    def __init__(self, engine: Engine, settings: Settings) -> None:
        self._lanes = [Lane(engine, settings, number) for number in range(settings.lanes)]

    async def write(self, submission: Submission) -> Outcome:
        """Commit a submission. Raises Busy; StorageUnavailable, and then what other lanes took may be stored."""
        parts = self._split(submission)
        if len(parts) == 1:
            lane, part = parts[0]
            return await lane.submit(part)
        if not all(lane.has_room(part) for lane, part in parts):  # all of it is queued, or nothing
            raise Busy
        outcomes = await asyncio.gather(*[lane.submit(part) for lane, part in parts])
        problems = [problem for outcome in outcomes for problem in outcome.problems]
        accepted = sum(outcome.accepted for outcome in outcomes)
        return Outcome(accepted, sum(outcome.duplicates for outcome in outcomes), problems)

    def _split(self, submission: Submission) -> list[tuple[Lane, Submission]]:
        if len(self._lanes) == 1:
            return [(self._lanes[0], submission)]
        parts: dict[int, Submission] = {}

        def part(merchant_id: int) -> Submission:
            return parts.setdefault(merchant_id % len(self._lanes), Submission())

        for place, row in zip(submission.indexes, submission.rows, strict=True):
            its_part = part(row.merchant_id)
            its_part.rows.append(row)
            its_part.indexes.append(place)
            its_part.size += len(row.body)
            if place in submission.details:
                its_part.details[place] = submission.details[place]
        for quarantined in submission.quarantined:
            its_part = part(quarantined.merchant_id)
            its_part.quarantined.append(quarantined)
            its_part.size += len(quarantined.body)
        for event in submission.events:
            its_part = part(event.merchant_id)
            its_part.events.append(event)
            its_part.size += submission.size // len(submission.events)
        return [(self._lanes[number], its_part) for number, its_part in parts.items()]

    @property
    def queue_bytes(self) -> int:
        return sum(lane.queue_bytes for lane in self._lanes)

    def close(self) -> None:
        """Write what is queued, and end all lanes."""
        for lane in self._lanes:
            lane.close()
