"""Passkeys: the login with them, the second factor, the confirmation; and all that is refused."""

import json
from html import unescape
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from sql import login_attempts, passkeys
from sql.accounts import disable_account
from sql.engine import reading, writing
from sql.instants import SECOND_US, now_us
from sql.login_attempts import begin_attempt
from sql.memberships import add_membership, end_membership
from sql.merchants import add_merchant
from sql.tables import journal, login_attempt, web_session
from tests.accounts import TestMerchant, csrf_token, make_merchant, sign_in
from tests.authenticator import Authenticator, to_text
from tests.passkeys import ADD, CONFIRM, FACTOR, LOGIN, add_passkey, ask, log_in, options, send
from webapp.passkey_challenges import LIFETIME_S

NOTHING = "This passkey opens nothing here."
NOT_PROVEN = "The passkey could not be checked."
TOO_LATE = "That took too long, or was sent twice."


@pytest.fixture
def merchant(engine: sa.Engine) -> TestMerchant:
    return make_merchant(engine)


@pytest.fixture
def authenticator() -> Authenticator:
    return Authenticator()


@pytest.fixture
def owner(app: Flask, merchant: TestMerchant, authenticator: Authenticator) -> FlaskClient:
    """The browser in which the owner has logged in and added the passkey."""
    client = browser(app)
    sign_in(client, merchant)
    add_passkey(client, authenticator)
    return client


def browser(app: Flask) -> FlaskClient:
    client = app.test_client()
    client.set_cookie("language", "en")
    return client


def text_of(response: TestResponse) -> str:
    return unescape(response.get_data(as_text=True))


def assert_refused(response: TestResponse, sentence: str) -> None:
    assert response.status_code == 422
    assert sentence in text_of(response)


def session_ways(engine: sa.Engine) -> list[str]:
    with reading(engine) as connection:
        return list(connection.execute(sa.select(web_session.c.way).order_by(web_session.c.created_us)).scalars())


def actions(engine: sa.Engine) -> list[tuple[str, dict[str, Any]]]:
    with reading(engine) as connection:
        rows = connection.execute(sa.select(journal.c.action, journal.c.detail).order_by(journal.c.at_us))
        return [(action, json.loads(detail)) for action, detail in rows]


def half_done(
    client: FlaskClient,
    engine: sa.Engine,
    account_id: int | None,
    merchant_id: int | None = None,
    *,
    way: str = "password",
) -> None:
    """As after the password."""
    with writing(engine) as connection:
        token = begin_attempt(connection, way=way, step="factor", account_id=account_id, merchant_id=merchant_id)
    client.get("/login/passkey")
    with client.session_transaction() as session:
        session["attempt"] = token


# --- the login -------------------------------------------------------------------------------------------------------


def test_passkey_alone_logs_in(app: Flask, owner: FlaskClient, authenticator: Authenticator, engine: sa.Engine) -> None:
    client = browser(app)
    response = log_in(client, authenticator, query="?next=/sales")
    assert (response.status_code, response.location) == (303, "/sales")
    assert "ООО Ромашка" in text_of(client.get("/"))
    assert session_ways(engine) == ["password", "passkey"]
    assert actions(engine)[-1] == ("login", {"way": "passkey"})


def test_login_never_leads_to_another_site(app: Flask, owner: FlaskClient, authenticator: Authenticator) -> None:
    assert log_in(browser(app), authenticator, query="?next=https://elsewhere.example/").location == "/"


def test_question_of_a_login_names_nobody(app: Flask, owner: FlaskClient) -> None:
    asked = options(browser(app), LOGIN)
    assert asked["allowCredentials"] == []
    assert asked["userVerification"] == "required"
    assert asked["rpId"] == "localhost"


def test_passkey_of_several_companies_leads_to_the_choice(
    app: Flask, owner: FlaskClient, merchant: TestMerchant, authenticator: Authenticator, engine: sa.Engine
) -> None:
    with writing(engine) as connection:
        second = add_merchant(connection, unp="100320487", name="ООО Василёк")
        add_membership(connection, second, merchant.account_id, "accountant")
    response = log_in(browser(app), authenticator)
    assert response.location.startswith("/companies")


