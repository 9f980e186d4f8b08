"""One cause is one notification: opened once, counted up, closed by itself, and read by each person alone."""

import pytest
import sqlalchemy as sa

from sql import notification_lists, notifications
from sql.accounts import add_account
from sql.engine import reading, writing
from sql.instants import HOUR_US
from sql.notification_lists import (
    Cursor,
    Reader,
    Wanted,
    mark_read,
    mutes_of,
    notification_of,
    read_notifications,
    unread_count,
)
from sql.notifications import KEPT_US, Finding, News, mute, settle, sweep_notifications, unmute
from sql.registers_watched import Span
from sql.tables import notification, notification_read
from tests.sql.rows import add_company

NOW = 1_795_424_400_000_000
ALL = Span(1, 2**62)


@pytest.fixture
def merchant_id(engine: sa.Engine) -> int:
    return add_company(engine, numbers=("300012345", "300012346"))


@pytest.fixture
def account_id(engine: sa.Engine) -> int:
    with writing(engine) as connection:
        return add_account(connection, email="owner@romashka.by", phone="", password_hash="", totp_secret="")


def offline(merchant_id: int, sko_id: int = 1, outlet_id: int = 1, severity: str = "warning") -> Finding:
    return Finding(merchant_id, "offline", outlet_id, sko_id, severity, None, {"since_us": NOW})


def gap(merchant_id: int, times: int, sko_id: int = 1) -> Finding:
    return Finding(merchant_id, "gap", 1, sko_id, "warning", times, {"number": 17})


def settled(engine: sa.Engine, *findings: Finding, now_us: int = NOW) -> list[News]:
    with writing(engine) as connection:
        return settle(connection, ALL, findings, now_us)


def events(news: list[News]) -> list[str]:
    return [each.event for each in news]


def lines(engine: sa.Engine, reader: Reader, wanted: Wanted | None = None, **place):
    with reading(engine) as connection:
        return read_notifications(connection, reader, wanted or Wanted(), **{"limit": 50, **place})


def test_a_cause_that_lasts_is_told_once(engine: sa.Engine, merchant_id: int):
    [news] = settled(engine, offline(merchant_id))
    assert (news.event, news.notification.times, news.notification.detail) == ("opened", 1, {"since_us": NOW})
    assert settled(engine, offline(merchant_id), now_us=NOW + 1) == []
    [line] = lines(engine, Reader(merchant_id, 0))
    assert (line.notification.opened_us, line.notification.last_us, line.notification.closed_us) == (NOW, NOW, None)


def test_it_closes_itself_when_its_cause_is_gone(engine: sa.Engine, merchant_id: int):
    settled(engine, offline(merchant_id), gap(merchant_id, 2))
    assert events(settled(engine, gap(merchant_id, 2), now_us=NOW + 5)) == ["closed"]
    assert [line.notification.closed_us for line in lines(engine, Reader(merchant_id, 0), Wanted(state="closed"))] == [
        NOW + 5
    ]
    assert settled(engine, gap(merchant_id, 2), now_us=NOW + 6) == []


def test_more_of_the_same_counts_up(engine: sa.Engine, merchant_id: int):
    settled(engine, gap(merchant_id, 2))
    [news] = settled(engine, gap(merchant_id, 5), now_us=NOW + 1)
    assert (news.event, news.notification.times, news.notification.last_us) == ("grown", 5, NOW + 1)
    assert settled(engine, gap(merchant_id, 3), now_us=NOW + 2) == [], "less of it is no news"
    [line] = lines(engine, Reader(merchant_id, 0))
    assert (line.notification.times, line.notification.last_us) == (3, NOW + 1)


def test_what_gets_worse_is_news(engine: sa.Engine, merchant_id: int):
    settled(engine, offline(merchant_id))
    assert events(settled(engine, offline(merchant_id, severity="critical"), now_us=NOW + 1)) == ["worse"]
    assert settled(engine, offline(merchant_id, severity="warning"), now_us=NOW + 2) == []


def test_what_comes_and_goes_is_one_notification_with_a_count(engine: sa.Engine, merchant_id: int):
    settled(engine, offline(merchant_id))
    for times in range(2, 6):
        settled(engine, now_us=NOW + times * 10)
        [news] = settled(engine, offline(merchant_id), now_us=NOW + times * 10 + 1)
        assert (news.event, news.notification.times) == ("reopened", times)
    assert len(lines(engine, Reader(merchant_id, 0))) == 1


def test_what_comes_again_much_later_is_another_one(engine: sa.Engine, merchant_id: int):
    settled(engine, offline(merchant_id))
    settled(engine, now_us=NOW + 1)
    assert events(settled(engine, offline(merchant_id), now_us=NOW + 7 * HOUR_US)) == ["opened"]
    assert len(lines(engine, Reader(merchant_id, 0))) == 2


