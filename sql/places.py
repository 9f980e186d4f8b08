"""At which outlet something happened, told by where the register stood then."""

from typing import Any

import sqlalchemy as sa

from sql.tables import placement


def outlet_at(table: sa.FromClause, instant: sa.ColumnElement[int]) -> sa.ColumnElement[Any]:
    """The outlet of a row's register at an instant. The first placement counts for all time before it too."""
    here = sa.select(placement.c.outlet_id).where(
        placement.c.merchant_id == table.c.merchant_id, placement.c.sko_id == table.c.sko_id
    )
    latest = here.where(placement.c.since_us <= instant).order_by(placement.c.since_us.desc()).limit(1)
    first = here.order_by(placement.c.since_us).limit(1)
    return sa.func.coalesce(latest.correlate(table).scalar_subquery(), first.correlate(table).scalar_subquery())
