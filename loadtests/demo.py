"""`kabinet demo`: a merchant with enough receipts that every block of Home is full, for an empty database."""

import hashlib
import os
import time
from datetime import date, datetime, timedelta
from pathlib import Path

import click
import msgspec
import pyotp

from loadtests import billing, company, demo_settings, devices
from loadtests.feed import Days, Service, feed
from loadtests.generator import History
from loadtests.register import MINSK
from loadtests.replay import database, ingest_url, installed
from sql.engine import Engine, reading
from sql.merchants import has_merchants

KEPT = Path("var/demo.json")
UNP = "190000018"
NAME = "ООО «Ромашка»"
STORES = 20
OPEN_STORES = 10  # of them, chosen because they have sold something today
DAYS_MIN = 15  # a week, the one before to compare with, and today
GENERATED_STORES = 12
SEED = 1
STEP_S = 30  # of one-time codes (RFC 6238)


class Kept(msgspec.Struct):
    """What is kept of the demo in a file that only its owner reads."""

    database: str  # SHA-256 of its address
    login: company.Login
    ends: date
    filled: bool = False
    note: str = "How to log in as the demo merchant of a development database. No real merchant is ever kept here."

    @classmethod
    def read(cls, database_url: str) -> "Kept | None":
        """What was kept for this database, if anything was."""
        try:
            kept = msgspec.json.decode(KEPT.read_bytes(), type=cls)
        except FileNotFoundError:
            return None
        return kept if kept.database == fingerprint(database_url) else None

    def write(self) -> None:
        KEPT.parent.mkdir(exist_ok=True)
        with os.fdopen(os.open(KEPT, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(msgspec.json.format(msgspec.json.encode(self)))


def fingerprint(database_url: str) -> str:
    return hashlib.sha256(database_url.encode()).hexdigest()


@click.command()
@click.option("--url", default=ingest_url, help="Of the ingest service; INGEST_BIND if left out.")
def demo(url: str) -> None:
    """Fill an empty database with a demo merchant, or say again how to log in as it."""
    with database() as (engine, database_url):
        kept = Kept.read(database_url)
        if kept is None or company.find_merchant(engine, UNP) is None:
            with reading(engine) as connection:
                if has_merchants(connection):
                    click.echo("There are merchants already: the demo is for an empty database.")
                    return
            login = company.add_merchant(UNP, NAME, database_url)
            kept = Kept(fingerprint(database_url), login, datetime.now(MINSK).date())
            kept.write()
        if not kept.filled:
            fill_demo(engine, url, kept.ends)
            kept.filled = True
            kept.write()
        show(kept.login)


def fill_demo(engine: Engine, url: str, ends: date) -> None:
    """Post the current quarter, and two weeks at the least, up to now. Doing it again adds nothing. Raises NotTaken."""
    merchant_id = company.find_merchant(engine, UNP)
    assert merchant_id is not None, "the merchant is added first"
    quarter = date(ends.year, (ends.month - 1) // 3 * 3 + 1, 1)
    first = min(quarter, ends - timedelta(days=DAYS_MIN - 1))
    if installed():
        label = "Real receipts"
        places, days = _real(first, ends)
    else:
        label = "Generated receipts"
        click.echo("The data set of real receipts is not installed (the extra `data`): the demo's are generated.")
        places, days = _generated(first, ends)
    company.ensure_places(engine, merchant_id, places)
    devices.furnish(engine, merchant_id, ends)
    demo_settings.set_up(engine, merchant_id)
    billing.charge(engine, merchant_id, ends)
    with company.own_token(engine, merchant_id) as token:
        fed = feed(days, first, ends, Service(url, token), label)
    click.echo(f"{fed.accepted} documents of {len(places)} outlets are in; {fed.seconds:.0f} s.")


def _real(first: date, ends: date) -> tuple[list[company.Place], Days]:
    from loadtests import dataset, journey, year  # noqa: PLC0415  (they need the optional extra)

    data = dataset.DataSet()
    now = datetime.now(MINSK)
    # Some of the shops are those that have sold something today, however early it is.
    busiest = data.baskets_of_stores()
    today = data.baskets_of_last_day(now.time()) if now.date() == ends else {}
    opened = sorted(today, key=lambda store_id: (-today[store_id], -busiest[store_id]))[:OPEN_STORES]
    others = [store_id for store_id in busiest if store_id not in opened]
    stores = {store_id: busiest[store_id] for store_id in (opened + others)[:STORES]}
    chain = journey.Chain(data.products(), stores, "1")
    part = year.Part.of(stores, ends, first)
    return company.places_of_stores(chain.numbers()), year.days_of(part, data, chain, until=now)


def _generated(first: date, ends: date) -> tuple[list[company.Place], Days]:
    numbers = {store_id: [f"1{store_id:08d}"] for store_id in range(1, GENERATED_STORES + 1)}
    histories = [History(sko, SEED) for skos in numbers.values() for sko in skos]
    now = datetime.now(MINSK).isoformat()

    def days() -> Days:
        for day in (first + timedelta(days=place) for place in range((ends - first).days + 1)):
            documents = [document for history in histories for document in history.day(day)]
            yield day, [document for document in documents if document["issued_at"] <= now]

    return company.places_of_stores(numbers), days()


def show(login: company.Login) -> None:
    """Say how to log in."""
    left_s = STEP_S - int(time.time()) % STEP_S
    code = pyotp.TOTP(login.totp_secret, interval=STEP_S).now()
    # By name: browsers keep passkeys for names alone.
    place = (os.environ.get("WEB_BIND") or "127.0.0.1:8000").replace("127.0.0.1", "localhost")
    click.echo(
        f"\n  Open           http://{place}\n"
        f"  УНП            {login.unp}\n"
        f"  Password       {login.password}\n"
        f"  One-time code  {code}  (for {left_s} s more; `kabinet demo` prints the next one)\n"
        f"  Its secret     {login.totp_secret}  (for an authenticator app)\n"
    )
