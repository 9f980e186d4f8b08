"""Login by УНП, password and one-time code; logout."""

from flask import Blueprint, Response, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, lazy_gettext
from flask_login import current_user
from flask_wtf.csrf import CSRFError
from wtforms import Field, PasswordField, StringField, ValidationError
from wtforms.validators import InputRequired, Length

from sql.accounts import Credentials
from sql.throttle import TooManyAttempts
from sql.unp import is_valid_unp, normalised_unp
from webapp import guard
from webapp.authenticator_codes import TakesCode, code_field
from webapp.entering import enter, leave, remember
from webapp.forms import Form
from webapp.fragments import page_or_fragment
from webapp.guard import User, go_to, own_page, public
from webapp.password_login import begin_with_password, known_by_code
from webapp.roles import own
from webapp.waiting import retry_headers, waiting_sentence

__all__ = ["User", "blueprint", "init_app"]

blueprint = Blueprint("login", __name__)
init_app = guard.init_app


class PasswordForm(TakesCode, Form):
    unp = StringField(lazy_gettext("UNP"), [InputRequired(lazy_gettext("Enter the UNP of your company."))])
    password = PasswordField(
        lazy_gettext("Password"),
        [
            InputRequired(lazy_gettext("Enter the password.")),
            Length(max=128, message=lazy_gettext("A password has at most 128 characters.")),
        ],
    )
    code = code_field()

    def validate_unp(self, field: Field) -> None:
        unp = normalised_unp(field.data)
        if len(unp) != 9:
            raise ValidationError(gettext("A UNP has nine characters."))
        if not is_valid_unp(unp):
            raise ValidationError(
                gettext("There is no such UNP: its check digit does not fit. Look for a typing slip.")
            )

    def forgo_code(self) -> None:
        """A passkey is to be the second factor."""
        self.code.validators = ()


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
    takes_passkey = request.form.get("factor") == "passkey"
    if takes_passkey:
        form.forgo_code()
    if not form.validate():
        return _page(form), 422
    unp, password = normalised_unp(form.unp.data), form.password.data
    try:
        if takes_passkey:
            return _go_to_passkey(unp, password)
        return _finish(form, known_by_code(unp, password, form.typed))
    except TooManyAttempts as refused:
        return _page(form, waiting_sentence(refused)), 429, retry_headers(refused)


def _finish(form: PasswordForm, known: Credentials | None) -> ResponseReturnValue:
    target = request.args.get("next")
    entered = enter(known.account_id, "password", merchant_id=known.merchant_id, target=target) if known else None
    return entered or (_page(form, gettext("The UNP, the password or the code is wrong. A code works only once.")), 422)


def _go_to_passkey(unp: str, password: str) -> ResponseReturnValue:
    """The next step, whether the password is right or not: nothing tells before the passkey is there."""
    leave()
    remember(begin_with_password(unp, password, step="factor"))
    return go_to(url_for("passkeys.factor", next=request.args.get("next")))


@blueprint.post("/logout")
@own
def log_out() -> ResponseReturnValue:
    leave()
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
