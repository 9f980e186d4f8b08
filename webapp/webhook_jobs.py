"""The job that tells webhooks: threads of its own, so that a server that hangs holds up nobody but its owner.

Some of them send only to those that did not fail the last time: however many servers hang, they take no more than
their first attempts from the others.
"""

import threading
import time

import structlog

from sql.dialect import storage_errors
from sql.engine import Engine, reading, writing
from sql.errors import StorageUnavailable
from sql.instants import SECOND_US, now_us
from sql.webhooks import Claimed, claim, first_due_us, note_attempt, sweep_deliveries
from webapp.webhook_sender import NotDelivered, WebhookSender, signature

WORKERS = 4  # every second one for webhooks that did not fail
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
        self._threads = [
            threading.Thread(target=self._run, args=(bool(place % 2),), name=f"webhooks {place + 1}", daemon=True)
            for place in range(workers)
        ]

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

    def _run(self, well_only: bool) -> None:
        rest_s = 0.0
        while not self._stop.wait(rest_s):
            rest_s = self.round(well_only=well_only)

    def round(self, *, well_only: bool = False) -> float:
        """Make one attempt; returns for how many seconds to rest."""
        try:
            self._sweep()
            claimed = self._next(well_only)
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

    def _next(self, well_only: bool) -> Claimed | None:
        with storage_errors():
            with reading(self._engine) as connection:  # which takes no lock, on any database
                first_us = first_due_us(connection, well_only=well_only)
            if first_us is None or first_us > now_us():
                return None
            with writing(self._engine) as connection:
                return claim(connection, now_us(), well_only=well_only)

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
