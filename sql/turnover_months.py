"""Turnover by outlet and month, for comparing it with other books."""

import datetime
from typing import NamedTuple

import sqlalchemy as sa

from sql.tables import outlet, turnover


class MonthSales(NamedTuple):
    """The sales of an outlet in a month, before refunds and annulments."""

    outlet_name: str
    year: int
    month: int
    currency: str
    sales_count: int
    sales_minor: int
    sales_discount_minor: int


def sales_by_month(
    connection: sa.Connection, merchant_id: int, first: datetime.date, last: datetime.date
) -> list[MonthSales]:
    """Every outlet's sales from `first` to `last`, for every month and currency in which it had any."""
    key = (
        outlet.c.name,
        sa.extract("year", turnover.c.day),
        sa.extract("month", turnover.c.day),
        turnover.c.currency,
    )
    sums = (turnover.c.sales_count, turnover.c.sales_minor, turnover.c.sales_discount_minor)
    rows = connection.execute(
        sa.select(*key, *(sa.func.sum(column) for column in sums))
        .join(
            outlet,
            (outlet.c.merchant_id == turnover.c.merchant_id) & (outlet.c.outlet_id == turnover.c.outlet_id),
        )
        .where(turnover.c.merchant_id == merchant_id, turnover.c.day.between(first, last))
        .group_by(*key)
        .having(sa.func.sum(turnover.c.sales_count) > 0)
    )
    return [
        MonthSales(name, int(year), int(month), currency, *(int(total) for total in totals))
        for name, year, month, currency, *totals in rows
    ]
