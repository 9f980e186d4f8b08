"""The second factor of the login by e-mail: a code by SMS, or one of the authenticator app."""

import functools
import secrets
from collections.abc import Callable

from flask import Blueprint, Response, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, lazy_gettext
from flask_wtf.csrf import CSRFError
from wtforms import StringField
from wtforms.validators import InputRequired

from sql.engine import reading
from sql.login_attempts import Attempt
from sql.passkeys import passkeys_of
from sql.throttle import TooManyAttempts
from webapp.authenticator_codes import AuthenticatorForm, use_code
from webapp.database import engine
from webapp.email_attempt import STEP, HalfDone, finish, give_up, guess, half_done, is_spent
from webapp.forms import Form
from webapp.fragments import page_or_fragment
from webapp.guard import go_to, public
from webapp.phones import TakesPhone
from webapp.sms_codes import CodeForm, is_code, seconds_to_wait, send_code
from webapp.waiting import retry_headers, waiting_sentence

blueprint = Blueprint("login_factor", __name__)

Again = Callable[[str], Response]


class PhoneForm(TakesPhone, Form):
    phone = StringField(
        lazy_gettext("Phone number"), [InputRequired(lazy_gettext("Enter the phone number of your account."))]
    )


def halfway(view: Callable[[HalfDone], ResponseReturnValue]) -> Callable[[], ResponseReturnValue]:
    """A view for those whose password was right; others begin anew."""

    @functools.wraps(view)
    def guarded() -> ResponseReturnValue:
        half = half_done()
        return view(half) if half else _over("time")

    return public(guarded)


@blueprint.get("/login/email/code")
@halfway
def page(half: HalfDone) -> ResponseReturnValue:
    if half.attempt.sends:
        return _code_page(half, CodeForm())
    return _phone_page(half, PhoneForm()) if half.person.phone else go_to(_address(".authenticator"))


@blueprint.post("/login/email/send")
@halfway
def send(half: HalfDone) -> ResponseReturnValue:
    """The first SMS: for whoever knows the number that it goes to."""
    form = PhoneForm()
    if not form.validate():
        return _phone_page(half, form), 422
    if secrets.compare_digest(form.number, half.person.phone):
        return _send(half, lambda problem: _phone_page(half, form, problem))
    sentence = gettext("This is not the phone number of your account.")
    return _tried(half, lambda _: False, lambda problem: _phone_page(half, form, problem), sentence)


@blueprint.post("/login/email/resend")
@halfway
def resend(half: HalfDone) -> ResponseReturnValue:
    if not half.attempt.sends:
        return go_to(_address(".page"))
    return _send(half, lambda problem: _code_page(half, CodeForm(formdata=None), problem))


@blueprint.post("/login/email/code")
@halfway
def check(half: HalfDone) -> ResponseReturnValue:
    form = CodeForm()
    if not form.validate():
        return _code_page(half, form), 422
    sentence = gettext("The code is wrong, or another one was sent after it.")
    return _tried(
        half,
        lambda attempt: is_code(attempt, half.token, form.digits),
        lambda problem: _code_page(half, form, problem),
        sentence,
    )


@blueprint.get("/login/email/authenticator")
@halfway
def authenticator(half: HalfDone) -> ResponseReturnValue:
    return _authenticator_page(half, AuthenticatorForm())


@blueprint.post("/login/email/authenticator")
@halfway
def check_authenticator(half: HalfDone) -> ResponseReturnValue:
    form = AuthenticatorForm()
    if not form.validate():
        return _authenticator_page(half, form), 422
    return _tried(
        half,
        lambda _: use_code(half.person, form.typed),
        lambda problem: _authenticator_page(half, form, problem),
        gettext("The code is wrong. A code works only once."),
    )


@blueprint.errorhandler(CSRFError)
def form_is_stale(_error: CSRFError) -> ResponseReturnValue:
    return go_to(_address(".page"))


def _send(half: HalfDone, again: Again) -> ResponseReturnValue:
    problem = send_code(half.token, step=STEP, account_id=half.person.account_id, phone=half.person.phone)
    return (again(problem), 429) if problem else go_to(_address(".page"))


def _tried(half: HalfDone, is_right: Callable[[Attempt], bool], again: Again, sentence: str) -> ResponseReturnValue:
    """Count the guess, then look at it."""
    try:
        attempt = guess(half)
    except TooManyAttempts as refused:
        return again(waiting_sentence(refused)), 429, retry_headers(refused)
    if attempt is None:
        return _over("time")
    if is_right(attempt):
        return finish(half, request.args.get("next")) or _over("company")
    if is_spent(attempt):
        give_up(half)
        return _over("tries")
    return again(sentence), 422


def _over(why: str) -> ResponseReturnValue:
    return go_to(url_for("login_email.page", over=why, next=request.args.get("next")))


def _address(endpoint: str) -> str:
    return url_for(endpoint, next=request.args.get("next"))


def _phone_page(half: HalfDone, form: PhoneForm, problem: str = "") -> Response:
    return _page("login/email_phone.html", half, form, problem, ends_in=half.person.phone[-2:])


def _code_page(half: HalfDone, form: CodeForm, problem: str = "") -> Response:
    wait_s = seconds_to_wait(half.attempt)
    return _page("login/email_code.html", half, form, problem, ends_in=half.person.phone[-2:], wait_s=wait_s)


def _authenticator_page(half: HalfDone, form: AuthenticatorForm, problem: str = "") -> Response:
    return _page("login/email_authenticator.html", half, form, problem)


def _page(template: str, half: HalfDone, form: Form, problem: str, **shown: object) -> Response:
    if problem:
        form.form_errors.append(problem)
    with reading(engine()) as connection:
        has_passkey = bool(passkeys_of(connection, half.person.account_id))
    shown |= {"person": half.person, "has_passkey": has_passkey, "next": request.args.get("next")}
    return page_or_fragment(template, "form", form=form, way="email", **shown)
