"""The part of the year of real baskets that is replayed, and the proof that turnover got it right.

Imports the reader of the data set, an optional extra: whoever may run without it imports this module late.
"""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import NamedTuple

from loadtests.company import store_name
from loadtests.dataset import FIRST_DAY, LAST_DAY, DataSet, Total, totals_by_store_and_month
from loadtests.feed import Days
from loadtests.journey import Chain
from sql.engine import Engine, reading
from sql.turnover_months import sales_by_month


class Part(NamedTuple):
    """Stores (→ their baskets a year) and days; dates are those on the documents, after the move by `shift_days`."""

    stores: dict[int, int]
    shift_days: int
    first: date
    last: date

    @classmethod
    def of(cls, stores: dict[int, int], ends: date, first: date | None = None, last: date | None = None) -> "Part":
        """The year moved so that it ends on `ends`, or what of it lies between `first` and `last`.

        ValueError if no day is left.
        """
        begins = ends - (LAST_DAY - FIRST_DAY)
        part = cls(stores, (ends - LAST_DAY).days, max(begins, first or begins), min(ends, last or ends))
        if part.first > part.last:
            raise ValueError(f"The data goes from {begins} to {ends}; no day of it is left.")
        return part


def days_of(part: Part, data: DataSet, chain: Chain, until: datetime | None = None) -> Days:
    """The documents of the part, day by day; none issued after `until`.

    The registers live through the days before the part as well: their numbers don't depend on what is asked for.
    """
    shift = timedelta(days=part.shift_days)
    for day, baskets in data.days(part.stores, part.last - shift):
        documents = chain.day(day + shift, baskets)
        if day + shift >= part.first:
            if until:
                documents = [document for document in documents if document["issued_at"] <= until.isoformat()]
            yield day + shift, documents


def differences(engine: Engine, merchant_id: int, part: Part, data: DataSet) -> Iterator[str]:
    """Where `turnover` is not what the Parquet files say of this part, by store and month: a sentence each."""
    names = {store_id: store_name(store_id) for store_id in part.stores}
    totals = totals_by_store_and_month(data.folder, part.shift_days, part.first, part.last)
    in_files = {
        (names[store_id], year, month): total for (store_id, year, month), total in totals.items() if store_id in names
    }
    with reading(engine) as connection:
        kept = {
            (row.outlet_name, row.year, row.month): Total(row.sales_count, row.sales_minor, row.sales_discount_minor)
            for row in sales_by_month(connection, merchant_id, part.first, part.last)
            if row.outlet_name in names.values()
        }
    for key in sorted(in_files.keys() | kept.keys()):
        if in_files.get(key) != kept.get(key):
            name, year, month = key
            yield f"{name}, {year}-{month:02d}: in the files {in_files.get(key)}, in turnover {kept.get(key)}"
