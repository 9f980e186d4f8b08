"""In development messages become files that their owner alone reads, and the log says where."""

import stat
from pathlib import Path

import pytest

from sql.messages import Message
from webapp.outbox import Outbox

NOON_US = 1_795_424_400_000_000  # 2026-11-23T09:00 UTC


def message(**changes: object) -> Message:
    values = {"message_id": 7, "channel": "mail", "recipient": "owner@romashka.by", "subject": "Вход"}
    times = {"created_us": NOON_US, "valid_until_us": NOON_US, "due_us": NOON_US, "attempts": 1}
    return Message(**{**values, "text": "Код: 123456", **times, **changes})


def test_message_becomes_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    outbox = Outbox(tmp_path / "var" / "outbox")
    outbox.send(message())
    (path,) = (tmp_path / "var" / "outbox").iterdir()
    assert path.name == "2026-11-23-090000-mail-7.txt"
    assert path.read_text() == "To: owner@romashka.by\nSubject: Вход\n\nКод: 123456\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    said = "".join(capsys.readouterr())
    assert path.name in said
    assert "123456" not in said


def test_sms_has_no_subject_and_sent_again_is_the_same_file(tmp_path: Path):
    outbox = Outbox(tmp_path)
    outbox.send(message(channel="sms", recipient="+375291234567", subject="", text="long text"))
    outbox.send(message(channel="sms", recipient="+375291234567", subject="", text="short"))
    outbox.rest()
    (path,) = tmp_path.iterdir()
    assert path.read_text() == "To: +375291234567\n\nshort\n"
