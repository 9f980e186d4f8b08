"""`make load`: a fresh database, our own servers, the scenario of `locustfile.py`, and a look at the books after it."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import click
import msgspec

from loadtests import company, databases, servers
from loadtests.servers import ROOT
from sql.engine import Engine, connect, reading, writing
from sql.skos import skos_of
from sql.tokens import issue_token
from sql.turnover import turnover_differences

MERCHANTS = 8
REGISTERS_OF_MERCHANT = 5
REPORT = Path("var/load.html")
SETTLE_S = 60
SECONDS_MAX = 120


class Stage:
    """The merchants who log in and the registers that post, each with its own token."""

    def __init__(self) -> None:
        self.logins: list[company.Login] = []
        self.registers: list[dict[str, str]] = []

    def prepare(self, engine: Engine, url: str) -> None:
        for place, unp in enumerate(company.some_unps(MERCHANTS), start=1):
            self.logins.append(company.add_merchant(unp, f"ООО «Нагрузка {place}»", url))
            merchant_id = company.find_merchant(engine, unp)
            assert merchant_id is not None, "it was added just now"
            numbers = {store_id: [f"7{place:03d}{store_id:05d}"] for store_id in range(1, REGISTERS_OF_MERCHANT + 1)}
            company.ensure_places(engine, merchant_id, company.places_of_stores(numbers))
            with writing(engine) as connection:
                for sko in skos_of(connection, merchant_id):
                    _, token = issue_token(connection, scope="sko", merchant_id=merchant_id, sko_id=sko.sko_id)
                    self.registers.append({"sko": sko.number, "token": token})


def locust(
    scene: dict[str, Any], seconds: int, users: int, *, scenario: str = "locustfile.py", users_a_second: int = 10
) -> int:
    """Run a scenario headless; returns its exit code: 0 if all thresholds are kept."""
    REPORT.parent.mkdir(exist_ok=True)
    with tempfile.NamedTemporaryFile(suffix=".json") as file:
        file.write(msgspec.json.encode(scene))
        file.flush()
        command = [str(Path(sys.executable).parent / "locust"), "-f", str(ROOT / "loadtests" / scenario)]
        options = ["--headless", "--only-summary", "--users", str(users), "--spawn-rate", str(users_a_second)]
        options += ["--run-time", f"{seconds}s", "--html", str(REPORT)]
        environment = {**os.environ, "KABINET_LOAD_SCENE": file.name}
        return subprocess.run([*command, *options], env=environment, timeout=seconds + SETTLE_S, check=False).returncode


@click.command()
@click.option("--seconds", type=click.IntRange(5, SECONDS_MAX), default=60, show_default=True)
@click.option("--database", type=click.Choice(list(databases.SOURCES)), default="postgresql", show_default=True)
def run(seconds: int, database: str) -> None:
    """Put a load of registers and merchants on all services; fail on a broken threshold or a wrong total."""
    stage = Stage()
    with databases.SOURCES[database](stage.prepare) as source, source.fresh() as url:
        with servers.ingest(url) as ingest, servers.web(url) as web:
            scene: dict[str, Any] = {"ingest_url": ingest.url, "web_url": web.url}
            scene |= {"registers": stage.registers, "logins": stage.logins}
            code = locust(scene, seconds, len(stage.registers) + len(stage.logins))
        engine = connect(url)
        with reading(engine) as connection:
            wrong = turnover_differences(connection)
        engine.dispose()
    click.echo(f"The report is in {REPORT}. Turnover differs from its documents in {len(wrong)} rows.")
    sys.exit(1 if code or wrong else 0)


if __name__ == "__main__":
    run()
