"""Registers that poll for their settings, next to registers that sell. `polling.py` prepares the stage."""

from collections.abc import Iterator
from itertools import cycle

from locust import FastHttpUser, constant_throughput, task

from loadtests.locustfile import SCENE, CashRegister, Register
from loadtests.polling import CONNECTIONS

__all__ = ["CashRegister", "Proxy"]

POLL_EVERY_S = 60
FIRST, AGAIN = "settings, the first time", "settings, nothing new"

_slices: Iterator[list[Register]] = iter([SCENE.polling[place::CONNECTIONS] for place in range(CONNECTIONS)])


class Proxy(FastHttpUser):
    """One of the connections that the proxy in front of ingest keeps: many registers poll on it in turn.

    Each register polls once a minute. The first time it has nothing, and gets its settings; from then on it says which
    version it has, and hears that there is nothing new.
    """

    host = SCENE.ingest_url
    fixed_count = CONNECTIONS
    wait_time = constant_throughput(len(SCENE.polling) / CONNECTIONS / POLL_EVERY_S)

    def on_start(self) -> None:
        self._turns = cycle(next(_slices))
        self._tags: dict[str, str] = {}

    @task
    def poll(self) -> None:
        register = next(self._turns)
        tag = self._tags.get(register.sko)
        headers = {"Authorization": f"Bearer {register.token}"} | ({"If-None-Match": tag} if tag else {})
        name, expected = (AGAIN, 304) if tag else (FIRST, 200)
        address = f"/v1/settings/{register.sko}"
        with self.client.get(address, headers=headers, name=name, catch_response=True) as answer:
            if answer.status_code == expected:
                self._tags[register.sko] = answer.headers["ETag"]
                answer.success()
            else:
                answer.failure(f"{answer.status_code}: {answer.text}")
