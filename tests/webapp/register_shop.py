"""A company with registers to set up, and what a browser sends to the pages of their settings."""

import html
import re
from typing import Any

import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from sql.engine import reading, writing
from sql.register_settings import current_settings, save_settings
from sql.skos import add_sko
from tests.accounts import csrf_token, make_merchant, sign_in
from tests.shop import open_outlets
from webapp.register_settings_content import RegisterSettings, content_of, settings_in

FIRST, SECOND, SMART = "300000001", "300000002", "300000009"
USERS, RECEIPT, OPTIONS = "/register-settings/users", "/register-settings/receipt", "/register-settings/options"
SMART_USERS, SMART_RECEIPT = "/register-settings/smart-x/users", "/register-settings/smart-x/receipt"
ROLLOUT = "/register-settings/rollout"
CASHIER = {"name": "Кассир 1", "password": "1234", "rights": ["sales", "refunds"]}


class Shop:
    """The owner of two registers and a Smart X, in a browser that speaks English."""

    def __init__(self, app: Flask, engine: sa.Engine) -> None:
        self.engine = engine
        merchant = make_merchant(engine)
        self.merchant_id, self.account_id = merchant.merchant_id, merchant.account_id
        open_outlets(engine, self.merchant_id, ("Немига", "Восток"))
        with writing(engine) as connection:
            self.smart_id = add_sko(connection, self.merchant_id, number=SMART, outlet_id=1, model="smart_x")
        self.client: FlaskClient = app.test_client()
        self.client.set_cookie("language", "en")
        sign_in(self.client, merchant)
        self.csrf = csrf_token(self.client, "/profile/password")

    def get(self, path: str, **query: Any) -> str:
        response = self.client.get(path, query_string=query)
        assert response.status_code == 200, (path, query)
        return response.get_data(as_text=True)

    def post(self, path: str, **form: Any) -> TestResponse:
        return self.client.post(path, data={"csrf_token": self.csrf, **form})

    def state(self, path: str, **query: Any) -> dict[str, str]:
        """What the form of this page would bring along."""
        return hidden(self.get(path, **query))

    def save_user(self, *numbers: str, **user: Any) -> TestResponse:
        """Create a user on these registers, and save, as somebody does with the form."""
        chosen = {"sko": list(numbers)}
        base = self.state(USERS, **chosen)["base"]
        put = self.post(f"{USERS}/put", **chosen, **(CASHIER | user))
        assert put.status_code == 200, text_of(put)
        draft = hidden(put.get_data(as_text=True))["draft"]
        return self.post(f"{USERS}/save", **chosen, base=base, draft=draft)

    def settings(self, sko_id: int = 1) -> RegisterSettings:
        with reading(self.engine) as connection:
            return settings_in(current_settings(connection, self.merchant_id, [sko_id]).get(sko_id))

    def versions(self) -> dict[int, int]:
        with reading(self.engine) as connection:
            found = current_settings(connection, self.merchant_id)
        return {sko_id: version.version for sko_id, version in found.items()}

    def save_behind_the_back(self, settings: RegisterSettings, sko_id: int = 1) -> None:
        """As somebody else does meanwhile."""
        seen = self.versions().get(sko_id)
        with writing(self.engine) as connection:
            save_settings(connection, self.merchant_id, {sko_id: (seen, content_of(settings))}, None)


def hidden(page: str) -> dict[str, str]:
    """The hidden fields of a page by name."""
    fields = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page)
    return {name: html.unescape(value) for name, value in fields}


def text_of(response: TestResponse | str) -> str:
    page = response if isinstance(response, str) else response.get_data(as_text=True)
    return " ".join(html.unescape(re.sub(r"<template.*?</template>|<[^>]+>", " ", page, flags=re.DOTALL)).split())
