"""The job that tells webhooks: threads of its own, so that a server that hangs holds up nobody but its owner.

Some of them send only to those that did not fail the last time: however many servers hang, they take no more than
their first attempts from the others.
"""

from functools import partial

import structlog

from sql.engine import Engine, reading, writing
from sql.instants import SECOND_US, now_us
from sql.webhooks import Claimed, claim, first_due_us, note_attempt, sweep_deliveries
from webapp.rounds import Rounds
from webapp.webhook_sender import NotDelivered, WebhookSender, signature

WORKERS = 4  # every second one for webhooks that did not fail
POLL_S = 1.0
SWEEP_S = 3600.0

log = structlog.get_logger()


class Webhooks(Rounds):
    """Make the attempts that are due, one after the other in each thread."""

    stop_s = 15.0

    def __init__(self, engine: Engine, sender: WebhookSender, workers: int = WORKERS) -> None:
        rounds = (self._attempt, partial(self._attempt, well_only=True))
        attempts = {f"webhooks {place + 1}": rounds[place % 2] for place in range(workers)}
        super().__init__({"webhooks sweep": self._sweep} | attempts)
        self._engine = engine
        self._sender = sender

    def _attempt(self, *, well_only: bool = False) -> float:
        claimed = self._next(well_only)
        if claimed is None:
            return POLL_S
        self._send(claimed)
        return 0

    def _sweep(self) -> float:
        with writing(self._engine) as connection:
            sweep_deliveries(connection, now_us())
        return SWEEP_S

    def _next(self, well_only: bool) -> Claimed | None:
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
        with writing(self._engine) as connection:
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
