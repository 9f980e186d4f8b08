"""The served contract is valid, complete, and tells no lies."""

import json
from typing import Any, get_args

import jsonschema_rs
import pytest
import schemathesis

from ingest import examples, fields
from ingest.openapi import ENCODED, openapi
from ingest.problems import Code, Problem
from ingest.reading import read_document, read_event
from ingest.rules import check
from sql.instants import now_us, to_us
from sql.tables import DOCUMENT_TYPES
from tests.ingest.documents import EVENT, FULL, a_sale, with_value

CONTRACT: dict[str, Any] = json.loads(ENCODED)
OPERATIONS = {
    (path, method): operation for path, methods in CONTRACT["paths"].items() for method, operation in methods.items()
}
FAILURES = {
    ("/v1/documents", "post"): {"400", "401", "408", "413", "415", "429", "503"},
    ("/v1/events", "post"): {"400", "401", "408", "413", "415", "429", "503"},
    ("/v1/documents/{sko}/{number}", "get"): {"400", "401", "404", "429", "503"},
    ("/v1/settings/{sko}", "get"): {"304", "400", "401", "404", "429", "503"},
    ("/oauth/device/code", "post"): {"400", "408", "413", "415", "429", "503"},
    ("/oauth/token", "post"): {"400", "408", "413", "415", "429", "503"},
    ("/healthz", "get"): {"400"},
    ("/readyz", "get"): {"400", "503"},
    ("/metrics", "get"): {"400"},
    ("/openapi.json", "get"): {"400"},
}


def everything(value: Any) -> Any:
    yield value
    for part in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from everything(part)


def validator(schema: dict[str, Any]) -> jsonschema_rs.Validator:
    return jsonschema_rs.Draft202012Validator(schema | {"components": CONTRACT["components"]}, validate_formats=True)


def ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def test_every_resource_is_there_with_every_failure():
    assert openapi() == CONTRACT
    documented = {place: set(operation["responses"]) - {"200"} for place, operation in OPERATIONS.items()}
    assert documented == FAILURES
    assert len({operation["operationId"] for operation in OPERATIONS.values()}) == len(OPERATIONS)


def test_every_schema_is_valid_and_every_reference_leads_somewhere():
    for schema in CONTRACT["components"]["schemas"].values():
        assert jsonschema_rs.meta.is_valid(schema | {"$schema": "https://json-schema.org/draft/2020-12/schema"})
    for part in everything(CONTRACT):
        if isinstance(part, dict) and isinstance(part.get("$ref"), str):
            target: Any = CONTRACT
            for name in part["$ref"].removeprefix("#/").split("/"):
                target = target[name]


def test_every_number_and_text_of_a_request_has_its_limits():
    names = [kind for kind in CONTRACT["components"]["schemas"] if kind not in ("ProblemDetails", "KeptDocument")]
    for part in everything([CONTRACT["components"]["schemas"][name] for name in names]):
        if isinstance(part, dict) and part.get("type") == "integer":
            assert {"minimum", "maximum"} <= part.keys(), part
        if isinstance(part, dict) and part.get("type") == "array":
            assert "maxItems" in part, part


def test_a_fuzzer_finds_every_operation():
    found = schemathesis.openapi.from_dict(CONTRACT)
    operations = [result.ok() for result in found.get_all_operations()]
    assert {(operation.path, operation.method) for operation in operations} == set(FAILURES)


@pytest.mark.parametrize("status", ["400", "401", "404", "408", "413", "415", "429", "503"])
def test_a_failure_names_its_codes_and_headers(status: str):
    failure = CONTRACT["components"]["responses"][f"Failure{status}"]
    schema = validator(failure["content"]["application/problem+json"]["schema"])
    problem = {"type": "about:blank", "title": "x", "status": int(status), "detail": "x", "request_id": "x"}
    codes = {
        "400": ("malformed_json", "invalid_envelope"),
        "401": ("unauthorized",),
        "404": ("not_found",),
        "408": ("timeout",),
        "413": ("too_large",),
        "415": ("unsupported_media_type",),
        "429": ("rate_limited",),
        "503": ("busy", "storage_unavailable"),
    }
    assert all(schema.is_valid(problem | {"code": code}) for code in codes[status])
    assert not schema.is_valid(problem | {"code": "other"})
    assert not schema.is_valid(problem | {"code": codes[status][0], "status": 500})
    expected = {"401": "WWW-Authenticate", "429": "Retry-After", "503": "Retry-After"}.get(status)
    assert set(failure["headers"]) == {"X-Request-Id"} | ({expected} if expected else set())
    assert all(header["required"] for header in failure["headers"].values())


