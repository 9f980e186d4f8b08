"""Look-ups that come together are one query, and each finds what it asked for."""

import asyncio
from collections.abc import Collection, Mapping

import pytest

from ingest import lookups
from ingest.lookups import Lookups


class Table:
    """Knows even numbers, counts its queries, and takes its time."""

    def __init__(self) -> None:
        self.asked: list[list[int]] = []
        self.works = True

    async def ask(self, keys: Collection[int]) -> Mapping[int, str]:
        self.asked.append(sorted(keys))
        await asyncio.sleep(0.01)
        if not self.works:
            raise ValueError("the database is away")
        return {key: str(key) for key in keys if key % 2 == 0}


def test_whoever_comes_while_a_query_is_under_way_shares_the_next_one():
    table = Table()

    async def run() -> list[str | None]:
        found = Lookups(table.ask)
        first = asyncio.create_task(found.find(2))
        await asyncio.sleep(0.005)
        return [*await asyncio.gather(*(found.find(key) for key in (3, 4, 2, 4))), await first, await found.find(4)]

    assert asyncio.run(run()) == [None, "4", "2", "4", "2", "4"]
    assert table.asked == [[2], [2, 3, 4], [4]]


def test_a_query_is_never_too_long(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(lookups, "KEYS_MAX", 4)
    table = Table()

    async def run() -> list[str | None]:
        found = Lookups(table.ask)
        return await asyncio.gather(*map(found.find, range(10)))

    assert asyncio.run(run()) == [None if key % 2 else str(key) for key in range(10)]
    assert [len(keys) for keys in table.asked] == [4, 4, 2]


def test_a_query_that_fails_fails_for_those_who_asked_and_no_longer():
    table = Table()

    async def run() -> tuple[list[object], str | None]:
        found = Lookups(table.ask)
        table.works = False
        failed = await asyncio.gather(found.find(2), found.find(4), return_exceptions=True)
        table.works = True
        return failed, await found.find(2)

    failed, later = asyncio.run(run())
    assert [str(error) for error in failed] == ["the database is away"] * 2
    assert later == "2"


def test_one_who_gives_up_does_not_take_the_answer_from_another():
    table = Table()

    async def run() -> str | None:
        found = Lookups(table.ask)
        gone, waiting = asyncio.create_task(found.find(2)), asyncio.create_task(found.find(2))
        await asyncio.sleep(0)
        gone.cancel()
        return await waiting

    assert asyncio.run(run()) == "2"
