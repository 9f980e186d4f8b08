"""Changing one's own password: by the present one and a second factor, and then all other sessions end."""

from flask import Blueprint, Response, flash
from flask.typing import ResponseReturnValue
from flask_babel import gettext, lazy_gettext
from flask_login import current_user
from wtforms import PasswordField
from wtforms.validators import InputRequired, Length

from sql import accounts, login_attempts, sessions, throttle
from sql.accounts import Person
from sql.engine import reading, writing
from sql.password_resets import end_resets
from sql.throttle import TooManyAttempts
from webapp.confirming import confirmed, note_failure
from webapp.database import engine
from webapp.forms import Form
from webapp.fragments import page_or_fragment
from webapp.guard import go_to, own_account
from webapp.journal import note
from webapp.password_form import ChoosesPassword, again_field, known_of, new_password_field
from webapp.passwords import hash_password, verify_password
from webapp.person_mail import mail_password_changed
from webapp.roles import own
from webapp.waiting import retry_headers, waiting_sentence

blueprint = Blueprint("profile_password", __name__)


class ChangeForm(ChoosesPassword, Form):
    password = PasswordField(
        lazy_gettext("Present password"),
        [
            InputRequired(lazy_gettext("Enter the password.")),
            Length(max=128, message=lazy_gettext("A password has at most 128 characters.")),
        ],
    )
    new_password = new_password_field()
    again = again_field()


@blueprint.get("/profile/password")
@confirmed
def page() -> ResponseReturnValue:
    return _page(ChangeForm(), _person())


@blueprint.post("/profile/password")
@own
@confirmed
def change() -> ResponseReturnValue:
    person, form = _person(), ChangeForm()
    if not person.password_hash:
        del form.password
    with reading(engine()) as connection:
        form.about = known_of(connection, person)
    if not form.validate():
        return _page(form, person), 422
    try:
        is_right = not person.password_hash or _is_right(person, form.password.data)
    except TooManyAttempts as refused:
        return _page(form, person, waiting_sentence(refused)), 429, retry_headers(refused)
    if not is_right:
        note_failure()
        form.password.errors = [gettext("This is not your present password.")]
        return _page(form, person), 422
    _save(person, form.new_password.data)
    flash(gettext("The password is changed. All other sessions have ended."))
    return go_to("/profile")


def _is_right(person: Person, password: str) -> bool:
    """TooManyAttempts before it is looked at: a stolen session must not become a way to guess."""
    with writing(engine()) as connection:
        throttle.admit_factor(connection, person.account_id)
    if not verify_password(person.password_hash, password):
        return False
    with writing(engine()) as connection:
        throttle.welcome_factor(connection, person.account_id)
    return True


def _save(person: Person, password: str) -> None:
    """Whatever the old password has opened is over, but for this session."""
    password_hash = hash_password(password)
    with writing(engine()) as connection:
        accounts.set_password_hash(connection, person.account_id, password_hash)
        sessions.end_all_sessions(connection, person.account_id, except_token=current_user.token)
        login_attempts.end_attempts_of(connection, person.account_id)
        end_resets(connection, person.account_id)
        note(connection, "password_changed")
        mail_password_changed(connection, person)


def _person() -> Person:
    with reading(engine()) as connection:
        return own_account(connection)


def _page(form: ChangeForm, person: Person, problem: str | None = None) -> Response:
    if problem:
        form.form_errors.append(problem)
    return page_or_fragment("profile_password/page.html", "form", form=form, person=person)
