"""Request bodies: read within a time limit, unpacked and counted as they arrive, never held beyond the limit."""

import asyncio
import contextlib
import sys
import zlib
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple, Protocol

from ingest.failures import Failure, too_large

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

BODY_BYTES_MAX = 4 * 1024 * 1024
# Of a body that is answered before its end, this much more is taken, and thrown away.
LEFTOVER_BYTES_MAX = 2 * BODY_BYTES_MAX
LEFTOVER_S = 5

Receive = Callable[[], Awaitable[Mapping[str, Any]]]


class Kind(NamedTuple):
    """What a resource takes: media types, bytes after decompression, and the sentence for anything else."""

    media_types: tuple[bytes, ...]
    bytes_max: int
    wrong_type: str


DOCUMENTS = Kind((b"application/json",), BODY_BYTES_MAX, "Send the body as `Content-Type: application/json` in UTF-8.")


class ClientGone(Exception):
    """The client closed the connection before its body was complete."""


class Incoming:
    """A `Receive` that knows whether all of the body has been taken."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._ended = False

    async def __call__(self) -> Mapping[str, Any]:
        message = await self._receive()
        self._ended = not message.get("more_body", False)
        return message

    async def let_finish(self) -> None:
        """Take the rest of a body that is answered already, within limits.

        To close a connection on which bytes still arrive would reset it, and many a client that is still sending would
        never read its answer (RFC 9112, 9.6).
        """
        room = LEFTOVER_BYTES_MAX
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LEFTOVER_S):
                while not self._ended and room > 0:
                    room -= len((await self()).get("body", b""))


class _Unpacker(Protocol):
    @property
    def finished(self) -> bool:
        """Whether what arrived so far is a whole body."""

    def feed(self, chunk: bytes, room: int) -> bytes:
        """Unpack a chunk; returns at most `room` bytes, or raises ValueError if it is no such data."""


async def read_body(
    receive: Receive, headers: Mapping[bytes, bytes], timeout_s: float, kind: Kind = DOCUMENTS
) -> bytes:
    """The body, unpacked. Raises Failure 400, 408, 413 or 415; ClientGone."""
    _check_content_type(headers.get(b"content-type", b""), kind)
    unpacker = _unpacker(headers.get(b"content-encoding", b"").strip().lower())
    if isinstance(unpacker, _Plain) and int(headers.get(b"content-length", b"0")) > kind.bytes_max:
        raise _too_large(kind)
    try:
        async with asyncio.timeout(timeout_s):
            return await _read(receive, unpacker, kind)
    except TimeoutError:
        raise Failure(408, "timeout", f"The body did not arrive within {timeout_s} seconds.") from None


def _too_large(kind: Kind) -> Failure:
    limit = f"{kind.bytes_max // 1024**2} MiB" if kind.bytes_max >= 1024**2 else f"{kind.bytes_max // 1024} KiB"
    return too_large(f"The body is larger than {limit} after decompression.")


async def _read(receive: Receive, unpacker: _Unpacker, kind: Kind) -> bytes:
    parts: list[bytes] = []
    size = 0
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        more = message.get("more_body", False)
        if chunk := message.get("body", b""):
            try:
                part = unpacker.feed(chunk, kind.bytes_max + 1 - size)
            except (ValueError, zlib.error, zstd.ZstdError):
                raise Failure(400, "malformed_json", "The body can't be decompressed.") from None
            size += len(part)
            if size > kind.bytes_max:
                raise _too_large(kind)
            parts.append(part)
    if not unpacker.finished:
        raise Failure(400, "malformed_json", "The compressed body ends before it is complete.")
    return parts[0] if len(parts) == 1 else b"".join(parts)


def _check_content_type(value: bytes, kind: Kind) -> None:
    media_type, *parameters = (part.strip().lower() for part in value.split(b";"))
    charsets = [part.partition(b"=")[2].strip(b' "') for part in parameters if part.startswith(b"charset")]
    if media_type not in kind.media_types or any(charset not in (b"utf-8", b"utf8") for charset in charsets):
        raise Failure(415, "unsupported_media_type", kind.wrong_type)


def _unpacker(encoding: bytes) -> _Unpacker:
    if encoding in (b"", b"identity"):
        return _Plain()
    if encoding in (b"gzip", b"x-gzip"):
        return _Gzip()
    if encoding == b"zstd":
        return _Zstd()
    raise Failure(415, "unsupported_media_type", "Content-Encoding must be gzip or zstd, or absent.")


class _Plain:
    finished = True

    def feed(self, chunk: bytes, room: int) -> bytes:
        return chunk[:room] if len(chunk) > room else chunk


class _Members:
    """Compressed data may be several complete pieces, one after the other (RFC 1952 2.2, RFC 8878 3)."""

    def __init__(self) -> None:
        self._member = self._begin()
        self._begun = False

    def _begin(self) -> Any:
        raise NotImplementedError

    @property
    def finished(self) -> bool:
        return self._begun and bool(self._member.eof)

    def feed(self, chunk: bytes, room: int) -> bytes:
        parts: list[bytes] = []
        while chunk and room > 0:
            if self._member.eof:
                self._member = self._begin()
            part = self._member.decompress(chunk, room)
            self._begun = True
            room -= len(part)
            parts.append(part)
            chunk = self._member.unused_data
        return b"".join(parts)


class _Gzip(_Members):
    def _begin(self) -> Any:
        return zlib.decompressobj(wbits=31)


class _Zstd(_Members):
    def _begin(self) -> Any:
        # A window larger than the largest body would only cost memory.
        return zstd.ZstdDecompressor(options={zstd.DecompressionParameter.window_log_max: 23})
