"""A certification authority for tests, made with the openssl command: a root, an authority below it, and its people."""

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from asn1crypto import cms, crl

from webapp.pem import pem_blocks, to_pem
from webapp.signature_settings import UNP_OIDS, SignatureSettings

UNP = "191832203"
UNP_OID = UNP_OIDS[0]
DAY = timedelta(days=1)
CA_EXTENSIONS = ("basicConstraints=critical,CA:true", "keyUsage=critical,keyCertSign,cRLSign")
PERSON_EXTENSIONS = (
    "basicConstraints=critical,CA:false",
    "keyUsage=critical,digitalSignature,nonRepudiation",
    "extendedKeyUsage=clientAuth,emailProtection",
)
KEYS = {
    "ec": ("EC", "ec_paramgen_curve:P-256"),
    "rsa": ("RSA", "rsa_keygen_bits:2048"),
    "weak": ("RSA", "rsa_keygen_bits:1024"),
}
# The least that `openssl ca` and `openssl req` ask for.
CONFIGURATION = """\
oid_section = oids
[oids]
unp = {unp_oid}
[ca]
default_ca = here
[here]
database = {folder}/index.txt
new_certs_dir = {folder}
certificate = {folder}/ca.pem
crlnumber = {folder}/crlnumber
rand_serial = yes
unique_subject = no
default_md = sha256
policy = any
[any]
countryName = optional
organizationName = optional
commonName = optional
unp = optional
[req]
distinguished_name = nothing
[nothing]
"""


def openssl(*arguments: object, content: bytes | None = None) -> bytes:
    """What the command writes."""
    command = ["openssl", *map(str, arguments)]
    done = subprocess.run(command, input=content, capture_output=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


@dataclass(frozen=True)
class Person:
    """Somebody with a key and a certificate, both PEM files."""

    key: Path
    certificate: Path

    def sign(self, content: bytes, *options: object, form: str = "DER") -> bytes:
        """A detached signature; `options` are further ones of `openssl cms -sign`."""
        who = ("-signer", self.certificate, "-inkey", self.key)
        return openssl("cms", "-sign", "-binary", "-md", "sha256", "-outform", form, *who, *options, content=content)

    def sign_as_if_at(self, moment: datetime, content: bytes) -> bytes:
        """A signature that claims, signed, to have been made at another time."""
        info = cms.ContentInfo.load(self.sign(content))
        signer = info["content"]["signer_infos"][0]
        claim = next(part for part in signer["signed_attrs"] if part["type"].native == "signing_time")
        claim["values"] = [cms.Time({"utc_time": moment})]
        signed = signer["signed_attrs"].untag().dump(force=True)
        signer["signature"] = openssl("dgst", "-sha256", "-sign", self.key, content=signed)
        return info.dump(force=True)


class Authority:
    """Issues certificates and lists of those that it has revoked; its files are kept in a folder of its own."""

    def __init__(
        self,
        folder: Path,
        name: str,
        issuer: "Authority | None" = None,
        *,
        kind: str = "ec",
        extensions: Sequence[str] = CA_EXTENSIONS,
    ) -> None:
        folder.mkdir()
        self.folder = folder
        self.key = _make_key(folder / "ca.key", kind)
        self.certificate = folder / "ca.pem"
        self._people = 0
        (folder / "index.txt").touch()
        (folder / "crlnumber").write_text("01\n")
        (folder / "ca.cnf").write_text(CONFIGURATION.format(folder=folder, unp_oid=UNP_OID))
        subject = f"/C=BY/O=Test/CN={name}"
        (issuer or self)._issue(self.key, subject, self.certificate, extensions, starts=-60 * DAY, ends=60 * DAY)

    def issue(
        self,
        subject: str = "/C=BY/O=ООО Ромашка/CN=Иванов Иван Иванович",
        extensions: Sequence[str] = PERSON_EXTENSIONS,
        *,
        kind: str = "ec",
        starts: timedelta = -DAY,
        ends: timedelta = 30 * DAY,
    ) -> Person:
        """A new person, whose certificate is valid from `starts` to `ends`, both counted from now."""
        self._people += 1
        key = _make_key(self.folder / f"person{self._people}.key", kind)
        person = Person(key, key.with_suffix(".pem"))
        self._issue(key, subject, person.certificate, extensions, starts=starts, ends=ends)
        return person

    def revoke(self, certificate: Path) -> None:
        """It stands in the lists made from now on."""
        self._ca("-revoke", certificate)

    def crl(self, *, starts: timedelta = -DAY, ends: timedelta = DAY) -> bytes:
        """The list of what is revoked, in PEM."""
        output = self.folder / "new.crl"
        times = ("-crl_lastupdate", _from_now(starts), "-crl_nextupdate", _from_now(ends))
        self._ca("-gencrl", "-out", output, *times)
        return output.read_bytes()

    def crl_for_ever(self) -> bytes:
        """A list that doesn't say when the next one comes."""
        endless = crl.CertificateList.load(to_der(self.crl()))
        del endless["tbs_cert_list"]["next_update"]
        signed = endless["tbs_cert_list"].dump(force=True)
        endless["signature"] = openssl("dgst", "-sha256", "-sign", self.key, content=signed)
        return to_pem("X509 CRL", endless.dump(force=True))

    def _issue(
        self,
        key: Path,
        subject: str,
        certificate: Path,
        extensions: Sequence[str],
        *,
        starts: timedelta,
        ends: timedelta,
    ) -> None:
        request, wanted = certificate.with_suffix(".csr"), certificate.with_suffix(".ext")
        wanted.write_text("\n".join(["subjectKeyIdentifier=hash", *extensions]))
        configuration = ("-config", self.folder / "ca.cnf")
        openssl("req", "-new", "-utf8", "-key", key, "-subj", subject, *configuration, "-out", request)
        itself = ("-selfsign",) if key == self.key else ()
        times = ("-startdate", _from_now(starts), "-enddate", _from_now(ends))
        self._ca("-in", request, "-out", certificate, "-extfile", wanted, "-notext", *itself, *times)

    def _ca(self, *arguments: object) -> None:
        openssl("ca", "-batch", "-utf8", "-config", self.folder / "ca.cnf", "-keyfile", self.key, *arguments)


def trust(folder: Path, *authorities: Authority) -> SignatureSettings:
    """Settings that trust these authorities, with fresh lists of each."""
    ca_file, crl_folder = folder / "authorities.pem", folder / "crls"
    ca_file.write_bytes(b"".join(authority.certificate.read_bytes() for authority in authorities))
    crl_folder.mkdir()
    for authority in authorities:
        list_file(crl_folder, authority).write_bytes(authority.crl())
    return SignatureSettings(ca_file=str(ca_file), crl_folder=str(crl_folder))


def list_file(crl_folder: Path | str, authority: Authority) -> Path:
    """Where `trust` keeps an authority's list."""
    return Path(crl_folder) / f"{authority.folder.name}.crl"


def enclose_list(signature: bytes, pem: bytes) -> bytes:
    """The signature with a revocation list beside its certificates."""
    info = cms.ContentInfo.load(signature)
    info["content"]["crls"] = [crl.CertificateList.load(to_der(pem))]
    return info.dump(force=True)


def to_der(pem: bytes) -> bytes:
    return pem_blocks(pem)[0][1]


def _from_now(offset: timedelta) -> str:
    return (datetime.now(UTC) + offset).strftime("%y%m%d%H%M%SZ")


def _make_key(path: Path, kind: str) -> Path:
    algorithm, option = KEYS[kind]
    openssl("genpkey", "-algorithm", algorithm, "-pkeyopt", option, "-out", path)
    return path