def test_a_register_that_has_moved_leaves_its_notifications_behind(engine: sa.Engine, merchant_id: int):
    settled(engine, offline(merchant_id))
    news = settled(engine, offline(merchant_id, outlet_id=2), now_us=NOW + 1)
    assert sorted((each.event, each.notification.outlet_id) for each in news) == [("closed", 1), ("opened", 2)]


def test_many_are_closed_in_several_statements(engine: sa.Engine, merchant_id: int, monkeypatch):
    monkeypatch.setattr(notifications, "CLOSED_AT_ONCE", 1)
    settled(engine, offline(merchant_id), offline(merchant_id, 2), gap(merchant_id, 1))
    assert events(settled(engine, now_us=NOW + 1)) == ["closed"] * 3
    assert settled(engine, now_us=NOW + 2) == []


def test_no_more_are_counted_than_a_badge_says(engine: sa.Engine, merchant_id: int, account_id: int, monkeypatch):
    monkeypatch.setattr(notification_lists, "UNREAD_MAX", 2)
    settled(engine, offline(merchant_id), offline(merchant_id, 2), gap(merchant_id, 1))
    with reading(engine) as connection:
        assert unread_count(connection, Reader(merchant_id, account_id)) == 2


def test_companies_are_settled_apart(engine: sa.Engine, merchant_id: int):
    rival_id = add_company(engine, unp="190000018", numbers=("300000999",))
    settled(engine, offline(merchant_id), offline(rival_id))
    with writing(engine) as connection:
        assert events(settle(connection, Span(rival_id, rival_id), [], NOW + 1)) == ["closed"]
    assert [line.notification.closed_us for line in lines(engine, Reader(merchant_id, 0))] == [None]
    assert [line.notification.closed_us for line in lines(engine, Reader(rival_id, 0))] == [NOW + 1]


