"""Challenges for authenticators: each is good once, for one purpose and five minutes, in the browser that asked for it.

Its row in `login_attempt` is named by a token in that browser's signed session, and is used up before the answer is
looked at: a wrong answer, too, is the only one.
"""

import secrets
from enum import StrEnum

from flask import session
from flask_babel import gettext

from sql import login_attempts
from sql.engine import Connection, writing
from sql.instants import SECOND_US
from sql.passkeys import Passkey
from webapp.database import engine

CHALLENGE = "passkey"  # the name of the open challenge in the browser's signed session; also the `way` of its row
CHALLENGE_BYTES = 64
LIFETIME_S = 5 * 60


class Purpose(StrEnum):
    """What a challenge is signed for; the answer for one is none for another."""

    LOGIN = "login"
    FACTOR = "passkey_factor"  # beside a password
    CONFIRM = "confirm"
    ADD = "add"


class Refused(Exception):
    """Not proven; the message is a sentence for the person. `passkey` is the one that was meant, if it is known."""

    def __init__(self, sentence: str, passkey: Passkey | None = None) -> None:
        super().__init__(sentence)
        self.passkey = passkey


def give_out(purpose: Purpose, account_id: int | None) -> bytes:
    """A fresh challenge for this browser, in place of the one before."""
    challenge = secrets.token_bytes(CHALLENGE_BYTES)
    with writing(engine()) as connection:
        _end_open(connection)
        session[CHALLENGE] = login_attempts.begin_attempt(
            connection,
            way=CHALLENGE,
            step=purpose,
            account_id=account_id,
            challenge=challenge,
            lifetime_us=LIFETIME_S * SECOND_US,
        )
    return challenge


def take_back(purpose: Purpose, account_id: int | None) -> bytes:
    """The open challenge of this browser, used up whatever comes of it. Raises Refused if there is none."""
    token = session.pop(CHALLENGE, None)
    with writing(engine()) as connection:
        given = login_attempts.find_attempt(connection, token)
        is_mine = given is not None and login_attempts.end_attempt(connection, token, step=purpose)
    if given is None or not is_mine or given.account_id != account_id or given.challenge is None:
        raise Refused(gettext("That took too long, or was sent twice. Try again."))
    return given.challenge


def _end_open(connection: Connection) -> None:
    """Each browser has at most one challenge open."""
    token = session.pop(CHALLENGE, None)
    if isinstance(token, str):
        for purpose in Purpose:
            login_attempts.end_attempt(connection, token, step=purpose)
