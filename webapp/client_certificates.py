"""Certificates that a browser shows within TLS: the proxy in front of us has seen the key used, the rest is for us.

Such a proxy asks browsers for a certificate of any authority, and passes it on as `X-Client-Cert`: PEM, in which other
characters than letters and digits may be percent-encoded (nginx: `proxy_set_header X-Client-Cert
$ssl_client_escaped_cert`), or nothing. It must do so for every request, so that what a browser sends under that name
never comes through. The header is heard from the addresses in SIGNATURE_PROXIES alone.
"""

import ipaddress
import re
import tempfile
from pathlib import Path
from urllib.parse import unquote

from flask import request

from webapp.certificates import Signer, may_sign, read_certificate
from webapp.openssl import OpensslTimeout, OpensslUnavailable
from webapp.pem import is_pem, pem_blocks, to_pem
from webapp.revocation import trust_bundle
from webapp.signature_reasons import BadSignature, Reason, chain_failure
from webapp.signature_settings import SignatureSettings
from webapp.signed_data import ASN1_ERRORS

HEADER = "X-Client-Cert"
PURPOSE = "sslclient"
CERTIFICATE_LENGTH_MAX = 16 * 1024
_ERROR = re.compile(r"^error ([0-9]+) at ", re.MULTILINE)


def client_certificate(settings: SignatureSettings) -> bytes | None:
    """The certificate in DER of whoever is at the other end of TLS; None: there is none, or nobody may say so."""
    text = request.headers.get(HEADER) or ""
    if not settings.is_configured or not 0 < len(text) <= CERTIFICATE_LENGTH_MAX or not _is_from_proxy(settings):
        return None
    pem = unquote(text).encode()
    try:
        blocks = pem_blocks(pem) if is_pem(pem) else []
    except ValueError:
        return None
    return blocks[0][1] if [name for name, _ in blocks] == ["CERTIFICATE"] else None


def _is_from_proxy(settings: SignatureSettings) -> bool:
    """Whether the other end of the socket, whatever it says of itself, is a proxy that is named in the settings."""
    before_proxies = request.environ.get("werkzeug.proxy_fix.orig") or request.environ
    try:
        address = ipaddress.ip_address(before_proxies.get("REMOTE_ADDR") or "")
    except ValueError:
        return False
    return any(address in network for network in settings.proxies)


def verify_certificate(certificate: bytes, settings: SignatureSettings) -> Signer:
    """Whose certificate it is, if it is good at this moment: its chain, its validity, its revocation, its purpose.

    Raises BadSignature.
    """
    try:
        with tempfile.TemporaryDirectory(prefix="kabinet-certificate-") as name:
            folder = Path(name)
            (folder / "trust.pem").write_bytes(trust_bundle(settings))
            (folder / "certificate.pem").write_bytes(to_pem("CERTIFICATE", certificate))
            code, text = settings.openssl.run(_command(settings), folder=folder, seconds=settings.seconds_max)
        if code:
            found = _ERROR.search(text)
            raise chain_failure(int(found[1]) if found else None, text)
        signer, is_for_signing = read_certificate(certificate, settings.unp_oids), may_sign(certificate)
    except OpensslTimeout as error:
        raise BadSignature(Reason.TIMEOUT, str(error)) from error
    except (OpensslUnavailable, OSError, *ASN1_ERRORS) as error:
        raise BadSignature(Reason.UNAVAILABLE, str(error)) from error
    if not is_for_signing:
        raise BadSignature(Reason.WRONG_PURPOSE, "its key is not for signatures")
    return signer


def _command(settings: SignatureSettings) -> tuple[str, ...]:
    trust = ("-CAfile", "trust.pem", "-no-CApath", "-no-CAstore", "-crl_check_all")
    demands = ("-purpose", PURPOSE, "-auth_level", str(settings.security_level))
    return ("verify", *trust, *demands, "certificate.pem")
