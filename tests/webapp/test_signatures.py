"""Signatures: whose are accepted, and all that is not."""

import base64
import dataclasses
import hashlib
import os
import random
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sql.instants import DAY_US, now_us
from tests.webapp.signing import (
    DAY,
    PERSON_EXTENSIONS,
    UNP,
    UNP_OID,
    Authority,
    Person,
    enclose_list,
    list_file,
    openssl,
    to_der,
    trust,
)
from webapp.openssl import Openssl
from webapp.signature_settings import PURPOSES
from webapp.signatures import BadSignature, OpensslVerifier, Reason, SignatureSettings, SignatureVerifier
from webapp.signed_data import SIGNATURE_BYTES_MAX, detached_signature

CONTENT = "Подписывая этот файл, я вхожу\r\n".encode()
REFUSALS = set(Reason) - {Reason.UNAVAILABLE, Reason.TIMEOUT}  # which are the signature's fault, not ours
NOT_CA = ("basicConstraints=critical,CA:false", "keyUsage=critical,digitalSignature")


@pytest.fixture(scope="session")
def person(authority: Authority) -> Person:
    return authority.issue()


@pytest.fixture
def trusting(tmp_path: Path, root: Authority, authority: Authority) -> SignatureSettings:
    return trust(tmp_path, root, authority)


def fake(folder: Path, script: str, configuration: str | None = None) -> Openssl:
    """A command in place of openssl."""
    path = folder / "openssl"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return Openssl(str(path), configuration)


def outcome(attempt: Callable[..., object], *arguments: bytes) -> object:
    """What the attempt gives, or why it doesn't."""
    try:
        return attempt(*arguments)
    except BadSignature as error:
        return error.reason


def reason(settings: SignatureSettings, signature: bytes, content: bytes = CONTENT) -> Reason:
    """Why the signature is not accepted."""
    verifier: SignatureVerifier = OpensslVerifier(settings)
    refusal = outcome(verifier.verify, signature, content)
    assert isinstance(refusal, Reason)
    return refusal


@pytest.mark.parametrize("form", ["DER", "PEM"])
@pytest.mark.parametrize("kind", ["ec", "rsa"])
def test_good_signature_tells_who_signed(trusting, authority, kind, form):
    person = authority.issue("/C=BY/O=ООО Ромашка, Минск/CN=Иванов Иван", kind=kind)
    signer = OpensslVerifier(trusting).verify(person.sign(CONTENT, form=form), CONTENT)
    certificate = person.certificate.read_bytes()
    assert signer.fingerprint == hashlib.sha256(to_der(certificate)).hexdigest()
    assert signer.subject == "C=BY, O=ООО Ромашка\\, Минск, CN=Иванов Иван"
    assert int(signer.serial, 16) == int(
        openssl("x509", "-noout", "-serial", content=certificate).decode().partition("=")[2], 16
    )
    assert signer.unp is None
    assert abs(signer.not_before_us - (now_us() - DAY_US)) < DAY_US // 100
    assert abs(signer.not_after_us - (now_us() + 30 * DAY_US)) < DAY_US // 100


def test_a_unp_is_called_so_for_people_to_read(trusting, authority):
    signer = OpensslVerifier(trusting).verify(authority.issue(f"/CN=Иванов/unp={UNP}").sign(CONTENT), CONTENT)
    assert signer.subject == f"CN=Иванов, УНП={UNP}"


def test_signature_over_another_content_is_refused(trusting, person):
    signature = person.sign(CONTENT)
    assert reason(trusting, signature, CONTENT + b" ") == Reason.WRONG_CONTENT
    assert reason(trusting, signature, CONTENT.replace(b"\r\n", b"\n")) == Reason.WRONG_CONTENT
    assert reason(trusting, signature, b"") == Reason.WRONG_CONTENT
    assert reason(trusting, person.sign(b"another challenge")) == Reason.WRONG_CONTENT


def test_signature_without_attributes_is_bound_to_its_content_too(trusting, person):
    signature = person.sign(CONTENT, "-noattr")
    assert OpensslVerifier(trusting).verify(signature, CONTENT)
    assert reason(trusting, signature, b"another") == Reason.WRONG_CONTENT


