"""Webhooks are told one thing at a time, again if that fails, and never for nothing."""

import pytest
import sqlalchemy as sa

from sql import webhooks
from sql.accounts import add_account
from sql.engine import reading, writing
from sql.instants import HOUR_US, SECOND_US
from sql.webhooks import (
    KEPT_US,
    LEASE_US,
    PAUSE_MAX_US,
    TRIED_US,
    Claimed,
    Outgoing,
    claim,
    deliveries_of,
    first_due_us,
    note_attempt,
    queue_deliveries,
    remove_webhook,
    send_again,
    set_webhook,
    sweep_deliveries,
    webhook_of,
    with_webhook,
)
from tests.sql.rows import add_company

NOW = 1_795_424_400_000_000


@pytest.fixture
def merchant_id(engine: sa.Engine) -> int:
    return new_company(engine, "191832203")


def new_company(engine: sa.Engine, unp: str) -> int:
    merchant_id = add_company(engine, unp=unp, numbers=(unp,))
    with writing(engine) as connection:
        owner = add_account(connection, email=f"{unp}@a.by", phone="", password_hash="", totp_secret="")
        set_webhook(connection, merchant_id, url=f"https://{unp}.by/", created_by=owner, now_us=NOW)
    return merchant_id


def queue(engine: sa.Engine, merchant_id: int, *bodies: str, now_us: int = NOW) -> int:
    with writing(engine) as connection:
        return queue_deliveries(connection, [Outgoing(merchant_id, "opened", body) for body in bodies], now_us)


def take(engine: sa.Engine, now_us: int = NOW) -> Claimed | None:
    with writing(engine) as connection:
        return claim(connection, now_us)


def note(engine: sa.Engine, claimed: Claimed, now_us: int = NOW, *, is_sent: bool = True) -> bool:
    with writing(engine) as connection:
        return note_attempt(connection, claimed, "…", now_us, is_sent=is_sent)


def states(engine: sa.Engine, merchant_id: int) -> dict[str, str]:
    with reading(engine) as connection:
        return {each.body: each.state for each in deliveries_of(connection, merchant_id, 99)}


def test_what_is_queued_is_sent_once_in_order(engine: sa.Engine, merchant_id: int):
    queue(engine, merchant_id, "a")
    queue(engine, merchant_id, "b", now_us=NOW + 1)
    for body in "ab":
        claimed = take(engine, NOW + 2)
        assert claimed is not None
        assert (claimed.delivery.body, claimed.webhook.url) == (body, "https://191832203.by/")
        assert note(engine, claimed, NOW + 2)
    assert take(engine, NOW + 3) is None
    with reading(engine) as connection:
        assert first_due_us(connection) is None
    assert states(engine, merchant_id) == {"a": "sent", "b": "sent"}


def test_a_company_is_told_one_thing_at_a_time_and_holds_up_no_other(engine: sa.Engine, merchant_id: int):
    other = new_company(engine, "190000018")
    queue(engine, merchant_id, "a", "b")
    queue(engine, other, "c")
    taken = {claimed.delivery.body for claimed in (take(engine), take(engine)) if claimed}
    assert len(taken & {"a", "b"}) == 1
    assert "c" in taken
    assert take(engine) is None


def test_whoever_dies_has_lost_the_claim_and_the_delivery_keeps_its_id(engine: sa.Engine, merchant_id: int):
    queue(engine, merchant_id, "a")
    dead = take(engine)
    assert take(engine, NOW + LEASE_US - 1) is None
    again = take(engine, NOW + LEASE_US)
    assert dead is not None
    assert again is not None
    assert again.delivery.delivery_id == dead.delivery.delivery_id
    assert not note(engine, dead)
    assert note(engine, again)


