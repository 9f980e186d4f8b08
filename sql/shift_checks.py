"""Shifts: what the Z-report says beside what the documents of the shift come to, added up anew."""

import dataclasses
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import sqlalchemy as sa

from sql import dialect
from sql.intervals import Interval, union
from sql.tables import DRAWER_KINDS, REVENUE_KINDS, document, shift, z_counter
from sql.turnover import TYPE_OF_KIND

AFTER_Z = 1_000  # numbers behind a Z-report among which documents of its shift are looked for
WHILE_OPEN = 50_000  # and behind the opening of a shift that has none
_KIND_OF_TYPE = {type_: kind for kind, type_ in TYPE_OF_KIND.items()}


@dataclass(slots=True)
class Counted:
    """What a shift took in one currency: counts, and sums in minor units. Its fields are those of `z_counter`."""

    sales_count: int = 0
    sales_cash_minor: int = 0
    sales_cashless_minor: int = 0
    sales_other_minor: int = 0
    sales_minor: int = 0
    refunds_count: int = 0
    refunds_minor: int = 0
    rollbacks_count: int = 0
    rollbacks_minor: int = 0
    deposits_count: int = 0
    deposits_minor: int = 0
    withdrawals_count: int = 0
    withdrawals_minor: int = 0
    payouts_count: int = 0
    payouts_minor: int = 0


COUNTERS = tuple(each.name for each in dataclasses.fields(Counted))
assert set(COUNTERS) >= {f"{kind}_minor" for kind in REVENUE_KINDS + DRAWER_KINDS}


@dataclass(frozen=True, slots=True)
class Shift:
    """A shift of a register. Instants and numbers are None as long as the document that tells them isn't there.

    `is_last`: no later one is known, so that its Z-report may still come.
    """

    merchant_id: int
    sko_id: int
    shift: int
    open_number: int | None
    opened_us: int | None
    z_number: int | None
    closed_us: int | None
    first_number: int | None
    is_last: bool

    @property
    def key(self) -> tuple[int, int, int]:
        return self.merchant_id, self.sko_id, self.shift

    @property
    def numbers(self) -> Interval | None:
        """Its documents, from its opening up to its Z-report; None: neither is there."""
        ends = [number for number in (self.open_number, self.first_number, self.z_number) if number]
        return Interval(min(ends), self.z_number or max(ends)) if ends else None

    @property
    def searched(self) -> Interval | None:
        """The numbers among which its documents are looked for, as `_is_searched` has them."""
        further = AFTER_Z if self.z_number else WHILE_OPEN
        return Interval(self.numbers.first, self.numbers.last + further) if self.numbers else None


@dataclass(slots=True)
class Checked:
    """A shift with what its Z-report says and what its documents come to, by currency; and where they were issued."""

    shift: Shift
    said: dict[str, Counted] = field(default_factory=dict)
    counted: dict[str, Counted] = field(default_factory=dict)
    outlet_ids: set[int] = field(default_factory=set)

    @property
    def is_closed(self) -> bool:
        return self.shift.z_number is not None

    @property
    def differs(self) -> bool:
        """Whether its Z-report says anything else than its documents do."""
        nothing = Counted()
        currencies = self.said.keys() | self.counted.keys()
        return self.is_closed and any(
            self.said.get(currency, nothing) != self.counted.get(currency, nothing) for currency in currencies
        )


class Stray(NamedTuple):
    """A document whose shift and number don't go together."""

    number: int
    type: str
    shift: int
    issued_us: int
    currency: str
    total_minor: int


def shifts_of(
    connection: sa.Connection, merchant_id: int, sko_id: int, since_us: int, until_us: int, limit: int
) -> list[Shift]:
    """The shifts of a register that were open at any time of a period, the latest first."""
    closed = sa.func.coalesce(shift.c.closed_us, 2**62)
    opened = sa.func.coalesce(shift.c.opened_us, shift.c.z_opened_us, shift.c.closed_us)
    query = _shifts(merchant_id, sko_id).where(opened < until_us, closed >= since_us)
    return [Shift(*row) for row in connection.execute(query.order_by(shift.c.shift.desc()).limit(limit))]


def find_shift(connection: sa.Connection, merchant_id: int, sko_id: int, number: int) -> Shift | None:
    """The shift of this number, if its opening or its Z-report is there."""
    row = connection.execute(_shifts(merchant_id, sko_id).where(shift.c.shift == number)).first()
    return Shift(*row) if row else None


def _shifts(merchant_id: int, sko_id: int) -> sa.Select[Any]:
    return sa.select(*shift_columns()).where(shift.c.merchant_id == merchant_id, shift.c.sko_id == sko_id)


