"""Completeness: the map of numbers of all registers and of one, and shifts whose Z-report stands beside our sums."""

import datetime
import random
import re
from html import unescape

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from sql import completeness
from sql.completeness import Marked
from sql.engine import writing
from sql.intervals import Interval
from sql.number_runs import Stored
from sql.placements import move_sko
from sql.skos import Sko, add_sko
from tests import till
from tests.accounts import TestMerchant, make_merchant
from tests.shop import open_outlets
from tests.webapp.conftest import CountQueries
from tests.webapp.reading import AS_HTMX, words
from tests.webapp.reporting import DAYS, NOON, counter, deliver, refuse, z_report
from webapp import shift_page
from webapp.completeness_map import COLUMNS, register_map

DAY = datetime.timedelta(days=1)
QUERIES_OF_THE_MAP = 7  # session, outlets, registers; edges of the period, quarantine, stored and waiting numbers
QUERIES_OF_A_REGISTER = 10  # the same; the shifts, their sums and their Z-reports
ONE = "/reports/completeness/300000001"


@pytest.fixture
def merchant(engine: sa.Engine) -> TestMerchant:
    merchant = make_merchant(engine)
    open_outlets(engine, merchant.merchant_id, ("Универсам", "Киоск"))
    return merchant


def sell(engine: sa.Engine, *numbers: int, at: datetime.datetime = NOON, sko: str = till.FIRST_SKO) -> None:
    """Sales with these numbers, received and delivered before whatever comes next."""
    till.ring_up(
        engine, *(till.sale(number, at=at + datetime.timedelta(seconds=number), sko=sko) for number in numbers)
    )
    deliver(engine)


# --- all registers ---------------------------------------------------------------------------------------------------


def test_everything_is_here(owner: FlaskClient, engine: sa.Engine) -> None:
    sell(engine, 1, 2, 3)
    sell(engine, 1, 2, sko="300000002")
    text = words(owner.get(f"/reports/completeness?{DAYS}").text)
    assert "Everything is here Complete 2 registers" in text
    assert "to look at" not in text


def test_each_register_is_called_by_its_worst(owner: FlaskClient, engine: sa.Engine, merchant: TestMerchant) -> None:
    own = merchant.merchant_id
    with writing(engine) as connection:
        for number in ("300000003", "300000004", "300000005", "300000006"):
            add_sko(connection, own, number=number, outlet_id=1, model="smart")
    sell(engine, 1, 2, 5)
    sell(engine, 1, 3, sko="300000002")
    sell(engine, 2, sko="300000002")
    sell(engine, 1, 2, 4, sko="300000003")
    refuse(engine, own, till.sale(3) | {"total": 1}, sko_id=3)
    sell(engine, 1, 2, sko="300000004")
    refuse(engine, own, till.sale(2), code="different_content", sko_id=4)
    sell(engine, 1, 2, 3, sko="300000005")
    response = owner.get(f"/reports/completeness?{DAYS}")
    text = words(response.text)
    assert "4 registers to look at" in text
    assert "Complete 1 register Late, but here 1 register, 1 number Contradicted 1 register, 1 number" in text
    assert "In quarantine 1 register, 1 number Missing 1 register, 2 numbers" in text
    assert "300000001 Универсам Missing: 2" in text
    assert "Everything is here 1 300000005" in text
    assert "Nothing issued in these days 1 300000006" in text
    lines = re.findall(r'class="map-line" href="([^"?]+)', response.text)
    assert [line[-1] for line in lines] == ["1", "3", "4", "2"]


def test_what_waits_for_its_delivery_is_here(owner: FlaskClient, engine: sa.Engine) -> None:
    sell(engine, 1, 2)
    till.ring_up(engine, till.sale(3, at=NOON))
    assert "Everything is here" in words(owner.get(f"/reports/completeness?{DAYS}&sko=300000001").text)


def test_what_is_missing_between_two_days_belongs_to_the_later_one(owner: FlaskClient, engine: sa.Engine) -> None:
    sell(engine, 1, 2, at=NOON - 30 * DAY)
    sell(engine, 5, 6)
    sell(engine, 9, at=NOON + 30 * DAY)
    text = words(owner.get(f"{ONE}?{DAYS}").text)
    assert "№ 3 – № 6" in text
    assert "Missing 2 № 3–4" in text
    text = words(owner.get(f"{ONE}?from=2026-01-01&to=2026-02-28").text)
    assert "№ 1 – № 2" in text
    assert "Here 2 of 2" in text


