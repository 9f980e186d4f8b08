"""What the page Sales asks of turnover: revenue by day, by day and outlet, and by register; never the documents.

A year of all registers is read from `turnover_day`, one row a day; whoever chooses outlets or registers has them added
up from `turnover`, where they stand side by side. The table reads only the days that it shows.
"""

import datetime
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import sqlalchemy as sa

from sql.tables import CURRENCIES, PAYMENTS, REVENUE_KINDS, sko, turnover, turnover_day
from sql.turnover_reports import Payments, Revenue

PAGE_ROWS = 50
CHUNK_ROWS = 1_000

_REVENUE = tuple(f"{kind}_{unit}" for kind in REVENUE_KINDS for unit in ("count", "minor"))
_PAYMENTS = tuple(f"sales_{payment}_{unit}" for payment in PAYMENTS for unit in ("count", "minor"))
_SHOWN = (*_REVENUE, "sales_discount_minor")


class Scope(NamedTuple):
    """Whose sales and which: business days from `first` to `last`, inclusive.

    Empty `outlet_ids` and `sko_ids` mean all, no `currency` means any.
    """

    merchant_id: int
    first: datetime.date
    last: datetime.date
    outlet_ids: tuple[int, ...] = ()
    sko_ids: tuple[int, ...] = ()
    currency: str | None = None


class Total(NamedTuple):
    """Revenue in one currency, and the discounts in its sales."""

    revenue: Revenue = Revenue()
    discounts_minor: int = 0


NOTHING = Total()


class DayAmounts(NamedTuple):
    """The sales of a day, and what refunds and annulments leave of them."""

    sales_minor: int = 0
    net_minor: int = 0


class DaySales(NamedTuple):
    """A day in one currency; `discounts_minor` of its sales."""

    day: datetime.date
    currency: str
    revenue: Revenue
    discounts_minor: int


class OutletSales(NamedTuple):
    """A day of an outlet in one currency."""

    day: datetime.date
    outlet_id: int
    currency: str
    revenue: Revenue
    discounts_minor: int


class RegisterSales(NamedTuple):
    """A day of a register in one outlet, by its `number`, in one currency."""

    number: str
    currency: str
    revenue: Revenue
    payments: Payments
    discounts_minor: int


class Place(NamedTuple):
    """A row of the table, the newest day first, the outlets of a day by their ids."""

    day: datetime.date
    outlet_id: int

    def comes_after(self, other: "Place") -> bool:
        return (-self.day.toordinal(), self.outlet_id) > (-other.day.toordinal(), other.outlet_id)


@dataclass(frozen=True, slots=True)
class Page:
    """Rows of the table, an outlet's currencies side by side, BYN first; `next` is the last of them if more follow."""

    rows: list[OutletSales]
    next: Place | None


def sales_totals(connection: sa.Connection, scope: Scope, since: datetime.date) -> dict[str, tuple[Total, Total]]:
    """What was taken before `since` and what from then on, by currency, BYN first."""
    table = _narrowest(scope)
    key = (table.c.currency, table.c.day >= since)
    query = sa.select(*key, *_sums(table, _SHOWN)).where(*_rows(table, scope)).group_by(*key)
    found: dict[str, list[Total]] = {}
    for currency, is_since, *revenue, discounts in connection.execute(query):
        found.setdefault(currency, [NOTHING, NOTHING])[is_since] = Total(Revenue(*revenue), discounts)
    return {currency: (found[currency][0], found[currency][1]) for currency in CURRENCIES if currency in found}


def sales_of_days(connection: sa.Connection, scope: Scope) -> dict[datetime.date, DayAmounts]:
    """The days that have revenue, in the one currency of `scope`: no more than a chart needs, which may be of years."""
    table = _narrowest(scope)
    amounts = (table.c.sales_minor, table.c.sales_minor - table.c.refunds_minor - table.c.rollbacks_minor)
    if table is turnover:
        query = sa.select(table.c.day, *(_whole(amount) for amount in amounts)).group_by(table.c.day)
    else:
        query = sa.select(table.c.day, *amounts)
    rows = connection.execute(query.where(*_rows(table, scope))).all()
    return {day: DayAmounts(sales_minor, net_minor) for day, sales_minor, net_minor in rows}


def sales_by_day(connection: sa.Connection, scope: Scope) -> list[DaySales]:
    """The days that have revenue, in order, BYN first."""
    table = _narrowest(scope)
    key = (table.c.day, table.c.currency)
    query = sa.select(*key, *_sums(table, _SHOWN)).where(*_rows(table, scope)).group_by(*key)
    found = [
        DaySales(day, currency, Revenue(*revenue), discounts)
        for day, currency, *revenue, discounts in connection.execute(query)
    ]
    return sorted(found, key=lambda row: (row.day, CURRENCIES.index(row.currency)))


