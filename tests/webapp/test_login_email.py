"""Login by e-mail and password, then a code by SMS or of the authenticator: who gets in, and what others are told."""

import hashlib
import re
import threading
from concurrent.futures import ThreadPoolExecutor
from html import unescape

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from sql import login_attempts, throttle
from sql.accounts import disable_account, set_password_hash, set_phone
from sql.engine import reading, writing
from sql.factors import replace_recovery_codes
from sql.instants import SECOND_US, now_us
from sql.memberships import add_membership
from sql.passkeys import add_passkey
from sql.tables import account, journal, login_attempt, login_throttle, membership, message, web_session
from tests.accounts import PASSWORD, TestMerchant, csrf_token, make_merchant
from tests.mailbox import sms_codes
from tests.webapp.conftest import CountQueries
from webapp import passwords
from webapp.emails import account_address
from webapp.recovery_codes import generate_recovery_codes
from webapp.sms_codes import is_code

WRONG = "The e-mail address or the password is wrong."
WRONG_CODE = "The code is wrong, or another one was sent after it."
PHONE = "+375 29 123-45-67"
CODE = "/login/email/code"
MINUTE_US = 60 * SECOND_US


@pytest.fixture
def merchant(engine: sa.Engine) -> TestMerchant:
    return make_merchant(engine)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return browser(app)


