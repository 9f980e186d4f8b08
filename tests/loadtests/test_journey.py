"""Real baskets become valid receipts whose totals are those of the data, and every edge is mapped as documented."""

import datetime
from collections import defaultdict
from random import Random

import pyarrow.parquet as pq
import pytest

from ingest.problems import Problem
from ingest.reading import read_document
from ingest.rules import check
from loadtests.dataset import Basket, DataSet, Line, Product, totals_by_store_and_month
from loadtests.generator import encode
from loadtests.journey import Chain, Goods, register_count
from loadtests.register import gross_minor
from loadtests.year import Part, days_of
from sql.instants import now_us, to_us
from tests.loadtests.test_generator import recount

MILK, FUEL, NAMELESS, UNKNOWN = 1, 2, 3, 99
PRODUCTS = {
    MILK: Product("GROCERY", "FLUID MILK PRODUCTS", "FLUID MILK WHITE ONLY", "1/2 GAL"),
    FUEL: Product("FUEL", "COUPON/MISC ITEMS", "GASOLINE-REG UNLEADED", None),
    NAMELESS: Product("MISCELLANEOUS", None, None, None),
}


@pytest.fixture(scope="module")
def data() -> DataSet:
    return DataSet()


@pytest.fixture(scope="module")
def stores(data: DataSet) -> dict[int, int]:
    every = list(data.baskets_of_stores().items())
    return dict(every[:3] + every[150:153] + every[-6:])


@pytest.fixture(scope="module")
def history(data: DataSet, stores: dict[int, int]) -> list[tuple[datetime.date, list[dict]]]:
    part = Part.of(stores, datetime.date(2026, 6, 30))
    return list(days_of(part, data, Chain(data.products(), stores, "3")))


def item(**line: int) -> tuple[dict, int]:
    """The item of a line, and what of its coupon is left for the receipt; what isn't said of the line is nothing."""
    fields = {"product_id": MILK, "quantity": 1, "sales": 0, "loyalty": 0, "coupon": 0, "match": 0}
    return Goods(PRODUCTS).item(Line(**(fields | line)))


def sale(*lines: dict[str, int]):
    fields = {"product_id": MILK, "quantity": 1, "sales": 0, "loyalty": 0, "coupon": 0, "match": 0}
    at = datetime.datetime(2017, 5, 5, 12, 0)  # noqa: DTZ001  (the data's times have no zone)
    return Goods(PRODUCTS).sale(Basket(1, 1, at, [Line(**(fields | line)) for line in lines]), Random(1))


def test_discounts_become_modifiers_and_the_price_is_that_of_the_shelf() -> None:
    mapped, left_over = item(quantity=2, sales=278, loyalty=80, coupon=50, match=20)
    assert mapped == {
        "name": "FLUID MILK WHITE ONLY, 1/2 GAL",
        "section": {"code": 2, "name": "GROCERY"},
        "price": 189,
        "quantity": 2000,
        "sum": 228,
        "modifiers": [
            {"sum": -80, "name": "Скидка по карте"},
            {"sum": -20, "name": "Удвоение купона"},
            {"sum": -50, "name": "Купон"},
        ],
    }
    assert left_over == 0


def test_three_for_ten_keeps_the_quantity_and_says_what_rounding_took() -> None:
    mapped, _ = item(quantity=3, sales=1000)
    assert (mapped["price"], mapped["quantity"], mapped["sum"]) == (333, 3000, 1000)
    assert mapped["modifiers"] == [{"sum": 1, "name": "Округление цены"}]


def test_fuel_is_sold_by_the_thousandth_of_a_gallon() -> None:
    mapped, _ = item(product_id=FUEL, quantity=10_411, sales=2_500, loyalty=104)
    assert (mapped["price"], mapped["quantity"], mapped["sum"]) == (250, 10_411, 2_500)
    assert gross_minor(250, 10_411) == 2_603
    assert mapped["modifiers"] == [{"sum": -104, "name": "Скидка по карте"}, {"sum": 1, "name": "Округление цены"}]


def test_fuel_sold_by_amount_is_one_piece() -> None:
    mapped, _ = item(product_id=FUEL, quantity=1, sales=2_000)
    assert (mapped["price"], mapped["quantity"], mapped["sum"]) == (2_000, 1_000, 2_000)


def test_a_line_without_a_quantity_is_one_piece() -> None:
    mapped, _ = item(quantity=0, sales=209)
    assert (mapped["price"], mapped["quantity"], mapped["sum"]) == (209, 1_000, 209)


def test_a_line_without_a_price_stays_on_the_receipt() -> None:
    mapped, _ = item(sales=0)
    assert (mapped["price"], mapped["quantity"], mapped["sum"]) == (0, 1_000, 0)


@pytest.mark.parametrize(("product_id", "name"), [(NAMELESS, "PRODUCT 3"), (UNKNOWN, "PRODUCT 99")])
def test_a_product_without_a_name_goes_by_its_number(product_id: int, name: str) -> None:
    assert item(product_id=product_id, sales=100)[0]["name"] == name


def test_a_coupon_larger_than_its_line_counts_for_the_whole_receipt() -> None:
    receipt = sale({"sales": 500}, {"product_id": UNKNOWN, "quantity": 0, "coupon": 75})
    assert [position["sum"] for position in receipt.items] == [500, 0]
    assert receipt.modifiers == [{"sum": -75, "name": "Купон"}]
    assert receipt.total == 425


def test_coupons_never_pay_out() -> None:
    receipt = sale({"sales": 100}, {"product_id": UNKNOWN, "quantity": 0, "coupon": 600})
    assert receipt.modifiers == [{"sum": -100, "name": "Купон"}]
    assert (receipt.total, list(receipt.payments), receipt.change) == (0, [], 0)