def shift_columns() -> list[sa.ColumnElement[Any]]:
    """What a Shift is made of, in the order of its fields."""
    later = shift.alias("later")
    is_later = sa.and_(
        *(later.c[name] == shift.c[name] for name in ("merchant_id", "sko_id")), later.c.shift > shift.c.shift
    )
    derived: dict[str, sa.ColumnElement[Any]] = {
        "opened_us": sa.func.coalesce(shift.c.opened_us, shift.c.z_opened_us).label("opened_us"),
        "is_last": ~sa.select(later.c.shift).where(is_later).correlate(shift).exists(),
    }
    return [derived[name] if name in derived else shift.c[name] for name in Shift.__slots__]


def check_shifts(connection: sa.Connection, shifts: Sequence[Shift]) -> list[Checked]:
    """These shifts, each recomputed from its documents: a scan of neighbouring numbers, and one look-up of Z-reports.

    Pages and notifications both ask here, so that they never disagree about what a difference is.
    """
    checked = {each.key: Checked(each) for each in shifts}
    for numbers, its in _scans(shifts):
        for row in connection.execute(_sums(numbers, its)):
            found = checked[(*its[0].key[:2], row.shift)]
            found.outlet_ids.add(row.outlet_id)
            kind = _KIND_OF_TYPE.get(row.type)
            if kind:
                _add(found.counted.setdefault(row.currency, Counted()), kind, row)
    by_z = {(*key[:2], each.shift.z_number): each for key, each in checked.items() if each.is_closed}
    key = (z_counter.c.merchant_id, z_counter.c.sko_id, z_counter.c.number)
    columns = (*key, z_counter.c.currency, *(z_counter.c[name] for name in COUNTERS))
    for row in dialect.select_keys(connection, columns, key, list(by_z)) if by_z else ():
        by_z[row[0], row[1], row[2]].said[row[3]] = Counted(*row[4:])
    return list(checked.values())


def _scans(shifts: Iterable[Shift]) -> Iterator[tuple[Interval, list[Shift]]]:
    """Numbers of a register that are read at once, with the shifts whose documents are among them."""
    by_register: dict[tuple[int, int], list[tuple[Interval, Shift]]] = {}
    for each in shifts:
        if each.searched:
            by_register.setdefault(each.key[:2], []).append((each.searched, each))
    for its in by_register.values():
        for numbers in union(searched for searched, _each in its):
            yield numbers, [each for searched, each in its if numbers.first <= searched.first <= numbers.last]


def _sums(numbers: Interval, shifts: Sequence[Shift]) -> sa.Select[Any]:
    d = document.c
    key = (d.shift, d.outlet_id, d.currency, d.type)
    amounts = ("total_minor", "cash_minor", "cashless_minor", "other_minor")
    sums = (sa.cast(sa.func.sum(d[name]), sa.BigInteger).label(name) for name in amounts)
    of_shift = sa.and_(*(d[name] == shift.c[name] for name in ("merchant_id", "sko_id", "shift")))
    merchant_id, sko_id, _shift = shifts[0].key
    return (
        sa.select(*key, sa.func.count().label("documents"), *sums)
        .join_from(document, shift, of_shift)
        .where(d.merchant_id == merchant_id, d.sko_id == sko_id, d.number.between(*numbers))
        .where(d.shift.in_([each.shift for each in shifts]), _is_searched())
        .group_by(*key)
    )


def _is_searched() -> sa.ColumnElement[bool]:
    """Whether a document is among the numbers in which those of its shift are looked for."""
    number, its = document.c.number, shift.c
    begun = sa.or_(*(number >= first for first in (its.open_number, its.first_number, its.z_number)))
    return sa.and_(begun, number <= sa.func.coalesce(its.z_number + AFTER_Z, its.open_number + WHILE_OPEN))


def _add(counted: Counted, kind: str, row: Any) -> None:
    amounts = {"count": row.documents, "minor": row.total_minor}
    if kind == "sales":
        amounts |= {f"{way}_minor": getattr(row, f"{way}_minor") for way in ("cash", "cashless", "other")}
    for name, amount in amounts.items():
        setattr(counted, f"{kind}_{name}", getattr(counted, f"{kind}_{name}") + amount)


def strays_of(connection: sa.Connection, found: Shift, limit: int) -> list[Stray]:
    """Documents among the shift's numbers that say they are of another one, or behind its Z-report and of this one."""
    if found.numbers is None:
        return []
    d = document.c
    first, last = found.numbers
    inside = sa.and_(d.number.between(first, last), d.shift != found.shift)
    behind = sa.and_(d.number > last, d.shift == found.shift) if found.z_number else sa.false()
    query = (
        sa.select(*(d[name] for name in Stray._fields))
        .where(d.merchant_id == found.merchant_id, d.sko_id == found.sko_id)
        .where(d.number.between(first, last + AFTER_Z))
        .where(inside | behind)
    )
    return [Stray(*row) for row in connection.execute(query.order_by(d.number).limit(limit))]
