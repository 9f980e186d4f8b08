"""Runs the openssl command: as a list of words, alone with a folder of its own, for a limited time."""

import os
import selectors
import shutil
import signal
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

OUTPUT_BYTES_MAX = 64 * 1024


class OpensslTimeout(Exception):
    """The command took too long, and was ended with all that it had started."""


class OpensslUnavailable(Exception):
    """The command can't be run, crashed, or says more than it should."""


@dataclass(frozen=True, slots=True)
class Openssl:
    """The command to use, and its configuration: that is where national algorithms come in."""

    binary: str = "openssl"
    configuration: str | None = None

    def run(self, arguments: Sequence[str], *, folder: Path, seconds: float) -> tuple[int, str]:
        """Its exit code and what it wrote to stderr; stdout is thrown away. It works in `folder`.

        The environment is empty but for the configuration, so that nothing set for other programs changes what is
        trusted (SSL_CERT_DIR) or loaded (LD_PRELOAD).
        """
        environment = {"OPENSSL_CONF": self.configuration} if self.configuration else {}
        command = [self._path(), *arguments]
        try:
            process = subprocess.Popen(
                command,
                cwd=folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                start_new_session=True,
            )
        except OSError as error:
            raise OpensslUnavailable(f"{self.binary} can't be run: {error}") from error
        return _watch(process, time.monotonic() + seconds)

    def _path(self) -> str:
        path = shutil.which(self.binary)
        if not path:
            raise OpensslUnavailable(f"there is no command {self.binary!r}")
        return str(Path(path).absolute())


def _watch(process: subprocess.Popen[bytes], deadline_s: float) -> tuple[int, str]:
    assert process.stderr
    with process.stderr as stderr:
        try:
            output = _read(stderr, deadline_s)
            code = process.wait(max(0.0, deadline_s - time.monotonic()))
        except (subprocess.TimeoutExpired, TimeoutError) as error:
            _end(process)
            raise OpensslTimeout("openssl took too long") from error
        except BaseException:
            _end(process)
            raise
    text = output.decode(errors="replace")
    if code < 0:
        raise OpensslUnavailable(f"openssl was ended by signal {-code}: {text}")
    return code, text


def _read(stream: IO[bytes], deadline_s: float) -> bytes:
    output = b""
    with selectors.DefaultSelector() as selector:
        selector.register(stream, selectors.EVENT_READ)
        while selector.select(max(0.0, deadline_s - time.monotonic())):
            chunk = os.read(stream.fileno(), OUTPUT_BYTES_MAX)
            if not chunk:
                return output
            output += chunk
            if len(output) > OUTPUT_BYTES_MAX:
                raise OpensslUnavailable("openssl says more than it should")
    raise TimeoutError


def _end(process: subprocess.Popen[bytes]) -> None:
    """Kill it and its children. It was not waited for yet, so that its number can't be another's by now."""
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