def test_what_came_in_a_bad_form_before_the_period_is_not_missing_in_it(
    owner: FlaskClient, engine: sa.Engine, merchant: TestMerchant
) -> None:
    sell(engine, 1, at=NOON - 3 * DAY)
    refuse(engine, merchant.merchant_id, till.sale(2) | {"total": 1}, at=NOON - 2 * DAY)
    sell(engine, 4)
    days = "from=2026-03-02&to=2026-03-02"
    assert "300000001 Универсам In quarantine: 1 Missing: 1" in words(owner.get(f"/reports/completeness?{days}").text)
    page = owner.get(f"{ONE}?{days}").text
    assert "In quarantine 1 № 2 The documents" in words(page)
    assert "Missing 1 № 3" in words(page)
    [address] = re.findall(r'href="(/reports/invalid\?[^"]*)">The documents', page)
    assert "Register 300000001 · № 2" in words(owner.get(unescape(address)).text)


def test_what_came_in_a_bad_form_before_the_first_document_is_of_its_period(
    owner: FlaskClient, engine: sa.Engine, merchant: TestMerchant
) -> None:
    refuse(engine, merchant.merchant_id, till.sale(1) | {"total": 1}, at=NOON + 7 * DAY)
    sell(engine, 3)
    text = words(owner.get(f"{ONE}?{DAYS}").text)
    assert "№ 1 – № 3" in text
    assert "Here 1 of 2" in text
    assert "In quarantine 1 № 1" in text
    sell(engine, 4, at=NOON + 7 * DAY)
    assert "Here 1 of 1" in words(owner.get(f"{ONE}?from=2026-03-08&to=2026-03-14").text)


def test_of_too_many_in_quarantine_the_last_ones_are_known(
    owner: FlaskClient, engine: sa.Engine, merchant: TestMerchant, monkeypatch
) -> None:
    monkeypatch.setattr(completeness, "QUARANTINED_MAX", 1)
    sell(engine, 1, 4)
    for number in (2, 3):
        refuse(engine, merchant.merchant_id, till.sale(number) | {"total": 1}, at=NOON + number * DAY)
    text = words(owner.get(f"{ONE}?{DAYS}").text)
    assert "In quarantine 1 № 3" in text
    assert "Missing 1 № 2" in text


def test_what_was_corrected_is_not_missing_any_more(
    owner: FlaskClient, engine: sa.Engine, merchant: TestMerchant
) -> None:
    sell(engine, 1, 3)
    refuse(engine, merchant.merchant_id, till.sale(2) | {"total": 1})
    assert "In quarantine 1 № 2" in words(owner.get(f"{ONE}?{DAYS}").text)
    sell(engine, 2)
    text = words(owner.get(f"{ONE}?{DAYS}").text)
    assert "In quarantine 0" in text
    assert "Late, but here 1 № 2" in text


def test_clock_that_was_set_back_loses_nothing(owner: FlaskClient, engine: sa.Engine) -> None:
    sell(engine, 1, 2, at=NOON + DAY)
    sell(engine, 3, 4, at=NOON)
    assert "Missing 0" in words(owner.get(f"{ONE}?{DAYS}").text)


def test_many_registers_are_a_few_queries(
    owner: FlaskClient, engine: sa.Engine, merchant: TestMerchant, count_queries: CountQueries
) -> None:
    with writing(engine) as connection:
        for number in range(300000003, 300000070):
            add_sko(connection, merchant.merchant_id, number=str(number), outlet_id=1, model="smart")
    for number in range(300000003, 300000070):
        till.ring_up(engine, *(till.sale(place, at=NOON, sko=str(number)) for place in (1, 3)))
    with count_queries() as queries:
        response = owner.get(f"/reports/completeness?{DAYS}")
    assert len(queries) == QUERIES_OF_THE_MAP
    assert response.text.count('class="map-line"') == 50
    assert "Show all 67" in words(response.text)
    assert owner.get(f"/reports/completeness?{DAYS}&show=all").text.count('class="map-line"') == 67
    assert owner.get("/reports/completeness?show=some").status_code == 400
    with count_queries() as queries:
        owner.get(f"{ONE}?{DAYS}")
    assert len(queries) <= QUERIES_OF_A_REGISTER


def test_fragment_is_what_the_page_includes(owner: FlaskClient, engine: sa.Engine) -> None:
    sell(engine, 1, 3)
    for address in ("/reports/completeness", ONE):
        fragment = owner.get(f"{address}?{DAYS}", headers=AS_HTMX)
        assert "<html" not in fragment.text
        assert fragment.headers["HX-Push-Url"] == f"{address}?{DAYS}"
        assert "Missing" in fragment.text


# --- the outlets of a manager ----------------------------------------------------------------------------------------


