"""A lean HTTP/1.1 client: prepared bytes out, one answer back, so that a load generator costs less than the service.

It knows what the API needs and no more: no redirects, no compression, no chunked answers, one request at a time on a
connection.
"""

import asyncio
import re
from typing import NamedTuple, Self, cast
from urllib.parse import urlsplit

HEAD = re.compile(rb"HTTP/1\.1 (\d{3}) .*?\r\n.*?content-length: *(\d+)", re.IGNORECASE | re.DOTALL)
RETRY_AFTER = re.compile(rb"\r\nretry-after: *(\d+)", re.IGNORECASE)
ANSWER_TIMEOUT_S = 60


class Answer(NamedTuple):
    status: int
    head: bytes
    body: bytes

    @property
    def retry_after_s(self) -> int:
        """How long the service asks to wait before the next try, in seconds; 1 if it doesn't say."""
        found = RETRY_AFTER.search(self.head)
        return int(found[1]) if found else 1


class Target(NamedTuple):
    """Where a service listens, taken from its address."""

    host: str
    port: int
    tls: bool

    @classmethod
    def of(cls, url: str) -> Self:
        """ValueError for anything but http://… and https://…, with nothing behind the port."""
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.path.strip("/") or parts.query:
            raise ValueError(f"{url!r} is no address of a service; one looks like http://127.0.0.1:8001")
        tls = parts.scheme == "https"
        return cls(parts.hostname, parts.port or (443 if tls else 80), tls)

    def post(self, path: str, token: str, body: bytes) -> bytes:
        """A whole POST request of JSON."""
        head = (
            f"POST {path} HTTP/1.1\r\nHost: {self.host}:{self.port}\r\nAuthorization: Bearer {token}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        return head.encode("latin-1") + body


class Connection(asyncio.Protocol):
    """One connection. ConnectionError when it breaks: whether the request was carried out is then unknown."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._received = bytearray()
        self._waiting: asyncio.Future[Answer] | None = None
        self._closed = asyncio.Event()

    @classmethod
    async def open(cls, target: Target) -> "Connection":
        loop = asyncio.get_running_loop()
        _, connection = await loop.create_connection(cls, target.host, target.port, ssl=target.tls or None)
        return connection

    async def send(self, request: bytes) -> Answer:
        """Send a whole request and wait for its answer."""
        if self._transport is None or self._transport.is_closing():
            raise ConnectionResetError("the connection is closed")
        self._waiting = asyncio.get_running_loop().create_future()
        timer = asyncio.get_running_loop().call_later(ANSWER_TIMEOUT_S, self._transport.abort)
        self._transport.write(request)
        try:
            return await self._waiting
        finally:
            timer.cancel()
            self._waiting = None

    async def close(self) -> None:
        """Close, and wait until it is."""
        if self._transport is not None:
            self._transport.close()
            await self._closed.wait()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is one in all but name

    def data_received(self, data: bytes) -> None:
        self._received += data
        end = self._received.find(b"\r\n\r\n")
        if end < 0 or self._waiting is None or self._waiting.done():
            return
        found = HEAD.match(self._received[: end + 2])
        if found is None:
            self._waiting.set_exception(ConnectionError("the answer is not HTTP/1.1 with a Content-Length"))
            return
        whole = end + 4 + int(found[2])
        if len(self._received) >= whole:
            answer = Answer(int(found[1]), bytes(self._received[:end]), bytes(self._received[end + 4 : whole]))
            del self._received[:whole]
            self._waiting.set_result(answer)

    def connection_lost(self, exc: Exception | None) -> None:
        self._closed.set()
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(ConnectionResetError(str(exc or "the connection was closed")))
