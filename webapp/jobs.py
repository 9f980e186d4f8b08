"""`kabinet jobs`: work that nobody waits for. Safe to run more than once at a time.

Every minute it sweeps, and runs the rules of notifications; documents are delivered to the state system as they arrive,
long exports are made and messages sent as they are asked for, webhooks are told, revocation lists are fetched every
hour, and acts made when a month has ended.
"""

import signal
import threading
from concurrent.futures import ThreadPoolExecutor

import click
import structlog

from sql.engine import Engine, connect, writing
from sql.heartbeats import beat, sweep_beats
from sql.instants import SECOND_US
from sql.login_attempts import sweep_attempts
from sql.messages import Channel
from sql.password_resets import sweep_resets
from sql.sessions import sweep_sessions
from sql.throttle import sweep_throttle
from webapp import logs
from webapp.act_jobs import Acts, provider_of
from webapp.crl_jobs import Lists
from webapp.delivery import Client, Deliveries, load_client
from webapp.export_jobs import Exports
from webapp.message_jobs import Messages, load_senders
from webapp.notification_jobs import Notifications
from webapp.rounds import Rounds
from webapp.senders import Sender
from webapp.settings import Settings
from webapp.signature_settings import SignatureSettings
from webapp.webhook_jobs import Webhooks
from webapp.webhook_sender import WebhookSender

SWEEP_S = 60.0

log = structlog.get_logger()


@click.command()
@click.option("--once", is_flag=True, help="Do everything once, and end.")
def jobs(once: bool) -> None:
    """Deliver to the state system; make exports and acts; notify; send messages; fetch revocation lists; sweep."""
    settings = Settings.from_environment()
    logs.configure(development=settings.development)
    engine = connect(settings.database_url)
    work = (
        Rounds({"sweep": lambda: sweep(engine, settings.session_idle_minutes)}),
        Deliveries(engine, _delivery_client(settings)),
        Exports(engine, settings.exports_folder),
        Notifications(engine, settings.public_url),
        Webhooks(engine, WebhookSender(is_open=settings.development)),
        Messages(engine, _senders(settings)),
        Lists(_signatures()),
        Acts(engine, provider_of(settings)),
    )
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    for each in work:
        if once:
            each.drain()
        else:
            each.start()
    if not once:
        stop.wait()
        with ThreadPoolExecutor(len(work)) as all_at_once:  # each may have something to bring to an end
            list(all_at_once.map(lambda each: each.stop(), work))
    engine.dispose()


def _delivery_client(settings: Settings) -> Client:
    try:
        return load_client(settings.delivery_client)
    except ValueError as error:
        raise click.ClickException(str(error)) from error


def _senders(settings: Settings) -> dict[Channel, Sender | None]:
    try:
        return load_senders(development=settings.development)
    except ValueError as error:
        raise click.ClickException(str(error)) from error


def _signatures() -> SignatureSettings:
    try:
        return SignatureSettings.from_environment()
    except ValueError as error:
        raise click.ClickException(str(error)) from error


def sweep(engine: Engine, session_idle_minutes: int) -> float:
    """Remove what has expired, with a sign of life; returns for how many seconds that is enough."""
    with writing(engine) as connection:
        beat(connection, "jobs")
        sweep_beats(connection)
        sessions = sweep_sessions(connection, idle_us=session_idle_minutes * 60 * SECOND_US)
        throttles = sweep_throttle(connection)
        attempts = sweep_attempts(connection)
        links = sweep_resets(connection)
    if sessions or throttles or attempts or links:
        log.info("swept", sessions=sessions, throttles=throttles, attempts=attempts, links=links)
    return SWEEP_S
