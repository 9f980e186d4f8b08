"""Files to sign: given to one browser, for one purpose, for five minutes, and taken back signed, once."""

from flask import Blueprint, current_app, make_response
from flask.blueprints import BlueprintSetupState
from flask_babel import gettext, lazy_gettext
from flask_wtf.file import FileField, FileRequired
from werkzeug import Response

from sql import login_attempts
from sql.engine import reading, writing
from sql.instants import SECOND_US, now_us
from sql.login_attempts import Attempt
from webapp import site
from webapp.challenge import BadChallenge, Purpose, check_challenge, new_challenge, new_nonce, read_challenge
from webapp.database import engine
from webapp.forms import Form
from webapp.signature_words import Refused, sentence_of
from webapp.signatures import BadSignature, OpensslVerifier, SignatureSettings, SignatureVerifier, Signer
from webapp.signed_data import SIGNATURE_BYTES_MAX

WAY = "signature"
LIFETIME_US = 5 * 60 * SECOND_US
FILE_NAME = "kabinet-{purpose}.txt"


class UploadForm(Form):
    """Takes the signature."""

    signature = FileField(
        lazy_gettext("The signature, a file that mostly ends in .p7s or .sig"),
        [FileRequired(lazy_gettext("Choose the file with the signature."))],
    )

    @property
    def uploaded(self) -> bytes:
        """Its bytes; one more than may be, of a file that is too long."""
        return bytes(self.signature.data.stream.read(SIGNATURE_BYTES_MAX + 1))


def init_blueprint(blueprint: Blueprint) -> None:
    """Read the settings once, when the app starts: a wrong one ends it with a sentence."""

    def read(state: BlueprintSetupState) -> None:
        found = SignatureSettings.from_environment()
        config = state.app.config
        if found.is_configured and not (config["PUBLIC_URL"] or config["DEVELOPMENT"]):
            # Else a request decides, and a forger's copy of this site could pass on a file that names the forger's.
            raise ValueError("SIGNATURE_CA_FILE needs PUBLIC_URL: whoever signs must see which site it is for")
        state.app.extensions.setdefault("kabinet_signatures", found)

    blueprint.record_once(read)


def settings() -> SignatureSettings:
    found: SignatureSettings = current_app.extensions["kabinet_signatures"]
    return found


def verifier() -> SignatureVerifier:
    return OpensslVerifier(settings())


def give_out(purpose: Purpose, *, account_id: int | None = None) -> tuple[str, Response]:
    """A new file to sign, as a download, and the token of this browser under which it comes back."""
    now = now_us()
    content = new_challenge(site.origin(), purpose, new_nonce(), now, now + LIFETIME_US)
    with writing(engine()) as connection:
        token = login_attempts.begin_attempt(
            connection, way=WAY, step=purpose, account_id=account_id, challenge=content, lifetime_us=LIFETIME_US
        )
    answer = make_response(content)
    answer.content_type = "text/plain; charset=utf-8"
    answer.headers["Content-Disposition"] = f'attachment; filename="{FILE_NAME.format(purpose=purpose)}"'
    return token, answer


def take_back(token: str | None, purpose: Purpose, signature: bytes, *, account_id: int | None = None) -> Signer:
    """Who has signed the file of this browser; it is used up by that. Raises Refused with a sentence.

    A wrong upload may be corrected, five in all: each costs a run of openssl.
    """
    attempt = _count(token, purpose, account_id)
    content = attempt.challenge or b""
    try:
        check_challenge(content, read_challenge(content))
        signer = verifier().verify(signature, content)
    except BadChallenge as error:
        raise Refused(_gone()) from error
    except BadSignature as error:
        raise sentence_of(error) from error
    with writing(engine()) as connection:
        if not login_attempts.end_attempt(connection, token or "", step=purpose):
            raise Refused(_gone())
    return signer


def _count(token: str | None, purpose: Purpose, account_id: int | None) -> Attempt:
    """The live attempt, with this upload counted."""
    with writing(engine()) as connection:
        is_counted = login_attempts.count_try(connection, token or "", step=purpose)
    with reading(engine()) as connection:
        attempt = login_attempts.find_attempt(connection, token)
    if attempt is None or not is_counted or attempt.way != WAY or attempt.account_id != account_id:
        raise Refused(_gone())
    return attempt


def _gone() -> str:
    return str(gettext("The file to sign is not good any more, or was not given to this browser. Download a new one."))