def test_changed_signature_is_refused(trusting, person):
    signature = person.sign(CONTENT)
    assert reason(trusting, signature[:-1] + bytes([signature[-1] ^ 1])) == Reason.WRONG_CONTENT


def test_no_changed_byte_makes_another_signer(trusting, person):
    signature = person.sign(CONTENT)
    verifier = OpensslVerifier(trusting)
    signer = verifier.verify(signature, CONTENT)
    chance = random.Random(4)
    for _ in range(60):
        changed = bytearray(signature)
        changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
        answer = outcome(verifier.verify, bytes(changed), CONTENT)
        assert answer == signer or answer in REFUSALS


def test_expired_and_not_yet_valid_certificates_are_refused(trusting, authority):
    expired = authority.issue(starts=-30 * DAY, ends=-DAY)
    future = authority.issue(starts=DAY)
    assert reason(trusting, expired.sign(CONTENT)) == Reason.EXPIRED
    assert reason(trusting, future.sign(CONTENT)) == Reason.NOT_YET_VALID


def test_claimed_time_of_signing_does_not_count(trusting, authority, person):
    expired = authority.issue(starts=-30 * DAY, ends=-DAY)
    last_week = datetime.now(UTC) - 7 * DAY
    assert OpensslVerifier(trusting).verify(person.sign_as_if_at(last_week, CONTENT), CONTENT)
    assert reason(trusting, expired.sign_as_if_at(last_week, CONTENT)) == Reason.EXPIRED


def test_revoked_certificate_is_refused(trusting, authority):
    person = authority.issue()
    signature = person.sign(CONTENT)
    assert OpensslVerifier(trusting).verify(signature, CONTENT)
    authority.revoke(person.certificate)
    list_file(trusting.crl_folder, authority).write_bytes(authority.crl())
    assert reason(trusting, signature) == Reason.REVOKED


def test_revoked_authority_takes_its_people_with_it(tmp_path, root):
    gone = Authority(tmp_path / "gone", "Gone", root)
    person = gone.issue()
    root.revoke(gone.certificate)
    assert reason(trust(tmp_path, root, gone), person.sign(CONTENT)) == Reason.REVOKED


def test_enclosed_list_does_not_hide_a_revocation(trusting, authority, person):
    from_before = authority.crl()
    revoked = authority.issue()
    authority.revoke(revoked.certificate)
    list_file(trusting.crl_folder, authority).write_bytes(authority.crl())
    assert reason(trusting, enclose_list(revoked.sign(CONTENT), from_before)) == Reason.REVOKED
    assert OpensslVerifier(trusting).verify(enclose_list(person.sign(CONTENT), from_before), CONTENT)
    list_file(trusting.crl_folder, authority).unlink()
    assert reason(trusting, enclose_list(person.sign(CONTENT), from_before)) == Reason.REVOCATION_UNKNOWN


@pytest.mark.parametrize("of_the_root", [False, True])
def test_missing_stale_or_future_list_fails_closed(trusting, root, authority, person, of_the_root):
    listed = root if of_the_root else authority
    path = list_file(trusting.crl_folder, listed)
    signature = person.sign(CONTENT)
    path.unlink()
    assert reason(trusting, signature) == Reason.REVOCATION_UNKNOWN
    for wrong in (
        listed.crl(starts=-9 * DAY, ends=-DAY),
        listed.crl(starts=DAY, ends=2 * DAY),
        listed.crl_for_ever(),
        b"garbage",
        b"",
        listed.certificate.read_bytes(),
    ):
        path.write_bytes(wrong)
        assert reason(trusting, signature) == Reason.REVOCATION_UNKNOWN


def test_list_by_an_impostor_fails_closed(tmp_path, trusting, root, authority, person):
    impostor = Authority(tmp_path / "impostor", "Authority", root)
    list_file(trusting.crl_folder, authority).write_bytes(impostor.crl())
    assert reason(trusting, person.sign(CONTENT)) == Reason.REVOCATION_UNKNOWN


