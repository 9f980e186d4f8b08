"""Passkeys over HTTP, as the browser's script sends them."""

import json
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.accounts import csrf_token
from tests.authenticator import Authenticator

LOGIN = "/login/passkey"
FACTOR = "/login/passkey/factor"
CONFIRM = "/confirm/passkey"
ADD = "/profile/passkeys/add"


def token_for(client: FlaskClient) -> str:
    """The CSRF token of any page, whoever asks."""
    return csrf_token(client, "/nowhere")


def ask(client: FlaskClient, path: str) -> TestResponse:
    return client.post(f"{path}/options", headers={"X-CSRFToken": token_for(client)})


def options(client: FlaskClient, path: str) -> dict[str, Any]:
    response = ask(client, path)
    assert response.status_code == 200, response.get_data(as_text=True)
    assert response.json
    return dict(response.json)


def send(client: FlaskClient, path: str, answer: object, **fields: str) -> TestResponse:
    """The answer of an authenticator, or any text in place of it."""
    credential = answer if isinstance(answer, str) else json.dumps(answer)
    target, _, query = path.partition("?")
    form = {"csrf_token": token_for(client), "credential": credential} | fields
    return client.post(target, query_string=query, data=form)


def add_passkey(client: FlaskClient, authenticator: Authenticator, name: str = "Phone") -> None:
    """Register it in the profile of whoever is logged in."""
    response = send(client, ADD, authenticator.create(options(client, ADD)), name=name)
    assert response.status_code == 303, response.get_data(as_text=True)


def log_in(client: FlaskClient, authenticator: Authenticator, *, query: str = "") -> TestResponse:
    return send(client, LOGIN + query, authenticator.get(options(client, LOGIN)))
