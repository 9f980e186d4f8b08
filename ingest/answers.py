"""What registers are answered: the Structs of answers and their encoder."""

import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Raw, Struct

from ingest import fields
from ingest.problems import DETAIL_LENGTH_MAX, Code
from ingest.reading import ENTRIES_MAX

ProblemStatus = Literal["conflict", "quarantined", "rejected"]
KeptStatus = Literal["accepted", "quarantined"]
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


class ProblemDetails(Struct, frozen=True, gc=False):
    """A request that failed as a whole (RFC 9457)."""

    type: str
    title: str
    status: Annotated[int, Meta(ge=400, le=599)]
    detail: str
    code: str
    request_id: str


encode = msgspec.json.Encoder().encode
