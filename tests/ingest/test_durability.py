"""Nothing acknowledged is lost or doubled, whatever dies."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import sqlalchemy as sa

from loadtests.cluster import Cluster
from sql.engine import connect, reading, writing
from sql.migrate import migrate
from sql.tables import document, turnover
from sql.tokens import issue_token, revoke_token
from sql.turnover import turnover_differences
from tests.ingest.servers import IngestProcess
from tests.ingest.test_rules import a_sale
from tests.sql.rows import add_company

SENDERS = 4
BATCH = 5


class Sender(threading.Thread):
    """A register that posts batch after batch, and sends a batch again until it is acknowledged."""

    def __init__(self, server: IngestProcess, token: str, sko: str, stop: threading.Event) -> None:
        super().__init__()
        self.server, self.token, self.sko, self.stop = server, token, sko, stop
        self.acknowledged = 0
        self.statuses: set[int | None] = set()

    def run(self) -> None:
        while not self.stop.is_set():
            numbers = range(self.acknowledged + 1, self.acknowledged + 1 + BATCH)
            batch = [a_sale(sko=self.sko, number=number) for number in numbers]
            status, answer = self.server.post(self.token, batch)
            self.statuses.add(status)
            if status == 200:
                assert answer["problems"] == []
                assert answer["accepted"] + answer["duplicates"] == BATCH
                self.acknowledged += BATCH
            else:
                time.sleep(0.05)


def senders_for(engine: sa.Engine, server: IngestProcess, stop: threading.Event) -> list[Sender]:
    numbers = tuple(f"30001234{place}" for place in range(SENDERS))
    merchant_id = add_company(engine, numbers=numbers)
    with writing(engine) as connection:
        _, token = issue_token(connection, scope="merchant", merchant_id=merchant_id)
    senders = [Sender(server, token, number, stop) for number in numbers]
    for sender in senders:
        sender.start()
    return senders


def check_all_there(engine: sa.Engine, senders: list[Sender]) -> None:
    with reading(engine) as connection:
        assert turnover_differences(connection) == []
        counts = dict(
            connection.execute(sa.select(document.c.sko_id, sa.func.count()).group_by(document.c.sko_id)).all()
        )
        counted = connection.execute(sa.select(sa.func.sum(turnover.c.sales_count))).scalar_one()
    for sko_id, sender in enumerate(senders, start=1):
        assert sender.acknowledged > 0
        assert counts[sko_id] == sender.acknowledged
    assert counted == sum(sender.acknowledged for sender in senders)


def wait_until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < deadline, "it has never come true"
        time.sleep(0.05)


def wait_for_more(senders: list[Sender]) -> None:
    enough = [sender.acknowledged + 2 * BATCH for sender in senders]
    wait_until(lambda: all(sender.acknowledged >= most for sender, most in zip(senders, enough, strict=True)))


def test_a_killed_process_loses_nothing_that_it_acknowledged(engine: sa.Engine, database_url: str):
    server = IngestProcess(database_url, INGEST_RATE_MERCHANT="0")
    stop = threading.Event()
    senders = senders_for(engine, server, stop)
    try:
        for _ in range(2):
            wait_for_more(senders)
            server.kill()
            server.start()
        wait_for_more(senders)
    finally:
        stop.set()
        for sender in senders:
            sender.join()
        server.stop()
    assert None in set.union(*(sender.statuses for sender in senders))  # connections did break
    check_all_there(engine, senders)


def test_a_database_that_dies_loses_and_doubles_nothing():
    cluster = Cluster(options=())
    engine = connect(cluster.url())
    try:
        migrate(engine)
        server = IngestProcess(cluster.url(), INGEST_RATE_MERCHANT="0")
        stop = threading.Event()
        senders = senders_for(engine, server, stop)
        try:
            wait_for_more(senders)
            cluster.stop("immediate")
            wait_until(lambda: server.get("/readyz") == 503)
            assert server.get("/healthz") == 200
            wait_until(lambda: all(503 in sender.statuses for sender in senders))
            cluster.start()
            wait_for_more(senders)
        finally:
            stop.set()
            for sender in senders:
                sender.join()
            server.stop()
        engine.dispose()
        check_all_there(engine, senders)
    finally:
        engine.dispose()
        cluster.remove()


def test_a_revoked_token_stops_within_five_seconds(engine: sa.Engine, database_url: str):
    merchant_id = add_company(engine)
    with writing(engine) as connection:
        token_id, token = issue_token(connection, scope="merchant", merchant_id=merchant_id)
    server = IngestProcess(database_url)
    try:
        assert server.post(token, [a_sale()])[0] == 200
        with writing(engine) as connection:
            revoke_token(connection, token_id)
        revoked_s = asked_s = time.monotonic()
        while server.post(token, [a_sale()])[0] != 401:
            assert asked_s - revoked_s < 5
            time.sleep(0.2)
            asked_s = time.monotonic()
    finally:
        server.stop()


def test_a_token_over_its_rate_is_told_when_to_come_again(engine: sa.Engine, database_url: str):
    merchant_id = add_company(engine)
    with writing(engine) as connection:
        _, token = issue_token(connection, scope="sko", merchant_id=merchant_id, sko_id=1)
    server = IngestProcess(database_url, INGEST_RATE_SKO="2")
    try:
        first = server.post(token, [a_sale()])
        with ThreadPoolExecutor(20) as threads:  # at once: the rate is that of a second
            others = list(threads.map(lambda _: server.post(token, [a_sale()]), range(20)))
    finally:
        server.stop()
    assert first[0] == 200
    assert (429, {"retry_after": "1"}) in others
