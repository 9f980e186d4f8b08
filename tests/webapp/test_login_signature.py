"""Login by electronic signature: whose opens what, each refusal in words, and the certificate within TLS."""

import dataclasses
import re
from concurrent.futures import ThreadPoolExecutor
from html import unescape
from io import BytesIO
from pathlib import Path
from urllib.parse import quote

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from sql import login_attempts
from sql.accounts import disable_account
from sql.engine import reading, writing
from sql.instants import DAY_US, SECOND_US, now_us
from sql.memberships import add_membership
from sql.signing_certificates import add_certificate
from sql.tables import journal, login_attempt, web_session
from tests.accounts import TestMerchant, csrf_token, make_merchant
from tests.webapp.signing import DAY, PERSON_EXTENSIONS, UNP, Authority, Person, list_file, to_der, trust
from webapp import create_app
from webapp.certificates import read_certificate
from webapp.settings import Settings
from webapp.signature_settings import UNP_OIDS, SignatureSettings
from webapp.signature_words import SENTENCES
from webapp.signatures import Reason
from webapp.signed_data import SIGNATURE_BYTES_MAX

PAGE = "/login/signature"
GONE = "The file to sign is not good any more"
NO_ACCOUNT = "its certificate opens no account here"
OF_THE_COMPANY = f"/C=BY/O=ООО Ромашка/CN=Иванов Иван/unp={UNP}"


@pytest.fixture
def trusting(tmp_path: Path, root: Authority, authority: Authority, monkeypatch) -> SignatureSettings:
    settings = trust(tmp_path, root, authority)
    monkeypatch.setenv("SIGNATURE_CA_FILE", str(settings.ca_file))
    monkeypatch.setenv("SIGNATURE_CRL_FOLDER", settings.crl_folder)
    return settings


@pytest.fixture
def app(trusting: SignatureSettings, settings: Settings):
    app = create_app(settings)
    app.testing = True
    yield app
    app.extensions["kabinet_engine"].dispose()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return browser(app)


@pytest.fixture
def merchant(engine: sa.Engine) -> TestMerchant:
    return make_merchant(engine, UNP)


@pytest.fixture
def director(authority: Authority) -> Person:
    """Whose certificate has the УНП of the company."""
    return authority.issue(OF_THE_COMPANY)


def browser(app: Flask, address: str = "127.0.0.1") -> FlaskClient:
    client = app.test_client()
    client.environ_base["REMOTE_ADDR"] = address
    client.set_cookie("language", "en")
    return client


def text_of(response: TestResponse) -> str:
    return unescape(response.get_data(as_text=True))


def get_file(client: FlaskClient) -> bytes:
    response = client.post(f"{PAGE}/file", data={"csrf_token": csrf_token(client, PAGE)})
    assert response.status_code == 200
    return response.data


def upload(client: FlaskClient, signature: bytes, path: str = PAGE, *, token: str | None = None) -> TestResponse:
    data = {"csrf_token": token or csrf_token(client, PAGE), "signature": (BytesIO(signature), "kabinet.txt.p7s")}
    return client.post(path, data=data, content_type="multipart/form-data")


def is_in(client: FlaskClient) -> bool:
    return client.get("/").status_code == 200


def link(engine: sa.Engine, account_id: int, person: Person) -> None:
    signer = read_certificate(to_der(person.certificate.read_bytes()), UNP_OIDS)
    with writing(engine) as connection:
        add_certificate(
            connection,
            account_id,
            fingerprint=signer.fingerprint,
            subject=signer.subject,
            valid_until_us=now_us() + DAY_US,
        )


# --- getting in ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["DER", "PEM"])
def test_owner_gets_in_by_the_unp_in_the_certificate(client, merchant, engine, director, form):
    content = get_file(client)
    response = upload(client, director.sign(content, form=form), f"{PAGE}?next=/sales")
    assert (response.status_code, response.location) == (303, "/sales")
    assert merchant.name in text_of(client.get("/"))
    with reading(engine) as connection:
        assert connection.execute(sa.select(web_session.c.way)).scalar_one() == "signature"
        assert connection.execute(sa.select(journal.c.action, journal.c.detail)).all() == [
            ("login", '{"way": "signature"}')
        ]
        assert connection.execute(sa.select(login_attempt)).all() == []


