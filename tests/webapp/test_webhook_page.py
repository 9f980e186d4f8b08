"""The webhook of a company: set and removed by its owners, its log, and deliveries from end to end."""

import hashlib
import hmac
import json
import re
import socket
import time
from html import unescape

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from sql.engine import reading, writing
from sql.instants import now_us
from sql.tables import webhook
from sql.webhooks import Outgoing, deliveries_of, queue_deliveries, set_webhook, webhook_of
from tests.accounts import TestMerchant, csrf_token, make_merchant
from tests.people import add_person, browser_of, journal_of
from tests.webapp.test_webhook_sender import OPEN, Receiver, receiver  # noqa: F401  (a fixture)
from webapp.webhook_jobs import Webhooks
from webapp.webhook_sender import WebhookSender

PAGE = "/notifications/webhook"
ADDRESS = "/notifications/webhook/address"
URL = "https://romashka.by/hook"


@pytest.fixture
def merchant(engine: sa.Engine) -> TestMerchant:
    return make_merchant(engine)


@pytest.fixture
def owner(app: Flask, engine: sa.Engine, merchant: TestMerchant) -> FlaskClient:
    client = browser_of(app, engine, merchant.account_id, merchant.merchant_id, confirmed_us=now_us())
    client.set_cookie("language", "en")
    return client


def text(client: FlaskClient, status: int = 200) -> str:
    response = client.get(PAGE)
    assert response.status_code == status
    return unescape(response.get_data(as_text=True))


def send(client: FlaskClient, address: str, status: int = 303, **form: str) -> str:
    form["csrf_token"] = csrf_token(client, PAGE)
    response = client.post(address, data=form)
    assert response.status_code == status, address
    return unescape(response.get_data(as_text=True))


def save(client: FlaskClient, url: str = URL) -> str:
    """Returns the secret."""
    found = re.search(r'webhook-secret">([^<]+)<', send(client, ADDRESS, 200, url=url))
    assert found
    return found[1]


def log(engine: sa.Engine, merchant: TestMerchant) -> list[tuple[str, str]]:
    with reading(engine) as connection:
        return [(each.state, each.outcome) for each in deliveries_of(connection, merchant.merchant_id, 9)]


def test_the_secret_is_shown_once(engine: sa.Engine, merchant: TestMerchant, owner: FlaskClient) -> None:
    secret = save(owner)
    with reading(engine) as connection:
        webhook = webhook_of(connection, merchant.merchant_id)
    assert webhook is not None
    assert (webhook.url, webhook.secret) == (URL, secret)
    page = text(owner)
    assert URL in page
    assert secret not in page
    assert save(owner) != secret
    assert journal_of(engine, merchant.merchant_id) == [(merchant.email, "webhook_set", URL)] * 2


@pytest.mark.parametrize("url", ["", "  ", "ftp://a.by", "a.by", "https://u:p@a.by/", "https://" + "a" * 500])
def test_what_is_no_address_is_refused_with_a_sentence(owner: FlaskClient, url: str) -> None:
    assert 'class="invalid-feedback"' in send(owner, ADDRESS, 422, url=url)


def test_the_address_in_use_stands_in_the_form(owner: FlaskClient) -> None:
    assert 'type="url" value=""' in owner.get(ADDRESS).text
    save(owner)
    assert f'type="url" value="{URL}"' in owner.get(ADDRESS).text


def test_setting_it_takes_a_recent_confirmation(app: Flask, engine: sa.Engine, merchant: TestMerchant) -> None:
    client = browser_of(app, engine, merchant.account_id, merchant.merchant_id, confirmed_us=1)
    assert client.get(ADDRESS).location == f"/confirm?next={ADDRESS}", "before something is typed"
    send(client, ADDRESS, url=URL)
    with reading(engine) as connection:
        assert webhook_of(connection, merchant.merchant_id) is None


def test_it_is_the_owners_alone(app: Flask, engine: sa.Engine, merchant: TestMerchant) -> None:
    for role in ("accountant", "manager", "support"):
        account_id = add_person(engine, merchant.merchant_id, f"{role}@romashka.by", role)
        text(browser_of(app, engine, account_id, merchant.merchant_id), 403)


