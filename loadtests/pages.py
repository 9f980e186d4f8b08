"""`make bench-pages`: how long pages take over ten million documents, as a ratio to the floor of the same run.

The floor is a bare page under the same server (`pages_floor.py`). Everything is asked for in turns, round by round, so
that a slow moment of the machine is everybody's.
"""

import contextlib
import http.client
import math
import os
import platform
import re
import statistics
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import click
import requests

from loadtests import cabinet, servers
from loadtests.cluster import Cluster
from loadtests.pages_cases import GOALS, GROWTH_GOAL, Case, cases, deep_cases, landmark
from loadtests.pages_documents import DAYS
from loadtests.pages_fill import OPTIONS, Store, kept_cluster, store

KEPT = Path("var/bench")
SETTINGS = {"WEB_WORKERS": "1", "KABINET_ENV": "production", "SECURE_COOKIES": "0"}
FLOOR, ROW_FLOOR = "the floor", "the floor of a row"
CURSOR = re.compile(r"[?&;]after=([^&\"]+)")
CLIENTS = 4
TURN_S = 3.0  # of one case in one round, at most

Times = dict[str, list[float]]  # milliseconds of each case


class Browser:
    """A kept connection of somebody who is logged in, as cheap as can be: the machine is the server's as well."""

    def __init__(self, url: str, cookies: str = "") -> None:
        address = urlsplit(url)
        self._connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=120)
        self._connection.connect()
        self._headers = {"Cookie": cookies, "Accept": "text/html", "Accept-Language": "ru"}

    def close(self) -> None:
        self._connection.close()

    def get(self, path: str, *, is_fragment: bool = False) -> str:
        """RuntimeError unless it is a page."""
        headers = self._headers | ({"HX-Request": "true"} if is_fragment else {})
        self._connection.request("GET", path, headers=headers)
        answer = self._connection.getresponse()
        body = answer.read()
        if answer.status != 200:
            raise RuntimeError(f"{path} answered {answer.status}")
        return body.decode()

    def milliseconds(self, case: Case, count: int) -> list[float]:
        """How long it took each time; fewer times where it takes long."""
        taken: list[float] = []
        end_s = time.perf_counter() + TURN_S
        while len(taken) < count and time.perf_counter() < end_s:
            begun_s = time.perf_counter()
            self.get(case.path, is_fragment=case.is_fragment)
            taken.append((time.perf_counter() - begun_s) * 1000)
        return taken


