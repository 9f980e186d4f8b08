"""Webhooks: where a company's own system is told of its notifications, and the log of what was sent there.

What is to be sent is written in the transaction of its reason. Whoever sends claims the webhook, not the delivery: so
a company is told one thing at a time, and one whose server hangs holds up nobody else. The claim is the webhook's
`due_us`, moved to the end of a lease; if the sender dies, it is due again then. A delivery may so go out twice, under
the same `delivery_id`.
"""

import secrets
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import sqlalchemy as sa

from sql import dialect
from sql.instants import DAY_US, HOUR_US, SECOND_US
from sql.tables import webhook, webhook_delivery

LEASE_US = 120 * SECOND_US  # longer than one attempt may take
PAUSE_MIN_US, PAUSE_MAX_US = 10 * SECOND_US, HOUR_US
TRIED_US = DAY_US  # what could not be delivered for so long is given up
KEPT_US = 30 * DAY_US
WAITING_MAX = 5_000  # of a company; what comes on top is not sent
BODY_MAX, OUTCOME_MAX, URL_MAX = 4_000, 300, 500  # characters


@dataclass(frozen=True, slots=True)
class Webhook:
    """A row of `webhook`."""

    merchant_id: int
    url: str
    secret: str
    created_us: int
    due_us: int | None
    failures: int


@dataclass(frozen=True, slots=True)
class Delivery:
    """A row of `webhook_delivery`."""

    merchant_id: int
    delivery_id: str
    event: str
    body: str
    state: str
    created_us: int
    tried_us: int | None
    attempts: int
    outcome: str


class Claimed(NamedTuple):
    """A delivery that is being tried; `webhook.due_us` is the end of the claim."""

    webhook: Webhook
    delivery: Delivery


class Outgoing(NamedTuple):
    """Something to be sent: `body` is JSON."""

    merchant_id: int
    event: str
    body: str


_WEBHOOK = tuple(webhook.c[name] for name in Webhook.__slots__)
_DELIVERY = tuple(webhook_delivery.c[name] for name in Delivery.__slots__)


def webhook_of(connection: sa.Connection, merchant_id: int) -> Webhook | None:
    row = connection.execute(sa.select(*_WEBHOOK).filter_by(merchant_id=merchant_id)).first()
    return Webhook(*row) if row else None


def set_webhook(connection: sa.Connection, merchant_id: int, *, url: str, created_by: int, now_us: int) -> str:
    """Send there from now on, in the place of any other; returns the new secret. What still waits goes there too."""
    secret = secrets.token_urlsafe(32)
    statement = dialect.insert(connection, webhook).values(
        merchant_id=merchant_id, url=url, secret=secret, created_us=now_us, created_by=created_by, due_us=now_us
    )
    names = ("url", "secret", "created_us", "created_by", "due_us")
    new = {name: statement.excluded[name] for name in names} | {"failures": 0}
    connection.execute(statement.on_conflict_do_update(index_elements=["merchant_id"], set_=new))
    return secret


def remove_webhook(connection: sa.Connection, merchant_id: int) -> bool:
    """With what still waits; the log of the rest stays. False if there was none."""
    waiting = sa.delete(webhook_delivery).filter_by(merchant_id=merchant_id, state="waiting")
    connection.execute(waiting)
    return connection.execute(sa.delete(webhook).filter_by(merchant_id=merchant_id)).rowcount == 1


def with_webhook(connection: sa.Connection, merchant_ids: Collection[int]) -> set[int]:
    """Those of these merchants that have one."""
    query = sa.select(webhook.c.merchant_id).where(webhook.c.merchant_id.in_(sorted(merchant_ids)))
    return set(connection.execute(query).scalars())


def queue_deliveries(connection: sa.Connection, outgoing: Sequence[Outgoing], now_us: int) -> int:
    """To be sent as soon as this transaction is committed; returns for how many there is no room."""
    if not outgoing:
        return 0
    merchant_ids = sorted({each.merchant_id for each in outgoing})
    of_merchants = webhook_delivery.c.merchant_id.in_(merchant_ids)
    counted = sa.select(webhook_delivery.c.merchant_id, sa.func.count()).where(
        of_merchants, webhook_delivery.c.state == "waiting"
    )
    waiting: Counter[int] = Counter()
    waiting.update({row[0]: row[1] for row in connection.execute(counted.group_by(webhook_delivery.c.merchant_id))})
    rows = []
    for each in outgoing:
        if waiting[each.merchant_id] < WAITING_MAX:
            waiting[each.merchant_id] += 1
            rows.append(_new(each, now_us))
    if rows:
        connection.execute(sa.insert(webhook_delivery), rows)
        idle = sa.and_(webhook.c.merchant_id.in_(merchant_ids), webhook.c.due_us.is_(None))
        connection.execute(sa.update(webhook).where(idle).values(due_us=now_us))
    return len(outgoing) - len(rows)


