"""A register's line to the service: one kept connection, plain requests, and the ways in which it can break."""

import http.client
import json
import time
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import urlencode

from loadtests.client import Target
from loadtests.posting import TRY_AGAIN, NotTaken

TIMEOUT_S = 30
TRIES_MAX = 10


class Offline(Exception):
    """The service can't be reached; whatever was on its way may have arrived or not."""


class Reply(NamedTuple):
    status: int
    headers: Mapping[str, str]  # by lower-case name
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


class Line:
    """Not thread-safe. While it is cut, every request is Offline."""

    def __init__(self, url: str) -> None:
        self._target = Target.of(url)
        self._connection: http.client.HTTPConnection | None = None
        self.token: str | None = None
        self.is_cut = False

    def get(self, path: str, **headers: str) -> Reply:
        """Raises Offline; NotTaken if the service stays busy."""
        return self._ask("GET", path, None, headers)

    def post(self, path: str, body: bytes) -> Reply:
        """JSON to where a token is needed. Raises Offline; NotTaken if the service stays busy."""
        return self._ask("POST", path, body, {"Content-Type": "application/json"})

    def post_form(self, path: str, parameters: Mapping[str, str]) -> Reply:
        """A form of the device grant. Raises Offline; NotTaken if the service stays busy."""
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        return self._ask("POST", path, urlencode(parameters).encode(), form)

    def post_unheard(self, path: str, body: bytes) -> None:
        """Post, and lose the connection before the answer is there."""
        self._send("POST", path, body, {"Content-Type": "application/json"})
        self.close()

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _ask(self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]) -> Reply:
        for _ in range(TRIES_MAX):
            reply = self._one(method, path, body, headers)
            if reply.status not in TRY_AGAIN:
                return reply
            time.sleep(int(reply.headers.get("retry-after", "1")))
        raise NotTaken(f"The service did not take a request after {TRIES_MAX} tries: {reply.status}")

    def _one(self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]) -> Reply:
        try:
            answer = self._send(method, path, body, headers).getresponse()
            named = {name.lower(): value for name, value in answer.getheaders()}
            return Reply(answer.status, named, answer.read())
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise Offline(str(error)) from error

    def _send(
        self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]
    ) -> http.client.HTTPConnection:
        if self.is_cut:
            raise Offline("the connection is lost")
        connection = self._connection = self._connection or self._open()
        own = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        try:
            connection.request(method, path, body, {**own, **headers})
        except OSError as error:
            self.close()
            raise Offline(str(error)) from error
        return connection

    def _open(self) -> http.client.HTTPConnection:
        kind = http.client.HTTPSConnection if self._target.tls else http.client.HTTPConnection
        return kind(self._target.host, self._target.port, timeout=TIMEOUT_S)
