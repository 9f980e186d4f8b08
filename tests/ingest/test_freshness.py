"""What is in memory is made true again, also after the database was away for long."""

import pytest
import sqlalchemy as sa

from ingest import freshness
from ingest.directory import Directory
from ingest.freshness import Freshness
from ingest.tokens import Callers
from sql.engine import connect, reading, writing
from sql.errors import StorageUnavailable
from sql.instants import SECOND_US
from sql.tables import api_token
from sql.tokens import find_token, issue_token, revoke_token

HOUR_US = 3600 * SECOND_US


def test_a_token_revoked_while_the_database_was_away_is_forgotten(
    engine: sa.Engine, database_url: str, monkeypatch: pytest.MonkeyPatch
):
    callers = Callers({"operator": 0})
    with writing(engine) as connection:
        token_id, token = issue_token(connection, scope="operator")
    with reading(engine) as connection:
        callers.learn(token, find_token(connection, token))
    watch = Freshness(engine, callers, Directory())
    watch.ask()
    assert callers.known(token)
    # Revoked a minute after the last answer; the next answer comes an hour later.
    with writing(engine) as connection:
        revoke_token(connection, token_id)
        connection.execute(sa.update(api_token).values(revoked_us=api_token.c.revoked_us + 60 * SECOND_US))
    hour_later = freshness.now_us() + HOUR_US
    monkeypatch.setattr(freshness, "now_us", lambda: hour_later)
    watch.ask()
    assert callers.known(token) is None


def test_a_database_that_does_not_answer_leaves_it_stale(monkeypatch: pytest.MonkeyPatch):
    watch = Freshness(connect("postgresql://nobody@127.0.0.1:1/none"), Callers({}), Directory())
    assert not watch.stale
    with pytest.raises(StorageUnavailable):
        watch.ask()
    later = freshness.time.monotonic() + freshness.STALE_AFTER_S + 1
    monkeypatch.setattr(freshness.time, "monotonic", lambda: later)
    assert watch.stale
