"""A merchant whose owner's password and authenticator are known, and the way in."""

import re
import time
from dataclasses import dataclass, field

import sqlalchemy as sa
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from sql.accounts import add_account
from sql.engine import writing
from sql.memberships import add_membership
from sql.merchants import add_merchant
from webapp.passwords import STEP_S, generate_totp_secret, hash_password, totp_code

PASSWORD = "k7mpx-4qd9t-wvb3h-nrc6e"


@dataclass
class TestMerchant:
    __test__ = False  # a thing for tests, not a class of tests

    merchant_id: int
    account_id: int
    unp: str
    name: str
    email: str
    password: str
    totp_secret: str
    last_step: int = field(default=0, init=False)

    def code(self) -> str:
        """A code that was not used yet: the present one, then the next one, then it waits for the clock."""
        self.last_step = max(self.last_step + 1, int(time.time()) // STEP_S)
        time.sleep(max(0.0, (self.last_step - 1) * STEP_S - time.time()))
        return totp_code(self.totp_secret, self.last_step)


def make_merchant(
    engine: sa.Engine, unp: str = "191832203", *, name: str = "ООО Ромашка", email: str | None = None
) -> TestMerchant:
    """A merchant with one owner, committed."""
    address = email or f"owner-{unp.lower()}@romashka.by"
    secret = generate_totp_secret()
    with writing(engine) as connection:
        merchant_id = add_merchant(connection, unp=unp, name=name)
        account_id = add_account(
            connection,
            email=address,
            phone="+375291234567",
            password_hash=hash_password(PASSWORD),
            totp_secret=secret,
        )
        add_membership(connection, merchant_id, account_id, "owner")
    return TestMerchant(merchant_id, account_id, unp, name, address, PASSWORD, secret)


def csrf_token(client: FlaskClient, path: str = "/login/password") -> str:
    """The token of the form on this page."""
    found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', client.get(path).get_data(as_text=True))
    assert found, f"{path} has no form with a CSRF token"
    return found[1]


def sign_in(client: FlaskClient, merchant: TestMerchant, *, next_page: str | None = None) -> TestResponse:
    """Log in as the owner by УНП, password and code, as a browser would."""
    query = {"next": next_page} if next_page else None
    form = {
        "csrf_token": csrf_token(client),
        "unp": merchant.unp,
        "password": merchant.password,
        "code": merchant.code(),
    }
    response = client.post("/login/password", query_string=query, data=form)
    assert response.status_code == 303, response.get_data(as_text=True)
    return response
