"""Notifications as webhooks get them: JSON, one event a change."""

import json
from collections.abc import Mapping, Sequence

import structlog

from sql.engine import Connection
from sql.instants import from_us
from sql.notification_people import Place, places_of
from sql.notifications import News, Notification
from sql.webhooks import Outgoing, queue_deliveries, with_webhook

# How an event is called outside: what begins anew is open again, what grows or gets worse has changed.
EVENTS: Mapping[str, str] = {
    "opened": "opened",
    "reopened": "opened",
    "worse": "changed",
    "grown": "changed",
    "closed": "closed",
}

log = structlog.get_logger()


def tell_webhooks(connection: Connection, news: Sequence[News], now_us: int) -> None:
    """Queue what the companies' own systems are told, in the transaction in which it has come about."""
    if not news:
        return
    told = with_webhook(connection, {each.notification.merchant_id for each in news})
    theirs = [each for each in news if each.notification.merchant_id in told and not each.is_muted]
    places = places_of(connection, [each.notification for each in theirs])
    outgoing = [
        Outgoing(
            each.notification.merchant_id,
            EVENTS[each.event],
            body_of(EVENTS[each.event], each.notification, places[each.notification.notification_id]),
        )
        for each in theirs
    ]
    if left := queue_deliveries(connection, outgoing, now_us):
        log.warning("webhooks_full", dropped=left)


def body_of(event: str, shown: Notification, place: Place) -> str:
    """The JSON of an event; instants are RFC 3339 in UTC."""
    return json.dumps(
        {
            "event": event,
            "notification": {
                "id": shown.notification_id,
                "rule": shown.rule,
                "severity": shown.severity,
                "count": shown.times,
                "sko": place.sko or None,
                "outlet_id": shown.outlet_id or None,
                "opened_at": _moment(shown.opened_us),
                "changed_at": _moment(shown.last_us),
                "closed_at": _moment(shown.closed_us),
                "detail": _detail(shown),
            },
        },
        ensure_ascii=False,
    )


def _detail(shown: Notification) -> dict[str, object]:
    """With instants as everywhere outside: `since_us` becomes `since`."""
    return {
        name.removesuffix("_us"): _moment(value) if name.endswith("_us") else value
        for name, value in shown.detail.items()
    }


def _moment(instant_us: int | None) -> str | None:
    return None if instant_us is None else from_us(instant_us).isoformat().replace("+00:00", "Z")
