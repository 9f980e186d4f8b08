"""A login with a password that awaits its second factor, where the person has chosen a passkey over a code."""

from dataclasses import dataclass

from flask import request
from werkzeug import Response

from sql import login_attempts, throttle
from sql.accounts import Person, person_of
from sql.engine import Connection, reading, writing
from sql.login_attempts import Attempt
from sql.memberships import companies_of
from webapp import reset_factor
from webapp.database import engine
from webapp.entering import attempt_token, enter

WAYS = ("password", "email", reset_factor.WAY)
STEP = "factor"


@dataclass(frozen=True, slots=True)
class HalfDone:
    """The half-done login of this browser; `account_id` None: of nobody, which goes on like any other."""

    token: str
    attempt: Attempt

    @property
    def account_id(self) -> int | None:
        return self.attempt.account_id


def half_done() -> HalfDone | None:
    """None if this browser has none that awaits a second factor, or it is over."""
    token = attempt_token()
    with reading(engine()) as connection:
        attempt = login_attempts.find_attempt(connection, token)
    if token is None or attempt is None or attempt.way not in WAYS or attempt.step != STEP:
        return None
    return HalfDone(token, attempt)


def finish(half: HalfDone, target: str | None) -> Response | None:
    """The passkey was right: on to the company, with several to their choice. None if the attempt is over."""
    if half.account_id is None:
        return None
    attempt = half.attempt
    if attempt.way == reset_factor.WAY:
        return reset_factor.finish(half.token, attempt)
    with writing(engine()) as connection:
        if not login_attempts.end_attempt(connection, half.token, step=STEP):
            return None
        person = person_of(connection, half.account_id)
        if person is None:  # disabled meanwhile
            return None
        _welcome(connection, attempt, person)
    return enter(half.account_id, attempt.way, merchant_id=attempt.merchant_id, target=target)


def _welcome(connection: Connection, attempt: Attempt, person: Person) -> None:
    """Take back what was counted when the password came: under the e-mail address, or under the УНП."""
    address = request.remote_addr or "unknown"
    if attempt.way == "email":
        throttle.welcome(connection, email=person.email, address=address)
    for company in companies_of(connection, person.account_id):
        if company.merchant_id == attempt.merchant_id:
            throttle.welcome(connection, unp=company.unp, address=address)
    throttle.welcome_factor(connection, person.account_id)
