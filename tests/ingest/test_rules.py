"""The arithmetic of the contract: what adds up passes, one wrong number is named."""

import json
from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.problems import DETAIL_LENGTH_MAX, Problem
from ingest.reading import read_document
from ingest.rules import amounts, check
from sql.instants import to_us
from tests.ingest.documents import FULL, a_sale, with_value

NOW_US = 1_795_424_400_000_000  # 2026-11-23T09:00:00Z, the moment of `a_sale`
SECOND_US = 1_000_000
DAY_US = 86_400 * SECOND_US
ROLLBACK = FULL["rollback"]


def read(document: dict[str, Any]) -> Any:
    found = read_document(json.dumps(document).encode())
    assert not isinstance(found, Problem), found
    return found


def problem_of(document: dict[str, Any], now_us: int = NOW_US) -> Problem | None:
    found = read(document)
    return check(found, to_us(found.issued_at), now_us)


def place_of(document: dict[str, Any]) -> tuple[str, str] | None:
    problem = problem_of(document)
    if problem is None:
        return None
    assert problem.detail.endswith(".")
    assert len(problem.detail) <= DETAIL_LENGTH_MAX
    return problem.code, problem.pointer


def cash(amount: int) -> dict[str, Any]:
    return {"type": "cash", "sum": amount}


def cashless(amount: int) -> dict[str, Any]:
    return {"type": "cashless", "sum": amount}


@pytest.mark.parametrize("type_", FULL)
def test_a_right_document_passes(type_: str):
    assert problem_of(FULL[type_]) is None


def test_a_right_sale_adds_up():
    assert problem_of(a_sale()) is None
    assert amounts(read(a_sale())) == (530, 330, 200, 0, 70)


def one_item(price: int, quantity: int, amount: int) -> dict[str, Any]:
    item = {"name": "Хлеб", "price": price, "quantity": quantity, "sum": amount}
    payments = [cash(amount)] if amount else []
    return a_sale(items=[item], modifiers=[], payments=payments, change=0, total=amount)


@pytest.mark.parametrize(
    ("price", "quantity", "amount"),
    [
        (333, 1500, 500),  # 499.5: half up, not to even
        (1, 1500, 2),
        (1, 500, 1),
        (3, 500, 2),
        (5, 500, 3),
        (1, 499, 0),
        (1, 1499, 1),
        (0, 10**9, 0),
        (10**12, 1000, 10**12),
        (10**12, 1, 10**9),
        (1_000, 10**9, 10**9),
        (999_999_999_999, 333, 333_000_000_000),
    ],
)
def test_price_times_quantity_is_rounded_half_up(price: int, quantity: int, amount: int):
    assert problem_of(one_item(price, quantity, amount)) is None
    for wrong in (amount - 1, amount + 1):
        if 0 <= wrong <= 10**12:
            assert place_of(one_item(price, quantity, wrong)) == ("item_sum_mismatch", "/items/0/sum")


@pytest.mark.parametrize(
    ("changes", "code", "pointer"),
    [
        ({"total": 531}, "total_mismatch", "/total"),
        ({"total": 529}, "total_mismatch", "/total"),
        ({"modifiers": []}, "total_mismatch", "/total"),
        ({"modifiers": [{"sum": 20}]}, "total_mismatch", "/total"),
        ({"change": 71}, "payments_mismatch", "/payments"),
        ({"change": 0}, "payments_mismatch", "/payments"),
        ({"payments": [], "change": 0}, "payments_mismatch", "/payments"),
        ({"payments": [cash(530)]}, "payments_mismatch", "/payments"),
        ({"payments": [cashless(600)]}, "change_exceeds_cash", "/change"),
        ({"payments": [cash(69), cashless(531)]}, "change_exceeds_cash", "/change"),
        ({"payments": [cash(70), cashless(530)]}, None, None),
        ({"payments": [{"type": "other", "sum": 530}], "change": 0}, None, None),
        ({"payments": [cash(200), cash(300), {"type": "other", "sum": 100}]}, None, None),
    ],
)
@pytest.mark.parametrize("type_", ["sale", "refund"])
def test_each_broken_sum_of_a_receipt_is_named(type_: str, changes: dict[str, Any], code: str, pointer: str):
    expected = (code, pointer) if code else None
    assert place_of(a_sale(type=type_, **changes)) == expected


