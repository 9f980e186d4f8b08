"""One's own profile: factors, sessions, language and theme, notifications."""

import re

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from sql.engine import reading, writing
from sql.factors import replace_recovery_codes
from sql.memberships import add_membership
from sql.preferences import Preference, preferences_of
from sql.sessions import find_session, open_sessions, session_id, start_session
from sql.tables import account, journal, web_session
from tests.accounts import TestMerchant, csrf_token, make_merchant, sign_in

FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:143.0) Gecko/20100101 Firefox/143.0"


@pytest.fixture
def merchant(engine: sa.Engine) -> TestMerchant:
    return make_merchant(engine)


@pytest.fixture
def owner(client: FlaskClient, merchant: TestMerchant) -> FlaskClient:
    """The owner's browser, in English."""
    client.set_cookie("language", "en")
    sign_in(client, merchant)
    return client


def open_elsewhere(engine: sa.Engine, merchant: TestMerchant, address: str = "93.84.12.7") -> str:
    """A further session of the owner; returns its token."""
    with writing(engine) as connection:
        return start_session(
            connection,
            account_id=merchant.account_id,
            merchant_id=merchant.merchant_id,
            address=address,
            user_agent=FIREFOX,
            way="email",
        )


def is_open(engine: sa.Engine, token: str) -> bool:
    with reading(engine) as connection:
        return find_session(connection, token) is not None


def text_of(client: FlaskClient, path: str = "/profile") -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", client.get(path).get_data(as_text=True)).split())


def post(client: FlaskClient, path: str, **data: str):
    return client.post(path, data={"csrf_token": csrf_token(client, "/profile"), **data})


def actions(engine: sa.Engine) -> list[tuple[str, str]]:
    with reading(engine) as connection:
        rows = connection.execute(sa.select(journal.c.action, journal.c.subject).order_by(journal.c.at_us))
        return [(row.action, row.subject) for row in rows if row.action != "login"]


def test_sessions_are_listed_with_device_place_and_way(owner: FlaskClient, engine: sa.Engine, merchant: TestMerchant):
    open_elsewhere(engine, merchant)
    text = text_of(owner)
    assert "Firefox on Windows" in text
    assert "by e-mail · 93.84.12.7" in text
    assert text.count("this session") == 1
    assert text.count("Last seen") == 2


def test_the_company_of_a_session_is_named_to_who_has_several(
    owner: FlaskClient, engine: sa.Engine, merchant: TestMerchant
):
    assert f"{merchant.name} · by UNP" not in text_of(owner)
    second = make_merchant(engine, "190000018", name="ООО Астра")
    with writing(engine) as connection:
        add_membership(connection, second.merchant_id, merchant.account_id, "accountant")
    assert f"{merchant.name} · by UNP and password" in text_of(owner)


def test_a_session_is_ended_from_another_one(owner: FlaskClient, engine: sa.Engine, merchant: TestMerchant):
    token, kept = open_elsewhere(engine, merchant), open_elsewhere(engine, merchant)
    response = post(owner, f"/profile/sessions/{session_id(token)}/end")
    assert (response.status_code, response.location) == (303, "/profile#sessions")
    assert not is_open(engine, token)
    assert is_open(engine, kept)
    assert "The session has ended." in text_of(owner)
    assert actions(engine) == [("session_ended", "Firefox on Windows")]


def test_all_other_sessions_are_ended_at_once(owner: FlaskClient, engine: sa.Engine, merchant: TestMerchant):
    tokens = [open_elsewhere(engine, merchant) for _ in range(3)]
    assert post(owner, "/profile/sessions/end-others").status_code == 303
    assert not any(is_open(engine, token) for token in tokens)
    assert "3 other sessions have ended." in text_of(owner)
    assert actions(engine) == [("sessions_ended", "")]
    assert "End all others" not in text_of(owner)


def test_who_ends_the_present_session_is_out(owner: FlaskClient, engine: sa.Engine, merchant: TestMerchant):
    with reading(engine) as connection:
        [mine] = open_sessions(connection, merchant.account_id)
    assert post(owner, f"/profile/sessions/{mine.session_id}/end").location == "/login/password"
    assert owner.get("/profile").location.startswith("/login")


def test_nobody_ends_the_session_of_somebody_else(owner: FlaskClient, engine: sa.Engine):
    other = make_merchant(engine, "190000018", name="ООО Астра")
    token = open_elsewhere(engine, other)
    for name in (session_id(token), "0" * 64, "x"):
        assert post(owner, f"/profile/sessions/{name}/end").status_code == 404
    assert is_open(engine, token)


