"""Days of documents → the ingest service, with a progress bar, at full speed or at a multiple of real time."""

import asyncio
import time
from collections.abc import Callable, Iterable
from datetime import date, datetime
from typing import NamedTuple

import click

from loadtests.generator import encode
from loadtests.posting import Poster
from loadtests.register import Document

PACE_STEP_S = 0.05

Days = Iterable[tuple[date, list[Document]]]


class Service(NamedTuple):
    """Where to post, with what, and how fast: `speed` times real time, or as fast as it goes (None)."""

    url: str
    token: str
    connections: int = 8
    speed: float | None = None


class Fed(NamedTuple):
    accepted: int
    duplicates: int
    seconds: float


class Pace:
    """Lets documents through when their time comes, `speed` times faster than they were issued."""

    def __init__(self, speed: float) -> None:
        self._speed = speed
        self._begun: tuple[datetime, float] | None = None  # the first document's time, and ours then

    def ahead_s(self, issued_at: str) -> float:
        """How long a document must wait from now on, in seconds."""
        at = datetime.fromisoformat(issued_at)
        now_s = time.monotonic()
        self._begun = self._begun or (at, now_s)
        first, begun_s = self._begun
        return begun_s + (at - first).total_seconds() / self._speed - now_s


def feed(days: Days, first: date, last: date, service: Service, label: str) -> Fed:
    """Post all documents of these days, which lie between `first` and `last`. Raises NotTaken."""
    begun_s = time.monotonic()
    with click.progressbar(length=(last - first).days + 1, label=label) as bar:
        documents, duplicates = asyncio.run(
            _post(days, service, lambda day: bar.update((day - first).days + 1 - bar.pos))
        )
        bar.update((last - first).days + 1 - bar.pos)
    return Fed(documents - duplicates, duplicates, time.monotonic() - begun_s)


async def _post(days: Days, service: Service, done: Callable[[date], None]) -> tuple[int, int]:
    poster = Poster(service.url, service.token, connections=service.connections)
    try:
        await post_days(days, poster, done, Pace(service.speed) if service.speed else None)
    finally:
        await poster.close()
    return poster.documents, poster.duplicates


async def post_days(days: Days, poster: Poster, done: Callable[[date], None], pace: Pace | None) -> None:
    for day, documents in days:
        if pace:
            documents.sort(key=lambda document: str(document["issued_at"]))  # stable: each register's stay in order
        for document in documents:
            if pace and (ahead_s := pace.ahead_s(document["issued_at"])) > PACE_STEP_S:
                await poster.flush()
                await asyncio.sleep(ahead_s)
            await poster.add(document["sko"], encode(document))
        done(day)
    await poster.drain()