def test_the_file_says_what_it_is_for_and_is_a_download(client):
    response = client.post(f"{PAGE}/file", data={"csrf_token": csrf_token(client, PAGE)})
    assert response.headers["Content-Disposition"] == 'attachment; filename="kabinet-login.txt"'
    assert response.headers["Cache-Control"] == "no-store"
    assert "By signing this file I log in to Kabinet at http://localhost\r\n" in response.data.decode()
    assert "purpose: login" in response.data.decode()


def test_linked_certificate_opens_its_account_whatever_is_written_in_it(client, merchant, engine, authority):
    person = authority.issue("/C=BY/CN=Петров Пётр/unp=190000018")
    link(engine, merchant.account_id, person)
    make_merchant(engine, "190000018", name="ООО Астра")
    assert upload(client, person.sign(get_file(client))).location == "/"
    assert merchant.name in text_of(client.get("/"))


def test_with_several_companies_a_linked_certificate_leads_to_the_choice(client, merchant, engine, authority):
    person = authority.issue()
    link(engine, merchant.account_id, person)
    second = make_merchant(engine, "190000018", name="ООО Астра")
    with writing(engine) as connection:
        add_membership(connection, second.merchant_id, merchant.account_id, "accountant")
    assert upload(client, person.sign(get_file(client))).location == "/companies"
    assert not is_in(client)


def test_session_of_before_counts_no_more(client, merchant, director):
    content = get_file(client)
    with client.session_transaction() as session:
        session["planted"] = "by somebody else"
        token = session["attempt"]
    upload(client, director.sign(content))
    with client.session_transaction() as session:
        assert "planted" not in session
        assert "attempt" not in session
        assert token not in session.values()


# --- refusals --------------------------------------------------------------------------------------------------------


def refusal(client: FlaskClient, signature: bytes) -> str:
    response = upload(client, signature)
    assert response.status_code == 422
    assert not is_in(client)
    found = re.search(r'id="form-problem">(.*?)</div>', text_of(response), re.DOTALL)
    assert found
    return found[1]


def test_each_certificate_that_is_not_good_is_refused_in_words(client, merchant, tmp_path, root, authority, trusting):
    expired = authority.issue(OF_THE_COMPANY, starts=-30 * DAY, ends=-DAY)
    future = authority.issue(OF_THE_COMPANY, starts=DAY)
    revoked = authority.issue(OF_THE_COMPANY)
    authority.revoke(revoked.certificate)
    list_file(trusting.crl_folder, authority).write_bytes(authority.crl())
    foreign = Authority(tmp_path / "foreign", "Authority").issue(OF_THE_COMPANY)
    server = [*PERSON_EXTENSIONS[:2], "extendedKeyUsage=serverAuth"]
    wrong_purpose = authority.issue(OF_THE_COMPANY, server)
    weak = authority.issue(OF_THE_COMPANY, kind="weak")
    for person, reason in (
        (expired, Reason.EXPIRED),
        (future, Reason.NOT_YET_VALID),
        (revoked, Reason.REVOKED),
        (foreign, Reason.UNTRUSTED),
        (wrong_purpose, Reason.WRONG_PURPOSE),
        (weak, Reason.WEAK),
    ):
        assert refusal(client, person.sign(get_file(client))) == str(SENTENCES[reason])


def test_stale_list_shuts_everybody_out(client, merchant, authority, director, trusting):
    list_file(trusting.crl_folder, authority).write_bytes(authority.crl(starts=-9 * DAY, ends=-DAY))
    assert refusal(client, director.sign(get_file(client))) == str(SENTENCES[Reason.REVOCATION_UNKNOWN])


