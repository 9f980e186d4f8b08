"""Electronic signatures (ЭЦП): who has signed this content?"""

import tempfile
import time
from pathlib import Path
from typing import Protocol

from webapp.certificates import Signer, may_sign, read_certificate
from webapp.openssl import OpensslTimeout, OpensslUnavailable
from webapp.pem import pem_blocks
from webapp.revocation import trust_bundle
from webapp.signature_reasons import BadSignature, Reason, failure
from webapp.signature_settings import SignatureSettings
from webapp.signed_data import ASN1_ERRORS, detached_signature

__all__ = ["BadSignature", "OpensslVerifier", "Reason", "SignatureSettings", "SignatureVerifier", "Signer"]


class SignatureVerifier(Protocol):
    """Somebody who can tell a true signature from a false one."""

    def verify(self, signature: bytes, content: bytes) -> Signer:
        """Who has signed `content`, by a certificate that is good at this moment. Raises BadSignature."""


class OpensslVerifier:
    """Verifies detached CMS signatures, DER or PEM, by the openssl command.

    openssl checks the signature, the chain up to a configured root, its validity now (never at the time that the
    signer claims), revocation of the signer and of each authority, and the certificate's purpose. What it
    has verified is what is read: it hands back the signer's certificate.
    """

    def __init__(self, settings: SignatureSettings) -> None:
        self._settings = settings

    def verify(self, signature: bytes, content: bytes) -> Signer:
        detached = detached_signature(signature)
        try:
            with tempfile.TemporaryDirectory(prefix="kabinet-signature-") as name:  # for nobody else to read
                folder = Path(name)
                (folder / "trust.pem").write_bytes(trust_bundle(self._settings))
                (folder / "signature.der").write_bytes(detached)
                (folder / "content").write_bytes(content)
                certificate = self._signers_certificate(folder)
            signer = read_certificate(certificate, self._settings.unp_oids)
        except OpensslTimeout as error:
            raise BadSignature(Reason.TIMEOUT, str(error)) from error
        except (OpensslUnavailable, OSError, *ASN1_ERRORS) as error:
            raise BadSignature(Reason.UNAVAILABLE, str(error)) from error
        if not may_sign(certificate):
            raise BadSignature(Reason.WRONG_PURPOSE, "its key is not for signatures")
        return signer

    def _signers_certificate(self, folder: Path) -> bytes:
        """The verified signer's certificate, in DER. The purposes are tried in turn, all within the time of one."""
        deadline_s = time.monotonic() + self._settings.seconds_max
        problem = BadSignature(Reason.WRONG_PURPOSE, "no purpose is configured")
        for purpose in self._settings.purposes:
            command = self._command(purpose)
            left_s = deadline_s - time.monotonic()
            code, text = self._settings.openssl.run(command, folder=folder, seconds=left_s)
            if code == 0:
                return _only_certificate(folder / "signer.pem")
            problem = failure(code, text)
            if problem.reason != Reason.WRONG_PURPOSE:
                break
        raise problem

    def _command(self, purpose: str) -> tuple[str, ...]:
        # Without the two -no- options the certificates that the machine trusts for web sites would be roots as well.
        signature = ("-inform", "DER", "-in", "signature.der", "-binary", "-content", "content", "-out", "verified")
        trust = ("-CAfile", "trust.pem", "-no-CApath", "-no-CAstore", "-crl_check_all")
        demands = ("-purpose", purpose, "-auth_level", str(self._settings.security_level), "-verify_retcode")
        return ("cms", "-verify", *signature, *trust, *demands, "-signer", "signer.pem")


def _only_certificate(path: Path) -> bytes:
    certificates = [der for _, der in pem_blocks(path.read_bytes())]
    if len(certificates) != 1:
        raise OpensslUnavailable(f"openssl names {len(certificates)} signers")
    return certificates[0]
