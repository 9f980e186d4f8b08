"""A password by a mailed link: it proves the mailbox, tells nobody anything, and never bypasses the second factor."""

import dataclasses
import json
import re
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from sql import login_attempts, throttle
from sql.accounts import add_account, disable_account, person_by_email, set_language
from sql.engine import reading, writing
from sql.factors import replace_recovery_codes
from sql.instants import HOUR_US, SECOND_US, now_us
from sql.memberships import add_membership
from sql.passkeys import add_passkey
from sql.signing_certificates import add_certificate
from sql.tables import account, journal, login_attempt, message, password_reset, web_session
from tests.accounts import TestMerchant, csrf_token, make_merchant, sign_in
from tests.mailbox import link_to, mails_to, sms_codes
from webapp import create_app
from webapp import password_reset as pages
from webapp.passwords import totp_code, verify_password
from webapp.recovery_codes import generate_recovery_codes
from webapp.settings import Settings

NEW = "seven brass herons on a tram"
NOBODY = "nobody@romashka.by"


@pytest.fixture
def merchant(engine: sa.Engine) -> TestMerchant:
    return make_merchant(engine)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return browser(app)


def browser(app: Flask) -> FlaskClient:
    client = app.test_client()
    client.set_cookie("language", "en")
    return client


def ask(client: FlaskClient, email: str, base_url: str = "http://localhost") -> TestResponse:
    """Buffered: what is done after the answer is done when this returns."""
    page = client.get("/login/reset", base_url=base_url).text
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)
    assert token
    form = {"email": email, "csrf_token": token[1]}
    return client.post("/login/reset", data=form, base_url=base_url, buffered=True)


def without_tokens(response: TestResponse) -> str:
    """The page without what is another one each second."""
    return re.sub(r'name="csrf_token" value="[^"]*"|"X-CSRFToken": "[^"]*"', "", response.text)


def choose(client: FlaskClient, link: str, password: str = NEW, again: str | None = None) -> TestResponse:
    form = {"new_password": password, "again": again or password, "csrf_token": csrf_token(client, link)}
    return client.post(link, data=form)


def show(client: FlaskClient, code: str) -> TestResponse:
    form = {"code": code, "csrf_token": csrf_token(client, "/login/reset/factor")}
    return client.post("/login/reset/factor", data=form)


def password_is(engine: sa.Engine, merchant: TestMerchant, password: str) -> bool:
    query = sa.select(account.c.password_hash).where(account.c.account_id == merchant.account_id)
    with reading(engine) as connection:
        return verify_password(connection.execute(query).scalar_one(), password)


def count(engine: sa.Engine, table: sa.Table) -> int:
    with reading(engine) as connection:
        return int(connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one())


def without_authenticator(engine: sa.Engine, merchant: TestMerchant) -> None:
    with writing(engine) as connection:
        connection.execute(sa.update(account).values(totp_secret=""))


# --- who asks --------------------------------------------------------------------------------------------------------


def test_whoever_asks_gets_the_same_answer(client: FlaskClient, merchant: TestMerchant, engine: sa.Engine) -> None:
    known, unknown = ask(client, merchant.email), ask(client, NOBODY)
    assert known.status_code == unknown.status_code == 200
    assert without_tokens(known).replace(merchant.email, "X") == without_tokens(unknown).replace(NOBODY, "X")
    assert dict(known.headers).keys() == dict(unknown.headers).keys()
    assert len(mails_to(engine, merchant.email)) == 1
    assert mails_to(engine, NOBODY) == []


def test_nobody_is_looked_for_before_the_answer_is_out(app: Flask, merchant: TestMerchant, engine: sa.Engine) -> None:
    client = browser(app)
    form = {"email": merchant.email, "csrf_token": csrf_token(client, "/login/reset")}
    answer = client.post("/login/reset", data=form)
    assert "is on its way there" in answer.text
    assert count(engine, password_reset) == count(engine, message) == 0
    answer.close()
    assert count(engine, password_reset) == count(engine, message) == 1


def test_disabled_person_gets_no_link(client: FlaskClient, merchant: TestMerchant, engine: sa.Engine) -> None:
    with writing(engine) as connection:
        disable_account(connection, merchant.account_id)
    ask(client, merchant.email)
    assert mails_to(engine, merchant.email) == []


