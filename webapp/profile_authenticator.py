"""One's own authenticator app and recovery codes: linking another app, making new codes."""

from flask import Blueprint, Response, current_app, flash
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_login import current_user
from itsdangerous import BadSignature, URLSafeTimedSerializer
from wtforms import HiddenField

from sql import factors, sessions
from sql.accounts import Person
from sql.engine import Connection, reading, writing
from webapp.authenticator import Secret
from webapp.authenticator_codes import TakesCode, code_field
from webapp.confirming import confirmed
from webapp.database import engine
from webapp.forms import Form
from webapp.fragments import page_or_fragment
from webapp.guard import go_to, own_account
from webapp.journal import note
from webapp.passwords import generate_totp_secret
from webapp.person_mail import mail_authenticator_changed, mail_recovery_codes_made
from webapp.recovery_codes import generate_recovery_codes
from webapp.roles import own

SHOWN_S = 30 * 60  # how long a secret that was shown may be linked

blueprint = Blueprint("profile_authenticator", __name__)


class LinkForm(TakesCode, Form):
    """`shown` is the secret on the page, signed: it is ours, for this account, and shown a moment ago."""

    shown = HiddenField()
    code = code_field()


@blueprint.get("/profile/authenticator")
@confirmed
def page() -> ResponseReturnValue:
    return _page(LinkForm(formdata=None), generate_totp_secret())


@blueprint.post("/profile/authenticator")
@own
@confirmed
def link() -> ResponseReturnValue:
    """The app has shown a code of the new secret: from now on it counts, and the one before does not."""
    form = LinkForm()
    try:
        secret = Secret(_signer().loads(form.shown.data or "", max_age=SHOWN_S), current_user.email)
    except BadSignature:
        sentence = gettext("The picture was shown too long ago. Scan this one, please.")
        return _page(LinkForm(formdata=None), generate_totp_secret(), sentence), 422
    if not form.validate():
        return _page(form, secret.secret), 422
    step = secret.step_of(form.typed)
    if step is None:
        sentence = gettext("The code is wrong. Does the clock of your phone show the right time?")
        return _page(form, secret.secret, sentence), 422
    codes = _save(secret.secret, step)
    flash(gettext("The authenticator app is linked. All other sessions have ended."))
    return _codes_page(codes) if codes else go_to("/profile")


@blueprint.get("/profile/recovery-codes")
def recovery_codes() -> ResponseReturnValue:
    return _codes_page(())


@blueprint.post("/profile/recovery-codes")
@own
@confirmed
def make_codes() -> ResponseReturnValue:
    """The one answer that shows them."""
    with writing(engine()) as connection:
        return _codes_page(_make_codes(connection, own_account(connection)))


def _save(secret: str, step: int) -> tuple[str, ...]:
    """Returns recovery codes if the account had none: who has an app needs a way in without it."""
    with writing(engine()) as connection:
        person = own_account(connection)
        if person.totp_secret == secret:  # the form was sent twice
            return ()
        factors.set_totp_secret(connection, person.account_id, secret, used_step=step)
        sessions.end_all_sessions(connection, person.account_id, except_token=current_user.token)
        note(connection, "factor_added", factor="authenticator")
        mail_authenticator_changed(connection, person)
        left = factors.factors_of(connection, person.account_id).recovery_left
        return () if left else _make_codes(connection, person)


def _make_codes(connection: Connection, person: Person) -> tuple[str, ...]:
    codes = generate_recovery_codes()
    factors.replace_recovery_codes(connection, person.account_id, codes)
    note(connection, "recovery_codes_made")
    mail_recovery_codes_made(connection, person)
    return codes


def _signer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(current_app.secret_key or "", salt=f"authenticator of {current_user.account_id}")


def _page(form: LinkForm, secret: str, problem: str | None = None) -> Response:
    if problem:
        form.code.data = None
        form.form_errors.append(problem)
    form.shown.data = _signer().dumps(secret)
    with reading(engine()) as connection:
        has_app = factors.factors_of(connection, current_user.account_id).has_totp
    shown = Secret(secret, current_user.email)
    return page_or_fragment("profile_authenticator/page.html", "form", form=form, secret=shown, has_app=has_app)


def _codes_page(codes: tuple[str, ...]) -> Response:
    with reading(engine()) as connection:
        left = factors.factors_of(connection, current_user.account_id).recovery_left
    return page_or_fragment("profile_authenticator/codes.html", None, codes=codes, left=left)
