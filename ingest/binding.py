"""Binding a new register (RFC 8628): it asks for a code, and then for its token until somebody has typed the code."""

from urllib.parse import parse_qsl

import msgspec

from ingest.addresses import Addresses
from ingest.answers import BoundToken, DeviceCodes, OAuthCode, OAuthError, encode
from ingest.bodies import Kind
from ingest.exchange import JSON, Answer, Request
from ingest.failures import retry_later
from sql.device_grants import INTERVAL_S, LIFETIME_S, Bound, begin_grant, poll_grant

GRANT_TYPE = "urn:ietf:params:oauth:grant-type:device_code"
FORM = b"application/x-www-form-urlencoded"
FIELDS_MAX = 20
# An empty type is for a body that is empty.
BODY = Kind((FORM, JSON, b""), 16 * 1024, "Send the parameters as `application/x-www-form-urlencoded` or as JSON.")

_SENTENCES: dict[OAuthCode, str] = {
    "authorization_pending": "Nobody has typed the code into the cabinet yet.",
    "slow_down": f"Ask every {INTERVAL_S} seconds, and 5 seconds more after each slow_down.",
    "expired_token": "The code has expired. Ask for a new one.",
    "access_denied": "The register was refused in the cabinet.",
    "invalid_grant": "There is no such device code, or its token was fetched already.",
    "unsupported_grant_type": f"`grant_type` must be {GRANT_TYPE}.",
}
# What came is not to be kept by anybody on the way: RFC 6749, 5.1.
_NO_STORE = ((b"cache-control", b"no-store"), (b"pragma", b"no-cache"))

_parameters = msgspec.json.Decoder(dict[str, str])


class _Invalid(Exception):
    """The request has no parameters that can be read, or not those that it must have (RFC 6749: invalid_request)."""


async def post_device_code(request: Request) -> Answer:
    """A device code to keep and a user code to show. Raises Failure."""
    _limit(request, request.service.asking, "ask for a code")
    try:
        await _read(request)  # `client_id` and `scope` may come: a register has no other name than its СКО
    except _Invalid as error:
        return _refused("invalid_request", str(error))
    codes = await request.service.change(lambda connection: begin_grant(connection, address=request.address))
    where = f"{request.service.settings.public_url}/bind"
    return _encoded(DeviceCodes(codes.device_code, codes.user_code, where, LIFETIME_S, INTERVAL_S))


async def post_token(request: Request) -> Answer:
    """The register's token, once, or an error in RFC 8628's words. Raises Failure."""
    _limit(request, request.service.polling, "ask for a token")
    try:
        parameters = await _read(request)
        if _required(parameters, "grant_type") != GRANT_TYPE:
            return _refused("unsupported_grant_type")
        device_code = _required(parameters, "device_code")
    except _Invalid as error:
        return _refused("invalid_request", str(error))
    found = await request.service.change(lambda connection: poll_grant(connection, device_code))
    if isinstance(found, Bound):
        return _encoded(BoundToken(found.token, "Bearer", found.number))
    return _refused(found)


def _limit(request: Request, addresses: Addresses, what: str) -> None:
    if seconds := addresses.wait_s(request.address):
        raise retry_later(429, "rate_limited", f"Too many registers {what} from this address.", seconds)


async def _read(request: Request) -> dict[str, str]:
    body = await request.body(BODY)
    media_type = request.headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
    try:
        if media_type == JSON:
            return _parameters.decode(body) if body.strip() else {}
        pairs = parse_qsl(body.decode(), keep_blank_values=True, errors="strict", max_num_fields=FIELDS_MAX)
    except (ValueError, msgspec.DecodeError):
        raise _Invalid("The parameters can't be read.") from None
    parameters = dict(pairs)
    if len(parameters) < len(pairs):
        raise _Invalid("A parameter stands there twice.")
    return parameters


def _required(parameters: dict[str, str], name: str) -> str:
    value = parameters.get(name)
    if not value:
        raise _Invalid(f"`{name}` is missing.")
    return value


def _encoded(answer: msgspec.Struct, status: int = 200) -> Answer:
    return Answer(encode(answer), status=status, headers=_NO_STORE)


def _refused(code: OAuthCode, sentence: str = "") -> Answer:
    return _encoded(OAuthError(code, sentence or _SENTENCES[code]), 400)
