"""Certificates in the profile: linked by signing with them, shown, removed; one's own alone."""

import re
from html import unescape
from io import BytesIO
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from sql.engine import reading, writing
from sql.instants import SECOND_US, now_us
from sql.signing_certificates import CERTIFICATES_MAX, add_certificate
from sql.tables import journal, message, signing_certificate, web_session
from tests.accounts import TestMerchant, csrf_token, make_merchant
from tests.webapp.reading import owner_in_english
from tests.webapp.signing import DAY, Authority, Person, to_der, trust
from webapp import create_app
from webapp.certificates import read_certificate
from webapp.settings import Settings
from webapp.signature_settings import UNP_OIDS
from webapp.signature_words import SENTENCES
from webapp.signatures import Reason

PAGE, ADD, FILE = "/profile/certificates", "/profile/certificates/add", "/profile/certificates/file"
LOGIN = "/login/signature"


@pytest.fixture
def app(tmp_path: Path, root: Authority, authority: Authority, monkeypatch, settings: Settings):
    trusting = trust(tmp_path, root, authority)
    monkeypatch.setenv("SIGNATURE_CA_FILE", str(trusting.ca_file))
    monkeypatch.setenv("SIGNATURE_CRL_FOLDER", trusting.crl_folder)
    app = create_app(settings)
    app.testing = True
    yield app
    app.extensions["kabinet_engine"].dispose()


@pytest.fixture
def merchant(engine: sa.Engine) -> TestMerchant:
    return make_merchant(engine)


@pytest.fixture
def client(app: Flask, merchant: TestMerchant) -> FlaskClient:
    return logged_in(app, merchant)


@pytest.fixture(scope="module")
def person(authority: Authority) -> Person:
    return authority.issue("/C=BY/O=ООО Ромашка/CN=<b>Иванов Иван")


def logged_in(app: Flask, merchant: TestMerchant) -> FlaskClient:
    return owner_in_english(app, merchant)


def text_of(response: TestResponse) -> str:
    return unescape(response.get_data(as_text=True))


def get_file(client: FlaskClient, path: str = FILE, page: str = ADD) -> bytes:
    return client.post(path, data={"csrf_token": csrf_token(client, page)}).data


def upload(client: FlaskClient, signature: bytes, path: str = ADD) -> TestResponse:
    data = {"csrf_token": csrf_token(client, path), "signature": (BytesIO(signature), "kabinet.txt.p7s")}
    return client.post(path, data=data, content_type="multipart/form-data")


def fingerprints(engine: sa.Engine) -> list[str]:
    with reading(engine) as connection:
        return [row.hex() for row in connection.execute(sa.select(signing_certificate.c.fingerprint)).scalars()]


def test_a_linked_certificate_is_a_way_in_until_it_is_removed(app, client, engine, person):
    assert "No certificates yet" in text_of(client.get(PAGE))
    content = get_file(client)
    assert "purpose: enrol" in content.decode()
    assert upload(client, person.sign(content)).location == PAGE
    page = client.get(PAGE).get_data(as_text=True)
    assert "&lt;b&gt;Иванов Иван" in page
    assert "<b>Иванов" not in page
    visitor = app.test_client()
    login = upload(visitor, person.sign(get_file(visitor, f"{LOGIN}/file", LOGIN)), LOGIN)
    assert login.location == "/"

    [fingerprint] = fingerprints(engine)
    shown = text_of(client.get(f"{PAGE}/{fingerprint}"))
    assert fingerprint in shown
    form = csrf_token(client, f"{PAGE}/{fingerprint}")
    assert client.post(f"{PAGE}/{fingerprint}/remove", data={"csrf_token": form}).location == PAGE
    assert fingerprints(engine) == []
    visitor = app.test_client()
    assert upload(visitor, person.sign(get_file(visitor, f"{LOGIN}/file", LOGIN)), LOGIN).status_code == 422
    with reading(engine) as connection:
        mails = connection.execute(sa.select(message.c.text).where(message.c.channel == "mail")).scalars().all()
        lines = connection.execute(sa.select(journal.c.action, journal.c.detail).order_by(journal.c.at_us)).all()
    assert len(mails) == 1  # whoever owns the account reads of it, even if somebody else has linked it
    assert "Иванов Иван" in mails[0]
    assert [line for line in lines if "factor" in line.action] == [
        ("factor_added", '{"factor": "certificate"}'),
        ("factor_removed", '{"factor": "certificate"}'),
    ]


