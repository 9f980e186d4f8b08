"""A new person's second factor: the authenticator app, and the recovery codes for when it is lost.

Who comes here has proved the mailbox by a link, and has chosen a password. Password, authenticator and recovery codes
take effect together when the app's code is right; until then the account is as it was, and nothing is open.
"""

import json
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import BadRequest, Conflict

from sql import accounts, factors, login_attempts, sessions
from sql.accounts import Person, person_of
from sql.engine import Connection, reading, writing
from sql.instants import SECOND_US
from webapp.authenticator import Secret
from webapp.authenticator_codes import AuthenticatorForm
from webapp.database import engine
from webapp.entering import attempt_token, enter, remember
from webapp.fragments import page_or_fragment
from webapp.guard import go_to, public
from webapp.passwords import generate_totp_secret
from webapp.person_journal import note_of
from webapp.recovery_codes import COUNT, generate_recovery_codes, recovery_code_of
from webapp.reset_factor import has_second_factor

WAY = "enrolment"
STEP = "enrol"
SHOWN = "codes"  # the recovery codes were shown; awaited is that they are kept
LIFETIME_US = 30 * 60 * SECOND_US  # time to find and to install an app

blueprint = Blueprint("enrolment", __name__)


@dataclass(frozen=True, slots=True)
class Enrolment:
    """Of this browser: who it is, what was chosen, and the secret that is being shown."""

    token: str
    person: Person
    password_hash: str
    secret: Secret
    way: str  # by which the person goes in at the end


def begin(connection: Connection, person: Person, password_hash: str, *, way: str = "reset") -> None:
    """Tie the enrolment to this browser; send it to `enrolment.page` then. `way` is what the journal says of it."""
    state = {"password_hash": password_hash, "totp_secret": generate_totp_secret(), "way": way}
    token = login_attempts.begin_attempt(
        connection,
        way=WAY,
        step=STEP,
        account_id=person.account_id,
        challenge=json.dumps(state).encode(),
        lifetime_us=LIFETIME_US,
    )
    remember(token)


@blueprint.get("/login/enrol")
@public
def page() -> ResponseReturnValue:
    enrolment = _present()
    return _page(enrolment, AuthenticatorForm()) if enrolment else _go_on()


@blueprint.post("/login/enrol")
@public
def enrol() -> ResponseReturnValue:
    enrolment = _present()
    if enrolment is None:
        return _go_on()
    form = AuthenticatorForm()
    if not form.validate():
        return _page(enrolment, form), 422
    step = enrolment.secret.step_of(form.typed)
    if step is None:
        sentence = gettext("The code is wrong. Does the clock of your phone show the right time?")
        return _page(enrolment, form, sentence), 422
    codes = _save(enrolment, step)
    return page_or_fragment("login/recovery_codes.html", None, codes=codes) if codes else _go_on()


@blueprint.get("/login/recovery-codes")
@public
def shown() -> ResponseReturnValue:
    """The codes were on a page that was left, or loaded once more: they are not to be had again."""
    token, attempt = _attempt(SHOWN)
    return page_or_fragment("login/recovery_codes.html", None, codes=()) if token and attempt else _begin_anew()


@blueprint.post("/login/recovery-codes")
@public
def go_in() -> ResponseReturnValue:
    token, attempt = _attempt(SHOWN)
    if token is None or attempt is None or attempt.account_id is None:
        return _begin_anew()
    with writing(engine()) as connection:
        if not login_attempts.end_attempt(connection, token, step=SHOWN):
            return _begin_anew()
    return enter(attempt.account_id, (attempt.challenge or b"").decode()) or _begin_anew()


@blueprint.post("/recovery-codes.txt")
@public
def text() -> ResponseReturnValue:
    """The codes as a file: just those that the page sends back, since they are kept nowhere."""
    codes = [recovery_code_of(code) for code in request.form.getlist("code")]
    if not codes or len(codes) > COUNT or None in codes:
        raise BadRequest
    heading = gettext("Recovery codes for Kabinet. Each is good once.")
    content = "\n".join([heading, "", *(code for code in codes if code), ""])
    disposition = {"Content-Disposition": "attachment; filename=kabinet-recovery-codes.txt"}
    return Response(content, mimetype="text/plain", headers=disposition)


@blueprint.errorhandler(CSRFError)
def form_is_stale(_error: CSRFError) -> ResponseReturnValue:
    return go_to(url_for(".page"))


def _save(enrolment: Enrolment, step: int) -> tuple[str, ...] | None:
    """All at once; returns the recovery codes, to exactly one caller.

    None too if the account has got a second factor meanwhile: who began before that must not replace it.
    """
    codes = generate_recovery_codes()
    person, way = enrolment.person, enrolment.way.encode()
    with writing(engine()) as connection:
        if has_second_factor(connection, person) or not factors.set_first_totp_secret(
            connection, person.account_id, enrolment.secret.secret, used_step=step
        ):
            return None
        if not login_attempts.advance(connection, enrolment.token, leaving=STEP, step=SHOWN, challenge=way):
            raise Conflict  # which takes everything back
        accounts.set_password_hash(connection, person.account_id, enrolment.password_hash)
        factors.replace_recovery_codes(connection, person.account_id, codes)
        sessions.end_all_sessions(connection, person.account_id)
        if enrolment.way == "reset":
            note_of(connection, person, "password_reset")
        note_of(connection, person, "factor_added", factor="authenticator")
    return codes


def _attempt(step: str) -> tuple[str | None, login_attempts.Attempt | None]:
    token = attempt_token()
    with reading(engine()) as connection:
        attempt = login_attempts.find_attempt(connection, token)
    return token, attempt if attempt and (attempt.way, attempt.step) == (WAY, step) else None


def _present() -> Enrolment | None:
    token, attempt = _attempt(STEP)
    if token is None or attempt is None or attempt.account_id is None or attempt.challenge is None:
        return None
    with reading(engine()) as connection:
        person = person_of(connection, attempt.account_id)
    if person is None:
        return None
    state: dict[str, Any] = json.loads(attempt.challenge)
    return Enrolment(token, person, state["password_hash"], Secret(state["totp_secret"], person.email), state["way"])


def _go_on() -> ResponseReturnValue:
    """Not, or no longer, at this step."""
    _token, attempt = _attempt(SHOWN)
    return go_to(url_for(".shown")) if attempt else _begin_anew()


def _begin_anew() -> ResponseReturnValue:
    return go_to(url_for("login.password"))


def _page(enrolment: Enrolment, form: AuthenticatorForm, problem: str | None = None) -> Response:
    if problem:
        form.code.data = None
        form.form_errors.append(problem)
    return page_or_fragment("login/enrol.html", "form", form=form, secret=enrolment.secret)
