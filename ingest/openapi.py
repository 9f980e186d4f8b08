"""The contract as OpenAPI 3.1, made from the Structs that the service decodes and encodes with."""

from ingest import examples, openapi_binding
from ingest.answers import encode
from ingest.openapi_parts import (
    ANSWER,
    COMPONENTS,
    DOCUMENT,
    EVENT,
    FAILURES,
    KEPT,
    NUMBER,
    SKO,
    Schema,
    failure,
    failure_name,
    responses,
)
from ingest.reading import ENTRIES_MAX

ABOUT = """\
What a cash register, or a gateway that forwards for many, needs to report its documents and events.

**Values.** Money is a whole number of minor units (kopecks), a quantity one of thousandths; a number with a fraction
or an exponent is invalid, also 1.0. Times are RFC 3339 with an offset. An optional field is left out, never null.
Fields beyond those named here are allowed and kept: a stored document is byte for byte what was sent. Text holds no
control characters (U+0000 to U+001F, U+007F) and no lone surrogates. Where a name appears twice in an object, the
last one counts. Arrays and objects nest at most 64 deep.

**Sending again is always safe.** A 200 is sent only after everything that it acknowledges is committed to disk. After
a 408, 429, 503, or no answer at all, send the same body again; `Retry-After` says when.

**Bodies** are `application/json` in UTF-8, 4 MiB at most after decompression, and may carry
`Content-Encoding: gzip` or `zstd`; those below `/oauth` may also be forms, and hold 16 KiB at most. No resource takes
query parameters (400). What answers GET answers HEAD too.

**A new register** asks for a code, shows it, and asks for its token until somebody has typed the code into the cabinet.

**Errors** of whole requests are `application/problem+json` (RFC 9457); `code` is for machines, `detail` for people,
`request_id` for support. What `/oauth` refuses by its own rules is a 400 as RFC 6749 has it, in plain JSON. Another
method than those listed is a 405 that names them in `Allow`."""

OUTCOMES = """\
Each document has an outcome of its own, checked in this order; the first broken rule is reported.

| outcome | when | stored |
|---|---|---|
| rejected | `unknown_sko`, `sko_out_of_scope`: the СКО is unknown, or another token's | nothing |
| quarantined | it is JSON, but breaks a rule | the bytes with the reason, once |
| accepted | valid and new | document and turnover, in one transaction |
| duplicate | same `sko` and `number`, same content | nothing more |
| conflict | `different_content`: same `sko` and `number`, different content | the new bytes, once; the first stay |

Rules, in order: the fields (`unknown_type`, `invalid_field`); `issued_in_future`, more than 24 hours ahead; then of a
sale or refund `item.sum` = `price` × `quantity` / 1000, rounded half up, + Σ `item.modifiers.sum`
(`item_sum_mismatch`), `total` = Σ `item.sum` + Σ `modifiers.sum` (`total_mismatch`), Σ `payments.sum` − `change` =
`total` (`payments_mismatch`), `change` ≤ the cash paid (`change_exceeds_cash`); of a rollback Σ `payments.sum` =
`total` (`payments_mismatch`), it says of its sale what the sale says (`rollback_mismatch`), and a sale is annulled
once (`already_annulled`). The figures of a Z-report are kept and compared, never a reason to quarantine it.

Same content means equal JSON values: key order, white space and the spelling of numbers do not matter. A quarantined
document may be corrected under its number. Documents may come late, out of order and with gaps. An element whose
`sko` can't be read is quarantined under the token's merchant; a token with the scope `operator` has none, so there it
is rejected as `unknown_sko`. A document that breaks its schema therefore answers 200 with a problem, not 400."""

EVENT_OUTCOMES = """\
The same `sko`, `kind` and `occurred_at` again is a duplicate, whatever its `detail`. An event that breaks a rule is
quarantined (`invalid_field`), one of an unknown or another token's СКО is rejected; `number` is null in problems."""

BEARER = """\
A token like `kbt_…`, shown once when it is issued. Its scope is one СКО (`sko`), those of one merchant (`merchant`) or
all (`operator`). A revoked token stops working within 5 seconds."""

OK = {"type": "object", "required": ["status"], "properties": {"status": {"const": "ok"}}}
POST_FAILURES = ("400", "401", "408", "413", "415", "429", "503")

DOCUMENT_REF = {"$ref": "#/components/schemas/Document"}


def openapi() -> Schema:
    """The whole contract."""
    return {
        "openapi": "3.1.0",
        "info": {"title": "Kabinet register API", "version": "1", "description": ABOUT},
        "servers": [{"url": "/"}],
        "tags": [{"name": "registers"}, {"name": "binding"}, {"name": "service"}],
        "paths": {
            "/v1/documents": {"post": _post("documents", "Post documents", OUTCOMES, DOCUMENT_REF, examples.DOCUMENTS)},
            "/v1/documents/{sko}/{number}": {"get": _get_document()},
            "/v1/events": {"post": _post("events", "Post events", EVENT_OUTCOMES, EVENT, examples.EVENTS)},
            **openapi_binding.PATHS,
            "/healthz": {"get": _get("healthz", "Whether the process lives", "application/json", OK)},
            "/readyz": {"get": _get("readyz", "Whether it can commit", "application/json", OK, "503")},
            "/metrics": {"get": _get("metrics", "Metrics for Prometheus", "text/plain", {"type": "string"})},
            "/openapi.json": {"get": _get("openapi", "This contract", "application/json", {"type": "object"})},
        },
        "components": {
            "schemas": COMPONENTS | {"Document": DOCUMENT},
            "responses": {failure_name(status): failure(status) for status in FAILURES},
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer", "description": BEARER}},
        },
    }


def _post(name: str, summary: str, description: str, entry: Schema, entries: dict[str, Schema]) -> Schema:
    array = {"type": "array", "minItems": 1, "maxItems": ENTRIES_MAX, "items": entry}
    body = {
        "schema": {"type": "object", "required": [name], "properties": {name: array}},
        "examples": {kind: {"value": {name: [one]}} for kind, one in entries.items()},
    }
    answer = {"schema": ANSWER}
    if name == "documents":
        answer["example"] = examples.ANSWER
    return {
        "operationId": f"post_{name}",
        "tags": ["registers"],
        "summary": summary,
        "description": description,
        "security": [{"token": []}],
        "requestBody": {"required": True, "content": {"application/json": body}},
        "responses": responses({"content": {"application/json": answer}}, POST_FAILURES),
    }


def _get_document() -> Schema:
    return {
        "operationId": "get_document",
        "tags": ["registers"],
        "summary": "Ask what became of a document whose answer was lost",
        "description": "A document in conflict is not shown: the stored one is. Of several quarantined under one number"
        " the newest is shown, as long as none is accepted.",
        "security": [{"token": []}],
        "parameters": [
            SKO,
            {"name": "number", "in": "path", "required": True, "schema": NUMBER},
        ],
        "responses": responses(
            {"content": {"application/json": {"schema": KEPT, "example": examples.KEPT}}},
            ("400", "401", "404", "429", "503"),
        ),
    }


def _get(name: str, summary: str, content_type: str, schema: Schema, *failures: str) -> Schema:
    return {
        "operationId": f"get_{name}",
        "tags": ["service"],
        "summary": summary,
        "responses": responses({"content": {content_type: {"schema": schema}}}, ("400", *failures)),
    }


ENCODED = encode(openapi())