def test_what_fails_is_tried_again_after_longer_and_longer_pauses(engine: sa.Engine, merchant_id: int):
    queue(engine, merchant_id, "a")
    now, pauses = NOW, []
    while (claimed := take(engine, now)) is not None:
        assert note(engine, claimed, now, is_sent=False)
        with reading(engine) as connection:
            due_us = first_due_us(connection)
        assert due_us is not None
        pauses.append(due_us - now)
        now = due_us
    assert pauses[:4] == [10 * SECOND_US, 20 * SECOND_US, 40 * SECOND_US, 80 * SECOND_US]
    assert max(pauses) == PAUSE_MAX_US == HOUR_US
    assert TRIED_US <= now - NOW <= TRIED_US + 2 * PAUSE_MAX_US
    assert states(engine, merchant_id) == {"a": "failed"}


def test_what_is_refused_is_not_in_the_way_of_the_rest(engine: sa.Engine, merchant_id: int):
    queue(engine, merchant_id, "bad")
    queue(engine, merchant_id, "good", now_us=NOW + 1)
    first = take(engine, NOW + 2)
    assert first is not None
    note(engine, first, NOW + 2, is_sent=False)
    second = take(engine, NOW + 2 + PAUSE_MAX_US)
    assert second is not None
    assert (first.delivery.body, second.delivery.body) == ("bad", "good")


def test_success_forgets_the_failures(engine: sa.Engine, merchant_id: int):
    queue(engine, merchant_id, "a")
    failed = take(engine)
    assert failed is not None
    note(engine, failed, is_sent=False)
    later = NOW + HOUR_US
    claimed = take(engine, later)
    assert claimed is not None
    assert (claimed.webhook.failures, claimed.delivery.attempts) == (1, 1)
    note(engine, claimed, later)
    with reading(engine) as connection:
        webhook = webhook_of(connection, merchant_id)
    assert webhook is not None
    assert webhook.failures == 0


def test_more_than_there_is_room_for_is_not_kept(engine: sa.Engine, merchant_id: int, monkeypatch):
    monkeypatch.setattr(webhooks, "WAITING_MAX", 3)
    assert queue(engine, merchant_id, "a", "b") == 0
    assert queue(engine, merchant_id, "c", "d", "e") == 2
    assert sorted(states(engine, merchant_id)) == ["a", "b", "c"]


def test_without_a_webhook_nothing_is_due(engine: sa.Engine, merchant_id: int):
    queue(engine, merchant_id, "a")
    with writing(engine) as connection:
        assert with_webhook(connection, [merchant_id, 99]) == {merchant_id}
        assert remove_webhook(connection, merchant_id)
        assert not remove_webhook(connection, merchant_id)
        assert with_webhook(connection, [merchant_id]) == set()
    assert take(engine) is None
    assert states(engine, merchant_id) == {}


def test_another_address_has_another_secret(engine: sa.Engine, merchant_id: int):
    with writing(engine) as connection:
        before = webhook_of(connection, merchant_id)
        secret = set_webhook(connection, merchant_id, url="https://b.by/", created_by=1, now_us=NOW + 1)
        after = webhook_of(connection, merchant_id)
    assert before is not None
    assert after is not None
    assert (after.url, after.secret) == ("https://b.by/", secret)
    assert before.secret != secret
    assert len(secret) >= 43


def test_what_was_given_up_can_be_sent_again(engine: sa.Engine, merchant_id: int):
    queue(engine, merchant_id, "a")
    claimed = take(engine)
    assert claimed is not None
    note(engine, claimed)
    other = new_company(engine, "190000018")
    with writing(engine) as connection:
        assert not send_again(connection, other, claimed.delivery.delivery_id, NOW)
        assert send_again(connection, merchant_id, claimed.delivery.delivery_id, NOW + 1)
    again = take(engine, NOW + 1)
    assert again is not None
    assert again.delivery.delivery_id == claimed.delivery.delivery_id


def test_the_log_is_swept(engine: sa.Engine, merchant_id: int):
    queue(engine, merchant_id, "a")
    with writing(engine) as connection:
        assert sweep_deliveries(connection, NOW + KEPT_US) == 0
        assert sweep_deliveries(connection, NOW + KEPT_US + 1) == 1
