"""When a token was last used, to the hour, without a word to the database on the way of a request."""

import pytest
import sqlalchemy as sa

from ingest import uses
from ingest.uses import Uses
from sql.engine import connect, reading, writing
from sql.errors import StorageUnavailable
from sql.instants import HOUR_US, now_us
from sql.tables import api_token
from sql.tokens import issue_token
from tests.ingest.conftest import Register

SETTINGS = ("GET", "/v1/settings/300012345", b"", {})


@pytest.fixture
def token_ids(engine: sa.Engine) -> list[int]:
    with writing(engine) as connection:
        return [issue_token(connection, scope="operator")[0] for _ in range(3)]


def used(engine: sa.Engine) -> dict[int, int | None]:
    with reading(engine) as connection:
        return dict(connection.execute(sa.select(api_token.c.token_id, api_token.c.used_us)).all())


def forget(engine: sa.Engine) -> None:
    with writing(engine) as connection:
        connection.execute(sa.update(api_token).values(used_us=None))


def test_the_token_of_a_request_has_been_used(engine: sa.Engine, register: Register, token_ids: list[int]):
    before = now_us()
    register.ask(SETTINGS, SETTINGS)
    at_us = used(engine)[1]
    assert at_us
    assert before <= at_us <= now_us()
    assert [used(engine)[token_id] for token_id in token_ids] == [None] * 3


def test_who_is_not_let_in_leaves_no_trace(engine: sa.Engine, register: Register):
    stranger = "kbt_" + "A" * (len(register.token) - 4)
    [answer] = register.ask(("GET", SETTINGS[1], b"", {"authorization": f"Bearer {stranger}"}))
    assert answer.status == 401
    assert used(engine) == {1: None}


def test_a_token_is_written_down_once_an_hour(engine: sa.Engine, token_ids: list[int], monkeypatch: pytest.MonkeyPatch):
    noon = 500_000 * HOUR_US
    notes = Uses(engine)

    def noted_at(instant_us: int, token_id: int) -> set[int]:
        monkeypatch.setattr(uses, "now_us", lambda: instant_us)
        forget(engine)
        notes.note(token_id)
        notes.write()
        return {each for each, at_us in used(engine).items() if at_us}

    first, second, _ = token_ids
    assert noted_at(noon, first) == {first}
    assert noted_at(noon + HOUR_US // 2, first) == set()
    assert noted_at(noon + HOUR_US // 2, second) == {second}
    noted_at(noon + HOUR_US, second)  # with this the next hour begins
    assert noted_at(noon + HOUR_US, second) == {second}


def test_many_tokens_are_written_down_in_several_transactions(
    engine: sa.Engine, token_ids: list[int], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(uses, "TOKENS_MAX", 2)
    notes = Uses(engine)
    for token_id in token_ids:
        notes.note(token_id)
    notes.write()
    assert all(used(engine).values())


def test_what_the_database_did_not_take_is_noted_with_the_next_use(engine: sa.Engine, token_ids: list[int]):
    notes = Uses(connect("postgresql://nobody@127.0.0.1:1/none"))
    notes.note(token_ids[0])
    with pytest.raises(StorageUnavailable):
        notes.write()
    notes._engine = engine  # it is back
    notes.note(token_ids[0])
    notes.write()
    assert used(engine)[token_ids[0]]
