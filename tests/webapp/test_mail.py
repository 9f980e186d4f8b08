"""Mails reach a real server as they were written, encrypted, and what goes wrong is told apart."""

import socket
import time
from collections.abc import Iterator
from email.headerregistry import Address
from pathlib import Path
from urllib.parse import quote

import pytest

from sql.instants import SECOND_US, from_us
from sql.messages import Message
from tests.mail_server import PASSWORD, USER, MailServer, make_certificate
from webapp import mail
from webapp.mail import MailSender, MailSettings, compose
from webapp.senders import NotSent, Refused, Unreachable

SENDER = "Кабинет <noreply@kabinet.example>"
NOW_US = 1_795_424_400_123_456


def message(**changes: object) -> Message:
    values = {
        "message_id": 7,
        "channel": "mail",
        "recipient": "owner@romashka.by",
        "subject": "Новый пароль",
        "text": "Здравствуйте!\n\n.Точка в начале строки\nhttps://kabinet.example/" + "x" * 900 + "\n",
        "created_us": NOW_US,
        "valid_until_us": NOW_US + SECOND_US,
        "due_us": NOW_US,
        "attempts": 1,
    }
    return Message(**{**values, **changes})


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_certificate(tmp_path_factory.mktemp("certificate"))


@pytest.fixture
def server() -> Iterator[MailServer]:
    with MailServer() as server:
        yield server


def settings(url: str, sender: str = SENDER) -> MailSettings:
    read = MailSettings.from_environment({"SMTP_URL": url, "MAIL_FROM": sender})
    assert read is not None
    return read


def sender_to(server: MailServer, *, scheme: str = "smtp", login: str = "", options: str = "") -> MailSender:
    return MailSender(settings(f"{scheme}://{login}127.0.0.1:{server.port}{options}"))


def test_mail_arrives_as_it_was_written(server: MailServer):
    sender = sender_to(server)
    sender.send(message())
    sender.rest()
    (envelope,), (mail,) = server.envelopes, server.mails
    assert (envelope.mail_from, envelope.rcpt_tos) == ("noreply@kabinet.example", ["owner@romashka.by"])
    assert mail.get_content().replace("\r\n", "\n") == message().text
    assert mail.get_content_type() == "text/plain"
    assert mail.get_content_charset() == "utf-8"
    assert (mail["From"], mail["To"], mail["Subject"]) == (SENDER, "owner@romashka.by", "Новый пароль")
    assert mail["Date"].datetime == from_us(NOW_US).replace(microsecond=0)
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Message-ID"] == f"<{NOW_US}.7@kabinet.example>"
    assert envelope.content.isascii()
    assert max(map(len, envelope.content.splitlines())) <= 998  # RFC 5322


def test_line_break_adds_no_header():
    forged = "Привет\r\nBcc: everybody@example.by"
    for change in ({"subject": forged}, {"recipient": "a@b.by\r\nBcc: c@d.by"}):
        with pytest.raises(ValueError, match=r"CR|LF|newline|linefeed|address"):
            compose(message(**change), Address("Kabinet", addr_spec="noreply@kabinet.example"))


def test_many_mails_go_over_one_connection(server: MailServer):
    sender = sender_to(server)
    for number in range(5):
        sender.send(message(message_id=number))
    sender.rest()
    sender.rest()
    assert (len(server.envelopes), server.connections) == (5, 1)
    sender.send(message())
    assert (len(server.envelopes), server.connections) == (6, 2)
    sender.rest()


def test_connection_that_broke_off_is_made_anew():
    with MailServer() as server:
        sender = sender_to(server)
        sender.send(message())
    with MailServer(port=server.port) as server:
        sender.send(message())
        sender.rest()
        assert len(server.envelopes) == 1