def _new(outgoing: Outgoing, now_us: int) -> dict[str, object]:
    new = {"delivery_id": secrets.token_hex(16), "state": "waiting", "created_us": now_us}
    return {**outgoing._asdict(), **new}


def first_due_us(connection: sa.Connection, *, well_only: bool = False) -> int | None:
    """When the next webhook is due, or None if nothing waits; of all, or of those that did not fail the last time."""
    query = sa.select(sa.func.min(webhook.c.due_us)).where(*_wanted(well_only))
    first: int | None = connection.execute(query).scalar()
    return first


def claim(connection: sa.Connection, now_us: int, *, well_only: bool = False) -> Claimed | None:
    """Something to send to the webhook that is due for longest, if any is: nobody else gets it meanwhile."""
    due = sa.select(webhook.c.merchant_id).where(webhook.c.due_us <= now_us, *_wanted(well_only))
    due = due.order_by(webhook.c.due_us).limit(1).with_for_update(skip_locked=True)
    while (merchant_id := connection.execute(due).scalar_one_or_none()) is not None:
        if claimed := _claim_of(connection, merchant_id, now_us):
            return claimed
    return None


def _wanted(well_only: bool) -> list[sa.ColumnElement[bool]]:
    return [webhook.c.failures == 0] if well_only else []


def _claim_of(connection: sa.Connection, merchant_id: int, now_us: int) -> Claimed | None:
    """None if nothing waits there: then it is not due any more."""
    # What has failed before comes last: it must not be in the way of the rest.
    waiting = sa.select(*_DELIVERY).filter_by(merchant_id=merchant_id, state="waiting")
    order = (webhook_delivery.c.attempts, webhook_delivery.c.created_us, webhook_delivery.c.delivery_id)
    row = connection.execute(waiting.order_by(*order).limit(1)).first()
    its = sa.update(webhook).filter_by(merchant_id=merchant_id)
    claimed = connection.execute(its.values(due_us=now_us + LEASE_US if row else None).returning(*_WEBHOOK)).one()
    return Claimed(Webhook(*claimed), Delivery(*row)) if row else None


def note_attempt(connection: sa.Connection, claimed: Claimed, outcome: str, now_us: int, *, is_sent: bool) -> bool:
    """What came of it. False if the claim was lost: then somebody sends it again."""
    merchant_id = claimed.webhook.merchant_id
    pause_us = min(PAUSE_MIN_US << min(claimed.webhook.failures, 16), PAUSE_MAX_US)
    after = {"due_us": now_us, "failures": 0}
    if not is_sent:
        after = {"due_us": now_us + pause_us, "failures": claimed.webhook.failures + 1}
    ours = sa.update(webhook).filter_by(merchant_id=merchant_id, due_us=claimed.webhook.due_us)
    if connection.execute(ours.values(**after)).rowcount != 1:
        return False
    state = "sent" if is_sent else "waiting"
    tried = {"state": state, "attempts": webhook_delivery.c.attempts + 1, "tried_us": now_us}
    its = sa.update(webhook_delivery).filter_by(merchant_id=merchant_id, delivery_id=claimed.delivery.delivery_id)
    connection.execute(its.values(**tried, outcome=outcome[:OUTCOME_MAX]))
    late = sa.update(webhook_delivery).filter_by(merchant_id=merchant_id, state="waiting")
    connection.execute(late.where(webhook_delivery.c.created_us < now_us - TRIED_US).values(state="failed"))
    return True


def deliveries_of(connection: sa.Connection, merchant_id: int, limit: int) -> list[Delivery]:
    """The log, the newest first."""
    query = sa.select(*_DELIVERY).filter_by(merchant_id=merchant_id)
    newest = query.order_by(webhook_delivery.c.created_us.desc(), webhook_delivery.c.delivery_id).limit(limit)
    return [Delivery(*row) for row in connection.execute(newest)]


def send_again(connection: sa.Connection, merchant_id: int, delivery_id: str, now_us: int) -> bool:
    """At once, under the same id. False if there is no such delivery, or nowhere to send it."""
    due = sa.update(webhook).filter_by(merchant_id=merchant_id).values(due_us=now_us, failures=0)
    if connection.execute(due).rowcount != 1:
        return False
    its = sa.update(webhook_delivery).filter_by(merchant_id=merchant_id, delivery_id=delivery_id)
    again = {"state": "waiting", "attempts": 0, "created_us": now_us}
    return connection.execute(its.values(**again)).rowcount == 1


def sweep_deliveries(connection: sa.Connection, now_us: int) -> int:
    """Forget what is older than KEPT_US; returns how many."""
    old = sa.delete(webhook_delivery).where(webhook_delivery.c.created_us < now_us - KEPT_US)
    return connection.execute(old).rowcount
