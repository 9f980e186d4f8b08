"""Mails and SMS, as pages send them: queued in the page's own transaction, sent by `kabinet jobs` a moment later.

What is queued is sent or, if that fails for too long, given up: by default a mail after a day, an SMS after a quarter
of an hour. A message with a code or a link should say when that ends, as it is useless then. Its text is forgotten when
it is sent or given up. The subject isn't, so it must hold no secret.
"""

import re
import unicodedata

from sql.engine import Connection
from sql.instants import DAY_US, SECOND_US, now_us
from sql.messages import RECIPIENT_MAX, SUBJECT_MAX, TEXT_MAX, add_message

MAIL_VALID_US = DAY_US
SMS_VALID_US = 15 * 60 * SECOND_US
SMS_TEXT_MAX = 670  # characters: ten parts of an SMS in Cyrillic

# The parts of RFC 5321 that people have: no quoted names, no addresses in brackets, no comments.
_LOCAL = re.compile(r"[0-9A-Za-z!#$%&'*+/=?^_`{|}~-]+(?:\.[0-9A-Za-z!#$%&'*+/=?^_`{|}~-]+)*")
_DOMAIN = re.compile(r"(?:[0-9a-z](?:[0-9a-z-]{0,61}[0-9a-z])?\.)*[0-9a-z](?:[0-9a-z-]{0,61}[0-9a-z])?")
_PHONE = re.compile(r"\+[1-9][0-9]{7,14}")


def mail_address(text: str) -> str:
    """The address as it goes over the wire: its domain in lower case, and in Punycode where that is not ASCII.

    ValueError with a sentence if it can't be one.
    """
    local, _, domain = text.rpartition("@")
    try:
        domain = domain.encode("idna").decode().lower()
    except UnicodeError:
        domain = ""
    address = f"{local}@{domain}"
    if len(local) > 64 or len(address) > RECIPIENT_MAX or not _LOCAL.fullmatch(local) or not _DOMAIN.fullmatch(domain):
        raise ValueError(f"{text!r} is no e-mail address that mail can be sent to")
    return address


def queue_mail(connection: Connection, *, to: str, subject: str, text: str, valid_until_us: int | None = None) -> int:
    """A mail of plain text to one person, in the reader's language; returns its `message_id`.

    ValueError with a sentence if it can't be sent to `to`, has no text, or is too long.
    """
    return add_message(
        connection,
        channel="mail",
        recipient=mail_address(to),
        subject=_short(" ".join(_printable(subject).split()), SUBJECT_MAX, "The subject"),
        text=_short(_printable(text), TEXT_MAX, "The text of a mail"),
        valid_until_us=now_us() + MAIL_VALID_US if valid_until_us is None else valid_until_us,
    )


def queue_sms(connection: Connection, *, to: str, text: str, valid_until_us: int | None = None) -> int:
    """An SMS to a phone number in E.164 form, like +375291234567; returns its `message_id`. ValueError as for mails."""
    if not _PHONE.fullmatch(to):
        raise ValueError(f"{to!r} is no phone number with the country's code, like +375291234567")
    return add_message(
        connection,
        channel="sms",
        recipient=to,
        subject="",
        text=_short(_printable(text), SMS_TEXT_MAX, "The text of an SMS"),
        valid_until_us=now_us() + SMS_VALID_US if valid_until_us is None else valid_until_us,
    )


def _printable(text: str) -> str:
    """Without characters that no reader sees and that some servers refuse: names that people typed may hold them."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(mark for mark in lines if mark in "\n\t" or unicodedata.category(mark) not in ("Cc", "Cs"))


def _short(text: str, length_max: int, what: str) -> str:
    if not text.strip():
        raise ValueError(f"{what} is empty")
    if len(text) > length_max:
        raise ValueError(f"{what} has {len(text)} characters; at most {length_max} can be sent")
    return text
