"""A password by a mailed link: for a new account, or for one whose password is forgotten.

The link proves the mailbox and nothing else. Where the account has a second factor, it is asked for before the new
password takes effect; a new account gets one. Nothing is open, and nothing is changed, before that.
"""

import hashlib

from flask import Blueprint, Response, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, lazy_gettext
from flask_wtf.csrf import CSRFError
from wtforms import StringField
from wtforms.validators import InputRequired

from sql import password_resets
from sql.accounts import Person, person_by_email, person_of
from sql.engine import Connection, reading, writing
from sql.instants import DAY_US, HOUR_US
from sql.rates import Rate, count
from sql.throttle import TooManyAttempts
from webapp import enrolment, reset_factor, site
from webapp.afterwards import afterwards
from webapp.database import engine
from webapp.emails import TakesEmail
from webapp.forms import Form
from webapp.fragments import page_or_fragment
from webapp.guard import go_to, public
from webapp.password_form import NewPasswordForm, known_of
from webapp.passwords import hash_password
from webapp.person_mail import mail_link, mail_no_link
from webapp.waiting import retry_headers, waiting_sentence

LIFETIME_US = HOUR_US
NEW_LIFETIME_US = 3 * DAY_US
# From one network, and to one mailbox, however many ask.
ASKED = Rate("reset", most=10, window_us=HOUR_US)
MAILS = Rate("reset-mail", most=3, window_us=HOUR_US)

blueprint = Blueprint("password_reset", __name__)


class AskForm(TakesEmail, Form):
    email = StringField(
        lazy_gettext("E-mail"), [InputRequired(lazy_gettext("Enter the e-mail address of your account."))]
    )


def send_link(connection: Connection, person: Person, *, is_new: bool = False) -> None:
    """Mail a link to choose a password: good once, for an hour, or for three days if the account is new.

    Within a request; a command makes one with the site's PUBLIC_URL as its base.
    """
    lifetime_us = NEW_LIFETIME_US if is_new else LIFETIME_US
    token = password_resets.add_reset(connection, person.account_id, lifetime_us=lifetime_us)
    mail_link(connection, person, token, lifetime_us=lifetime_us, is_new=is_new)


@blueprint.get("/login/reset")
@public
def ask() -> ResponseReturnValue:
    return _ask_page(AskForm())


@blueprint.post("/login/reset")
@public
def send() -> ResponseReturnValue:
    """The answer is the same whoever asks, and goes out before anybody is looked for."""
    form = AskForm()
    if not form.validate():
        return _ask_page(form), 422
    if site.sure_origin() is None:
        return _ask_page(form, gettext("Links can't be mailed from here yet. Write to the operator, please.")), 503
    try:
        with writing(engine()) as connection:
            count(connection, ASKED, request.remote_addr or "unknown")
    except TooManyAttempts as refused:
        return _ask_page(form, waiting_sentence(refused)), 429, retry_headers(refused)
    address = form.address
    afterwards(lambda: _send_if_known(address))
    return page_or_fragment("login/reset_sent.html", None, address=form.email.data)


def _send_if_known(address: str) -> None:
    with reading(engine()) as connection:
        person = person_by_email(connection, address)
    if person is None:
        return
    try:
        with writing(engine()) as connection:
            count(connection, MAILS, hashlib.sha256(person.email.encode()).hexdigest()[:32])
            if reset_factor.opens_by_signature_alone(connection, person):
                mail_no_link(connection, person)
            else:
                send_link(connection, person)
    except TooManyAttempts:  # they have their mails already
        return


@blueprint.get("/login/reset/password")
@public
def choose() -> ResponseReturnValue:
    person = _person()
    return _choose_page(NewPasswordForm(), person) if person else _gone()


@blueprint.post("/login/reset/password")
@public
def go_on() -> ResponseReturnValue:
    """The password is chosen. It is kept with the half-done login, and does not open anything yet."""
    person = _person()
    if person is None:
        return _gone()
    form = NewPasswordForm()
    with reading(engine()) as connection:
        form.about = known_of(connection, person)
    if not form.validate():
        return _choose_page(form, person), 422
    password_hash = hash_password(form.new_password.data)
    with writing(engine()) as connection:
        if password_resets.use_reset(connection, _token()) is None:
            return _gone()
        if reset_factor.has_second_factor(connection, person):
            reset_factor.begin(connection, person, password_hash)
            return go_to(url_for("reset_factor.page"))
        if reset_factor.opens_by_signature_alone(connection, person):  # since the link was mailed
            return _gone()
        enrolment.begin(connection, person, password_hash)
    return go_to(url_for("enrolment.page"))


@blueprint.errorhandler(CSRFError)
def form_is_stale(_error: CSRFError) -> ResponseReturnValue:
    sentence = gettext("This page was open for too long. Try once more, please.")
    if request.endpoint == "password_reset.send":
        return _ask_page(AskForm(), sentence), 400
    person = _person()
    return (_choose_page(NewPasswordForm(formdata=None), person, sentence), 400) if person else _gone()


def _token() -> str:
    return request.args.get("token", "")


def _person() -> Person | None:
    """Whose link this is."""
    with reading(engine()) as connection:
        account_id = password_resets.account_of_reset(connection, _token())
        return person_of(connection, account_id) if account_id is not None else None


def _ask_page(form: AskForm, problem: str | None = None) -> Response:
    if problem:
        form.form_errors.append(problem)
    return page_or_fragment("login/reset.html", "form", form=form, over=request.args.get("over"))


def _choose_page(form: NewPasswordForm, person: Person, problem: str | None = None) -> Response:
    if problem:
        form.form_errors.append(problem)
    return page_or_fragment("login/new_password.html", "form", form=form, token=_token(), email=person.email)


def _gone() -> ResponseReturnValue:
    return page_or_fragment("login/reset_gone.html", None), 410
