"""`kabinet sko …`: what the operator writes down of a register is what its company sees."""

import datetime
import json
from typing import Any

import pytest
import sqlalchemy as sa

from sql.engine import reading
from sql.sko_details import sko_details
from sql.tables import journal
from tests.webapp.test_cli import MERCHANT, OUTLET, SKO, Kabinet
from webapp.journal_words import details_in_words

NUMBER = "300012345"
DESCRIBE = ["sko", "describe", NUMBER]
DEVICE = ["--serial-number", "IK00012345", "--firmware", "3.8.1"]
DEVICE += ["--registered", "2026-03-02", "--certificate-until", "2027-03-01"]


@pytest.fixture
def kabinet(engine: sa.Engine, database_url: str) -> Kabinet:
    kabinet = Kabinet(database_url)
    kabinet.json(*MERCHANT)
    kabinet.json(*OUTLET)
    kabinet.json(*SKO)
    return kabinet


def told(engine: sa.Engine) -> list[tuple[str, str, str, dict[str, Any]]]:
    with reading(engine) as connection:
        rows = connection.execute(sa.select(journal).where(journal.c.action == "register_described"))
        return [(row.actor, row.action, row.subject, json.loads(row.detail)) for row in rows]


def test_a_described_register_is_shown_so_and_the_journal_tells_of_it(engine: sa.Engine, kabinet: Kabinet):
    fields = ["serial_number", "firmware", "registered_us", "certificate_until_us"]
    assert kabinet.json(*DESCRIBE, *DEVICE) == {"number": NUMBER, "changed": fields}
    shown = kabinet.json("sko", "show", NUMBER)
    assert (shown["unp"], shown["outlet"], shown["model"]) == ("191832203", "Магазин 1", "smart")
    assert (shown["serial_number"], shown["firmware"]) == ("IK00012345", "3.8.1")
    assert (shown["registered"], shown["certificate_until"]) == ("2026-03-02", "2027-03-01")
    assert (shown["state"], shown["seen"], shown["settings_saved"]) == ("never", None, None)
    assert told(engine) == [("operator", "register_described", NUMBER, {"fields": fields})]


def test_days_are_those_of_the_outlet_and_the_last_day_counts(engine: sa.Engine, kabinet: Kabinet):
    kabinet.json(*DESCRIBE, *DEVICE)
    with reading(engine) as connection:
        details = sko_details(connection, 1, 1)
    moments = [
        datetime.datetime.fromtimestamp((instant_us or 0) / 1_000_000, datetime.UTC).isoformat()
        for instant_us in (details.registered_us, details.certificate_until_us)
    ]
    assert moments == ["2026-03-01T21:00:00+00:00", "2027-03-01T20:59:59+00:00"]  # Minsk is three hours ahead


def test_what_is_not_named_stays_and_the_same_again_is_no_news(engine: sa.Engine, kabinet: Kabinet):
    kabinet.json(*DESCRIBE, *DEVICE)
    assert kabinet.json(*DESCRIBE, "--firmware", "3.9", "--serial-number", "IK00012345")["changed"] == ["firmware"]
    assert kabinet.json(*DESCRIBE, "--firmware", "3.9")["changed"] == []
    shown = kabinet.json("sko", "show", NUMBER)
    assert (shown["serial_number"], shown["firmware"], shown["registered"]) == ("IK00012345", "3.9", "2026-03-02")
    assert [detail["fields"] for *_, detail in told(engine)][1:] == [["firmware"]]


def test_the_registers_of_a_company_are_listed(kabinet: Kabinet):
    [row] = kabinet.json("sko", "list", "--unp", "191832203")["skos"]
    assert row == {"number": NUMBER, "model": "smart", "outlet_id": 1, "state": "never", "seen": None}
    assert NUMBER in kabinet("sko", "list", "--unp", "191832203").output


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (DESCRIBE, "Say what is known of the device"),
        (["sko", "describe", "300099999", *DEVICE], "There is no СКО 300099999"),
        (["sko", "show", "300099999"], "There is no СКО 300099999"),
        (["sko", "list", "--unp", "100320487"], "No merchant has УНП 100320487"),
        ([*DESCRIBE, "--serial-number", "1" * 33], "is no text: 1 to 32 characters"),
        ([*DESCRIBE, "--firmware", "3\n8"], "is no text: 1 to 32 characters"),
        ([*DESCRIBE, "--firmware", ""], "is no text: 1 to 32 characters"),
        ([*DESCRIBE, "--registered", "02.03.2026"], "is no day: write it like 2026-10-01"),
        ([*DESCRIBE, "--certificate-until", "2027-02-29"], "is no day: write it like 2026-10-01"),
        ([*DESCRIBE, "--certificate-until", "9999-12-31"], "is no day: write it like 2026-10-01"),
        ([*DESCRIBE, "--firmware", "3.8", "--registered", "2099-01-01"], "is still to come"),
    ],
)
def test_each_mistake_gets_a_sentence_and_changes_nothing(
    engine: sa.Engine, kabinet: Kabinet, arguments: list[str], sentence: str
):
    result = kabinet(*arguments)
    assert result.exit_code in (1, 2)
    assert sentence in result.output
    assert "Traceback" not in result.output
    assert kabinet.json("sko", "show", NUMBER)["firmware"] == ""
    assert told(engine) == []


def test_the_journal_has_words_for_what_was_described():
    fields = ["serial_number", "firmware", "registered_us", "certificate_until_us"]
    assert "_" not in details_in_words({"fields": fields})[0]
