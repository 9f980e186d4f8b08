"""One request and its answer, as the handlers of the routes see them."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from ingest.bodies import DOCUMENTS, Kind, Receive, read_body
from ingest.directory import Register
from ingest.failures import Failure
from ingest.receive import scope_problem
from ingest.service import Service
from ingest.tokens import Caller

Headers = tuple[tuple[bytes, bytes], ...]

JSON = b"application/json"
PROBLEM_JSON = b"application/problem+json"


class Answer(NamedTuple):
    body: bytes
    content_type: bytes = JSON
    status: int = 200
    headers: Headers = ()


class Request(NamedTuple):
    service: Service
    method: str
    path: str
    headers: Mapping[bytes, bytes]
    receive: Receive
    peer: str = ""  # the address at the other end of the connection; empty: a socket without one

    async def body(self, kind: Kind = DOCUMENTS) -> bytes:
        """The whole body. Raises Failure, ClientGone."""
        return await read_body(self.receive, self.headers, self.service.settings.body_timeout_s, kind)

    async def caller(self) -> Caller:
        """Who asks. Raises Failure 401, 429 or 503."""
        return await self.service.caller(self.headers.get(b"authorization"))

    async def register(self, sko: str) -> Register:
        """The register with this number; Failure 404 where there is none, or the caller's token may not know of it."""
        caller = await self.caller()
        await self.service.load([sko])
        register = self.service.directory.get(sko)
        if register is None or scope_problem(caller.token, register):
            raise not_found()
        return register

    @property
    def address(self) -> str:
        """Where the request comes from: the peer, or what the trusted proxies before it say."""
        proxies = self.service.settings.trusted_proxies
        if proxies:
            forwarded = self.headers.get(b"x-forwarded-for", b"").decode("latin-1").split(",")
            if len(forwarded) >= proxies and (address := forwarded[-proxies].strip()):
                return address
        return self.peer


def not_found(detail: str = "There is nothing at this address that this token may see.") -> Failure:
    return Failure(404, "not_found", detail)


def peer_of(scope: Mapping[str, Any]) -> str:
    client = scope.get("client")
    return str(client[0]) if client else ""