def test_session_of_before_does_not_survive_the_login(
    app: Flask, owner: FlaskClient, authenticator: Authenticator
) -> None:
    client = browser(app)
    with client.session_transaction() as session:
        session["planted"] = "by somebody else"
    log_in(client, authenticator)
    with client.session_transaction() as session:
        assert set(session) <= {"_user_id", "_fresh", "_id", "csrf_token"}


def test_authenticator_that_does_not_count_logs_in_again_and_again(app: Flask, merchant: TestMerchant) -> None:
    authenticator = Authenticator(count=None)
    client = browser(app)
    sign_in(client, merchant)
    add_passkey(client, authenticator)
    assert [log_in(browser(app), authenticator).status_code for _ in range(3)] == [303] * 3


def test_whoever_is_logged_in_needs_no_login_page(owner: FlaskClient) -> None:
    assert owner.get("/login/passkey?next=/turnover").location == "/turnover"


# --- what opens nothing ----------------------------------------------------------------------------------------------


def test_challenge_is_good_once(app: Flask, owner: FlaskClient, authenticator: Authenticator) -> None:
    authenticator.count = None  # so that only the challenge can tell
    client = browser(app)
    answer = authenticator.get(options(client, LOGIN))
    with client.session_transaction() as session:
        before = dict(session)
    assert send(client, LOGIN, answer).status_code == 303
    thief = browser(app)
    with thief.session_transaction() as session:
        session.update(before)  # the whole cookie of before
    assert_refused(send(thief, LOGIN, answer), TOO_LATE)


def test_wrong_answer_uses_the_challenge_up(app: Flask, owner: FlaskClient, authenticator: Authenticator) -> None:
    client = browser(app)
    answer = authenticator.get(options(client, LOGIN))
    assert_refused(send(client, LOGIN, "{}"), NOT_PROVEN)
    assert_refused(send(client, LOGIN, answer), TOO_LATE)


def test_new_question_ends_the_one_before(
    app: Flask, owner: FlaskClient, authenticator: Authenticator, engine: sa.Engine
) -> None:
    client = browser(app)
    first = authenticator.get(options(client, LOGIN))
    options(client, LOGIN)
    with reading(engine) as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(login_attempt)).scalar_one() == 1
    assert_refused(send(client, LOGIN, first), NOT_PROVEN)


def test_challenge_is_bound_to_the_browser_that_asked(
    app: Flask, owner: FlaskClient, authenticator: Authenticator
) -> None:
    asked = options(browser(app), LOGIN)
    another = browser(app)
    assert_refused(send(another, LOGIN, authenticator.get(asked)), TOO_LATE)
    options(another, LOGIN)
    assert_refused(send(another, LOGIN, authenticator.get(asked)), NOT_PROVEN)


