"""`make bench`: what one ingest process does on each database, every row beside its ceiling of the same run."""

import os
import platform
from collections.abc import Iterator
from typing import NamedTuple

import click

from loadtests import ceiling, databases, home, servers
from loadtests.company import some_unps
from loadtests.databases import Databases
from loadtests.hammer import Load, Measured, bodies, hammer
from sql.engine import Engine, connect, reading, writing
from sql.merchants import add_merchant
from sql.outlets import add_outlet
from sql.skos import add_sko, directory
from sql.tokens import issue_token
from sql.turnover import turnover_differences

MERCHANTS = 10
REGISTERS_OF_MERCHANT = 50
MEGABYTE = 1024 * 1024


class Scene(NamedTuple):
    """A way of posting, about how fast it goes (to know how much to prepare), and the goals on each database."""

    batch_documents: int
    connections: int
    rate: int
    goals: dict[str, float]


SCENES = (
    Scene(500, 32, 60_000, {"PostgreSQL": 0.65, "SQLite": 0.55}),
    Scene(100, 32, 40_000, {"PostgreSQL": 0.45, "SQLite": 0.4}),
    Scene(10, 32, 16_000, {"PostgreSQL": 0.2}),
    Scene(1, 128, 4_000, {"PostgreSQL": 0.33}),
)


class Row(NamedTuple):
    first: Measured
    again: Measured
    ceiling: float
    peak_rss_bytes: int


class Stage:
    """The merchants, registers and the token that every copy of the database has."""

    def __init__(self) -> None:
        self.token = ""
        self.skos: list[str] = []

    def prepare(self, engine: Engine, _url: str) -> None:
        """A gateway's token, and registers of several merchants."""
        with writing(engine) as connection:
            _, self.token = issue_token(connection, scope="operator")
            self.skos = []
            for unp in some_unps(MERCHANTS):
                merchant_id = add_merchant(connection, unp=unp, name=f"ООО «Замер {unp}»")
                outlet_id = add_outlet(connection, merchant_id, name="Магазин 1", address="Минск, ул. Мира, 1")
                for place in range(REGISTERS_OF_MERCHANT):
                    self.skos.append(f"{unp}{place:03d}")
                    add_sko(connection, merchant_id, number=self.skos[-1], outlet_id=outlet_id, model="smart")

    def load(self, scene: Scene, seconds: float, *, url: str = "", rounds: int = 1) -> Load:
        batches = max(scene.connections, round(scene.rate * seconds / scene.batch_documents))
        documents = batches * scene.batch_documents
        return Load(url, self.token, self.skos, documents, scene.batch_documents, scene.connections, rounds)


def raw_rate(stage: Stage, source: Databases, seconds: float) -> float:
    """Documents a second of the bare database, with the documents of the first scene."""
    with source.fresh() as url:
        engine = connect(url)
        with reading(engine) as connection:
            registers = directory(connection, stage.skos)
        engine.dispose()
        every_body = (body for several in bodies(stage.load(SCENES[0], seconds)) for body in several)
        return ceiling.raw_rate(url, ceiling.rows_of(every_body, registers), source.transaction_documents)


def noop_rate(stage: Stage, scene: Scene, seconds: float) -> float:
    """Requests a second of the bare server."""
    with servers.noop() as server:
        return hammer(stage.load(scene, seconds * 2, url=server.url))[0].rate


def measured(stage: Stage, source: Databases, scene: Scene, seconds: float, ceiling_rate: float) -> Row:
    """Everything once, and everything a second time. RuntimeError if anything is lost, doubled or miscounted."""
    with source.fresh() as url:
        with servers.ingest(url) as server:
            load = stage.load(scene, seconds, url=server.url, rounds=2)
            first, again = hammer(load)
            peak = server.peak_rss_bytes()
        if (first.accepted, again.duplicates) != (load.documents, load.documents):
            raise RuntimeError(f"{load.documents} documents were sent twice; the service counted {first} and {again}")
        engine = connect(url)
        with reading(engine) as connection:
            wrong = turnover_differences(connection)
        engine.dispose()
        if wrong:
            raise RuntimeError(f"Turnover differs from its documents: {wrong[0]}")
    return Row(first, again, ceiling_rate, peak)


def ingest_table(source: Databases, stage: Stage, seconds: float) -> Iterator[str]:
    """The rows of one database, as Markdown."""
    raw = raw_rate(stage, source, seconds)
    bare_server = noop_rate(stage, SCENES[-1], seconds)
    for scene in SCENES:
        single = scene.batch_documents == 1
        row = measured(stage, source, scene, seconds, bare_server if single else raw)
        goal = scene.goals.get(source.name)
        yield (
            f"| {source.name} | {scene.batch_documents} | {scene.connections} | {row.first.rate:,.0f}"
            f" | {row.ceiling:,.0f} {'no-op POST' if single else 'raw'}"
            f" | {row.first.rate / row.ceiling:.2f} | {f'≥ {goal}' if goal else ''}"
            f" | {row.first.p50_ms:.1f} / {row.first.p99_ms:.1f} | {row.peak_rss_bytes / MEGABYTE:.0f}"
            f" | {row.again.rate:,.0f} ({row.again.rate / row.first.rate:.2f}) |"
        )


HEAD = """
| database | batch | connections | documents/s | ceiling/s | ratio | goal | p50 / p99 ms | peak MB | all again/s |
|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|"""

HOME_HEAD = """
| database | СКО | days | documents | Home p50 / p95 ms | goal |
|---|--:|--:|--:|--:|--:|"""


@click.command()
@click.option("--seconds", default=5.0, show_default=True, help="About how long each row is measured.")
@click.option("--only", type=click.Choice(list(databases.SOURCES)), help="One database only.")
@click.option("--part", type=click.Choice(["ingest", "home"]), help="One part only.")
@click.option("--home-days", default=365, show_default=True, help="Of turnover, for Home.")
def bench(seconds: float, only: str | None, part: str | None, home_days: int) -> None:
    """Measure, and print the table as Markdown."""
    chosen = [open_source for name, open_source in databases.SOURCES.items() if only in (None, name)]
    click.echo(f"Python {platform.python_version()}, {os.cpu_count()} cores, load generator on the same machine.")
    if part != "home":
        click.echo(HEAD)
        stage = Stage()
        for open_source in chosen:
            with open_source(stage.prepare) as source:
                for line in ingest_table(source, stage, seconds):
                    click.echo(line)
    if part != "ingest":
        click.echo(HOME_HEAD)
        for open_source in chosen:
            crowd = home.Crowd(home_days)
            with open_source(crowd.prepare) as source:
                for line in crowd.table(source):
                    click.echo(line)


if __name__ == "__main__":
    bench()
