"""The sender of the benchmark, in a process of its own: everything is prepared before the clock starts."""

import asyncio
import multiprocessing
import statistics
import time
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import msgspec
import uvloop

from loadtests.client import Connection, Target
from loadtests.generator import batch, sales


class Load(NamedTuple):
    """What to send: `documents` sales of these registers in batches, `rounds` times the same."""

    url: str
    token: str
    skos: Sequence[str]
    documents: int
    batch_documents: int
    connections: int
    rounds: int = 1
    seed: int = 1


class Measured(NamedTuple):
    """One round. Latencies are from the first byte sent to the whole answer read, in milliseconds."""

    documents: int
    accepted: int
    duplicates: int
    seconds: float
    p50_ms: float
    p99_ms: float

    @property
    def rate(self) -> float:
        """Documents a second."""
        return self.documents / self.seconds


class _Said(msgspec.Struct):
    accepted: int
    duplicates: int
    problems: list[msgspec.Raw]


_decoder = msgspec.json.Decoder(_Said)


def hammer(load: Load) -> list[Measured]:
    """Send the load from another process; a result for each round. RuntimeError if a document is not taken."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_run, (load,))


def bodies(load: Load) -> Iterator[list[bytes]]:
    """The batches in the order in which they are sent: the registers take turns."""
    batches = -(-load.documents // load.batch_documents)
    for place in range(batches):
        sko = load.skos[place % len(load.skos)]
        first = place // len(load.skos) * load.batch_documents + 1
        yield list(sales(load.seed, sko, load.batch_documents, first=first))


def _run(load: Load) -> list[Measured]:
    target = Target.of(load.url)
    requests = [target.post("/v1/documents", load.token, batch(several)) for several in bodies(load)]
    return uvloop.run(_rounds(target, load, requests))


async def _rounds(target: Target, load: Load, requests: Sequence[bytes]) -> list[Measured]:
    connections = [await Connection.open(target) for _ in range(load.connections)]
    measured = [await _round(connections, load, requests) for _ in range(load.rounds)]
    for connection in connections:
        await connection.close()
    return measured


async def _round(connections: Sequence[Connection], load: Load, requests: Sequence[bytes]) -> Measured:
    waiting = iter(requests)
    latencies_s: list[float] = []
    answers: list[bytes] = []

    async def work(connection: Connection) -> None:
        for request in waiting:
            begun_s = time.perf_counter()
            answer = await connection.send(request)
            latencies_s.append(time.perf_counter() - begun_s)
            if answer.status != 200:
                raise RuntimeError(f"The service answered {answer.status}: {answer.body.decode()}")
            answers.append(answer.body)

    begun_s = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for connection in connections:
            group.create_task(work(connection))
    seconds = time.perf_counter() - begun_s
    said = [_decoder.decode(answer) for answer in answers]
    if problems := [bytes(problem) for one in said for problem in one.problems]:
        raise RuntimeError(f"{len(problems)} documents were not taken, the first one: {problems[0].decode()}")
    cuts = statistics.quantiles(latencies_s, n=100) if len(latencies_s) > 1 else latencies_s * 99
    return Measured(
        documents=len(requests) * load.batch_documents,
        accepted=sum(one.accepted for one in said),
        duplicates=sum(one.duplicates for one in said),
        seconds=seconds,
        p50_ms=cuts[49] * 1000,
        p99_ms=cuts[98] * 1000,
    )
