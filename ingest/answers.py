"""What registers are answered: the Structs of answers and their encoder."""

import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, Raw, Struct, UnsetType

from ingest import fields
from ingest.problems import DETAIL_LENGTH_MAX, Code
from ingest.reading import ENTRIES_MAX
from sql.device_grants import Refusal

ProblemStatus = Literal["conflict", "quarantined", "rejected"]
KeptStatus = Literal["accepted", "quarantined"]
OAuthCode = Literal["invalid_request", "unsupported_grant_type"] | Refusal
USERS_MAX = 50
Counted = Annotated[int, Meta(ge=0, le=ENTRIES_MAX)]


class ProblemEntry(Struct, frozen=True, gc=False):
    """Why one element of a request was not accepted; `sko` and `number` are null where they could not be read."""

    index: Annotated[int, Meta(ge=0, le=ENTRIES_MAX - 1, description="the place of the element in the request, from 0")]
    sko: fields.SkoNumber | None
    number: fields.Number | None
    status: ProblemStatus
    code: Code
    pointer: Annotated[str, Meta(description="a JSON pointer (RFC 6901) into the request")]
    detail: Annotated[
        str, Meta(max_length=DETAIL_LENGTH_MAX, description="a sentence for whoever reads logs; it may change")
    ]


class Answer(Struct, frozen=True, gc=False):
    """What became of a request: `accepted` + `duplicates` + the length of `problems` = the number of its elements."""

    accepted: Counted
    duplicates: Counted
    problems: Annotated[list[ProblemEntry], Meta(max_length=ENTRIES_MAX, description="in the order of the request")]


class KeptDocument(Struct, frozen=True, gc=False):
    """A document that the service holds, byte for byte as it was sent."""

    status: KeptStatus
    received_at: Annotated[datetime.datetime, Meta(tz=True)]
    document: Raw


Right = Literal[
    "sales", "refunds", "annulment", "deposit", "withdrawal", "x_report", "z_report", "discounts", "settings"
]
Version = Annotated[int, Meta(ge=1, le=2**31 - 1, description="counts up with each change")]


class RegisterUser(Struct, frozen=True, gc=False):
    """Somebody who may log in to the register."""

    name: Annotated[str, Meta(min_length=1, max_length=16)]
    password: Annotated[str, Meta(pattern=r"^\$pbkdf2-sha256\$", max_length=200, description="the hash in PHC form")]
    rights: Annotated[list[Right], Meta(max_length=9)]


class ReceiptSettings(Struct, frozen=True, gc=False):
    """What stands at the head and the foot of each receipt; the last two are for the model Smart X alone.

    There is nothing in it as long as nothing was set.
    """

    outlet_name: Annotated[str, Meta(max_length=102)] | UnsetType = UNSET
    address: Annotated[str, Meta(max_length=68)] | UnsetType = UNSET
    phone: Annotated[str, Meta(max_length=34)] | UnsetType = UNSET
    advert: Annotated[str, Meta(max_length=340, description="at the foot")] | UnsetType = UNSET
    name_lines: Annotated[int, Meta(ge=1, le=4, description="lines for the name of a product")] | UnsetType = UNSET
    number_goods: bool | UnsetType = UNSET


class RegisterSettings(Struct, frozen=True, gc=False):
    """What the merchant wants set on a register. `options` are switches by name; Smart X has none."""

    version: Version
    users: Annotated[list[RegisterUser], Meta(max_length=USERS_MAX)]
    receipt: ReceiptSettings
    options: dict[str, bool] = {}


class DeviceCodes(Struct, frozen=True, gc=False):
    """RFC 8628, 3.2: `user_code` is to be typed at `verification_uri`; times are in seconds."""

    device_code: Annotated[str, Meta(description="to be kept secret: it fetches the token")]
    user_code: Annotated[str, Meta(pattern="^[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}$")]
    verification_uri: str
    expires_in: Annotated[int, Meta(ge=1, le=3600)]
    interval: Annotated[int, Meta(ge=1, le=60, description="between two requests for the token")]


class BoundToken(Struct, frozen=True, gc=False):
    """The token of the register, and the number of the СКО that it is from now on. The token doesn't expire."""

    access_token: str
    token_type: Literal["Bearer"]
    sko: fields.SkoNumber


class OAuthError(Struct, frozen=True, gc=False):
    """RFC 8628, 3.5, and RFC 6749, 5.2."""

    error: OAuthCode
    error_description: Annotated[str, Meta(description="a sentence for whoever reads logs; it may change")]


class ProblemDetails(Struct, frozen=True, gc=False):
    """A request that failed as a whole (RFC 9457)."""

    type: str
    title: str
    status: Annotated[int, Meta(ge=400, le=599)]
    detail: str
    code: str
    request_id: str


encode = msgspec.json.Encoder().encode
