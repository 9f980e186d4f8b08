"""An ASGI application that reads a body and says thanks: what the server itself can do, as a ceiling."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

BODY = b'{"accepted":1,"duplicates":0,"problems":[]}'
HEADERS = ((b"content-type", b"application/json"), (b"content-length", b"%d" % len(BODY)))


async def app(
    scope: Mapping[str, Any],
    receive: Callable[[], Awaitable[Mapping[str, Any]]],
    send: Callable[[Mapping[str, Any]], Awaitable[None]],
) -> None:
    if scope["type"] == "lifespan":
        for event in ("startup", "shutdown"):
            await receive()
            await send({"type": f"lifespan.{event}.complete"})
        return
    while (await receive()).get("more_body", False):
        pass
    await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
    await send({"type": "http.response.body", "body": BODY})
