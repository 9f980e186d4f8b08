"""`python -m loadtests.polling`: many registers that poll for their settings, on one ingest process among documents.

A fresh database, an ingest service of our own, and the scenario of `polling_users.py`: each register asks once a minute
with a token of its own, while the registers of `make load` post their documents.
"""

import secrets
import sys
from typing import Any

import click
import msgspec
import sqlalchemy as sa

from loadtests import company, databases, servers, thresholds
from loadtests.run import MERCHANTS, REPORT, SECONDS_MAX, Stage, locust
from sql.engine import Engine, connect, reading, writing
from sql.instants import now_us
from sql.merchants import add_merchant
from sql.outlets import add_outlet
from sql.tables import api_token, placement, settings_version, sko, sko_directory
from sql.tokens import TOKEN_BYTES, hash_token
from sql.turnover import turnover_differences

CONNECTIONS = 200  # of the proxy that stands in front of ingest
REGISTERS_OF_MERCHANT = 1_000
# Ten cashiers, and texts of an ordinary length: about 2 KB.
CONTENT = msgspec.json.encode(
    {
        "users": [
            {
                "name": f"Кассир {place}",
                "password": "$pbkdf2-sha256$i=600000$c29sdHNvbHRzb2x0c29sdA$" + "A" * 43,
                "rights": ["sales", "refunds", "x_report", "z_report"],
            }
            for place in range(10)
        ],
        "receipt": {
            "outlet_name": "Магазин № 1",
            "address": "г. Минск, ул. Сторожёвская, 8",
            "phone": "+375 29 123-45-67",
            "advert": "Спасибо за покупку!",
        },
        "options": {"open_drawer": True},
    }
)


class PollingStage(Stage):
    """The registers that post, and beside them so many that only poll: each with a token and with settings."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self.polling: list[dict[str, str]] = []
        self._count = count

    def prepare(self, engine: Engine, url: str) -> None:
        super().prepare(engine, url)
        companies = -(-self._count // REGISTERS_OF_MERCHANT)
        for place, unp in enumerate(company.some_unps(MERCHANTS + companies)[MERCHANTS:]):
            numbers = range(place * REGISTERS_OF_MERCHANT, min((place + 1) * REGISTERS_OF_MERCHANT, self._count))
            with writing(engine) as connection:
                merchant_id = add_merchant(connection, unp=unp, name=f"ООО «Опрос {place}»")
                add_outlet(connection, merchant_id, name="Магазин", address="Минск")
                self.polling += _add_registers(connection, merchant_id, [f"8{number:08d}" for number in numbers])


def _add_registers(connection: sa.Connection, merchant_id: int, numbers: list[str]) -> list[dict[str, str]]:
    """As `add_sko`, `issue_token` and `save_settings` do it, but a thousand at once; returns numbers and tokens."""
    now = now_us()
    tokens = [f"kbt_{secrets.token_urlsafe(TOKEN_BYTES)}" for _ in numbers]
    keys: list[dict[str, Any]] = [{"merchant_id": merchant_id, "sko_id": place} for place in range(1, len(numbers) + 1)]
    rows: dict[sa.Table, list[dict[str, Any]]] = {
        sko: [{"number": number, "outlet_id": 1, "model": "smart", "created_us": now} for number in numbers],
        placement: [{"since_us": now, "outlet_id": 1} for _ in numbers],
        sko_directory: [{"number": number, "changed_us": now, "settings_version": 1} for number in numbers],
        api_token: [{"token_hash": hash_token(token), "scope": "sko", "created_us": now} for token in tokens],
        settings_version: [{"version": 1, "content": CONTENT, "saved_us": now, "state": "waiting"} for _ in numbers],
    }
    for table, values in rows.items():
        connection.execute(sa.insert(table), [key | row for key, row in zip(keys, values, strict=True)])
    return [{"sko": number, "token": token} for number, token in zip(numbers, tokens, strict=True)]


@click.command()
@click.option("--registers", type=click.IntRange(CONNECTIONS, 100_000), default=50_000, show_default=True)
@click.option("--seconds", type=click.IntRange(5, SECONDS_MAX), default=SECONDS_MAX, show_default=True)
@click.option("--database", type=click.Choice(list(databases.SOURCES)), default="postgresql", show_default=True)
def run(registers: int, seconds: int, database: str) -> None:
    """Have registers poll; fail on a broken threshold (they are for 50,000 registers) or a wrong total."""
    stage = PollingStage(registers)
    with databases.SOURCES[database](stage.prepare) as source, source.fresh() as url:
        with servers.ingest(url) as ingest:
            scene: dict[str, Any] = {"ingest_url": ingest.url, "registers": stage.registers, "polling": stage.polling}
            scene["thresholds"] = str(thresholds.OF_POLLING)
            users = CONNECTIONS + len(stage.registers)
            code = locust(scene, seconds, users, scenario="polling_users.py", users_a_second=users // 4)
            click.echo(f"The ingest process has held {ingest.peak_rss_bytes() / 1024**2:.0f} MB at the most.")
        engine = connect(url)
        with reading(engine) as connection:
            wrong = turnover_differences(connection)
        engine.dispose()
    click.echo(f"The report is in {REPORT}. Turnover differs from its documents in {len(wrong)} rows.")
    sys.exit(1 if code or wrong else 0)


if __name__ == "__main__":
    run()
