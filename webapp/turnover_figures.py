"""The figures of Turnover: what outlets and registers have taken over a period, a currency each."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sql.engine import Connection
from sql.skos import Sko
from sql.tables import CURRENCIES
from sql.turnover_periods import RegisterRevenue, revenue_by_register, revenue_of_period
from sql.turnover_reports import Revenue, add_up
from webapp.filters import Filters
from webapp.periods import EARLIEST, Period

SLICES_MAX = 8  # as many as the eye can tell apart; the other outlets are one more
USUAL_SORT = "net"
SORTS = ("net", "number", "outlet")


@dataclass(frozen=True, slots=True)
class Register:
    """A row of the table: what a register has taken at an outlet. One that has moved has a row for each outlet."""

    sko: Sko
    outlet_id: int
    currency: str
    revenue: Revenue

    @property
    def key(self) -> str:
        """What the row is called in an address and in the page."""
        return f"{self.outlet_id}-{self.sko.number}-{self.currency}"

    @property
    def has_moved(self) -> bool:
        return self.sko.outlet_id != self.outlet_id


@dataclass(frozen=True, slots=True)
class OutletTurnover:
    outlet_id: int
    revenue: Revenue


@dataclass(frozen=True, slots=True)
class CurrencyTurnover:
    """What was taken in one currency. `before` is the previous period of the same length, None if there was none."""

    currency: str
    registers: Sequence[Register]
    outlets: Sequence[OutletTurnover]  # the largest sales first
    total: Revenue
    before: Revenue | None

    @property
    def slices(self) -> Sequence[OutletTurnover]:
        """The outlets that the chart names."""
        return self.outlets[:SLICES_MAX]

    @property
    def rest(self) -> Sequence[OutletTurnover]:
        """The outlets that are one slice together."""
        return self.outlets[SLICES_MAX:]

    @property
    def rest_revenue(self) -> Revenue:
        return add_up(outlet.revenue for outlet in self.rest)

    @property
    def largest_minor(self) -> int:
        """The sales of the row with the largest: they fill its bar."""
        return max((row.revenue.sales_minor for row in self.registers), default=0)

    def growth(self, of: Callable[[Revenue], int]) -> float | None:
        """How much more than before, as a share; None if there is nothing to compare with."""
        before = of(self.before) if self.before else 0
        return of(self.total) / before - 1 if before > 0 else None

    @property
    def sales_growth(self) -> float | None:
        return self.growth(lambda revenue: revenue.sales_minor)

    @property
    def net_growth(self) -> float | None:
        return self.growth(lambda revenue: revenue.net_minor)


@dataclass(frozen=True, slots=True)
class Turnover:
    """`outlet_ids` and `registered` are what the filters choose, whether it has taken anything or not."""

    outlet_ids: Sequence[int]
    registered: Sequence[Sko]
    by_currency: Sequence[CurrencyTurnover]  # BYN first, at least one

    @property
    def selling_outlets_count(self) -> int:
        return len({row.outlet_id for row in self._selling()})

    @property
    def selling_registers_count(self) -> int:
        return len({row.sko.sko_id for row in self._selling()})

    def _selling(self) -> list[Register]:
        return [row for part in self.by_currency for row in part.registers if row.revenue.receipts_count]


def period_of(filters: Filters) -> Period:
    """The filters' period: on these pages there is always one, since none means the usual one."""
    assert filters.period is not None
    return filters.period


def turnover_of(connection: Connection, merchant_id: int, filters: Filters, sort: str = USUAL_SORT) -> Turnover:
    """Turnover of the filters' period and outlets, with the registers in the order of `sort`."""
    period = period_of(filters)
    previous = period.previous
    found = revenue_by_register(connection, merchant_id, period.first, period.last, filters.outlet_ids)
    # A file's filters are read before its rows: what has been opened since is not in it.
    rows = [row for row in found if row.outlet_id in filters.outlets and row.sko_id in filters.skos]
    has_before = previous.first >= EARLIEST
    before = (
        revenue_of_period(connection, merchant_id, previous.first, previous.last, filters.outlet_ids)
        if has_before
        else {}
    )
    outlet_ids = filters.outlet_ids or tuple(filters.outlets)
    registered = [sko for sko in filters.skos.values() if sko.outlet_id in outlet_ids]
    seen = {row.currency for row in rows} | before.keys()
    parts: list[CurrencyTurnover] = []
    for currency in [name for name in CURRENCIES if name in seen] or CURRENCIES[:1]:
        # Whoever has taken nothing stands in the first table alone: once is enough to say so.
        idle = ([], ()) if parts else (registered, outlet_ids)
        registers, outlets = _of_currency(currency, rows, filters.skos, *idle)
        total = add_up(outlet.revenue for outlet in outlets)
        was = before.get(currency, Revenue()) if has_before else None
        parts.append(CurrencyTurnover(currency, _sorted(registers, sort, filters), outlets, total, was))
    return Turnover(outlet_ids, registered, parts)


def _of_currency(
    currency: str,
    rows: Sequence[RegisterRevenue],
    skos: Mapping[int, Sko],
    registered: Sequence[Sko],
    outlet_ids: Sequence[int],
) -> tuple[list[Register], list[OutletTurnover]]:
    """The registers and outlets with turnover in this currency, and those of the last two that have none."""
    taken = {(row.outlet_id, row.sko_id): row.revenue for row in rows if row.currency == currency}
    keys = [*taken, *(key for sko in registered if (key := (sko.outlet_id, sko.sko_id)) not in taken)]
    registers = [Register(skos[key[1]], key[0], currency, taken.get(key, Revenue())) for key in keys]
    of_outlets: dict[int, list[Revenue]] = {outlet_id: [] for outlet_id in outlet_ids}
    for (outlet_id, _sko_id), revenue in taken.items():
        of_outlets.setdefault(outlet_id, []).append(revenue)
    outlets = [OutletTurnover(outlet_id, add_up(revenues)) for outlet_id, revenues in of_outlets.items()]
    return registers, sorted(outlets, key=lambda outlet: (-outlet.revenue.sales_minor, outlet.outlet_id))


def _sorted(registers: list[Register], sort: str, filters: Filters) -> list[Register]:
    """In the order of `net` (the largest first), `number` or `outlet`; with a minus before it, the other way round."""
    names = {outlet_id: outlet.name.casefold() for outlet_id, outlet in filters.outlets.items()}
    by: dict[str, Callable[[Register], Any]] = {
        "net": lambda row: -row.revenue.net_minor,
        "number": lambda row: (len(row.sko.number), row.sko.number),
        "outlet": lambda row: names[row.outlet_id],
    }
    name = sort.lstrip("-")
    in_order = sorted(registers, key=lambda row: (-row.revenue.net_minor, row.sko.number, row.outlet_id))
    in_order.sort(key=by[name], reverse=sort.startswith("-"))
    if name == "net":
        in_order.sort(key=lambda row: not row.revenue.receipts_count)
    return in_order
