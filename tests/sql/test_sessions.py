"""Web sessions: they open only with their token, and they end."""

import pytest
import sqlalchemy as sa

from sql import sessions
from sql.accounts import disable_account
from sql.engine import reading, writing
from sql.instants import HOUR_US, now_us
from sql.tables import membership, web_session
from tests.accounts import TestMerchant, make_merchant

MINUTE_US = sessions.SECOND_US * 60


class Clock:
    def __init__(self) -> None:
        self.now = now_us()

    def __call__(self) -> int:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(sessions, "now_us", clock)
    return clock


@pytest.fixture
def merchant(engine: sa.Engine) -> TestMerchant:
    return make_merchant(engine)


def start(engine: sa.Engine, merchant: TestMerchant, address: str = "192.0.2.1") -> str:
    with writing(engine) as connection:
        return sessions.start_session(
            connection,
            account_id=merchant.account_id,
            merchant_id=merchant.merchant_id,
            address=address,
            user_agent="Firefox " * 100,
        )


def is_live(engine: sa.Engine, token: str) -> bool:
    with reading(engine) as connection:
        return sessions.find_session(connection, token) is not None


def test_token_opens_the_session_of_its_person(engine: sa.Engine, merchant: TestMerchant) -> None:
    token = start(engine, merchant)
    with reading(engine) as connection:
        session = sessions.find_session(connection, token)
    assert session is not None
    assert (session.account_id, session.merchant_id) == (merchant.account_id, merchant.merchant_id)
    assert (session.merchant_name, session.merchant_unp) == (merchant.name, merchant.unp)
    assert (session.email, session.role) == (merchant.email, "owner")
    assert (session.language, session.theme) == (None, None)


def test_each_token_is_new_and_the_table_does_not_know_it(engine: sa.Engine, merchant: TestMerchant) -> None:
    first, second = start(engine, merchant), start(engine, merchant)
    assert first != second
    with reading(engine) as connection:
        stored = {bytes(row) for row in connection.execute(sa.select(web_session.c.token_hash)).scalars()}
    assert stored == {bytes.fromhex(sessions.session_id(token)) for token in (first, second)}
    assert not any(first.encode() in row for row in stored)


def test_wrong_token_opens_nothing(engine: sa.Engine, merchant: TestMerchant) -> None:
    token = start(engine, merchant)
    assert not is_live(engine, token + "x")
    assert not is_live(engine, sessions.session_id(token))
    assert not is_live(engine, "")


def test_idle_session_ends(engine: sa.Engine, merchant: TestMerchant, clock: Clock) -> None:
    token = start(engine, merchant)
    clock.now += sessions.IDLE_US - 1
    assert is_live(engine, token)
    clock.now += 1
    assert not is_live(engine, token)


def test_idle_time_is_a_setting(engine: sa.Engine, merchant: TestMerchant, clock: Clock) -> None:
    token = start(engine, merchant)
    clock.now += 5 * MINUTE_US
    with reading(engine) as connection:
        assert sessions.find_session(connection, token, idle_us=6 * MINUTE_US)
        assert not sessions.find_session(connection, token, idle_us=5 * MINUTE_US)


def test_session_in_use_lives_on_but_not_for_ever(engine: sa.Engine, merchant: TestMerchant, clock: Clock) -> None:
    token = start(engine, merchant)
    begun = clock.now
    while clock.now < begun + sessions.LIFETIME_US - 20 * MINUTE_US:
        clock.now += 20 * MINUTE_US
        assert is_live(engine, token)
        with writing(engine) as connection:
            sessions.mark_seen(connection, token)
    clock.now = begun + sessions.LIFETIME_US
    assert not is_live(engine, token)


def test_seeing_a_session_is_written_once_a_minute(engine: sa.Engine, merchant: TestMerchant, clock: Clock) -> None:
    token = start(engine, merchant)
    with reading(engine) as connection:
        session = sessions.find_session(connection, token)
    assert session is not None
    clock.now += MINUTE_US - 1
    assert not sessions.is_seen_due(session)
    clock.now += 1
    assert sessions.is_seen_due(session)


def test_disabled_account_is_out_at_once(engine: sa.Engine, merchant: TestMerchant) -> None:
    token = start(engine, merchant)
    with writing(engine) as connection:
        disable_account(connection, merchant.account_id)
    assert not is_live(engine, token)


def test_who_leaves_the_company_is_out_at_once(engine: sa.Engine, merchant: TestMerchant) -> None:
    token = start(engine, merchant)
    with writing(engine) as connection:
        connection.execute(sa.delete(membership).where(membership.c.merchant_id == merchant.merchant_id))
    assert not is_live(engine, token)


def test_own_sessions_are_listed_newest_first(engine: sa.Engine, merchant: TestMerchant, clock: Clock) -> None:
    older = start(engine, merchant, "192.0.2.1")
    clock.now += MINUTE_US
    newer = start(engine, merchant, "192.0.2.2")
    start(engine, make_merchant(engine, "100320487"))
    with reading(engine) as connection:
        listed = sessions.open_sessions(connection, merchant.account_id)
    assert [line.session_id for line in listed] == [sessions.session_id(newer), sessions.session_id(older)]
    assert [line.address for line in listed] == ["192.0.2.2", "192.0.2.1"]
    assert listed[0].seen_us - listed[1].seen_us == MINUTE_US
    assert len(listed[0].user_agent) == sessions.USER_AGENT_LENGTH


def test_one_session_is_ended_by_its_owner_alone(engine: sa.Engine, merchant: TestMerchant) -> None:
    stranger = make_merchant(engine, "100320487")
    kept, ended = start(engine, merchant), start(engine, merchant)
    with writing(engine) as connection:
        assert not sessions.end_session(connection, stranger.account_id, sessions.session_id(ended))
        assert sessions.end_session(connection, merchant.account_id, sessions.session_id(ended))
        assert not sessions.end_session(connection, merchant.account_id, sessions.session_id(ended))
        assert not sessions.end_session(connection, merchant.account_id, "no session")
    assert is_live(engine, kept)
    assert not is_live(engine, ended)


def test_all_other_sessions_are_ended(engine: sa.Engine, merchant: TestMerchant) -> None:
    mine, other, third = (start(engine, merchant) for _ in range(3))
    strangers = start(engine, make_merchant(engine, "100320487"))
    with writing(engine) as connection:
        assert sessions.end_all_sessions(connection, merchant.account_id, except_token=mine) == 2
    assert [is_live(engine, token) for token in (mine, other, third, strangers)] == [True, False, False, True]
    with writing(engine) as connection:
        assert sessions.end_all_sessions(connection, merchant.account_id) == 1
    assert not is_live(engine, mine)


def test_sweeping_deletes_what_is_over_and_nothing_else(
    engine: sa.Engine, merchant: TestMerchant, clock: Clock
) -> None:
    start(engine, merchant)
    clock.now += HOUR_US
    live = start(engine, merchant)
    with writing(engine) as connection:
        assert sessions.sweep_sessions(connection) == 1
    assert is_live(engine, live)
