"""A document read as a receipt: from whatever bytes a register may have sent, with VAT by rate that adds up."""

import dataclasses
import datetime
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.examples import DOCUMENTS
from sql.instants import to_us
from sql.receipts import IssuedDocument
from webapp.receipt import Payment, read_receipt
from webapp.vat import Vat, apportion, included_vat, vat_by_rate

LINES = st.lists(st.tuples(st.sampled_from([None, 0, 10, 20, 25]), st.integers(0, 10**12)), min_size=1, max_size=50)


def issued(body: bytes, type_: str = "sale", total: int = 900) -> IssuedDocument:
    """A stored document with these bytes."""
    return IssuedDocument(
        merchant_id=1,
        sko_id=1,
        sko="300012345",
        number=243,
        type=type_,
        uid="5C8D0E2F7A91B3C4000000F3",
        shift=17,
        issued_us=to_us(datetime.datetime(2026, 3, 2, 6, 41, 7, tzinfo=datetime.UTC)),
        day=datetime.date(2026, 3, 2),
        outlet_id=1,
        currency="BYN",
        cashier="Иванова А. П.",
        offline=False,
        total_minor=total,
        cash_minor=0,
        cashless_minor=0,
        other_minor=0,
        received_us=0,
        body=body,
        merchant_name="ООО Ромашка",
        merchant_unp="191832203",
        outlet_name="Универсам",
        outlet_address="Минск",
        time_zone="Europe/Minsk",
    )


def example(name: str) -> IssuedDocument:
    wired = DOCUMENTS[name]
    total = wired.get("total", wired.get("sum", 0))
    return issued(json.dumps(wired).encode(), wired["type"], total)


def test_sale_is_read_whole() -> None:
    receipt = read_receipt(example("sale"))
    bread, cheese = receipt.items
    assert (bread.name, bread.price, bread.quantity, bread.sum) == ("Хлеб «Нарочанский», 0,5 кг", 189, 2000, 378)
    assert (bread.tax, bread.gtin, bread.kind) == (10, "4810268012345", "goods")
    assert bread.section is not None
    assert (bread.section.code, bread.section.name) == (1, "Хлеб")
    assert (cheese.gross, cheese.sum, [(one.name, one.sum) for one in cheese.modifiers]) == (
        655,
        555,
        [("Акция", -100)],
    )
    assert [(one.name, one.sum) for one in receipt.modifiers] == [("Округление", -33)]
    assert receipt.items_minor == 933
    assert receipt.payments == (Payment("cash", 1000), Payment("cashless", 500))
    assert receipt.change_minor == 600
    assert receipt.vat == (Vat(10, 900, 82),)


def test_payments_of_one_type_are_one_line() -> None:
    paid = [{"type": "other", "sum": 5}, {"type": "cash", "sum": 300}, {"type": "cash", "sum": 595}]
    body = DOCUMENTS["sale"] | {"payments": paid, "change": 0}
    receipt = read_receipt(issued(json.dumps(body).encode()))
    assert receipt.payments == (Payment("cash", 895), Payment("other", 5))


def test_other_documents_say_what_only_they_say() -> None:
    refund, rollback = read_receipt(example("refund")), read_receipt(example("rollback"))
    assert refund.base is not None
    assert (refund.base.sko, refund.base.number) == ("300012345", 243)
    assert rollback.target is not None
    assert (rollback.target.number, rollback.target.uid) == (244, DOCUMENTS["annulled_sale"]["uid"])
    report = read_receipt(example("z_report")).report
    assert report is not None
    assert (report.first_number, report.last_number) == (241, 247)
    assert report.opened_us == to_us(datetime.datetime(2026, 3, 2, 5, tzinfo=datetime.UTC))
    [counters] = report.counters
    assert (counters.currency, counters.sales.cash, counters.withdrawals.sum) == ("BYN", 589, 10_022)
    for name in ("deposit", "withdrawal", "payout", "shift_open"):
        receipt = read_receipt(example(name))
        assert (receipt.items, receipt.payments, receipt.report, receipt.is_public) == ((), (), None, False)


