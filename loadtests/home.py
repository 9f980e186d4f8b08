"""Home under a year of turnover of many registers: how long it takes, and that more documents don't make it slower."""

import statistics
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from random import Random

import requests

from loadtests import cabinet, company, servers
from loadtests.databases import Databases
from loadtests.generator import sales
from loadtests.register import MINSK
from sql.documents import NewDocument, insert_documents
from sql.engine import Engine, connect, writing
from sql.instants import SECOND_US, to_us
from sql.tables import TURNOVER_COUNTERS
from sql.turnover import Deltas, add_turnover

UNP = "190000018"
OUTLETS = 20
REGISTERS = 500
MULTIPLES = (1, 10)  # documents a register and day
WARM_UP, REQUESTS = 20, 200
GOAL_MS = 25


class Crowd:
    """A merchant with many registers, before they have sold anything."""

    def __init__(self, days: int) -> None:
        self._days = days
        self._login: company.Login | None = None
        self._merchant_id = 0

    def prepare(self, engine: Engine, url: str) -> None:
        self._login = company.add_merchant(UNP, "ООО «Замер»", url)
        found = company.find_merchant(engine, UNP)
        assert found is not None, "it was added just now"
        self._merchant_id = found
        a_piece = REGISTERS // OUTLETS
        numbers = {
            store_id: [f"5{store_id:04d}{place:04d}" for place in range(a_piece)] for store_id in range(1, OUTLETS + 1)
        }
        company.ensure_places(engine, found, company.places_of_stores(numbers))

    def table(self, source: Databases) -> Iterator[str]:
        """A row for each number of documents, as Markdown."""
        assert self._login is not None, "the database is prepared first"
        for multiple in MULTIPLES:
            with source.fresh() as url:
                documents = self._fill(url, multiple)
                with servers.web(url) as server, requests.Session() as session:
                    cabinet.log_in(session, self._login, server.url)
                    cabinet.home_milliseconds(session, server.url, WARM_UP)
                    taken = cabinet.home_milliseconds(session, server.url, REQUESTS)
            p95 = statistics.quantiles(taken, n=20)[18]
            yield (
                f"| {source.name} | {REGISTERS} | {self._days} | {documents:,}"
                f" | {statistics.median(taken):.1f} / {p95:.1f} | p95 ≤ {GOAL_MS} |"
            )

    def _fill(self, url: str, multiple: int) -> int:
        """Sales for every register and day up to today, and their turnover; returns how many."""
        engine = connect(url)
        bodies = list(sales(1, "500010000", 1000))
        today = datetime.now(MINSK).date()
        for ago in range(self._days):
            day = today - timedelta(days=ago)
            first = (self._days - 1 - ago) * multiple + 1
            rows = [
                row for sko_id in range(1, REGISTERS + 1) for row in self._rows(day, sko_id, first, multiple, bodies)
            ]
            with writing(engine) as connection:
                insert_documents(connection, rows)
                add_turnover(connection, _turnover(rows))
        engine.dispose()
        return REGISTERS * self._days * multiple

    def _rows(self, day: date, sko_id: int, first: int, count: int, bodies: list[bytes]) -> Iterator[NewDocument]:
        random = Random(sko_id * 1_000_003 + first)
        morning_us = to_us(datetime(day.year, day.month, day.day, 0, 1, tzinfo=MINSK))
        for number in range(first, first + count):
            issued_us = morning_us + (number - first) * SECOND_US
            total = random.randrange(100, 20_000)
            yield NewDocument(
                merchant_id=self._merchant_id,
                sko_id=sko_id,
                number=number,
                type="sale",
                uid=f"{sko_id:012X}{number:012X}",
                shift=1,
                issued_us=issued_us,
                day=day,
                outlet_id=(sko_id - 1) % OUTLETS + 1,
                currency="BYN",
                cashier="Иванова",
                offline=False,
                total_minor=total,
                cash_minor=total,
                cashless_minor=0,
                other_minor=0,
                discount_minor=0,
                target_number=None,
                base_sko=None,
                base_number=None,
                received_us=issued_us,
                body=bodies[number % len(bodies)],
            )


def _turnover(rows: list[NewDocument]) -> Deltas:
    deltas: Deltas = {}
    for row in rows:
        key = (row.merchant_id, row.day, row.outlet_id, row.sko_id, row.currency)
        counters = deltas.setdefault(key, [0] * len(TURNOVER_COUNTERS))
        for name, amount in (
            ("sales_count", 1),
            ("sales_minor", row.total_minor),
            ("sales_cash_count", 1),
            ("sales_cash_minor", row.cash_minor),
        ):
            counters[TURNOVER_COUNTERS.index(name)] += amount
    return deltas