@pytest.mark.parametrize(("scheme", "tls"), [("smtp", False), ("smtps", True)])
def test_password_travels_encrypted(scheme: str, tls: bool, certificate: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with MailServer(certificate, tls=tls) as server:
        options = "" if tls else "?starttls=1"
        login = f"{quote(USER, safe='')}:{quote(PASSWORD, safe='')}@"
        sender = sender_to(server, scheme=scheme, login=login, options=options)
        sender.send(message())
        sender.rest()
        assert (len(server.envelopes), server.logins) == (1, 1)
        wrong = sender_to(server, scheme=scheme, login=f"{quote(USER)}:wrong@", options=options)
        with pytest.raises(Unreachable, match="535"):
            wrong.send(message())


@pytest.mark.parametrize(("scheme", "tls"), [("smtp", False), ("smtps", True)])
def test_server_with_a_strangers_certificate_gets_nothing(scheme: str, tls: bool, certificate: Path):
    with MailServer(certificate, tls=tls) as server:
        options = "" if tls else "?starttls=1"
        sender = sender_to(server, scheme=scheme, login="a:b@", options=options)
        with pytest.raises(Unreachable, match="CERTIFICATE_VERIFY_FAILED"):
            sender.send(message())
        assert server.envelopes == []


def test_server_that_can_not_encrypt_gets_nothing(server: MailServer):
    with pytest.raises(Unreachable, match="STARTTLS"):
        sender_to(server, options="?starttls=1").send(message())
    assert server.envelopes == []


@pytest.mark.parametrize("kind", ["recipient_answers", "data_answers"])
@pytest.mark.parametrize(
    ("answer", "expected"), [("550 5.1.1 No such user", Refused), ("451 4.7.1 Greylisted, come back", NotSent)]
)
def test_refusal_is_told_from_not_now(server: MailServer, kind: str, answer: str, expected: type[NotSent]):
    sender = sender_to(server)
    getattr(server, kind).append(answer)
    with pytest.raises(NotSent, match=answer[:9]) as raised:
        sender.send(message())
    assert type(raised.value) is expected
    sender.send(message())  # the next one goes
    sender.rest()
    assert len(server.envelopes) == 1


def test_server_that_is_away_is_unreachable(server: MailServer):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        sender = MailSender(settings(f"smtp://127.0.0.1:{free.getsockname()[1]}"))
        with pytest.raises(Unreachable, match="refused"):
            sender.send(message())


def test_server_that_says_nothing_is_given_up(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(mail, "TIMEOUT_S", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        begun_s = time.monotonic()
        with pytest.raises(Unreachable, match="timed out"):
            MailSender(settings(f"smtp://127.0.0.1:{silent.getsockname()[1]}")).send(message())
        assert time.monotonic() - begun_s < 5


@pytest.mark.parametrize(
    ("url", "host", "port", "encryption", "user", "password"),
    [
        ("smtp://mail.example.by", "mail.example.by", 587, "starttls", None, ""),
        ("smtp://mail.example.by:25?starttls=0", "mail.example.by", 25, "none", None, ""),
        (
            "smtp://me%40x.by:p%2Fw@mail.example.by:2525?starttls=1",
            "mail.example.by",
            2525,
            "starttls",
            "me@x.by",
            "p/w",
        ),
        ("smtps://me:pw@mail.example.by/", "mail.example.by", 465, "tls", "me", "pw"),
        ("smtp://localhost", "localhost", 25, "none", None, ""),
        ("smtp://[::1]:1025", "::1", 1025, "none", None, ""),
        ("smtp://localhost?starttls=1", "localhost", 587, "starttls", None, ""),
    ],
)
def test_settings_are_read_from_the_url(
    url: str, host: str, port: int, encryption: str, user: str | None, password: str
):
    read = settings(url)
    assert (read.host, read.port, read.encryption, read.user, read.password) == (host, port, encryption, user, password)
    assert (read.sender.display_name, read.sender.addr_spec) == ("Кабинет", "noreply@kabinet.example")
    assert password == "" or password not in repr(read)


@pytest.mark.parametrize(
    ("url", "sender", "sentence"),
    [
        ("mail.example.by:587", SENDER, "SMTP_URL must be like"),
        ("http://mail.example.by", SENDER, "SMTP_URL must be like"),
        ("smtp://", SENDER, "SMTP_URL must be like"),
        ("smtp://mail.example.by:99999", SENDER, "SMTP_URL must be like"),
        ("smtp://me:pa/ss@mail.example.by", SENDER, "SMTP_URL must be like"),
        ("smtp://mail.example.by?tls=1", SENDER, "option that is not known"),
        ("smtp://mail.example.by?starttls=yes", SENDER, "option that is not known"),
        ("smtps://mail.example.by?starttls=1", SENDER, "in one way or the other"),
        ("smtp://me:pw@mail.example.by?starttls=0", SENDER, "password unencrypted"),
        ("smtp://mail.example.by", "", "MAIL_FROM must be set"),
        ("smtp://mail.example.by", "Kabinet", "MAIL_FROM must be like"),
        ("smtp://mail.example.by", "Kabinet\r\nBcc: x@y.by <a@b.by>", "MAIL_FROM must be like"),
    ],
)
def test_wrong_settings_are_said_in_a_sentence(url: str, sender: str, sentence: str):
    with pytest.raises(ValueError, match=sentence) as raised:
        settings(url, sender)
    assert "pa/ss" not in str(raised.value)


def test_without_a_url_there_are_no_settings():
    assert MailSettings.from_environment({}) is None
