"""Binding a new register (RFC 8628): its code is typed here, and then somebody says which СКО it is, or refuses it.

What a code belongs to is shown only to who has typed it: guesses are counted, and none gets past the count by an
address.
"""

from flask import Blueprint, Response, flash, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_login import current_user

from sql import errors, throttle
from sql.device_grants import WaitingGrant, approve_grant, deny_grant, normalize_user_code, waiting_grant
from sql.engine import Connection, reading, writing
from sql.skos import add_sko
from sql.throttle import TooManyAttempts, network_of
from sql.tokens import tokens_of
from webapp.binding_forms import BindForm, CodeForm, not_a_code
from webapp.confirming import confirmed
from webapp.database import engine
from webapp.filters import zone_of
from webapp.fragments import page_or_fragment
from webapp.guard import go_to
from webapp.journal import note
from webapp.roles import needs
from webapp.scope import own_reach
from webapp.waiting import retry_headers, waiting_sentence

blueprint = Blueprint("binding", __name__)

TYPED = "codes"  # in the browser's signed session: the codes that were typed rightly
TYPED_MAX = 5
ASKED_LENGTH_MAX = 20


@blueprint.get("/bind")
@needs("registers.bind")
@confirmed
def page() -> ResponseReturnValue:
    """`user_code` fills the field in: it is what a register's own link says, and a person still has to go on."""
    asked = request.args.get("user_code", "")[:ASKED_LENGTH_MAX]
    code = normalize_user_code(asked)
    form = CodeForm(user_code=code or asked)
    return (_code_page(form, not_a_code()), 400) if asked and not code else _code_page(form)


@blueprint.post("/bind")
@needs("registers.bind")
@confirmed
def look_up() -> ResponseReturnValue:
    form = CodeForm()
    if not form.validate():
        return _code_page(form), 422
    try:
        is_found = _is_found(form.code)
    except TooManyAttempts as refused:
        return _code_page(form, waiting_sentence(refused)), 429, retry_headers(refused)
    if not is_found:
        wrong = gettext("No register waits with this code. Look for a slip, or have the register show a new one.")
        return _code_page(form, wrong), 422
    session[TYPED] = [form.code, *(code for code in _typed() if code != form.code)][:TYPED_MAX]
    return go_to(url_for(".grant", user_code=form.code))


@blueprint.get("/bind/<user_code>")
@needs("registers.bind")
@confirmed
def grant(user_code: str) -> ResponseReturnValue:
    with reading(engine()) as connection:
        found = _grant(connection, user_code)
        return _grant_page(found, _form(connection)) if found else _to_the_beginning(user_code)


@blueprint.post("/bind/<user_code>")
@needs("registers.bind")
@confirmed
def approve(user_code: str) -> ResponseReturnValue:
    with reading(engine()) as connection:
        found = _grant(connection, user_code)
        form = _form(connection)
    if found is None:
        return _to_the_beginning(user_code)
    if not form.validate():
        return _grant_page(found, form), 422
    try:
        number = _approve(found, form)
    except errors.AlreadyExists:
        taken = gettext("This number is taken. Compare it with the register; if it is right, ask the operator.")
        form.number.errors = [taken]
        return _grant_page(found, form), 422
    except errors.NotFound:  # decided by somebody else, or expired, meanwhile
        return _to_the_beginning(user_code)
    flash(gettext("Bound: the register fetches its token as %(sko)s within seconds.", sko=number))
    return go_to(url_for("tokens.page"))


@blueprint.post("/bind/<user_code>/deny")
@needs("registers.bind")
@confirmed
def deny(user_code: str) -> ResponseReturnValue:
    with reading(engine()) as connection:
        found = _grant(connection, user_code)
    if found is None:
        return _to_the_beginning(user_code)
    try:
        with writing(engine()) as connection:
            deny_grant(connection, found.user_code)
            note(connection, "register_refused", found.user_code, address=found.address)
    except errors.NotFound:
        return _to_the_beginning(user_code)
    flash(gettext("Refused: the register with the code %(code)s gets no token.", code=found.user_code))
    return go_to(url_for(".page"))


def _typed() -> list[str]:
    return list(session.get(TYPED, ()))


def _is_found(code: str) -> bool:
    """Whether a register waits with this code. TooManyAttempts before it is looked up."""
    merchant_id = current_user.merchant_id
    with writing(engine()) as connection:
        throttle.admit_code(connection, merchant_id)
    with writing(engine()) as connection:
        if waiting_grant(connection, code) is None:
            return False
        throttle.welcome_code(connection, merchant_id)
        return True


def _grant(connection: Connection, user_code: str) -> WaitingGrant | None:
    return waiting_grant(connection, user_code) if user_code in _typed() else None


def _form(connection: Connection) -> BindForm:
    reach = own_reach()
    tokens = tokens_of(connection, reach.merchant_id)
    bound = {token.sko_id for token in tokens if token.sko_id and token.revoked_us is None}
    return BindForm(reach.skos(connection), reach.outlets(connection), bound)


def _approve(found: WaitingGrant, form: BindForm) -> str:
    """All or nothing; returns the number of the СКО. AlreadyExists if it is somebody's, NotFound if nobody waits."""
    merchant_id, number, name = current_user.merchant_id, form.sko.data, form.token_name.data
    with writing(engine()) as connection:
        if form.is_new:
            number, outlet = form.number.data, form.outlets[form.outlet.data]
            what = {"number": number, "outlet_id": outlet.outlet_id, "model": form.model.data}
            sko_id = add_sko(connection, merchant_id, **what)
            note(connection, "register_added", number, arrived=outlet.name)
        else:
            sko_id = form.skos[number].sko_id
        whose = {"merchant_id": merchant_id, "sko_id": sko_id, "account_id": current_user.account_id}
        approve_grant(connection, found.user_code, **whose, token_name=name)
        note(connection, "register_bound", number, **({"name": name} if name else {}), address=found.address)
    return str(number)


def _to_the_beginning(user_code: str) -> ResponseReturnValue:
    """The code has to be typed: again if it is no good any more, for the first time if it comes by a link."""
    if user_code in _typed():
        session[TYPED] = [code for code in _typed() if code != user_code]
        flash(gettext("No register waits with the code %(code)s any more.", code=user_code), "problem")
        return go_to(url_for(".page"))
    return go_to(url_for(".page", user_code=user_code[:ASKED_LENGTH_MAX]))


def _code_page(form: CodeForm, problem: str | None = None) -> Response:
    if problem:
        form.user_code.errors = [problem]
    return page_or_fragment("binding/page.html", None, form=form)


def _grant_page(found: WaitingGrant, form: BindForm) -> Response:
    is_near = network_of(found.address) == network_of(request.remote_addr or "")
    zone = zone_of(list(form.outlets.values()))
    return page_or_fragment("binding/grant.html", None, grant=found, form=form, is_near=is_near, zone=zone)