def test_stale_list_beside_a_fresh_one_does_no_harm(trusting, authority, person):
    fresh, stale = authority.crl(), authority.crl(starts=-9 * DAY, ends=-DAY)
    list_file(trusting.crl_folder, authority).write_bytes(stale + fresh)
    assert OpensslVerifier(trusting).verify(person.sign(CONTENT), CONTENT)


def test_binary_list_is_read_as_well(trusting, authority, person):
    list_file(trusting.crl_folder, authority).write_bytes(to_der(authority.crl()))
    assert OpensslVerifier(trusting).verify(person.sign(CONTENT), CONTENT)


@pytest.mark.parametrize("name", ["Another", "Root"])
def test_foreign_authority_is_not_trusted(tmp_path, trusting, name):
    foreign = Authority(tmp_path / "foreign", name)
    list_file(trusting.crl_folder, foreign).write_bytes(foreign.crl())
    signature = foreign.issue().sign(CONTENT, "-certfile", foreign.certificate)
    assert reason(trusting, signature) == Reason.UNTRUSTED


def test_self_signed_certificate_is_not_trusted(tmp_path, trusting):
    alone = Authority(tmp_path / "alone", "Иванов", extensions=PERSON_EXTENSIONS)
    assert reason(trusting, Person(alone.key, alone.certificate).sign(CONTENT)) == Reason.UNTRUSTED


def test_what_the_machine_trusts_is_not_trusted(tmp_path, trusting, monkeypatch):
    foreign = Authority(tmp_path / "foreign", "Another")
    list_file(trusting.crl_folder, foreign).write_bytes(foreign.crl())
    signature = foreign.issue().sign(CONTENT)
    monkeypatch.setenv("SSL_CERT_FILE", str(foreign.certificate))
    assert reason(trusting, signature) == Reason.UNTRUSTED
    # Even if the command had such a certificate among its own, as it has those of web sites.
    openssl("rehash", foreign.folder)
    machine = fake(tmp_path, f'SSL_CERT_FILE={foreign.certificate} SSL_CERT_DIR={foreign.folder} exec openssl "$@"')
    assert reason(dataclasses.replace(trusting, openssl=machine), signature) == Reason.UNTRUSTED


def test_certificate_among_the_lists_is_not_trusted(tmp_path, trusting):
    foreign = Authority(tmp_path / "foreign", "Another")
    both = foreign.certificate.read_bytes() + foreign.crl()
    list_file(trusting.crl_folder, foreign).write_bytes(both)
    assert reason(trusting, foreign.issue().sign(CONTENT)) == Reason.UNTRUSTED


def test_person_can_not_issue_certificates(tmp_path, trusting, authority):
    upstart = Authority(tmp_path / "upstart", "Upstart", authority, extensions=NOT_CA)
    list_file(trusting.crl_folder, upstart).write_bytes(upstart.crl())
    signature = upstart.issue().sign(CONTENT, "-certfile", upstart.certificate)
    assert reason(trusting, signature) == Reason.UNTRUSTED


def test_authority_below_a_root_may_come_with_the_signature(tmp_path, root, authority, person):
    settings = trust(tmp_path, root)
    list_file(settings.crl_folder, authority).write_bytes(authority.crl())
    assert reason(settings, person.sign(CONTENT)) == Reason.UNTRUSTED
    assert OpensslVerifier(settings).verify(person.sign(CONTENT, "-certfile", authority.certificate), CONTENT)


