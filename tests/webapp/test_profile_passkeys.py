"""One's own passkeys in the profile: added, renamed, removed, and nobody else's."""

import re
from html import unescape

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from sql.engine import reading, writing
from sql.passkeys import PASSKEYS_MAX, Passkey, add_passkey, passkeys_of, remove_passkey
from sql.tables import journal, web_session
from tests.accounts import TestMerchant, csrf_token, make_merchant, sign_in
from tests.authenticator import Authenticator, to_text
from tests.passkeys import ADD, ask, log_in, options, send
from tests.passkeys import add_passkey as add
from tests.webapp.conftest import CountQueries
from tests.webapp.reading import owner_in_english
from webapp import profile_passkeys

PAGE = "/profile/passkeys"


@pytest.fixture
def merchant(engine: sa.Engine) -> TestMerchant:
    return make_merchant(engine)


@pytest.fixture
def client(app: Flask, merchant: TestMerchant) -> FlaskClient:
    """The browser of the owner, who has just logged in."""
    return owner_in_english(app, merchant)


@pytest.fixture
def passkey(client: FlaskClient, engine: sa.Engine, merchant: TestMerchant) -> Passkey:
    add(client, Authenticator(), "Phone")
    return mine(engine, merchant)[0]


def mine(engine: sa.Engine, merchant: TestMerchant) -> list[Passkey]:
    with reading(engine) as connection:
        return passkeys_of(connection, merchant.account_id)


def text_of(response: TestResponse) -> str:
    return unescape(response.get_data(as_text=True))


def post(client: FlaskClient, path: str, **fields: str) -> TestResponse:
    return client.post(path, data={"csrf_token": csrf_token(client, "/nowhere")} | fields)


def wait_a_quarter_of_an_hour(engine: sa.Engine) -> None:
    with writing(engine) as connection:
        connection.execute(sa.update(web_session).values(confirmed_us=0))


def journalled(engine: sa.Engine) -> list[tuple[str, str]]:
    with reading(engine) as connection:
        rows = connection.execute(sa.select(journal.c.action, journal.c.subject).order_by(journal.c.at_us))
        return [(action, subject) for action, subject in rows if action != "login"]


def test_passkey_is_added_and_listed(client: FlaskClient, engine: sa.Engine, merchant: TestMerchant) -> None:
    assert "No passkeys yet" in text_of(client.get(PAGE))
    asked = options(client, ADD)
    assert asked["rp"] == {"id": "localhost", "name": "Kabinet"}
    assert asked["user"]["name"] == merchant.email
    assert asked["authenticatorSelection"]["residentKey"] == "required"
    assert asked["authenticatorSelection"]["userVerification"] == "required"
    add(client, Authenticator(), "  My   phone ")
    (added,) = mine(engine, merchant)
    assert (added.name, added.transports) == ("My phone", ("internal",))
    assert re.search(r"My phone.*not used yet", text_of(client.get(PAGE)), re.DOTALL)
    assert journalled(engine) == [("factor_added", "My phone")]


def test_last_use_is_shown(client: FlaskClient, app: Flask) -> None:
    authenticator = Authenticator()
    add(client, authenticator)
    log_in(app.test_client(), authenticator)
    assert re.search(r"last used \d", text_of(client.get(PAGE)))


def test_device_that_has_a_passkey_is_not_asked_for_another(client: FlaskClient, passkey: Passkey) -> None:
    assert [known["id"] for known in options(client, ADD)["excludeCredentials"]] == [to_text(passkey.credential_id)]


def test_passkey_of_somebody_else_is_not_added(app: Flask, client: FlaskClient, engine: sa.Engine) -> None:
    authenticator = Authenticator()
    add(client, authenticator)
    stranger = app.test_client()
    stranger.set_cookie("language", "en")
    sign_in(stranger, make_merchant(engine, "100320487", name="ООО Василёк"))
    response = send(stranger, ADD, authenticator.create(options(stranger, ADD)), name="Mine")
    assert response.status_code == 422
    assert "This passkey is known here already." in text_of(response)


@pytest.mark.parametrize("change", ["origin", "host", "pin", "challenge"])
def test_wrong_answer_adds_nothing(client: FlaskClient, engine: sa.Engine, merchant: TestMerchant, change: str) -> None:
    asked = options(client, ADD)
    authenticator = Authenticator(is_verified=change != "pin")
    if change == "origin":
        authenticator.origin = "http://elsewhere.example"
    if change == "host":
        asked["rp"]["id"] = "elsewhere.example"
    if change == "challenge":
        asked["challenge"] = to_text(bytes(64))
    response = send(client, ADD, authenticator.create(asked), name="Phone")
    assert response.status_code == 422
    assert "The passkey could not be checked." in text_of(response)
    assert 'value="Phone"' in text_of(response)
    assert mine(engine, merchant) == []


