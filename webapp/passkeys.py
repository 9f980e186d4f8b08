"""Passkeys on the way in: as a login of its own, as the second factor beside a password, and to confirm oneself."""

from collections.abc import Callable

import werkzeug
from flask import Blueprint, Response, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_login import current_user
from flask_wtf.csrf import CSRFError

from sql import throttle
from sql.engine import writing
from sql.throttle import TooManyAttempts
from webapp import confirming, site
from webapp.database import engine
from webapp.entering import enter
from webapp.fragments import page_or_fragment
from webapp.guard import go_to, own_page, public
from webapp.passkey_ceremony import Copied, ask, check
from webapp.passkey_challenges import Purpose, Refused
from webapp.passkey_factor import finish, half_done
from webapp.passkey_notes import note_copy, note_failure
from webapp.roles import own
from webapp.waiting import retry_headers, waiting_sentence

blueprint = Blueprint("passkeys", __name__)
blueprint.add_app_template_global(site.has_name, "passkeys_work_here")
WAY = "passkey"


@blueprint.get("/login/passkey")
@public
def page() -> ResponseReturnValue:
    return go_to(own_page(_next())) if current_user.is_authenticated else _login_page()


@blueprint.post("/login/passkey/options")
@public
def options() -> ResponseReturnValue:
    """What the browser asks the authenticator; JSON, as navigator.credentials.get() takes it."""
    try:
        with writing(engine()) as connection:
            throttle.admit_address(connection, address=_address())
    except TooManyAttempts as refused:
        return {"problem": waiting_sentence(refused)}, 429, retry_headers(refused)
    return ask(Purpose.LOGIN)


@blueprint.post("/login/passkey")
@public
def log_in() -> ResponseReturnValue:
    try:
        passkey = check(Purpose.LOGIN, _answer())
    except Refused as refused:
        if refused.passkey:
            note_failure(refused.passkey.account_id, WAY)
        return _refused(refused, _login_page)
    with writing(engine()) as connection:
        throttle.welcome_address(connection, address=_address())
    entered = enter(passkey.account_id, WAY, target=_next())
    return entered or (_login_page(gettext("There is no company that you may enter.")), 422)


@blueprint.get("/login/passkey/factor")
@public
def factor() -> ResponseReturnValue:
    """The second step of a login with a password, for those who chose a passkey over a code."""
    return _factor_page() if half_done() else _begin_anew()


@blueprint.post("/login/passkey/factor/options")
@public
def factor_options() -> ResponseReturnValue:
    half = half_done()
    return ask(Purpose.FACTOR, half.account_id) if half else ({"problem": _over()}, 403)


@blueprint.post("/login/passkey/factor")
@public
def check_factor() -> ResponseReturnValue:
    half = half_done()
    if half is None:
        return _begin_anew()
    try:
        check(Purpose.FACTOR, _answer(), half.account_id)
    except Refused as refused:
        note_failure(half.account_id, half.attempt.way)
        return _refused(refused, _factor_page)
    return finish(half, _next()) or _begin_anew()


@blueprint.post("/confirm/passkey/options")
@own
def confirm_options() -> ResponseReturnValue:
    return ask(Purpose.CONFIRM, current_user.account_id)


@blueprint.post("/confirm/passkey")
@own
def confirm() -> ResponseReturnValue:
    """A passkey is something that one has, and it asks for a PIN, a finger or a face: the password adds nothing."""
    try:
        check(Purpose.CONFIRM, _answer(), current_user.account_id)
    except Refused as refused:
        confirming.note_failure(factor="passkey")
        return _refused(refused, confirming.again)
    return confirming.finish(_next())


@blueprint.errorhandler(CSRFError)
def form_is_stale(_error: CSRFError) -> ResponseReturnValue:
    """A page that lay open for long, or in a second tab: the next try is from a fresh one."""
    sentence = gettext("This page was open for too long. Reload it, and try again.")
    if (request.endpoint or "").endswith("options"):
        return {"problem": sentence}, 400
    if current_user.is_authenticated:
        return go_to(own_page(_next()))
    return (_factor_page(sentence) if half_done() else _login_page(sentence)), 400


def _refused(refused: Refused, again: Callable[[str], werkzeug.Response]) -> ResponseReturnValue:
    if isinstance(refused, Copied):
        note_copy(refused.passkey)
    return again(str(refused)), 422


def _login_page(problem: str = "") -> Response:
    return page_or_fragment("login/passkey.html", None, way=WAY, next=_next(), problem=problem)


def _factor_page(problem: str = "") -> Response:
    half = half_done()
    way = half.attempt.way if half else WAY
    return page_or_fragment("login/passkey_factor.html", None, way=way, next=_next(), problem=problem)


def _begin_anew() -> ResponseReturnValue:
    return go_to(url_for("login.password", next=_next()))


def _over() -> str:
    return str(gettext("That took too long. Begin anew, please."))


def _answer() -> str:
    return request.form.get("credential", "")


def _next() -> str | None:
    return request.args.get("next")


def _address() -> str:
    return request.remote_addr or "unknown"
