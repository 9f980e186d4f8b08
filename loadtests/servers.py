"""Our services as processes on free ports, for measurements and tests: started as the Procfile starts them."""

import os
import secrets
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, NamedTuple

ROOT = Path(__file__).resolve().parent.parent
READY_S = 30
STOP_S = 40
LOG_CHARACTERS_MAX = 4_000


class Server(NamedTuple):
    url: str
    process: subprocess.Popen[bytes]

    def peak_rss_bytes(self) -> int:
        """The most memory that the busiest worker has ever held (Linux)."""
        pid = self.process.pid
        workers = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        return max(_peak_rss_bytes(worker) for worker in workers)


def _peak_rss_bytes(pid: str) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise RuntimeError("this system doesn't say how much memory a process has held")


@contextmanager
def ingest(database_url: str, **settings: str) -> Iterator[Server]:
    """The ingest service on a migrated database. RuntimeError if it does not get ready."""
    environment = {"DATABASE_URL": database_url, **settings}
    with _gunicorn("INGEST_BIND", "/readyz", environment, "--config", "ingest/server.py", "ingest.app:app") as server:
        yield server


@contextmanager
def web(database_url: str, **settings: str) -> Iterator[Server]:
    """The web app on a migrated database. RuntimeError if it does not get ready."""
    environment = {"DATABASE_URL": database_url, "SECRET_KEY": secrets.token_hex(32), **settings}
    environment.setdefault("KABINET_ENV", "development")
    with _gunicorn(
        "WEB_BIND", "/healthz", environment, "--config", "webapp/server.py", "webapp:create_app()"
    ) as server:
        yield server


@contextmanager
def floor(database_url: str, **settings: str) -> Iterator[Server]:
    """The application that shows fifty rows, under the very server of the web app."""
    environment = {"DATABASE_URL": database_url, **settings}
    arguments = ("--config", "webapp/server.py", "loadtests.pages_floor:create_app()")
    with _gunicorn("WEB_BIND", "/?before=2000000000000000", environment, *arguments) as server:
        yield server


@contextmanager
def noop() -> Iterator[Server]:
    """The application that does nothing, under the very server of ingest."""
    with _gunicorn("INGEST_BIND", "/", {}, "--config", "ingest/server.py", "loadtests.noop:app") as server:
        yield server


@contextmanager
def _gunicorn(bind: str, ready: str, environment: Mapping[str, str], *arguments: str) -> Iterator[Server]:
    address = f"127.0.0.1:{free_port()}"
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            [
                str(Path(sys.executable).parent / "gunicorn"),
                "--log-level",
                "warning",
                "--no-control-socket",
                *arguments,
            ],
            env={**os.environ, **environment, bind: address},
            cwd=ROOT,
            start_new_session=True,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            _wait_until_ready(process, f"http://{address}{ready}", log)
            yield Server(f"http://{address}", process)
        finally:
            _stop(process)


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _wait_until_ready(process: subprocess.Popen[bytes], url: str, log: IO[bytes]) -> None:
    deadline_s = time.monotonic() + READY_S
    while process.poll() is None and time.monotonic() < deadline_s:
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except OSError as error:
            if isinstance(error, urllib.error.HTTPError):
                error.close()  # it lives, but is not ready yet
        time.sleep(0.1)
    log.seek(0)
    said = log.read().decode(errors="replace")[-LOG_CHARACTERS_MAX:]
    raise RuntimeError(f"{url} did not get ready. The server wrote:\n{said}")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
