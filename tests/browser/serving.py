"""The web app as gunicorn runs it, forked from a process that has imported it already: a second less a test."""

import importlib
import multiprocessing
import os
import sys
from collections.abc import Mapping
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from socket import socket

from gunicorn.app import wsgiapp

import webapp

ROOT = Path(__file__).parents[2]

for feature in webapp.FEATURES:
    importlib.import_module(f"webapp.{feature}")

_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload([__name__])


def serve(listener: socket, environment: Mapping[str, str], log: Path) -> ForkServerProcess:
    """Start the app behind this socket; what it writes goes to `log`."""
    process = _context.Process(target=_run, args=(listener, {**os.environ, **environment}, log))
    process.start()
    return process


def _run(listener: socket, environment: dict[str, str], log: Path) -> None:
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(ROOT)
    bind = ["--bind", f"fd://{listener.fileno()}", "--no-control-socket"]
    sys.argv = ["gunicorn", "--config", "webapp/server.py", "--workers", "1", *bind, "webapp:create_app()"]
    wsgiapp.run()
