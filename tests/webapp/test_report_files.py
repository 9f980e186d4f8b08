"""The report as an Excel file: three sheets, made in the background, kept for thirty days."""

import datetime
import io

import openpyxl
import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from sql.engine import writing
from sql.exports import LONG_KEPT_US, sweep_exports
from sql.instants import DAY_US, HOUR_US, now_us
from sql.tables import export as export_table
from tests import till
from tests.accounts import TestMerchant, make_merchant
from tests.people import add_person
from tests.shop import open_outlets
from tests.webapp.exporting import ask, asked, exports_folder, fetch, find, jobs
from tests.webapp.reading import browser_in_english
from tests.webapp.reporting import DAYS, NOON, refuse, report
from webapp import export_reports
from webapp.export_jobs import Exports

__all__ = ["exports_folder", "jobs"]

HOUR = datetime.timedelta(hours=1)


@pytest.fixture
def merchant(engine: sa.Engine) -> TestMerchant:
    """Two outlets, with a document, an invalid one and an event each."""
    merchant = make_merchant(engine)
    own = merchant.merchant_id
    open_outlets(engine, own, ("Универсам", "Киоск"))
    for sko_id, number in ((1, "300000001"), (2, "300000002")):
        till.ring_up(engine, till.sale(1, at=NOON, sko=number))
        refuse(engine, own, till.sale(2, sko=number) | {"cashier": "=1+1"}, sko_id=sko_id, outlet_id=sko_id)
        report(engine, own, "error", sko_id=sko_id, detail=f"=Сбой {sko_id}")
    return merchant


@pytest.fixture
def owner(app: Flask, engine: sa.Engine, exports_folder: object, merchant: TestMerchant) -> FlaskClient:
    return browser_in_english(app, engine, merchant)


def sheets(client: FlaskClient, address: str) -> dict[str, list[tuple[object, ...]]]:
    """The sheets of a file by their names, without their headings."""
    book = openpyxl.load_workbook(io.BytesIO(fetch(client, address).data))
    return {name: list(book[name].iter_rows(min_row=2, values_only=True)) for name in book.sheetnames}


def test_report_has_three_sheets_and_says_what_it_is(owner: FlaskClient, jobs: Exports) -> None:
    address = asked(owner, DAYS, "reports", "xlsx")
    jobs.drain()
    found = sheets(owner, address)
    assert list(found) == ["Valid documents", "Invalid documents", "Events", "About this file"]
    assert [(row[3], row[5], row[7]) for row in found["Valid documents"]] == [
        ("300000002", 1, 2.45),
        ("300000001", 1, 2.45),
    ]
    invalid = found["Invalid documents"]
    assert {(row[1], row[2], row[3]) for row in invalid} == {("Универсам", "300000001", 2), ("Киоск", "300000002", 2)}
    assert {(row[4], row[5], row[7]) for row in invalid} == {("The total doesn't add up", "total", "Not corrected")}
    assert '"cashier": "=1+1"' in str(invalid[0][8])
    assert {row[4] for row in found["Events"]} == {"=Сбой 1", "=Сбой 2"}
    assert found["Events"][0][0] == NOON.replace(tzinfo=None)
    assert ("Period", "1 Mar 2026 – 7 Mar 2026") in found["About this file"]


def test_report_is_never_made_while_somebody_waits(app: Flask, owner: FlaskClient) -> None:
    app.config["EXPORT_ROWS_AT_ONCE"] = 1_000
    assert ask(owner, DAYS, "reports", "xlsx").status_code == 303


def test_report_is_no_csv(owner: FlaskClient) -> None:
    assert ask(owner, DAYS, "reports", "csv").status_code == 400


def test_manager_gets_the_own_outlet_alone(
    app: Flask, engine: sa.Engine, merchant: TestMerchant, owner: FlaskClient, jobs: Exports
) -> None:
    refuse(engine, merchant.merchant_id, {"type": "?"}, sko_id=None, outlet_id=None)
    account_id = add_person(engine, merchant.merchant_id, "m@romashka.by", "manager", outlet_ids=[2])
    manager = browser_in_english(app, engine, merchant, account_id)
    address = asked(manager, DAYS, "reports", "xlsx")
    jobs.drain()
    found = sheets(manager, address)
    assert [row[3] for row in found["Valid documents"]] == ["300000002"]
    assert [row[2] for row in found["Invalid documents"]] == ["300000002"]
    assert [row[2] for row in found["Events"]] == ["300000002"]


def test_long_tables_are_read_in_steps(
    owner: FlaskClient, engine: sa.Engine, merchant: TestMerchant, jobs: Exports, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export_reports, "STEP_ROWS", 3)
    for place in range(7):
        report(engine, merchant.merchant_id, "error", at=NOON + place * HOUR + HOUR, detail=str(place))
        refuse(engine, merchant.merchant_id, till.sale(10 + place), at=NOON + place * HOUR)
    address = asked(owner, DAYS, "reports", "xlsx")
    jobs.drain()
    found = sheets(owner, address)
    assert [row[3] for row in found["Invalid documents"]][:6] == [16, 15, 14, 13, 12, 11]
    assert len(found["Invalid documents"]) == len(found["Events"]) == 9
    exported = find(engine, merchant, address)
    assert exported.rows_done == exported.rows_total == 20


def test_report_stands_on_the_page_for_thirty_days(
    owner: FlaskClient, engine: sa.Engine, merchant: TestMerchant, jobs: Exports
) -> None:
    address = asked(owner, DAYS, "reports", "xlsx")
    assert "is being made" in owner.get("/reports").text
    jobs.drain()
    page = owner.get("/reports").text
    assert f'href="{address}"' in page
    assert "ready" in page
    assert "It is kept for 30 days." in owner.get(address).text

    def left_after(days: int) -> int:
        before = now_us() - days * DAY_US + HOUR_US
        with writing(engine) as connection:
            connection.execute(sa.update(export_table).values(created_us=before, beat_us=before))
            return 1 - sweep_exports(connection)

    assert left_after(days=30) == 1
    assert left_after(days=31) == 0
    assert LONG_KEPT_US["reports"] == 30 * DAY_US
