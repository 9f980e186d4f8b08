"""What is measured: the pages, each filter, and the combinations that are hardest for them."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any, Literal, NamedTuple
from urllib.parse import urlencode

import sqlalchemy as sa

from loadtests.pages_documents import (
    DAYS,
    FREQUENT,
    OUTLETS_WITH_PAYOUTS,
    RARE,
    RARE_SKO,
    cashiers_of,
    outlet_of,
    sko_number,
)
from loadtests.pages_fill import Store
from sql.engine import connect, reading
from sql.instants import DAY_US
from sql.tables import document

Query = dict[str, Any]
Kind = Literal["list", "year", "row", "other"]
# How many times the floor each may take, and with ten times as many documents how many times as long.
GOALS: dict[Kind, float | None] = {"list": 3, "year": 5, "row": 3, "other": None}
GROWTH_GOAL = 1.3

SKO_ID = 250  # a register in the middle of everything
OUTLET_ID = outlet_of(SKO_ID)
FIVE_SKOS = [sko_number(sko_id) for sko_id in (7, 111, SKO_ID, 333, 499)]
FIVE_OF_OUTLET = [sko_number(sko_id) for sko_id in range(SKO_ID - 4, SKO_ID + 1)]
OTHERS_OUTLET = OUTLETS_WITH_PAYOUTS + 20  # where nothing is ever paid out


class Case(NamedTuple):
    name: str
    kind: Kind
    path: str
    is_fragment: bool = False  # asked for as htmx asks


class Landmark(NamedTuple):
    """A document in the middle of the two years."""

    number: int
    uid: str
    issued_us: int


def landmark(store: Store) -> Landmark:
    engine = connect(store.url)
    query = sa.select(document.c.number, document.c.uid, document.c.issued_us).where(
        document.c.merchant_id == store.filled.merchant_id, document.c.sko_id == SKO_ID, document.c.type == "sale"
    )
    with reading(engine) as connection:
        newest = connection.execute(query.order_by(document.c.number.desc()).limit(1)).one()
        middle = query.where(document.c.issued_us < newest.issued_us - DAYS // 2 * DAY_US)
        found = Landmark(*connection.execute(middle.order_by(document.c.number.desc()).limit(1)).one())
    engine.dispose()
    return found


def cases(store: Store, middle: Landmark) -> Iterator[Case]:
    """All that is asked for without a cursor."""
    for name, query in _searches(store, middle).items():
        yield Case(f"Cash documents: {name}", "list", f"/documents?{urlencode(query, doseq=True)}")
    yield Case("A chosen document", "list", f"/documents/{sko_number(SKO_ID)}/{middle.number}")
    last = store.filled.last
    year: Query = {"from": (last - timedelta(days=364)).isoformat(), "to": last.isoformat()}
    outlet: Query = {"outlet": OUTLET_ID}
    five: Query = {"sko": FIVE_SKOS}
    for name, query in (("", {}), (", an outlet", outlet), (", 5 СКО", five)):
        yield Case(f"Sales of a year{name}", "year", f"/sales?{urlencode(year | query, doseq=True)}")
    for name, query in (("", {}), (", an outlet", outlet)):
        yield Case(f"Turnover of a year{name}", "year", f"/turnover?{urlencode(year | query, doseq=True)}")
    day = last - timedelta(days=DAYS // 2)
    yield Case("A row of Sales, expanded", "row", f"/sales/{day}/{OUTLET_ID}", is_fragment=True)
    of_year = urlencode({"currency": "BYN"} | year)
    row = f"/turnover/{OUTLET_ID}/{sko_number(SKO_ID)}?{of_year}"
    yield Case("A row of Turnover of a year, expanded", "row", row, is_fragment=True)
    yield Case("Home", "other", "/")
    month = urlencode({"from": (last - timedelta(days=29)).isoformat(), "to": last.isoformat()})
    yield Case("Reports of a month", "other", f"/reports?{month}")
    yield Case("Completeness of a month", "other", f"/reports/completeness?{month}")
    yield Case("Completeness of a month, a СКО", "other", f"/reports/completeness/{sko_number(SKO_ID)}?{month}")


def _searches(store: Store, middle: Landmark) -> dict[str, Query]:
    last = store.filled.last
    month = {"from": (last - timedelta(days=400)).isoformat(), "to": (last - timedelta(days=370)).isoformat()}
    year = {"from": (last - timedelta(days=700)).isoformat(), "to": (last - timedelta(days=336)).isoformat()}
    types = ("sale", "refund", "rollback", "deposit", "withdrawal", "payout", "shift_open", "z_report")
    cashier = cashiers_of(OUTLET_ID)[0]
    return {
        "first page": {},
        "a СКО": {"sko": sko_number(SKO_ID)},
        "5 СКО": {"sko": FIVE_SKOS},
        "an outlet": {"outlet": OUTLET_ID},
        **{f"type {name}": {"type": name} for name in types},
        **{f"paid {name}": {"payment": name} for name in ("cash", "cashless", "other")},
        "currency USD": {"currency": "USD"},
        "a day": {"date": (last - timedelta(days=400)).isoformat()},
        "a month": month,
        "a year": year,
        "frequent cashier": {"cashier": FREQUENT},
        "cashier of an outlet": {"cashier": cashier},
        "rare cashier": {"cashier": RARE},
        "number": {"q": middle.number},
        "УИ": {"q": middle.uid},
        "sum, wide": {"min": "5", "max": "100"},
        "sum, narrow": {"min": "17.50", "max": "17.59"},
        "sum, none": {"min": "900000"},
        **{f"state {name}": {"state": name} for name in ("sent", "pending", "refused")},
        "discounted": {"discount": 1},
        "worst: rare cashier, sum, outlet": {"cashier": RARE, "min": "5", "outlet": outlet_of(RARE_SKO)},
        "worst: rare cashier elsewhere": {"cashier": RARE, "outlet": OUTLET_ID},
        "worst: frequent cashier, sum that nobody paid": {"cashier": FREQUENT, "min": "5000"},
        "worst: a type that the outlet never had": {"type": "payout", "outlet": OTHERS_OUTLET},
        "worst: refunds of a СКО paid otherwise": {"type": "refund", "payment": "other", "sko": sko_number(SKO_ID)},
        "worst: СКО of an outlet, paid otherwise, high sum": {
            "sko": FIVE_OF_OUTLET, "payment": "other", "min": "200",
        },
        "worst: a year of 5 СКО in EUR, discounted": year | {"sko": FIVE_SKOS, "currency": "EUR", "discount": 1},
        "worst: refused, of an outlet, in a month": month | {"state": "refused", "outlet": OUTLET_ID},
        "worst: pending, rolled back": {"state": "pending", "type": "rollback"},
    }  # fmt: skip


def deep_cases(middle_cursor: str, end_cursor: str) -> Iterator[Case]:
    """Pages far down the list, and the rows that scrolling there adds."""
    for where, cursor in (("in the middle", middle_cursor), ("near the end", end_cursor)):
        path = f"/documents?after={cursor}"
        yield Case(f"Cash documents: {where}", "list", path)
        yield Case(f"Cash documents: {where}, scrolled to", "list", path, is_fragment=True)
