"""The job that sends messages: a thread for mails and one for SMS, so that neither waits for the other."""

import os
import re
import string
import threading
from collections.abc import Callable, Mapping

import structlog

from sql.dialect import storage_errors
from sql.engine import Connection, Engine, reading, writing
from sql.errors import StorageUnavailable
from sql.instants import now_us
from sql.messages import (
    Channel,
    Message,
    claim,
    first_due_us,
    note_failed,
    note_later,
    note_sent,
    sweep_messages,
)
from webapp.mail import MailSender, MailSettings
from webapp.outbox import Outbox
from webapp.rounds import Rounds
from webapp.senders import NotSent, Refused, Sender, Unreachable
from webapp.sms import SmsSender, SmsSettings

POLL_S = 1.0  # how long a message may wait for its turn
UNREACHABLE_S = (
    1.0,
    30.0,
)  # rest after a server could not be reached: the first one and, doubled each time, the longest
SWEEP_S = 60.0
SECRET_MIN = 4  # characters

log = structlog.get_logger()


def load_senders(*, development: bool, environment: Mapping[str, str] = os.environ) -> dict[Channel, Sender | None]:
    """The way for each kind of message; None: there is none, and they wait. ValueError for wrong settings."""
    nowhere = Outbox() if development else None
    mail, sms = MailSettings.from_environment(environment), SmsSettings.from_environment(environment)
    return {"mail": MailSender(mail) if mail else nowhere, "sms": SmsSender(sms) if sms else nowhere}


class Messages(Rounds):
    """Sends what is due. If a message takes long when we stop, it is sent again another time."""

    def __init__(self, engine: Engine, senders: Mapping[Channel, Sender | None]) -> None:
        self._senders = [sender for sender in senders.values() if sender]
        stopping = threading.Event()
        queues = [Queue(engine, channel, sender, stopping) for channel, sender in senders.items()]
        sending = {f"messages {queue.channel}": queue.round for queue in queues}
        super().__init__({"messages sweep": self._sweep} | sending, stopping)
        self._engine = engine

    def _sweep(self) -> float:
        with writing(self._engine) as connection:
            late, old = sweep_messages(connection, now_us())
        if late or old:
            log.info("messages_swept", too_late=late, deleted=old)
        return SWEEP_S

    def stop(self) -> None:
        super().stop()
        if not any(thread.is_alive() for thread in self._threads):  # else a connection is still in use
            self._let_go()

    def drain(self) -> None:
        super().drain()
        self._let_go()

    def _let_go(self) -> None:
        for sender in self._senders:
            sender.rest()


class Queue:
    """The messages of one kind, and the way that they go."""

    def __init__(self, engine: Engine, channel: Channel, sender: Sender | None, stop: threading.Event) -> None:
        self.channel = channel
        self._engine = engine
        self._sender = sender
        self._stop = stop
        self._unreachable_s = 0.0
        if sender is None:
            setting = "SMTP_URL" if channel == "mail" else "SMS_URL"
            log.warning("messages can't be sent, and wait until they are too late", channel=channel, missing=setting)

    def round(self) -> float:
        """Send a message; returns for how many seconds to rest."""
        if self._sender is None:
            return POLL_S
        message = self._next()
        if message is None:
            self._sender.rest()
            return POLL_S
        return self._send(message, self._sender)

    def _next(self) -> Message | None:
        with reading(self._engine) as connection:  # which takes no lock, on any database
            first_us = first_due_us(connection, self.channel)
        if first_us is None or first_us > now_us():
            return None
        with writing(self._engine) as connection:
            return claim(connection, self.channel, now_us())

    def _send(self, message: Message, sender: Sender) -> float:
        about = {"channel": message.channel, "message_id": message.message_id, "attempts": message.attempts}
        try:
            sender.send(message)
        except Refused as error:
            why = without_secrets(str(error), message.text)
            log.warning("message_refused", **about, error=why)
            self._note(message, lambda connection: note_failed(connection, message, why))
        except Exception as error:
            why = without_secrets(str(error), message.text)
            log.warning("message_not_sent", **about, error=why, exc_info=not isinstance(error, NotSent))
            self._note(message, lambda connection: note_later(connection, message, why, now_us()))
            if isinstance(error, Unreachable):
                first_s, longest_s = UNREACHABLE_S
                self._unreachable_s = min(max(first_s, self._unreachable_s * 2), longest_s)
                return self._unreachable_s
        else:
            log.info("message_sent", **about)
            self._note(message, lambda connection: note_sent(connection, message))
        self._unreachable_s = 0.0
        return 0.0

    def _note(self, message: Message, note: Callable[[Connection], bool]) -> None:
        """Tell the database; if it is away, again until the claim ends: then the message would be sent twice."""
        while True:
            try:
                with storage_errors(), writing(self._engine) as connection:
                    noted = note(connection)
                break
            except StorageUnavailable:
                if now_us() >= message.due_us or self._stop.wait(POLL_S):
                    raise
        if not noted:
            log.warning("message_claim_lost", channel=message.channel, message_id=message.message_id)


def without_secrets(error: str, text: str) -> str:
    """What went wrong, without codes and links of the message: a server may quote them, and they must not stay."""
    for word in sorted(text.split(), key=len, reverse=True):
        bare = word.strip(string.punctuation + "«»")
        if len(bare) >= SECRET_MIN and re.search(r"[\d/]", bare):
            error = error.replace(bare, "…")
    return error