class Stage:
    """A filled database behind the two servers."""

    def __init__(self, filled: Store, web_url: str, floor_url: str) -> None:
        with requests.Session() as session:
            cabinet.log_in(session, filled.filled.login, web_url)
            self._cookies = "; ".join(f"{cookie.name}={cookie.value}" for cookie in session.cookies)
        self._web_url, self._floor_url = web_url, floor_url
        middle = landmark(filled)
        self.floors = [
            Case(FLOOR, "other", f"/?before={middle.issued_us}"),
            Case(ROW_FLOOR, "other", f"/row?before={middle.issued_us}"),
        ]
        ends = [filled.filled.last - timedelta(days=days) for days in (DAYS // 2, DAYS - 1)]
        with contextlib.closing(self.browser()) as browser:
            cursors = [_cursor(browser.get(f"/documents?to={day}")) for day in ends]
        self.cases = [*cases(filled, middle), *deep_cases(*cursors)]

    def browser(self, case: Case | None = None) -> Browser:
        is_floor = case is not None and case in self.floors
        return Browser(self._floor_url) if is_floor else Browser(self._web_url, self._cookies)

    def measure(self, times: Times, clients: int, count: int, only: str) -> None:
        """One round: every case `count` times by each of so many clients at once."""
        chosen = [*self.floors, *(case for case in self.cases if re.search(only, case.name))]
        with ThreadPoolExecutor(clients) as pool:
            for case in chosen:
                for taken in pool.map(lambda case: self._milliseconds(case, count), [case] * clients):
                    times[case.name] += taken

    def _milliseconds(self, case: Case, count: int) -> list[float]:
        with contextlib.closing(self.browser(case)) as browser:
            return browser.milliseconds(case, count)


def _cursor(page: str) -> str:
    found = CURSOR.search(page)
    if found is None:
        raise RuntimeError("Cash documents do not lead on to older ones")
    return found[1]


@contextlib.contextmanager
def stage(filled: Store) -> Iterator[Stage]:
    with servers.web(filled.url, **SETTINGS) as web, servers.floor(filled.url, WEB_WORKERS="1") as floor:
        yield Stage(filled, web.url, floor.url)


def table(stages: Sequence[Stage], alone: Sequence[Times], crowd: Times) -> Iterator[str]:
    """The rows of the table, as Markdown: `alone` holds the times of each stage, the last of which is the largest."""
    largest = alone[-1]
    for case in [*stages[-1].floors, *stages[-1].cases]:
        if case.name not in largest:
            continue
        floor = ROW_FLOOR if case.kind == "row" else FLOOR
        ratio = _p50(largest[case.name]) / _p50(largest[floor])
        growth = _p50(largest[case.name]) / _p50(alone[0][case.name])
        goal = GOALS[case.kind]
        crowded = _p50(crowd[case.name]) / _p50(crowd[floor])
        misses = goal is not None and (ratio > goal or growth > GROWTH_GOAL)
        yield (
            f"| {case.name} | {' | '.join(_times(times[case.name]) for times in alone)} | {ratio:.2f}"
            f" | {f'≤ {goal:g}' if goal else ''} | {growth:.2f} | {_times(crowd[case.name])} ({crowded:.2f})"
            f" | {'' if goal is None else '**missed**' if misses else 'met'} |"
        )


def _p50(taken: Sequence[float]) -> float:
    return statistics.median(taken)


def _times(taken: Sequence[float]) -> str:
    p95 = sorted(taken)[math.ceil(0.95 * len(taken)) - 1]
    return f"{_p50(taken):.1f} / {p95:.1f}"


@contextlib.contextmanager
def cluster(*, keep: bool) -> Iterator[Cluster]:
    """A cluster of our own that commits durably: the one that is kept, or one for this run."""
    if keep:
        with kept_cluster(KEPT) as kept:
            yield kept
        return
    temporary = Cluster(OPTIONS)
    try:
        yield temporary
    finally:
        temporary.remove()


def measured(stages: Sequence[Stage], rounds: int, count: int, only: str) -> tuple[list[Times], Times]:
    """The times of one client at each stage, in turns; and those of several at the last one."""
    alone: list[Times] = [defaultdict(list) for _ in stages]
    crowd: Times = defaultdict(list)
    for _ in range(rounds):
        for place, times in zip(stages, alone, strict=True):
            place.measure(times, 1, count, only)
        stages[-1].measure(crowd, CLIENTS, max(1, count // CLIENTS), only)
    return alone, crowd


@click.command()
@click.option("--keep", is_flag=True, help=f"Keep the filled databases in {KEPT}, and use those that are kept.")
@click.option("--documents", type=int, multiple=True, default=(1_000_000, 10_000_000), show_default=True)
@click.option("--rounds", default=6, show_default=True)
@click.option("--requests", "count", default=10, show_default=True, help="Of each page in each round.")
@click.option("--only", default="", help="Pages whose names this pattern is found in.")
def pages(keep: bool, documents: Sequence[int], rounds: int, count: int, only: str) -> None:
    """Measure the pages of a merchant with 500 registers, and print the table as Markdown."""
    click.echo(f"\nPython {platform.python_version()}, {os.cpu_count()} cores, clients on the same machine.")
    with cluster(keep=keep) as own, contextlib.ExitStack() as stack:
        filled = [store(own, number) for number in documents]
        for database, _ in filled:
            click.echo(f"{database.documents:,} documents, filled in {database.fill_s:.0f} s.")
        stages = [stack.enter_context(stage(each)) for each in filled]
        alone, crowd = measured(stages, rounds, count, only)
    of_each = " | ".join(f"{number:,}: p50 / p95 ms" for number in documents)
    click.echo(f"\n| page | {of_each} | × floor | goal | growth | {CLIENTS} clients (× floor) | |")
    click.echo(f"|---|{'--:|' * len(documents)}--:|---|--:|--:|---|")
    for line in table(stages, alone, crowd):
        click.echo(line)


if __name__ == "__main__":
    pages()
