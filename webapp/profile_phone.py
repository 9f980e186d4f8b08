"""One's own phone number, which codes by SMS go to: a new one counts once a code has come to it."""

from flask import Blueprint, Response, flash, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, lazy_gettext
from flask_login import current_user
from wtforms import StringField
from wtforms.validators import InputRequired

from sql import accounts, login_attempts, throttle
from sql.engine import reading, writing
from sql.login_attempts import Attempt
from sql.throttle import TooManyAttempts
from webapp.confirming import confirmed
from webapp.database import engine
from webapp.forms import Form
from webapp.fragments import page_or_fragment
from webapp.guard import go_to, own_account
from webapp.journal import note
from webapp.person_mail import mail_phone_changed
from webapp.phones import TakesPhone, shown_phone
from webapp.roles import own
from webapp.sms_codes import CodeForm, count_guess, is_code, seconds_to_wait, send_code
from webapp.waiting import retry_headers, waiting_sentence

blueprint = Blueprint("profile_phone", __name__)

STEP = WAY = "phone"
OPEN = "phone"  # the name of the unconfirmed number in the browser's signed session


class NumberForm(TakesPhone, Form):
    phone = StringField(lazy_gettext("New phone number"), [InputRequired(lazy_gettext("Enter the new phone number."))])


@blueprint.get("/profile/phone")
@confirmed
def page() -> ResponseReturnValue:
    return _page(NumberForm())


@blueprint.post("/profile/phone")
@own
@confirmed
def send() -> ResponseReturnValue:
    """A code to the new number."""
    form = NumberForm()
    if not form.validate():
        return _page(form), 422
    with writing(engine()) as connection:
        token = login_attempts.begin_attempt(
            connection, way=WAY, step=STEP, account_id=current_user.account_id, challenge=form.number.encode()
        )
    problem = send_code(token, step=STEP, account_id=current_user.account_id, phone=form.number)
    if problem:
        return _page(form, problem), 429
    session[OPEN] = token
    return go_to(url_for(".code"))


@blueprint.get("/profile/phone/code")
@confirmed
def code() -> ResponseReturnValue:
    attempt = _attempt()
    return _code_page(attempt, CodeForm()) if attempt else go_to(url_for(".page"))


@blueprint.post("/profile/phone/resend")
@own
@confirmed
def resend() -> ResponseReturnValue:
    attempt = _attempt()
    if attempt is None:
        return go_to(url_for(".page"))
    account_id, phone = current_user.account_id, number_of(attempt)
    problem = send_code(session[OPEN], step=STEP, account_id=account_id, phone=phone)
    return (_code_page(attempt, CodeForm(formdata=None), problem), 429) if problem else go_to(url_for(".code"))


@blueprint.post("/profile/phone/code")
@own
@confirmed
def check() -> ResponseReturnValue:
    attempt, form = _attempt(), CodeForm()
    if attempt is None:
        return _over()
    if not form.validate():
        return _code_page(attempt, form), 422
    try:
        with writing(engine()) as connection:
            counted = count_guess(connection, session[OPEN], step=STEP, account_id=current_user.account_id)
    except TooManyAttempts as refused:
        return _code_page(attempt, form, waiting_sentence(refused)), 429, retry_headers(refused)
    if counted is None:
        return _over()
    if not is_code(counted, session[OPEN], form.digits):
        return _code_page(counted, form, gettext("The code is wrong, or another one was sent after it.")), 422
    return _changed(counted)


def number_of(attempt: Attempt) -> str:
    """The number that is to be confirmed."""
    return (attempt.challenge or b"").decode()


def _attempt() -> Attempt | None:
    """The number of this person that awaits its code, in this browser."""
    with reading(engine()) as connection:
        attempt = login_attempts.find_attempt(connection, session.get(OPEN))
    is_mine = attempt and (attempt.way, attempt.step, attempt.account_id) == (WAY, STEP, current_user.account_id)
    return attempt if is_mine else None


def _changed(attempt: Attempt) -> ResponseReturnValue:
    with writing(engine()) as connection:
        person = own_account(connection)
        if not login_attempts.end_attempt(connection, session[OPEN], step=STEP):
            return _over()
        throttle.welcome_factor(connection, person.account_id)
        accounts.set_phone(connection, person.account_id, number_of(attempt))
        note(connection, "phone_changed")
        mail_phone_changed(connection, person, number_of(attempt))
    session.pop(OPEN, None)
    flash(gettext("Codes go to the new number from now on."))
    return go_to("/profile")


def _over() -> ResponseReturnValue:
    form = NumberForm(formdata=None)
    return _page(form, gettext("That took too long, or was one wrong try too many. Begin once more, please.")), 422


def _page(form: NumberForm, problem: str | None = None) -> Response:
    if problem:
        form.form_errors.append(problem)
    with reading(engine()) as connection:
        present = shown_phone(own_account(connection).phone)
    return page_or_fragment("profile_phone/page.html", "form", form=form, present=present)


def _code_page(attempt: Attempt, form: CodeForm, problem: str | None = None) -> Response:
    if problem:
        form.form_errors.append(problem)
    number, wait_s = shown_phone(number_of(attempt)), seconds_to_wait(attempt)
    return page_or_fragment("profile_phone/code.html", "form", form=form, number=number, wait_s=wait_s)
