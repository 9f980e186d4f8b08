"""Registers that post and merchants who watch Home, at the same time. `run.py` prepares the stage and starts this."""

import os
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
from locust import FastHttpUser, HttpUser, between, events, task

from loadtests import cabinet, thresholds
from loadtests.company import Login
from loadtests.generator import History, batch, encode
from loadtests.register import MINSK

# In the SECONDS_MAX of `run.py` a register gets through 2,700 on the average, and one of thousands through 4,300.
DOCUMENTS = 5_000


class Register(msgspec.Struct):
    sko: str
    token: str


class Scene(msgspec.Struct):
    """What `run.py` or `polling.py` has prepared."""

    ingest_url: str
    registers: list[Register]
    web_url: str = ""
    logins: list[Login] = []
    polling: list[Register] = []
    thresholds: str = str(thresholds.FILE)


SCENE = msgspec.json.decode(Path(os.environ["KABINET_LOAD_SCENE"]).read_bytes(), type=Scene)
TODAY = datetime.now(MINSK).date()


def documents(sko: str) -> list[bytes]:
    """A busy day's documents, in order: today's, so that Home changes under the merchants' eyes."""
    busy = History(sko, seed=1, sales_a_day=2 * DOCUMENTS)  # on a slow day half as many
    return [encode(document) for document in busy.day(TODAY)[:DOCUMENTS]]


# All prepared before the clock starts: making documents must not hold up the users who wait for their answers.
_registers = iter([(register, documents(register.sko)) for register in SCENE.registers])
_logins = iter(SCENE.logins)


class CashRegister(FastHttpUser):
    """A register with its own token: mostly single documents, now and then what has piled up, or the same again."""

    host = SCENE.ingest_url
    fixed_count = len(SCENE.registers)
    wait_time = between(0.1, 0.6)

    def on_start(self) -> None:
        register, bodies = next(_registers)
        self._documents = iter(bodies)
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
        self.open_home()

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
    for sentence in (broken := list(thresholds.broken(found, Path(SCENE.thresholds)))):
        print(f"Threshold broken: {sentence}")
    environment.process_exit_code = 1 if broken else 0
