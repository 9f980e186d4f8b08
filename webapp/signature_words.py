"""Why a signature is not accepted, in a sentence that says what to do about it."""

import structlog
from flask_babel import lazy_gettext as _

from webapp.signature_reasons import BadSignature, Reason

SENTENCES = {
    Reason.MALFORMED: _("This file is no signature. Choose the one that your signing program has made (.p7s)."),
    Reason.ATTACHED: _(
        "This signature holds the signed file inside. Sign once more, with a detached signature (.p7s)."
    ),
    Reason.TOO_LARGE: _("This file is too large to be a detached signature."),
    Reason.WRONG_CONTENT: _("This signature belongs to another file. Sign the file that you have downloaded last."),
    Reason.UNTRUSTED: _("The certificate comes from an authority that this site does not know."),
    Reason.EXPIRED: _("The certificate has expired. Get a new one from your authority."),
    Reason.NOT_YET_VALID: _("The certificate is not valid yet."),
    Reason.REVOKED: _("The certificate has been revoked."),
    Reason.REVOCATION_UNKNOWN: _(
        "Whether the certificate has been revoked can't be found out now. Try again later, or log in another way."
    ),
    Reason.WRONG_PURPOSE: _("The certificate is for another purpose than signing. Choose another one."),
    Reason.WEAK: _("The certificate or the signature uses methods that are not safe any more."),
    Reason.TIMEOUT: _("Checking the signature took too long. Try again in a moment."),
    Reason.UNAVAILABLE: _("Signatures can't be checked now. Log in another way; the operator has been told."),
}

log = structlog.get_logger()


class Refused(Exception):
    """Not accepted; the message is a sentence for a person."""


def sentence_of(error: BadSignature) -> Refused:
    """The refusal in words; what openssl said goes to the log, where the operator is told what is our own fault."""
    is_ours = error.reason in (Reason.UNAVAILABLE, Reason.TIMEOUT, Reason.REVOCATION_UNKNOWN)
    (log.error if is_ours else log.info)("signature_refused", reason=error.reason.value, detail=error.detail[:500])
    return Refused(str(SENTENCES[error.reason]))
