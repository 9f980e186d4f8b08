"""Reads what was uploaded as a signature: which form it has is checked here, whether it is true by openssl.

Source: RFC 5652, Cryptographic Message Syntax, section 5.
"""

from asn1crypto import cms, core

from webapp.pem import is_pem, pem_blocks
from webapp.signature_reasons import BadSignature, Reason

SIGNATURE_BYTES_MAX = 64 * 1024
_PEM_NAMES = ("CMS", "PKCS7", "PKCS #7 SIGNED DATA")
_WEAK_DIGESTS = ("md2", "md5", "sha1", "1.2.840.113549.2.4")  # the last is MD4
# What asn1crypto raises on bytes that are not what they say.
ASN1_ERRORS = (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError, RecursionError)


def detached_signature(uploaded: bytes) -> bytes:
    """The signature in DER (or BER), from DER or PEM: over a file that it doesn't contain, by one signer.

    Revocation lists that the signer has enclosed are taken out: openssl would prefer them to ours, and so overlook
    a revocation that came later. They are not covered by the signature. Raises BadSignature.
    """
    if len(uploaded) > SIGNATURE_BYTES_MAX:
        raise BadSignature(Reason.TOO_LARGE)
    try:
        info = cms.ContentInfo.load(_der(uploaded), strict=True)
        if info["content_type"].native != "signed_data":
            raise BadSignature(Reason.MALFORMED, "not a signature")
        signed = info["content"]
        _check_form(signed)
        if not isinstance(signed["crls"], core.Void):
            del signed["crls"]
        return bytes(info.dump())
    except ASN1_ERRORS as error:
        raise BadSignature(Reason.MALFORMED, str(error)) from error


def _der(uploaded: bytes) -> bytes:
    if not is_pem(uploaded):
        return uploaded
    blocks = pem_blocks(uploaded)
    if len(blocks) != 1 or blocks[0][0] not in _PEM_NAMES:
        raise BadSignature(Reason.MALFORMED, "not one signature in PEM")
    return blocks[0][1]


def _check_form(signed: cms.SignedData) -> None:
    if signed["encap_content_info"]["content_type"].native != "data":
        raise BadSignature(Reason.MALFORMED, "signs something other than a file")
    if not isinstance(signed["encap_content_info"]["content"], core.Void):
        raise BadSignature(Reason.ATTACHED)
    if len(signed["signer_infos"]) != 1:
        raise BadSignature(Reason.MALFORMED, f"has {len(signed['signer_infos'])} signers")
    if not len(signed["certificates"]):
        raise BadSignature(Reason.MALFORMED, "has no certificate")
    if signed["signer_infos"][0]["digest_algorithm"]["algorithm"].native in _WEAK_DIGESTS:
        raise BadSignature(Reason.WEAK, "its digest can be broken")
