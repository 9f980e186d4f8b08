"""The jobs send each message once, soon, and again after a while if that did not work; no secret stays behind."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import sqlalchemy as sa

from sql.dialect import storage_errors
from sql.engine import connect, reading, writing
from sql.errors import StorageUnavailable
from sql.instants import SECOND_US, now_us
from sql.messages import Message
from sql.tables import message
from tests.mail_server import MailServer
from webapp import message_jobs
from webapp.mail import MailSender, MailSettings
from webapp.message_jobs import Messages, Queue, load_senders, without_secrets
from webapp.messages import queue_mail, queue_sms
from webapp.outbox import Outbox
from webapp.senders import Sender

TEXT = "Ваша ссылка: https://kabinet.example/reset/abc123"


@pytest.fixture
def server() -> Iterator[MailServer]:
    with MailServer() as server:
        yield server


def mail_sender(server: MailServer) -> MailSender:
    settings = MailSettings.from_environment(mail_environment(server))
    assert settings is not None
    return MailSender(settings)


def mail_environment(server: MailServer) -> dict[str, str]:
    return {"SMTP_URL": f"smtp://127.0.0.1:{server.port}", "MAIL_FROM": "Kabinet <noreply@kabinet.example>"}


def queue(engine: sa.Engine, *, to: str = "owner@romashka.by") -> int:
    with writing(engine) as connection:
        return queue_mail(connection, to=to, subject="Новый пароль", text=TEXT)


def rows(engine: sa.Engine) -> list[sa.Row]:
    with reading(engine) as connection:
        return list(connection.execute(sa.select(message).order_by(message.c.message_id)))


def wait_until(condition: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_queued_mail_is_sent_soon(engine: sa.Engine, server: MailServer):
    jobs = Messages(engine, {"mail": mail_sender(server), "sms": None})
    jobs.start()
    time.sleep(0.1)
    queue(engine)
    wait_until(lambda: bool(server.mails))
    wait_until(lambda: rows(engine)[0].state == "sent")
    jobs.stop()
    (row,) = rows(engine)
    assert (row.text, row.last_error, row.attempts) == ("", None, 1)
    assert server.mails[0].get_content().strip() == TEXT


def test_two_processes_send_each_mail_once(engine: sa.Engine, database_url: str, server: MailServer):
    for number in range(30):
        queue(engine, to=f"person{number}@romashka.by")
    other = connect(database_url)
    workers = [Messages(each, {"mail": mail_sender(server)}) for each in (engine, other)]
    for worker in workers:
        worker.start()
    wait_until(lambda: all(row.state == "sent" for row in rows(engine)))
    for worker in workers:
        worker.stop()
    other.dispose()
    assert sorted(mail["To"] for mail in server.mails) == sorted(f"person{number}@romashka.by" for number in range(30))
    assert {row.attempts for row in rows(engine)} == {1}


def test_refused_mail_is_given_up_without_its_link(engine: sa.Engine, server: MailServer):
    queue(engine)
    queue(engine)
    server.data_answers.append("554 Spam: https://kabinet.example/reset/abc123 is not wanted")
    Messages(engine, {"mail": mail_sender(server)}).drain()
    refused, sent = rows(engine)
    assert (refused.state, refused.text, refused.last_error) == ("failed", "", "554 Spam: … is not wanted")
    assert (sent.state, len(server.mails)) == ("sent", 1)


def test_mail_that_is_not_taken_now_is_sent_later(engine: sa.Engine, server: MailServer):
    queue(engine)
    server.recipient_answers.append("451 Greylisted")
    jobs = Messages(engine, {"mail": mail_sender(server)})
    jobs.drain()
    (row,) = rows(engine)
    assert (row.state, row.attempts, row.last_error) == ("waiting", 1, "451 Greylisted")
    assert TEXT in row.text
    assert row.due_us > now_us() + 5 * SECOND_US
    with writing(engine) as connection:
        connection.execute(sa.update(message).values(due_us=now_us()))
    jobs.drain()
    assert (rows(engine)[0].state, rows(engine)[0].attempts, len(server.mails)) == ("sent", 2, 1)


def test_server_that_is_away_is_tried_ever_more_rarely(engine: sa.Engine):
    with MailServer() as server:
        sender = mail_sender(server)
    away = Queue(engine, "mail", sender, threading.Event())
    for _ in range(8):
        queue(engine)
    assert [away.round() for _ in range(7)] == [1, 2, 4, 8, 16, 30, 30]
    with MailServer(port=server.port) as back:
        assert away.round() == 0
        assert away.round() == message_jobs.POLL_S
        assert len(back.mails) == 1
    assert {row.state for row in rows(engine)} == {"waiting", "sent"}


def test_expired_code_is_not_sent(engine: sa.Engine, tmp_path: Path):
    with writing(engine) as connection:
        queue_sms(connection, to="+375291234567", text="Код: 123456", valid_until_us=now_us() - 1)
    Messages(engine, {"sms": Outbox(tmp_path / "outbox")}).drain()
    (row,) = rows(engine)
    assert (row.state, row.text, (tmp_path / "outbox").exists()) == ("failed", "", False)


@dataclass
class Breaking:
    """Sends nothing: it fails in a way that nobody has thought of, once."""

    sent: list[Message] = field(default_factory=list)

    def send(self, message: Message) -> None:
        self.sent.append(message)
        if len(self.sent) == 1:
            raise LookupError("Код 123456 went astray")

    def rest(self) -> None:
        pass


def test_unforeseen_failure_stops_nothing(engine: sa.Engine):
    with writing(engine) as connection:
        for _ in range(2):
            queue_sms(connection, to="+375291234567", text="Код: 123456")
    Messages(engine, {"sms": Breaking()}).drain()
    first, second = rows(engine)
    assert (first.state, first.last_error) == ("waiting", "Код … went astray")
    assert second.state == "sent"


class LosingTheDatabase:
    """The database goes away while the message is being sent, and comes back a moment later."""

    def __init__(self, engine: sa.Engine) -> None:
        self.sent = 0
        self._engine = engine
        self._refusals = 2

    def send(self, _message: Message) -> None:
        self.sent += 1
        sa.event.listen(self._engine, "begin", self._refuse)

    def _refuse(self, _connection: sa.Connection) -> None:
        if self._refusals:
            self._refusals -= 1
            raise StorageUnavailable("away")

    def rest(self) -> None:
        pass


def test_message_is_not_sent_twice_because_the_database_was_away(engine: sa.Engine):
    queue(engine)
    sender = LosingTheDatabase(engine)
    Messages(engine, {"mail": sender}).drain()
    assert (sender.sent, rows(engine)[0].state) == (1, "sent")


def test_database_that_is_away_is_asked_again(database_url: str, server: MailServer, tmp_path: Path):
    away = "sqlite:///" + str(tmp_path / "empty.db") if "sqlite" in database_url else "postgresql://x@127.0.0.1:9/x"
    engine = connect(away)
    with pytest.raises(StorageUnavailable), storage_errors():
        Queue(engine, "mail", mail_sender(server), threading.Event()).round()
    engine.dispose()


def test_without_a_way_messages_wait_and_the_log_says_so_once(engine: sa.Engine, capsys: pytest.CaptureFixture[str]):
    queue(engine)
    jobs = Messages(engine, load_senders(development=False, environment={}))
    said: list[str] = []

    def times_said() -> tuple[int, int]:
        said.extend(capsys.readouterr())
        return "".join(said).count("SMTP_URL"), "".join(said).count("SMS_URL")

    jobs.start()
    wait_until(lambda: all(times_said()))
    time.sleep(1.5)  # another round goes by
    jobs.stop()
    assert times_said() == (1, 1)
    assert [(row.state, row.attempts) for row in rows(engine)] == [("waiting", 0)]


def test_ways_are_those_of_the_settings(server: MailServer):
    outboxes = load_senders(development=True, environment={})
    assert [type(sender) for sender in outboxes.values()] == [Outbox, Outbox]
    mixed: dict[str, Sender | None] = {**load_senders(development=True, environment=mail_environment(server))}
    assert [type(sender) for sender in mixed.values()] == [MailSender, Outbox]
    with pytest.raises(ValueError, match="SMS_URL must be like"):
        load_senders(development=True, environment={"SMS_URL": "nowhere"})


def test_errors_keep_no_code_and_no_link():
    text = "Код: 123456.\nСсылка (https://k.example/r/x1): никому не говорите."
    assert without_secrets("no 123456, no https://k.example/r/x1!", text) == "no …, no …!"
    assert without_secrets("550 говорите тише", text) == "550 говорите тише"


def test_jobs_send_mails_and_end_when_told(engine: sa.Engine, database_url: str, server: MailServer, tmp_path: Path):
    queue(engine)
    environment = {**os.environ, "KABINET_ENV": "development", "DATABASE_URL": database_url, **mail_environment(server)}
    command = [str(Path(sys.executable).parent / "kabinet"), "jobs"]
    with subprocess.Popen(command, env=environment, cwd=tmp_path, stderr=subprocess.PIPE) as process:
        wait_until(lambda: bool(server.mails))
        with writing(engine) as connection:
            queue_sms(connection, to="+375291234567", text="Код: 123456")
        wait_until(lambda: [row.state for row in rows(engine)] == ["sent", "sent"])
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=30)
    assert process.returncode == 0, errors.decode()
    (file,) = (tmp_path / "var" / "outbox").iterdir()
    assert file.name in errors.decode()


def test_jobs_say_wrong_settings_in_a_sentence(database_url: str, tmp_path: Path):
    environment = {**os.environ, "KABINET_ENV": "development", "DATABASE_URL": database_url, "SMTP_URL": "nowhere"}
    command = [str(Path(sys.executable).parent / "kabinet"), "jobs", "--once"]
    ended = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ended.returncode != 0
    assert "SMTP_URL must be like" in ended.stderr
    assert "Traceback" not in ended.stderr
