"""The second factor before a new password takes effect: of the app, a recovery code, a passkey, or else an SMS."""

from dataclasses import dataclass

from flask import Blueprint, Response, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_wtf.csrf import CSRFError
from werkzeug import Response as Answer

from sql import accounts, login_attempts, sessions, throttle
from sql.accounts import Person, person_of
from sql.engine import Connection, reading, writing
from sql.factors import Factors, factors_of
from sql.login_attempts import TRIES_MAX, Attempt
from sql.passkeys import passkeys_of
from sql.password_resets import end_resets
from sql.signing_certificates import certificates_of
from sql.throttle import TooManyAttempts
from webapp.authenticator_codes import AuthenticatorForm, use_code
from webapp.database import engine
from webapp.entering import attempt_token, enter, remember
from webapp.fragments import page_or_fragment
from webapp.guard import go_to, public
from webapp.person_journal import note_of
from webapp.person_mail import mail_password_changed
from webapp.sms_codes import count_guess, is_code, seconds_to_wait, send_code
from webapp.waiting import retry_headers, waiting_sentence

WAY = "reset"
STEP = "factor"

blueprint = Blueprint("reset_factor", __name__)


@dataclass(frozen=True, slots=True)
class Reset:
    """A password that was chosen in this browser and waits for the second factor of its person."""

    token: str
    attempt: Attempt
    person: Person
    factors: Factors
    has_passkey: bool

    @property
    def takes_sms(self) -> bool:
        """Only where there is no authenticator: a number is easier to take over than an app."""
        return bool(self.person.phone) and not self.factors.has_totp


def has_second_factor(connection: Connection, person: Person) -> bool:
    """A number alone is none before there was a password: nobody has proved yet that it is the person's."""
    factors = factors_of(connection, person.account_id)
    has_phone = bool(person.phone) and factors.has_password
    return factors.has_totp or bool(factors.recovery_left) or has_phone or bool(_passkeys(connection, person))


def opens_by_signature_alone(connection: Connection, person: Person) -> bool:
    """Whether nothing could be asked for here, but the mailbox alone must not open the account all the same."""
    return not has_second_factor(connection, person) and bool(certificates_of(connection, person.account_id))


def begin(connection: Connection, person: Person, password_hash: str) -> None:
    """Keep the new password until the second factor is shown, in this browser."""
    state = {"way": WAY, "step": STEP, "challenge": password_hash.encode()}
    remember(login_attempts.begin_attempt(connection, account_id=person.account_id, **state))  # type: ignore[arg-type]


@blueprint.get("/login/reset/factor")
@public
def page() -> ResponseReturnValue:
    reset = _present()
    return _page(reset, AuthenticatorForm()) if reset else _over("time")


@blueprint.post("/login/reset/sms")
@public
def send() -> ResponseReturnValue:
    reset = _present()
    if reset is None or not reset.takes_sms:
        return _over("time")
    person = reset.person
    problem = send_code(reset.token, step=STEP, account_id=person.account_id, phone=person.phone)
    if problem:
        return _page(reset, AuthenticatorForm(formdata=None), problem), 429
    return go_to(url_for(".page"))


@blueprint.post("/login/reset/factor")
@public
def check() -> ResponseReturnValue:
    reset, form = _present(), AuthenticatorForm()
    if reset is None:
        return _over("time")
    if not form.validate():
        return _page(reset, form), 422
    try:
        with writing(engine()) as connection:
            counted = count_guess(connection, reset.token, step=STEP, account_id=reset.person.account_id)
    except TooManyAttempts as refused:
        return _page(reset, form, waiting_sentence(refused)), 429, retry_headers(refused)
    return _look_at(reset, form, counted) if counted else _over("time")


def _look_at(reset: Reset, form: AuthenticatorForm, counted: Attempt) -> ResponseReturnValue:
    """The guess, once it is counted."""
    if _is_right(reset, counted, form.typed):
        return finish(reset.token, counted)
    if counted.tries >= TRIES_MAX:
        return _give_up(reset)
    return _page(reset, form, gettext("The code is wrong. A code works only once.")), 422


def finish(token: str, attempt: Attempt) -> Answer:
    """The second factor was right: the new password takes effect, whoever was in is out, and the person goes in."""
    assert attempt.way == WAY
    assert attempt.account_id is not None
    assert attempt.challenge is not None
    with writing(engine()) as connection:
        person = person_of(connection, attempt.account_id)
        if person is None or not login_attempts.end_attempt(connection, token, step=STEP):
            return _over("time")
        login_attempts.end_attempts_of(connection, person.account_id)
        accounts.set_password_hash(connection, person.account_id, attempt.challenge.decode())
        sessions.end_all_sessions(connection, person.account_id)
        end_resets(connection, person.account_id)
        throttle.welcome_factor(connection, person.account_id)
        note_of(connection, person, "password_reset")
        mail_password_changed(connection, person)
    return enter(person.account_id, WAY) or go_to(url_for("login.password"))


@blueprint.errorhandler(CSRFError)
def form_is_stale(_error: CSRFError) -> ResponseReturnValue:
    return go_to(url_for(".page"))


def _present() -> Reset | None:
    """None if there is none in this browser, or it is over."""
    token = attempt_token()
    with reading(engine()) as connection:
        attempt = login_attempts.find_attempt(connection, token)
        if token is None or attempt is None or (attempt.way, attempt.step) != (WAY, STEP) or attempt.account_id is None:
            return None
        person = person_of(connection, attempt.account_id)
        if person is None:
            return None
        factors = factors_of(connection, person.account_id)
        return Reset(token, attempt, person, factors, _passkeys(connection, person))


def _passkeys(connection: Connection, person: Person) -> bool:
    return bool(passkeys_of(connection, person.account_id))


def _is_right(reset: Reset, counted: Attempt, typed: str) -> bool:
    is_sms = reset.takes_sms and is_code(counted, reset.token, typed)
    return is_sms or use_code(reset.person, typed)


def _give_up(reset: Reset) -> ResponseReturnValue:
    """The last guess was wrong too: whoever it was has the mailbox, and the person's companies read of it."""
    with writing(engine()) as connection:
        if login_attempts.end_attempt(connection, reset.token, step=STEP):
            note_of(connection, reset.person, "login_failed", way=WAY)
    return _over("tries")


def _over(why: str) -> Answer:
    return go_to(url_for("password_reset.ask", over=why))


def _page(reset: Reset, form: AuthenticatorForm, problem: str | None = None) -> Response:
    if problem:
        form.code.data = None
        form.form_errors.append(problem)
    wait_s = seconds_to_wait(reset.attempt)
    return page_or_fragment("login/reset_factor.html", "form", form=form, reset=reset, wait_s=wait_s)
