"""What is waiting to be sent, as a test reads it from the queue."""

import re

import sqlalchemy as sa

from sql.engine import reading
from sql.tables import message


def mails_to(engine: sa.Engine, address: str) -> list[str]:
    """Subject and text of each mail to this address, the oldest first."""
    query = sa.select(message.c.subject, message.c.text).where(
        message.c.channel == "mail", message.c.recipient == address
    )
    with reading(engine) as connection:
        return [f"{row.subject}\n\n{row.text}" for row in connection.execute(query.order_by(message.c.message_id))]


def link_to(engine: sa.Engine, address: str) -> str:
    """The path of the link in the last mail that has one."""
    links = [link for mail in mails_to(engine, address) for link in re.findall(r"https?://[^/\s]+(/\S+)", mail)]
    assert links, f"no mail to {address} has a link"
    return str(links[-1])


def sms_codes(engine: sa.Engine) -> list[str]:
    """The codes that were sent by SMS, the oldest first."""
    query = sa.select(message.c.text).where(message.c.channel == "sms").order_by(message.c.message_id)
    with reading(engine) as connection:
        return [re.findall(r"\b[0-9]{6}\b", text)[0] for text in connection.execute(query).scalars()]
