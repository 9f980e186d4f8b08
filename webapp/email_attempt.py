"""A login by e-mail between its steps: the password was right, now a second factor is awaited, whichever it be."""

from dataclasses import dataclass

from flask import request
from werkzeug import Response

from sql import login_attempts, throttle
from sql.accounts import Person, person_of
from sql.engine import reading, writing
from sql.login_attempts import TRIES_MAX, Attempt
from webapp.afterwards import afterwards
from webapp.database import engine
from webapp.entering import attempt_token, enter
from webapp.person_journal import note_of
from webapp.sms_codes import count_guess

WAY = "email"
STEP = "factor"


@dataclass(frozen=True, slots=True)
class HalfDone:
    """The half-done login of this browser."""

    token: str
    attempt: Attempt
    person: Person


def half_done() -> HalfDone | None:
    """None if this browser has none, it is over, or its person was disabled meanwhile."""
    token = attempt_token()
    with reading(engine()) as connection:
        attempt = login_attempts.find_attempt(connection, token)
        if token is None or attempt is None or (attempt.way, attempt.step) != (WAY, STEP) or attempt.account_id is None:
            return None
        person = person_of(connection, attempt.account_id)
    return HalfDone(token, attempt, person) if person else None


def guess(half: HalfDone) -> Attempt | None:
    """Count a guess before it is looked at: the attempt as it now is, None if it is over.

    TooManyAttempts if the account has to wait.
    """
    with writing(engine()) as connection:
        return count_guess(connection, half.token, step=STEP, account_id=half.person.account_id)


def is_spent(attempt: Attempt) -> bool:
    """Whether the guess that was just counted was the last one."""
    return attempt.tries >= TRIES_MAX


def note_wrong_password(person: Person | None) -> None:
    """The person's companies read of it, when the answer is out: its time tells nothing. None: of nobody."""

    def note() -> None:
        if person is None:
            return
        with writing(engine()) as connection:
            note_of(connection, person, "login_failed", way=WAY)

    afterwards(note)


def give_up(half: HalfDone) -> None:
    """The last guess was wrong too. Whoever it was knows the password: the person's companies read of it."""
    with writing(engine()) as connection:
        if login_attempts.end_attempt(connection, half.token, step=STEP):
            note_of(connection, half.person, "login_failed", way=WAY)


def finish(half: HalfDone, target: str | None) -> Response | None:
    """The factor was right: on to the company, with several to their choice.

    None if the attempt is over, or there is no company that the person may enter.
    """
    with writing(engine()) as connection:
        if not login_attempts.end_attempt(connection, half.token, step=STEP):
            return None
        throttle.welcome(connection, email=half.person.email, address=_address())
        throttle.welcome_factor(connection, half.person.account_id)
    return enter(half.person.account_id, WAY, target=target)


def _address() -> str:
    return request.remote_addr or "unknown"