def test_a_signature_for_the_login_links_nothing_and_one_for_linking_lets_nobody_in(app, client, engine, person):
    visitor = app.test_client()
    visitor.set_cookie("language", "en")
    for_login = person.sign(get_file(visitor, f"{LOGIN}/file", LOGIN))
    get_file(client)
    assert str(SENTENCES[Reason.WRONG_CONTENT]) in text_of(upload(client, for_login))
    for_linking = person.sign(get_file(client))
    assert str(SENTENCES[Reason.WRONG_CONTENT]) in text_of(upload(visitor, for_linking, LOGIN))
    with client.session_transaction() as session:
        token = session["certificate"]
    form = csrf_token(visitor, LOGIN)
    with visitor.session_transaction() as session:
        session["attempt"] = token  # even if the browser could say so
    data = {"csrf_token": form, "signature": (BytesIO(for_linking), "x.p7s")}
    assert visitor.post(LOGIN, data=data, content_type="multipart/form-data").status_code == 422
    assert fingerprints(engine) == []


def test_the_file_of_somebody_else_links_nothing(app, client, engine, person):
    signature = person.sign(get_file(client))
    with client.session_transaction() as session:
        token = session["certificate"]
    other = logged_in(app, make_merchant(engine, "190000018"))
    form = csrf_token(other, ADD)
    with other.session_transaction() as session:
        session["certificate"] = token
    data = {"csrf_token": form, "signature": (BytesIO(signature), "x.p7s")}
    response = other.post(ADD, data=data, content_type="multipart/form-data")
    assert response.status_code == 422
    assert "The file to sign is not good any more" in text_of(response)
    assert fingerprints(engine) == []


def test_a_certificate_that_is_not_good_is_not_linked(client, engine, authority):
    expired = authority.issue(starts=-30 * DAY, ends=-DAY)
    assert str(SENTENCES[Reason.EXPIRED]) in text_of(upload(client, expired.sign(get_file(client))))
    assert fingerprints(engine) == []


def test_a_certificate_is_linked_once(app, client, engine, person):
    upload(client, person.sign(get_file(client)))
    other = logged_in(app, make_merchant(engine, "190000018"))
    for somebody in (client, other):
        response = upload(somebody, person.sign(get_file(somebody)))
        assert response.status_code == 422
        assert "This certificate is linked already" in text_of(response)
    assert len(fingerprints(engine)) == 1


def test_an_account_has_ten_at_most(client, merchant, engine, person):
    with writing(engine) as connection:
        for number in range(CERTIFICATES_MAX):
            add_certificate(
                connection, merchant.account_id, fingerprint=f"{number:064x}", subject="CN=x", valid_until_us=now_us()
            )
    assert 'href="/profile/certificates/add"' not in text_of(client.get(PAGE))
    response = upload(client, person.sign(get_file(client)))
    assert response.status_code == 422
    assert "More certificates can't be linked." in text_of(response)


@pytest.mark.parametrize("path", ["", "/remove"])
def test_certificates_of_others_are_not_there(app, client, engine, person, path):
    upload(client, person.sign(get_file(client)))
    [fingerprint] = fingerprints(engine)
    other = logged_in(app, make_merchant(engine, "190000018"))
    form = csrf_token(other, ADD)
    assert fingerprint not in text_of(other.get(PAGE))
    for name in (fingerprint, "nonsense", "00", "a" * 64):
        address = f"{PAGE}/{name}{path}"
        response = other.post(address, data={"csrf_token": form}) if path else other.get(address)
        assert response.status_code == 404
    assert len(fingerprints(engine)) == 1


@pytest.mark.parametrize(
    ("method", "path"), [("GET", ADD), ("POST", ADD), ("POST", FILE), ("POST", f"{PAGE}/{'0' * 64}/remove")]
)
def test_changes_ask_for_a_recent_confirmation(client, engine, method, path):
    form = csrf_token(client, ADD)
    with writing(engine) as connection:
        connection.execute(sa.update(web_session).values(confirmed_us=now_us() - 16 * 60 * SECOND_US))
    response = client.open(path, method=method, data={"csrf_token": form})
    assert response.status_code == 303
    assert response.location.startswith("/confirm?next=")


def test_an_expired_one_is_shown_as_such(client, merchant, engine, person):
    signer = read_certificate(to_der(person.certificate.read_bytes()), UNP_OIDS)
    with writing(engine) as connection:
        add_certificate(
            connection,
            merchant.account_id,
            fingerprint=signer.fingerprint,
            subject=signer.subject,
            valid_until_us=now_us() - 1,
        )
    assert re.search(r"Expired \S+", text_of(client.get(PAGE)))
    assert "Valid until" not in text_of(client.get(PAGE))


def test_without_an_authority_the_pages_say_so(settings, merchant, monkeypatch):
    monkeypatch.delenv("SIGNATURE_CA_FILE", raising=False)
    app = create_app(settings)
    client = logged_in(app, merchant)
    for page in (PAGE, ADD):
        assert "has not set up the login by electronic signature" in text_of(client.get(page))
    form = csrf_token(client, ADD)
    for path in (ADD, FILE):
        assert client.post(path, data={"csrf_token": form}).status_code == 422
    app.extensions["kabinet_engine"].dispose()