def test_a_test_arrives_signed(
    engine: sa.Engine,
    merchant: TestMerchant,
    owner: FlaskClient,
    receiver: Receiver,  # noqa: F811
) -> None:
    secret = save(owner, receiver.url)
    send(owner, f"{PAGE}/test")
    assert "Waits" in text(owner)
    Webhooks(engine, OPEN).drain()
    [(_, headers, body)] = receiver.seen
    assert json.loads(body)["event"] == headers["Kabinet-Event"] == "test"
    second, signed = re.fullmatch(r"t=(\d+),v1=([0-9a-f]{64})", headers["Kabinet-Signature"]).groups()  # type: ignore[union-attr]
    assert signed == hmac.new(secret.encode(), f"{second}.".encode() + body, hashlib.sha256).hexdigest()
    assert log(engine, merchant) == [("sent", "Status 200")]
    page = text(owner)
    assert "Delivered" in page
    assert headers["Kabinet-Delivery"] in page


def test_what_failed_is_sent_again_under_the_same_id(
    engine: sa.Engine,
    merchant: TestMerchant,
    owner: FlaskClient,
    receiver: Receiver,  # noqa: F811
) -> None:
    save(owner, receiver.url)
    receiver.status = 500
    send(owner, f"{PAGE}/test")
    Webhooks(engine, OPEN).drain()
    assert log(engine, merchant) == [("waiting", "It answered with the status 500")]
    with reading(engine) as connection:
        [delivery] = deliveries_of(connection, merchant.merchant_id, 9)
    receiver.status = 204
    send(owner, f"{PAGE}/deliveries/{delivery.delivery_id}/again")
    send(owner, f"{PAGE}/deliveries/nothing/again", 404)
    Webhooks(engine, OPEN).drain()
    assert log(engine, merchant) == [("sent", "Status 204")]
    first, again = (headers["Kabinet-Delivery"] for _, headers, _ in receiver.seen)
    assert first == again


def test_a_private_address_is_not_reached(
    engine: sa.Engine,
    merchant: TestMerchant,
    owner: FlaskClient,
    receiver: Receiver,  # noqa: F811
) -> None:
    save(owner, receiver.url.replace("http:", "https:"))
    send(owner, f"{PAGE}/test")
    Webhooks(engine, WebhookSender()).drain()
    assert receiver.seen == []
    assert log(engine, merchant) == [("waiting", "Its address is not a public one")]


def queue_test(engine: sa.Engine, merchant: TestMerchant, url: str, *, failures: int = 0) -> None:
    """Something to be sent there, where so many attempts have failed before."""
    own = merchant.merchant_id
    with writing(engine) as connection:
        set_webhook(connection, own, url=url, created_by=merchant.account_id, now_us=now_us())
        queue_deliveries(connection, [Outgoing(own, "test", "{}")], now_us())
        connection.execute(sa.update(webhook).filter_by(merchant_id=own).values(failures=failures))


def test_servers_that_dawdle_delay_nobody_else(
    engine: sa.Engine,
    merchant: TestMerchant,
    receiver: Receiver,  # noqa: F811
) -> None:
    """However many they are: some of the threads send nothing to those that have failed."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        for unp in ("190000018", "190000021", "190000034"):
            other = make_merchant(engine, unp)
            queue_test(engine, other, f"http://127.0.0.1:{silent.getsockname()[1]}/", failures=1)
        queue_test(engine, merchant, receiver.url)
        jobs = Webhooks(engine, WebhookSender(is_open=True, deadline_s=8.0), workers=2)
        begun_s = time.monotonic()
        jobs.start()
        while not receiver.seen and time.monotonic() < begun_s + 6:
            time.sleep(0.02)
        taken_s = time.monotonic() - begun_s
        jobs.stop()
    assert receiver.seen
    assert taken_s < 6


def test_once_removed_nothing_is_sent(engine: sa.Engine, merchant: TestMerchant, owner: FlaskClient) -> None:
    send(owner, f"{PAGE}/test", 404)
    send(owner, f"{PAGE}/remove", 404)
    save(owner)
    send(owner, f"{PAGE}/test")
    send(owner, f"{PAGE}/remove")
    assert log(engine, merchant) == []
    assert "Nothing is sent there any more" in text(owner)
