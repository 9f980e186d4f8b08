"""The job looks at all registers, and tells each person and each company's own system what is new, once."""

import datetime
import json

import pytest
import sqlalchemy as sa

from sql import notification_people
from sql.engine import connect, reading, writing
from sql.events import NewEvent, insert_events
from sql.instants import DAY_US, HOUR_US, now_us
from sql.notification_lists import Reader, Wanted, read_notifications
from sql.notifications import KEPT_US, mute
from sql.preferences import Preference, set_preferences
from sql.skos import add_sko
from sql.tables import document, message, notification, sko, z_difference
from sql.webhooks import deliveries_of, set_webhook
from tests import till
from tests.accounts import TestMerchant, make_merchant
from tests.mailbox import mails_to
from tests.people import add_person
from tests.shop import open_outlets
from webapp import notification_jobs, notification_mail
from webapp.notification_jobs import Notifications
from webapp.notification_mail import digest_due_us

AT_ONCE = (Preference("connection", "at_once"),)


@pytest.fixture
def merchant(engine: sa.Engine) -> TestMerchant:
    merchant = make_merchant(engine)
    open_outlets(engine, merchant.merchant_id, ("Павильон", "Склад"))
    return merchant


def want(engine: sa.Engine, merchant: TestMerchant, *preferences: Preference, account_id: int | None = None) -> None:
    with writing(engine) as connection:
        set_preferences(connection, merchant.merchant_id, account_id or merchant.account_id, preferences)


def report(engine: sa.Engine, merchant: TestMerchant, kind: str, sko_id: int = 1, ago_us: int = HOUR_US) -> None:
    with writing(engine) as connection:
        at_us = now_us() - ago_us
        insert_events(connection, [NewEvent(merchant.merchant_id, sko_id, at_us, kind, None, at_us)])


def round_(engine: sa.Engine, origin: str | None = "https://kabinet.by") -> None:
    Notifications(engine, origin).drain()


def rules(engine: sa.Engine, merchant: TestMerchant, state: str = "open") -> list[tuple[str, int]]:
    with reading(engine) as connection:
        lines = read_notifications(connection, Reader(merchant.merchant_id, 0), Wanted(state=state), limit=99)
    return sorted((line.notification.rule, line.notification.sko_id) for line in lines)


def test_what_registers_do_opens_and_closes_notifications(engine: sa.Engine, merchant: TestMerchant) -> None:
    till.ring_up(engine, till.sale(1), till.sale(3))
    report(engine, merchant, "memory_low")
    report(engine, merchant, "offline", 2)
    round_(engine)
    assert rules(engine, merchant) == [("memory_low", 1), ("offline", 2)], "a gap is young yet"
    with writing(engine) as connection:
        connection.execute(sa.update(document).values(received_us=now_us() - HOUR_US))
        connection.execute(sa.text("DELETE FROM document_gap"))
        connection.execute(sa.text("UPDATE register_watch SET scanned_number = 1"))
    round_(engine)
    assert rules(engine, merchant) == [("gap", 1), ("memory_low", 1), ("offline", 2)]
    till.ring_up(engine, till.sale(2))
    report(engine, merchant, "online", 2, ago_us=0)
    round_(engine)
    assert rules(engine, merchant) == [("memory_low", 1)]
    assert rules(engine, merchant, "closed") == [("gap", 1), ("offline", 2)]


def test_what_was_settled_long_ago_is_forgotten(engine: sa.Engine, merchant: TestMerchant) -> None:
    report(engine, merchant, "offline")
    round_(engine)
    report(engine, merchant, "online", ago_us=0)
    round_(engine)
    assert rules(engine, merchant, "closed") == [("offline", 1)]
    with writing(engine) as connection:
        connection.execute(sa.update(notification).values(closed_us=now_us() - KEPT_US - 1))
    round_(engine)
    assert rules(engine, merchant, "closed") == []


def test_one_mail_tells_of_all_that_is_new_and_only_once(engine: sa.Engine, merchant: TestMerchant) -> None:
    want(engine, merchant, *AT_ONCE)
    report(engine, merchant, "offline", 1)
    report(engine, merchant, "offline", 2)
    report(engine, merchant, "memory_low", 1)
    for _ in range(3):
        round_(engine)
    [mail] = mails_to(engine, merchant.email)
    assert "Связь потеряна (300000001, Павильон)." in mail
    assert "300000002, Склад" in mail
    assert "https://kabinet.by/notifications" in mail
    assert "амят" not in mail, "that kind is not wanted"


def test_without_an_origin_the_mail_has_no_link(engine: sa.Engine, merchant: TestMerchant) -> None:
    want(engine, merchant, *AT_ONCE)
    report(engine, merchant, "offline")
    round_(engine, None)
    [mail] = mails_to(engine, merchant.email)
    assert "http" not in mail