def test_what_is_no_detached_signature_of_the_file_is_refused_in_words(client, merchant, director):
    content = get_file(client)
    for signature, reason in (
        (b"garbage", Reason.MALFORMED),
        (director.sign(content, "-nodetach"), Reason.ATTACHED),
        (b"0" * (SIGNATURE_BYTES_MAX + 1), Reason.TOO_LARGE),
        (director.sign(content + b" "), Reason.WRONG_CONTENT),
    ):
        assert refusal(client, signature) == str(SENTENCES[reason])
    assert upload(client, director.sign(content)).location == "/"  # the fifth one is right


def test_every_reason_has_its_sentence():
    assert set(SENTENCES) == set(Reason)


def test_without_a_file_the_form_comes_back(client, merchant):
    get_file(client)
    response = client.post(PAGE, data={"csrf_token": csrf_token(client, PAGE)})
    assert response.status_code == 422
    assert "Choose the file with the signature." in text_of(response)


@pytest.mark.parametrize(
    "subject",
    [
        "/C=BY/O=ООО Ромашка/CN=owner-191832203@romashka.by",  # names identify nobody
        "/C=BY/O=191832203/CN=191832203",
        "/C=BY/CN=Иванов/unp=190000018",  # a company that is not here
        "/C=BY/CN=Иванов/unp=191832204",  # a wrong check digit
        f"/C=BY/CN=Иванов/unp={UNP}/unp=190000018",  # two
    ],
)
def test_certificate_of_nobody_here_opens_nothing(client, merchant, authority, subject):
    assert NO_ACCOUNT in refusal(client, authority.issue(subject).sign(get_file(client)))


@pytest.mark.parametrize("is_linked", [True, False])
def test_disabled_account_is_not_opened(client, merchant, engine, director, is_linked):
    if is_linked:
        link(engine, merchant.account_id, director)
    with writing(engine) as connection:
        disable_account(connection, merchant.account_id)
    assert NO_ACCOUNT in refusal(client, director.sign(get_file(client)))


def test_linked_certificate_of_a_disabled_person_opens_no_company_by_its_unp(client, merchant, engine, director):
    other = make_merchant(engine, "190000018", name="ООО Астра")
    link(engine, other.account_id, director)
    with writing(engine) as connection:
        disable_account(connection, other.account_id)
    assert NO_ACCOUNT in refusal(client, director.sign(get_file(client)))


# --- once, five minutes, in this browser -----------------------------------------------------------------------------


def test_a_file_is_good_once(app, client, merchant, engine, director):
    signature = director.sign(get_file(client))
    token, cookie = csrf_token(client, PAGE), client.get_cookie("kabinet")
    assert cookie is not None

    def use(_: int) -> TestResponse:
        tab = browser(app)
        tab.set_cookie("kabinet", cookie.value)
        return upload(tab, signature, token=token)

    with ThreadPoolExecutor(4) as pool:
        answers = [response.status_code for response in pool.map(use, range(4))]
    assert sorted(answers) == [303, 422, 422, 422]
    assert GONE in text_of(use(0))
    with reading(engine) as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(web_session)).scalar_one() == 1


def test_a_file_is_good_in_the_browser_that_it_was_given_to(app, client, merchant, director):
    signature = director.sign(get_file(client))
    for get_own in (False, True):
        other = browser(app)
        if get_own:
            get_file(other)
        response = upload(other, signature)
        assert response.status_code == 422
        assert (str(SENTENCES[Reason.WRONG_CONTENT]) if get_own else GONE) in text_of(response)


def test_a_newer_file_takes_the_place_of_the_older_one(client, merchant, director):
    older = director.sign(get_file(client))
    newer = director.sign(get_file(client))
    assert refusal(client, older) == str(SENTENCES[Reason.WRONG_CONTENT])
    assert upload(client, newer).location == "/"


