"""In development nothing leaves the machine: each message becomes a file, and the log says where."""

import os
from pathlib import Path

import structlog

from sql.instants import from_us
from sql.messages import Message

FOLDER = Path("var/outbox")

log = structlog.get_logger()


class Outbox:
    """Writes messages into a folder, readable by its owner alone."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self._folder = folder

    def send(self, message: Message) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        written = from_us(message.created_us)
        path = self._folder / f"{written:%Y-%m-%d-%H%M%S}-{message.channel}-{message.message_id}.txt"
        subject = f"Subject: {message.subject}\n" if message.subject else ""
        # Sent again, it is the same file; the mode is there from the start.
        with open(path, "w", encoding="utf-8", opener=_for_owner) as file:
            file.write(f"To: {message.recipient}\n{subject}\n{message.text}\n")
        log.info("outbox", channel=message.channel, file=str(path))

    def rest(self) -> None:
        """There is no connection to let go of."""


def _for_owner(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
