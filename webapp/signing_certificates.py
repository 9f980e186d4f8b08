"""One's own certificates of electronic signatures: link one by signing with it, remove it."""

from flask import Blueprint, Response, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_login import current_user
from werkzeug.exceptions import NotFound

from sql import signing_certificates as linked
from sql.engine import reading, writing
from sql.errors import AlreadyExists
from sql.instants import now_us
from sql.signing_certificates import CERTIFICATES_MAX, SigningCertificate, TooMany
from webapp.challenge import Purpose
from webapp.confirming import confirmed
from webapp.database import engine
from webapp.fragments import page_or_fragment
from webapp.guard import go_to, own_account
from webapp.journal import note
from webapp.person_mail import mail_certificate_linked
from webapp.roles import own
from webapp.scope import own_reach
from webapp.signature_words import Refused
from webapp.signatures import Signer
from webapp.signing_challenges import UploadForm, give_out, init_blueprint, settings, take_back

blueprint = Blueprint("signing_certificates", __name__)
init_blueprint(blueprint)

OPEN = "certificate"  # the name of the file that awaits its signature in the browser's signed session


@blueprint.get("/profile/certificates")
def page() -> ResponseReturnValue:
    with reading(engine()) as connection:
        certificates = linked.certificates_of(connection, current_user.account_id)
        zone = own_reach().zone(connection)
    return page_or_fragment(
        "signing_certificates/page.html",
        None,
        certificates=certificates,
        certificates_max=CERTIFICATES_MAX,
        is_configured=settings().is_configured,
        zone=zone,
        now=now_us(),
    )


@blueprint.get("/profile/certificates/add")
@confirmed
def add() -> ResponseReturnValue:
    return _add_page(UploadForm())


@blueprint.post("/profile/certificates/file")
@own
@confirmed
def file() -> ResponseReturnValue:
    """The file to sign; the page stays as it is."""
    if not settings().is_configured:
        return _add_page(UploadForm(formdata=None)), 422
    session[OPEN], answer = give_out(Purpose.ENROL, account_id=current_user.account_id)
    return answer


@blueprint.post("/profile/certificates/add")
@own
@confirmed
def link() -> ResponseReturnValue:
    form = UploadForm()
    if not settings().is_configured or not form.validate():
        return _add_page(form), 422
    account_id: int = current_user.account_id
    try:
        _link(take_back(session.get(OPEN), Purpose.ENROL, form.uploaded, account_id=account_id))
    except Refused as refused:
        return _add_page(form, str(refused)), 422
    except AlreadyExists:
        return _add_page(form, gettext("This certificate is linked already, to your account or to another one.")), 422
    except TooMany:
        return _add_page(form, gettext("More certificates can't be linked. Remove one that you don't need.")), 422
    session.pop(OPEN, None)
    return go_to(url_for(".page"))


@blueprint.get("/profile/certificates/<fingerprint>")
def certificate(fingerprint: str) -> ResponseReturnValue:
    with reading(engine()) as connection:
        mine = {found.fingerprint: found for found in linked.certificates_of(connection, current_user.account_id)}
        zone = own_reach().zone(connection)
    found: SigningCertificate | None = mine.get(fingerprint)
    if found is None:
        raise NotFound
    return page_or_fragment("signing_certificates/certificate.html", None, certificate=found, zone=zone)


@blueprint.post("/profile/certificates/<fingerprint>/remove")
@own
@confirmed
def remove(fingerprint: str) -> ResponseReturnValue:
    with writing(engine()) as connection:
        subject = linked.remove_certificate(connection, current_user.account_id, fingerprint)
        if subject is None:
            raise NotFound
        note(connection, "factor_removed", subject, factor="certificate")
    return go_to(url_for(".page"))


def _link(signer: Signer) -> None:
    with writing(engine()) as connection:
        linked.add_certificate(
            connection,
            current_user.account_id,
            fingerprint=signer.fingerprint,
            subject=signer.subject,
            valid_until_us=signer.not_after_us,
        )
        note(connection, "factor_added", signer.subject, factor="certificate")
        mail_certificate_linked(connection, own_account(connection), signer.subject)


def _add_page(form: UploadForm, problem: str | None = None) -> Response:
    if problem:
        form.form_errors.append(problem)
    return page_or_fragment("signing_certificates/add.html", None, form=form, is_configured=settings().is_configured)