def test_register_is_shown_for_the_time_at_the_outlet(
    owner: FlaskClient, manager: FlaskClient, engine: sa.Engine, merchant: TestMerchant
) -> None:
    sell(engine, 1, 2, 4, at=datetime.datetime.now(NOON.tzinfo) - DAY)
    with writing(engine) as connection:
        move_sko(connection, merchant.merchant_id, 1, 2)
    sell(engine, 5, 7, at=datetime.datetime.now(NOON.tzinfo) + datetime.timedelta(seconds=2))
    assert "№ 1 – № 7" in words(owner.get(ONE).text)
    assert "№ 1 – № 4" in words(owner.get(f"{ONE}?outlet=1").text)
    text = words(manager.get(ONE).text)
    assert "№ 5 – № 7" in text
    assert "Here 2 of 3" in text
    assert manager.get("/reports/completeness/300000009").status_code == 404


def test_register_of_another_outlet_is_not_there(manager: FlaskClient, engine: sa.Engine) -> None:
    till.ring_up(engine, till.common("shift_open", 1, at=NOON))
    assert manager.get(ONE).status_code == 404
    assert manager.get(f"{ONE}/shifts/1").status_code == 404
    assert "300000001" not in manager.get(f"/reports/completeness?{DAYS}").text


def test_shift_with_documents_of_another_outlet_is_not_shown(
    owner: FlaskClient, manager: FlaskClient, engine: sa.Engine, merchant: TestMerchant
) -> None:
    before = datetime.datetime.now(NOON.tzinfo) - DAY
    till.ring_up(engine, till.common("shift_open", 1, at=before), till.sale(2, at=before))
    with writing(engine) as connection:
        move_sko(connection, merchant.merchant_id, 1, 2)
    later = datetime.datetime.now(NOON.tzinfo) + datetime.timedelta(seconds=2)
    till.ring_up(engine, till.sale(3, at=later), z_report(4, counter(count=2, cash=490), at=later))
    assert owner.get(f"{ONE}/shifts/1").status_code == 200
    assert manager.get(f"{ONE}/shifts/1").status_code == 404
    assert "Shift 1" not in manager.get(ONE).text


# --- shifts ----------------------------------------------------------------------------------------------------------


def test_shift_agrees_with_its_documents(owner: FlaskClient, engine: sa.Engine) -> None:
    till.ring_up(
        engine,
        till.common("shift_open", 1, at=NOON),
        till.sale(2, at=NOON),
        till.sale(3, at=NOON),
        z_report(4, counter(count=2, cash=490)),
    )
    text = words(owner.get(f"{ONE}?{DAYS}").text)
    assert "Shift 1 2 Mar 2026, 12:00 – 2 Mar 2026, 12:00 Z-report № 4 Agrees" in text
    text = words(owner.get(f"{ONE}/shifts/1").text)
    assert "Sales, receipts 2 2 0 Sales 4.90 4.90 0 Sales in cash 4.90 4.90 0" in text
    assert "What explains" not in text


def test_difference_is_explained_by_the_documents_behind_it(
    owner: FlaskClient, engine: sa.Engine, merchant: TestMerchant
) -> None:
    till.ring_up(
        engine,
        till.common("shift_open", 1, at=NOON),
        till.sale(2, at=NOON),
        till.sale(5, at=NOON) | {"shift": 2},
        z_report(7, counter(count=4, cash=1_000)),
        till.sale(8, at=NOON),
    )
    page = refuse(engine, merchant.merchant_id, till.sale(3) | {"total": 100})
    assert "Differs" in words(owner.get(f"{ONE}?{DAYS}").text)
    response = owner.get(f"{ONE}/shifts/1")
    text = words(response.text)
    assert "Sales, receipts 4 2 \N{MINUS SIGN}2 Sales 10.00 4.90 \N{MINUS SIGN}5.10" in text
    assert "Missing: № 4, № 6." in text
    assert "Invalid: № 3 , Sale, 1.00 BYN: The total doesn't add up." in text
    assert "№ 5 , 2.45 BYN: among its numbers, but of shift 2." in text
    assert "№ 8 , 2.45 BYN: of this shift, but issued after its Z-report." in text
    assert page in response.text


def test_register_that_counts_otherwise_is_told_from_one_whose_documents_are_missing(
    owner: FlaskClient, engine: sa.Engine
) -> None:
    till.ring_up(
        engine,
        till.common("shift_open", 1, at=NOON),
        till.sale(2, at=NOON),
        z_report(3, counter(count=1, cash=245), counter("EUR", count=1, cash=5)),
    )
    text = words(owner.get(f"{ONE}/shifts/1").text)
    assert "the register itself has counted otherwise" in text
    assert "EUR What Z-report Documents Difference Sales, receipts 1 0" in text.replace(
        "Z-report and recomputation, EUR ", ""
    )


