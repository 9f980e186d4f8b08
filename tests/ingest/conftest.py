"""A whole ingest service, spoken to as its server would speak to it."""

import asyncio
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import pytest
import sqlalchemy as sa

from ingest.app import App
from ingest.settings import Settings
from sql.engine import writing
from sql.tokens import issue_token
from tests.sql.rows import add_company


class Response(NamedTuple):
    status: int
    headers: dict[bytes, bytes]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


Asked = tuple[str, str, bytes, dict[str, str]]  # method, path, body, headers
ADDRESS = "192.0.2.1"


class Register:
    """Posts as one register would; each call starts the service, asks, and stops it."""

    def __init__(self, settings: Settings, token: str) -> None:
        self.settings = settings
        self.token = token

    def ask(self, *requests: Asked | Callable[[], object]) -> list[Response]:
        """The answers. What is no request is called when its turn has come, in a thread."""
        # In a thread of its own: a browser test of the same process leaves an event loop running in this one.
        with ThreadPoolExecutor(1) as thread:
            return thread.submit(lambda: asyncio.run(self._ask(requests))).result()

    def post(self, *batches: list[Any], path: str = "/v1/documents") -> list[Response]:
        name = path.rpartition("/")[2]
        bodies = [json.dumps({name: batch}).encode() for batch in batches]
        return self.ask(*(("POST", path, body, {"content-type": "application/json"}) for body in bodies))

    async def _ask(self, requests: tuple[Asked | Callable[[], object], ...]) -> list[Response]:
        app = App(self.settings)
        to_app: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        started: asyncio.Queue[Any] = asyncio.Queue()
        lifespan = asyncio.create_task(app({"type": "lifespan"}, to_app.get, started.put))
        await to_app.put({"type": "lifespan.startup"})
        assert (await started.get())["type"] == "lifespan.startup.complete"
        answers = []
        try:
            for request in requests:
                if callable(request):
                    await asyncio.to_thread(request)
                else:
                    answers.append(await self._one(app, *request))
            return answers
        finally:
            await to_app.put({"type": "lifespan.shutdown"})
            await lifespan

    async def _one(self, app: App, method: str, path: str, body: bytes, headers: dict[str, str]) -> Response:
        sent: list[Any] = []
        all_headers = {"authorization": f"Bearer {self.token}"} | headers
        path, _, query = path.partition("?")
        scope = {
            "type": "http",
            "method": method,
            "path": path,
            "query_string": query.encode(),
            "headers": [(name.encode(), value.encode()) for name, value in all_headers.items()],
            "client": (ADDRESS, 40_000),
        }

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Any) -> None:
            sent.append(message)

        await app(scope, receive, send)
        return Response(sent[0]["status"], dict(sent[0]["headers"]), sent[1]["body"])


@pytest.fixture
def register(engine: sa.Engine, database_url: str) -> Register:
    """A register 300012345 with a token of its own; 300099999 is another one of the same merchant."""
    merchant_id = add_company(engine, numbers=("300012345", "300099999"))
    with writing(engine) as connection:
        _, token = issue_token(connection, scope="sko", merchant_id=merchant_id, sko_id=1)
    return Register(Settings(database_url=database_url, rate_sko=0), token)