def test_a_free_basket_has_no_payments() -> None:
    receipt = sale({"sales": 0})
    assert (receipt.total, list(receipt.payments)) == (0, [])


def test_busy_shops_have_more_registers() -> None:
    assert [register_count(baskets) for baskets in (1, 999, 1_000, 2_499, 2_500)] == [1, 1, 2, 2, 3]


def test_every_document_passes_the_rules_of_the_service(history: list[tuple[datetime.date, list[dict]]]) -> None:
    for _, documents in history:
        for document in documents:
            read = read_document(encode(document))
            assert not isinstance(read, Problem), (read, document)
            assert check(read, to_us(read.issued_at), now_us()) is None, document


def test_totals_by_store_and_month_are_those_of_the_files(
    history: list[tuple[datetime.date, list[dict]]], stores: dict[int, int]
) -> None:
    found: dict[tuple[int, int, int], list[int]] = defaultdict(lambda: [0, 0, 0])
    for day, documents in history:
        for document in documents:
            if document["type"] == "sale":
                figures = found[int(document["sko"][1:7]), day.year, day.month]
                figures[0] += 1
                figures[1] += document["total"]
                figures[2] += discount(document)
    expected = naive_totals(stores, (datetime.date(2026, 6, 30) - datetime.date(2017, 12, 31)).days)
    assert {key: tuple(figures) for key, figures in found.items()} == expected


def test_the_totals_that_the_command_checks_with_are_those_of_a_naive_count(
    stores: dict[int, int], data: DataSet
) -> None:
    totals = totals_by_store_and_month(data.folder, 100)
    assert {key: tuple(total) for key, total in totals.items() if key[0] in stores} == naive_totals(stores, 100)


def discount(document: dict) -> int:
    modifiers = document.get("modifiers", []) + [
        modifier for position in document["items"] for modifier in position.get("modifiers", [])
    ]
    return -sum(modifier["sum"] for modifier in modifiers if modifier["sum"] < 0)


def naive_totals(stores: dict[int, int], shift_days: int) -> dict[tuple[int, int, int], tuple[int, int, int]]:
    """Baskets, what was paid and what was taken off, straight from the file, line by line, in plain Python."""
    table = pq.read_table(DataSet().folder / "transactions.parquet", filters=[("store_id", "in", list(stores))])
    baskets: dict[tuple, list[int]] = defaultdict(lambda: [0, 0])
    for line in table.to_pylist():
        # Eastern time in 2017: daylight saving from 12 March, 07:00 UTC, to 5 November, 06:00 UTC.
        stamp = line["transaction_timestamp"].to_pydatetime()
        summer = datetime.datetime(2017, 3, 12, 7) <= stamp < datetime.datetime(2017, 11, 5, 6)  # noqa: DTZ001
        day = (stamp - datetime.timedelta(hours=4 if summer else 5)).date() + datetime.timedelta(days=shift_days)
        paid = round(line["sales_value"] * 100) - round(line["coupon_disc"] * 100)
        off = sum(round(line[name] * 100) for name in ("retail_disc", "coupon_disc", "coupon_match_disc"))
        basket = baskets[line["store_id"], day.year, day.month, line["basket_id"]]
        basket[0] += paid
        basket[1] += off
    totals: dict[tuple[int, int, int], tuple[int, int, int]] = {}
    for (store_id, year, month, _), (paid, off) in baskets.items():
        count, paid_before, off_before = totals.get((store_id, year, month), (0, 0, 0))
        totals[store_id, year, month] = (
            count + 1,
            paid_before + max(paid, 0),
            off_before + off + min(paid, 0),
        )
    return totals


def test_shifts_are_whole_and_their_z_reports_right(history: list[tuple[datetime.date, list[dict]]]) -> None:
    numbers: dict[str, int] = defaultdict(int)
    for day, documents in history:
        shifts: dict[str, list[dict]] = defaultdict(list)
        for document in documents:
            numbers[document["sko"]] += 1
            assert document["number"] == numbers[document["sko"]], "no gaps"
            assert document["issued_at"][:10] == day.isoformat()
            shifts[document["sko"]].append(document)
        for *shift, report in shifts.values():
            assert [document["type"] for document in shift[:2]] == ["shift_open", "deposit"]
            assert (shift[-1]["type"], report["type"]) == ("withdrawal", "z_report")
            assert [document["issued_at"] for document in shift] == sorted(d["issued_at"] for d in shift)
            assert {counter["currency"]: counter for counter in report["counters"]} == recount(shift)


def test_a_small_share_comes_back_or_is_annulled_always_the_same(
    history: list[tuple[datetime.date, list[dict]]], data: DataSet, stores: dict[int, int]
) -> None:
    documents = [document for _, documents in history for document in documents]
    sold = sum(document["type"] == "sale" for document in documents)
    for type_, least, most in (("refund", 0.005, 0.015), ("rollback", 0.002, 0.006)):
        assert least < sum(document["type"] == type_ for document in documents) / sold < most
    part = Part.of(stores, datetime.date(2026, 6, 30), last=datetime.date(2025, 9, 30))
    again = list(days_of(part, data, Chain(data.products(), stores, "3")))
    assert again == history[: len(again)]


def test_numbers_do_not_depend_on_the_days_that_are_asked_for(
    history: list[tuple[datetime.date, list[dict]]], data: DataSet, stores: dict[int, int]
) -> None:
    part = Part.of(stores, datetime.date(2026, 6, 30), first=datetime.date(2026, 6, 1))
    assert list(days_of(part, data, Chain(data.products(), stores, "3"))) == [
        (day, documents) for day, documents in history if day >= part.first
    ]