def test_mail_speaks_the_persons_language_and_not_that_of_who_asked(
    client: FlaskClient, merchant: TestMerchant, engine: sa.Engine
) -> None:
    with writing(engine) as connection:
        set_language(connection, merchant.account_id, "be")
    ask(client, merchant.email.upper())
    [mail] = mails_to(engine, merchant.email)
    assert mail.startswith("Новы пароль для Kabinet\n")
    assert "http://localhost/login/reset/password?token=" in mail


def test_nothing_that_is_typed_is_a_server_error(client: FlaskClient) -> None:
    for typed in ("", " ", "a", "a@", "a\x00@b.by", "я@почта.бел", "@" * 300, "a@b.by\nBcc: c@d.by"):
        assert ask(client, typed).status_code in (200, 422), typed


def test_mailbox_gets_three_mails_an_hour_and_nothing_tells(
    client: FlaskClient, merchant: TestMerchant, engine: sa.Engine
) -> None:
    assert [ask(client, merchant.email).status_code for _ in range(5)] == [200] * 5
    assert len(mails_to(engine, merchant.email)) == 3


def test_network_that_asks_too_often_is_told_when_to_try_again(client: FlaskClient, merchant: TestMerchant) -> None:
    assert [ask(client, f"{number}@romashka.by").status_code for number in range(10)] == [200] * 10
    refused = ask(client, merchant.email)
    assert refused.status_code == 429
    assert 0 < int(refused.headers["Retry-After"]) <= 3600
    assert "Too many attempts." in refused.text


def test_link_leads_to_this_site_whatever_host_the_request_names(
    settings: Settings, merchant: TestMerchant, engine: sa.Engine
) -> None:
    site = "https://cabinet.example.by"
    app = create_app(dataclasses.replace(settings, development=False, public_url=site))
    ask(browser(app), merchant.email, base_url="http://evil.example")
    [mail] = mails_to(engine, merchant.email)
    assert f"{site}/login/reset/password?token=" in mail
    assert "evil" not in mail
    app.extensions["kabinet_engine"].dispose()


def test_no_link_goes_out_from_a_site_that_does_not_know_where_it_is(
    settings: Settings, merchant: TestMerchant, engine: sa.Engine
) -> None:
    app = create_app(dataclasses.replace(settings, development=False))
    answers = [ask(browser(app), email, base_url="http://evil.example") for email in (merchant.email, NOBODY)]
    assert [answer.status_code for answer in answers] == [503, 503]
    assert 'role="alert"' in answers[0].text
    assert mails_to(engine, merchant.email) == []
    app.extensions["kabinet_engine"].dispose()


# --- the link --------------------------------------------------------------------------------------------------------


def test_new_password_takes_effect_only_after_the_second_factor(
    client: FlaskClient, app: Flask, merchant: TestMerchant, engine: sa.Engine
) -> None:
    other = browser(app)
    sign_in(other, merchant)
    ask(client, merchant.email)
    answer = choose(client, link_to(engine, merchant.email))
    assert answer.location == "/login/reset/factor"
    assert password_is(engine, merchant, merchant.password)
    assert client.get("/").status_code == 303
    assert other.get("/").status_code == 200
    assert show(client, merchant.code()).location == "/"
    assert password_is(engine, merchant, NEW)
    assert client.get("/").status_code == 200
    assert other.get("/").status_code == 303
    assert count(engine, web_session) == 1
    assert mails_to(engine, merchant.email)[-1].startswith("Your password for Kabinet was changed")
    with reading(engine) as connection:
        lines = connection.execute(sa.select(journal.c.action, journal.c.detail).order_by(journal.c.at_us)).all()
    assert [line.action for line in lines] == ["login", "password_reset", "login"]
    assert json.loads(lines[-1].detail) == {"way": "reset"}


def test_link_is_good_once(client: FlaskClient, app: Flask, merchant: TestMerchant, engine: sa.Engine) -> None:
    for _ in range(2):
        ask(client, merchant.email)
    first, last = re.findall(r"http://localhost(/\S+)", "".join(mails_to(engine, merchant.email)))
    assert choose(client, last).status_code == 303
    for link in (first, last):
        gone = browser(app).get(link)
        assert gone.status_code == 410
        assert "This link is not good any more" in gone.text


