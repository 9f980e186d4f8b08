"""What can be wrong with a signature."""

from enum import StrEnum


class Reason(StrEnum):
    """Why a signature is not accepted; the page has a sentence for each."""

    MALFORMED = "malformed"  # no signature, or not by exactly one signer with their certificate
    ATTACHED = "attached"  # it has the signed file inside; only detached ones are taken
    TOO_LARGE = "too_large"
    WRONG_CONTENT = "wrong_content"  # it was made over another file, or changed since
    UNTRUSTED = "untrusted"  # no chain to a trusted root
    EXPIRED = "expired"
    NOT_YET_VALID = "not_yet_valid"
    REVOKED = "revoked"
    REVOCATION_UNKNOWN = "revocation_unknown"  # a revocation list is missing, stale or wrong
    WRONG_PURPOSE = "wrong_purpose"  # the certificate is for something else
    WEAK = "weak"  # a key or digest that can be broken
    TIMEOUT = "timeout"
    UNAVAILABLE = "unavailable"  # our own side fails: the operator has to look


class BadSignature(Exception):
    """A signature that is not accepted. `detail` is for the log: it may quote openssl."""

    def __init__(self, reason: Reason, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else str(reason))
        self.reason = reason
        self.detail = detail


# openssl's numbers for what is wrong with a chain (x509_vfy.h), which stay the same from version to version.
# All that are not named here mean that it is not trusted.
_CHAIN_REASONS = {
    **dict.fromkeys((3, 5, 8, 11, 12, 15, 16, 33, 35, 36, 44, 54, 101), Reason.REVOCATION_UNKNOWN),
    9: Reason.NOT_YET_VALID,
    10: Reason.EXPIRED,
    23: Reason.REVOKED,
    26: Reason.WRONG_PURPOSE,
    **dict.fromkeys((66, 67, 68), Reason.WEAK),
}
_CHAIN_CODES = 32  # `openssl cms -verify_retcode` ends with this plus the number; 0: the signature itself is wrong


def failure(code: int, text: str) -> BadSignature:
    """What `openssl cms -verify` means that ended with this code and wrote this text."""
    if code == _CHAIN_CODES:
        return BadSignature(Reason.WRONG_CONTENT, text)
    if code > _CHAIN_CODES:
        return chain_failure(code - _CHAIN_CODES, text)
    if text.startswith("Error reading"):
        return BadSignature(Reason.MALFORMED, text)
    return BadSignature(Reason.UNAVAILABLE, f"openssl ended with code {code}: {text}")


def chain_failure(number: int | None, text: str) -> BadSignature:
    """What openssl's number for a bad chain means; without one it could not even read the certificate."""
    reason = Reason.MALFORMED if number is None else _CHAIN_REASONS.get(number, Reason.UNTRUSTED)
    return BadSignature(reason, text)
