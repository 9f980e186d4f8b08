"""Pages as their readers ask for them and see them."""

import re
from html import unescape

import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from tests.accounts import TestMerchant, sign_in
from tests.people import browser_of

# What htmx says of itself when it asks for a part of a page.
AS_HTMX = {"HX-Request": "true", "HX-Request-Type": "partial"}


def owner_in_english(app: Flask, merchant: TestMerchant) -> FlaskClient:
    """A browser of the owner, who has logged in and reads English."""
    client = app.test_client()
    client.set_cookie("language", "en")
    sign_in(client, merchant)
    return client


def browser_in_english(
    app: Flask, engine: sa.Engine, merchant: TestMerchant, account_id: int | None = None
) -> FlaskClient:
    """A browser of somebody of the company, or of its owner, who is logged in and reads English."""
    client = browser_of(app, engine, account_id or merchant.account_id, merchant.merchant_id)
    client.set_cookie("language", "en")
    return client


def words(html: str) -> str:
    """What a reader reads: no tags, nothing that only scripts unfold, and plain spaces."""
    text = unescape(re.sub(r"<template.*?</template>|<[^>]+>", " ", html, flags=re.DOTALL))
    return " ".join(text.replace("\N{NO-BREAK SPACE}", " ").split())