def test_of_parallel_uses_of_a_link_one_goes_on(app: Flask, merchant: TestMerchant, engine: sa.Engine) -> None:
    ask(browser(app), merchant.email)
    link = link_to(engine, merchant.email)
    browsers = [browser(app) for _ in range(4)]
    tokens = [csrf_token(one, link) for one in browsers]

    def use(one: FlaskClient, token: str) -> int:
        return one.post(link, data={"new_password": NEW, "again": NEW, "csrf_token": token}).status_code

    with ThreadPoolExecutor(4) as threads:
        assert sorted(threads.map(use, browsers, tokens)) == [303, 410, 410, 410]
    assert count(engine, login_attempt) == 1


@pytest.mark.parametrize("token", ["", "x", "%00", "%FF", "a" * 5000])
def test_link_that_was_never_one_says_so(client: FlaskClient, token: str) -> None:
    assert client.get(f"/login/reset/password?token={token}").status_code == 410


def test_link_ends_after_an_hour(
    client: FlaskClient, merchant: TestMerchant, engine: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask(client, merchant.email)
    link = link_to(engine, merchant.email)
    for ahead_us, status in ((HOUR_US - 10 * SECOND_US, 200), (HOUR_US, 410)):
        later = now_us() + ahead_us
        monkeypatch.setattr("sql.password_resets.now_us", lambda later=later: later)
        assert client.get(link).status_code == status


def test_opening_the_link_does_not_use_it(client: FlaskClient, merchant: TestMerchant, engine: sa.Engine) -> None:
    """Programs that look into mails open links too."""
    ask(client, merchant.email)
    link = link_to(engine, merchant.email)
    assert [client.get(link).status_code for _ in range(3)] == [200] * 3


@pytest.mark.parametrize(
    ("password", "again", "sentence"),
    [
        ("short", None, "A password has at least 12 characters."),
        ("password1234", None, "The password is on lists of stolen passwords"),
        ("191832203-Ромашка", None, "The password is made of words that others know of you"),
        (NEW, NEW + "!", "This is not the same as above."),
    ],
)
def test_password_that_is_no_good_comes_back_with_a_sentence_and_leaves_the_link(
    client: FlaskClient, merchant: TestMerchant, engine: sa.Engine, password: str, again: str | None, sentence: str
) -> None:
    ask(client, merchant.email)
    link = link_to(engine, merchant.email)
    answer = choose(client, link, password, again)
    assert answer.status_code == 422
    assert sentence in answer.text
    assert password not in answer.text
    assert choose(client, link).status_code == 303


def test_password_is_the_same_however_its_letters_are_written(
    client: FlaskClient, merchant: TestMerchant, engine: sa.Engine
) -> None:
    ask(client, merchant.email)
    choose(client, link_to(engine, merchant.email), "и\u0306 семь медных цапель", "\u0439 семь медных цапель")
    show(client, merchant.code())
    assert password_is(engine, merchant, "\u0439 семь медных цапель")


# --- the second factor -----------------------------------------------------------------------------------------------


def test_five_wrong_codes_end_it_and_the_password_stays(
    client: FlaskClient, merchant: TestMerchant, engine: sa.Engine
) -> None:
    ask(client, merchant.email)
    choose(client, link_to(engine, merchant.email))
    assert [show(client, "000000").status_code for _ in range(4)] == [422] * 4
    last = show(client, "000000")
    assert last.location == "/login/reset?over=tries"
    assert "Too many wrong codes. The password stays as it was." in client.get(last.location).text
    assert client.get("/login/reset/factor").status_code == 303
    assert password_is(engine, merchant, merchant.password)
    with reading(engine) as connection:
        assert connection.execute(sa.select(journal.c.action)).scalars().all() == ["login_failed"]


def test_parallel_guesses_are_counted_one_by_one(app: Flask, merchant: TestMerchant, engine: sa.Engine) -> None:
    client = browser(app)
    ask(client, merchant.email)
    choose(client, link_to(engine, merchant.email))
    token = csrf_token(client, "/login/reset/factor")
    with client.session_transaction() as session:
        kept = dict(session)

    def guess(_number: int) -> int:
        one = app.test_client()
        with one.session_transaction() as session:
            session.update(kept)
        return one.post("/login/reset/factor", data={"code": "000000", "csrf_token": token}).status_code

    with ThreadPoolExecutor(4) as threads:
        statuses = sorted(threads.map(guess, range(12)))
    assert statuses.count(422) == 4
    assert statuses.count(303) == 8


def test_new_links_give_no_new_guesses_without_end(
    client: FlaskClient, merchant: TestMerchant, engine: sa.Engine
) -> None:
    statuses = []
    for _ in range(3):
        ask(client, merchant.email)
        choose(client, link_to(engine, merchant.email))
        statuses += [show(client, "000000").status_code for _ in range(4)]
    assert statuses == [422] * 10 + [429] * 2
    assert show(client, merchant.code()).status_code == 429
    assert password_is(engine, merchant, merchant.password)


def test_code_works_once_for_the_login_and_the_reset(
    client: FlaskClient, app: Flask, merchant: TestMerchant, engine: sa.Engine
) -> None:
    code = merchant.code()
    other = browser(app)
    form = {"unp": merchant.unp, "password": merchant.password, "code": code, "csrf_token": csrf_token(other)}
    assert other.post("/login/password", data=form).status_code == 303
    ask(client, merchant.email)
    choose(client, link_to(engine, merchant.email))
    assert show(client, code).status_code == 422
    assert show(client, merchant.code()).status_code == 303


def test_recovery_code_serves_in_place_of_the_lost_phone(
    client: FlaskClient, merchant: TestMerchant, engine: sa.Engine
) -> None:
    codes = generate_recovery_codes()
    with writing(engine) as connection:
        replace_recovery_codes(connection, merchant.account_id, codes)
    ask(client, merchant.email)
    choose(client, link_to(engine, merchant.email))
    assert "Recovery code" in client.get("/login/reset/factor?recovery=1").text
    assert show(client, codes[3]).location == "/"
    assert password_is(engine, merchant, NEW)


def test_reset_belongs_to_the_browser_that_opened_the_link(
    client: FlaskClient, app: Flask, merchant: TestMerchant, engine: sa.Engine
) -> None:
    ask(client, merchant.email)
    choose(client, link_to(engine, merchant.email))
    assert browser(app).get("/login/reset/factor").location == "/login/reset?over=time"


def test_half_done_reset_is_over_after_ten_minutes(
    client: FlaskClient, merchant: TestMerchant, engine: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask(client, merchant.email)
    choose(client, link_to(engine, merchant.email))
    token = csrf_token(client, "/login/reset/factor")
    later = now_us() + login_attempts.LIFETIME_US
    monkeypatch.setattr(login_attempts, "now_us", lambda: later)
    answer = client.post("/login/reset/factor", data={"code": merchant.code(), "csrf_token": token})
    assert answer.location == "/login/reset?over=time"
    assert password_is(engine, merchant, merchant.password)


def test_person_disabled_meanwhile_does_not_get_in(
    client: FlaskClient, merchant: TestMerchant, engine: sa.Engine
) -> None:
    ask(client, merchant.email)
    choose(client, link_to(engine, merchant.email))
    token = csrf_token(client, "/login/reset/factor")
    with writing(engine) as connection:
        disable_account(connection, merchant.account_id)
    answer = client.post("/login/reset/factor", data={"code": merchant.code(), "csrf_token": token})
    assert answer.location == "/login/reset?over=time"
    assert count(engine, web_session) == 0


def test_without_an_app_the_phone_is_the_second_factor(
    client: FlaskClient, merchant: TestMerchant, engine: sa.Engine
) -> None:
    without_authenticator(engine, merchant)
    ask(client, merchant.email)
    assert choose(client, link_to(engine, merchant.email)).location == "/login/reset/factor"
    sent = client.post("/login/reset/sms", data={"csrf_token": csrf_token(client, "/login/reset/factor")})
    assert sent.location == "/login/reset/factor"
    code = sms_codes(engine)[-1]
    assert show(client, f"{(int(code) + 1) % 10**6:06}").status_code == 422
    assert show(client, code).location == "/"
    assert password_is(engine, merchant, NEW)


def test_where_there_is_an_app_no_sms_is_sent(client: FlaskClient, merchant: TestMerchant, engine: sa.Engine) -> None:
    ask(client, merchant.email)
    choose(client, link_to(engine, merchant.email))
    client.post("/login/reset/sms", data={"csrf_token": csrf_token(client, "/login/reset/factor")})
    with reading(engine) as connection:
        sms = connection.execute(sa.select(message).where(message.c.channel == "sms")).all()
    assert sms == []


@pytest.mark.parametrize("factor", ["passkey", "recovery code"])
def test_link_bypasses_no_factor_whichever_it_is(client: FlaskClient, engine: sa.Engine, factor: str) -> None:
    merchant = make_merchant(engine)
    with writing(engine) as connection:
        connection.execute(sa.update(account).values(totp_secret="", phone=""))
        if factor == "passkey":
            add_passkey(connection, merchant.account_id, credential_id=b"1", public_key=b"2", sign_count=0, name="Key")
        else:
            replace_recovery_codes(connection, merchant.account_id, generate_recovery_codes())
    ask(client, merchant.email)
    assert choose(client, link_to(engine, merchant.email)).location == "/login/reset/factor"
    assert client.get("/login/enrol").location == "/login/password"


def link_certificate(engine: sa.Engine, merchant: TestMerchant) -> None:
    known = {"fingerprint": "ab" * 32, "subject": "CN=Анна Ромашка", "valid_until_us": now_us() + HOUR_US}
    with writing(engine) as connection:
        add_certificate(connection, merchant.account_id, **known)


def test_mailbox_alone_opens_no_account_that_opens_by_signature(
    client: FlaskClient, merchant: TestMerchant, engine: sa.Engine
) -> None:
    with writing(engine) as connection:
        connection.execute(sa.update(account).values(totp_secret="", password_hash="", phone=""))
    ask(client, merchant.email)
    link = link_to(engine, merchant.email)
    link_certificate(engine, merchant)
    assert choose(client, link).status_code == 410  # the certificate was linked since the mail
    ask(client, merchant.email)
    answer, refusal = mails_to(engine, merchant.email)
    assert "/login/reset/password" in answer
    assert "/login/reset/password" not in refusal
    assert "Your account opens by electronic signature" in refusal


def test_certificate_is_in_nobodys_way_who_has_a_factor(
    client: FlaskClient, merchant: TestMerchant, engine: sa.Engine
) -> None:
    link_certificate(engine, merchant)
    ask(client, merchant.email)
    assert choose(client, link_to(engine, merchant.email)).location == "/login/reset/factor"


def test_reset_ends_logins_that_are_half_done(
    client: FlaskClient, app: Flask, merchant: TestMerchant, engine: sa.Engine
) -> None:
    with writing(engine) as connection:
        login_attempts.begin_attempt(connection, way="email", step="factor", account_id=merchant.account_id)
    ask(client, merchant.email)
    choose(client, link_to(engine, merchant.email))
    assert show(client, merchant.code()).status_code == 303
    assert count(engine, login_attempt) == 0


# --- a new person ----------------------------------------------------------------------------------------------------


def test_link_for_a_new_account_is_good_for_three_days_and_leads_to_the_enrolment(
    app: Flask, client: FlaskClient, merchant: TestMerchant, engine: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    with writing(engine) as connection:
        account_id = add_account(
            connection, email="new@romashka.by", phone="+375331112233", password_hash="", totp_secret=""
        )
        add_membership(connection, merchant.merchant_id, account_id, "accountant")
    with app.test_request_context(base_url="https://cabinet.example.by"), writing(engine) as connection:
        person = person_by_email(connection, "new@romashka.by")
        assert person
        pages.send_link(connection, person, is_new=True)
    [mail] = mails_to(engine, "new@romashka.by")
    assert "https://cabinet.example.by/login/reset/password?token=" in mail
    assert "72" in mail
    later = now_us() + pages.NEW_LIFETIME_US - SECOND_US
    monkeypatch.setattr("sql.password_resets.now_us", lambda: later)
    answer = choose(client, link_to(engine, "new@romashka.by"))
    assert answer.location == "/login/enrol"
    monkeypatch.undo()
    html = client.get("/login/enrol").text
    found = re.search(r'<code class="enrol-key">([A-Z2-7 ]+)</code>', html)
    assert found
    secret = found[1].replace(" ", "")
    assert client.get("/").status_code == 303
    step = now_us() // SECOND_US // 30
    form = {"code": totp_code(secret, step), "csrf_token": csrf_token(client, "/login/enrol")}
    assert client.post("/login/enrol", data=form).text.count("<li><code>") == 10


def test_throttle_of_the_login_is_not_touched_by_asking(
    client: FlaskClient, merchant: TestMerchant, engine: sa.Engine
) -> None:
    """Who asks for links in somebody's name must not shut them out."""
    for _ in range(9):
        ask(client, merchant.email)
    with writing(engine) as connection:
        throttle.admit(connection, email=merchant.email, address="127.0.0.1")
