"""The folder of exports: finished files under the names of their rows, and places to work in, one for each attempt."""

import contextlib
import os
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO

from sql.exports import Export

REQUEST_PREFIX = "request-"
REQUEST_AGE_MAX_S = 3600  # no request lasts so long: its place was left behind


class Folder:
    """Made when it is first needed; nobody but its owner may look into it."""

    def __init__(self, path: str) -> None:
        self.path = Path(path).resolve()

    def finished(self, export: Export) -> Path:
        """Where its file is, once it is done."""
        return self.path / export.stored_name

    def remove(self, export: Export) -> None:
        self.finished(export).unlink(missing_ok=True)

    @contextlib.contextmanager
    def at_work(self, export: Export) -> Iterator[Path]:
        """A place to make this export in. Its name carries the claim, so that two workers never share one."""
        place = self._made() / f"{export.export_id}.{export.claim}"
        place.mkdir(mode=0o700)
        try:
            yield place
        finally:
            shutil.rmtree(place, ignore_errors=True)

    @contextlib.contextmanager
    def at_request(self) -> Iterator[Path]:
        """A place for a file that is sent as soon as it is made."""
        with tempfile.TemporaryDirectory(prefix=REQUEST_PREFIX, dir=self._made()) as place:
            yield Path(place)

    def names(self) -> list[str]:
        """What lies there."""
        return [entry.name for entry in self.path.iterdir()] if self.path.exists() else []

    def sweep(self, names: list[str], claims: Mapping[str, str | None]) -> int:
        """Remove what belongs to no export, or to an attempt that is over; returns how many things.

        `claims` are the exports that there are, with the claims of their workers. It must be asked for after `names`,
        else what a worker has just begun looks like a remain.
        """
        remains = [name for name in names if self._is_remain(name, claims)]
        for name in remains:
            path = self.path / name
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)
        return len(remains)

    def _is_remain(self, name: str, claims: Mapping[str, str | None]) -> bool:
        path = self.path / name
        if name.startswith(REQUEST_PREFIX):
            return path.exists() and time.time() - path.stat().st_mtime > REQUEST_AGE_MAX_S
        export_id, _, rest = name.partition(".")
        return export_id not in claims or (path.is_dir() and claims[export_id] != rest)

    def _made(self) -> Path:
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        return self.path


def open_private(path: Path) -> IO[bytes]:
    """A new file to write, for its owner's eyes only."""
    return os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600), "w+b")
