"""People of a company in any role, with browsers in which they are logged in."""

import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from sql.accounts import add_account
from sql.engine import reading, writing
from sql.memberships import add_membership
from sql.sessions import start_session
from sql.tables import journal
from tests.accounts import PASSWORD
from webapp.passwords import generate_totp_secret, hash_password


def make_person(engine: sa.Engine, email: str, *, phone: str = "") -> int:
    """An account with the usual password and an authenticator, in no company; returns its `account_id`."""
    with writing(engine) as connection:
        return add_account(
            connection,
            email=email,
            phone=phone,
            password_hash=hash_password(PASSWORD),
            totp_secret=generate_totp_secret(),
        )


def add_person(engine: sa.Engine, merchant_id: int, email: str, role: str, **limits) -> int:
    """A person in this role; returns the `account_id`."""
    account_id = make_person(engine, email)
    with writing(engine) as connection:
        add_membership(connection, merchant_id, account_id, role, **limits)
    return account_id


def browser_of(
    app: Flask, engine: sa.Engine, account_id: int, merchant_id: int, *, confirmed_us: int | None = None
) -> FlaskClient:
    """A browser in which this person is logged in, as after any of the ways in."""
    client = app.test_client()
    with writing(engine) as connection:
        token = start_session(
            connection,
            account_id=account_id,
            merchant_id=merchant_id,
            address="127.0.0.1",
            user_agent="",
            confirmed_us=confirmed_us,
        )
    with client.session_transaction() as session:
        session["_user_id"] = token
    return client


def journal_of(engine: sa.Engine, merchant_id: int) -> list[tuple[str, str, str]]:
    """Actor, action and subject of each line, oldest first."""
    with reading(engine) as connection:
        columns = (journal.c.actor, journal.c.action, journal.c.subject)
        rows = connection.execute(
            sa.select(*columns).where(journal.c.merchant_id == merchant_id).order_by(journal.c.at_us)
        )
        return [tuple(row) for row in rows]