@pytest.mark.parametrize("path", ["/profile/sessions/{}/end", "/profile/sessions/end-others"])
def test_ending_sessions_takes_a_recent_confirmation(
    owner: FlaskClient, engine: sa.Engine, merchant: TestMerchant, path: str
):
    """Else a stolen session could shut its owner out (OWASP ASVS 5.0, 7.5.2)."""
    token = open_elsewhere(engine, merchant)
    with writing(engine) as connection:
        connection.execute(sa.update(web_session).values(confirmed_us=0))
    assert post(owner, path.format(session_id(token))).location.startswith("/confirm")
    assert is_open(engine, token)


def test_factors_are_told_with_their_state(owner: FlaskClient, engine: sa.Engine, merchant: TestMerchant):
    assert "Recovery codes None left: make new ones" in text_of(owner)
    with writing(engine) as connection:
        replace_recovery_codes(connection, merchant.account_id, [f"code-{number}" for number in range(10)])
    text = text_of(owner)
    for state in (
        "Password Chosen",
        "Authenticator app Connected",
        "Recovery codes 10 unused codes",
        "Passkeys None yet",
        "Electronic signature None yet",
        "Phone for SMS codes +375 29 123-45-67",
    ):
        assert state in text


def test_what_is_missing_is_told(owner: FlaskClient, engine: sa.Engine):
    with writing(engine) as connection:
        connection.execute(sa.update(account).values(totp_secret="", phone="", password_hash=""))
    text = text_of(owner)
    for state in ("Authenticator app Not connected", "SMS codes None yet", "Password None: you log in without one"):
        assert state in text


def test_each_line_leads_to_a_page(owner: FlaskClient):
    addresses = re.findall(r'class="profile-line" href="([^"]+)"', owner.get("/profile").get_data(as_text=True))
    assert len(addresses) == 6
    for address in addresses:
        assert owner.get(address).status_code == 200, address


def test_language_and_theme_are_chosen_here(owner: FlaskClient):
    assert post(owner, "/language", language="be", next="/profile").location == "/profile"
    assert post(owner, "/theme", theme="dark", next="/profile").location == "/profile"
    page = owner.get("/profile").get_data(as_text=True)
    assert '<html lang="be" data-bs-theme="dark">' in page
    assert re.findall(r'value="(\w+)"[^>]*aria-pressed="true"', page) == ["be", "dark"]


def test_notifications_are_chosen_per_kind(owner: FlaskClient, engine: sa.Engine, merchant: TestMerchant):
    chosen = {"mail-connection": "at_once", "sms-connection": "1", "mail-documents": "daily"}
    rest = {f"mail-{kind}": "never" for kind in ("shifts", "devices", "delivery")}
    assert post(owner, "/profile/notifications", **chosen, **rest).location == "/profile#notifications"
    with reading(engine) as connection:
        kept = preferences_of(connection, merchant.merchant_id, merchant.account_id)
    assert kept[:2] == [Preference("connection", "at_once", by_sms=True), Preference("documents", "daily")]
    assert kept[2:] == [Preference(kind) for kind in ("shifts", "devices", "delivery")]
    page = owner.get("/profile").get_data(as_text=True)
    assert re.search(r'name="sms-connection"[^>]* checked', page)
    assert page.count(" selected>At once") == page.count(" selected>Once a day") == 1
    assert actions(engine) == [("preferences_changed", "")]


@pytest.mark.parametrize("mail", ["", "hourly", "x" * 10_000])
def test_nonsense_about_notifications_is_a_bad_request(owner: FlaskClient, mail: str):
    rest = {f"mail-{kind}": "never" for kind in ("documents", "shifts", "devices", "delivery")}
    assert post(owner, "/profile/notifications", **{"mail-connection": mail}, **rest).status_code == 400


def test_every_role_has_a_profile(app: Flask, engine: sa.Engine, merchant: TestMerchant):
    """The first company's owner is in a role of less in a second one."""
    for number, role in enumerate(("accountant", "manager", "support")):
        other = make_merchant(engine, ("190000018", "190000021", "190000034")[number], name=f"ООО {role}")
        with writing(engine) as connection:
            add_membership(connection, other.merchant_id, merchant.account_id, role)
            token = start_session(
                connection,
                account_id=merchant.account_id,
                merchant_id=other.merchant_id,
                address="::1",
                user_agent="",
            )
        client = app.test_client()
        with client.session_transaction() as cookie:
            cookie["_user_id"] = token
            cookie["_fresh"] = True
        assert client.get("/profile").status_code == 200
        choice = {f"mail-{kind}": "never" for kind in ("connection", "documents", "shifts", "devices", "delivery")}
        assert post(client, "/profile/notifications", **choice).status_code == 303
        assert post(client, "/profile/sessions/end-others").status_code == 303


def test_the_page_takes_few_queries(owner: FlaskClient, count_queries):
    owner.get("/profile")
    with count_queries() as queries:
        owner.get("/profile")
    assert len(queries) == 8
