"""Look-ups in the database, many at once: after a restart every register turns up within a minute.

Like the writer's group commit, without timers: while one query is under way, the keys that are asked for queue up, and
the next query takes all of them. A lone key never waits for company.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Hashable, Mapping
from itertools import islice
from typing import Generic, TypeVar

KEYS_MAX = 1_000  # in one query

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Lookups(Generic[K, V]):
    """One kind of look-up. What was asked for after a change was committed sees the change: nothing is kept."""

    def __init__(self, ask: Callable[[Collection[K]], Awaitable[Mapping[K, V]]]) -> None:
        self._ask = ask
        self._waiting: dict[K, asyncio.Future[V | None]] = {}
        self._asking: asyncio.Task[None] | None = None

    async def find(self, key: K) -> V | None:
        """What the database says of this key, None if nothing. Raises what the query raises."""
        future = self._waiting.get(key)
        if future is None:
            future = self._waiting[key] = asyncio.get_running_loop().create_future()
            if self._asking is None:
                self._asking = asyncio.create_task(self._run())
        return await asyncio.shield(future)  # others may wait for the same key

    async def _run(self) -> None:
        while self._waiting:
            keys = list(islice(self._waiting, KEYS_MAX))
            group = {key: self._waiting.pop(key) for key in keys}
            try:
                found = await self._ask(keys)
            except Exception as error:  # noqa: BLE001  (it is for those who asked)
                for future in group.values():
                    future.set_exception(error)
                    future.exception()  # whoever asked may be gone by now
            else:
                for key, future in group.items():
                    future.set_result(found.get(key))
        self._asking = None
