"""Documents arrive in each register's order, whatever the service and the network do meanwhile."""

import asyncio
import json
from collections import defaultdict
from collections.abc import Callable, Iterator

import pytest

from loadtests.client import Target
from loadtests.generator import sales
from loadtests.posting import Conflict, NotTaken, Poster

Answerer = Callable[[int, list[dict]], bytes | None]


def answer(status: str, body: object, *headers: str) -> bytes:
    content = json.dumps(body).encode()
    head = "\r\n".join([f"HTTP/1.1 {status}", *headers, f"Content-Length: {len(content)}"])
    return head.encode() + b"\r\n\r\n" + content


def accept(documents: list[dict], **changes: object) -> bytes:
    return answer("200 OK", {"accepted": len(documents), "duplicates": 0, "problems": []} | changes)


class Service:
    """A service that answers as it is told, and remembers what it took. None: it breaks the connection."""

    def __init__(self, answerer: Answerer) -> None:
        self._answerer = answerer
        self.taken: list[dict] = []
        self.requests = 0
        self.most_at_once: dict[str, int] = defaultdict(int)
        self._at_work: dict[str, int] = defaultdict(int)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                length = int(head.partition(b"Content-Length: ")[2].split()[0])
                documents = json.loads(await reader.readexactly(length))["documents"]
                sko = documents[0]["sko"]
                self._at_work[sko] += 1
                self.most_at_once[sko] = max(self.most_at_once[sko], self._at_work[sko])
                await asyncio.sleep(0.002)
                self._at_work[sko] -= 1
                self.requests += 1
                said = self._answerer(self.requests, documents)
                if said is None:
                    break
                if said.startswith(b"HTTP/1.1 200"):
                    self.taken += documents
                writer.write(said)
        except asyncio.IncompleteReadError:
            pass  # the client is done
        writer.close()


def post(answerer: Answerer, bodies: Iterator[tuple[str, bytes]], **options: int) -> Service:
    async def run() -> Service:
        service = Service(answerer)
        server = await asyncio.start_server(service.serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        poster = Poster(f"http://127.0.0.1:{port}", "secret", **options)
        try:
            for sko, body in bodies:
                await poster.add(sko, body)
            await poster.drain()
        finally:
            await poster.close()
            server.close()
            await server.wait_closed()
        return service

    return asyncio.run(run())


def interleaved(registers: int, documents: int) -> Iterator[tuple[str, bytes]]:
    streams = [(str(sko), sales(1, str(sko), documents)) for sko in range(1, registers + 1)]
    for _ in range(documents):
        for sko, stream in streams:
            yield sko, next(stream)


def numbers(taken: list[dict]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = defaultdict(list)
    for document in taken:
        found[document["sko"]].append(document["number"])
    return found


def test_every_register_is_sent_in_order_one_batch_at_a_time() -> None:
    service = post(lambda _, documents: accept(documents), interleaved(5, 103), batch_documents=10, connections=8)
    assert numbers(service.taken) == {str(sko): list(range(1, 104)) for sko in range(1, 6)}
    assert set(service.most_at_once.values()) == {1}


def test_busy_and_rate_limited_batches_are_sent_again() -> None:
    def busy_at_first(request: int, documents: list[dict]) -> bytes:
        if request <= 2:
            return answer(("503 Busy", "429 Slow")[request - 1], {"detail": "later"}, "Retry-After: 0")
        return accept(documents)

    service = post(busy_at_first, interleaved(2, 30), batch_documents=10)
    assert numbers(service.taken) == {"1": list(range(1, 31)), "2": list(range(1, 31))}


def test_a_broken_connection_is_opened_again() -> None:
    service = post(
        lambda request, documents: None if request % 3 == 1 else accept(documents),
        interleaved(2, 20),
        batch_documents=10,
        connections=1,
    )
    assert numbers(service.taken) == {"1": list(range(1, 21)), "2": list(range(1, 21))}


def test_a_refused_batch_ends_it_with_the_sentence_of_the_service() -> None:
    with pytest.raises(NotTaken, match="a batch of СКО 1: 401: No such token"):
        post(lambda *_: answer("401 Unauthorized", {"detail": "No such token"}), interleaved(1, 5))


@pytest.mark.parametrize(("status", "kind"), [("quarantined", NotTaken), ("conflict", Conflict)])
def test_a_document_that_is_not_accepted_ends_it(status: str, kind: type[Exception]) -> None:
    problem = {"sko": "1", "number": 3, "status": status, "code": "some_code", "detail": "It is wrong."}
    with pytest.raises(kind, match=rf"document 3 of СКО 1 \({status}, some_code\): It is wrong\."):
        post(lambda _, documents: accept(documents, problems=[problem]), interleaved(1, 5))


def test_an_answer_without_a_length_ends_it_instead_of_waiting_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("loadtests.posting.TRIES_MAX", 2)
    with pytest.raises(NotTaken, match="Content-Length"):
        post(lambda *_: b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", interleaved(1, 5))


@pytest.mark.parametrize("url", ["", "127.0.0.1:8001", "ftp://host", "http://", "http://host/path", "http://host/?a=1"])
def test_only_the_address_of_a_service_is_one(url: str) -> None:
    with pytest.raises(ValueError, match="is no address of a service"):
        Target.of(url)


def test_the_port_goes_without_saying() -> None:
    assert Target.of("https://ingest.example") == ("ingest.example", 443, True)
    assert Target.of("http://[::1]:8001/") == ("::1", 8001, False)
