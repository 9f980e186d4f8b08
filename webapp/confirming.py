"""Sensitive changes ask for the password and a second factor once more, unless they were shown a moment ago.

Mark a view with `confirmed`; who comes too late meets the page /confirm and then comes back. So a computer that was
left alone, or a session that was stolen, changes neither password nor factors nor people.
"""

import functools
from collections.abc import Callable
from typing import Any, TypeVar, cast
from urllib.parse import urlsplit

from flask import Blueprint, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, lazy_gettext
from flask_login import current_user, login_user
from werkzeug import Response
from wtforms import PasswordField
from wtforms.validators import InputRequired, Length

from sql import sessions, throttle
from sql.accounts import Person
from sql.engine import reading, writing
from sql.factors import factors_of
from sql.instants import SECOND_US, now_us
from sql.passkeys import passkeys_of
from sql.throttle import TooManyAttempts
from webapp import guard
from webapp.authenticator_codes import TakesCode, code_field, find_proof, use_proof
from webapp.database import engine
from webapp.forms import Form
from webapp.fragments import page_or_fragment
from webapp.guard import go_to, own_account, own_page
from webapp.journal import note
from webapp.passwords import verify_password
from webapp.roles import own
from webapp.waiting import retry_headers, waiting_sentence

RECENT_US = 15 * 60 * SECOND_US

View = TypeVar("View", bound=Callable[..., Any])
blueprint = Blueprint("confirming", __name__)


class ConfirmForm(TakesCode, Form):
    password = PasswordField(
        lazy_gettext("Password"),
        [
            InputRequired(lazy_gettext("Enter the password.")),
            Length(max=128, message=lazy_gettext("A password has at most 128 characters.")),
        ],
    )
    code = code_field()


def is_recent() -> bool:
    """Whether the logged-in person has shown a second factor a moment ago."""
    return bool(now_us() - current_user.confirmed_us <= RECENT_US)


def confirmed(view: View) -> View:
    """Mark a view that only those use who have shown their factors within the last quarter of an hour."""

    @functools.wraps(view)
    def asking(*arguments: Any, **named: Any) -> ResponseReturnValue:
        if is_recent():
            return cast(ResponseReturnValue, view(*arguments, **named))
        return go_to(url_for("confirming.page", next=_page_to_return_to()))

    return cast(View, asking)


def _page_to_return_to() -> str:
    """The page itself; for a form, the page that it stood on."""
    if request.method == "GET" and "HX-Request" not in request.headers:
        return request.full_path.rstrip("?")
    shown = urlsplit(request.headers.get("HX-Current-URL") or request.headers.get("Referer") or "")
    return f"{shown.path}?{shown.query}" if shown.query else shown.path


@blueprint.get("/confirm")
def page() -> ResponseReturnValue:
    return _page(ConfirmForm(), _person())


@blueprint.post("/confirm")
@own
def confirm() -> ResponseReturnValue:
    person = _person()
    form = ConfirmForm()
    if not person.password_hash:  # who only ever came with a signature or a passkey
        del form.password
    if not form.validate():
        return _page(form, person), 422
    try:
        is_right = _is_right(person, form)
    except TooManyAttempts as refused:
        return _page(form, person, waiting_sentence(refused)), 429, retry_headers(refused)
    if is_right:
        return finish(request.args.get("next"))
    note_failure()
    return _page(form, person, gettext("The password or the code is wrong. A code works only once.")), 422


def finish(target: str | None) -> Response:
    """All was right: the session goes on under a new token, and for a while nothing asks again."""
    with writing(engine()) as connection:
        throttle.welcome_factor(connection, current_user.account_id)
        token = sessions.confirm_session(connection, current_user.token)
        session = sessions.find_session(connection, token) if token else None
    if token is None or session is None:  # it has ended meanwhile
        return go_to(url_for("login.password", next=target))
    login_user(guard.user_of(token, session))
    return go_to(own_page(target))


def again(problem: str) -> Response:
    """The page once more, after another way to confirm oneself has failed."""
    return _page(ConfirmForm(formdata=None), _person(), problem)


def note_failure(**detail: str) -> None:
    """Whoever sits there may be a thief of the session: the company reads of it."""
    with writing(engine()) as connection:
        note(connection, "confirm_failed", **detail)


def _is_right(person: Person, form: ConfirmForm) -> bool:
    """TooManyAttempts before either is looked at; a wrong password leaves the code as it was."""
    with writing(engine()) as connection:
        throttle.admit_factor(connection, person.account_id)
    # Both are always checked: the time that it takes doesn't tell which was wrong.
    proof = find_proof(person.account_id, person.totp_secret, form.typed)
    is_password = not person.password_hash or verify_password(person.password_hash, form.password.data)
    if proof is None or not is_password:
        return False
    with writing(engine()) as connection:
        return use_proof(connection, person.account_id, proof)


def _person() -> Person:
    with reading(engine()) as connection:
        return own_account(connection)


def _page(form: ConfirmForm, person: Person, problem: str | None = None) -> Response:
    if problem:
        form.code.data = None
        form.form_errors.append(problem)
    with reading(engine()) as connection:
        has_passkey = bool(passkeys_of(connection, person.account_id))
        factors = factors_of(connection, person.account_id)
    has_code = factors.has_totp or factors.recovery_left > 0
    shown = {"form": form, "person": person, "has_passkey": has_passkey, "has_code": has_code}
    shown |= {"next": request.args.get("next")}
    return page_or_fragment("confirming/page.html", "form", **shown)