def test_challenge_adds_one_passkey(client: FlaskClient, engine: sa.Engine, merchant: TestMerchant) -> None:
    asked = options(client, ADD)
    statuses = [send(client, ADD, Authenticator().create(asked), name="Phone").status_code for _ in range(2)]
    assert statuses == [303, 422]
    assert len(mine(engine, merchant)) == 1


@pytest.mark.parametrize(
    ("name", "sentence"), [(" ", "Give it a name, so that you know it again."), ("x" * 65, "at most 64 characters")]
)
def test_name_is_checked(client: FlaskClient, passkey: Passkey, name: str, sentence: str) -> None:
    answers = [
        send(client, ADD, Authenticator().create(options(client, ADD)), name=name),
        post(client, f"{PAGE}/{passkey.key}", name=name),
    ]
    for response in answers:
        assert response.status_code == 422
        assert sentence in text_of(response)


def test_passkey_is_renamed(client: FlaskClient, engine: sa.Engine, merchant: TestMerchant, passkey: Passkey) -> None:
    assert 'value="Phone"' in text_of(client.get(f"{PAGE}/{passkey.key}"))
    assert post(client, f"{PAGE}/{passkey.key}", name="Office <computer>").location == PAGE
    assert mine(engine, merchant)[0].name == "Office <computer>"
    assert "Office &lt;computer&gt;" in client.get(PAGE).get_data(as_text=True)
    assert journalled(engine)[-1] == ("factor_renamed", "Office <computer>")


def test_removed_passkey_opens_nothing(
    app: Flask, client: FlaskClient, engine: sa.Engine, merchant: TestMerchant
) -> None:
    authenticator = Authenticator()
    add(client, authenticator)
    (added,) = mine(engine, merchant)
    assert post(client, f"{PAGE}/{added.key}/remove").location == PAGE
    assert mine(engine, merchant) == []
    assert log_in(app.test_client(), authenticator).status_code == 422
    assert journalled(engine)[-1] == ("factor_removed", "Phone")


@pytest.mark.parametrize("deed", ["", "/remove"])
def test_passkey_that_is_removed_meanwhile_has_no_page(
    client: FlaskClient, engine: sa.Engine, passkey: Passkey, monkeypatch: pytest.MonkeyPatch, deed: str
) -> None:
    """A button that was clicked twice, say."""
    find = profile_passkeys._found

    def find_and_remove(key: str) -> Passkey:
        found = find(key)
        with writing(engine) as connection:
            remove_passkey(connection, passkey.account_id, key)
        return found

    monkeypatch.setattr(profile_passkeys, "_found", find_and_remove)
    assert post(client, f"{PAGE}/{passkey.key}{deed}", name="Tablet").status_code == 404


def test_passkeys_of_others_are_not_there(app: Flask, passkey: Passkey, engine: sa.Engine) -> None:
    stranger = app.test_client()
    sign_in(stranger, make_merchant(engine, "100320487", name="ООО Василёк"))
    assert stranger.get(f"{PAGE}/{passkey.key}").status_code == 404
    assert post(stranger, f"{PAGE}/{passkey.key}", name="Mine").status_code == 404
    assert post(stranger, f"{PAGE}/{passkey.key}/remove").status_code == 404


def test_adding_and_removing_ask_who_is_here(client: FlaskClient, passkey: Passkey, engine: sa.Engine) -> None:
    wait_a_quarter_of_an_hour(engine)
    assert client.get(ADD).location == f"/confirm?next={ADD}"
    assert ask(client, ADD).location.startswith("/confirm")
    assert send(client, ADD, "{}", name="Phone").location.startswith("/confirm")
    assert post(client, f"{PAGE}/{passkey.key}/remove").location.startswith("/confirm")
    assert client.get(PAGE).status_code == 200


def test_full_account_is_offered_no_more(client: FlaskClient, engine: sa.Engine, merchant: TestMerchant) -> None:
    assert f'href="{ADD}"' in text_of(client.get(PAGE))
    answer = Authenticator().create(options(client, ADD))
    with writing(engine) as connection:
        for number in range(PASSKEYS_MAX):
            key = {"credential_id": bytes([number]), "public_key": b"", "sign_count": 0, "name": str(number)}
            add_passkey(connection, merchant.account_id, **key)
    html = text_of(client.get(PAGE))
    assert "An account has at most 20 passkeys. Remove one to add another." in html
    assert f'href="{ADD}"' not in html
    assert client.get(ADD).location == PAGE
    assert "An account has at most 20 passkeys." in text_of(send(client, ADD, answer, name="One more"))


def test_site_without_a_name_offers_no_passkeys(app: Flask, client: FlaskClient) -> None:
    app.config["PUBLIC_URL"] = "http://127.0.0.1:8000"
    for path in (PAGE, ADD):
        html = text_of(client.get(path))
        assert "Passkeys work only where the site is reached by its name, not by a number." in html
        assert "data-passkey" not in html


def test_page_asks_the_database_little(client: FlaskClient, passkey: Passkey, count_queries: CountQueries) -> None:
    with count_queries() as queries:
        client.get(PAGE)
    assert len(queries) == 3
