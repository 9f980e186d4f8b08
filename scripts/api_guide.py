"""The register API as a text for people, of the OpenAPI document that the ingest service serves."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from ingest.openapi import openapi

Schema = Mapping[str, Any]
METHODS = ("get", "post", "put", "delete")
LIMITS = {
    "enum": "one of {}",
    "const": "always {}",
    "pattern": "pattern `{}`",
    "minimum": "≥ {}",
    "maximum": "≤ {}",
    "minLength": "at least {} characters",
    "maxLength": "at most {} characters",
    "minItems": "at least {} entries",
    "maxItems": "at most {} entries",
    "default": "default {}",
}


def api_markdown() -> str:
    document = openapi()
    # The font has no Greek letters.
    return "\n".join(_lines(document)).replace("Σ", "sum of") + "\n"


def _lines(document: Schema) -> Iterator[str]:
    yield "# Ground rules\n"
    yield document["info"]["description"]
    yield "\n# Resources\n"
    for path, operations in document["paths"].items():
        for method in METHODS:
            if method in operations:
                yield from _operation(f"{method.upper()} {path}", operations[method], document)
    yield "\n# Objects\n"
    for name, schema in document["components"]["schemas"].items():
        yield from _object(name, schema)


def _operation(heading: str, operation: Schema, document: Schema) -> Iterator[str]:
    yield f"\n## {heading}\n"
    yield f"**{operation.get('summary', '')}.** {operation.get('description', '')}\n"
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    for name, example in body.get("examples", {}).items():
        yield f"\nExample `{name}`:\n\n```\n{_json(example['value'])}\n```\n"
    yield "\n| answer | meaning |\n|---|---|"
    for status, response in operation.get("responses", {}).items():
        yield f"| {status} | {_cell(_resolved(response, document)['description'])} |"


def _resolved(response: Schema, document: Schema) -> Schema:
    """What a reference stands for."""
    found: Any = response
    if "$ref" in response:
        found = document
        for part in response["$ref"].removeprefix("#/").split("/"):
            found = found[part]
    return dict(found)


def _object(name: str, schema: Schema) -> Iterator[str]:
    yield f"\n## {name}\n"
    if "description" in schema:
        yield f"{schema['description']}\n"
    if choices := _choices(schema):
        yield "One of: " + ", ".join(map(_type, choices)) + ".\n"
    if not schema.get("properties"):
        return
    yield "| field | type | rule |\n|---|---|---|"
    required = schema.get("required", ())
    for field, about in schema["properties"].items():
        merged = _merged(about)
        yield f"| {field} | {_type(merged)} | {_cell(_rule(merged, is_required=field in required))} |"


def _choices(schema: Schema) -> list[Schema]:
    return schema.get("anyOf") or schema.get("oneOf") or []


def _merged(schema: Schema) -> Schema:
    """Several lists of words as one."""
    choices = _choices(schema)
    if not choices or not all("enum" in each for each in choices):
        return schema
    return {"enum": [word for each in choices for word in each["enum"]]}


def _type(schema: Schema) -> str:
    if "$ref" in schema:
        return str(schema["$ref"].rpartition("/")[2])
    if choices := _choices(schema):
        return " or ".join(map(_type, choices))
    if "enum" in schema:
        return "string" if isinstance(schema["enum"][0], str) else "integer"
    if schema.get("type") == "array":
        return f"list of {_type(schema['items'])}" if "items" in schema else "list"
    kind = schema.get("type", "any")
    return " or ".join(kind) if isinstance(kind, list) else str(kind)


def _rule(schema: Schema, *, is_required: bool) -> str:
    said = [] if is_required else ["optional"]
    # What a description says of a list of words is the same list, in a better order.
    limits = {name: words for name, words in LIMITS.items() if name != "enum" or "description" not in schema}
    said += [words.format(_value(schema[name])) for name, words in limits.items() if name in schema]
    if "description" in schema:
        said.append(schema["description"])
    return "; ".join(said)


def _value(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2)


def _cell(text: object) -> str:
    return str(text).replace("|", "\\|").replace("\n", " ")
