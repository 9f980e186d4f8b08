"""Notifications, what is muted of them, and webhooks of both companies of `world.py`."""

import sqlalchemy as sa

from sql.instants import now_us
from sql.notifications import Finding, mute, settle
from sql.registers_watched import Span
from sql.webhooks import Outgoing, deliveries_of, queue_deliveries, set_webhook


def notify(connection: sa.Connection, merchant_id: int, rival_id: int, owner: int, rival: int) -> dict[str, str]:
    """Of outlet 1, of outlet 2, of the register that has left it, of no register, and of the other company."""
    own = _found(connection, merchant_id, ("gap", 1, 1, 1), ("gap", 2, 2, 800_001), ("z_differs", 2, 4, 800_008))
    foreign = _found(connection, rival_id, ("conflict", 3, 1, 900_001))
    _mute(connection, merchant_id, "gap", 1, "Открытая причина", owner)
    _mute(connection, merchant_id, "gap", 2, "Секретный ремонт", owner)
    _mute(connection, merchant_id, "gap", 0, "Секретный ремонт", owner)
    _mute(connection, rival_id, "conflict", 1, "Чужой ремонт", rival)
    return {
        "own_notification": own["gap", 1],
        "hidden_notification": own["gap", 2],
        "hidden_notification_before": own["z_differs", 4],
        "foreign_notification": foreign["conflict", 1],
        "own_delivery": _send(connection, merchant_id, owner, "Секретный"),
        "foreign_delivery": _send(connection, rival_id, rival, "Чужой"),
    }


def _found(
    connection: sa.Connection, merchant_id: int, *faults: tuple[str, int, int, int]
) -> dict[tuple[str, int], str]:
    findings = [
        Finding(merchant_id, rule, outlet_id, sko_id, "warning", 1, {"number": number})
        for rule, outlet_id, sko_id, number in faults
    ]
    news = settle(connection, Span(merchant_id, merchant_id), findings, now_us())
    opened = [each.notification for each in news]
    return {(each.rule, each.sko_id): each.notification_id for each in opened}


def _mute(connection: sa.Connection, merchant_id: int, rule: str, sko_id: int, reason: str, by: int) -> None:
    mute(connection, merchant_id, rule=rule, sko_id=sko_id, reason=reason, muted_by=by, now_us=now_us())


def _send(connection: sa.Connection, merchant_id: int, by: int, body: str) -> str:
    set_webhook(connection, merchant_id, url=f"https://{merchant_id}.by/", created_by=by, now_us=now_us())
    queue_deliveries(connection, [Outgoing(merchant_id, "opened", f'"{body}"')], now_us())
    [delivery] = deliveries_of(connection, merchant_id, 9)
    return delivery.delivery_id
