"""The served contract of settings, and of binding a new register."""

from ingest import examples
from ingest.binding import GRANT_TYPE
from ingest.openapi_parts import BOUND, CODES, OAUTH_ERROR, PROBLEM, SETTINGS, SKO, Schema, responses

ABOUT_SETTINGS = """\
Ask every minute or so, with `If-None-Match` of the version that the register has: a 304 costs next to nothing. 404 also
as long as nothing was saved. Then report what became of the version, with an event `settings_applied` or
`settings_rejected` whose `detail` is the version, and behind it the reason: `7`, or `7: no room for so many users`.
Of several such events about one version the latest `occurred_at` counts. The newest version is the one to apply;
those that a register never saw are skipped. A part (`users`, `receipt`, `options`) that is empty was never set by the
merchant: the register leaves what it has. Fields that a register does not know are to be ignored."""

ABOUT_CODE = """\
RFC 8628, 3.1. No token is needed, and no parameter: `client_id` and `scope` may come and are ignored. The register
shows `user_code` and `verification_uri`; somebody types the code there and says which СКО this is."""

ABOUT_POLLS = """\
RFC 8628, 3.4. Ask every `interval` seconds. The token is given once: a register that loses the answer begins anew.
`sko` is the number that the register has from now on."""

NO_STORE = {"Cache-Control": {"required": True, "schema": {"const": "no-store"}}}
ETAG = {"ETag": {"required": True, "schema": {"type": "string", "pattern": '^"[1-9][0-9]*"$'}}}
FAILURES = ("408", "413", "415", "429", "503")


def _settings() -> Schema:
    seen = {"name": "If-None-Match", "in": "header", "schema": {"type": "string"}, "example": '"7"'}
    shown = {"headers": ETAG, "content": {"application/json": {"schema": SETTINGS, "example": examples.SETTINGS}}}
    answers = responses(shown, ("400", "401", "404", "429", "503"))
    return {
        "operationId": "get_settings",
        "tags": ["registers"],
        "summary": "The settings that the merchant saved for a register",
        "description": ABOUT_SETTINGS,
        "security": [{"token": []}],
        "parameters": [SKO, seen],
        "responses": answers | {"304": {"description": "The register has the newest version.", "headers": ETAG}},
    }


def _oauth(name: str, summary: str, description: str, parameters: Schema, answer: Schema) -> Schema:
    refused = {
        "description": "Not (yet) granted, or not understood.",
        "content": {
            "application/json": {"schema": OAUTH_ERROR},
            "application/problem+json": {"schema": PROBLEM},  # a query, or a body that can't be decompressed
        },
    }
    taken = {"application/x-www-form-urlencoded": parameters, "application/json": parameters}
    granted = {"headers": NO_STORE, "content": {"application/json": answer}}
    return {
        "operationId": name,
        "tags": ["binding"],
        "summary": summary,
        "description": description,
        "requestBody": {"required": "required" in parameters["schema"], "content": taken},
        "responses": responses(granted, FAILURES) | {"400": refused},
    }


_TEXT = {"type": "string"}
_CODE = {"schema": {"type": "object", "properties": {"client_id": _TEXT, "scope": _TEXT}}}
_TOKEN = {
    "schema": {
        "type": "object",
        "required": ["grant_type", "device_code"],
        "properties": {"grant_type": {"const": GRANT_TYPE}, "device_code": _TEXT, "client_id": _TEXT},
    }
}

PATHS: Schema = {
    "/v1/settings/{sko}": {"get": _settings()},
    "/oauth/device/code": {
        "post": _oauth(
            "post_device_code",
            "Ask for a code to bind a new register",
            ABOUT_CODE,
            _CODE,
            {"schema": CODES, "example": examples.CODES},
        )
    },
    "/oauth/token": {
        "post": _oauth(
            "post_token",
            "Ask for the token of a new register",
            ABOUT_POLLS,
            _TOKEN,
            {"schema": BOUND, "example": examples.BOUND},
        )
    },
}
