"""Login by УНП, password and one-time code; logout."""

import math
import re
import time

from flask import Blueprint, Response, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, lazy_gettext, ngettext
from flask_login import current_user
from flask_wtf.csrf import CSRFError
from wtforms import Field, PasswordField, StringField, ValidationError
from wtforms.validators import InputRequired, Length

from sql import accounts, sessions, throttle
from sql.accounts import Credentials
from sql.engine import reading, writing
from sql.instants import SECOND_US, now_us
from sql.throttle import TooManyAttempts
from sql.unp import is_valid_unp, normalised_unp
from webapp import guard
from webapp.database import engine
from webapp.entering import enter
from webapp.forms import Form
from webapp.fragments import page_or_fragment
from webapp.guard import User, go_to, own_page, public
from webapp.passwords import generate_totp_secret, hash_password, needs_rehash, totp_step, verify_password
from webapp.roles import own

__all__ = ["User", "blueprint", "init_app"]

blueprint = Blueprint("login", __name__)
init_app = guard.init_app

# Nobody's authenticator: an unknown УНП takes the same work as a known one.
_NOBODYS_SECRET = generate_totp_secret()


class PasswordForm(Form):
    unp = StringField(lazy_gettext("UNP"), [InputRequired(lazy_gettext("Enter the UNP of your company."))])
    password = PasswordField(
        lazy_gettext("Password"),
        [
            InputRequired(lazy_gettext("Enter the password.")),
            Length(max=128, message=lazy_gettext("A password has at most 128 characters.")),
        ],
    )
    code = StringField(
        lazy_gettext("One-time code"),
        [InputRequired(lazy_gettext("Enter the code that your authenticator app shows."))],
    )

    def validate_unp(self, field: Field) -> None:
        unp = normalised_unp(field.data)
        if len(unp) != 9:
            raise ValidationError(gettext("A UNP has nine characters."))
        if not is_valid_unp(unp):
            raise ValidationError(
                gettext("There is no such UNP: its check digit does not fit. Look for a typing slip.")
            )

    def validate_code(self, _field: Field) -> None:
        if not re.fullmatch("[0-9]{6}", self.code_digits):
            raise ValidationError(gettext("The code is six digits."))

    @property
    def code_digits(self) -> str:
        """The code without the space that apps show in its middle."""
        return "".join(self.code.data.split())


@blueprint.get("/login")
@public
def choose() -> ResponseReturnValue:
    return go_to(url_for(".password", next=request.args.get("next")))


@blueprint.get("/login/password")
@public
def password() -> ResponseReturnValue:
    return go_to(own_page(request.args.get("next"))) if current_user.is_authenticated else _page(PasswordForm())


@blueprint.post("/login/password")
@public
def log_in() -> ResponseReturnValue:
    form = PasswordForm()
    if not form.validate():
        return _page(form), 422
    try:
        known = _known(form)
    except TooManyAttempts as refused:
        return _too_many_attempts(form, refused)
    target = request.args.get("next")
    entered = enter(known.account_id, "password", merchant_id=known.merchant_id, target=target) if known else None
    return entered or (_page(form, gettext("The UNP, the password or the code is wrong. A code works only once.")), 422)


@blueprint.get("/login/<any(signature, email):way>")
@public
def not_yet(way: str) -> ResponseReturnValue:
    return page_or_fragment("login/not_yet.html", None, way=way, next=request.args.get("next"))


@blueprint.post("/logout")
@own
def log_out() -> ResponseReturnValue:
    with writing(engine()) as connection:
        sessions.end_session(connection, current_user.account_id, sessions.session_id(current_user.token))
    session.clear()
    return go_to(url_for(".password"))


@blueprint.errorhandler(CSRFError)
def form_is_stale(_error: CSRFError) -> ResponseReturnValue:
    """A login page that lay open for long, or in a second tab: its form comes back fresh, with the УНП in it."""
    if current_user.is_authenticated or request.endpoint != "login.log_in":
        return go_to(own_page(request.args.get("next")))
    return _page(PasswordForm(), gettext("This page was open for too long. Log in once more, please.")), 400


def _page(form: PasswordForm, problem: str | None = None) -> Response:
    if problem:
        form.code.data = None
        form.form_errors.append(problem)
    return page_or_fragment("login/password.html", "form", form=form, next=request.args.get("next"))


def _too_many_attempts(form: PasswordForm, refused: TooManyAttempts) -> ResponseReturnValue:
    seconds = max(1, math.ceil((refused.retry_us - now_us()) / SECOND_US))
    sentence = ngettext(
        "Too many attempts. Try again in %(num)d minute.",
        "Too many attempts. Try again in %(num)d minutes.",
        math.ceil(seconds / 60),
    )
    return _page(form, sentence), 429, {"Retry-After": str(seconds)}


def _known(form: PasswordForm) -> Credentials | None:
    """Who logs in; None if anything of the three is wrong. TooManyAttempts before any of them is looked at."""
    unp = normalised_unp(form.unp.data)
    address = request.remote_addr or "unknown"
    with writing(engine()) as connection:
        throttle.admit(connection, unp=unp, address=address)
    with reading(engine()) as connection:
        known = accounts.owner_by_unp(connection, unp)
    # Both are always checked: the time that it takes tells nothing.
    is_password = verify_password(known.password_hash if known else None, form.password.data)
    step = totp_step(known.totp_secret if known else _NOBODYS_SECRET, form.code_digits, time.time())
    if known is None or not is_password or step is None:
        return None
    newer_hash = hash_password(form.password.data) if needs_rehash(known.password_hash) else None
    with writing(engine()) as connection:
        if not accounts.use_totp_step(connection, known.account_id, step):
            return None
        throttle.welcome(connection, unp=unp, address=address)
        if newer_hash:
            accounts.set_password_hash(connection, known.account_id, newer_hash)
    return known
