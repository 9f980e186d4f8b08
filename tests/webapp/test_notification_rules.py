"""Each rule finds what it is for, and nothing else."""

import datetime
import json
from typing import Any

from sql.instants import DAY_US, HOUR_US, SECOND_US, to_us
from sql.notifications import Finding
from sql.outlet_details import DAYS
from sql.registers_watched import Fault, Register
from tests.shop import MINSK
from webapp import notification_rules as rules

NOW = to_us(datetime.datetime(2026, 11, 24, 14, 0, tzinfo=MINSK))  # a Tuesday
DAILY = '{"mon": ["09:00", "21:00"], "tue": ["09:00", "21:00"]}'
ONE = Fault(1, 17)


def register(**changes: Any) -> Register:
    """One that has issued document 20 of its open shift a minute ago; nothing is wrong with it."""
    usual = {"number": 20, "shift": 3, "issued_us": NOW - 60 * SECOND_US, "opened_us": NOW - 5 * HOUR_US}
    return Register(1, 7, 2, **{**usual, **changes})


def found(rule: rules.Rule, **changes: Any) -> Finding | None:
    return rule(register(**changes), NOW)


def severity(rule: rules.Rule, **changes: Any) -> str | None:
    finding = found(rule, **changes)
    return finding and finding.severity


def test_a_healthy_register_is_worth_no_word() -> None:
    assert list(rules.judge([register(pause_us=HOUR_US), Register(1, 8, 2)], NOW)) == []


def test_a_finding_names_its_register_and_outlet() -> None:
    assert found(rules.gap, gap=Fault(3, 17)) == Finding(1, "gap", 2, 7, "warning", 3, {"number": 17})


def test_offline_while_it_has_not_been_heard_of_since() -> None:
    lost_us = NOW - HOUR_US
    assert found(rules.offline, offline_us=lost_us, issued_us=None).detail == {"since_us": lost_us}
    assert severity(rules.offline, offline_us=lost_us, issued_us=lost_us - 1) == "warning"
    assert severity(rules.offline, offline_us=NOW - DAY_US - 1, issued_us=None) == "critical"
    assert found(rules.offline, offline_us=lost_us, online_us=lost_us + 1, issued_us=None) is None
    assert found(rules.offline, offline_us=lost_us, issued_us=lost_us + 1) is None
    assert found(rules.offline) is None


def test_silent_for_longer_than_ever_while_its_outlet_is_open() -> None:
    quiet = {"hours": DAILY, "pause_us": HOUR_US}
    assert found(rules.silent, issued_us=NOW - HOUR_US, **quiet) is None
    assert found(rules.silent, issued_us=NOW - HOUR_US - 1, **quiet).detail == {"since_us": NOW - HOUR_US - 1}
    assert found(rules.silent, issued_us=NOW - HOUR_US - 1, hours=DAILY) is None, "its habits are not known"
    assert found(rules.silent, issued_us=None, **quiet) is None


def test_silence_counts_in_opening_hours_alone() -> None:
    last_evening_us = to_us(datetime.datetime(2026, 11, 23, 20, 30, tzinfo=MINSK))
    # Half an hour on Monday and five on Tuesday.
    quiet = {"hours": DAILY, "issued_us": last_evening_us}
    assert found(rules.silent, pause_us=int(5.5 * HOUR_US) - 1, **quiet)
    assert found(rules.silent, pause_us=int(5.5 * HOUR_US), **quiet) is None
    assert found(rules.silent, pause_us=int(5.5 * HOUR_US), issued_us=last_evening_us), "round the clock, if not told"


def test_who_has_closed_the_shift_is_expected_the_next_day() -> None:
    closed = {"hours": DAILY, "pause_us": HOUR_US, "z_number": 20}
    assert found(rules.silent, issued_us=NOW - 3 * HOUR_US, **closed) is None
    assert found(rules.silent, issued_us=NOW - DAY_US, **closed)


def test_who_has_closed_the_shift_at_night_is_expected_in_the_evening() -> None:
    nightly = json.dumps(dict.fromkeys(DAYS, ("18:00", "02:00")))
    closed = {"hours": nightly, "pause_us": HOUR_US, "z_number": 20}
    after_midnight_us = to_us(datetime.datetime(2026, 11, 24, 0, 30, tzinfo=MINSK))
    evening_us = to_us(datetime.datetime(2026, 11, 24, 18, 0, tzinfo=MINSK))
    register_ = register(**closed, issued_us=after_midnight_us)
    assert rules.silent(register_, evening_us + HOUR_US) is None
    assert rules.silent(register_, evening_us + HOUR_US + 1)


def test_an_offline_or_blocked_register_is_not_called_silent_as_well() -> None:
    quiet = {"pause_us": HOUR_US, "issued_us": NOW - DAY_US}
    assert found(rules.silent, **quiet)
    assert found(rules.silent, **quiet, offline_us=NOW - HOUR_US) is None
    assert found(rules.silent, **quiet, blocked_us=NOW - HOUR_US) is None
    assert found(rules.silent, **quiet, blocked_us=NOW - HOUR_US, unblocked_us=NOW - 1)


def test_documents_with_faults_are_counted() -> None:
    for rule, badness in (
        (rules.gap, "warning"),
        (rules.quarantined, "critical"),
        (rules.conflict, "warning"),
        (rules.z_differs, "warning"),
        (rules.delivery_refused, "critical"),
    ):
        name = rule.__name__
        assert found(rule) is None
        assert found(rule, **{name: ONE}) == Finding(1, name, 2, 7, badness, 1, {"number": 17})


def test_a_shift_that_is_open_for_more_than_a_day() -> None:
    assert found(rules.shift_open, opened_us=NOW - DAY_US) is None
    assert found(rules.shift_open, opened_us=NOW - DAY_US - 1).detail == {"since_us": NOW - DAY_US - 1, "shift": 3}
    assert found(rules.shift_open, opened_us=NOW - DAY_US - 1, z_number=20) is None
    assert found(rules.shift_open, opened_us=None) is None


def test_a_document_of_a_shift_that_was_closed_before() -> None:
    assert found(rules.shift_closed, z_number=19).detail == {"number": 20, "shift": 3}
    assert found(rules.shift_closed, z_number=20) is None, "the Z-report itself"
    assert found(rules.shift_closed) is None


def test_a_certificate_30_7_and_1_days_before_its_end() -> None:
    for left_us, expected in (
        (30 * DAY_US + 1, None),
        (30 * DAY_US, "info"),
        (7 * DAY_US, "warning"),
        (DAY_US, "critical"),
        (-DAY_US, "critical"),
    ):
        assert severity(rules.certificate, certificate_until_us=NOW + left_us) == expected


def test_a_register_that_says_itself_that_its_certificate_expires() -> None:
    said = {"certificate_expiring_us": NOW - DAY_US}
    assert severity(rules.certificate, **said) == "warning"
    assert found(rules.certificate, certificate_expiring_us=NOW - 31 * DAY_US) is None
    assert found(rules.certificate, **said, certificate_until_us=NOW + 90 * DAY_US) is None, "it has a new one"


def test_memory_that_ran_low_lately() -> None:
    assert severity(rules.memory_low, memory_low_us=NOW - DAY_US) == "warning"
    assert found(rules.memory_low, memory_low_us=NOW - 4 * DAY_US) is None


def test_settings_that_were_refused() -> None:
    assert found(rules.settings_refused, settings_state="rejected", settings_version=4).detail == {"version": 4}
    assert found(rules.settings_refused, settings_state="applied", settings_version=4) is None
