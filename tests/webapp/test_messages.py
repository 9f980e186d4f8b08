"""Pages can only queue what can be sent."""

import pytest
import sqlalchemy as sa

from sql.engine import reading, writing
from sql.instants import DAY_US, now_us
from sql.tables import message
from webapp.messages import SMS_VALID_US, mail_address, queue_mail, queue_sms


def rows(engine: sa.Engine) -> list[sa.Row]:
    with reading(engine) as connection:
        return list(connection.execute(sa.select(message).order_by(message.c.message_id)))


def test_messages_are_queued(engine: sa.Engine):
    with writing(engine) as connection:
        mail = queue_mail(connection, to="Owner@Romashka.BY", subject="Привет,\r\nмир", text="Раз\r\nдва\x00\n")
        code = queue_sms(connection, to="+375291234567", text="Код: 123456", valid_until_us=5)
    first, second = rows(engine)
    assert (first.message_id, first.recipient, first.subject) == (mail, "Owner@romashka.by", "Привет, мир")
    assert (first.text, first.state, first.attempts) == ("Раз\nдва\n", "waiting", 0)
    assert abs(first.valid_until_us - DAY_US - now_us()) < DAY_US / 24
    assert (second.message_id, second.recipient, second.text) == (code, "+375291234567", "Код: 123456")
    assert (second.subject, second.valid_until_us) == ("", 5)


def test_sms_without_an_end_is_useless_soon(engine: sa.Engine):
    with writing(engine) as connection:
        queue_sms(connection, to="+375291234567", text="Код: 123456")
    assert rows(engine)[0].valid_until_us <= now_us() + SMS_VALID_US


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("owner@romashka.by", "owner@romashka.by"),
        ("First.Last+tag@Mail.Example.BY", "First.Last+tag@mail.example.by"),
        ("info@ромашка.бел", "info@xn--80aa3agjl3d.xn--90ais"),
        ("root@localhost", "root@localhost"),
    ],
)
def test_address_is_written_as_it_goes_over_the_wire(address: str, expected: str):
    assert mail_address(address) == expected


@pytest.mark.parametrize(
    "address",
    [
        "",
        "owner",
        "@romashka.by",
        "owner@",
        "owner@romashka..by",
        "owner@-romashka.by",
        "owner@romashka.by\nBcc: x@y.by",
        "owner\r\n@romashka.by",
        "a b@romashka.by",
        "a@b@romashka.by",
        "владелец@romashka.by",
        "<owner@romashka.by>",
        "owner@romashka.by, other@romashka.by",
        "x" * 65 + "@romashka.by",
        "x@" + "a." * 130 + "by",
    ],
)
def test_what_is_no_address_is_not_queued(address: str):
    with pytest.raises(ValueError, match="is no e-mail address"):
        mail_address(address)


@pytest.mark.parametrize("phone", ["375291234567", "+37529", "+375 29 1234567", "+375291234567\n", "+٣٧٥٢٩١٢٣٤٥٦٧", ""])
def test_what_is_no_phone_number_is_not_queued(engine: sa.Engine, phone: str):
    with writing(engine) as connection, pytest.raises(ValueError, match="is no phone number"):
        queue_sms(connection, to=phone, text="Код")
    assert rows(engine) == []


def test_empty_and_endless_texts_are_not_queued(engine: sa.Engine):
    with writing(engine) as connection:
        with pytest.raises(ValueError, match="text of an SMS is empty"):
            queue_sms(connection, to="+375291234567", text=" \n")
        with pytest.raises(ValueError, match="at most 670"):
            queue_sms(connection, to="+375291234567", text="я" * 671)
        with pytest.raises(ValueError, match="at most 10000"):
            queue_mail(connection, to="a@b.by", subject="Я", text="я" * 10_001)
        with pytest.raises(ValueError, match="subject is empty"):
            queue_mail(connection, to="a@b.by", subject="\r\n", text="я")
