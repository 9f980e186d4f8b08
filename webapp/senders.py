"""What it means to send a message, by whatever way; and what may go wrong with it."""

import ipaddress
from typing import Protocol

from sql.messages import Message

TIMEOUT_S = 20  # for each answer of a server


class NotSent(Exception):
    """The message was not sent, and may be another time. The text says why, and doesn't quote the message."""


class Unreachable(NotSent):
    """The server can't be spoken to at all: no other message could be sent now either."""


class Refused(NotSent):
    """The server will never take this message."""


class Sender(Protocol):
    """A way for messages of one kind; used by one thread at a time."""

    def send(self, message: Message) -> None:
        """Hand the message over. NotSent or one of its kinds if that did not work."""

    def rest(self) -> None:
        """There is nothing to send for now: let go of connections."""


def is_this_machine(host: str) -> bool:
    """Whether what is sent there stays on this machine, and so needs no encryption."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