@pytest.mark.parametrize(
    ("extensions", "purposes", "is_accepted"),
    [
        (["keyUsage=digitalSignature"], PURPOSES, True),
        (["keyUsage=nonRepudiation"], PURPOSES, True),
        (["keyUsage=digitalSignature", "extendedKeyUsage=emailProtection"], PURPOSES, True),
        (["keyUsage=digitalSignature", "extendedKeyUsage=clientAuth"], PURPOSES, True),
        (["keyUsage=digitalSignature", "extendedKeyUsage=serverAuth"], PURPOSES, False),
        (["keyUsage=digitalSignature", "extendedKeyUsage=codeSigning"], PURPOSES, False),
        (["keyUsage=digitalSignature", "extendedKeyUsage=clientAuth"], ["smimesign"], False),
        (["keyUsage=digitalSignature", "extendedKeyUsage=1.2.112.1.2.3"], PURPOSES, False),
        (["keyUsage=digitalSignature", "extendedKeyUsage=1.2.112.1.2.3"], ["any"], True),
        (["keyUsage=keyEncipherment"], PURPOSES, False),
        (["keyUsage=keyAgreement", "extendedKeyUsage=clientAuth"], PURPOSES, False),
        (["keyUsage=keyEncipherment"], ["any"], False),
    ],
)
def test_certificate_must_be_made_for_signing(
    trusting: SignatureSettings,
    authority: Authority,
    extensions: Sequence[str],
    purposes: Sequence[str],
    is_accepted: bool,
) -> None:
    configured = dataclasses.replace(trusting, purposes=tuple(purposes))
    signature = authority.issue(extensions=["basicConstraints=CA:false", *extensions]).sign(CONTENT)
    if is_accepted:
        assert OpensslVerifier(configured).verify(signature, CONTENT)
    else:
        assert reason(configured, signature) == Reason.WRONG_PURPOSE


def test_weak_keys_and_digests_are_refused(trusting, authority):
    weak, person = authority.issue(kind="weak"), authority.issue(kind="rsa")
    assert reason(trusting, weak.sign(CONTENT)) == Reason.WEAK
    assert reason(trusting, person.sign(CONTENT, "-md", "sha1")) == Reason.WEAK
    assert reason(trusting, person.sign(CONTENT, "-md", "md5")) == Reason.WEAK
    assert OpensslVerifier(dataclasses.replace(trusting, security_level=0)).verify(weak.sign(CONTENT), CONTENT)


def test_signature_with_the_file_inside_is_refused(trusting, person):
    for attached in (person.sign(CONTENT, "-nodetach"), person.sign(b"another", "-nodetach")):
        assert reason(trusting, attached) == Reason.ATTACHED


def test_two_signers_are_refused(trusting, authority, person):
    other = authority.issue()
    both = person.sign(CONTENT, "-signer", other.certificate, "-inkey", other.key)
    assert reason(trusting, both) == Reason.MALFORMED


def test_signature_of_an_unusual_form_is_refused(trusting, person):
    nobody = openssl("crl2pkcs7", "-nocrl", "-certfile", person.certificate, "-outform", "DER")
    nested = person.sign(CONTENT, "-econtent_type", "pkcs7-signedData")
    encrypted = openssl("cms", "-encrypt", "-outform", "DER", "-aes256", person.certificate, content=CONTENT)
    without_certificate = person.sign(CONTENT, "-nocerts")
    pem = person.sign(CONTENT, form="PEM")
    for signature in (nobody, nested, encrypted, without_certificate, pem + pem, person.certificate.read_bytes()):
        assert reason(trusting, signature) in (Reason.MALFORMED, Reason.ATTACHED)


def test_signature_of_indefinite_length_is_read(trusting, person):
    """BER, which some signing tools write."""
    der = person.sign(CONTENT)
    assert der[:2] == b"\x30\x82"
    assert OpensslVerifier(trusting).verify(b"\x30\x80" + der[4:] + b"\0\0", CONTENT)


@pytest.mark.parametrize(
    "garbage",
    [
        b"",
        b"garbage",
        b"\x30",
        b"\x30\x80" * 1000,
        b"-----BEGIN CMS-----",
        b"-----BEGIN CMS-----\n!\n-----END CMS-----",
    ],
)
def test_garbage_is_refused(trusting, garbage):
    assert reason(trusting, garbage) == Reason.MALFORMED


def test_whole_signature_and_nothing_after_it(trusting, person):
    signature = person.sign(CONTENT)
    assert reason(trusting, signature + b"\0") == Reason.MALFORMED
    assert reason(trusting, signature[:-1]) == Reason.MALFORMED


