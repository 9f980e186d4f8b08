"""GET /v1/settings/{sko}: what the merchant saved for a register. Most polls are answered from memory."""

import re

import msgspec

from ingest.answers import encode
from ingest.exchange import Answer, Headers, Request, not_found

PATH = re.compile(r"/v1/settings/([0-9A-Z]{1,20})")

_TAG = re.compile(rb'(?:W/)?"([^"]*)"')
_parts = msgspec.json.Decoder(dict[str, msgspec.Raw])


async def get_settings(request: Request) -> Answer:
    """The newest settings, or 304 to a register that has them; 404 while there are none.

    The directory knows the newest version, and `freshness.py` keeps it true: only content is read from the database.
    """
    found = PATH.fullmatch(request.path)
    assert found is not None
    register = await request.register(found[1])
    if not register.settings_version:
        raise not_found("No settings have been saved for this register.")
    seen = request.headers.get(b"if-none-match")
    if seen is not None and _has(seen, register.settings_version):
        return _not_modified(register.settings_version)
    newest = await request.service.saved_settings.find(found[1])
    assert newest is not None, "versions are never deleted"
    version, content = newest
    register.settings_version = version  # it may be newer than what memory knew a moment ago
    if seen is not None and _has(seen, version):
        return _not_modified(version)
    return Answer(encode({"version": version} | _parts.decode(content)), headers=_headers(version))


def _has(if_none_match: bytes, version: int) -> bool:
    """RFC 9110, 13.1.2: a list of entity tags, weak ones too, or an asterisk."""
    return if_none_match.strip() == b"*" or b"%d" % version in _TAG.findall(if_none_match)


def _not_modified(version: int) -> Answer:
    return Answer(b"", status=304, headers=_headers(version))


def _headers(version: int) -> Headers:
    # They hold password hashes: whatever stands in between may keep them for nobody else.
    return ((b"etag", b'"%d"' % version), (b"cache-control", b"private, no-cache"))