def test_registers_need_a_token_and_the_service_itself_none():
    secured = {place for place, operation in OPERATIONS.items() if operation.get("security") == [{"token": []}]}
    assert secured == {place for place in OPERATIONS if place[0].startswith("/v1/")}
    assert CONTRACT["components"]["securitySchemes"]["token"]["scheme"] == "bearer"


@pytest.mark.parametrize("name", examples.DOCUMENTS)
def test_each_example_of_a_document_is_a_right_one(name: str):
    document = read_document(json.dumps(examples.DOCUMENTS[name]).encode())
    assert not isinstance(document, Problem), document
    assert check(document, to_us(document.issued_at), now_us()) is None
    assert validator(ref("Document")).is_valid(examples.DOCUMENTS[name])


def test_there_is_an_example_of_each_type_and_they_are_one_shift():
    assert {document["type"] for document in examples.DOCUMENTS.values()} == set(DOCUMENT_TYPES)
    by_name = examples.DOCUMENTS
    z_report = by_name["z_report"]
    shift = [document for document in by_name.values() if document["shift"] == z_report["shift"]]
    assert [document["number"] for document in shift] == list(range(z_report["first_number"], z_report["number"] + 1))
    [counters] = z_report["counters"]
    for kind in ("sale", "refund", "rollback", "deposit", "withdrawal", "payout"):
        documents = [document for document in shift if document["type"] == kind]
        total = sum(document.get("total", document.get("sum")) for document in documents)
        counter = counters[kind + "s"]
        assert (counter["count"], counter["sum"]) == (len(documents), total)


@pytest.mark.parametrize("name", examples.EVENTS)
def test_each_example_of_an_event_is_a_right_one(name: str):
    assert not isinstance(read_event(json.dumps(examples.EVENTS[name]).encode()), Problem)
    assert validator(ref("Event")).is_valid(examples.EVENTS[name])


def test_every_example_keeps_the_schema_that_it_stands_beside():
    count = 0
    for part in everything(CONTRACT["paths"]):
        if isinstance(part, dict) and "schema" in part:
            shown = [one["value"] for one in part.get("examples", {}).values()]
            shown += [part["example"]] if "example" in part and "in" not in part else []
            assert all(validator(part["schema"]).is_valid(one) for one in shown)
            count += len(shown)
    assert count == len(examples.DOCUMENTS) + len(examples.EVENTS) + 5


@pytest.mark.parametrize("type_", DOCUMENT_TYPES)
def test_the_schema_takes_what_the_service_takes(type_: str):
    schema = validator(ref("Document"))
    assert schema.is_valid(FULL[type_] | {"unknown": 1.5})
    for pointer, value in (("/number", 0), ("/number", 2**53), ("/uid", "x"), ("/currency", "GBP"), ("/cashier", None)):
        assert not schema.is_valid(with_value(FULL[type_], pointer, value))
    assert not schema.is_valid(FULL[type_] | {"cashier": "a\tb"})
    assert not schema.is_valid(a_sale(type="gift"))
    assert not validator(ref("Event")).is_valid(EVENT | {"kind": "other"})


def test_every_code_and_type_is_spoken_of():
    [post] = CONTRACT["paths"]["/v1/documents"].values()
    assert all(f"`{code}`" in post["description"] for code in get_args(Code))
    mapping = CONTRACT["components"]["schemas"]["Document"]["discriminator"]["mapping"]
    assert tuple(mapping) == DOCUMENT_TYPES
    assert set(CONTRACT["components"]["schemas"]["ProblemEntry"]["properties"]["code"]["enum"]) == set(get_args(Code))
    entries = post["requestBody"]["content"]["application/json"]["schema"]["properties"]["documents"]
    assert (entries["minItems"], entries["maxItems"]) == (1, 1_000)
    assert CONTRACT["components"]["schemas"]["Item"]["properties"]["price"]["maximum"] == fields.MONEY_MAX