def test_the_item_that_is_wrong_is_named():
    wrong = with_value(a_sale(), "/items/1/sum", 101)
    assert place_of(wrong) == ("item_sum_mismatch", "/items/1/sum")
    without_discount = with_value(a_sale(), "/items/0/modifiers", [])
    assert place_of(without_discount) == ("item_sum_mismatch", "/items/0/sum")
    surcharge = with_value(a_sale(), "/items/0/modifiers/0/sum", 50)
    assert place_of(surcharge) == ("item_sum_mismatch", "/items/0/sum")


def test_a_free_receipt_needs_no_payment():
    free = {"items": [{"name": "Подарок", "price": 100, "quantity": 1000, "sum": 0, "modifiers": [{"sum": -100}]}]}
    nothing = a_sale(**free, modifiers=[], payments=[], change=0, total=0)
    assert problem_of(nothing) is None
    assert amounts(read(nothing)) == (0, 0, 0, 0, 100)
    assert problem_of(nothing | {"payments": [cash(500)], "change": 500}) is None
    assert place_of(nothing | {"payments": [cash(1)]}) == ("payments_mismatch", "/payments")
    assert place_of(nothing | {"change": 1}) == ("payments_mismatch", "/payments")


def test_a_discount_never_makes_a_total_negative():
    less = a_sale(modifiers=[{"sum": -551}], payments=[], change=0, total=0)
    assert place_of(less) == ("total_mismatch", "/total")


def test_the_first_broken_rule_is_the_one_reported():
    everything = a_sale(total=1, change=1, payments=[])
    assert place_of(with_value(everything, "/items/0/sum", 1)) == ("item_sum_mismatch", "/items/0/sum")
    assert place_of(everything) == ("total_mismatch", "/total")
    late = with_value(everything, "/issued_at", "2027-11-23T12:00:00+03:00")
    assert place_of(late) == ("issued_in_future", "/issued_at")


def test_details_show_both_numbers():
    problems = [
        problem_of(with_value(a_sale(), "/items/0/sum", 451)),
        problem_of(a_sale(total=531)),
        problem_of(a_sale(change=71)),
        problem_of(a_sale(payments=[cash(69), cashless(531)])),
        problem_of(ROLLBACK | {"total": 451}),
    ]
    numbers = [("450", "451"), ("530", "531"), ("529", "530"), ("70", "69"), ("450", "451")]
    for problem, pair in zip(problems, numbers, strict=True):
        assert problem is not None
        assert all(number in problem.detail for number in pair), problem.detail


def test_a_rollback_pays_what_it_totals():
    assert problem_of(ROLLBACK) is None
    assert place_of(ROLLBACK | {"total": 449}) == ("payments_mismatch", "/payments")
    assert place_of(ROLLBACK | {"payments": []}) == ("payments_mismatch", "/payments")
    assert place_of(ROLLBACK | {"payments": [cash(450), cash(1)]}) == ("payments_mismatch", "/payments")
    assert problem_of(ROLLBACK | {"payments": [], "total": 0}) is None
    mixed = ROLLBACK | {"payments": [cash(100), cashless(300), {"type": "other", "sum": 50}]}
    assert problem_of(mixed) is None
    assert amounts(read(mixed)) == (450, 100, 300, 50, 0)


@pytest.mark.parametrize("type_", FULL)
def test_a_document_may_be_a_day_ahead_and_no_more(type_: str):
    document = FULL[type_]
    assert problem_of(document, NOW_US - DAY_US) is None
    problem = problem_of(document, NOW_US - DAY_US - 1)
    assert problem is not None
    assert (problem.code, problem.pointer) == ("issued_in_future", "/issued_at")
    assert problem_of(document, NOW_US + 10_000 * DAY_US) is None


@pytest.mark.parametrize("moment", ["9999-12-31T23:59:59-23:59", "9999-12-31T23:59:59Z", "2900-01-01T00:00:00+03:00"])
def test_a_far_future_is_the_future_and_nothing_else(moment: str):
    assert place_of(a_sale(issued_at=moment)) == ("issued_in_future", "/issued_at")


@pytest.mark.parametrize(
    ("type_", "expected"),
    [
        ("sale", (450, 450, 0, 0, 50)),
        ("refund", (450, 450, 0, 0, 50)),
        ("rollback", (450, 450, 0, 0, 0)),
        ("deposit", (450, 0, 0, 0, 0)),
        ("withdrawal", (450, 0, 0, 0, 0)),
        ("payout", (450, 0, 0, 0, 0)),
        ("shift_open", (0, 0, 0, 0, 0)),
        ("z_report", (0, 0, 0, 0, 0)),
    ],
)
def test_what_each_type_adds_up_to(type_: str, expected: tuple[int, ...]):
    assert amounts(read(FULL[type_])) == expected


