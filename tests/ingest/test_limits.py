"""What the service does at its limits: full, slow, several lanes, a second process."""

import asyncio
import http.client
import socket
from collections.abc import Mapping
from typing import Any, BinaryIO

import pytest
import sqlalchemy as sa

from ingest import bodies
from ingest.bodies import Incoming
from ingest.service import AnotherProcess, Service
from ingest.settings import Settings
from sql.engine import reading, writing
from sql.merchants import merchant_by_unp
from sql.tables import document, event, quarantine, turnover
from sql.tokens import issue_token
from sql.turnover import turnover_differences
from tests.ingest.conftest import Register
from tests.ingest.documents import EVENT, a_sale
from tests.ingest.servers import IngestProcess
from tests.sql.rows import add_company


def test_a_full_queue_is_busy_and_stores_nothing(engine: sa.Engine, database_url: str, register: Register):
    register.settings = Settings(database_url=database_url, queue_bytes_max=100)
    [answer] = register.post([a_sale()])
    assert (answer.status, answer.json()["code"]) == (503, "busy")
    assert int(answer.headers[b"retry-after"]) >= 1
    with reading(engine) as connection:
        assert connection.execute(sa.select(document)).all() == []


@pytest.mark.parametrize("lanes", [1, 3])
def test_a_gateways_batch_goes_through_all_lanes(engine: sa.Engine, database_url: str, lanes: int):
    numbers = {"191832203": "A1", "100320487": "B1", "100582333": "C1"}
    for unp, number in numbers.items():
        add_company(engine, unp=unp, numbers=(number,))
    with writing(engine) as connection:
        _, token = issue_token(connection, scope="operator")
        merchant_ids = [merchant_by_unp(connection, unp).merchant_id for unp in numbers]
    register = Register(Settings(database_url=database_url, lanes=lanes), token)
    batch = [a_sale(sko=sko, number=number) for number in (1, 2) for sko in numbers.values()]
    broken = a_sale(sko="B1", number=3, total=1)
    first, again = register.post([*batch, broken, a_sale(sko="Z9")], batch)
    problems = [(entry["index"], entry["sko"], entry["code"]) for entry in first.json()["problems"]]
    assert (first.json()["accepted"], problems) == (6, [(6, "B1", "total_mismatch"), (7, "Z9", "unknown_sko")])
    assert again.json() == {"accepted": 0, "duplicates": 6, "problems": []}
    with reading(engine) as connection:
        assert turnover_differences(connection) == []
        counted = connection.execute(sa.select(turnover.c.merchant_id, turnover.c.sales_count)).all()
        assert sorted(map(tuple, counted)) == [(merchant_id, 2) for merchant_id in sorted(merchant_ids)]
        assert len(connection.execute(sa.select(quarantine)).all()) == 1


def test_a_batch_that_one_of_its_lanes_has_no_room_for_is_not_stored_in_part(
    engine: sa.Engine, database_url: str, register: Register
):
    """Of two merchants, one document is small and one is large: neither is stored, nor is an event of either."""
    add_company(engine, unp="100320487", numbers=("B1",))
    with writing(engine) as connection:
        _, register.token = issue_token(connection, scope="operator")
    register.settings = Settings(database_url=database_url, lanes=2, queue_bytes_max=2_000)
    small, large = a_sale(), a_sale(sko="B1", extra="x" * 2_000)
    [documents] = register.post([small, large])
    [events] = register.post([EVENT] + [EVENT | {"sko": "B1", "detail": "x" * 500}] * 10, path="/v1/events")
    assert [(answer.status, answer.json()["code"]) for answer in (documents, events)] == [(503, "busy")] * 2
    with reading(engine) as connection:
        assert connection.execute(sa.select(document.c.number)).all() == []
        assert connection.execute(sa.select(event.c.kind)).all() == []


def test_a_body_that_does_not_arrive_is_given_up(engine: sa.Engine, database_url: str):
    merchant_id = add_company(engine)
    with writing(engine) as connection:
        _, token = issue_token(connection, scope="merchant", merchant_id=merchant_id)
    server = IngestProcess(database_url, INGEST_BODY_TIMEOUT_S="1")
    host, _, port = server.address.partition(":")
    try:
        with socket.create_connection((host, int(port)), timeout=20) as connection:
            connection.sendall(_post(token, 100) + b"{")
            assert connection.recv(1000).startswith(b"HTTP/1.1 408 ")
    finally:
        server.stop()


def test_who_sends_too_much_reads_the_answer_and_goes_on(engine: sa.Engine, database_url: str):
    """Even a client that looks for an answer only after its last byte; but nothing is taken without end."""
    with writing(engine) as connection:
        _, token = issue_token(connection, scope="operator")
    server = IngestProcess(database_url)
    host, _, port = server.address.partition(":")
    piece = b"x" * 1024**2
    try:
        with socket.create_connection((host, int(port)), timeout=20) as connection:
            answers = connection.makefile("rb")
            for authorization, megabytes, status in ((token, 5, 413), ("unknown", 3, 401)):
                connection.sendall(_post(authorization, megabytes * len(piece)) + piece * megabytes)
                assert _status(answers) == status
            connection.sendall(_post(token, 64 * len(piece)))
            with pytest.raises((BrokenPipeError, ConnectionResetError)):
                connection.sendall(piece * 64)
            answers.close()
    finally:
        server.stop()


def test_the_rest_of_a_body_is_not_waited_for_long(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(bodies, "LEFTOVER_S", 0.05)
    chunks = iter([{"type": "http.request", "body": b"x", "more_body": True}])

    async def receive() -> Mapping[str, Any]:
        return next(chunks, None) or await asyncio.sleep(60, {})

    asyncio.run(asyncio.wait_for(Incoming(receive).let_finish(), 10))


def _post(token: str, length: int) -> bytes:
    return (
        f"POST /v1/documents HTTP/1.1\r\nHost: ingest\r\nAuthorization: Bearer {token}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
    ).encode()


def _status(answers: BinaryIO) -> int:
    """Of the next answer, which is read to its end."""
    status = int(answers.readline().split()[1])
    answers.read(int(http.client.parse_headers(answers)["Content-Length"]))
    return status


def test_sqlite_takes_one_ingest_process_and_says_so(backend: str, database_url: str):
    async def start_two() -> None:
        first = Service(Settings(database_url=database_url))
        try:
            if backend == "sqlite":
                with pytest.raises(AnotherProcess, match="PostgreSQL"):
                    Service(Settings(database_url=database_url))
            else:
                Service(Settings(database_url=database_url)).close()
        finally:
            await asyncio.to_thread(first.close)

    asyncio.run(start_two())
