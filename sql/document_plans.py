"""How to go about a search among documents: what is asked for, and the index that leads to the fewest documents."""

import dataclasses
import datetime
from dataclasses import dataclass
from typing import Any, NamedTuple

import sqlalchemy as sa

from sql.document_windows import KEYS_MAX, WITHOUT_SUM, Shape
from sql.outlets import DEFAULT_TIME_ZONE
from sql.tables import DOCUMENT_TYPES, PAYMENTS, REVENUE_KINDS, document, pending_delivery, placement, refused_delivery
from sql.turnover import TYPE_OF_KIND

ALL_TIME = (datetime.date(1970, 1, 2), datetime.date(9999, 1, 1))
PAID_TYPES = tuple(TYPE_OF_KIND[kind] for kind in REVENUE_KINDS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """Whose documents, and which. Empty tuples mean all, None means any; `first` and `last` are business days.

    `zones` are the time zones of the merchant's outlets. A document matches one of `payments` if any part of it was
    paid that way. A smallest or largest sum leaves out documents that have none: openings of shifts and Z-reports.
    """

    merchant_id: int
    zones: frozenset[str] = frozenset({DEFAULT_TIME_ZONE})
    first: datetime.date | None = None
    last: datetime.date | None = None
    outlet_ids: tuple[int, ...] = ()
    sko_ids: tuple[int, ...] = ()
    types: tuple[str, ...] = ()
    payments: tuple[str, ...] = ()
    currency: str | None = None
    number: int | None = None
    uid: str | None = None
    cashier: str | None = None
    min_minor: int | None = None
    max_minor: int | None = None
    state: str | None = None
    discounted: bool = False

    @property
    def possible_types(self) -> tuple[str, ...]:
        """Of the types that are asked for, those that can meet the other conditions."""
        types = self.types or DOCUMENT_TYPES
        if self.min_minor is not None or self.max_minor is not None:
            types = tuple(type_ for type_ in types if type_ not in WITHOUT_SUM)
        return tuple(type_ for type_ in types if type_ in PAID_TYPES) if self.payments else types

    @property
    def days(self) -> tuple[datetime.date, datetime.date]:
        return self.first or ALL_TIME[0], self.last or ALL_TIME[1]


class Limits(NamedTuple):
    """How much a step looks at: rows of documents and of turnover; how much it answers; registers looked up singly."""

    window: int = 2_000
    page: int = 50
    branches: int = 40
    turnover_window: int = 2_000


class Plan(NamedTuple):
    """How to go about a search: the shape of its statements, and the values of all parameters but the bounds."""

    shape: Shape
    values: dict[str, Any]

    @property
    def is_short(self) -> bool:
        """Whether the source has no more documents than a window or so, and no day is worth skipping."""
        return self.shape.source in ("uid", "number", "pending", "refused")


def plan_of(connection: sa.Connection, search: Search, limits: Limits) -> Plan | None:
    """The plan for a search; None if nothing can be found."""
    registers = _registers(connection, search)
    if not search.possible_types or registers == ():
        return None
    source, keys = _source(connection, search, registers, limits)
    conditions = _conditions(search)
    if source == "registers":
        conditions.discard("sko_ids")
    values = {field.name: getattr(search, field.name) for field in dataclasses.fields(search)}
    values |= {"first": search.days[0], "last": search.days[1]}
    values |= {f"{source}_{place}": key for place, key in enumerate(keys)}
    return Plan(Shape(source, len(keys), frozenset(conditions), limits.window), values)


def _registers(connection: sa.Connection, search: Search) -> tuple[int, ...] | None:
    """The registers that can have such documents: those that have ever stood in the outlets; None: all."""
    if not search.outlet_ids:
        return search.sko_ids or None
    placed = sa.select(placement.c.sko_id).where(
        placement.c.merchant_id == search.merchant_id, placement.c.outlet_id.in_(search.outlet_ids)
    )
    registers = set(connection.execute(placed).scalars())
    return tuple(sorted(registers & set(search.sko_ids) if search.sko_ids else registers))


def _source(
    connection: sa.Connection, search: Search, registers: tuple[int, ...] | None, limits: Limits
) -> tuple[str, tuple[Any, ...]]:
    """The index that leads to the fewest documents, as far as one can say beforehand, and the keys to look up in it."""
    found: tuple[str, tuple[Any, ...]] = "newest", ()
    if search.uid is not None:
        return "uid", (search.uid,)
    if search.number is not None:
        return "number", ()
    if search.state in ("pending", "refused") and _is_rare_state(connection, search, min(limits.window, KEYS_MAX)):
        return search.state, ()
    if registers and len(registers) <= limits.branches:
        found = "registers", registers
    elif "sale" not in search.possible_types:
        found = "types", search.possible_types
    if search.cashier is not None and (found[0] == "newest" or _is_rare_cashier(connection, search, limits.window)):
        found = "cashier", (search.cashier,)
    return found


def _is_rare_state(connection: sa.Connection, search: Search, count_max: int) -> bool:
    """Whether no more documents than that are in the state that is asked for."""
    last, first = pending_delivery.c.last_number, pending_delivery.c.first_number
    pending = sa.select((last - first + 1).label("size")).select_from(pending_delivery)
    refused = sa.select(sa.literal(1, sa.BigInteger).label("size")).select_from(refused_delivery)
    sizes = pending if search.state == "pending" else refused
    some = sizes.filter_by(merchant_id=search.merchant_id).limit(count_max + 1).subquery()
    return (connection.execute(sa.select(sa.func.sum(some.c.size))).scalar() or 0) <= count_max


def _is_rare_cashier(connection: sa.Connection, search: Search, count_max: int) -> bool:
    """Whether the cashier has issued no more documents than that."""
    of_cashier = {"merchant_id": search.merchant_id, "cashier": search.cashier}
    some = sa.select(document.c.issued_us).filter_by(**of_cashier).limit(count_max + 1).subquery()
    return (connection.execute(sa.select(sa.func.count()).select_from(some)).scalar() or 0) <= count_max


def _conditions(search: Search) -> set[str]:
    """The names of the conditions that a document has to meet."""
    several = {name for name in ("outlet_ids", "sko_ids", "types", "discounted") if getattr(search, name)}
    single = ("currency", "number", "uid", "cashier", "min_minor", "max_minor")
    conditions = several | {name for name in single if getattr(search, name) is not None}
    if search.first or search.last:
        conditions.add("period")
    if search.payments:
        conditions.add("paid_" + "_".join(payment for payment in PAYMENTS if payment in search.payments))
    return conditions | {search.state} if search.state else conditions
