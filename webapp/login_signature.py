"""Login by electronic signature (ЭЦП), in any browser: download a file, sign it, upload the signature.

Where a proxy in front of us asks for certificates within TLS, the one that the browser has shown is enough.
"""

from collections.abc import Callable

from flask import Blueprint, Response, request, session
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_login import current_user
from flask_wtf.csrf import CSRFError

from sql import throttle
from sql.accounts import owner_by_unp
from sql.engine import reading, writing
from sql.instants import SECOND_US
from sql.rates import Rate, count
from sql.signing_certificates import account_of_certificate, is_linked
from sql.throttle import TooManyAttempts
from webapp.challenge import Purpose
from webapp.client_certificates import client_certificate, verify_certificate
from webapp.database import engine
from webapp.entering import ATTEMPT, attempt_token, enter
from webapp.fragments import page_or_fragment
from webapp.guard import go_to, own_page, public
from webapp.signature_words import Refused, sentence_of
from webapp.signatures import BadSignature, Signer
from webapp.signing_challenges import WAY, UploadForm, give_out, init_blueprint, settings, take_back
from webapp.waiting import retry_headers, waiting_sentence

# Each is a row until it expires. Enough for an office behind one address.
FILES = Rate("signature-file", most=30, window_us=600 * SECOND_US)

blueprint = Blueprint("login_signature", __name__)
init_blueprint(blueprint)


@blueprint.get("/login/signature")
@public
def page() -> ResponseReturnValue:
    if current_user.is_authenticated:
        return go_to(own_page(request.args.get("next")))
    return _page(UploadForm())


@blueprint.post("/login/signature/file")
@public
def file() -> ResponseReturnValue:
    """The file to sign. The page stays as it is, so its form must stay good: the session is not begun anew."""
    if not settings().is_configured:
        return _page(UploadForm()), 422
    try:
        with writing(engine()) as connection:
            count(connection, FILES, request.remote_addr or "unknown")
    except TooManyAttempts as refused:
        return _page(UploadForm(), waiting_sentence(refused)), 429, retry_headers(refused)
    token, answer = give_out(Purpose.LOGIN)
    session[ATTEMPT] = token
    return answer


@blueprint.post("/login/signature")
@public
def log_in() -> ResponseReturnValue:
    form = UploadForm()
    if not settings().is_configured or not form.validate():
        return _page(form), 422
    return _entered(form, WAY, lambda: take_back(attempt_token(), Purpose.LOGIN, form.uploaded))


@blueprint.post("/login/signature/certificate")
@public
def log_in_by_certificate() -> ResponseReturnValue:
    """By the certificate of this very connection."""
    form = UploadForm(formdata=None)
    certificate = client_certificate(settings())
    if certificate is None:
        return _page(form, gettext("Your browser has shown no certificate.")), 422
    return _entered(form, "certificate", lambda: _verified(certificate))


@blueprint.errorhandler(CSRFError)
def form_is_stale(_error: CSRFError) -> ResponseReturnValue:
    if current_user.is_authenticated:
        return go_to(own_page(request.args.get("next")))
    sentence = gettext("This page was open for too long. Log in once more, please.")
    return _page(UploadForm(formdata=None), sentence), 400


def _verified(certificate: bytes) -> Signer:
    try:
        return verify_certificate(certificate, settings())
    except BadSignature as error:
        raise sentence_of(error) from error


def _entered(form: UploadForm, way: str, find_signer: Callable[[], Signer]) -> ResponseReturnValue:
    """Count the attempt by its network, since it has no other name yet; then look who it is."""
    address = request.remote_addr or "unknown"
    try:
        with writing(engine()) as connection:
            throttle.admit_address(connection, address=address)
        account_id, merchant_id = _account_of(find_signer())
    except TooManyAttempts as refused:
        return _page(form, waiting_sentence(refused)), 429, retry_headers(refused)
    except Refused as refused:
        return _page(form, str(refused)), 422
    with writing(engine()) as connection:
        throttle.welcome_address(connection, address=address)
    entered = enter(account_id, way, merchant_id=merchant_id, target=request.args.get("next"))
    return entered or (_page(form, gettext("There is no company that you may enter.")), 422)


def _account_of(signer: Signer) -> tuple[int, int | None]:
    """Whom the certificate opens: the account that it is linked to, else the owner of the company with its УНП.

    Names are for people to read: they identify nobody. Raises Refused.
    """
    with reading(engine()) as connection:
        account_id = account_of_certificate(connection, signer.fingerprint)
        if account_id is not None:
            return account_id, None
        free = signer.unp is not None and not is_linked(connection, signer.fingerprint)
        owner = owner_by_unp(connection, signer.unp or "") if free else None
    if owner is None:
        raise Refused(
            gettext(
                "The signature is right, but its certificate opens no account here: it is linked to none, and is not "
                "that of a company with a cabinet. Log in another way, and link it in your profile."
            )
        )
    return owner.account_id, owner.merchant_id


def _page(form: UploadForm, problem: str | None = None) -> Response:
    if problem:
        form.form_errors.append(problem)
    return page_or_fragment(
        "login/signature.html",
        None,
        form=form,
        way="signature",
        next=request.args.get("next"),
        is_configured=settings().is_configured,
        has_certificate=client_certificate(settings()) is not None,
    )