def test_challenge_ends_after_five_minutes(
    app: Flask, owner: FlaskClient, authenticator: Authenticator, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = browser(app)
    answer = authenticator.get(options(client, LOGIN))
    later = now_us() + (LIFETIME_S + 1) * SECOND_US
    monkeypatch.setattr(login_attempts, "now_us", lambda: later)
    assert_refused(send(client, LOGIN, answer), TOO_LATE)


def test_challenge_for_one_purpose_is_none_for_another(owner: FlaskClient, authenticator: Authenticator) -> None:
    answer = authenticator.get(options(owner, CONFIRM))
    assert_refused(send(owner, LOGIN, answer), TOO_LATE)


def test_answer_from_another_site_is_refused(app: Flask, owner: FlaskClient, authenticator: Authenticator) -> None:
    for origin in ("https://localhost", "http://localhost:8080", "http://localhost.example", "null"):
        authenticator.origin = origin
        assert_refused(log_in(browser(app), authenticator), NOT_PROVEN)


def test_answer_for_another_host_is_refused(app: Flask, owner: FlaskClient, authenticator: Authenticator) -> None:
    client = browser(app)
    asked = options(client, LOGIN) | {"rpId": "elsewhere.example"}
    assert_refused(send(client, LOGIN, authenticator.get(asked)), NOT_PROVEN)


def test_answer_without_pin_finger_or_face_is_refused(
    app: Flask, owner: FlaskClient, authenticator: Authenticator
) -> None:
    authenticator.is_verified = False
    assert_refused(log_in(browser(app), authenticator), NOT_PROVEN)


def test_answer_signed_by_another_key_is_refused_and_told_of(
    app: Flask, owner: FlaskClient, authenticator: Authenticator, engine: sa.Engine
) -> None:
    forger = Authenticator(credential_id=authenticator.credential_id, handle=authenticator.handle)
    response = log_in(browser(app), forger)
    assert_refused(response, NOT_PROVEN)
    response.close()
    assert actions(engine)[-1] == ("login_failed", {"way": "passkey", "factor": "passkey"})


def test_answer_that_names_another_person_is_refused(
    app: Flask, owner: FlaskClient, authenticator: Authenticator
) -> None:
    authenticator.handle = (10**6).to_bytes(8)
    assert_refused(log_in(browser(app), authenticator), NOTHING)


def test_copy_of_a_passkey_is_refused_and_told_of(
    app: Flask, owner: FlaskClient, authenticator: Authenticator, engine: sa.Engine
) -> None:
    copy = Authenticator(
        credential_id=authenticator.credential_id, key=authenticator.key, handle=authenticator.handle, count=0
    )
    for _ in range(2):
        assert log_in(browser(app), authenticator).status_code == 303
    response = log_in(browser(app), copy)
    assert_refused(response, "This passkey seems to have a copy elsewhere.")
    response.close()  # the journal is written after the answer
    failed = {"way": "passkey", "factor": "passkey"}
    assert sorted(actions(engine)[-2:]) == [("login_failed", failed), ("passkey_copied", {"name": "Phone"})]
    assert len(session_ways(engine)) == 3


def test_removed_and_unknown_passkeys_are_refused_in_the_same_words(
    app: Flask, owner: FlaskClient, authenticator: Authenticator, merchant: TestMerchant, engine: sa.Engine
) -> None:
    unknown = log_in(browser(app), Authenticator())
    with writing(engine) as connection:
        (mine,) = passkeys.passkeys_of(connection, merchant.account_id)
        passkeys.remove_passkey(connection, merchant.account_id, mine.key)
    removed = log_in(browser(app), authenticator)
    for response in (unknown, removed):
        assert_refused(response, NOTHING)


def test_passkey_of_a_disabled_person_is_refused(
    app: Flask, owner: FlaskClient, authenticator: Authenticator, merchant: TestMerchant, engine: sa.Engine
) -> None:
    with writing(engine) as connection:
        disable_account(connection, merchant.account_id)
    assert_refused(log_in(browser(app), authenticator), NOTHING)


def test_passkey_of_somebody_without_a_company_opens_nothing(
    app: Flask, owner: FlaskClient, authenticator: Authenticator, merchant: TestMerchant, engine: sa.Engine
) -> None:
    other = make_merchant(engine, "100320487", name="ООО Василёк")
    with writing(engine) as connection:
        add_membership(connection, merchant.merchant_id, other.account_id, "owner")
        end_membership(connection, merchant.merchant_id, merchant.account_id)
    assert_refused(log_in(browser(app), authenticator), "There is no company that you may enter.")


def test_questions_without_answers_are_throttled_by_network(app: Flask) -> None:
    client = browser(app)
    statuses = [ask(client, LOGIN).status_code for _ in range(21)]
    assert statuses == [200] * 20 + [429]
    refused = ask(client, LOGIN)
    assert "Too many attempts." in refused.json["problem"]
    assert int(refused.headers["Retry-After"]) > 0


def test_logins_that_succeed_are_not_throttled(app: Flask, owner: FlaskClient, authenticator: Authenticator) -> None:
    assert {log_in(browser(app), authenticator).status_code for _ in range(25)} == {303}


def test_question_and_answer_need_the_forms_token(app: Flask, owner: FlaskClient) -> None:
    client = browser(app)
    assert client.post(f"{LOGIN}/options").status_code == 400
    assert "Reload it" in client.post(f"{LOGIN}/options").json["problem"]
    stale = client.post(LOGIN, data={"credential": "{}"})
    assert stale.status_code == 400
    assert "This page was open for too long." in text_of(stale)
    assert owner.post(f"{ADD}/options").status_code == 400


# --- beside a password -----------------------------------------------------------------------------------------------


def test_passkey_is_the_second_factor_beside_a_password(
    app: Flask, owner: FlaskClient, merchant: TestMerchant, authenticator: Authenticator, engine: sa.Engine
) -> None:
    client = browser(app)
    half_done(client, engine, merchant.account_id, merchant.merchant_id)
    assert client.get(FACTOR).status_code == 200
    response = send(client, f"{FACTOR}?next=/sales", authenticator.get(options(client, FACTOR)))
    assert (response.status_code, response.location) == (303, "/sales")
    assert session_ways(engine) == ["password", "password"]


def test_password_form_goes_on_to_the_passkey(
    app: Flask, owner: FlaskClient, merchant: TestMerchant, authenticator: Authenticator
) -> None:
    for password, status in (("wrong", 422), (merchant.password, 303)):
        client = browser(app)
        form = {"csrf_token": csrf_token(client), "unp": merchant.unp, "password": password, "factor": "passkey"}
        assert client.post("/login/password", data=form).location.startswith(FACTOR)
        assert send(client, FACTOR, authenticator.get(options(client, FACTOR))).status_code == status


def test_email_way_takes_a_passkey_too(
    app: Flask, owner: FlaskClient, merchant: TestMerchant, authenticator: Authenticator, engine: sa.Engine
) -> None:
    """And what its passwords had counted in the throttle is taken back: the seventh login is no guess too many."""
    for _ in range(7):
        client = browser(app)
        form = {"csrf_token": csrf_token(client), "email": merchant.email, "password": merchant.password}
        response = client.post("/login/email", data=form)
        assert response.location.startswith("/login/email/code"), response.get_data(as_text=True)
        assert f'href="{FACTOR}"' in text_of(client.get(response.location))
        assert send(client, FACTOR, authenticator.get(options(client, FACTOR))).status_code == 303
    assert session_ways(engine)[-1] == "email"


def test_other_half_done_things_take_no_passkey(
    app: Flask, owner: FlaskClient, merchant: TestMerchant, engine: sa.Engine
) -> None:
    client = browser(app)
    half_done(client, engine, merchant.account_id, way="invitation")
    assert client.get(FACTOR).location.startswith("/login/password")


def test_second_factor_is_asked_the_same_of_everybody(app: Flask, owner: FlaskClient, engine: sa.Engine) -> None:
    client = browser(app)
    half_done(client, engine, None)
    assert options(client, FACTOR)["allowCredentials"] == []


@pytest.mark.parametrize("of_nobody", [True, False])
def test_passkey_of_somebody_else_is_no_second_factor(
    app: Flask,
    owner: FlaskClient,
    merchant: TestMerchant,
    authenticator: Authenticator,
    engine: sa.Engine,
    of_nobody: bool,
) -> None:
    other = make_merchant(engine, "100320487", name="ООО Василёк")
    client = browser(app)
    half_done(client, engine, None if of_nobody else other.account_id, other.merchant_id)
    response = send(client, FACTOR, authenticator.get(options(client, FACTOR)))
    assert_refused(response, NOTHING)
    response.close()  # the journal is written after the answer
    assert client.get("/").status_code == 303
    assert len(session_ways(engine)) == 1
    failures = [detail for action, detail in actions(engine) if action == "login_failed"]
    assert failures == ([] if of_nobody else [{"way": "password", "factor": "passkey"}])


def test_second_factor_is_good_for_one_login(
    app: Flask, owner: FlaskClient, merchant: TestMerchant, authenticator: Authenticator, engine: sa.Engine
) -> None:
    client = browser(app)
    half_done(client, engine, merchant.account_id)
    answer = authenticator.get(options(client, FACTOR))
    with client.session_transaction() as session:
        before = dict(session)
    assert send(client, FACTOR, answer).status_code == 303
    again = browser(app)
    with again.session_transaction() as session:
        session.update(before)
    assert send(again, FACTOR, answer).location.startswith("/login/password")
    assert again.get("/").status_code == 303


def test_second_factor_without_a_password_begins_anew(app: Flask, owner: FlaskClient) -> None:
    client = browser(app)
    assert client.get(f"{FACTOR}?next=/sales").location == "/login/password?next=/sales"
    assert ask(client, FACTOR).status_code == 403
    assert send(client, FACTOR, "{}").location.startswith("/login/password")


# --- to confirm oneself ----------------------------------------------------------------------------------------------


def test_passkey_confirms_who_is_here(
    owner: FlaskClient, authenticator: Authenticator, engine: sa.Engine, merchant: TestMerchant
) -> None:
    with writing(engine) as connection:
        connection.execute(sa.update(web_session).values(confirmed_us=0))
    assert owner.get(ADD).location == f"/confirm?next={ADD}"
    assert "Confirm with a passkey" in text_of(owner.get("/confirm"))
    asked = options(owner, CONFIRM)
    assert [known["id"] for known in asked["allowCredentials"]] == [to_text(authenticator.credential_id)]
    response = send(owner, f"{CONFIRM}?next={ADD}", authenticator.get(asked))
    assert (response.status_code, response.location) == (303, ADD)
    assert owner.get(ADD).status_code == 200


def test_passkey_of_somebody_else_confirms_nothing(
    app: Flask, owner: FlaskClient, authenticator: Authenticator, engine: sa.Engine
) -> None:
    other = browser(app)
    sign_in(other, make_merchant(engine, "100320487", name="ООО Василёк"))
    with writing(engine) as connection:
        connection.execute(sa.update(web_session).values(confirmed_us=0))
    assert_refused(send(other, CONFIRM, authenticator.get(options(other, CONFIRM))), NOTHING)
    assert other.get(ADD).location == f"/confirm?next={ADD}"
    assert actions(engine)[-1] == ("confirm_failed", {"factor": "passkey"})


def test_who_has_no_passkey_is_not_asked_for_one(app: Flask, merchant: TestMerchant) -> None:
    client = browser(app)
    sign_in(client, merchant)
    assert "Confirm with a passkey" not in text_of(client.get("/confirm"))


# --- where the site is -----------------------------------------------------------------------------------------------


def test_site_without_a_name_offers_no_passkeys(app: Flask) -> None:
    app.config["PUBLIC_URL"] = "http://[::1]:8000"
    html = text_of(browser(app).get("/login/passkey"))
    assert "data-passkey" not in text_of(browser(app).get("/login/password"))
    assert "Passkeys work only where the site is reached by its name, not by a number." in html
    assert "data-passkey" not in html


def test_public_address_decides_whatever_the_request_says(
    app: Flask, owner: FlaskClient, authenticator: Authenticator
) -> None:
    app.config["PUBLIC_URL"] = "https://cabinet.example.by"
    assert options(browser(app), LOGIN)["rpId"] == "cabinet.example.by"
    assert_refused(log_in(browser(app), authenticator), NOT_PROVEN)


# --- nonsense --------------------------------------------------------------------------------------------------------

anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=12)
    | st.sampled_from(["AAAA", "public-key", "=", "é"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
fields = st.sampled_from(
    ["id", "rawId", "type", "clientDataJSON", "authenticatorData", "signature", "userHandle", "attestationObject"]
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(field=fields, value=anything)
def test_malformed_answer_is_a_sentence_never_an_error(
    app: Flask, owner: FlaskClient, authenticator: Authenticator, field: str, value: object
) -> None:
    for path, client in ((CONFIRM, owner), (ADD, owner)):
        asked = options(client, path)
        answer = authenticator.get(asked) if path == CONFIRM else Authenticator().create(asked)
        part = answer if field in answer else answer["response"]
        was, part[field] = part.get(field), value
        response = send(client, path, answer, name="Phone")
        assert response.status_code in {422, 303}, (path, field, value, was)