def sales_page(connection: sa.Connection, scope: Scope, after: Place | None = None, rows: int = PAGE_ROWS) -> Page:
    """About so many rows of the table, from the newest one or from those `after` a place.

    Whole days; only a day of more than half as much again is cut, and then no rest is shorter than half a page.
    """
    places = _places_from(connection, scope, after, rows * 3 // 2 + 1)
    if len(places) <= rows * 3 // 2:
        return _read(connection, scope, after, places[-1].day, None) if places else Page([], None)
    whole = [place for place in places if place.day > places[-1].day]
    if not whole:
        return _read(connection, scope, after, places[0].day, rows)
    first = whole[min(rows, len(whole)) - 1].day
    return _read(connection, scope, after, first, None, has_next=True)


def _read(
    connection: sa.Connection,
    scope: Scope,
    after: Place | None,
    first: datetime.date,
    outlets_max: int | None,
    *,
    has_next: bool = False,
) -> Page:
    """The rows down to day `first`; of one long day, only the first `outlets_max` of its outlets."""
    key = (turnover.c.day, turnover.c.outlet_id, turnover.c.currency)
    conditions = [*_rows(turnover, scope), *_after(after), turnover.c.day >= first]
    if outlets_max:
        conditions.append(turnover.c.day == first)
        outlets = sa.select(turnover.c.outlet_id).distinct().where(*conditions)
        nearest = outlets.order_by(turnover.c.outlet_id).limit(outlets_max).subquery()
        conditions.append(turnover.c.outlet_id <= sa.select(sa.func.max(nearest.c.outlet_id)).scalar_subquery())
    query = sa.select(*key, *_sums(turnover, _SHOWN)).where(*conditions).group_by(*key)
    found = [
        OutletSales(day, outlet_id, currency, Revenue(*revenue), discounts)
        for day, outlet_id, currency, *revenue, discounts in connection.execute(query)
    ]
    found.sort(key=lambda row: (-row.day.toordinal(), row.outlet_id, CURRENCIES.index(row.currency)))
    return Page(found, Place(found[-1].day, found[-1].outlet_id) if outlets_max or has_next else None)


def _places_from(connection: sa.Connection, scope: Scope, after: Place | None, limit: int) -> list[Place]:
    """The next places, the highest outlet of each day first: as the key of the table runs backwards."""
    places = sa.select(turnover.c.day, turnover.c.outlet_id).distinct()
    newest = places.order_by(turnover.c.day.desc(), turnover.c.outlet_id.desc()).limit(limit)
    return [Place(*row) for row in connection.execute(newest.where(*_rows(turnover, scope), *_after(after)))]


def sales_rows(connection: sa.Connection, scope: Scope, chunk: int = CHUNK_ROWS) -> Iterator[OutletSales]:
    """Every row of the table in its order, however many, a chunk at a time."""
    after: Place | None = None
    while True:
        page = sales_page(connection, scope, after, chunk)
        yield from page.rows
        after = page.next
        if after is None:
            return


def count_sales_rows(connection: sa.Connection, scope: Scope) -> int:
    """How many rows `sales_rows` yields."""
    key = (turnover.c.day, turnover.c.outlet_id, turnover.c.currency)
    rows = sa.select(*key).distinct().where(*_rows(turnover, scope)).subquery()
    return int(connection.execute(sa.select(sa.func.count()).select_from(rows)).scalar_one())


def sales_by_register(
    connection: sa.Connection, scope: Scope, places: Collection[Place]
) -> dict[Place, list[RegisterSales]]:
    """What rows of the table consist of, BYN first, by the registers' numbers; whatever days `scope` has."""
    if not places:
        return {}
    own = (sko.c.merchant_id == turnover.c.merchant_id) & (sko.c.sko_id == turnover.c.sko_id)
    key = (turnover.c.day, turnover.c.outlet_id, sko.c.number, turnover.c.currency)
    columns = (turnover.c[name] for name in (*_REVENUE, *_PAYMENTS, "sales_discount_minor"))
    wanted = sa.or_(*((turnover.c.day == day) & (turnover.c.outlet_id == outlet_id) for day, outlet_id in places))
    query = sa.select(*key, *columns).join_from(turnover, sko, own).where(wanted, *_rows(turnover, scope))
    width = len(_REVENUE)
    found: dict[Place, list[RegisterSales]] = {place: [] for place in places}
    for day, outlet_id, number, currency, *counters, discounts in connection.execute(query):
        revenue, payments = Revenue(*counters[:width]), Payments(*counters[width:])
        found[Place(day, outlet_id)].append(RegisterSales(number, currency, revenue, payments, discounts))
    for rows in found.values():
        rows.sort(key=lambda row: (CURRENCIES.index(row.currency), row.number))
    return found


def _rows(table: sa.Table, scope: Scope) -> list[sa.ColumnElement[bool]]:
    conditions = [
        table.c.merchant_id == scope.merchant_id,
        table.c.day >= scope.first,
        table.c.day <= scope.last,
        table.c.sales_count + table.c.refunds_count + table.c.rollbacks_count > 0,
    ]
    if scope.outlet_ids:
        conditions.append(table.c.outlet_id.in_(scope.outlet_ids))
    if scope.sko_ids:
        conditions.append(table.c.sko_id.in_(scope.sko_ids))
    if scope.currency:
        conditions.append(table.c.currency == scope.currency)
    return conditions


def _after(place: Place | None) -> list[sa.ColumnElement[bool]]:
    if place is None:
        return []
    # The first condition is one that an index can begin at.
    later_in_day = (turnover.c.day == place.day) & (turnover.c.outlet_id > place.outlet_id)
    return [turnover.c.day <= place.day, (turnover.c.day < place.day) | later_in_day]


def _narrowest(scope: Scope) -> sa.Table:
    """Where the fewest rows answer."""
    return turnover if scope.outlet_ids or scope.sko_ids else turnover_day


def _sums(table: sa.Table, counters: tuple[str, ...]) -> Iterator[sa.ColumnElement[int]]:
    return (_whole(table.c[name]) for name in counters)


def _whole(counter: sa.ColumnElement[int]) -> sa.ColumnElement[int]:
    # PostgreSQL adds up 64-bit integers to a decimal.
    return sa.cast(sa.func.sum(counter), sa.BigInteger)
