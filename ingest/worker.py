"""gunicorn's ASGI worker, with an end of its own: connections on which nothing is asked do not hold it up.

Registers keep their connections open until the next poll. Left to itself, gunicorn waits for them as for requests under
way, up to `graceful_timeout`.
"""

import asyncio
from typing import Any

from gunicorn.workers import gasgi

LOOK_S = 0.1  # as long, at least, has a connection that was just made for its first request


class Connection(gasgi.ASGIProtocol):
    """A connection that its worker knows."""

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self.worker.connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self.worker.connections.discard(self)

    def close_if_idle(self) -> None:
        """Close it as when its time is up, unless a request has arrived, or is still being answered."""
        if self._awaiting_request and not self._request_ready.is_set() and not self._finishing_calls:
            self._keepalive_timeout()


class Worker(gasgi.ASGIWorker):
    def init_process(self) -> None:
        self.connections: set[Connection] = set()
        gasgi.ASGIProtocol = Connection  # the worker asks for no other name
        super().init_process()

    async def _shutdown(self) -> None:
        """Finish the requests under way, and close all other connections meanwhile."""
        closing = asyncio.create_task(self._close_idle())
        try:
            await super()._shutdown()
        finally:
            closing.cancel()

    async def _close_idle(self) -> None:
        while True:
            await asyncio.sleep(LOOK_S)
            for connection in tuple(self.connections):
                connection.close_if_idle()