def test_the_list_goes_on_page_by_page(engine: sa.Engine, merchant_id: int):
    for place in range(5):
        settled(engine, *(offline(merchant_id, sko_id) for sko_id in range(1, place + 2)), now_us=NOW + place // 2)
    everything = lines(engine, Reader(merchant_id, 0))
    assert [line.notification.last_us - NOW for line in everything] == [2, 1, 1, 0, 0]
    found: list[object] = []
    after: Cursor | None = None
    while page := lines(engine, Reader(merchant_id, 0), limit=2, after=after):
        found += page
        after = Cursor.parse(str(page[-1].cursor))
    assert found == everything


def test_filters_choose(engine: sa.Engine, merchant_id: int):
    settled(engine, offline(merchant_id, 1), gap(merchant_id, 1, 2), offline(merchant_id, 2, outlet_id=2))
    reader = Reader(merchant_id, 0)
    assert len(lines(engine, reader)) == 3
    assert len(lines(engine, reader, Wanted(rules=("gap",)))) == 1
    assert len(lines(engine, reader, Wanted(sko_ids=(2,)))) == 2
    assert len(lines(engine, reader, Wanted(outlet_ids=(2,)))) == 1
    assert len(lines(engine, reader, Wanted(state="open"))) == 3
    assert lines(engine, reader, Wanted(state="closed")) == []


def test_each_person_reads_alone(engine: sa.Engine, merchant_id: int, account_id: int):
    settled(engine, offline(merchant_id), gap(merchant_id, 1))
    mine, other = Reader(merchant_id, account_id), Reader(merchant_id, account_id + 1)
    with writing(engine) as connection:
        [first, second] = read_notifications(connection, mine, Wanted(), limit=9)
        mark_read(connection, mine, NOW + 1, first.notification.notification_id)
        assert unread_count(connection, mine) == 1
        assert unread_count(connection, other) == 2
        assert [line.cursor for line in read_notifications(connection, mine, Wanted(state="unread"), limit=9)] == [
            second.cursor
        ]
        mark_read(connection, mine, NOW + 2)
        mark_read(connection, mine, NOW + 3)
        assert unread_count(connection, mine) == 0


def test_what_has_grown_since_is_unread_again(engine: sa.Engine, merchant_id: int, account_id: int):
    mine = Reader(merchant_id, account_id)
    settled(engine, gap(merchant_id, 1))
    with writing(engine) as connection:
        mark_read(connection, mine, NOW + 1)
    settled(engine, gap(merchant_id, 1), now_us=NOW + 2)
    with reading(engine) as connection:
        assert unread_count(connection, mine) == 0
    settled(engine, gap(merchant_id, 2), now_us=NOW + 3)
    with reading(engine) as connection:
        assert unread_count(connection, mine) == 1


def test_what_is_over_is_unread_no_more(engine: sa.Engine, merchant_id: int, account_id: int):
    settled(engine, offline(merchant_id))
    settled(engine, now_us=NOW + 1)
    with reading(engine) as connection:
        assert unread_count(connection, Reader(merchant_id, account_id)) == 0


def test_a_limited_reader_finds_the_own_outlets_alone(engine: sa.Engine, merchant_id: int, account_id: int):
    settled(
        engine, offline(merchant_id), offline(merchant_id, 2, outlet_id=2), gap(merchant_id, 1, 0)._replace(outlet_id=0)
    )
    limited, blind = Reader(merchant_id, account_id, (2,)), Reader(merchant_id, account_id, ())
    with writing(engine) as connection:
        [line] = read_notifications(connection, limited, Wanted(), limit=9)
        assert line.notification.outlet_id == 2
        hidden = {each.notification.notification_id for each in lines(engine, Reader(merchant_id, 0))}
        hidden -= {line.notification.notification_id}
        assert {notification_of(connection, limited, name) for name in hidden} == {None}
        assert (unread_count(connection, limited), unread_count(connection, blind)) == (1, 0)
        mark_read(connection, limited, NOW + 1)
        assert unread_count(connection, Reader(merchant_id, account_id)) == 2


def test_another_company_has_none_of_it(engine: sa.Engine, merchant_id: int, account_id: int):
    rival_id = add_company(engine, unp="190000018", numbers=("300000999",))
    [news] = settled(engine, offline(merchant_id))
    rival = Reader(rival_id, account_id)
    with writing(engine) as connection:
        assert notification_of(connection, rival, news.notification.notification_id) is None
        mark_read(connection, rival, NOW + 1, news.notification.notification_id)
        mark_read(connection, rival, NOW + 1)
        assert read_notifications(connection, rival, Wanted(), limit=9) == []
    with reading(engine) as connection:
        assert unread_count(connection, Reader(merchant_id, account_id)) == 1


def test_what_is_muted_stands_in_the_list_and_is_counted_no_more(engine: sa.Engine, merchant_id: int, account_id: int):
    reader = Reader(merchant_id, account_id)
    key = {"rule": "offline", "sko_id": 1}
    settled(engine, offline(merchant_id), offline(merchant_id, 2))
    with writing(engine) as connection:
        mute(connection, merchant_id, **key, reason="Ремонт", muted_by=account_id, now_us=NOW)
        mute(connection, merchant_id, **key, reason="Ремонт до мая", muted_by=account_id, now_us=NOW + 1)
        assert unread_count(connection, reader) == 1
        assert {line.muted_because for line in read_notifications(connection, reader, Wanted(), limit=9)} == {
            "Ремонт до мая",
            None,
        }
        [muted] = mutes_of(connection, merchant_id)
        assert (muted.reason, muted.muted_by, muted.muted_us) == ("Ремонт до мая", "owner@romashka.by", NOW + 1)
        assert mutes_of(connection, merchant_id, [2]) == []
    with writing(engine) as connection:
        assert unmute(connection, merchant_id, **key)
        assert not unmute(connection, merchant_id, **key)


def test_who_was_told_before_it_was_muted_is_told_of_the_end(engine: sa.Engine, merchant_id: int, account_id: int):
    settled(engine, offline(merchant_id))
    with writing(engine) as connection:
        by = {"muted_by": account_id, "now_us": NOW + 1}
        for rule in ("offline", "gap"):
            mute(connection, merchant_id, rule=rule, sko_id=1, reason="Ремонт", **by)

    def told(*findings: Finding, later_us: int) -> list[tuple[str, str, bool]]:
        news = settled(engine, *findings, now_us=NOW + later_us)
        return [(each.event, each.notification.rule, each.is_muted) for each in news]

    worse = offline(merchant_id, severity="critical")
    assert told(worse, later_us=2) == [("worse", "offline", True)]
    assert told(gap(merchant_id, 1), later_us=3) == [("opened", "gap", True), ("closed", "offline", False)]
    assert told(later_us=4) == [("closed", "gap", True)]


def test_what_has_been_over_for_a_year_is_forgotten_with_who_has_read_it(
    engine: sa.Engine, merchant_id: int, account_id: int
):
    settled(engine, offline(merchant_id), gap(merchant_id, 1))
    with writing(engine) as connection:
        mark_read(connection, Reader(merchant_id, account_id), NOW + 1)
    settled(engine, gap(merchant_id, 1), now_us=NOW + 2)
    with writing(engine) as connection:
        assert sweep_notifications(connection, NOW + KEPT_US) == 0
        assert sweep_notifications(connection, NOW + KEPT_US + 3) == 1
        assert connection.execute(sa.select(sa.func.count()).select_from(notification)).scalar() == 1
        assert connection.execute(sa.select(sa.func.count()).select_from(notification_read)).scalar() == 1
