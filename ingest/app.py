"""The ASGI application: `gunicorn -k asgi ingest.app:app`. Routes, authentication, errors; no framework in between."""

import asyncio
import re
import secrets
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Any, NamedTuple

import msgspec
import structlog

from ingest import answers, logs, metrics, openapi, reading, register_settings
from ingest.binding import post_device_code, post_token
from ingest.bodies import ClientGone, Incoming, Receive
from ingest.exchange import PROBLEM_JSON, Answer, Headers, Request, not_found, peer_of
from ingest.failures import Failure, too_large
from ingest.receive import receive_documents, receive_events
from ingest.service import Service
from ingest.settings import Settings
from sql.documents import find_document
from sql.instants import from_us
from sql.quarantine import find_quarantined

Scope = Mapping[str, Any]
Send = Callable[[Mapping[str, Any]], Awaitable[None]]

DOCUMENT_PATH = re.compile(r"/v1/documents/([0-9A-Z]{1,20})/([1-9][0-9]{0,15})")

log = structlog.get_logger()


async def post_documents(request: Request) -> Answer:
    caller = await request.caller()
    return Answer(await receive_documents(request.service, caller.token, await request.body()))


async def post_events(request: Request) -> Answer:
    caller = await request.caller()
    return Answer(await receive_events(request.service, caller.token, await request.body()))


async def get_document(request: Request) -> Answer:
    """The document that a register asks for after it lost an answer; 404 too where the token may not know of it."""
    service = request.service
    found = DOCUMENT_PATH.fullmatch(request.path)
    assert found is not None
    register = await request.register(found[1])
    key = (register.merchant_id, register.sko_id, int(found[2]))
    status: answers.KeptStatus = "accepted"
    kept = await service.read(lambda connection: find_document(connection, *key))
    if kept is None:
        status = "quarantined"
        kept = await service.read(lambda connection: find_quarantined(connection, *key))
    if kept is None:
        raise not_found()
    received_us, body = kept
    return Answer(answers.encode(answers.KeptDocument(status, from_us(received_us), msgspec.Raw(body))))


async def get_healthz(_request: Request) -> Answer:
    return Answer(b'{"status":"ok"}')


async def get_readyz(request: Request) -> Answer:
    await request.service.check_commit()
    return Answer(b'{"status":"ok"}')


async def get_metrics(request: Request) -> Answer:
    metrics.QUEUE_BYTES.set(request.service.writer.queue_bytes)
    content_type, text = metrics.exposition()
    return Answer(text, content_type.encode())


async def get_openapi(_request: Request) -> Answer:
    return Answer(openapi.ENCODED)


class Route(NamedTuple):
    name: str  # as metrics call it
    handlers: Mapping[str, Callable[[Request], Awaitable[Answer]]]


ROUTES = {
    "/v1/documents": Route("documents", {"POST": post_documents}),
    "/v1/events": Route("events", {"POST": post_events}),
    "/oauth/device/code": Route("device_code", {"POST": post_device_code}),
    "/oauth/token": Route("token", {"POST": post_token}),
    "/healthz": Route("healthz", {"GET": get_healthz}),
    "/readyz": Route("readyz", {"GET": get_readyz}),
    "/metrics": Route("metrics", {"GET": get_metrics}),
    "/openapi.json": Route("openapi", {"GET": get_openapi}),
}
ROUTES_WITH_NUMBERS = (
    (register_settings.PATH, Route("settings", {"GET": register_settings.get_settings})),
    (DOCUMENT_PATH, Route("document", {"GET": get_document})),
)
NO_ROUTE = Route("none", {})


def route_of(path: str) -> Route:
    found = (route for pattern, route in ROUTES_WITH_NUMBERS if pattern.fullmatch(path))
    return ROUTES.get(path) or next(found, NO_ROUTE)


async def dispatch(route: Route, request: Request, query: bytes) -> Answer:
    """Answer a request, or raise Failure."""
    if not route.handlers:
        raise not_found()
    handler = route.handlers.get("GET" if request.method == "HEAD" else request.method)
    if handler is None:
        methods = [*route.handlers, *(["HEAD"] if "GET" in route.handlers else [])]
        allow = ((b"allow", ", ".join(methods).encode()),)
        raise Failure(405, "method_not_allowed", f"Use {' or '.join(methods)} here.", headers=allow)
    if query:
        raise Failure(400, "invalid_envelope", "This resource takes no query parameters.")
    return await handler(request)


class App:
    """The ASGI callable. The service lives from lifespan startup to lifespan shutdown."""

    def __init__(self, settings: Settings | None = None) -> None:
        self._settings = settings
        self._service: Service | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await self._answer(scope, receive, send)
        elif scope["type"] == "lifespan":
            await self._live(receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        logs.configure()
        try:
            self._service = Service(self._settings or Settings.from_environment())
        except Exception as error:  # noqa: BLE001  (the server logs the sentence and ends)
            log.critical("cannot_start", error=str(error))
            await send({"type": "lifespan.startup.failed", "message": str(error)})
            return
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await asyncio.to_thread(self._service.close)
        await send({"type": "lifespan.shutdown.complete"})

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        assert self._service is not None
        headers, peer = dict(scope["headers"]), peer_of(scope)
        incoming = Incoming(receive)
        request = Request(self._service, scope["method"], scope["path"], headers, incoming, peer)
        route = route_of(request.path)
        try:
            answer = await dispatch(route, request, scope["query_string"])
        except ClientGone:
            return
        except Failure as failure:
            answer = failed(failure)
        except (reading.MalformedJson, reading.InvalidEnvelope) as error:
            answer = failed(Failure(400, error.code, str(error)))
        except reading.TooMany as error:
            answer = failed(too_large(str(error)))
        except Exception:
            log.exception("request_failed", path=request.path)
            answer = failed(Failure(500, "internal_error", "This should not have happened; it is logged."))
        metrics.count_request(route.name, answer.status)
        await send({"type": "http.response.start", "status": answer.status, "headers": headers_of(answer)})
        await send({"type": "http.response.body", "body": b"" if request.method == "HEAD" else answer.body})
        # Who expects a 100 (Continue) sends nothing before it, and who was too slow has had their time.
        if answer.status >= 400 and answer.status != HTTPStatus.REQUEST_TIMEOUT and b"expect" not in headers:
            await incoming.let_finish()


def headers_of(answer: Answer) -> Headers:
    if answer.status == HTTPStatus.NOT_MODIFIED:  # it speaks of an answer that it doesn't hold
        return answer.headers
    length = b"%d" % len(answer.body)
    return ((b"content-type", answer.content_type), (b"content-length", length), *answer.headers)


def failed(failure: Failure) -> Answer:
    request_id = secrets.token_hex(8)
    if failure.status >= 500:
        log.warning("failed", request_id=request_id, code=failure.code)
    headers = (*failure.headers, (b"x-request-id", request_id.encode()))
    return Answer(failure.body(request_id), PROBLEM_JSON, failure.status, headers)


app = App()
