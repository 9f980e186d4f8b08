"""Shifts: what the Z-report says beside what the documents of the shift come to, added up anew."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import sqlalchemy as sa

from sql.intervals import Interval
from sql.tables import DRAWER_KINDS, REVENUE_KINDS, document, shift, z_counter
from sql.turnover import TYPE_OF_KIND

AFTER_Z = 1_000  # numbers behind a Z-report among which documents of its shift are looked for
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
    """A shift of a register. Instants and numbers are None as long as the document that tells them isn't there."""

    shift: int
    open_number: int | None
    opened_us: int | None
    z_number: int | None
    closed_us: int | None
    first_number: int | None
    last_number: int | None

    @property
    def numbers(self) -> Interval | None:
        """Its documents, from its opening up to its Z-report; None: neither is there."""
        ends = [number for number in (self.open_number, self.first_number, self.last_number, self.z_number) if number]
        return Interval(min(ends), max(ends)) if ends else None


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
    opened = sa.func.coalesce(shift.c.opened_us, shift.c.z_opened_us).label("opened_us")
    columns = [opened if name == "opened_us" else shift.c[name] for name in Shift.__slots__]
    return sa.select(*columns).where(shift.c.merchant_id == merchant_id, shift.c.sko_id == sko_id)


def check_shifts(connection: sa.Connection, merchant_id: int, sko_id: int, shifts: Sequence[Shift]) -> list[Checked]:
    """These shifts of a register, each recomputed from its documents: one scan of their numbers, one look-up of Zs."""
    checked = {each.shift: Checked(each) for each in shifts}
    ranges = [each.numbers for each in shifts if each.numbers]
    if not ranges:
        return list(checked.values())
    scanned = Interval(min(each.first for each in ranges), max(each.last for each in ranges) + AFTER_Z)
    for row in connection.execute(_sums(merchant_id, sko_id, scanned, list(checked))):
        found = checked[row.shift]
        found.outlet_ids.add(row.outlet_id)
        kind = _KIND_OF_TYPE.get(row.type)
        if kind:
            _add(found.counted.setdefault(row.currency, Counted()), kind, row)
    by_z = {each.shift.z_number: each for each in checked.values() if each.is_closed}
    query = sa.select(z_counter.c.number, z_counter.c.currency, *(z_counter.c[name] for name in COUNTERS)).where(
        z_counter.c.merchant_id == merchant_id, z_counter.c.sko_id == sko_id, z_counter.c.number.in_(sorted(by_z))
    )
    for number, currency, *counters in connection.execute(query):
        by_z[number].said[currency] = Counted(*counters)
    return list(checked.values())


def _sums(merchant_id: int, sko_id: int, numbers: Interval, shifts: list[int]) -> sa.Select[Any]:
    d = document.c
    key = (d.shift, d.outlet_id, d.currency, d.type)
    amounts = ("total_minor", "cash_minor", "cashless_minor", "other_minor")
    sums = (sa.cast(sa.func.sum(d[name]), sa.BigInteger).label(name) for name in amounts)
    return (
        sa.select(*key, sa.func.count().label("documents"), *sums)
        .where(d.merchant_id == merchant_id, d.sko_id == sko_id, d.number.between(*numbers), d.shift.in_(shifts))
        .group_by(*key)
    )


def _add(counted: Counted, kind: str, row: Any) -> None:
    amounts = {"count": row.documents, "minor": row.total_minor}
    if kind == "sales":
        amounts |= {f"{way}_minor": getattr(row, f"{way}_minor") for way in ("cash", "cashless", "other")}
    for name, amount in amounts.items():
        setattr(counted, f"{kind}_{name}", getattr(counted, f"{kind}_{name}") + amount)


def strays_of(connection: sa.Connection, merchant_id: int, sko_id: int, found: Shift, limit: int) -> list[Stray]:
    """Documents among the shift's numbers that say they are of another one, or behind its Z-report and of this one."""
    if found.numbers is None:
        return []
    d = document.c
    first, last = found.numbers
    inside = sa.and_(d.number.between(first, last), d.shift != found.shift)
    behind = sa.and_(d.number > last, d.shift == found.shift) if found.z_number else sa.false()
    query = (
        sa.select(*(d[name] for name in Stray._fields))
        .where(d.merchant_id == merchant_id, d.sko_id == sko_id, d.number.between(first, last + AFTER_Z))
        .where(inside | behind)
    )
    return [Stray(*row) for row in connection.execute(query.order_by(d.number).limit(limit))]