def test_a_mail_of_hundreds_stays_readable(engine: sa.Engine, merchant: TestMerchant, monkeypatch) -> None:
    monkeypatch.setattr(notification_mail, "LINES_MAX", 1)
    want(engine, merchant, *AT_ONCE)
    report(engine, merchant, "offline", 1)
    report(engine, merchant, "offline", 2)
    round_(engine)
    [mail] = mails_to(engine, merchant.email)
    assert mail.count("Связь потеряна") == 1


def test_a_mail_of_long_names_is_sent(engine: sa.Engine, merchant: TestMerchant) -> None:
    with writing(engine) as connection:
        for number in range(notification_mail.LINES_MAX):
            add_sko(connection, merchant.merchant_id, number=f"4{number:08}", outlet_id=1, model="smart")
        connection.execute(sa.text("UPDATE outlet SET name = :name"), {"name": "Щ" * 256})
    want(engine, merchant, Preference("documents", "at_once"))
    with writing(engine) as connection:
        rows = [
            {"merchant_id": merchant.merchant_id, "sko_id": sko_id, "number": 2**53 - 1}
            for sko_id in range(1, notification_mail.LINES_MAX + 3)
        ]
        connection.execute(sa.insert(z_difference), rows)
    round_(engine)
    [mail] = mails_to(engine, merchant.email)
    assert mail.count("Щ).") == notification_mail.LINES_MAX


def test_a_manager_is_told_of_the_own_outlets_alone(engine: sa.Engine, merchant: TestMerchant) -> None:
    manager = add_person(engine, merchant.merchant_id, "manager@romashka.by", "manager", outlet_ids=[2])
    want(engine, merchant, *AT_ONCE, account_id=manager)
    report(engine, merchant, "offline", 1)
    round_(engine)
    assert mails_to(engine, "manager@romashka.by") == []
    report(engine, merchant, "offline", 2)
    round_(engine)
    [mail] = mails_to(engine, "manager@romashka.by")
    assert "300000001" not in mail


def test_who_has_left_or_is_disabled_is_not_told(engine: sa.Engine, merchant: TestMerchant) -> None:
    left = add_person(engine, merchant.merchant_id, "left@romashka.by", "support", expires_us=now_us() - 1)
    want(engine, merchant, *AT_ONCE, account_id=left)
    want(engine, merchant, *AT_ONCE)
    with writing(engine) as connection:
        connection.execute(sa.text("UPDATE account SET disabled_us = 1 WHERE email LIKE 'owner%'"))
    report(engine, merchant, "offline")
    round_(engine)
    with reading(engine) as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(message)).scalar() == 0


def test_what_is_muted_is_not_sent(engine: sa.Engine, merchant: TestMerchant) -> None:
    want(engine, merchant, *AT_ONCE)
    with writing(engine) as connection:
        by = {"muted_by": merchant.account_id, "now_us": now_us()}
        mute(connection, merchant.merchant_id, rule="offline", sko_id=1, reason="Ремонт", **by)
    report(engine, merchant, "offline", 1)
    round_(engine)
    assert mails_to(engine, merchant.email) == []


def test_a_connection_that_flickers_is_told_once(engine: sa.Engine, merchant: TestMerchant) -> None:
    want(engine, merchant, *AT_ONCE)
    for ago in range(10, 0, -2):
        report(engine, merchant, "offline", ago_us=ago * 1_000_000)
        round_(engine)
        report(engine, merchant, "online", ago_us=ago * 1_000_000 - 500_000)
        round_(engine)
    assert len(mails_to(engine, merchant.email)) == 1


def test_an_sms_names_the_first_and_counts_the_rest(engine: sa.Engine, merchant: TestMerchant) -> None:
    want(engine, merchant, Preference("connection", "never", by_sms=True))
    report(engine, merchant, "offline", 1)
    report(engine, merchant, "offline", 2)
    round_(engine)
    with reading(engine) as connection:
        [text] = connection.execute(sa.select(message.c.text).filter_by(channel="sms")).scalars()
    assert text.startswith("Kabinet: Связь потеряна (3000")
    assert "ещё 1" in text


def test_a_certificate_is_told_again_as_its_end_comes_nearer(engine: sa.Engine, merchant: TestMerchant) -> None:
    want(engine, merchant, Preference("devices", "at_once"))
    for days in (29, 28, 6, 5):
        with writing(engine) as connection:
            connection.execute(sa.update(sko).filter_by(sko_id=1).values(certificate_until_us=now_us() + days * DAY_US))
        round_(engine)
    assert len(mails_to(engine, merchant.email)) == 2
    assert rules(engine, merchant) == [("certificate", 1)]


def at(hour: int, day: int = 24) -> int:
    zone = datetime.timezone(datetime.timedelta(hours=3))
    return int(datetime.datetime(2026, 11, day, hour, tzinfo=zone).timestamp()) * 1_000_000


def test_the_mail_of_the_day_is_due_in_the_morning() -> None:
    assert digest_due_us(at(8)) == at(8)
    assert digest_due_us(at(23)) == at(8)
    assert digest_due_us(at(7)) == at(8, 23)


