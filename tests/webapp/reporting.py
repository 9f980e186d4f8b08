"""A company with two outlets, its register's documents, and those that are invalid, for tests of reports."""

import datetime
import json
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from ingest.content import content_hash
from sql.deliveries import confirm_due
from sql.engine import writing
from sql.events import NewEvent, insert_events
from sql.instants import now_us, to_us
from sql.quarantine import Quarantined, keep
from tests import till
from tests.shop import MINSK

NOON = datetime.datetime(2026, 3, 2, 12, tzinfo=MINSK)
DAYS = "from=2026-03-01&to=2026-03-07"


def refuse(
    engine: sa.Engine,
    merchant_id: int,
    body: Mapping[str, Any] | bytes,
    *,
    code: str = "total_mismatch",
    pointer: str = "/total",
    detail: str = "The sum of all items is 245.",
    at: datetime.datetime = NOON,
    sko_id: int | None = 1,
    outlet_id: int | None = 1,
) -> str:
    """Put a document into quarantine, as ingest does; returns the address of its page."""
    raw = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
    number = body.get("number") if isinstance(body, Mapping) else None
    row = Quarantined(merchant_id, content_hash(raw), code, sko_id, number, pointer, detail, to_us(at), raw, outlet_id)
    with writing(engine) as connection:
        keep(connection, [row])
    return f"/reports/invalid/{row.content_hash.hex()}/{code}"


def report(engine: sa.Engine, merchant_id: int, kind: str, *, sko_id: int = 1, **more: Any) -> None:
    """An event, at noon unless `at` says when; `detail` in the register's words."""
    at_us = to_us(more.get("at", NOON))
    with writing(engine) as connection:
        insert_events(connection, [NewEvent(merchant_id, sko_id, at_us, kind, more.get("detail"), at_us)])


def deliver(engine: sa.Engine) -> None:
    """All that is stored has been sent to the state system."""
    with writing(engine) as connection:
        confirm_due(connection, now_us(), 10_000)


def z_report(number: int, *counters: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    """The Z-report of a shift whose first document has the number 1, unless `first` says otherwise."""
    first, shift = more.pop("first", 1), more.pop("shift", 1)
    at = more.setdefault("at", NOON)
    return {
        **till.common("z_report", number, **more),
        "shift": shift,
        "opened_at": at.isoformat(),
        "first_number": first,
        "last_number": number - 1,
        "counters": list(counters),
    }


def counter(currency: str = "BYN", *, count: int = 0, cash: int = 0) -> dict[str, Any]:
    """Sales in cash, and nothing else."""
    nothing = {"count": 0, "sum": 0}
    kinds = dict.fromkeys(("refunds", "rollbacks", "deposits", "withdrawals", "payouts"), nothing)
    sales = {"count": count, "cash": cash, "cashless": 0, "other": 0, "sum": cash}
    return {"currency": currency, "sales": sales, **kinds}