@pytest.mark.parametrize("minutes", [4.9, 5.01])
def test_a_file_is_good_for_five_minutes(client, merchant, director, monkeypatch, minutes):
    signature = director.sign(get_file(client))
    monkeypatch.setattr(login_attempts, "now_us", lambda: now_us() + int(minutes * 60 * SECOND_US))
    response = upload(client, signature)
    assert (response.status_code == 303) == (minutes < 5)
    assert (GONE in text_of(response)) == (minutes > 5)


def test_after_five_wrong_uploads_a_new_file_is_needed(client, merchant, director):
    signature = director.sign(get_file(client))
    for _ in range(5):
        assert upload(client, b"garbage").status_code == 422
    assert GONE in refusal(client, signature)
    assert upload(client, director.sign(get_file(client))).location == "/"


def test_half_done_login_of_another_way_is_no_file(client, merchant, engine, director):
    with writing(engine) as connection:
        token = login_attempts.begin_attempt(
            connection, way="email", step="factor", account_id=merchant.account_id, challenge=b"x"
        )
    signature = director.sign(b"x")
    form = csrf_token(client, PAGE)
    with client.session_transaction() as session:
        session["attempt"] = token
    assert GONE in text_of(upload(client, signature, token=form))


def test_one_network_can_not_upload_without_end(client, merchant):
    answers = [upload(client, b"garbage").status_code for _ in range(21)]
    assert answers == [422] * 20 + [429]
    assert upload(browser(client.application, "192.0.2.9"), b"garbage").status_code == 422


def test_one_network_can_not_ask_for_files_without_end(client, merchant):
    token = {"csrf_token": csrf_token(client, PAGE)}
    answers = [client.post(f"{PAGE}/file", data=token).status_code for _ in range(31)]
    assert answers == [200] * 30 + [429]
    assert get_file(browser(client.application, "192.0.2.9"))


def test_a_page_that_lay_open_says_so(client):
    response = client.post(PAGE, data={"csrf_token": "stale"})
    assert response.status_code == 400
    assert "This page was open for too long." in text_of(response)


def test_without_an_authority_the_page_says_so(settings, merchant, monkeypatch):
    monkeypatch.delenv("SIGNATURE_CA_FILE", raising=False)
    app = create_app(settings)
    client = browser(app)
    assert "has not set up the login by electronic signature" in text_of(client.get(PAGE))
    token = csrf_token(client, PAGE)
    for path in (PAGE, f"{PAGE}/file", f"{PAGE}/certificate"):
        assert client.post(path, data={"csrf_token": token}).status_code == 422
    app.extensions["kabinet_engine"].dispose()


# --- the certificate within TLS --------------------------------------------------------------------------------------


def header(person: Person) -> dict[str, str]:
    return {"X-Client-Cert": quote(person.certificate.read_text())}


@pytest.fixture
def behind_proxy(app: Flask, trusting: SignatureSettings, monkeypatch, settings: Settings):
    monkeypatch.setenv("SIGNATURE_PROXIES", "10.0.0.0/24, ::1")
    app = create_app(dataclasses.replace(settings, trusted_proxies=1))
    yield app
    app.extensions["kabinet_engine"].dispose()


def log_in_by_certificate(client: FlaskClient, headers: dict[str, str]) -> TestResponse:
    token = csrf_token(client, PAGE)
    return client.post(f"{PAGE}/certificate", data={"csrf_token": token}, headers=headers)


def test_certificate_that_the_proxy_has_seen_opens_the_account(behind_proxy, merchant, engine, director):
    client = browser(behind_proxy, "10.0.0.7")
    forwarded = header(director) | {"X-Forwarded-For": "192.0.2.1"}
    assert "Log in with the certificate" in text_of(client.get(PAGE, headers=forwarded))
    assert "Log in with the certificate" not in text_of(client.get(PAGE))
    assert log_in_by_certificate(client, forwarded).location == "/"
    with reading(engine) as connection:
        assert connection.execute(sa.select(web_session.c.way, web_session.c.address)).all() == [
            ("certificate", "192.0.2.1")
        ]


