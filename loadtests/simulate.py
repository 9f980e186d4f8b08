"""`kabinet simulate`: a cash register without the metal, to be watched as it works against a running service."""

import time
from pathlib import Path

import click

from loadtests.line import Offline
from loadtests.posting import NotTaken
from loadtests.replay import ingest_url
from loadtests.simulator import Memory, NotBound, Simulator

OFFLINE_SALES = 3
AGAIN_S = 5  # while the service can't be reached


def bind(register: Simulator) -> None:
    """Show a code until somebody has typed it. Raises NotBound, Offline, NotTaken."""
    code = register.ask_for_code()
    click.echo(f"This is a new register. Open {code.verification_uri} and type  {code.user_code}")
    while not register.ask_for_token():
        time.sleep(code.interval_s)
    click.echo(f"It is СКО {register.memory.sko} now.")


def take_settings(register: Simulator) -> None:
    """Fetch and apply; say so if there was something new. Raises Offline, NotTaken."""
    outcome = register.fetch_settings()
    if outcome:
        click.echo(f"Settings, version {register.memory.seen_version}: {outcome}.")


def work_a_shift(register: Simulator, sales: int, pause_s: float) -> None:
    """Sell; on the way lose the line for some sales, and one answer. Raises NotTaken."""
    register.open_shift()
    for place in range(sales):
        if place == sales // 3:
            register.lose_connection()
        if place == sales // 3 + OFFLINE_SALES:
            reconnect(register)
        register.sell()
        if place == sales * 2 // 3:
            lose_an_answer(register)
        register.deliver()
        time.sleep(pause_s)
    register.close_shift()
    while True:
        reconnect(register)
        if not register.waiting:
            return
        time.sleep(AGAIN_S)


def reconnect(register: Simulator) -> None:
    try:
        register.restore_connection()
        take_settings(register)
    except Offline as error:
        click.echo(f"Offline: {error}; {len(register.waiting)} documents wait.")


def lose_an_answer(register: Simulator) -> None:
    try:
        register.deliver_unheard()
    except Offline:
        return
    click.echo("An answer is lost; the same documents go out once more.")


@click.command()
@click.option("--url", default=ingest_url, help="Of the ingest service; INGEST_BIND if left out.")
@click.option(
    "--memory",
    "path",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("var/simulated.json"),
    show_default=True,
    help="What the register keeps while it is off: with an empty one it is new, and asks to be bound.",
)
@click.option("--shifts", type=click.IntRange(1, 1000), default=1, show_default=True)
@click.option("--sales", type=click.IntRange(1, 10_000), default=20, show_default=True, help="Of a shift.")
@click.option("--pause", "pause_s", type=click.FloatRange(0, 60), default=0.5, show_default=True, help="Seconds.")
def simulate(url: str, path: Path, shifts: int, sales: int, pause_s: float) -> None:
    """Simulate one register: bind it, apply its settings, sell, lose the connection, resend, close the shift."""
    register = Simulator(url, Memory.read(path))
    try:
        if not register.is_bound:
            bind(register)
            register.memory.write(path)
        for _ in range(shifts):
            try:
                reconnect(register)
                work_a_shift(register, sales, pause_s)
            finally:
                register.memory.write(path)
            click.echo(f"Shift {register.memory.shift} is closed: its last document is {register.memory.number}.")
    except (NotBound, NotTaken, Offline) as error:
        raise click.ClickException(str(error)) from error
    finally:
        register.close()
    click.echo(f"{register.accepted} documents were new to the service, {register.duplicates} it had already.")
