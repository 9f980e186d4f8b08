"""The device grant: one code, one decision, one token, and nobody can hurry, guess or repeat it."""

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from sql import device_grants
from sql.accounts import add_account
from sql.device_grants import (
    USER_CODE_LETTERS,
    Bound,
    Codes,
    Refusal,
    approve_grant,
    begin_grant,
    deny_grant,
    normalize_user_code,
    poll_grant,
    waiting_grant,
)
from sql.engine import reading, writing
from sql.errors import NotFound
from sql.instants import DAY_US, SECOND_US, now_us
from sql.tables import api_token, device_grant
from sql.tokens import find_token, rename_token, revoke_token, tokens_of
from tests.sql.rows import add_company


class Clock:
    """The ground floor's clock, to be moved on."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.us = now_us()
        monkeypatch.setattr(device_grants, "now_us", lambda: self.us)

    def pass_s(self, seconds: float) -> None:
        self.us += int(seconds * SECOND_US)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


def begin(engine: sa.Engine) -> Codes:
    with writing(engine) as connection:
        return begin_grant(connection, address="192.0.2.7")


def poll(engine: sa.Engine, codes: Codes) -> Bound | Refusal:
    with writing(engine) as connection:
        return poll_grant(connection, codes.device_code)


def owner(engine: sa.Engine) -> int:
    with writing(engine) as connection:
        return add_account(
            connection, email="owner@romashka.by", phone="+375291234567", password_hash="", totp_secret=""
        )


def approve(engine: sa.Engine, code: str, account_id: int, merchant_id: int = 1) -> None:
    with writing(engine) as connection:
        approve_grant(connection, code, merchant_id=merchant_id, sko_id=1, account_id=account_id, token_name="У входа")


def test_a_register_gets_its_token_once(engine: sa.Engine, clock: Clock):
    merchant_id, account_id = add_company(engine), owner(engine)
    codes = begin(engine)
    assert poll(engine, codes) == "authorization_pending"
    approve(engine, codes.user_code, account_id)
    bound = poll(engine, codes)
    assert isinstance(bound, Bound)
    assert bound.number == "300012345"
    assert poll(engine, codes) == "invalid_grant"
    with reading(engine) as connection:
        token = find_token(connection, bound.token)
        assert token is not None
        assert (token.scope, token.merchant_id, token.sko_id) == ("sko", merchant_id, 1)
        [issued] = tokens_of(connection, merchant_id)
    assert (issued.name, issued.created_by, issued.revoked_us) == ("У входа", account_id, None)


def test_nothing_secret_is_kept(engine: sa.Engine):
    codes = begin(engine)
    with reading(engine) as connection:
        [row] = connection.execute(sa.select(device_grant)).all()
    assert codes.device_code not in repr(row)
    assert len(codes.device_code) >= 43


def test_whoever_polls_too_fast_is_slowed_down_but_never_kept_from_an_answer(engine: sa.Engine, clock: Clock):
    add_company(engine)
    codes = begin(engine)
    assert poll(engine, codes) == "authorization_pending"
    clock.pass_s(2)
    assert poll(engine, codes) == "slow_down"
    clock.pass_s(3.9)
    assert poll(engine, codes) == "slow_down"
    clock.pass_s(4.1)
    assert poll(engine, codes) == "authorization_pending"
    approve(engine, codes.user_code, owner(engine))
    assert isinstance(poll(engine, codes), Bound)


def test_a_code_expires(engine: sa.Engine, clock: Clock):
    account_id = owner(engine)
    codes = begin(engine)
    clock.pass_s(device_grants.LIFETIME_S)
    assert poll(engine, codes) == "expired_token"
    with reading(engine) as connection:
        assert waiting_grant(connection, codes.user_code) is None
    with pytest.raises(NotFound):
        approve(engine, codes.user_code, account_id)


def test_a_code_approved_at_the_last_moment_can_still_be_used(engine: sa.Engine, clock: Clock):
    add_company(engine)
    codes = begin(engine)
    clock.pass_s(device_grants.LIFETIME_S - 1)
    approve(engine, codes.user_code, owner(engine))
    clock.pass_s(10)
    assert isinstance(poll(engine, codes), Bound)


def test_a_token_that_nobody_fetches_is_never_made(engine: sa.Engine, clock: Clock):
    add_company(engine)
    codes = begin(engine)
    approve(engine, codes.user_code, owner(engine))
    clock.pass_s(device_grants.LIFETIME_S)
    assert poll(engine, codes) == "expired_token"
    with reading(engine) as connection:
        assert connection.execute(sa.select(api_token)).all() == []


def test_a_decision_is_made_once(engine: sa.Engine):
    add_company(engine)
    account_id = owner(engine)
    codes = begin(engine)
    with writing(engine) as connection:
        deny_grant(connection, codes.user_code)
    assert poll(engine, codes) == "access_denied"
    with pytest.raises(NotFound):
        approve(engine, codes.user_code, account_id)
    assert poll(engine, codes) == "access_denied"


def test_two_registers_never_share_a_code(engine: sa.Engine, monkeypatch: pytest.MonkeyPatch):
    letters = iter("BBBBBBBB" + "BBBBBBBB" + "CCCCCCCC")
    monkeypatch.setattr(device_grants.secrets, "choice", lambda _: next(letters))
    assert begin(engine).user_code == "BBBB-BBBB"
    assert begin(engine).user_code == "CCCC-CCCC"


def test_old_grants_are_swept_by_new_ones(engine: sa.Engine, clock: Clock):
    old = begin(engine)
    clock.us += DAY_US + device_grants.LIFETIME_S * SECOND_US
    begin(engine)
    assert poll(engine, old) == "invalid_grant"


def test_an_unknown_code_is_an_invalid_grant(engine: sa.Engine):
    assert poll(engine, Codes("unknown", "")) == "invalid_grant"
    assert poll(engine, Codes("", "")) == "invalid_grant"


def test_a_waiting_register_is_found_however_its_code_is_typed(engine: sa.Engine):
    codes = begin(engine)
    with reading(engine) as connection:
        found = waiting_grant(connection, f" {codes.user_code.lower().replace('-', ' ')} ")
        assert found is not None
        assert (found.user_code, found.address) == (codes.user_code, "192.0.2.7")
        assert waiting_grant(connection, "1234-5678") is None


@pytest.mark.parametrize("typed", ["ВСКМ-НРТХ", "вскм нртх", "BCKMHPTX", "bckm—hptx", "b c k m h p t x"])
def test_cyrillic_letters_that_look_the_same_are_meant_the_same(typed: str):
    assert normalize_user_code(typed) == "BCKM-HPTX"


@given(st.text(max_size=12))
def test_whatever_is_typed_is_a_code_or_nothing(typed: str):
    code = normalize_user_code(typed)
    assert code is None or (len(code) == 9 and set(code) <= set(USER_CODE_LETTERS) | {"-"})
    assert code is None or normalize_user_code(code) == code


def test_only_the_merchants_own_tokens_are_renamed_and_revoked(engine: sa.Engine):
    merchant_id, account_id = add_company(engine), owner(engine)
    rival_id = add_company(engine, unp="190000018", numbers=("400000001",))
    codes = begin(engine)
    approve(engine, codes.user_code, account_id)
    bound = poll(engine, codes)
    assert isinstance(bound, Bound)
    with writing(engine) as connection:
        [issued] = tokens_of(connection, merchant_id)
        assert tokens_of(connection, rival_id) == []
        with pytest.raises(NotFound):
            rename_token(connection, rival_id, issued.token_id, "x")
        with pytest.raises(NotFound):
            revoke_token(connection, issued.token_id, merchant_id=rival_id)
        rename_token(connection, merchant_id, issued.token_id, "Касса 1")
        revoke_token(connection, issued.token_id, merchant_id=merchant_id)
        [issued] = tokens_of(connection, merchant_id)
        assert issued.name == "Касса 1"
        assert issued.revoked_us is not None
        assert find_token(connection, bound.token) is None
