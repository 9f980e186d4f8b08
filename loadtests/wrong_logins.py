"""`make load-logins`: how much a flood of wrong logins slows the logins of others.

Each attack keeps to a rate, whatever the answers are, from its own process. Meanwhile people log in one after the
other, each in a company of their own and from their own network; their times are set beside those without the attack.
"""

import html
import http.client
import itertools
import multiprocessing
import os
import platform
import random
import statistics
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from multiprocessing.synchronize import Event
from typing import NamedTuple
from urllib.parse import urlencode, urlsplit

import click
import requests

from loadtests import cabinet, company, databases, servers
from sql.engine import Engine

RATE = 50  # wrong logins a second
SENDERS = 24  # connections of an attack
WARM_S = 3.0  # until an attack has met whatever limits there are
PEOPLE = 14  # who log in during each attack, and before the first one: a one-time code works once
GOAL = 2.0
SETTINGS = {"KABINET_ENV": "production", "SECURE_COOKIES": "0", "TRUSTED_PROXIES": "1", "PUBLIC_URL": ""}


class Attack(NamedTuple):
    """Wrong logins from this many networks, with the fields that `guess` makes of a random source."""

    name: str
    path: str
    networks: int
    guess: Callable[[random.Random], dict[str, str]]


def _guess_password(chance: random.Random) -> dict[str, str]:
    return {"unp": chance.choice(UNPS), "password": f"guess-{chance.random()}", "code": f"{chance.randrange(10**6):06}"}


def _guess_email(chance: random.Random) -> dict[str, str]:
    unp = chance.choice(UNPS)
    return {"email": f"owner-{unp}@kabinet.example", "password": f"guess-{chance.random()}"}


UNPS = company.some_unps(1_000)  # most of them are nobody's
ATTACKS = (
    Attack("УНП and password, one network", "/login/password", 1, _guess_password),
    Attack("УНП and password, a network each", "/login/password", 10**6, _guess_password),
    Attack("e-mail and password, one network", "/login/email", 1, _guess_email),
    Attack("e-mail and password, a network each", "/login/email", 10**6, _guess_email),
)


class Sender:
    """A connection that guesses."""

    def __init__(self, url: str, attack: Attack, seed: int) -> None:
        address = urlsplit(url)
        self._attack, self._chance = attack, random.Random(seed)
        self._connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=60)
        with requests.Session() as session:
            page = session.get(url + attack.path)
            found = cabinet.CSRF_FIELD.search(page.text)
            if found is None:
                raise RuntimeError(f"No form at {attack.path}: {page.status_code}")
            self._token = html.unescape(found[1])
            cookies = "; ".join(f"{cookie.name}={cookie.value}" for cookie in session.cookies)
        self._headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "Cookie": cookies,
            "Origin": url,
            "Sec-Fetch-Site": "same-origin",
        }

    def guess(self) -> int:
        """Guess once; returns the status of the answer."""
        network = self._chance.randrange(self._attack.networks)
        address = f"10.{network >> 16 & 255}.{network >> 8 & 255}.{network & 255}"
        body = urlencode({"csrf_token": self._token, **self._attack.guess(self._chance)})
        self._connection.request("POST", self._attack.path, body, {**self._headers, "X-Forwarded-For": address})
        answer = self._connection.getresponse()
        answer.read()
        return answer.status


def _attack(url: str, attack: Attack, stop: Event, answers: "multiprocessing.Queue[Counter[int]]") -> None:
    """Guess RATE times a second until `stop`, then say how often each status came back."""
    statuses: Counter[int] = Counter()
    begun_s, turns, lock = time.monotonic(), itertools.count(), threading.Lock()

    def work(seed: int) -> None:
        sender = Sender(url, attack, seed)
        while not stop.is_set():
            with lock:
                due_s = begun_s + next(turns) / RATE
            time.sleep(max(0.0, due_s - time.monotonic()))
            status = sender.guess()
            with lock:
                statuses[status] += 1

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(SENDERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    answers.put(statuses)


@contextmanager
def attacked(url: str, attack: Attack) -> Iterator[Callable[[], Counter[int]]]:
    """An attack that has been going on for a while; what it yields ends it, and says what it was answered."""
    context = multiprocessing.get_context("spawn")
    stop, answers = context.Event(), context.Queue()
    process = context.Process(target=_attack, args=(url, attack, stop, answers))
    process.start()
    time.sleep(WARM_S)

    def end() -> Counter[int]:
        stop.set()
        statuses: Counter[int] = answers.get(timeout=120)
        process.join()
        return statuses

    try:
        yield end
    finally:
        stop.set()


def login_milliseconds(url: str, logins: Sequence[company.Login], first: int) -> list[float]:
    """How long each of these people waited for the page and for its answer, together."""
    taken = []
    for place, login in enumerate(logins, start=first):
        with requests.Session() as session:
            session.headers["X-Forwarded-For"] = f"192.0.2.{place}"
            begun_s = time.perf_counter()
            cabinet.log_in(session, login, url)
            taken.append((time.perf_counter() - begun_s) * 1000)
    return taken


class Stage:
    """So many companies, whose owners log in."""

    def __init__(self) -> None:
        self.logins: list[company.Login] = []

    def prepare(self, _engine: Engine, url: str) -> None:
        for unp in UNPS[: PEOPLE * (len(ATTACKS) + 1)]:
            self.logins.append(company.add_merchant(unp, f"ООО «Компания {unp}»", url))


def _times(taken: Sequence[float]) -> str:
    return f"{statistics.median(taken):.0f} / {max(taken):.0f}"


@click.command()
@click.option("--database", type=click.Choice(list(databases.SOURCES)), default="postgresql", show_default=True)
@click.option("--only", default="", help="Attacks with this in their names.")
def wrong_logins(database: str, only: str) -> None:
    """Measure logins under attack, and print the table as Markdown."""
    stage = Stage()
    with (
        databases.SOURCES[database](stage.prepare) as source,
        source.fresh() as url,
        servers.web(url, **SETTINGS) as web,
    ):
        people = iter(range(len(stage.logins)))

        def log_in() -> list[float]:
            places = list(itertools.islice(people, PEOPLE))
            return login_milliseconds(web.url, [stage.logins[place] for place in places], places[0] + 1)

        quiet = log_in()
        click.echo(f"\nPython {platform.python_version()}, {os.cpu_count()} cores, the attack on the same machine.\n")
        click.echo(f"| {RATE} wrong logins a second | a login: p50 / max ms | × | goal | answers to the attack |")
        click.echo("|---|--:|--:|---|---|")
        click.echo(f"| none | {_times(quiet)} | 1.00 | | |")
        for attack in ATTACKS:
            if only in attack.name:
                with attacked(web.url, attack) as end:
                    taken = log_in()
                    answers = ", ".join(f"{status}: {count}" for status, count in sorted(end().items()))
                ratio = statistics.median(taken) / statistics.median(quiet)
                click.echo(f"| {attack.name} | {_times(taken)} | {ratio:.2f} | ≤ {GOAL:g} | {answers} |")


if __name__ == "__main__":
    wrong_logins()