@pytest.mark.parametrize("address", ["192.0.2.1", "10.0.1.7", "127.0.0.1", ""])
def test_certificate_that_somebody_else_claims_is_not_heard(behind_proxy, merchant, director, address):
    client = browser(behind_proxy, address)
    forwarded = header(director) | {"X-Forwarded-For": "10.0.0.7"}  # saying to be the proxy does not help
    assert "Log in with the certificate" not in text_of(client.get(PAGE, headers=forwarded))
    response = log_in_by_certificate(client, forwarded)
    assert response.status_code == 422
    assert "Your browser has shown no certificate." in text_of(response)


def test_without_configured_proxies_nobody_is_heard(client, merchant, director):
    assert log_in_by_certificate(client, header(director)).status_code == 422


@pytest.mark.parametrize("text", ["", "x", "-----BEGIN CERTIFICATE-----", "%00", "a" * 20_000, "%FF%FE"])
def test_nonsense_in_the_header_is_no_certificate(behind_proxy, merchant, text):
    response = log_in_by_certificate(browser(behind_proxy, "10.0.0.7"), {"X-Client-Cert": text})
    assert response.status_code == 422


def test_a_certificate_within_tls_must_be_good_as_well(behind_proxy, merchant, tmp_path, authority, trusting):
    revoked = authority.issue(OF_THE_COMPANY)
    authority.revoke(revoked.certificate)
    list_file(trusting.crl_folder, authority).write_bytes(authority.crl())
    mail_only = [*PERSON_EXTENSIONS[:2], "extendedKeyUsage=emailProtection"]
    not_signing = [PERSON_EXTENSIONS[0], "keyUsage=critical,keyAgreement", PERSON_EXTENSIONS[2]]
    for person, reason in (
        (authority.issue(OF_THE_COMPANY, starts=-30 * DAY, ends=-DAY), Reason.EXPIRED),
        (authority.issue(OF_THE_COMPANY, starts=DAY), Reason.NOT_YET_VALID),
        (revoked, Reason.REVOKED),
        (Authority(tmp_path / "foreign", "Authority").issue(OF_THE_COMPANY), Reason.UNTRUSTED),
        (authority.issue(OF_THE_COMPANY, mail_only), Reason.WRONG_PURPOSE),
        (authority.issue(OF_THE_COMPANY, not_signing), Reason.WRONG_PURPOSE),
        (authority.issue(OF_THE_COMPANY, kind="weak"), Reason.WEAK),
    ):
        client = browser(behind_proxy, "10.0.0.7")
        response = log_in_by_certificate(client, header(person))
        assert str(SENTENCES[reason]) in text_of(response), reason
        assert not is_in(client)
    list_file(trusting.crl_folder, authority).write_bytes(authority.crl(starts=-9 * DAY, ends=-DAY))
    response = log_in_by_certificate(browser(behind_proxy, "10.0.0.7"), header(authority.issue(OF_THE_COMPANY)))
    assert str(SENTENCES[Reason.REVOCATION_UNKNOWN]) in text_of(response)


@pytest.mark.parametrize("text", ["10.0.0.0/33", "proxy", "10.0.0.1/24"])
def test_wrong_proxies_end_the_start_with_a_sentence(monkeypatch, text):
    monkeypatch.setenv("SIGNATURE_PROXIES", text)
    with pytest.raises(ValueError, match="SIGNATURE_PROXIES must be addresses or networks"):
        SignatureSettings.from_environment()


def test_what_people_sign_names_a_site_that_no_request_makes_up(
    trusting: SignatureSettings, settings: Settings
) -> None:
    with pytest.raises(ValueError, match="SIGNATURE_CA_FILE needs PUBLIC_URL"):
        create_app(dataclasses.replace(settings, development=False))
    create_app(dataclasses.replace(settings, development=False, public_url="https://cabinet.example.by"))
