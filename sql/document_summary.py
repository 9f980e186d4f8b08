"""What the documents of a search add up to, by currency and type: the numbers that other pages' totals lead to.

Wherever turnover knows them they come from there, at a cost that hardly depends on how many documents there are. Else
the documents are counted, but no more than COUNTED_MAX of those that the search would look through: beyond that, the
numbers are what the newest ones come to, at least.
"""

import dataclasses
import functools
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from sql.document_days import kinds_of
from sql.document_plans import Limits, Search, plan_of
from sql.document_search import bounds, newest
from sql.document_windows import WITHOUT_SUM, sums_statement
from sql.instants import from_us, now_us
from sql.period_parts import period_parts
from sql.tables import CURRENCIES, DOCUMENT_TYPES, turnover, turnover_day, turnover_month
from sql.turnover import TYPE_OF_KIND

COUNTED_MAX = 10_000
DEFAULT = Limits(window=COUNTED_MAX)


@dataclass(frozen=True, slots=True)
class Sum:
    """Documents of one type in one currency.

    `sum_minor` is of the chosen payments where payments are chosen, else of the documents' totals. Where `is_exact` is
    false, there are at least so many. `discount_minor` is exact nevertheless where turnover knows it.
    """

    currency: str
    type: str
    count: int
    sum_minor: int
    discount_minor: int
    is_exact: bool = True


@dataclass(frozen=True, slots=True)
class Summary:
    """BYN first, in the order of types. If it is not exact there are too many documents to count."""

    sums: list[Sum]
    is_exact: bool


def is_quick(search: Search) -> bool:
    """Whether turnover alone knows the summary."""
    return _is_known(search) and not set(search.possible_types) & set(WITHOUT_SUM)


def summarise(connection: sa.Connection, search: Search, limits: Limits = DEFAULT) -> Summary:
    """What all documents of a search come to."""
    if _is_known(search):
        found, is_exact = _from_turnover(connection, search), True
        shifts = tuple(type_ for type_ in search.possible_types if type_ in WITHOUT_SUM)
        if shifts:
            counted, is_exact = _counted(connection, dataclasses.replace(search, types=shifts), limits)
            found += counted
    else:
        found, is_exact = _counted(connection, search, limits)
        if not is_exact:
            found = _with_known_discounts(connection, search, found)
    found.sort(key=lambda row: (CURRENCIES.index(row.currency), DOCUMENT_TYPES.index(row.type)))
    return Summary(found, is_exact)


def _is_known(search: Search) -> bool:
    """Whether turnover counts whatever the filters choose, but for documents without a sum."""
    others = (search.number, search.uid, search.cashier, search.min_minor, search.max_minor, search.state)
    return not search.discounted and len(search.payments) <= 1 and all(value is None for value in others)


def _counted(connection: sa.Connection, search: Search, limits: Limits) -> tuple[list[Sum], bool]:
    """The sums of the newest documents, and whether these are all."""
    plan = plan_of(connection, search, limits)
    if plan is None:
        return [], True
    rows = connection.execute(sums_statement(plan.shape), plan.values | bounds(search, newest(search))).all()
    is_exact = all(row.place < limits.window for row in rows)
    paid = [f"{payment}_minor" for payment in search.payments] or ["total_minor"]
    found = [
        Sum(
            row.currency,
            row.type,
            row.documents,
            sum(row._mapping[name] for name in paid),
            row.discount_minor,
            is_exact,
        )
        for row in rows
        if row.documents
    ]
    return found, is_exact


def _with_known_discounts(connection: sa.Connection, search: Search, found: list[Sum]) -> list[Sum]:
    """Sales with a discount can be too many to count, but turnover knows what their discounts come to."""
    plain = dataclasses.replace(search, discounted=False)
    if not search.discounted or search.types != ("sale",) or search.payments or not _is_known(plain):
        return found
    counted = {row.currency: row for row in found}
    return [
        dataclasses.replace(
            counted.get(known.currency, Sum(known.currency, "sale", 0, 0, 0, is_exact=False)),
            discount_minor=known.discount_minor,
        )
        for known in _from_turnover(connection, plain)
        if known.discount_minor
    ]


def _from_turnover(connection: sa.Connection, search: Search) -> list[Sum]:
    kinds = kinds_of([type_ for type_ in search.possible_types if type_ not in WITHOUT_SUM]) or ()
    if not kinds:
        return []
    places = tuple(name for name in ("outlet_ids", "sko_ids") if getattr(search, name))
    payment = next(iter(search.payments), None)
    statement = _statement(kinds, places, payment, search.currency is not None)
    first, last = search.days
    parts = period_parts(first, last, from_us(now_us()).date())
    values: dict[str, Any] = {name: getattr(search, name) for name in ("merchant_id", "currency", *places)}
    values |= {"first": first, "last": last, "first_month": parts.first_month, "last_month": parts.last_month}
    for end, days in (("head", parts.head), ("tail", parts.tail)):
        values |= {f"{end}_first": days.first, f"{end}_last": days.last, f"{end}_sign": days.sign}
    found = []
    for currency, discount, *sums in connection.execute(statement, values):
        for kind, count, total in zip(kinds, sums[::2], sums[1::2], strict=True):
            if count:
                found.append(Sum(currency, TYPE_OF_KIND[kind], count, total, discount if kind == "sales" else 0))
    return found


@functools.lru_cache(maxsize=512)
def _statement(
    kinds: tuple[str, ...], places: tuple[str, ...], payment: str | None, has_currency: bool
) -> sa.Select[Any]:
    """By currency: the discounts of sales, then a count and a sum for each kind."""
    of_payment = f"_{payment}" if payment else ""
    counters = ["sales_discount_minor"]
    counters += [f"{kind}{of_payment}_{unit}" for kind in kinds for unit in ("count", "minor")]
    narrowed = (*places, "currency") if has_currency else places
    if not places:
        rows = _rows(turnover_day, turnover_day.c.day, counters, narrowed, ("first", "last")).subquery()
    else:
        months = _rows(turnover_month, turnover_month.c.month, counters, narrowed, ("first_month", "last_month"))
        ends = (
            _rows(turnover, turnover.c.day, counters, narrowed, (f"{end}_first", f"{end}_last"), f"{end}_sign")
            for end in ("head", "tail")
        )
        rows = sa.union_all(months, *ends).subquery()
    # PostgreSQL adds up 64-bit integers to a decimal.
    sums = (sa.cast(sa.func.sum(rows.c[name]), sa.BigInteger) for name in counters)
    return sa.select(rows.c.currency, *sums).group_by(rows.c.currency)


def _rows(
    table: sa.Table,
    day: sa.Column[Any],
    counters: list[str],
    narrowed: tuple[str, ...],
    ends: tuple[str, str],
    sign: str | None = None,
) -> sa.Select[Any]:
    columns: list[sa.ColumnElement[Any]] = [table.c[name] for name in counters]
    if sign:
        columns = [(column * sa.bindparam(sign, type_=sa.Integer)).label(column.name) for column in columns]
    conditions = [
        table.c.merchant_id == sa.bindparam("merchant_id"),
        day.between(sa.bindparam(ends[0]), sa.bindparam(ends[1])),
    ]
    for name in narrowed:
        if name == "currency":
            conditions.append(table.c.currency == sa.bindparam("currency"))
        else:
            conditions.append(table.c[name.removesuffix("s")].in_(sa.bindparam(name, expanding=True)))
    return sa.select(table.c.currency, *columns).where(*conditions)
