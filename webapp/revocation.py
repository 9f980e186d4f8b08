"""Revocation lists (CRLs, RFC 5280, section 5): read for openssl, and fetched anew from their configured addresses."""

import hashlib
import os
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import structlog
from asn1crypto import core, crl, x509

from sql.instants import from_us, now_us, to_us
from webapp.download import DownloadFailed, download
from webapp.openssl import Openssl, OpensslTimeout, OpensslUnavailable
from webapp.pem import is_pem, pem_blocks, to_pem
from webapp.signature_settings import SignatureSettings
from webapp.signed_data import ASN1_ERRORS

CRL_BYTES_MAX = 32 * 1024 * 1024
DOWNLOAD_SECONDS_MAX = 60.0
CHECK_SECONDS_MAX = 30.0
_PEM_NAME = "X509 CRL"

log = structlog.get_logger()


class BadList(Exception):
    """A revocation list that is not taken; the message says why."""


@dataclass(frozen=True, slots=True)
class Refreshed:
    """What became of one address: the list that is there now is good until `next_update_us`, or there is a problem.

    With a problem the list that was there before is still there.
    """

    url: str
    problem: str | None = None
    next_update_us: int | None = None


@dataclass(frozen=True, slots=True)
class _List:
    der: bytes
    issuer: x509.Name
    this_update_us: int
    next_update_us: int


def trust_bundle(settings: SignatureSettings) -> bytes:
    """What `openssl … -CAfile` reads: trusted certificates and all revocation lists, in PEM.

    Only lists are taken from the folder, so that nobody who can write there can make a certificate trusted.
    Raises OSError or ValueError if there is no readable file of certificates.
    """
    parts = [to_pem("CERTIFICATE", der) for der in _certificates(settings)]
    for path in _list_files(settings):
        try:
            parts.extend(to_pem(_PEM_NAME, held.der) for held in _read_lists(path.read_bytes()))
        except (OSError, BadList) as error:
            log.warning("crl_unreadable", file=path.name, error=str(error))
    return b"".join(parts)


def refresh_crls(settings: SignatureSettings) -> list[Refreshed]:
    """Fetch each list; take it if it is newer, good and by a configured authority. Raises nothing: read the result."""
    results = [_refresh(url, settings) for url in settings.crl_urls]
    for result in results:
        if result.problem:
            log.warning("crl_not_refreshed", url=result.url, problem=result.problem)
        else:
            assert result.next_update_us
            log.info("crl_refreshed", url=result.url, next_update=from_us(result.next_update_us).isoformat())
    return results


def list_path(settings: SignatureSettings, url: str) -> Path:
    """Where the list from this address is kept."""
    return Path(settings.crl_folder) / f"{hashlib.sha256(url.encode()).hexdigest()[:32]}.crl"


def _refresh(url: str, settings: SignatureSettings) -> Refreshed:
    path = list_path(settings, url)
    try:
        lists = _read_lists(download(url, bytes_max=CRL_BYTES_MAX, seconds=DOWNLOAD_SECONDS_MAX))
        if len(lists) != 1:
            raise BadList("there are several lists in one file")
        fetched = lists[0]
        _check_time(fetched)
        _check_newer(fetched, path)
        _check_signature(fetched, settings)
        _replace(path, to_pem(_PEM_NAME, fetched.der))
    except (DownloadFailed, BadList, OpensslTimeout, OpensslUnavailable, OSError, *ASN1_ERRORS) as error:
        return Refreshed(url, problem=str(error))
    return Refreshed(url, next_update_us=fetched.next_update_us)


def _certificates(settings: SignatureSettings) -> list[bytes]:
    if settings.ca_file is None:
        raise ValueError("no trusted certificates are configured")
    blocks = pem_blocks(Path(settings.ca_file).read_bytes())
    certificates = [der for name, der in blocks if name == "CERTIFICATE"]
    if not certificates:
        raise ValueError("the file of trusted certificates has none")
    return certificates


def _list_files(settings: SignatureSettings) -> list[Path]:
    folder = Path(settings.crl_folder)
    return sorted(path for pattern in ("*.crl", "*.pem") for path in folder.glob(pattern))


def _read_lists(data: bytes) -> list[_List]:
    """The lists in a file, of which there is at least one. Raises BadList."""
    try:
        ders = [der for name, der in pem_blocks(data) if name == _PEM_NAME] if is_pem(data) else [data]
        if not ders:
            raise BadList("it is no revocation list")
        return [_read_list(der) for der in ders]
    except ASN1_ERRORS as error:
        raise BadList("it is no revocation list, or not a whole one") from error


def _read_list(der: bytes) -> _List:
    body = crl.CertificateList.load(der, strict=True)["tbs_cert_list"]
    if isinstance(body["next_update"], core.Void):
        raise BadList("it doesn't say when the next one comes, so it would never be stale")
    return _List(der, body["issuer"], to_us(body["this_update"].native), to_us(body["next_update"].native))


def _check_time(fetched: _List) -> None:
    now = now_us()
    if fetched.this_update_us > now:
        raise BadList("it is not valid yet")
    if fetched.next_update_us <= now:
        raise BadList("it is stale")


def _check_newer(fetched: _List, path: Path) -> None:
    """Whoever stands between us and an http address could send an old list, from before somebody's revocation."""
    try:
        held = _read_lists(path.read_bytes())[0]
    except (OSError, BadList):
        return
    if fetched.issuer == held.issuer and fetched.this_update_us < held.this_update_us:
        raise BadList("it is older than the one that is here already")


def _check_signature(fetched: _List, settings: SignatureSettings) -> None:
    """By one of the configured certificates of that name: an authority that renews its key keeps its name."""
    with tempfile.TemporaryDirectory(prefix="kabinet-crl-") as name:
        folder = Path(name)
        (folder / "list.der").write_bytes(fetched.der)
        deadline_s = time.monotonic() + CHECK_SECONDS_MAX
        for issuer in _issuers(fetched, settings):
            (folder / "issuer.pem").write_bytes(to_pem("CERTIFICATE", issuer))
            if _is_signed(settings.openssl, folder, deadline_s - time.monotonic()):
                return
    raise BadList("it is not signed by a configured authority")


def _issuers(fetched: _List, settings: SignatureSettings) -> Iterator[bytes]:
    for der in _certificates(settings):
        if x509.Certificate.load(der).subject == fetched.issuer:
            yield der


def _is_signed(openssl: Openssl, folder: Path, seconds: float) -> bool:
    """openssl 3.0 ends with code 0 whatever it finds, so its word counts too."""
    trust = ("-CAfile", "issuer.pem", "-no-CApath", "-no-CAstore")
    code, text = openssl.run(
        ("crl", "-verify", "-noout", "-inform", "DER", "-in", "list.der", *trust), folder=folder, seconds=seconds
    )
    return code == 0 and "verify OK" in text.splitlines()


def _replace(path: Path, content: bytes) -> None:
    """At once and for good: a reader finds the old file or the new one, even after a power cut."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).chmod(0o644)  # the lists are public, and the web app may be another user
        Path(temporary).replace(path)
    except OSError:
        Path(temporary).unlink(missing_ok=True)
        raise
