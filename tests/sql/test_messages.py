"""Messages are sent by one sender at a time, not after it is too late, and their secrets don't stay."""

import threading
from dataclasses import replace

import pytest
import sqlalchemy as sa

from sql import messages
from sql.engine import reading, writing
from sql.instants import HOUR_US, SECOND_US, now_us
from sql.messages import LEASE_US, Message
from sql.tables import message

MINUTE_US = 60 * SECOND_US
CODE = "Код: 123456"


def add(engine: sa.Engine, *, channel: messages.Channel = "sms", valid_for_us: int = 10 * MINUTE_US) -> int:
    with writing(engine) as connection:
        return messages.add_message(
            connection,
            channel=channel,
            recipient="+375291234567",
            subject="",
            text=CODE,
            valid_until_us=now_us() + valid_for_us,
        )


def claim(engine: sa.Engine, now: int | None = None, *, channel: messages.Channel = "sms") -> Message | None:
    with writing(engine) as connection:
        return messages.claim(connection, channel, now or now_us())


def claimed(engine: sa.Engine, now: int | None = None) -> Message:
    message = claim(engine, now)
    assert message is not None
    return message


def row(engine: sa.Engine) -> sa.Row:
    with reading(engine) as connection:
        return connection.execute(sa.select(message)).one()


def add_and_fail(engine: sa.Engine) -> None:
    with writing(engine) as connection:
        messages.add_message(
            connection, channel="sms", recipient="+375291234567", subject="", text=CODE, valid_until_us=1 << 60
        )
        raise LookupError


def test_message_of_a_transaction_that_fails_is_never_sent(engine: sa.Engine):
    with pytest.raises(LookupError):
        add_and_fail(engine)
    assert claim(engine) is None


def test_claimed_message_is_whole_and_nobody_elses(engine: sa.Engine):
    message_id = add(engine)
    first = claimed(engine)
    assert (first.message_id, first.recipient, first.text, first.attempts) == (message_id, "+375291234567", CODE, 1)
    assert claim(engine) is None
    assert claim(engine, first.due_us - 1) is None


def test_mail_and_sms_have_their_own_queues(engine: sa.Engine):
    add(engine, channel="mail")
    assert claim(engine, channel="sms") is None
    assert claim(engine, channel="mail") is not None


def test_due_for_longest_comes_first(engine: sa.Engine):
    added = [add(engine) for _ in range(3)]
    assert [claimed(engine).message_id for _ in added] == added


def test_many_senders_at_once_claim_each_message_once(engine: sa.Engine):
    added = [add(engine) for _ in range(20)]
    taken: list[int] = []

    def take() -> None:
        while (mine := claim(engine)) is not None:
            taken.append(mine.message_id)

    threads = [threading.Thread(target=take) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    # Whoever finds the only due ones locked goes home early, as a job does until its next round.
    while (left := claim(engine)) is not None:
        taken.append(left.message_id)
    assert sorted(taken) == added


def test_message_of_a_dead_sender_is_due_again_after_its_lease(engine: sa.Engine):
    add(engine)
    lost = claimed(engine)
    again = claimed(engine, lost.due_us)
    assert (again.message_id, again.attempts) == (lost.message_id, 2)
    with writing(engine) as connection:
        assert not messages.note_sent(connection, lost)
        assert not messages.note_later(connection, lost, "away", now_us())
        assert messages.note_sent(connection, again)
    assert row(engine).state == "sent"


def test_sent_message_keeps_no_secret_and_is_not_sent_again(engine: sa.Engine):
    add(engine)
    with writing(engine) as connection:
        assert messages.note_sent(connection, claimed_in(connection))
    assert (row(engine).state, row(engine).text) == ("sent", "")
    assert claim(engine, now_us() + LEASE_US) is None


def claimed_in(connection: sa.Connection) -> Message:
    message = messages.claim(connection, "sms", now_us())
    assert message is not None
    return message


def test_refused_message_keeps_the_reason_and_no_secret(engine: sa.Engine):
    add(engine)
    with writing(engine) as connection:
        assert messages.note_failed(connection, claimed_in(connection), "no such number " * 100)
    assert (row(engine).state, row(engine).text, len(row(engine).last_error)) == ("failed", "", messages.ERROR_MAX)


def test_pause_doubles_up_to_an_hour(engine: sa.Engine):
    add(engine, valid_for_us=1000 * HOUR_US)
    now, pauses = now_us(), []
    for _ in range(12):
        mine = claimed(engine, now)
        with writing(engine) as connection:
            assert messages.note_later(connection, mine, "away", now)
        pauses.append((row(engine).due_us - now) // SECOND_US)
        assert claim(engine, row(engine).due_us - 1) is None
        now = row(engine).due_us
    assert pauses == [10, 20, 40, 80, 160, 320, 640, 1280, 2560, 3600, 3600, 3600]
    assert (row(engine).state, row(engine).text, row(engine).last_error) == ("waiting", CODE, "away")


def test_message_is_given_up_where_the_next_try_would_be_too_late(engine: sa.Engine):
    add(engine, valid_for_us=MINUTE_US)
    now = now_us()
    for seconds in (0, 10, 30):
        mine = claimed(engine, now + seconds * SECOND_US)
        with writing(engine) as connection:
            messages.note_later(connection, mine, "away", now + seconds * SECOND_US)
    assert (row(engine).state, row(engine).text, row(engine).last_error) == ("failed", "", "away")


def test_expired_code_is_not_sent_and_swept(engine: sa.Engine):
    add(engine, valid_for_us=MINUTE_US)
    late = now_us() + MINUTE_US
    assert claim(engine, late) is None
    with writing(engine) as connection:
        assert messages.sweep_messages(connection, late) == (1, 0)
    assert (row(engine).state, row(engine).text, row(engine).last_error) == ("failed", "", messages.TOO_LATE)


def test_what_is_being_sent_is_not_swept(engine: sa.Engine):
    add(engine, valid_for_us=MINUTE_US)
    mine = claimed(engine)
    with writing(engine) as connection:
        assert messages.sweep_messages(connection, now_us() + 2 * MINUTE_US) == (0, 0)
        assert messages.note_sent(connection, mine)


def test_old_messages_are_deleted(engine: sa.Engine):
    add(engine, valid_for_us=MINUTE_US)
    now = now_us()
    for days_us, swept in (
        (0, (0, 0)),
        (2 * MINUTE_US, (1, 0)),
        (messages.KEPT_US, (0, 0)),
        (31 * 24 * HOUR_US, (0, 1)),
    ):
        with writing(engine) as connection:
            assert messages.sweep_messages(connection, now + days_us - SECOND_US) == swept


def test_first_due_is_of_its_own_kind(engine: sa.Engine):
    with reading(engine) as connection:
        assert messages.first_due_us(connection, "sms") is None
    add(engine)
    with reading(engine) as connection:
        assert messages.first_due_us(connection, "mail") is None
        assert (messages.first_due_us(connection, "sms") or 0) <= now_us()


def test_limits_are_those_of_the_columns():
    lengths = [message.c[name].type.length for name in ("recipient", "subject", "text", "last_error")]
    limits = [messages.RECIPIENT_MAX, messages.SUBJECT_MAX, messages.TEXT_MAX, messages.ERROR_MAX]
    assert limits == lengths


def test_a_claim_can_be_told_from_another_one(engine: sa.Engine):
    add(engine)
    mine = claimed(engine)
    with writing(engine) as connection:
        assert not messages.note_sent(connection, replace(mine, due_us=mine.due_us + 1))
