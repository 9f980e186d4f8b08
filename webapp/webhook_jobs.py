"""The job that tells webhooks: threads of its own, so that a server that hangs holds up nobody but its owner."""

import threading
import time

import structlog

from sql.dialect import storage_errors
from sql.engine import Engine, reading, writing
from sql.errors import StorageUnavailable
from sql.instants import SECOND_US, now_us
from sql.webhooks import Claimed, claim, first_due_us, note_attempt, sweep_deliveries
from webapp.webhook_sender import NotDelivered, WebhookSender, signature

WORKERS = 4
POLL_S = 1.0
AWAY_S = 5.0  # rest after the database has failed
STOP_S = 15.0
SWEEP_S = 3600.0

log = structlog.get_logger()


class Webhooks:
    """`start` and `stop` threads, or `drain` what is due in this one. Safe to run in several processes at a time."""

    def __init__(self, engine: Engine, sender: WebhookSender, workers: int = WORKERS) -> None:
        self._engine = engine
        self._sender = sender
        self._stop = threading.Event()
        self._swept_s = float("-inf")
        names = [f"webhooks {place + 1}" for place in range(workers)]
        self._threads = [threading.Thread(target=self._run, name=name, daemon=True) for name in names]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End after the attempts that are being made."""
        self._stop.set()
        deadline = time.monotonic() + STOP_S
        for thread in self._threads:
            if thread.is_alive():
                thread.join(max(0.0, deadline - time.monotonic()))

    def drain(self) -> None:
        """Try all that is due now, each once."""
        while not self.round():
            pass

    def _run(self) -> None:
        rest_s = 0.0
        while not self._stop.wait(rest_s):
            rest_s = self.round()

    def round(self) -> float:
        """Make one attempt; returns for how many seconds to rest."""
        try:
            self._sweep()
            claimed = self._next()
            if claimed is None:
                return POLL_S
            self._send(claimed)
        except StorageUnavailable as error:
            log.warning("storage_unavailable", error=str(error))
            return AWAY_S
        except Exception:
            log.exception("webhooks_failed")
            return AWAY_S
        return 0.0

    def _sweep(self) -> None:
        if time.monotonic() < self._swept_s + SWEEP_S:
            return
        self._swept_s = time.monotonic()
        with storage_errors(), writing(self._engine) as connection:
            sweep_deliveries(connection, now_us())

    def _next(self) -> Claimed | None:
        with storage_errors():
            with reading(self._engine) as connection:  # which takes no lock, on any database
                first_us = first_due_us(connection)
            if first_us is None or first_us > now_us():
                return None
            with writing(self._engine) as connection:
                return claim(connection, now_us())

    def _send(self, claimed: Claimed) -> None:
        webhook, delivery = claimed
        about = {"merchant_id": webhook.merchant_id, "delivery_id": delivery.delivery_id}
        body = delivery.body.encode()
        try:
            outcome, is_sent = self._sender.send(webhook.url, body, _headers(claimed, body)), True
        except NotDelivered as error:
            outcome, is_sent = str(error), False
        log.info("webhook_tried", **about, outcome=outcome)
        with storage_errors(), writing(self._engine) as connection:
            if not note_attempt(connection, claimed, outcome, now_us(), is_sent=is_sent):
                log.warning("webhook_claim_lost", **about)


def _headers(claimed: Claimed, body: bytes) -> dict[str, str]:
    return {
        "Content-Type": "application/json",
        "User-Agent": "Kabinet",
        "Kabinet-Event": claimed.delivery.event,
        "Kabinet-Delivery": claimed.delivery.delivery_id,
        "Kabinet-Signature": signature(claimed.webhook.secret, now_us() // SECOND_US, body),
    }
