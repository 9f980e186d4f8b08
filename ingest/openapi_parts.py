"""What the served contract is made of: its schemas, and the failures that resources share."""

from typing import Any

import msgspec

from ingest.answers import (
    Answer,
    BoundToken,
    DeviceCodes,
    KeptDocument,
    OAuthError,
    ProblemDetails,
    RegisterSettings,
)
from ingest.fields import NUMBER_MAX
from ingest.reading import ENTRIES_MAX
from ingest.wire import Document, Event

Schema = dict[str, Any]

RETRY_AFTER = {"Retry-After": {"required": True, "schema": {"type": "string", "pattern": "^[0-9]+$"}}}
FAILURES: dict[str, tuple[str, tuple[str, ...], Schema]] = {  # by status: description, codes, headers
    "400": (
        "The body is no JSON, or not the right object; nothing is stored.",
        ("malformed_json", "invalid_envelope"),
        {},
    ),
    "401": (
        "No token, or an unknown or revoked one.",
        ("unauthorized",),
        {"WWW-Authenticate": {"required": True, "schema": {"type": "string", "pattern": "^Bearer"}}},
    ),
    "404": ("There is nothing here that this token may see.", ("not_found",), {}),
    "408": ("The body did not arrive in time.", ("timeout",), {}),
    "413": (f"Over 4 MiB after decompression, or over {ENTRIES_MAX:,} entries.", ("too_large",), {}),
    "415": ("Another content type or encoding than those above.", ("unsupported_media_type",), {}),
    "429": ("The token is over its rate.", ("rate_limited",), RETRY_AFTER),
    "503": (
        "The write buffer is full, or the database does not answer; nothing is stored.",
        ("busy", "storage_unavailable"),
        RETRY_AFTER,
    ),
}

_STRUCTS = (
    Document,
    Event,
    Answer,
    KeptDocument,
    ProblemDetails,
    RegisterSettings,
    DeviceCodes,
    BoundToken,
    OAuthError,
)
(DOCUMENT, EVENT, ANSWER, KEPT, PROBLEM, SETTINGS, CODES, BOUND, OAUTH_ERROR), COMPONENTS = (
    msgspec.json.schema_components(_STRUCTS, ref_template="#/components/schemas/{name}")
)
SKO = {"name": "sko", "in": "path", "required": True, "schema": {"type": "string", "pattern": "^[0-9A-Z]{1,20}$"}}
NUMBER = {"type": "integer", "minimum": 1, "maximum": NUMBER_MAX}


def failure_name(status: str) -> str:
    return f"Failure{status}"


def failure(status: str) -> Schema:
    description, codes, headers = FAILURES[status]
    exactly = {"properties": {"status": {"const": int(status)}, "code": {"enum": list(codes)}}}
    return {
        "description": description,
        "headers": {"X-Request-Id": {"required": True, "schema": {"type": "string"}}} | headers,
        "content": {"application/problem+json": {"schema": {"allOf": [PROBLEM, exactly]}}},
    }


def responses(good: Schema, failures: tuple[str, ...]) -> Schema:
    refused = {status: {"$ref": f"#/components/responses/{failure_name(status)}"} for status in failures}
    return {"200": {"description": "As asked."} | good} | refused