def test_huge_upload_is_refused_unread():
    nothing_runs = SignatureSettings(ca_file="none", openssl=Openssl("no-such-command"))
    assert reason(nothing_runs, bytes(10_000_000)) == Reason.TOO_LARGE
    assert reason(nothing_runs, bytes(SIGNATURE_BYTES_MAX)) == Reason.MALFORMED


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_reading_any_bytes_ends_in_a_sentence(person_signature, data):
    changed = bytearray(person_signature)
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(changed) - 1))
        changed[place : place + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=4))
    for uploaded in (bytes(changed), b"-----BEGIN CMS-----\n" + base64.encodebytes(changed) + b"-----END CMS-----"):
        answer = outcome(detached_signature, uploaded)
        assert isinstance(answer, bytes) or answer in REFUSALS


@pytest.fixture(scope="session")
def person_signature(person: Person) -> bytes:
    return person.sign(CONTENT)


@pytest.mark.parametrize(
    ("subject", "extension", "unp"),
    [
        (f"/CN=Иванов/unp={UNP}", "", UNP),
        ("/CN=Иванов", f"{UNP_OID}=ASN1:BMPSTRING:{UNP}", UNP),
        ("/CN=Иванов", f"1.3.6.1.4.1.12656.106.101=ASN1:UTF8String:{UNP}", UNP),
        ("/CN=Иванов", f"subjectAltName=email:i@romashka.by,otherName:{UNP_OID};UTF8:{UNP}", UNP),
        (f"/CN=Иванов/unp={UNP}", f"{UNP_OID}=ASN1:BMPSTRING:{UNP}", UNP),
        ("/CN=Иванов/unp= 191 832 203 ", "", UNP),
        ("/CN=Иванов/unp=191832204", "", None),  # a wrong check digit
        (f"/CN=Иванов/unp={UNP}", f"{UNP_OID}=ASN1:UTF8String:100582333", None),  # two different ones
        (f"/CN=Иванов/unp={UNP}", f"{UNP_OID}=ASN1:UTF8String:191832204", None),
        (f"/CN={UNP}", "", None),  # under another name
        ("/CN=Иванов", f"{UNP_OID}=ASN1:INTEGER:{UNP}", None),
        ("/CN=Иванов", f"{UNP_OID}=DER:0c0201", None),  # text that is none
    ],
)
def test_unp_is_read_under_its_number_and_only_there(trusting, authority, subject, extension, unp):
    person = authority.issue(subject, [*PERSON_EXTENSIONS, *filter(None, [extension])])
    assert OpensslVerifier(trusting).verify(person.sign(CONTENT), CONTENT).unp == unp


def test_unp_may_have_another_number(trusting, authority):
    elsewhere = dataclasses.replace(trusting, unp_oids=("2.5.4.3",))
    person = authority.issue(f"/CN={UNP}")
    assert OpensslVerifier(elsewhere).verify(person.sign(CONTENT), CONTENT).unp == UNP


def test_name_can_not_pass_for_two(trusting, authority):
    person = authority.issue("/CN=Иванов, O=Another\\\\\u202e\u0007/O=ООО Ромашка")
    signer = OpensslVerifier(trusting).verify(person.sign(CONTENT), CONTENT)
    assert signer.subject == "O=ООО Ромашка, CN=Иванов\\, O=Another\\\\  "


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_hanging_verifier_is_ended_with_its_children(tmp_path, trusting, person_signature, monkeypatch):
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))
    hangs = fake(tmp_path, f"sleep 60 & echo $$ $! > {tmp_path}/pids; wait")
    settings = dataclasses.replace(trusting, openssl=hangs, seconds_max=3)
    assert reason(settings, person_signature) == Reason.TIMEOUT
    pids = [int(pid) for pid in (tmp_path / "pids").read_text().split()]
    assert len(pids) == 2
    deadline = time.monotonic() + 10  # what was killed is gone a moment later
    while any(map(is_running, pids)) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not any(map(is_running, pids))
    assert not list((tmp_path / "tmp").iterdir())


@pytest.mark.parametrize(
    "script",
    [
        "exit 0",  # verified, it says, but not whose it is
        "exit 1",
        "kill -9 $$",
        "exec /usr/bin/yes >&2",
        "exec 2>&-; exit 0",
    ],
)
def test_broken_verifier_accepts_nothing(tmp_path, trusting, person_signature, script):
    broken = dataclasses.replace(trusting, openssl=fake(tmp_path, script))
    assert reason(broken, person_signature) == Reason.UNAVAILABLE


