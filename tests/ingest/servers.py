"""A real ingest process under gunicorn, to be killed and started again."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]


class IngestProcess:
    def __init__(self, database_url: str, **settings: str) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.address = f"127.0.0.1:{probe.getsockname()[1]}"
        self._environment = os.environ | {"DATABASE_URL": database_url, "INGEST_BIND": self.address} | settings
        self.start()

    def start(self) -> None:
        program = str(Path(sys.executable).parent / "gunicorn")
        command = [program, "--config", "ingest/server.py", "ingest.app:app"]
        self._process = subprocess.Popen(
            command, cwd=ROOT, env=self._environment, stderr=subprocess.DEVNULL, start_new_session=True
        )
        deadline = time.monotonic() + 30
        while self.get("/readyz") != 200:
            assert time.monotonic() < deadline, "the service did not get ready"
            time.sleep(0.05)

    def kill(self) -> None:
        """SIGKILL to the server and its worker: no time for a last word."""
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(40)

    def signal(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    @property
    def is_running(self) -> bool:
        return self._process.poll() is None

    def wait(self, timeout_s: float) -> None:
        """For its end. subprocess.TimeoutExpired."""
        self._process.wait(timeout_s)

    def get(self, path: str) -> int | None:
        """The status, or None where nobody answers."""
        try:
            with urllib.request.urlopen(f"http://{self.address}{path}", timeout=10) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code
        except OSError:
            return None

    def post(self, token: str, documents: list[Any]) -> tuple[int | None, dict[str, Any]]:
        """Status and answer; (None, {}) where the connection broke."""
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        body = json.dumps({"documents": documents}).encode()
        request = urllib.request.Request(f"http://{self.address}/v1/documents", body, headers)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, {"retry_after": error.headers.get("Retry-After")}
        except (OSError, ValueError):
            return None, {}
