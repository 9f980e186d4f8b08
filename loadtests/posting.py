"""Posting documents as registers do: each register's in order, in batches, again and again until they are taken."""

import asyncio
import json
from collections import deque
from collections.abc import Coroutine
from typing import Any, NamedTuple

from loadtests.client import Answer, Connection, Target
from loadtests.generator import batch

BATCH_BYTES_MAX = 1024 * 1024  # the service takes 4 MiB
TRIES_MAX = 20
TRY_AGAIN = (429, 503)


class NotTaken(Exception):
    """The service refused something that more tries would not change; the message is a sentence for a person."""


class Conflict(NotTaken):
    """Another document is stored under a number that was posted."""


class _Post(NamedTuple):
    sko: str
    bodies: list[bytes]


class Poster:
    """A pool of connections. `add` documents in each register's order, `drain` now and then and at the end."""

    def __init__(
        self,
        url: str,
        token: str,
        *,
        connections: int = 8,
        batch_documents: int = 250,
    ) -> None:
        self._target = Target.of(url)
        self._token = token
        self._batch_documents = batch_documents
        self._filling: dict[str, list[bytes]] = {}
        self._sizes: dict[str, int] = {}
        self._waiting: dict[str, deque[_Post]] = {}  # of registers with a batch on its way
        self._ready: asyncio.Queue[_Post] = asyncio.Queue()
        self._room = asyncio.Semaphore(connections * 4)
        self._workers = [asyncio.create_task(self._work()) for _ in range(connections)]
        self.documents = 0  # taken so far, duplicates included
        self.duplicates = 0

    async def add(self, sko: str, body: bytes) -> None:
        """Queue a document. Waits while too much is queued; raises NotTaken if an earlier one was refused."""
        filling = self._filling.setdefault(sko, [])
        filling.append(body)
        self._sizes[sko] = self._sizes.get(sko, 0) + len(body)
        if len(filling) >= self._batch_documents or self._sizes[sko] >= BATCH_BYTES_MAX:
            await self._send(sko)

    async def flush(self) -> None:
        """Send batches that are not full, too."""
        for sko in list(self._filling):
            await self._send(sko)

    async def drain(self) -> None:
        """Send everything and wait until it is taken. Raises NotTaken."""
        await self.flush()
        await self._first_of(self._ready.join())

    async def close(self) -> None:
        for worker in self._workers:
            worker.cancel()
        await asyncio.gather(*self._workers, return_exceptions=True)

    async def _first_of(self, waited_for: Coroutine[Any, Any, Any]) -> None:
        """Wait for this, or raise what ended a worker: a worker ends in no other way."""
        task = asyncio.ensure_future(waited_for)
        await asyncio.wait([task, *self._workers], return_when=asyncio.FIRST_COMPLETED)
        for worker in self._workers:
            if worker.done():
                task.cancel()
                worker.result()

    async def _send(self, sko: str) -> None:
        post = _Post(sko, self._filling.pop(sko))
        del self._sizes[sko]
        await self._first_of(self._room.acquire())
        if sko in self._waiting:
            self._waiting[sko].append(post)
        else:
            self._waiting[sko] = deque()
            self._ready.put_nowait(post)

    async def _work(self) -> None:
        line = _Line(self._target)
        try:
            while True:
                await self._take_turn(line)
        finally:
            await line.close()

    async def _take_turn(self, line: "_Line") -> None:
        post = await self._ready.get()
        request = self._target.post("/v1/documents", self._token, batch(post.bodies))
        self._note(post, await line.until_answered(request))
        self._room.release()
        # The register's next batch takes its turn before this one counts as done: `join` can't slip between them.
        following = self._waiting[post.sko]
        if following:
            self._ready.put_nowait(following.popleft())
        else:
            del self._waiting[post.sko]
        self._ready.task_done()

    def _note(self, post: _Post, answer: Answer) -> None:
        if answer.status != 200:
            raise NotTaken(f"The service refused a batch of СКО {post.sko}: {_sentence(answer)}")
        said = json.loads(answer.body)
        if said["problems"]:
            first = said["problems"][0]
            refusal = Conflict if first["status"] == "conflict" else NotTaken
            raise refusal(
                f"The service did not accept document {first['number']} of СКО {first['sko']}"
                f" ({first['status']}, {first['code']}): {first['detail']}"
            )
        self.duplicates += said["duplicates"]
        self.documents += len(post.bodies)


class _Line:
    """A connection that comes back after it broke."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._connection: Connection | None = None

    async def until_answered(self, request: bytes) -> Answer:
        """Try until the service has answered for good: sending again is always safe. NotTaken after TRIES_MAX."""
        reason = ""
        for attempt in range(TRIES_MAX):
            try:
                self._connection = self._connection or await Connection.open(self._target)
                answer = await self._connection.send(request)
            except OSError as error:
                await self.close()
                reason = str(error)
                await asyncio.sleep(min(0.1 * 2**attempt, 2.0))
                continue
            if answer.status not in TRY_AGAIN:
                return answer
            reason = _sentence(answer)
            await asyncio.sleep(answer.retry_after_s)
        raise NotTaken(f"The service did not take a batch after {TRIES_MAX} tries: {reason}")

    async def close(self) -> None:
        if self._connection is not None:
            await self._connection.close()
            self._connection = None


def _sentence(answer: Answer) -> str:
    try:
        return f"{answer.status}: {json.loads(answer.body)['detail']}"
    except (ValueError, KeyError, TypeError):
        return f"it answered {answer.status}"