def test_missing_verifier_or_authorities_are_our_own_fault(tmp_path, trusting, person_signature):
    (tmp_path / "plain").touch()
    (tmp_path / "empty.pem").write_bytes(b"")
    for wrong in (
        {"openssl": Openssl("no-such-command")},
        {"openssl": Openssl(str(tmp_path / "plain"))},
        {"ca_file": str(tmp_path / "gone.pem")},
        {"ca_file": str(tmp_path / "empty.pem")},
        {"ca_file": None},
    ):
        assert reason(dataclasses.replace(trusting, **wrong), person_signature) == Reason.UNAVAILABLE


def test_verifier_works_in_a_private_folder_with_an_empty_environment(
    tmp_path, trusting, person_signature, monkeypatch
):
    monkeypatch.setenv("SECRET_KEY", "secret")
    script = f"/usr/bin/env > {tmp_path}/env; /usr/bin/stat -c %a . > {tmp_path}/mode; pwd > {tmp_path}/folder; exit 35"
    settings = dataclasses.replace(trusting, openssl=fake(tmp_path, script, "/etc/national.cnf"))
    assert reason(settings, person_signature) == Reason.REVOCATION_UNKNOWN
    environment = dict(line.split("=", 1) for line in (tmp_path / "env").read_text().splitlines())
    assert environment.pop("OPENSSL_CONF") == "/etc/national.cnf"
    assert set(environment) <= {"PWD", "OLDPWD", "SHLVL", "_"}  # which the shell itself adds
    assert (tmp_path / "mode").read_text() == "700\n"
    assert not Path((tmp_path / "folder").read_text().strip()).exists()


def test_settings_come_from_the_environment(tmp_path, monkeypatch):
    for name in [name for name in os.environ if name.startswith(("SIGNATURE_", "OPENSSL_"))]:
        monkeypatch.delenv(name)
    assert SignatureSettings.from_environment() == SignatureSettings()
    assert not SignatureSettings().is_configured
    (tmp_path / "ca.pem").touch()
    for name, value in {
        "SIGNATURE_CA_FILE": str(tmp_path / "ca.pem"),
        "SIGNATURE_CRL_FOLDER": "/var/lib/crls",
        "SIGNATURE_CRL_URLS": "http://ca.by/root.crl, https://ca.by:8443/a?b=1",
        "SIGNATURE_UNP_OID": "1.2.3",
        "SIGNATURE_PURPOSE": "any",
        "SIGNATURE_SECURITY_LEVEL": "0",
        "OPENSSL_BIN": "/opt/bee2/bin/openssl",
        "OPENSSL_CONF": str(tmp_path / "ca.pem"),
    }.items():
        monkeypatch.setenv(name, value)
    assert SignatureSettings.from_environment() == SignatureSettings(
        ca_file=str(tmp_path / "ca.pem"),
        crl_folder="/var/lib/crls",
        crl_urls=("http://ca.by/root.crl", "https://ca.by:8443/a?b=1"),
        unp_oids=("1.2.3",),
        purposes=("any",),
        security_level=0,
        openssl=Openssl("/opt/bee2/bin/openssl", str(tmp_path / "ca.pem")),
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SIGNATURE_CA_FILE", "/no/such/file"),
        ("OPENSSL_CONF", "/no/such/file"),
        ("SIGNATURE_CRL_URLS", "file:///etc/passwd"),
        ("SIGNATURE_CRL_URLS", "http://"),
        ("SIGNATURE_CRL_URLS", "http://user:password@ca.by/"),
        ("SIGNATURE_CRL_URLS", "http://ca.by:99999/"),
        ("SIGNATURE_CRL_URLS", "http://ca.by/#root"),
        ("SIGNATURE_UNP_OID", "unp"),
        ("SIGNATURE_UNP_OID", "1.02"),
        ("SIGNATURE_PURPOSE", "-noverify"),
        ("SIGNATURE_SECURITY_LEVEL", "6"),
    ],
)
def test_wrong_setting_is_named(monkeypatch, name, value):
    monkeypatch.setenv(name, value)
    with pytest.raises(ValueError, match=name):
        SignatureSettings.from_environment()
