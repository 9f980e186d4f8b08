"""Is everything here? Which document numbers a register should have sent in a period, and which are in quarantine.

A period is a time, and numbers are counted through: so it takes the numbers from behind the last document before it up
to the last document in it. What is missing between two days belongs to the later one. Three index look-ups a register.
"""

from collections import defaultdict
from collections.abc import Collection
from typing import Any, NamedTuple

import sqlalchemy as sa

from sql.intervals import Interval
from sql.quarantine import CONFLICT
from sql.tables import document, placement, quarantine, sko

QUARANTINED_MAX = 50_000  # the last ones
_FOREVER = 2**62


class Marked(NamedTuple):
    """Numbers of a register that are in quarantine and not stored, and those whose stored document is contradicted.

    Each with the instant at which the first such document was received.
    """

    quarantined: dict[int, int]
    conflicting: dict[int, int]


def numbers_of_period(
    connection: sa.Connection,
    merchant_id: int,
    since_us: int,
    until_us: int,
    *,
    sko_ids: Collection[int] = (),
    outlet_ids: Collection[int] = (),
) -> dict[int, list[Interval]]:
    """By register, the numbers that belong to the time from `since_us` on until before `until_us`.

    Of all registers or these; in all outlets or only while the register stood in these. Registers that have issued
    nothing are left out.
    """
    times = (
        _stays(merchant_id, since_us, until_us, outlet_ids) if outlet_ids else _whole(merchant_id, since_us, until_us)
    )
    query = _edges(times)
    if sko_ids:
        query = query.where(times.c.sko_id.in_(sorted(sko_ids)))
    found: dict[int, list[Interval]] = defaultdict(list)
    for sko_id, before, first, last in connection.execute(query.order_by(times.c.sko_id, times.c.since_us)):
        if first is None or last is None:
            continue
        # Clocks may be set back: then the order of the numbers is not that of the instants.
        begin = before + 1 if before is not None and before < min(first, last) else min(first, last)
        found[sko_id].append(Interval(begin, max(first, last)))
    return dict(found)


def _whole(merchant_id: int, since_us: int, until_us: int) -> sa.Subquery:
    """Each register, wherever it stood."""
    columns = (
        sko.c.merchant_id,
        sko.c.sko_id,
        sa.literal(since_us, sa.BigInteger).label("since_us"),
        sa.literal(until_us, sa.BigInteger).label("until_us"),
    )
    return sa.select(*columns).where(sko.c.merchant_id == merchant_id).subquery("times")


def _stays(merchant_id: int, since_us: int, until_us: int, outlet_ids: Collection[int]) -> sa.Subquery:
    """The times within the period in which registers stood in these outlets."""
    p = placement.c
    in_order: dict[str, Any] = {"partition_by": p.sko_id, "order_by": p.since_us}
    is_first = sa.func.row_number().over(**in_order) == 1
    stays = (
        sa.select(
            p.merchant_id,
            p.sko_id,
            p.outlet_id,
            sa.case((is_first, 0), else_=p.since_us).label("since_us"),
            sa.func.coalesce(sa.func.lead(p.since_us).over(**in_order), _FOREVER).label("until_us"),
        )
        .where(p.merchant_id == merchant_id)
        .subquery("stays")
    )
    s = stays.c
    since, until = sa.literal(since_us, sa.BigInteger), sa.literal(until_us, sa.BigInteger)
    return (
        sa.select(
            s.merchant_id,
            s.sko_id,
            sa.case((s.since_us > since, s.since_us), else_=since).label("since_us"),
            sa.case((s.until_us < until, s.until_us), else_=until).label("until_us"),
        )
        .where(s.outlet_id.in_(sorted(outlet_ids)), s.since_us < until, s.until_us > since)
        .subquery("times")
    )


def _edges(times: sa.Subquery) -> sa.Select[Any]:
    """Of each time: the number of the last document before it, and of the first and the last one in it."""
    number = sa.select(document.c.number).where(
        document.c.merchant_id == times.c.merchant_id, document.c.sko_id == times.c.sko_id
    )
    inside = number.where(document.c.issued_us >= times.c.since_us, document.c.issued_us < times.c.until_us)
    newest = (document.c.issued_us.desc(), document.c.number.desc())
    before = number.where(document.c.issued_us < times.c.since_us).order_by(*newest)
    edges = (before, inside.order_by(document.c.issued_us, document.c.number), inside.order_by(*newest))
    return sa.select(times.c.sko_id, *(edge.limit(1).correlate(times).scalar_subquery() for edge in edges))


def marked_numbers(
    connection: sa.Connection,
    merchant_id: int,
    since_us: int,
    *,
    incomplete: Collection[int] = (),
    sko_ids: Collection[int] = (),
    outlet_ids: Collection[int] = (),
) -> dict[int, Marked]:
    """By register, the numbers of documents that went to quarantine at `since_us` or later; of all or of these.

    Of `incomplete` registers, whenever that was: what is absent in a period may have come before it.
    """
    q = quarantine.c
    stored = sa.select(document.c.number).where(
        document.c.merchant_id == q.merchant_id, document.c.sko_id == q.sko_id, document.c.number == q.number
    )
    is_stored = stored.correlate(quarantine).exists()
    query = sa.select(q.sko_id, q.number, q.code, is_stored, q.received_us).where(
        q.merchant_id == merchant_id,
        sa.or_(q.received_us >= since_us, q.sko_id.in_(sorted(incomplete))),
        q.sko_id.is_not(None),
        q.number.is_not(None),
    )
    if sko_ids:
        query = query.where(q.sko_id.in_(sorted(sko_ids)))
    if outlet_ids:
        query = query.where(q.outlet_id.in_(sorted(outlet_ids)))
    found: dict[int, Marked] = defaultdict(lambda: Marked({}, {}))
    for sko_id, number, code, there, received_us in connection.execute(
        query.order_by(q.received_us.desc()).limit(QUARANTINED_MAX)
    ):
        if code == CONFLICT:
            found[sko_id].conflicting[number] = received_us
        elif not there:
            found[sko_id].quarantined[number] = received_us
    return dict(found)