class Clock:
    """Moves the time of logins on."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.ahead_us = 0
        for module in (login_attempts, throttle):
            monkeypatch.setattr(module, "now_us", lambda: now_us() + self.ahead_us)
        monkeypatch.setattr("webapp.sms_codes.now_us", lambda: now_us() + self.ahead_us)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


def browser(app: Flask, address: str = "127.0.0.1") -> FlaskClient:
    client = app.test_client()
    client.environ_base["REMOTE_ADDR"] = address
    client.set_cookie("language", "en")
    return client


def text_of(response: TestResponse) -> str:
    return unescape(response.get_data(as_text=True))


def post(client: FlaskClient, path: str, *, page: str = "/login/email", **form: str) -> TestResponse:
    return client.post(path, data=form | {"csrf_token": csrf_token(client, page)})


def begin(client: FlaskClient, merchant: TestMerchant, **changes: str) -> TestResponse:
    """The first step: e-mail and password."""
    next_page = changes.pop("next_page", "")
    path = f"/login/email?next={next_page}" if next_page else "/login/email"
    return post(client, path, **({"email": merchant.email, "password": merchant.password} | changes))


def send(client: FlaskClient, phone: str = PHONE, path: str = "/login/email/send") -> TestResponse:
    return post(client, path, page=CODE, phone=phone)


def enter(client: FlaskClient, code: str, path: str = CODE) -> TestResponse:
    return post(client, path, page=CODE, code=code)


def wrong(engine: sa.Engine) -> str:
    return f"{(int(sms_codes(engine)[-1]) + 1) % 10**6:06}"


def is_in(client: FlaskClient) -> bool:
    return client.get("/").status_code == 200


def actions(engine: sa.Engine) -> list[str]:
    with reading(engine) as connection:
        return list(connection.execute(sa.select(journal.c.action).order_by(journal.c.at_us)).scalars())


# --- getting in ------------------------------------------------------------------------------------------------------


def test_person_logs_in_by_a_code_that_comes_to_the_phone(client, merchant, engine):
    assert begin(client, merchant, next_page="/sales").location == "/login/email/code?next=/sales"
    assert sms_codes(engine) == []  # whoever has only the password has nothing sent
    page = text_of(client.get("/login/email/code?next=/sales"))
    assert "ends in 67" in page
    assert "1234567" not in page
    assert send(client, path="/login/email/send?next=/sales").location == "/login/email/code?next=/sales"
    assert "ends in 67" in text_of(client.get(CODE))
    [code] = sms_codes(engine)
    assert not is_in(client)
    response = enter(client, code, "/login/email/code?next=/sales")
    assert (response.status_code, response.location) == (303, "/sales")
    assert is_in(client)
    assert actions(engine) == ["login"]
    with reading(engine) as connection:
        assert connection.execute(sa.select(web_session.c.way)).scalar_one() == "email"
        assert connection.execute(sa.select(login_attempt)).all() == []
        [sms] = connection.execute(sa.select(message)).all()
        keys = connection.execute(sa.select(login_throttle.c.key).where(login_throttle.c.failures > 0)).scalars().all()
    assert (sms.recipient, keys) == ("+375291234567", [])
    assert 9 * MINUTE_US < sms.valid_until_us - now_us() <= 10 * MINUTE_US


@pytest.mark.parametrize("typed", ["anna@почта.бел", "Anna@Почта.БЕЛ", "anna@xn--80a1acny.xn--90ais"])
def test_address_of_a_cyrillic_domain_is_one_however_it_is_written(client, engine, typed):
    anna = make_merchant(engine, "100320487", email=account_address("anna@почта.бел"))
    assert begin(client, anna, email=typed).location == CODE


def test_address_in_any_case_and_phone_as_people_write_it(client, merchant, engine):
    begin(client, merchant, email=f"  {merchant.email.upper()} ")
    assert send(client, "8 (029) 123-45-67").status_code == 303
    code = sms_codes(engine)[0]
    assert enter(client, f" {code[:3]} {code[3:]} ").location == "/"


def test_authenticator_serves_instead_of_the_phone(client, merchant, engine):
    begin(client, merchant)
    assert 'href="/login/email/authenticator"' in text_of(client.get(CODE))
    code = merchant.code()
    response = post(client, "/login/email/authenticator", page="/login/email/authenticator", code=code)
    assert response.location == "/"
    assert sms_codes(engine) == []
    other = browser(client.application)
    begin(other, merchant)
    again = post(other, "/login/email/authenticator", page="/login/email/authenticator", code=code)
    assert again.status_code == 422
    assert "The code is wrong. A code works only once." in text_of(again)


def test_recovery_code_serves_where_the_phone_is_lost(client, merchant, engine):
    codes = generate_recovery_codes()
    with writing(engine) as connection:
        replace_recovery_codes(connection, merchant.account_id, codes)
    page = "/login/email/authenticator?recovery=1"
    for code, status in (("k7mp-x4qd-9twv-b3hn-rc6e-8sjy", 422), (codes[0], 303), (codes[0], 422)):
        begin(client, merchant)
        assert post(client, page, page=page, code=code).status_code == status
        client = browser(client.application)
    assert "recovery_code_used" in actions(engine)


def test_passkey_is_offered_to_whoever_has_one(client, merchant, engine):
    begin(client, merchant)
    assert "/login/passkey/factor" not in text_of(client.get(CODE))
    with writing(engine) as connection:
        add_passkey(
            connection,
            merchant.account_id,
            credential_id=b"credential",
            public_key=b"key",
            sign_count=0,
            name="Phone",
            transports=("internal",),
        )
    assert 'href="/login/passkey/factor"' in text_of(client.get(CODE))


def test_person_without_a_phone_is_asked_for_the_authenticator(client, merchant, engine):
    with writing(engine) as connection:
        set_phone(connection, merchant.account_id, "")
    begin(client, merchant)
    assert client.get(CODE).location == "/login/email/authenticator"
    page = text_of(client.get("/login/email/authenticator"))
    assert "Get a code by SMS" not in page
    response = post(client, "/login/email/authenticator", page="/login/email/authenticator", code=merchant.code())
    assert response.location == "/"


def test_with_several_companies_one_is_chosen_at_the_end(client, merchant, engine):
    second = make_merchant(engine, "190000018", name="ООО Астра")
    with writing(engine) as connection:
        add_membership(connection, second.merchant_id, merchant.account_id, "accountant")
    begin(client, merchant)
    send(client)
    assert enter(client, sms_codes(engine)[0], "/login/email/code?next=/sales").location == "/companies?next=/sales"
    assert not is_in(client)
    page = client.get("/companies?next=/sales").get_data(as_text=True)
    assert "ООО Астра" in page
    choice = post(client, "/companies?next=/sales", page="/companies", merchant_id=str(second.merchant_id))
    assert choice.location == "/sales"
    assert "ООО Астра" in text_of(client.get("/"))


def test_person_without_a_company_is_told_so(client, merchant, engine):
    with writing(engine) as connection:
        connection.execute(sa.update(membership).values(expires_us=now_us() - 1))
    begin(client, merchant)
    send(client)
    response = enter(client, sms_codes(engine)[0])
    assert response.location == "/login/email?over=company"
    assert "There is no company that you may enter" in text_of(client.get(response.location))
    assert not is_in(client)


def test_session_of_before_the_login_counts_no_more(client, merchant, engine):
    with client.session_transaction() as session:
        session["planted"] = "by somebody else"
    begin(client, merchant)
    with client.session_transaction() as session:
        assert "planted" not in session
        token = session["attempt"]
    send(client)
    enter(client, sms_codes(engine)[0])
    with client.session_transaction() as session:
        assert "attempt" not in session
        assert token not in session.values()


def test_who_is_in_already_goes_on(client, merchant, engine):
    begin(client, merchant)
    send(client)
    enter(client, sms_codes(engine)[0])
    assert client.get("/login/email?next=/sales").location == "/sales"


def test_login_makes_the_hash_anew_when_parameters_have_changed(client, merchant, engine):
    older = passwords.argon2.PasswordHasher(time_cost=1, memory_cost=8_192, parallelism=1).hash(merchant.password)
    with writing(engine) as connection:
        set_password_hash(connection, merchant.account_id, older)
    assert begin(client, merchant).location == CODE
    with reading(engine) as connection:
        stored = connection.execute(sa.select(account.c.password_hash)).scalar_one()
    assert not passwords.needs_rehash(stored)
    assert passwords.verify_password(stored, merchant.password)


# --- strangers, and what they learn ----------------------------------------------------------------------------------


def passwordless(engine: sa.Engine, merchant: TestMerchant) -> None:
    with writing(engine) as connection:
        set_password_hash(connection, merchant.account_id, "")


def disabled(engine: sa.Engine, merchant: TestMerchant) -> None:
    with writing(engine) as connection:
        disable_account(connection, merchant.account_id)


@pytest.mark.parametrize(
    ("email", "password", "before"),
    [
        (None, "not the password", None),
        ("nobody@romashka.by", PASSWORD, None),
        (None, PASSWORD, disabled),
        (None, PASSWORD, passwordless),
    ],
)
def test_unknown_wrong_disabled_and_passwordless_are_one(
    app, engine, merchant, count_queries: CountQueries, monkeypatch, email, password, before
):
    """The same words, status, headers, queries and work, whatever is wrong."""
    verified: list[str] = []
    right = passwords._hasher.verify  # what takes the time

    class Counting:
        def verify(self, password_hash: str, typed: str) -> bool:
            verified.append(password_hash)
            return bool(right(password_hash, typed))

    monkeypatch.setattr(passwords, "_hasher", Counting())
    passwords._nobodys_hash.cache_clear()
    monkeypatch.setattr(passwords, "_nobodys_hash", lambda: passwords.argon2.PasswordHasher(1, 47_104, 1).hash("x"))
    reference = browser(app)
    with count_queries() as expected:
        known = begin(reference, merchant, password="wrong")
    if before:
        before(engine, merchant)
    client = browser(app, "192.0.2.7")
    with count_queries() as queries:
        response = begin(client, merchant, email=email or merchant.email, password=password)
    assert response.status_code == known.status_code == 422
    page, expected_page = (re.sub(r'value="[^"]*"|"X-CSRFToken": "[^"]*"', "", text_of(it)) for it in (response, known))
    assert page == expected_page
    assert WRONG in page
    assert sorted(response.headers.keys()) == sorted(known.headers.keys())
    assert [query.split()[0] for query in queries] == [query.split()[0] for query in expected]
    assert len(verified) == 2
    assert client.get(CODE).location == "/login/email?over=time"
    with reading(engine) as connection:
        assert connection.execute(sa.select(login_attempt)).all() == []


@pytest.mark.parametrize(
    ("form", "sentence"),
    [
        ({"email": ""}, "Enter the e-mail address of your account."),
        ({"email": "owner"}, "This is no e-mail address. Look for a typing slip."),
        ({"email": "x" * 300 + "@romashka.by"}, "This is no e-mail address. Look for a typing slip."),
        ({"email": "a\x00@romashka.by"}, "This is no e-mail address. Look for a typing slip."),
        ({"password": ""}, "Enter the password."),
        ({"password": "x" * 129}, "A password has at most 128 characters."),
    ],
)
def test_a_slip_is_explained_and_is_no_guess(client, merchant, engine, form, sentence):
    response = begin(client, merchant, **form)
    assert response.status_code == 422
    assert sentence in text_of(response)
    assert PASSWORD not in text_of(response)
    with reading(engine) as connection:
        assert connection.execute(sa.select(login_throttle)).all() == []


@pytest.mark.parametrize("email", ["owner-191832203@romashka.by", "nobody@romashka.by"])
def test_guesser_of_passwords_must_wait(client, merchant, email):
    answers = [begin(client, merchant, email=email, password=f"guess {number}").status_code for number in range(6)]
    assert answers == [422] * 5 + [429]
    refused = begin(client, merchant, email=email)  # even with the right one
    assert refused.status_code == 429
    assert 1 <= int(refused.headers["Retry-After"]) <= 60
    assert "Try again in 1 minute." in text_of(refused)
    elsewhere = browser(client.application, "192.0.2.9")
    assert begin(elsewhere, merchant).status_code == 303  # the owner is not locked out


def test_parallel_guesses_of_a_password_count(app, merchant, engine):
    def guess(number: int) -> int:
        return begin(browser(app), merchant, password=f"guess {number}").status_code

    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(guess, range(18)))
    assert answers.count(422) == 5
    assert answers.count(429) == 13


def test_wrong_password_is_in_the_journal_once_the_answer_is_out(client, merchant, engine):
    answers = [begin(client, merchant, password="wrong"), begin(client, merchant, email="nobody@romashka.by")]
    assert actions(engine) == []
    for answer in answers:
        answer.close()
    assert actions(engine) == ["login_failed"]


# --- codes -----------------------------------------------------------------------------------------------------------


def half_way(client: FlaskClient, merchant: TestMerchant) -> None:
    begin(client, merchant)
    assert send(client).status_code == 303


def test_five_wrong_codes_end_the_login_and_stand_in_the_journal(client, merchant, engine):
    half_way(client, merchant)
    for _ in range(4):
        response = enter(client, wrong(engine))
        assert response.status_code == 422
        assert WRONG_CODE in text_of(response)
    last = enter(client, wrong(engine))
    assert last.location == "/login/email?over=tries"
    assert "That was the fifth wrong try." in text_of(client.get(last.location))
    assert post(client, CODE, code=sms_codes(engine)[0]).location == "/login/email?over=time"
    assert not is_in(client)
    assert actions(engine) == ["login_failed"]


def test_parallel_guesses_of_a_code_are_counted_before_they_are_looked_at(app, merchant, engine):
    client = browser(app)
    half_way(client, merchant)
    token = csrf_token(client, CODE)
    cookie = client.get_cookie("kabinet")
    assert cookie is not None
    right = sms_codes(engine)[0]
    codes = [f"{(int(right) + 1 + number) % 10**6:06}" for number in range(12)] + [right]

    def guess(code: str) -> TestResponse:
        tab = browser(app)
        tab.set_cookie("kabinet", cookie.value)
        return tab.post(CODE, data={"csrf_token": token, "code": code})

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(guess, codes))
    with reading(engine) as connection:
        tries = connection.execute(sa.select(login_attempt.c.tries)).scalars().all()
        counted = connection.execute(
            sa.select(login_throttle.c.failures).where(login_throttle.c.key == f"factor:{merchant.account_id}")
        ).scalar()
    assert tries in ([], [5])
    assert counted is not None
    assert counted <= 10
    assert guess(right).location.startswith("/login/email?over")  # the right one comes too late


def test_a_code_is_good_for_ten_minutes(client, merchant, engine, clock):
    half_way(client, merchant)
    clock.ahead_us = 10 * MINUTE_US + SECOND_US
    assert client.get(CODE).location == "/login/email?over=time"
    assert "That took too long." in text_of(client.get("/login/email?over=time"))
    token = csrf_token(client, "/login/email")
    assert (
        client.post(CODE, data={"csrf_token": token, "code": sms_codes(engine)[0]}).location == "/login/email?over=time"
    )


def test_just_before_ten_minutes_it_is_still_good(client, merchant, engine, clock):
    begin(client, merchant)
    clock.ahead_us = 9 * MINUTE_US
    send(client)
    clock.ahead_us = 18 * MINUTE_US
    assert enter(client, sms_codes(engine)[0]).location == "/"


def test_a_code_works_once(app, merchant, engine):
    client = browser(app)
    half_way(client, merchant)
    cookie, token, code = client.get_cookie("kabinet"), csrf_token(client, CODE), sms_codes(engine)[0]
    assert cookie is not None

    def use(_: int) -> str:
        tab = browser(app)
        tab.set_cookie("kabinet", cookie.value)
        return tab.post(CODE, data={"csrf_token": token, "code": code}).location

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(use, range(4)))
    assert answers.count("/") == 1
    with reading(engine) as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(web_session)).scalar_one() == 1


def test_of_two_right_codes_at_the_same_instant_one_gets_in(app, merchant, engine, monkeypatch):
    client = browser(app)
    half_way(client, merchant)
    cookie, token, code = client.get_cookie("kabinet"), csrf_token(client, CODE), sms_codes(engine)[0]
    assert cookie is not None
    both_counted = threading.Barrier(2, timeout=30)

    def look(*arguments: object) -> bool:
        both_counted.wait()
        return is_code(*arguments)

    monkeypatch.setattr("webapp.login_factor.is_code", look)

    def use(_: int) -> str:
        tab = browser(app)
        tab.set_cookie("kabinet", cookie.value)
        return tab.post(CODE, data={"csrf_token": token, "code": code}).location

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(use, range(2))) == ["/", "/login/email?over=company"]


def test_code_of_another_browser_is_no_code(app, merchant, engine):
    first, second = browser(app), browser(app)
    half_way(first, merchant)
    half_way(second, merchant)
    ours, theirs = sms_codes(engine)
    if ours != theirs:
        assert enter(second, ours).status_code == 422
    stranger = browser(app)
    assert stranger.get(CODE).location == "/login/email?over=time"
    response = stranger.post(CODE, data={"csrf_token": csrf_token(stranger, "/login/email"), "code": ours})
    assert response.location == "/login/email?over=time"
    assert enter(second, theirs).location == "/"
    assert enter(first, ours).location == "/"


def test_another_code_comes_after_a_minute_and_takes_the_place_of_the_first(client, merchant, engine, clock):
    half_way(client, merchant)
    page = text_of(client.get(CODE))
    assert re.search(r'data-countdown="(5[0-9]|60)"', page)
    early = post(client, "/login/email/resend", page=CODE)
    assert early.status_code == 429
    assert "A code was sent to you just now" in text_of(early)
    clock.ahead_us = MINUTE_US + SECOND_US
    assert 'data-countdown="0"' in text_of(client.get(CODE))
    assert post(client, "/login/email/resend", page=CODE).status_code == 303
    first, second = sms_codes(engine)
    if first != second:
        assert enter(client, first).status_code == 422
    assert enter(client, second).location == "/"


def test_at_most_five_codes_are_sent_for_a_login(client, merchant, engine, clock):
    half_way(client, merchant)
    for _ in range(6):
        clock.ahead_us += MINUTE_US + SECOND_US
        post(client, "/login/email/resend", page=CODE)
    assert len(sms_codes(engine)) == 5
    assert "No more codes can be sent this time." in text_of(client.get(CODE))


def test_nobody_is_flooded_with_sms(app, merchant, engine):
    answers = []
    for _ in range(6):
        client = browser(app, "192.0.2.1")
        begin(client, merchant)
        answers.append(send(client).status_code)
        with writing(engine) as connection:
            throttle.welcome(connection, email=merchant.email, address="192.0.2.1")
    assert answers == [303] * 5 + [429]
    assert len(sms_codes(engine)) == 5


def test_new_logins_give_no_new_guesses(app, merchant, engine, clock):
    """Whoever knows the password has ten guesses at the code, however often they begin."""
    looked_at = 0
    for _ in range(4):
        client = browser(app, "192.0.2.1")
        half_way(client, merchant)
        for _ in range(5):
            token = csrf_token(client, CODE if client.get(CODE).status_code == 200 else "/login/email")
            response = client.post(CODE, data={"csrf_token": token, "code": wrong(engine)})
            looked_at += response.status_code == 422 or "tries" in (response.location or "")
        with writing(engine) as connection:
            throttle.welcome(connection, email=merchant.email, address="192.0.2.1")
    assert looked_at == 10


def test_wrong_phone_number_sends_nothing_and_is_counted(client, merchant, engine):
    begin(client, merchant)
    for _ in range(4):
        response = send(client, "+375291234568")
        assert response.status_code == 422
        assert "This is not the phone number of your account." in text_of(response)
    assert send(client, "+375291234568").location == "/login/email?over=tries"
    assert sms_codes(engine) == []


@pytest.mark.parametrize("phone", ["", "12", "phone", "+375 29 123", "٣٧٥٢٩١٢٣٤٥٦٧", "+" + "1" * 40])
def test_a_slip_in_the_number_is_no_guess(client, merchant, engine, phone):
    begin(client, merchant)
    assert send(client, phone).status_code == 422
    with reading(engine) as connection:
        assert connection.execute(sa.select(login_attempt.c.tries)).scalar_one() == 0


@pytest.mark.parametrize("code", ["", "12345", "1234567", "12345a", "١٢٣٤٥٦"])
def test_a_slip_in_the_code_is_no_guess(client, merchant, engine, code):
    half_way(client, merchant)
    assert enter(client, code).status_code == 422
    with reading(engine) as connection:
        assert connection.execute(sa.select(login_attempt.c.tries)).scalar_one() == 0


def test_who_is_disabled_half_way_does_not_get_in(client, merchant, engine):
    half_way(client, merchant)
    token, code = csrf_token(client, CODE), sms_codes(engine)[0]
    disabled(engine, merchant)
    assert client.post(CODE, data={"csrf_token": token, "code": code}).location == "/login/email?over=time"
    assert not is_in(client)


@pytest.mark.parametrize("path", [CODE, "/login/email/send", "/login/email/resend", "/login/email/authenticator"])
def test_without_the_first_step_there_is_no_second(client, path):
    token = csrf_token(client, "/login/email")
    assert client.post(path, data={"csrf_token": token}).location == "/login/email?over=time"
    assert client.post(path).status_code in (303, 400)


def test_code_is_kept_in_no_readable_form(client, merchant, engine):
    half_way(client, merchant)
    code = sms_codes(engine)[0]
    with reading(engine) as connection:
        kept = connection.execute(sa.select(login_attempt)).one()
    assert kept.code_hash != hashlib.sha256(code.encode()).digest()
    assert code.encode() not in kept.code_hash


def test_a_page_that_lay_open_comes_back_fresh(client, merchant):
    response = client.post("/login/email", data={"csrf_token": "stale", "email": merchant.email})
    assert response.status_code == 400
    assert "This page was open for too long." in text_of(response)
    begin(client, merchant)
    assert client.post(CODE, data={"csrf_token": "stale"}).location == CODE


def test_sms_speaks_the_language_of_the_page(client, merchant, engine):
    client.set_cookie("language", "be")
    half_way(client, merchant)
    with reading(engine) as connection:
        text = connection.execute(sa.select(message.c.text)).scalar_one()
    assert "ваш код" in text
    assert "дзейнічае" in text
