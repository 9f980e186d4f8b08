"""The rows of the tables Sales and Turnover, as files have them: an amount and its currency in columns of their own."""

from collections.abc import Callable, Iterator

from flask_babel import lazy_gettext as _

from sql.engine import Engine, reading
from sql.sales_reports import count_sales_rows, sales_page
from sql.turnover_reports import Revenue
from webapp.filters import Filters
from webapp.periods import Period
from webapp.sales import NAMES as SALES_NAMES
from webapp.sales_figures import scope_of
from webapp.sheets import Column, Row, Value
from webapp.turnover import NAMES as TURNOVER_NAMES
from webapp.turnover_figures import turnover_of

__all__ = ["SALES_NAMES", "TURNOVER_NAMES"]

GoesOn = Callable[[], bool]

STEP_ROWS = 1_000
REVENUE = (
    Column(_("Currency"), width=9),
    Column(_("Sales"), "money", 16),
    Column(_("Refunds"), "money", 14),
    Column(_("Annulments"), "money", 14),
    Column(_("Net"), "money", 16),
    Column(_("Receipts"), "count", 10),
    Column(_("Sale receipts"), "count", 10),
    Column(_("Refund receipts"), "count", 10),
    Column(_("Annulment receipts"), "count", 10),
    Column(_("Average receipt"), "money"),
)
SALES_COLUMNS = (
    Column(_("Day"), "day", 12),
    Column(_("Outlet"), width=36),
    *REVENUE,
    Column(_("Discounts"), "money"),
)
TURNOVER_COLUMNS = (Column(_("Outlet"), width=36), Column(_("Register")), *REVENUE)


def of_revenue(currency: str, revenue: Revenue) -> tuple[Value, ...]:
    """The cells of the columns REVENUE."""
    return (
        currency,
        revenue.sales_minor,
        revenue.refunds_minor,
        revenue.rollbacks_minor,
        revenue.net_minor,
        revenue.receipts_count,
        revenue.sales_count,
        revenue.refunds_count,
        revenue.rollbacks_count,
        revenue.average_minor,
    )


def period_of(filters: Filters) -> Period:
    return filters.period or Period(filters.today, filters.today)


def count_sales(engine: Engine, merchant_id: int, filters: Filters, most: int, _goes_on: GoesOn) -> int:
    with reading(engine) as connection:
        return min(count_sales_rows(connection, scope_of(merchant_id, filters, period_of(filters))), most)


def sales(engine: Engine, merchant_id: int, filters: Filters) -> Iterator[Row]:
    scope, after = scope_of(merchant_id, filters, period_of(filters)), None
    while True:
        with reading(engine) as connection:
            page = sales_page(connection, scope, after, STEP_ROWS)
        for row in page.rows:
            if row.outlet_id in filters.outlets:  # else it was opened after the filters were read
                outlet = filters.outlet_name(row.outlet_id)
                yield row.day, outlet, *of_revenue(row.currency, row.revenue), row.discounts_minor
        after = page.next
        if after is None:
            return


def turnover_rows(engine: Engine, merchant_id: int, filters: Filters) -> list[Row]:
    """One a register, outlet and currency: a few thousand at most, so that they are read at once."""
    with reading(engine) as connection:
        parts = turnover_of(connection, merchant_id, filters).by_currency
    return [
        (filters.outlet_name(row.outlet_id), row.sko.number, *of_revenue(part.currency, row.revenue))
        for part in parts
        for row in part.registers
    ]


def count_turnover(engine: Engine, merchant_id: int, filters: Filters, most: int, _goes_on: GoesOn) -> int:
    return min(len(turnover_rows(engine, merchant_id, filters)), most)


def turnover(engine: Engine, merchant_id: int, filters: Filters) -> Iterator[Row]:
    yield from turnover_rows(engine, merchant_id, filters)
