"""PEM, the armour of certificates, lists and signatures (RFC 7468). In linear time: lists have megabytes."""

import base64
import binascii

_BEGIN, _END, _DASHES = b"-----BEGIN ", b"-----END ", b"-----"


def is_pem(data: bytes) -> bool:
    """Whether there is armour in it; else it should be DER."""
    return _BEGIN in data


def pem_blocks(data: bytes) -> list[tuple[str, bytes]]:
    """The name and the bytes of each block, in order; text around the blocks is passed over. Raises ValueError."""
    blocks = []
    position = data.find(_BEGIN)
    while position >= 0:
        name_ends = data.find(_DASHES, position + len(_BEGIN))
        name = data[position + len(_BEGIN) : name_ends]
        closing = _END + name + _DASHES
        body_ends = data.find(closing, name_ends)
        if name_ends < 0 or body_ends < 0:
            raise ValueError("a PEM block doesn't end")
        body = b"".join(data[name_ends + len(_DASHES) : body_ends].split())
        try:
            blocks.append((name.decode("ascii"), base64.b64decode(body, validate=True)))
        except binascii.Error as error:
            raise ValueError("a PEM block is not in base64") from error
        position = data.find(_BEGIN, body_ends + len(closing))
    return blocks


def to_pem(name: str, data: bytes) -> bytes:
    """One block."""
    return b"-----BEGIN %b-----\n%b-----END %b-----\n" % (name.encode(), base64.encodebytes(data), name.encode())
