"""The link in an invitation: for people who have an account, and for those who choose a password now."""

from flask import Blueprint, flash, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, lazy_gettext
from flask_login import current_user
from wtforms import StringField
from wtforms.validators import Length

from sql.accounts import Person, add_account, has_account, person_by_email, person_of, set_name
from sql.engine import Connection, reading, writing
from sql.errors import AlreadyExists
from sql.invitations import Invitation, find_invitation
from sql.outlets import DEFAULT_TIME_ZONE
from webapp import enrolment
from webapp.companies import switch_to
from webapp.database import engine
from webapp.forms import Form
from webapp.fragments import page_or_fragment
from webapp.guard import go_to, public
from webapp.joining import accept
from webapp.password_form import ChoosesPassword, again_field, new_password_field
from webapp.passwords import hash_password
from webapp.reset_factor import has_second_factor
from webapp.roles import own

blueprint = Blueprint("invitations", __name__)
NAME_MAX = 128


class JoinForm(ChoosesPassword, Form):
    name = StringField(
        lazy_gettext("Your name"),
        [Length(max=NAME_MAX, message=lazy_gettext("A name has at most 128 characters."))],
        filters=[lambda text: " ".join((text or "").split())],
    )
    new_password = new_password_field()
    again = again_field()


@blueprint.get("/invitations/<token>")
@public
def page(token: str) -> ResponseReturnValue:
    return _page(token, JoinForm())


@blueprint.get("/invitations/<token>/accept")
def consent(token: str) -> ResponseReturnValue:
    """The same for those who had to log in first."""
    return _page(token, JoinForm())


@blueprint.post("/invitations/<token>")
@public
def join_anew(token: str) -> ResponseReturnValue:
    """A new account, which is open once its authenticator is set up."""
    form = JoinForm()
    invited = _invited(token)
    if invited is None or current_user.is_authenticated:
        return go_to(url_for(".page", token=token))
    form.about = (invited.email, form.name.data, invited.merchant_name, invited.merchant_unp)
    if not form.validate():
        return _page(token, form, 422)
    return go_to(url_for("enrolment.page") if _begin(token, invited, form) else url_for(".page", token=token))


@blueprint.post("/invitations/<token>/accept")
@own
def join(token: str) -> ResponseReturnValue:
    invited = _invited(token)
    try:
        with writing(engine()) as connection:
            accepted = accept(connection, token, current_user.account_id)
    except AlreadyExists:
        accepted = invited
    if accepted is None:  # the page says why
        return go_to(url_for(".page", token=token))
    response = switch_to(accepted.merchant_id, "/")
    flash(gettext("Welcome to the cabinet of %(company)s.", company=accepted.merchant_name))
    return response


def _invited(token: str) -> Invitation | None:
    with reading(engine()) as connection:
        return find_invitation(connection, token)


def _begin(token: str, invited: Invitation, form: JoinForm) -> bool:
    """Accept, and tie the enrolment to this browser. False for an account that is in use already: its owner logs in."""
    password_hash = hash_password(form.new_password.data)
    try:
        with writing(engine()) as connection:
            if _is_known(connection, invited.email):
                return False
            person = _person(connection, invited.email, form.name.data)
            if accept(connection, token, person.account_id) is None:
                raise AlreadyExists("Somebody has just used this link")
            enrolment.begin(connection, person, password_hash, way="invitation")
    except AlreadyExists:  # of two at once, one comes too late: with the account, or with the link
        return False
    return True


def _person(connection: Connection, email: str, name: str) -> Person:
    """The account that this address will log in to, new or not set up yet."""
    known = person_by_email(connection, email)
    account_id = (
        known.account_id if known else add_account(connection, email=email, phone="", password_hash="", totp_secret="")
    )
    set_name(connection, account_id, name)
    person = person_of(connection, account_id)
    assert person is not None  # made or found a moment ago, in this very transaction
    return person


def _is_known(connection: Connection, email: str) -> bool:
    """Whether this person has an account to log in with. One that nobody has set up yet is none."""
    person = person_by_email(connection, email)
    if person is None:
        return has_account(connection, email)  # a disabled one: the login says no more than that either
    return bool(person.password_hash) or has_second_factor(connection, person)


def _page(token: str, form: JoinForm, status: int = 200) -> ResponseReturnValue:
    with reading(engine()) as connection:
        invited = find_invitation(connection, token)
        is_known = invited is not None and _is_known(connection, invited.email)
    if invited is None:
        return page_or_fragment("invitations/over.html", None), 404
    shown = {"token": token, "invited": invited, "is_known": is_known, "form": form, "zone": DEFAULT_TIME_ZONE}
    return page_or_fragment("invitations/page.html", None, **shown), status
