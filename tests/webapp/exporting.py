"""A merchant with a list to export, its owner's browser, and the jobs that make files for it."""

import csv
import datetime
import io
from collections.abc import Iterator
from pathlib import Path

import openpyxl
import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from sql import exports
from sql.engine import reading
from sql.exports import Export
from tests.accounts import TestMerchant, csrf_token, make_merchant
from tests.shop import document, open_outlets, store
from tests.webapp.reading import owner_in_english
from webapp.export_jobs import Exports

DAY = datetime.date(2024, 5, 15)
OUTLETS = ("=Магазин на Немиге", "Киоск")


@pytest.fixture
def exports_folder(app: Flask, tmp_path: Path) -> Path:
    """A folder of this test; files of more than eight rows are made by the jobs."""
    app.config.update(EXPORTS_FOLDER=str(tmp_path / "exports"), EXPORT_ROWS_AT_ONCE=8)
    return tmp_path / "exports"


@pytest.fixture
def merchant(engine: sa.Engine) -> TestMerchant:
    """Two outlets: eight documents on one day, twelve on the next."""
    merchant = make_merchant(engine)
    open_outlets(engine, merchant.merchant_id, OUTLETS, first_sko=300000001)
    own = merchant.merchant_id
    store(
        engine,
        document(own, "sale", 5978, day=DAY),
        document(own, "sale", 3097, day=DAY, payment="cashless"),
        document(own, "sale", 3312, day=DAY, payment="other", outlet_id=2),
        document(own, "refund", 978, day=DAY),
        document(own, "sale", 1000, day=DAY, currency="EUR"),
        document(own, "deposit", 70_000, day=DAY, outlet_id=2),
        document(own, "shift_open", 0, day=DAY),
        document(own, "z_report", 0, day=DAY),
        *(document(own, "sale", 100 + place, day=DAY + datetime.timedelta(days=1)) for place in range(12)),
    )
    return merchant


@pytest.fixture
def owner(app: Flask, exports_folder: Path, merchant: TestMerchant) -> FlaskClient:
    """The browser of the owner, in English."""
    return owner_in_english(app, merchant)


@pytest.fixture
def jobs(engine: sa.Engine, exports_folder: Path) -> Iterator[Exports]:
    jobs = Exports(engine, str(exports_folder))
    yield jobs
    jobs.stop()


def post(client: FlaskClient, address: str, **form: str) -> TestResponse:
    return client.post(address, data={"csrf_token": csrf_token(client, "/exports"), **form}, buffered=True)


def ask(client: FlaskClient, query: str = "", subject: str = "documents", file_format: str = "csv") -> TestResponse:
    """Press the button of a page that shows this query string."""
    return post(client, f"/exports?{query}", subject=subject, format=file_format)


def asked(client: FlaskClient, query: str = "", subject: str = "documents", file_format: str = "csv") -> str:
    """Ask for a long file; returns its address."""
    response = ask(client, query, subject, file_format)
    assert response.status_code == 303, response.get_data(as_text=True)
    return str(response.location)


def fetch(client: FlaskClient, address: str) -> TestResponse:
    """The file of an export."""
    return client.get(f"{address}/file", buffered=True)


def find(engine: sa.Engine, merchant: TestMerchant, address: str) -> Export:
    with reading(engine) as connection:
        found = exports.find_export(connection, merchant.merchant_id, merchant.account_id, address.rpartition("/")[2])
    assert found
    return found


def table(response: TestResponse, separator: str = ",") -> list[list[str]]:
    """The lines of a CSV."""
    text = response.get_data().decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text, newline=""), delimiter=separator))


def workbook(response: TestResponse) -> openpyxl.Workbook:
    return openpyxl.load_workbook(io.BytesIO(response.get_data()))
