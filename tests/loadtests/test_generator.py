"""The generator promises the same valid history for the same seed."""

import datetime
import itertools
from collections import Counter

import pytest

from ingest.problems import Problem
from ingest.reading import read_document
from ingest.rules import check
from loadtests.generator import History, batch, encode, sales
from sql.instants import now_us, to_us

FIRST = datetime.date(2026, 3, 1)


def documents(seed: int = 7, days: int = 40, sko: str = "300012345") -> list[dict]:
    history = History(sko, seed)
    return [document for place in range(days) for document in history.day(FIRST + datetime.timedelta(days=place))]


def assert_valid(body: bytes) -> None:
    document = read_document(body)
    assert not isinstance(document, Problem), (document, body)
    assert check(document, to_us(document.issued_at), now_us()) is None, body


def test_the_same_seed_gives_the_same_bytes() -> None:
    assert list(map(encode, documents(seed=1))) == list(map(encode, documents(seed=1)))
    assert list(sales(1, "300012345", 500)) == list(sales(1, "300012345", 500))


def test_another_seed_or_register_gives_another_history() -> None:
    assert documents(seed=1) != documents(seed=2)
    assert [d["total"] for d in documents(sko="1") if "total" in d] != [
        d["total"] for d in documents(sko="2") if "total" in d
    ]


def test_every_document_passes_the_rules_of_the_service() -> None:
    for document in documents(days=120):
        assert_valid(encode(document))


def test_plain_sales_pass_the_rules_of_the_service() -> None:
    for body in sales(3, "300012345", 2_000, first=101):
        assert_valid(body)


def test_plain_sales_are_numbered_from_the_first_on_and_of_the_promised_size() -> None:
    bodies = list(sales(3, "300012345", 1_000, first=101))
    assert [read_document(body).number for body in bodies] == list(range(101, 1_101))
    assert 340 <= sum(map(len, bodies)) / len(bodies) <= 400


def test_numbers_have_no_gaps_and_uids_are_unique() -> None:
    history = documents(days=120)
    assert [document["number"] for document in history] == list(range(1, len(history) + 1))
    assert len({document["uid"] for document in history}) == len(history)
    plain = [read_document(body).uid for sko in ("1", "2", "3") for body in sales(1, sko, 3_000)]
    assert len(set(plain)) == 9_000


def test_documents_are_issued_in_the_order_of_their_numbers() -> None:
    times = [document["issued_at"] for document in documents(days=120)]
    assert times == sorted(times)


def test_everything_that_a_register_does_turns_up() -> None:
    history = documents(days=365)
    types = Counter(document["type"] for document in history)
    assert set(types) == {"sale", "refund", "rollback", "deposit", "withdrawal", "payout", "shift_open", "z_report"}
    sold = [document for document in history if document["type"] == "sale"]
    assert any(len(sale["payments"]) == 2 for sale in sold), "mixed payments"
    assert any(sale.get("change") for sale in sold)
    assert any(sale["total"] == 0 for sale in sold), "a free basket"
    assert {sale["currency"] for sale in sold} == {"BYN", "USD", "EUR", "RUB"}
    assert any(item["quantity"] % 1000 for sale in sold for item in sale["items"]), "weighed goods"


@pytest.mark.parametrize("sales_a_day", [1, 25, 400])
def test_z_report_counts_what_a_naive_recount_counts(sales_a_day: int) -> None:
    history = History("300012345", 11, sales_a_day=sales_a_day)
    for place in range(30):
        *shift, report = history.day(FIRST + datetime.timedelta(days=place))
        assert report["type"] == "z_report"
        assert (report["first_number"], report["last_number"]) == (shift[0]["number"], shift[-1]["number"])
        assert {counter["currency"]: counter for counter in report["counters"]} == recount(shift)


def recount(shift: list[dict]) -> dict[str, dict]:
    """The counters of a Z-report, counted without the code that is under test."""
    counters = {}
    for currency in {document["currency"] for document in shift if document["type"] != "shift_open"}:
        of_currency = [document for document in shift if document["currency"] == currency]
        of_type = {
            name: [document for document in of_currency if document["type"] == name]
            for name in ("sale", "refund", "rollback", "deposit", "withdrawal", "payout")
        }
        sold = of_type["sale"]
        payments = list(itertools.chain.from_iterable(sale["payments"] for sale in sold))
        paid = {
            type_: sum(payment["sum"] for payment in payments if payment["type"] == type_)
            for type_ in ("cash", "cashless", "other")
        }
        paid["cash"] -= sum(sale.get("change", 0) for sale in sold)
        counters[currency] = {
            "currency": currency,
            "sales": {"count": len(sold), **paid, "sum": sum(sale["total"] for sale in sold)},
        } | {
            f"{name}s": {
                "count": len(found),
                "sum": sum(document.get("total", document.get("sum")) for document in found),
            }
            for name, found in of_type.items()
            if name != "sale"
        }
    return counters


def test_an_annulled_or_returned_sale_is_taken_back_only_once() -> None:
    history = documents(days=365)
    taken_back = [
        (document.get("base") or document["target"])["number"]
        for document in history
        if document["type"] in ("refund", "rollback")
    ]
    assert taken_back
    assert len(taken_back) == len(set(taken_back))


def test_a_batch_is_the_body_of_a_request() -> None:
    assert batch([b'{"a":1}', b'{"b":2}']) == b'{"documents":[{"a":1},{"b":2}]}'