def test_every_counter_is_compared(owner: FlaskClient, engine: sa.Engine) -> None:
    sold = till.sale(2, at=NOON, payments=[("cash", 100), ("cashless", 100), ("other", 45)])
    till.ring_up(
        engine,
        till.common("shift_open", 1, at=NOON),
        sold,
        till.rollback(3, sold, at=NOON),
        till.receipt("refund", 4, [till.item("Хлеб", 245)], at=NOON),
        *(
            till.drawer(type_, 5 + place, 100 + place, at=NOON)
            for place, type_ in enumerate(("deposit", "withdrawal", "payout"))
        ),
        z_report(
            8,
            {
                "currency": "BYN",
                "sales": {"count": 1, "cash": 100, "cashless": 100, "other": 45, "sum": 245},
                "refunds": {"count": 1, "sum": 245},
                "rollbacks": {"count": 1, "sum": 245},
                "deposits": {"count": 1, "sum": 100},
                "withdrawals": {"count": 1, "sum": 101},
                "payouts": {"count": 1, "sum": 102},
            },
        ),
    )
    response = owner.get(f"{ONE}/shifts/1")
    assert "Agrees" in words(response.text)
    assert response.text.count('<th scope="row">') == 15


def test_open_shift_has_nothing_to_agree_with(owner: FlaskClient, engine: sa.Engine) -> None:
    till.ring_up(engine, till.common("shift_open", 1, at=NOON), till.sale(2, at=NOON))
    assert "No Z-report yet Not closed yet" in words(owner.get(f"{ONE}?{DAYS}").text)
    text = words(owner.get(f"{ONE}/shifts/1").text)
    assert "Sales, receipts – 1 –" in text
    assert "Not closed yet" in text
    assert "Document numbers № 1 – …" in text


def test_shift_after_which_another_was_opened_lacks_its_z_report(owner: FlaskClient, engine: sa.Engine) -> None:
    till.ring_up(
        engine,
        till.common("shift_open", 1, at=NOON),
        till.sale(2, at=NOON),
        till.common("shift_open", 4, at=NOON) | {"shift": 2},
    )
    text = words(owner.get(f"{ONE}?{DAYS}").text)
    assert re.search(r"Shift 2 [^№]* No Z-report yet Not closed yet Shift 1 [^№]* The Z-report is missing", text)
    assert "The Z-report is missing" in words(owner.get(f"{ONE}/shifts/1").text)


def test_only_the_last_of_too_many_shifts_are_shown(owner: FlaskClient, engine: sa.Engine, monkeypatch) -> None:
    monkeypatch.setattr(shift_page, "SHIFTS_MAX", 2)
    openings = [till.common("shift_open", number, at=NOON) | {"shift": number} for number in (1, 2, 3)]
    till.ring_up(engine, *openings[:2])
    assert "Only the last" not in words(owner.get(f"{ONE}?{DAYS}").text)
    till.ring_up(engine, openings[2])
    text = words(owner.get(f"{ONE}?{DAYS}").text)
    assert "Only the last 2 shifts of the period are shown" in text
    assert "Shift 2" in text
    assert "Shift 1" not in text


@pytest.mark.parametrize("path", ["300000001/shifts/9", "300000009/shifts/1", "абв", "300000001/shifts/99999999999"])
def test_unknown_register_or_shift_is_not_there(owner: FlaskClient, path: str) -> None:
    assert owner.get(f"/reports/completeness/{path}").status_code == 404


# --- the strip -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(30))
def test_strip_shows_whatever_is_amiss(seed: int) -> None:
    chance = random.Random(seed)
    size = chance.choice((1, 2, 50, 120, 121, 5_000))
    here = {number for number in range(1, size + 1) if chance.random() < 0.95}
    kept = {number for number in range(1, size + 1) if number not in here and chance.random() < 0.5}
    stored = Stored([Interval(number, number) for number in sorted(here)], [])
    found = register_map(
        Sko(1, 1, "1", 1, "smart"), [Interval(1, size)], stored, Marked(dict.fromkeys(kept, 0), {}), is_open=False
    )
    gone = set(range(1, size + 1)) - here - kept
    assert {n for first, last in found.missing for n in range(first, last + 1)} == gone
    assert {n for first, last in found.quarantined for n in range(first, last + 1)} == kept
    assert found.present_count == len(here)
    columns = {mark.first + place: mark.state for mark in found.strip for place in range(mark.width)}
    assert all(0 <= column < COLUMNS for column in columns)
    for number in gone:
        assert columns[(number - 1) * COLUMNS // size] == "missing"
