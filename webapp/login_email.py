"""Login by e-mail and password, then by a second factor: a code by SMS or of the authenticator app."""

from flask import Blueprint, Response, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, lazy_gettext
from flask_login import current_user
from flask_wtf.csrf import CSRFError
from wtforms import PasswordField, StringField
from wtforms.validators import InputRequired, Length

from sql import accounts, throttle
from sql.accounts import Person
from sql.engine import reading, writing
from sql.login_attempts import begin_attempt
from sql.throttle import TooManyAttempts
from webapp.database import engine
from webapp.email_attempt import STEP, WAY, note_wrong_password
from webapp.emails import TakesEmail
from webapp.entering import leave, remember
from webapp.forms import Form
from webapp.fragments import page_or_fragment
from webapp.guard import go_to, own_page, public
from webapp.passwords import hash_password, needs_rehash, verify_password
from webapp.waiting import retry_headers, waiting_sentence

blueprint = Blueprint("login_email", __name__)


class EmailForm(TakesEmail, Form):
    email = StringField(
        lazy_gettext("E-mail"), [InputRequired(lazy_gettext("Enter the e-mail address of your account."))]
    )
    password = PasswordField(
        lazy_gettext("Password"),
        [
            InputRequired(lazy_gettext("Enter the password.")),
            Length(max=128, message=lazy_gettext("A password has at most 128 characters.")),
        ],
    )


@blueprint.get("/login/email")
@public
def page() -> ResponseReturnValue:
    if current_user.is_authenticated:
        return go_to(own_page(request.args.get("next")))
    return _page(EmailForm(), _over(request.args.get("over")))


@blueprint.post("/login/email")
@public
def log_in() -> ResponseReturnValue:
    """The password: who goes on from here is asked for a second factor."""
    form = EmailForm()
    if not form.validate():
        return _page(form), 422
    try:
        person = _known(form.address, form.password.data)
    except TooManyAttempts as refused:
        return _page(form, waiting_sentence(refused)), 429, retry_headers(refused)
    if person is None:
        return _page(form, gettext("The e-mail address or the password is wrong.")), 422
    leave()
    with writing(engine()) as connection:
        token = begin_attempt(connection, way=WAY, step=STEP, account_id=person.account_id)
    remember(token)
    return go_to(url_for("login_factor.page", next=request.args.get("next")))


@blueprint.errorhandler(CSRFError)
def form_is_stale(_error: CSRFError) -> ResponseReturnValue:
    if current_user.is_authenticated:
        return go_to(own_page(request.args.get("next")))
    return _page(EmailForm(), gettext("This page was open for too long. Log in once more, please.")), 400


def _page(form: EmailForm, problem: str | None = None) -> Response:
    if problem:
        form.form_errors.append(problem)
    return page_or_fragment("login/email.html", "form", form=form, way="email", next=request.args.get("next"))


def _over(why: str | None) -> str | None:
    """Why a login that was half done is none any more."""
    sentences = {
        "time": gettext("That took too long. Log in once more, please."),
        "tries": gettext("That was the fifth wrong try. Log in once more, please."),
        "company": gettext("There is no company that you may enter, or this login was used already."),
    }
    return sentences.get(why or "")


def _known(address: str, password: str) -> Person | None:
    """Whose password it is; None if there is no such person, or it is not theirs: nothing tells which.

    TooManyAttempts before either is looked at. The guess is taken back when the whole login has been right.
    """
    with writing(engine()) as connection:
        throttle.admit(connection, email=address, address=request.remote_addr or "unknown")
    with reading(engine()) as connection:
        person = accounts.person_by_email(connection, address)
    # An empty hash is none. Without one the same work is done.
    password_hash = person.password_hash if person else ""
    if not verify_password(password_hash or None, password) or person is None:
        note_wrong_password(person)
        return None
    if needs_rehash(password_hash):
        newer = hash_password(password)
        with writing(engine()) as connection:
            accounts.renew_password_hash(connection, person.account_id, older=password_hash, newer=newer)
    return person
