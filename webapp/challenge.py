"""The text that somebody signs to log in: it says in words what signing it means, and it is good once, for minutes.

Lines end in CR LF, since signing tools that take a file for text make them so before they sign.
"""

import re
import secrets
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sql.instants import from_us, now_us, to_us

NONCE_BYTES = 32
_ORIGIN = re.compile(r"https?://[a-z0-9.-]+(:[0-9]{1,5})?", re.ASCII)
_NONCE = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)
_FIELD = re.compile(r"^(origin|purpose|nonce|issued|expires): (.*)$", re.MULTILINE)


class Purpose(StrEnum):
    """What a signature is given for; one for the one is none for the other."""

    LOGIN = "login"
    ENROL = "enrol"  # the certificate shall be a way in from now on


_RUSSIAN = {
    Purpose.LOGIN: "Подписывая этот файл, я вхожу в личный кабинет Kabinet по адресу {origin}",
    Purpose.ENROL: "Подписывая этот файл, я привязываю свой сертификат к личному кабинету Kabinet по адресу {origin}",
}
_ENGLISH = {
    Purpose.LOGIN: "By signing this file I log in to Kabinet at {origin}",
    Purpose.ENROL: "By signing this file I link my certificate to my account of Kabinet at {origin}",
}
_TEXT = """\
{russian}
{english}

Не подписывайте файл, если вы получили его не на этом сайте и не только что.
Do not sign this file unless you have just got it from that site yourself.

origin: {origin}
purpose: {purpose}
nonce: {nonce}
issued: {issued}
expires: {expires}
"""


class BadChallenge(Exception):
    """A text that isn't the challenge that was given out, or no longer is one; the message says why."""


@dataclass(frozen=True, slots=True)
class Challenge:
    """What a challenge says; one that was read has instants of whole seconds."""

    origin: str
    purpose: Purpose
    nonce: str
    issued_us: int
    expires_us: int


def new_nonce() -> str:
    """256 random bits in 43 characters."""
    return secrets.token_urlsafe(NONCE_BYTES)


def new_challenge(origin: str, purpose: Purpose, nonce: str, issued_us: int, expires_us: int) -> bytes:
    """The file to sign, in UTF-8. The same words make the same bytes; instants are rounded down to seconds.

    `origin` is like "https://lk.example.by", without a path. Raises ValueError for an origin or a nonce that is none.
    """
    if not _ORIGIN.fullmatch(origin) or not _NONCE.fullmatch(nonce):
        raise ValueError("a challenge needs an origin without a path, and a nonce of new_nonce()")
    text = _TEXT.format(
        russian=_RUSSIAN[purpose].format(origin=origin),
        english=_ENGLISH[purpose].format(origin=origin),
        origin=origin,
        purpose=purpose,
        nonce=nonce,
        issued=_written(issued_us),
        expires=_written(expires_us),
    )
    return text.replace("\n", "\r\n").encode()


def read_challenge(content: bytes) -> Challenge:
    """What a challenge says. Raises BadChallenge unless each byte is as new_challenge writes it."""
    try:
        fields = dict(_FIELD.findall(content.decode().replace("\r\n", "\n")))
        challenge = Challenge(
            origin=fields["origin"],
            purpose=Purpose(fields["purpose"]),
            nonce=fields["nonce"],
            issued_us=_instant(fields["issued"]),
            expires_us=_instant(fields["expires"]),
        )
        same = new_challenge(
            challenge.origin, challenge.purpose, challenge.nonce, challenge.issued_us, challenge.expires_us
        )
    except (ValueError, KeyError) as error:
        raise BadChallenge("it is no challenge") from error
    if same != content:
        raise BadChallenge("it is not the challenge as it was given out")
    return challenge


def check_challenge(content: bytes, given: Challenge, *, at_us: int | None = None) -> None:
    """Raises BadChallenge unless this is, byte for byte, the challenge that was given out, and good now.

    The time it takes tells nothing of the nonce. That it is used only once is for whoever keeps `given`.
    """
    expected = new_challenge(given.origin, given.purpose, given.nonce, given.issued_us, given.expires_us)
    if not secrets.compare_digest(content, expected):
        raise BadChallenge("it is another challenge")
    instant = now_us() if at_us is None else at_us
    if not given.issued_us <= instant < given.expires_us:
        raise BadChallenge("it has expired")


def _written(instant_us: int) -> str:
    return from_us(instant_us).strftime("%Y-%m-%dT%H:%M:%SZ")


def _instant(text: str) -> int:
    return to_us(datetime.strptime(text, "%Y-%m-%dT%H:%M:%S%z"))
