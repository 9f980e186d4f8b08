"""`kabinet run`: web, ingest and jobs in the foreground; they live and die together."""

import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

import click

from sql.engine import DEFAULT_DATABASE_URL, connect
from sql.migrate import migrate

GRACE_S = 30
READY_S = 60
SERVERS = {
    "web": ("gunicorn", "--config", "webapp/server.py", "webapp:create_app()"),
    "ingest": ("gunicorn", "--config", "ingest/server.py", "ingest.app:app"),
    "jobs": ("kabinet", "jobs"),
}


class Stopped(Exception):
    """Somebody asked us to stop."""


@click.command()
@click.option("--demo", is_flag=True, help="Fill an empty database with a demo merchant, and say how to log in.")
def run(demo: bool) -> None:
    """Run web, ingest and jobs in the foreground, after bringing the database to the newest schema."""
    engine = connect(os.environ.get("DATABASE_URL") or DEFAULT_DATABASE_URL)
    migrate(engine)
    engine.dispose()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _stop)
    processes: dict[str, subprocess.Popen[bytes]] = {}
    try:
        for name, command in SERVERS.items():
            processes[name] = subprocess.Popen(_in_this_environment(command), start_new_session=True)
        _wait_until_ready(processes)
        if demo:
            subprocess.run(_in_this_environment(("kabinet", "demo")), check=False)
        _watch(processes)
    except Stopped:
        pass
    finally:
        _end(processes)


def _stop(_number: int, _frame: FrameType | None) -> None:
    raise Stopped


def _in_this_environment(command: Sequence[str]) -> list[str]:
    """The command from the folder of the running Python: a virtualenv need not be activated."""
    program, *arguments = command
    return [str(Path(sys.executable).parent / program), *arguments]


def _wait_until_ready(processes: dict[str, subprocess.Popen[bytes]]) -> None:
    addresses = {
        "web": f"http://{os.environ.get('WEB_BIND') or '127.0.0.1:8000'}/healthz",
        "ingest": f"http://{os.environ.get('INGEST_BIND') or '127.0.0.1:8001'}/readyz",
    }
    deadline = time.monotonic() + READY_S
    while addresses:
        _check_alive(processes)
        if time.monotonic() > deadline:
            raise click.ClickException(f"{', '.join(addresses)} did not get ready within {READY_S} seconds")
        addresses = {name: url for name, url in addresses.items() if not _answers(url)}
        time.sleep(0.2)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2):  # noqa: S310  (our own address)
            return True
    except OSError:
        return False


def _check_alive(processes: dict[str, subprocess.Popen[bytes]]) -> None:
    for name, process in processes.items():
        code = process.poll()
        if code is not None:
            raise click.ClickException(f"{name} ended with code {code}; what it wrote above says why")


def _watch(processes: dict[str, subprocess.Popen[bytes]]) -> None:
    while True:
        _check_alive(processes)
        time.sleep(0.5)


def _end(processes: dict[str, subprocess.Popen[bytes]]) -> None:
    for process in processes.values():
        process.terminate()
    for process in processes.values():
        try:
            process.wait(GRACE_S)
        except subprocess.TimeoutExpired:
            process.kill()
