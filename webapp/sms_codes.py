"""Codes by SMS: six digits, good once, for ten minutes, for the one attempt that they were sent for."""

import hashlib
import math
import re
import secrets

from flask_babel import gettext, lazy_gettext
from wtforms import StringField, ValidationError
from wtforms.validators import InputRequired

from sql import login_attempts, throttle
from sql.engine import Connection, writing
from sql.instants import SECOND_US, now_us
from sql.login_attempts import LIFETIME_US, SEND_PAUSE_US, SENDS_MAX, Attempt
from sql.throttle import TooManyAttempts
from webapp.database import engine
from webapp.forms import Form
from webapp.messages import queue_sms
from webapp.waiting import waiting_sentence


class CodeForm(Form):
    """Asks for the code."""

    code = StringField(
        lazy_gettext("SMS code"), [InputRequired(lazy_gettext("Enter the code that has come to your phone."))]
    )

    def validate_code(self, _field: StringField) -> None:
        if not re.fullmatch("[0-9]{6}", self.digits):
            raise ValidationError(gettext("The code is six digits."))

    @property
    def digits(self) -> str:
        """The code without the spaces that some phones paste along."""
        return "".join((self.code.data or "").split())


def send_code(token: str, *, step: str, account_id: int, phone: str) -> str | None:
    """Send a new code, in place of the one before; a sentence if that is not to be."""
    code = f"{secrets.randbelow(10**6):06}"
    try:
        with writing(engine()) as connection:
            if not login_attempts.count_send(connection, token, step=step, code_hash=_hash(token, code)):
                return _too_soon()
            throttle.admit_sms(connection, account_id)
            text = gettext("%(code)s is your code for Kabinet. It is good for 10 minutes. Tell it nobody.", code=code)
            queue_sms(connection, to=phone, text=text, valid_until_us=now_us() + LIFETIME_US)
    except TooManyAttempts as refused:
        return waiting_sentence(refused)
    return None


def _too_soon() -> str:
    return str(gettext("A code was sent to you just now, or too many were. Enter the last one, or wait a little."))


def is_code(attempt: Attempt, token: str, digits: str) -> bool:
    """Whether these are the digits that were sent last. The time it takes tells nothing."""
    return attempt.code_hash is not None and secrets.compare_digest(attempt.code_hash, _hash(token, digits))


def count_guess(connection: Connection, token: str, *, step: str, account_id: int) -> Attempt | None:
    """Count a guess before it is looked at: the attempt as it now is, None if it is over.

    TooManyAttempts if the account has to wait. Commit before answering.
    """
    # The attempt before the throttle, as everywhere: of two requests for it one waits for the other.
    if not login_attempts.count_try(connection, token, step=step):
        return None
    throttle.admit_factor(connection, account_id)
    return login_attempts.find_attempt(connection, token)


def seconds_to_wait(attempt: Attempt) -> int | None:
    """How many seconds until another code may be asked for; None if there will be none."""
    if attempt.sends >= SENDS_MAX:
        return None
    return max(0, math.ceil(((attempt.sent_us or 0) + SEND_PAUSE_US - now_us()) / SECOND_US))


def _hash(token: str, code: str) -> bytes:
    # With the token, which only the browser has: a copy of the table doesn't tell the code.
    return hashlib.sha256(f"{token} {code}".encode()).digest()