def opened(engine: sa.Engine, last_us: int) -> None:
    with writing(engine) as connection:
        connection.execute(sa.update(notification).values(last_us=last_us))


def test_the_mail_of_the_day_comes_once_a_day(engine: sa.Engine, merchant: TestMerchant, monkeypatch) -> None:
    want(engine, merchant, Preference("connection", "daily"))
    report(engine, merchant, "offline")
    due_us = now_us() + HOUR_US
    monkeypatch.setattr(notification_jobs, "digest_due_us", lambda _now: due_us - DAY_US)
    round_(engine)
    assert mails_to(engine, merchant.email) == [], "nothing was new before this morning"
    monkeypatch.setattr(notification_jobs, "digest_due_us", lambda _now: due_us)
    for _ in range(3):
        round_(engine)
    [mail] = mails_to(engine, merchant.email)
    assert "Связь потеряна" in mail
    monkeypatch.setattr(notification_jobs, "digest_due_us", lambda _now: due_us + DAY_US)
    round_(engine)
    assert len(mails_to(engine, merchant.email)) == 1, "it is not news any more"


def test_the_mail_of_the_day_tells_all_that_was_new_while_nothing_was_sent(
    engine: sa.Engine, merchant: TestMerchant, monkeypatch
) -> None:
    want(engine, merchant, Preference("connection", "daily"))
    due_us = now_us() - HOUR_US
    monkeypatch.setattr(notification_jobs, "digest_due_us", lambda _now: due_us)
    round_(engine)
    report(engine, merchant, "offline")
    round_(engine)
    monkeypatch.setattr(notification_jobs, "digest_due_us", lambda _now: due_us + 3 * DAY_US)
    round_(engine)
    [mail] = mails_to(engine, merchant.email)
    assert "Связь потеряна" in mail


def test_who_is_told_nothing_any_more_keeps_nobody_from_the_mail_of_the_day(
    engine: sa.Engine, merchant: TestMerchant, monkeypatch
) -> None:
    monkeypatch.setattr(notification_people, "PEOPLE_MAX", 1)
    other = add_person(engine, merchant.merchant_id, "other@romashka.by", "accountant")
    for account_id in (merchant.account_id, other):
        want(engine, merchant, Preference("connection", "daily"), account_id=account_id)
    with writing(engine) as connection:
        connection.execute(sa.text("UPDATE account SET disabled_us = 1 WHERE email LIKE 'owner%'"))
    report(engine, merchant, "offline")
    due_us = now_us() + HOUR_US
    monkeypatch.setattr(notification_jobs, "digest_due_us", lambda _now: due_us)
    round_(engine)
    round_(engine)
    assert mails_to(engine, merchant.email) == []
    assert len(mails_to(engine, "other@romashka.by")) == 1


def test_a_process_killed_in_the_middle_sends_nothing_twice(
    engine: sa.Engine, database_url: str, merchant: TestMerchant, monkeypatch
) -> None:
    want(engine, merchant, *AT_ONCE)
    report(engine, merchant, "offline")
    with monkeypatch.context() as patch:

        def die(*_arguments: object) -> None:
            raise SystemExit

        patch.setattr(notification_jobs, "tell_webhooks", die)  # after the mail was queued, before the commit
        with pytest.raises(SystemExit):
            round_(engine)
    assert (rules(engine, merchant), mails_to(engine, merchant.email)) == ([], [])
    other = connect(database_url)
    round_(other)
    round_(engine)
    other.dispose()
    assert rules(engine, merchant) == [("offline", 1)]
    assert len(mails_to(engine, merchant.email)) == 1


def test_the_companys_own_system_is_told_of_each_change(engine: sa.Engine, merchant: TestMerchant) -> None:
    with writing(engine) as connection:
        its = {"url": "https://romashka.by/hook", "created_by": merchant.account_id, "now_us": now_us()}
        set_webhook(connection, merchant.merchant_id, **its)
    report(engine, merchant, "offline")
    round_(engine)
    round_(engine)
    report(engine, merchant, "online", ago_us=0)
    round_(engine)
    with reading(engine) as connection:
        closed, first = deliveries_of(connection, merchant.merchant_id, 9)
    assert (first.event, closed.event) == ("opened", "closed")
    body = json.loads(first.body)
    told = body["notification"]
    assert (body["event"], told["rule"], told["severity"], told["count"]) == ("opened", "offline", "warning", 1)
    assert (told["sko"], told["outlet_id"], told["closed_at"]) == ("300000001", 1, None)
    assert datetime.datetime.fromisoformat(told["detail"]["since"]).tzinfo
    assert json.loads(closed.body)["notification"]["id"] == told["id"]
    assert json.loads(closed.body)["notification"]["closed_at"]


def test_a_database_that_is_away_is_asked_again_later(tmp_path) -> None:
    engine = connect(f"sqlite:///{tmp_path / 'empty.db'}")
    Notifications(engine, None).drain()
    engine.dispose()
