"""Registers that post and merchants who watch Home, at the same time. `run.py` prepares the stage and starts this."""

import os
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import msgspec
from locust import FastHttpUser, HttpUser, between, events, task

from loadtests import cabinet, thresholds
from loadtests.company import Login
from loadtests.generator import History, batch, encode

HISTORY_DAYS = 1000  # more than a register gets through in any run


class Register(msgspec.Struct):
    sko: str
    token: str


class Scene(msgspec.Struct):
    """What `run.py` has prepared."""

    ingest_url: str
    web_url: str
    registers: list[Register]
    logins: list[Login]


SCENE = msgspec.json.decode(Path(os.environ["KABINET_LOAD_SCENE"]).read_bytes(), type=Scene)
_registers: Iterator[Register] = iter(SCENE.registers)
_logins: Iterator[Login] = iter(SCENE.logins)


def documents(sko: str) -> Iterator[bytes]:
    """What a register has to report, in order."""
    history = History(sko, seed=1)
    begin = date.today() - timedelta(days=HISTORY_DAYS)  # noqa: DTZ011  (far in the past: no zone matters)
    for place in range(HISTORY_DAYS):
        for document in history.day(begin + timedelta(days=place)):
            yield encode(document)


class CashRegister(FastHttpUser):
    """A register with its own token: mostly single documents, now and then what has piled up, or the same again."""

    host = SCENE.ingest_url
    fixed_count = len(SCENE.registers)
    wait_time = between(0.1, 0.6)

    def on_start(self) -> None:
        register = next(_registers)
        self._documents = documents(register.sko)
        self._last: list[bytes] = []
        self._headers = {"Authorization": f"Bearer {register.token}", "Content-Type": "application/json"}

    @task(12)
    def single(self) -> None:
        self._post_new(1, "document")

    @task(3)
    def ten(self) -> None:
        self._post_new(10, "batch of 10")

    @task(1)
    def hundred(self) -> None:
        self._post_new(100, "batch of 100")

    @task(2)
    def again(self) -> None:
        if self._last:
            self._post(self._last, "resend", {"accepted": 0, "duplicates": len(self._last), "problems": []})

    def _post_new(self, count: int, name: str) -> None:
        self._last = [next(self._documents) for _ in range(count)]
        self._post(self._last, name, {"accepted": count, "duplicates": 0, "problems": []})

    def _post(self, bodies: list[bytes], name: str, expected: dict[str, Any]) -> None:
        with self.client.post(
            "/v1/documents", data=batch(bodies).decode(), headers=self._headers, name=name, catch_response=True
        ) as answer:
            if answer.status_code != 200 or answer.json() != expected:
                answer.failure(f"{answer.status_code}: {answer.text}")


class Merchant(HttpUser):
    """An owner who opens Home, looks at it, and lets it refresh itself."""

    host = SCENE.web_url
    fixed_count = len(SCENE.logins)
    wait_time = between(1, 4)

    def on_start(self) -> None:
        cabinet.log_in(self.client, next(_logins))
        self._blocks: list[str] = []

    @task(1)
    def open_home(self) -> None:
        self._blocks = cabinet.blocks_of(self.client.get("/", name="Home").text)

    @task(3)
    def refresh(self) -> None:
        for address in self._blocks:
            self.client.get(address, headers={"HX-Request": "true"}, name="block of Home")


@events.quitting.add_listener
def judge(environment: Any, **_more: Any) -> None:
    """Fail the run if a threshold is broken."""
    found = {
        f"{entry.method} {entry.name}": thresholds.Figures.of(entry) for entry in environment.stats.entries.values()
    }
    for sentence in (broken := list(thresholds.broken(found))):
        print(f"Threshold broken: {sentence}")
    environment.process_exit_code = 1 if broken else 0
