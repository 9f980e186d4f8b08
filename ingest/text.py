r"""Text that JSON allows and the contract doesn't: control characters, lone surrogates, loosely written times.

A lone surrogate is an escape like `\ud800` without its other half. JSON's grammar allows it, the decoder refuses the
whole body for it; but one bad name must not cost its neighbours their acknowledgement, so such escapes are covered up
before decoding, at the same length.
"""

import re
from collections.abc import Callable
from typing import Any, TypeVar

import msgspec
from msgspec import Raw, Struct

T = TypeVar("T")

MASK = b"\xff"  # in place of the backslash: no byte of UTF-8, so it can be taken back without a doubt
_NUL = rb"\u0000"  # in place of the escape: it is refused where text is looked at, and only there

_LONE_SURROGATE = re.compile(
    rb"(?<!\\)(?:\\\\)*"  # an even number of backslashes before the one that counts
    rb"(?:\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(?P<lone>\\u[dD][89a-fA-F][0-9a-fA-F]{2}))"
)
# Escapes of control characters, of other ASCII (a space within a time), and of surrogates; not those of Cyrillic.
_HIDING = re.compile(rb"\\(?:[bfnrt]|u00[0-7]|u[dD][89a-fA-F])")
_UNCLEAN = re.compile("[\x00-\x1f\x7f]")
_RFC_3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)", re.ASCII)
# The decoder also takes a space for the T, and an offset without a colon.
_LOOSE_MOMENT = re.compile(rb'-\d\d-\d\d(?: |[Tt][\d:.]+[+-]\d{4}")')
_MOMENTS = ("issued_at", "opened_at", "occurred_at")


class _Moments(Struct, gc=False):
    issued_at: Raw = Raw(b'""')
    opened_at: Raw = Raw(b'""')
    occurred_at: Raw = Raw(b'""')


_moments = msgspec.json.Decoder(_Moments)
_string = msgspec.json.Decoder(str)


def decode_masked(decoder: msgspec.json.Decoder[T], body: bytes) -> T:
    """Decode to Raw parts that may have MASK in place of the backslash of a lone surrogate. Raises DecodeError."""
    return _decode(decoder, body, lambda lone: MASK + lone[1:])


def unmasked(part: bytes) -> bytes:
    """A part of what `decode_masked` decoded, as it was sent."""
    return part.replace(MASK, b"\\")


def decode(decoder: msgspec.json.Decoder[T], raw: bytes) -> T:
    """Decode with U+0000 in place of each lone surrogate. Raises DecodeError."""
    return _decode(decoder, raw, lambda _: _NUL)


def _decode(decoder: msgspec.json.Decoder[T], raw: bytes, cover: Callable[[bytes], bytes]) -> T:
    try:
        return decoder.decode(raw)
    except msgspec.ValidationError:
        raise
    except msgspec.DecodeError:
        return decoder.decode(_LONE_SURROGATE.sub(lambda found: _covered(found, cover), raw))


def _covered(found: re.Match[bytes], cover: Callable[[bytes], bytes]) -> bytes:
    lone = found["lone"]
    before: bytes = found[0]
    return before if lone is None else before[: -len(lone)] + cover(lone)


def fault(raw: bytes, value: Struct) -> str | None:
    """The path of the first field of `value`, decoded from `raw`, whose text the contract doesn't allow, or None."""
    # Inside a JSON string a control character can only be escaped, but for U+007F: most need no closer look.
    if (b"\\" in raw and _HIDING.search(raw)) or b"\x7f" in raw or _LOOSE_MOMENT.search(raw):
        return _loose_moment(raw, value) or _unclean(value, "")
    return None


def _loose_moment(raw: bytes, value: Struct) -> str | None:
    written = decode(_moments, raw)
    for name in _MOMENTS:
        if name in value.__struct_fields__ and not _RFC_3339.fullmatch(_string.decode(getattr(written, name))):
            return f".{name}"
    return None


def _unclean(value: Any, path: str) -> str | None:
    if isinstance(value, str):
        return path if _UNCLEAN.search(value) else None
    parts: Any = ()
    if isinstance(value, Struct):
        parts = ((f"{path}.{name}", getattr(value, name)) for name in value.__struct_fields__)
    elif isinstance(value, list):
        parts = ((f"{path}[{place}]", part) for place, part in enumerate(value))
    return next((found for name, part in parts if (found := _unclean(part, name))), None)
