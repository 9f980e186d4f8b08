"""Reading what registers report: newest first, page by page, of one kind, of some time."""

import pytest
import sqlalchemy as sa

from sql.engine import reading, writing
from sql.events import EventCursor, NewEvent, insert_events, read_events

OWN, OTHER = (1, 1), (1, 2)


@pytest.fixture
def stored(engine: sa.Engine) -> sa.Engine:
    """Ten events in five instants, two kinds each, and one of another register and one of another merchant."""
    rows = [NewEvent(*OWN, at, kind, f"{at}", at) for at in range(10, 60, 10) for kind in ("offline", "error")]
    with writing(engine) as connection:
        insert_events(
            connection, [*rows, NewEvent(*OTHER, 35, "error", None, 35), NewEvent(2, 1, 35, "error", None, 35)]
        )
    return engine


def read(engine: sa.Engine, **wanted) -> list[tuple[int, str]]:
    with reading(engine) as connection:
        return [(event.occurred_us, event.kind) for event in read_events(connection, *OWN, **{"limit": 100, **wanted})]


def test_the_newest_come_first_and_only_of_this_register(stored: sa.Engine) -> None:
    found = read(stored)
    assert len(found) == 10
    assert found == sorted(found, reverse=True)


def test_pages_join_without_a_gap_also_within_an_instant(stored: sa.Engine) -> None:
    every, paged, after = read(stored), [], None
    while page := read(stored, limit=3, after=after):
        paged += page
        after = EventCursor(*page[-1])
    assert paged == every


def test_one_kind(stored: sa.Engine) -> None:
    assert read(stored, kind="error") == [(at, "error") for at in (50, 40, 30, 20, 10)]
    assert read(stored, kind="online") == []


def test_some_times(stored: sa.Engine) -> None:
    assert {at for at, _ in read(stored, during=[(None, 20), (40, 50)])} == {10, 40}
    assert {at for at, _ in read(stored, during=[(50, None)])} == {50}
    assert read(stored, during=[]) == []


def test_cursors_are_read_again_and_nonsense_is_none() -> None:
    cursor = EventCursor(1_790_000_000_000_000, "paper_out")
    assert EventCursor.parse(str(cursor)) == cursor
    for text in ("", "-", "1", "1-", "1-party", "-1-online", "1e3-online", f"{'9' * 19}-online", "١-online"):
        with pytest.raises(ValueError, match="no place"):
            EventCursor.parse(text)
