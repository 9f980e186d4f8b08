"""Jobs sweep what has expired, by the same limits as the pages."""

import sqlalchemy as sa

from sql.engine import reading, writing
from sql.instants import SECOND_US, now_us
from sql.login_attempts import begin_attempt
from sql.password_resets import add_reset
from sql.sessions import start_session
from sql.tables import login_attempt, password_reset, web_session
from tests.accounts import make_merchant
from webapp.jobs import sweep


def test_a_session_is_swept_by_the_limit_that_is_set(engine: sa.Engine):
    merchant = make_merchant(engine)
    with writing(engine) as connection:
        start_session(
            connection,
            account_id=merchant.account_id,
            merchant_id=merchant.merchant_id,
            address="127.0.0.1",
            user_agent="test",
        )
        connection.execute(sa.update(web_session).values(seen_us=now_us() - 40 * 60 * SECOND_US))
    left = []
    for idle_minutes in (60, 30):
        sweep(engine, idle_minutes)
        with reading(engine) as connection:
            left.append(len(connection.execute(sa.select(web_session)).all()))
    assert left == [1, 0]


def test_logins_that_nobody_finished_are_swept(engine: sa.Engine):
    with writing(engine) as connection:
        begin_attempt(connection, way="email", step="factor", account_id=None, lifetime_us=-1)
        begin_attempt(connection, way="email", step="factor", account_id=None)
    sweep(engine, 30)
    with reading(engine) as connection:
        assert len(connection.execute(sa.select(login_attempt)).all()) == 1


def test_links_that_nobody_used_are_swept(engine: sa.Engine):
    account_id = make_merchant(engine).account_id
    with writing(engine) as connection:
        for lifetime_us in (-1, 60 * SECOND_US):
            add_reset(connection, account_id, lifetime_us=lifetime_us)
    sweep(engine, 30)
    with reading(engine) as connection:
        assert len(connection.execute(sa.select(password_reset)).all()) == 1