def test_surcharges_are_no_discounts():
    sale = a_sale(modifiers=[{"sum": -20}, {"sum": 7}, {"sum": -1}], total=536, change=64)
    assert problem_of(sale) is None
    assert amounts(read(sale)).discount == 71


def rounded(price: int, quantity: int) -> int:
    return int((Decimal(price * quantity) / 1000).quantize(Decimal(1), ROUND_HALF_UP))


@st.composite
def receipts(draw: st.DrawFn) -> dict[str, Any]:
    """Sales and refunds that add up, with sums worked out by decimal arithmetic."""
    items = [draw(_items()) for _ in range(draw(st.integers(1, 4)))]
    goods = sum(item["sum"] for item in items)
    modifiers = draw(_modifiers(goods))
    total = goods + sum(modifier["sum"] for modifier in modifiers)
    payments = []
    left = total
    for type_ in draw(st.lists(st.sampled_from(["cash", "cashless", "other"]), max_size=5)):
        if left:
            payments.append({"type": type_, "sum": draw(st.integers(1, left))})
            left -= payments[-1]["sum"]
    change = draw(st.integers(0, 10_000))
    if left + change:
        payments.append(cash(left + change))
    type_ = draw(st.sampled_from(["sale", "refund"]))
    return a_sale(type=type_, items=items, modifiers=modifiers, payments=payments, change=change, total=total)


@st.composite
def _items(draw: st.DrawFn) -> dict[str, Any]:
    price, quantity = draw(st.integers(0, 10**6)), draw(st.integers(1, 10**6))
    gross = rounded(price, quantity)
    modifiers = draw(_modifiers(gross))
    amount = gross + sum(modifier["sum"] for modifier in modifiers)
    return {"name": "x", "price": price, "quantity": quantity, "sum": amount, "modifiers": modifiers}


@st.composite
def _modifiers(draw: st.DrawFn, amount: int) -> list[dict[str, int]]:
    modifiers = []
    for _ in range(draw(st.integers(0, 3))):
        modifiers.append({"sum": draw(st.integers(-amount, 1_000))})
        amount += modifiers[-1]["sum"]
    return modifiers


@given(receipt=receipts())
def test_receipts_that_add_up_pass(receipt: dict[str, Any]):
    assert problem_of(receipt) is None
    total, in_cash, by_card, otherwise, discount = amounts(read(receipt))
    assert in_cash + by_card + otherwise == total == receipt["total"]
    assert min(in_cash, by_card, otherwise, discount) >= 0
    modifiers = receipt["modifiers"] + [one for item in receipt["items"] for one in item["modifiers"]]
    assert discount == sum(max(0, -modifier["sum"]) for modifier in modifiers)


def sums_of(receipt: dict[str, Any]) -> Sequence[tuple[str, str, str]]:
    """Where a receipt has numbers: their JSON pointers, and the code and pointer if just that one is wrong."""
    places = [("/total", "total_mismatch", "/total"), ("/change", "payments_mismatch", "/payments")]
    for place, item in enumerate(receipt["items"]):
        wrong = ("item_sum_mismatch", f"/items/{place}/sum")
        places.append((f"/items/{place}/sum", *wrong))
        places += [(f"/items/{place}/modifiers/{n}/sum", *wrong) for n in range(len(item["modifiers"]))]
    places += [(f"/modifiers/{n}/sum", "total_mismatch", "/total") for n in range(len(receipt["modifiers"]))]
    places += [(f"/payments/{n}/sum", "payments_mismatch", "/payments") for n in range(len(receipt["payments"]))]
    return places


@given(data=st.data(), receipt=receipts(), by=st.integers(1, 5))
def test_one_wrong_number_is_found_and_named(data: st.DataObject, receipt: dict[str, Any], by: int):
    pointer, code, named = data.draw(st.sampled_from(sums_of(receipt)))
    holder: Any = receipt
    *way, last = pointer.split("/")[1:]
    for name in way:
        holder = holder[int(name) if isinstance(holder, list) else name]
    assert place_of(with_value(receipt, pointer, holder[last] + by)) == (code, named)
