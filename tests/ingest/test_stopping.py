"""A service that stops answers what it was asked, and waits for nobody who asks nothing."""

import http.client
import json
import signal
import socket
import time
from contextlib import closing
from typing import Any

import pytest
import sqlalchemy as sa

from sql.engine import reading, writing
from sql.tables import document
from sql.tokens import issue_token
from tests.ingest.documents import a_sale
from tests.ingest.servers import IngestProcess
from tests.sql.rows import add_company

SOON_S = 15  # far less than connections are kept, and than gunicorn by itself would wait for them


@pytest.fixture
def token(engine: sa.Engine) -> str:
    merchant_id = add_company(engine)
    with writing(engine) as connection:
        return issue_token(connection, scope="merchant", merchant_id=merchant_id)[1]


def connected(server: IngestProcess) -> Any:
    return closing(http.client.HTTPConnection(server.address, timeout=30))


def numbers_stored(engine: sa.Engine) -> set[int]:
    with reading(engine) as connection:
        return set(connection.execute(sa.select(document.c.number)).scalars())


def close_soon(idle: socket.socket) -> bool:
    idle.settimeout(SOON_S)
    return idle.recv(1) == b""


def test_idle_connections_close_at_once_and_a_request_under_way_is_finished(
    engine: sa.Engine, database_url: str, token: str
):
    body = json.dumps({"documents": [a_sale(number=7)]}).encode()
    server = IngestProcess(database_url)
    try:
        with connected(server) as asked, connected(server) as silent, connected(server) as posting:
            silent.connect()
            posting.putrequest("POST", "/v1/documents")
            posting.putheader("Authorization", f"Bearer {token}")
            posting.putheader("Content-Type", "application/json")
            posting.putheader("Content-Length", str(len(body)))
            posting.endheaders(body[:10])
            for _ in range(5):  # with so many turns, the service has come to the head as well
                asked.request("GET", "/healthz")
                asked.getresponse().read()

            server.signal(signal.SIGTERM)
            assert close_soon(asked.sock)
            assert close_soon(silent.sock)
            assert server.is_running
            posting.send(body[10:])
            answer = posting.getresponse()
            assert (answer.status, answer.headers["Connection"]) == (200, "close")
            assert json.load(answer)["accepted"] == 1
            server.wait(SOON_S)
    finally:
        server.stop()
    assert numbers_stored(engine) == {7}


def test_what_was_acknowledged_before_the_end_is_stored(engine: sa.Engine, database_url: str, token: str):
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    server = IngestProcess(database_url, INGEST_RATE_MERCHANT="0")
    acknowledged: set[int] = set()
    number = 0
    try:
        with connected(server) as posting:
            while server.is_running:
                number += 1
                if number == 20:
                    server.signal(signal.SIGTERM)
                try:
                    posting.request(
                        "POST", "/v1/documents", json.dumps({"documents": [a_sale(number=number)]}), headers
                    )
                    answer = posting.getresponse()
                    assert (answer.status, json.load(answer)["accepted"]) == (200, 1)
                    acknowledged.add(number)
                except (OSError, http.client.HTTPException):
                    posting.close()
                    time.sleep(0.05)
    finally:
        server.stop()
    assert len(acknowledged) >= 20  # the last of them after the signal
    assert acknowledged <= numbers_stored(engine)