@pytest.mark.parametrize(
    "unknown",
    [
        r'"x": "\ud800"',
        r'"\udfff": 1',
        r'"x": ["\ud83d", {"\ud83d": "\udc00\ud83d"}]',
        '"x": 1' + "0" * 400,
        '"x": -1' + "0" * 9000,
        '"x": 1e999999, "y": 1.' + "9" * 9000,
        r'"x": "\udc00", "y": 1' + "0" * 9000 + ', "z": 1e99999',
        '"x": ' + "[" * 62 + r'"\ud800"' + "]" * 62,
        '"x": ' + '{"a":' * 62 + "null" + "}" * 62,
        # Fields of other types, and of lines, where they mean nothing.
        '"target": 5, "counters": "many", "opened_at": [], "base": null, "sum": "none"',
    ],
    ids=lambda text: text[:24],
)
def test_whatever_stands_in_unknown_fields_the_receipt_is_shown(unknown: str) -> None:
    body = json.dumps(DOCUMENTS["sale"], ensure_ascii=False)
    spoiled = f"{body[:-1]}, {unknown}}}".replace('{"name": "Сыр', "{" + unknown + ', "name": "Сыр', 1)
    known = dataclasses.asdict(read_receipt(example("sale")))
    read = dataclasses.asdict(read_receipt(issued(spoiled.encode())))
    known.pop("document")
    read.pop("document")
    assert read == known


def test_known_fields_are_read_however_they_are_spelled() -> None:
    body = r'{"items": [{"name": "X", "price": 1, "quantity": 1000, "sum": 1}], "items": [{"sum": 245, "price": 245,'
    body += r' "quantity": 1000, "name": "\u0425\u043b\u0435\u0431 \ud83c\udf5e"}], "payments": []}'
    [line] = read_receipt(issued(body.encode())).items
    assert line.name == "Хлеб 🍞"


@given(LINES, st.data())
def test_bases_by_rate_add_up_to_the_total(lines: list[tuple[int | None, int]], data: st.DataObject) -> None:
    whole = sum(amount for _, amount in lines)
    total = whole + data.draw(st.integers(-whole, 10**12))
    vats = vat_by_rate(lines, total)
    assert sum(vat.base_minor for vat in vats) == total
    assert {vat.rate for vat in vats} == {rate for rate, _ in lines}
    for vat in vats:
        assert vat.base_minor >= 0
        assert vat.vat_minor == included_vat(vat.base_minor, vat.rate or 0)
        assert (vat.vat_minor == 0) or vat.rate
        of_rate = sum(amount for rate, amount in lines if rate == vat.rate)
        if whole:
            assert abs(vat.base_minor * whole - total * of_rate) < whole  # less than a kopeck off its exact share


@given(LINES)
def test_without_receipt_modifiers_bases_are_the_sums_of_the_lines(lines: list[tuple[int | None, int]]) -> None:
    for vat in vat_by_rate(lines, sum(amount for _, amount in lines)):
        assert vat.base_minor == sum(amount for rate, amount in lines if rate == vat.rate)


@given(st.integers(0, 10**15), st.sampled_from([0, 10, 20, 25]))
def test_vat_within_a_sum_is_rounded_half_up(sum_minor: int, rate: int) -> None:
    tax = included_vat(sum_minor, rate)
    # tax − ½ ≤ sum × rate / (100 + rate) < tax + ½, in integers
    assert (2 * tax - 1) * (100 + rate) <= 2 * sum_minor * rate < (2 * tax + 1) * (100 + rate)


def test_vat_of_round_sums_is_what_everybody_expects() -> None:
    assert [included_vat(120, 20), included_vat(110, 10), included_vat(125, 25), included_vat(3, 20)] == [20, 10, 25, 1]
    assert vat_by_rate([(20, 100), (None, 100), (0, 100)], 200) == (Vat(20, 67, 11), Vat(0, 67, 0), Vat(None, 66, 0))


def test_surcharge_on_free_goods_is_shared_equally() -> None:
    assert apportion(5, [0, 0]) == [3, 2]
    assert apportion(0, [0]) == [0]
    assert apportion(0, []) == []
