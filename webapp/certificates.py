"""Reads a certificate: whose it is, how long it is valid, what it may be used for. Whether it is true, openssl says."""

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from asn1crypto import core, x509

from sql.instants import to_us
from sql.unp import is_valid_unp, normalised_unp

SUBJECT_LENGTH_MAX = 512
_SHORT_NAMES = {
    "2.5.4.3": "CN",
    "2.5.4.4": "SN",
    "2.5.4.5": "serialNumber",
    "2.5.4.6": "C",
    "2.5.4.7": "L",
    "2.5.4.8": "ST",
    "2.5.4.9": "street",
    "2.5.4.10": "O",
    "2.5.4.11": "OU",
    "2.5.4.12": "title",
    "2.5.4.41": "name",
    "2.5.4.42": "GN",
    "1.2.840.113549.1.9.1": "emailAddress",
}


@dataclass(frozen=True, slots=True)
class Signer:
    """Who has signed, by their certificate. Only `fingerprint` and `unp` identify; names are for people to read."""

    fingerprint: str  # SHA-256 of the certificate, 64 hexadecimal digits
    subject: str  # like "C=BY, O=ООО Ромашка, CN=Иванов Иван"
    serial: str  # the authority's number of the certificate, hexadecimal
    not_before_us: int
    not_after_us: int
    unp: str | None  # None: the certificate has none, a wrong one, or several


def read_certificate(der: bytes, unp_oids: Sequence[str]) -> Signer:
    """Raises one of signed_data.ASN1_ERRORS if these bytes are no certificate."""
    certificate = x509.Certificate.load(der, strict=True)
    validity = certificate["tbs_certificate"]["validity"]
    return Signer(
        fingerprint=certificate.sha256.hex(),
        subject=_subject(certificate, unp_oids),
        serial=f"{certificate.serial_number:x}",
        not_before_us=to_us(validity["not_before"].native),
        not_after_us=to_us(validity["not_after"].native),
        unp=_unp(certificate, unp_oids),
    )


def may_sign(der: bytes) -> bool:
    """Whether the key is for signing: key usage allows it, or says nothing (RFC 5280, 4.2.1.3)."""
    usage = x509.Certificate.load(der, strict=True).key_usage_value
    return usage is None or bool({"digital_signature", "non_repudiation"} & usage.native)


def _subject(certificate: x509.Certificate, unp_oids: Sequence[str]) -> str:
    short = _SHORT_NAMES | dict.fromkeys(unp_oids, "УНП")
    parts = [f"{short.get(oid, oid)}={_escaped(_text(value))}" for oid, value in _names(certificate.subject)]
    return ", ".join(parts)[:SUBJECT_LENGTH_MAX]


def _escaped(text: str) -> str:
    """Written so that no value can look like two parts, nor turn the line around (RFC 4514, 2.4)."""
    printable = "".join(" " if unicodedata.category(character)[0] == "C" else character for character in text)
    return printable.replace("\\", "\\\\").replace(",", "\\,")


def _names(name: x509.Name) -> Iterator[tuple[str, core.Asn1Value]]:
    """The parts of a distinguished name by OID, in their order."""
    for relative in name.chosen:
        for part in relative:
            yield part["type"].dotted, part["value"]


def _unp(certificate: x509.Certificate, oids: Sequence[str]) -> str | None:
    """The УНП under one of these OIDs: two different ones, or a wrong one beside a right one, count as none."""
    found = {normalised_unp(_text(value)) for oid, value in _named_values(certificate) if oid in oids}
    unp = found.pop() if len(found) == 1 else ""
    return unp if is_valid_unp(unp) else None


def _named_values(certificate: x509.Certificate) -> Iterator[tuple[str, core.Asn1Value]]:
    """Where authorities put such a number: in the subject, an otherName beside it, or an extension of its own."""
    yield from _names(certificate.subject)
    for name in certificate.subject_alt_name_value or ():
        if name.name == "other_name":
            yield name.chosen["type_id"].dotted, name.chosen["value"]
    for extension in certificate["tbs_certificate"]["extensions"]:
        yield extension["extn_id"].dotted, extension["extn_value"]  # octets, in which the value is encoded


def _text(value: core.Asn1Value) -> str:
    """The text of any of ASN.1's string types; what is none of them is written in hexadecimal after a #."""
    try:
        text = value.parsed.native if isinstance(value, core.ParsableOctetString) else value.native
    except (ValueError, TypeError, KeyError):
        text = None
    return text if isinstance(text, str) else f"#{value.dump().hex()}"
