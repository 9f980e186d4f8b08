"""Messages that wait to be sent: mails and SMS.

A page adds a message in the transaction that is its reason: both are kept, or none. A job claims it, sends it and notes
what came of it. The claim is the message's `due_us`, moved to the end of a lease: so nobody else sends it meanwhile,
and if the sender dies, it is due again when the lease has run out. It may then go out twice, but never not at all.
"""

from dataclasses import dataclass
from typing import Literal

import sqlalchemy as sa

from sql import instants
from sql.instants import DAY_US, HOUR_US, SECOND_US
from sql.tables import message

Channel = Literal["mail", "sms"]

LEASE_US = 180 * SECOND_US  # longer than sending one message may take
PAUSE_MIN_US, PAUSE_MAX_US = 10 * SECOND_US, HOUR_US
KEPT_US = 30 * DAY_US
# In characters, as the columns have room.
RECIPIENT_MAX, SUBJECT_MAX, TEXT_MAX, ERROR_MAX = 254, 200, 10_000, 512
TOO_LATE = "It was not sent in time"


@dataclass(frozen=True, slots=True)
class Message:
    """A message that is being sent; `attempts` counts this one, `due_us` is the end of the claim."""

    message_id: int
    channel: Channel
    recipient: str
    subject: str
    text: str
    created_us: int
    valid_until_us: int
    due_us: int
    attempts: int


_COLUMNS = tuple(message.c[name] for name in Message.__slots__)


def add_message(
    connection: sa.Connection, *, channel: Channel, recipient: str, subject: str, text: str, valid_until_us: int
) -> int:
    """A message to be sent as soon as this transaction is committed; returns its `message_id`."""
    now = instants.now_us()
    added = sa.insert(message).values(
        channel=channel,
        recipient=recipient,
        subject=subject,
        text=text,
        created_us=now,
        valid_until_us=valid_until_us,
        due_us=now,
        state="waiting",
    )
    return int(connection.execute(added.returning(message.c.message_id)).scalar_one())


def first_due_us(connection: sa.Connection, channel: Channel) -> int | None:
    """When the next message of this kind is due, or None if none is waiting."""
    waiting = sa.and_(message.c.state == "waiting", message.c.channel == channel)
    first: int | None = connection.execute(sa.select(sa.func.min(message.c.due_us)).where(waiting)).scalar()
    return first


def claim(connection: sa.Connection, channel: Channel, now_us: int) -> Message | None:
    """The message of this kind that is due for longest, if there is one: nobody else gets it before the lease ends."""
    due = sa.and_(
        message.c.state == "waiting",
        message.c.channel == channel,
        message.c.due_us <= now_us,
        message.c.valid_until_us > now_us,
    )
    query = sa.select(message.c.message_id).where(due).order_by(message.c.due_us, message.c.message_id)
    message_id = connection.execute(query.limit(1).with_for_update(skip_locked=True)).scalar_one_or_none()
    if message_id is None:
        return None
    begun = {"due_us": now_us + LEASE_US, "attempts": message.c.attempts + 1}
    claimed = sa.update(message).where(message.c.message_id == message_id).values(**begun).returning(*_COLUMNS)
    return Message(*connection.execute(claimed).one())


def note_sent(connection: sa.Connection, sent: Message) -> bool:
    """It has been sent. This and the other notes are False if the claim was lost: then somebody sends it again."""
    return _note(connection, sent, state="sent", text="", last_error=None)


def note_failed(connection: sa.Connection, failed: Message, error: str) -> bool:
    """It can't be sent, now or ever."""
    return _note(connection, failed, state="failed", text="", last_error=error[:ERROR_MAX])


def note_later(connection: sa.Connection, failed: Message, error: str, now_us: int) -> bool:
    """It could not be sent: to be tried again after a pause that doubles each time, or given up if that is too late."""
    due_us = now_us + min(PAUSE_MIN_US << min(failed.attempts - 1, 16), PAUSE_MAX_US)
    if due_us >= failed.valid_until_us:
        return note_failed(connection, failed, error)
    return _note(connection, failed, due_us=due_us, last_error=error[:ERROR_MAX])


def _note(connection: sa.Connection, claimed: Message, **values: object) -> bool:
    ours = sa.and_(
        message.c.message_id == claimed.message_id,
        message.c.state == "waiting",
        message.c.due_us == claimed.due_us,
    )
    return connection.execute(sa.update(message).where(ours).values(**values)).rowcount == 1


def sweep_messages(connection: sa.Connection, now_us: int) -> tuple[int, int]:
    """Give up what is too late to be sent, and delete what is older than KEPT_US; returns how many of each."""
    # What is being sent is not due before its claim ends.
    late = sa.and_(message.c.state == "waiting", message.c.valid_until_us <= now_us, message.c.due_us <= now_us)
    given_up = {"state": "failed", "text": "", "last_error": sa.func.coalesce(message.c.last_error, TOO_LATE)}
    late_ones = connection.execute(sa.update(message).where(late).values(**given_up)).rowcount
    old = sa.and_(message.c.created_us < now_us - KEPT_US, message.c.state != "waiting")
    return late_ones, connection.execute(sa.delete(message).where(old)).rowcount
