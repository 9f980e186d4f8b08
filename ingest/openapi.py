"""The contract as OpenAPI 3.1, made from the Structs that the service decodes with."""

from typing import Any

import msgspec

from ingest.answers import Answer, ProblemDetails, encode
from ingest.reading import ENTRIES_MAX
from ingest.wire import Document, Event

_REF = "#/components/schemas/{name}"
_TYPES = (Document, Event, Answer, ProblemDetails)
(_DOCUMENT, _EVENT, _ANSWER, _PROBLEM), _COMPONENTS = msgspec.json.schema_components(_TYPES, ref_template=_REF)

_FAILURES = {
    "400": "The body is no JSON (`malformed_json`) or the envelope is wrong (`invalid_envelope`).",
    "401": "No token, or an unknown or revoked one.",
    "404": "Nothing is there that this token may see.",
    "408": "The body did not arrive in time.",
    "413": "Over 4 MiB after decompression, or over 1,000 entries.",
    "415": "Another content type than application/json, or another encoding than gzip and zstd.",
    "429": "The token is over its rate; see Retry-After.",
    "503": "Too much is waiting (`busy`), or the database does not answer (`storage_unavailable`); see Retry-After.",
}
_HEADERS = {"401": "WWW-Authenticate", "429": "Retry-After", "503": "Retry-After"}


def _failure(status: str) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "description": _FAILURES[status],
        "content": {"application/problem+json": {"schema": _PROBLEM}},
    }
    if status in _HEADERS:
        answer["headers"] = {_HEADERS[status]: {"schema": {"type": "string"}}}
    return answer


def _responses(description: str, schema: Any, *failures: str) -> dict[str, Any]:
    good = {"description": description, "content": {"application/json": {"schema": schema}}}
    return {"200": good} | {status: _failure(status) for status in failures}


def _post(summary: str, name: str, entry: Any) -> dict[str, Any]:
    entries = {"type": "array", "minItems": 1, "maxItems": ENTRIES_MAX, "items": entry}
    schema = {"type": "object", "required": [name], "properties": {name: entries}}
    return {
        "summary": summary,
        "security": [{"token": []}],
        "requestBody": {"required": True, "content": {"application/json": {"schema": schema}}},
        "responses": _responses(
            "All that is acknowledged here is on disk.", _ANSWER, "400", "401", "408", "413", "415", "429", "503"
        ),
    }


def _plain(summary: str, content_type: str, schema: Any, *failures: str) -> dict[str, Any]:
    good = {"description": "As asked.", "content": {content_type: {"schema": schema}}}
    return {"summary": summary, "responses": {"200": good} | {status: _failure(status) for status in failures}}


_PATH_PARAMETERS = [
    {"name": "sko", "in": "path", "required": True, "schema": {"type": "string", "pattern": "^[0-9A-Z]{1,20}$"}},
    {"name": "number", "in": "path", "required": True, "schema": {"type": "integer", "minimum": 1}},
]
_KEPT = {
    "type": "object",
    "required": ["status", "received_at", "document"],
    "properties": {
        "status": {"enum": ["accepted", "quarantined"]},
        "received_at": {"type": "string", "format": "date-time"},
        "document": {"description": "The bytes as sent."},
    },
}

OPENAPI: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {
        "title": "Kabinet register API",
        "version": "1",
        "description": "Money is an integer in minor units, quantity in thousandths. Sending again is always safe.",
    },
    "paths": {
        "/v1/documents": {"post": _post("Post fiscal documents", "documents", _DOCUMENT)},
        "/v1/events": {"post": _post("Post events of registers", "events", _EVENT)},
        "/v1/documents/{sko}/{number}": {
            "get": {
                "summary": "What became of a document",
                "security": [{"token": []}],
                "parameters": _PATH_PARAMETERS,
                "responses": _responses("The document.", _KEPT, "400", "401", "404", "429", "503"),
            }
        },
        "/healthz": {"get": _plain("The process lives", "application/json", {"type": "object"}, "400")},
        "/readyz": {"get": _plain("The service can commit", "application/json", {"type": "object"}, "400", "503")},
        "/metrics": {"get": _plain("Metrics for Prometheus", "text/plain", {"type": "string"}, "400")},
        "/openapi.json": {"get": _plain("This contract", "application/json", {"type": "object"}, "400")},
    },
    "components": {
        "schemas": _COMPONENTS,
        "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
    },
}
ENCODED = encode(OPENAPI)
