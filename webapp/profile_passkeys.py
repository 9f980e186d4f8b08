"""One's own passkeys: add, rename, remove."""

from collections.abc import Iterator
from contextlib import contextmanager

from flask import Blueprint, Response, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, lazy_gettext
from flask_login import current_user
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import NotFound
from wtforms import StringField
from wtforms.validators import DataRequired, Length

from sql import errors, passkeys
from sql.engine import reading, writing
from sql.passkeys import NAME_LENGTH, PASSKEYS_MAX, Passkey
from webapp.confirming import confirmed
from webapp.database import engine
from webapp.errors import answer
from webapp.forms import Form
from webapp.fragments import page_or_fragment
from webapp.guard import go_to
from webapp.journal import note
from webapp.passkey_ceremony import ask_for_new, check_new
from webapp.passkey_challenges import Refused
from webapp.roles import own
from webapp.scope import own_reach

blueprint = Blueprint("profile_passkeys", __name__)


class NameForm(Form):
    name = StringField(
        lazy_gettext("Name of the passkey"),
        [
            DataRequired(lazy_gettext("Give it a name, so that you know it again.")),
            Length(max=NAME_LENGTH, message=lazy_gettext("A name has at most 64 characters.")),
        ],
        filters=[lambda text: " ".join(text.split()) if text else text],
    )


@blueprint.get("/profile/passkeys")
def page() -> ResponseReturnValue:
    with reading(engine()) as connection:
        zone = own_reach().zone(connection)
    return page_or_fragment("passkeys/page.html", None, passkeys=_mine(), passkeys_max=PASSKEYS_MAX, zone=zone)


@blueprint.get("/profile/passkeys/add")
@confirmed
def add() -> ResponseReturnValue:
    count = len(_mine())
    name = gettext("Passkey %(number)s", number=count + 1)
    return _add_page(NameForm(name=name)) if count < PASSKEYS_MAX else go_to(url_for(".page"))


@blueprint.post("/profile/passkeys/add/options")
@own
@confirmed
def options() -> ResponseReturnValue:
    """What the browser asks the authenticator; JSON, as navigator.credentials.create() takes it."""
    return ask_for_new(current_user.account_id, current_user.email, current_user.name)


@blueprint.post("/profile/passkeys/add")
@own
@confirmed
def save() -> ResponseReturnValue:
    form = NameForm()
    if not form.validate():
        return _add_page(form), 422
    try:
        _add(form.name.data)
    except Refused as refused:
        return _add_page(form, str(refused)), 422
    return go_to(url_for(".page"))


def _add(name: str) -> None:
    made, transports = check_new(request.form.get("credential", ""), current_user.account_id)
    with writing(engine()) as connection:
        try:
            passkeys.add_passkey(
                connection,
                current_user.account_id,
                credential_id=made.credential_id,
                public_key=made.credential_public_key,
                sign_count=made.sign_count,
                name=name,
                transports=transports,
            )
        except errors.AlreadyExists as error:
            raise Refused(gettext("This passkey is known here already.")) from error
        except passkeys.TooMany as error:
            raise Refused(gettext("An account has at most %(count)s passkeys.", count=PASSKEYS_MAX)) from error
        note(connection, "factor_added", name, factor="passkey")


@blueprint.get("/profile/passkeys/<key>")
def passkey(key: str) -> ResponseReturnValue:
    found = _found(key)
    return _passkey_page(found, NameForm(name=found.name))


@blueprint.post("/profile/passkeys/<key>")
@own
def rename(key: str) -> ResponseReturnValue:
    found, form = _found(key), NameForm()
    if not form.validate():
        return _passkey_page(found, form), 422
    with _there(), writing(engine()) as connection:
        passkeys.rename_passkey(connection, current_user.account_id, key, form.name.data)
        note(connection, "factor_renamed", form.name.data, factor="passkey", before=found.name)
    return go_to(url_for(".page"))


@blueprint.post("/profile/passkeys/<key>/remove")
@own
@confirmed
def remove(key: str) -> ResponseReturnValue:
    found = _found(key)
    with _there(), writing(engine()) as connection:
        passkeys.remove_passkey(connection, current_user.account_id, key)
        note(connection, "factor_removed", found.name, factor="passkey")
    return go_to(url_for(".page"))


@blueprint.errorhandler(CSRFError)
def form_is_stale(error: CSRFError) -> ResponseReturnValue:
    sentence = gettext("This page was open for too long. Reload it, and try again.")
    return ({"problem": sentence}, 400) if request.endpoint == "profile_passkeys.options" else answer(error)


def _mine() -> list[Passkey]:
    with reading(engine()) as connection:
        return passkeys.passkeys_of(connection, current_user.account_id)


def _found(key: str) -> Passkey:
    with _there(), reading(engine()) as connection:
        return passkeys.own_passkey(connection, current_user.account_id, key)


@contextmanager
def _there() -> Iterator[None]:
    """A passkey that one doesn't have, or not any more, has no page."""
    try:
        yield
    except errors.NotFound:
        raise NotFound from None


def _add_page(form: NameForm, problem: str = "") -> Response:
    return page_or_fragment("passkeys/add.html", None, form=form, problem=problem)


def _passkey_page(found: Passkey, form: NameForm) -> Response:
    return page_or_fragment("passkeys/passkey.html", None, passkey=found, form=form)
