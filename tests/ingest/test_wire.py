"""Every field of the contract, each limit just inside and just outside."""

import json
import re
from typing import Any, get_args

import pytest
from msgspec import UNSET, Struct

from ingest import fields, wire
from ingest.problems import DETAIL_LENGTH_MAX, Problem
from ingest.reading import read_document, read_event
from sql.tables import CURRENCIES, DOCUMENT_TYPES, EVENT_KINDS, PAYMENTS
from tests.ingest.documents import EVENT, FULL, pointers, with_value, without

NOT_TEXT: list[Any] = [None, 5, 1.0, True, [], {}]
UNCLEAN = ["\x00", "\x1f", "\x7f", "\n", "\ud800", "\udfff", "\udc00\ud800"]
MANY = "9" * 5000


def whole(least: int, most: int) -> tuple[list[Any], list[Any]]:
    inside = [least, most]
    return inside, [least - 1, most + 1, 2**63, 2**64, -(2**63) - 1, 1.0, 1.5, 1e300, True, False, "1", None, [], {}]


def text(least: int, most: int) -> tuple[list[Any], list[Any]]:
    inside = ["x" * least, "x" * most, "я" * most, "😀" * most, 'a"b\\c/d', "\x80\u2028\ufffd"]
    outside = ["x" * (most + 1), "я" * (most + 1), *NOT_TEXT, *(f"x{half}x" for half in UNCLEAN), *UNCLEAN]
    return inside, outside if not least else ["", *outside]


def one_of(*values: Any) -> tuple[list[Any], list[Any]]:
    return list(values), ["", "x" * 1000, str(values[0]) + "\n", str(values[0]).swapcase() + "x", *NOT_TEXT]


def pattern(inside: list[str], outside: list[str]) -> tuple[list[Any], list[Any]]:
    dirty = [inside[0] + half for half in UNCLEAN]
    return inside, ["", " " + inside[0], inside[0] + " ", *outside, *dirty, *NOT_TEXT]


MONEY = whole(0, 10**12)
POSITIVE = whole(1, 10**12)
NUMBER = whole(1, 2**53 - 1)
COUNT = whole(0, 2**53 - 1)
UID = pattern(
    ["0123456789ABCDEF01234567"], ["0123456789ABCDEF0123456", "0123456789ABCDEF012345678", "g" * 24, "a" * 24]
)
SKO = pattern(["3", "9Z" * 10], ["9Z" * 10 + "1", "a", "Я", "1-2"])
MODIFIER = {"sum": whole(-(10**12), 10**12), "name": text(0, 256), "group": text(0, 256)}
OBJECT: tuple[list[Any], list[Any]] = ([], [None, 5, 1.0, "x", True, []])
WRONG_ARRAYS: list[Any] = [None, {}, "x", 5]


def array(least: int, most: int, element: Any) -> tuple[list[Any], list[Any]]:
    outside = [[element] * (most + 1), *WRONG_ARRAYS]
    return [[element] * least, [element] * most], outside if not least else [[], *outside]


def prefixed(prefix: str, table: dict[str, Any]) -> dict[str, Any]:
    return {f"{prefix}/{name}": rule for name, rule in table.items()}


MOMENT: tuple[list[Any], list[Any]] = (
    [
        "2000-01-01T00:00:00+03:00",
        "2026-03-01T09:30:00Z",
        "2026-03-01t09:30:00z",
        "2026-03-01T09:30:00-00:00",
        "2026-03-01T09:30:00.123456789+03:00",
        "2024-02-29T23:59:59+23:59",
    ],
    [
        "1999-12-31T23:59:59+03:00",
        "0001-01-01T00:00:00+01:00",
        "2026-03-01T09:30:00",
        "2026-03-01",
        "2026-03-01T09:30Z",
        "2026-03-01 09:30:00Z",
        "2026-03-01T09:30:00+0300",
        "2026-03-01T09:30:00.5-0300",
        "2026-03-01T09:30:00+03",
        "2026-03-01T09:30:00,5Z",
        "2026-03-01T09:30:00.Z",
        "2026-03-01T24:00:00Z",
        "2026-03-01T09:30:60Z",
        "2026-02-29T09:30:00Z",
        "2026-13-01T09:30:00Z",
        "2026-03-01T09:30:00+24:00",
        "2026-03-01T09:30:00−03:00",
        " 2026-03-01T09:30:00Z",
        "2026-03-01T09:30:00Z\n",
        "٢026-03-01T09:30:00Z",
        "20260301T093000Z",
        "",
        *NOT_TEXT,
        1_767_600_000,
        1_767_600_000.5,
    ],
)
COMMON = {
    "uid": UID,
    "sko": SKO,
    "number": NUMBER,
    "shift": whole(1, 2**31 - 1),
    "issued_at": MOMENT,
    "currency": one_of("BYN", "USD", "EUR", "RUB"),
    "cashier": text(1, 64),
    "offline": ([True, False], [None, 0, 1, "true", "", [], {}]),
}
PAYMENT = {"type": one_of("cash", "cashless", "other"), "sum": POSITIVE}
ITEM = {
    "name": text(1, 256),
    "price": MONEY,
    "quantity": whole(1, 10**9),
    "sum": MONEY,
    "tax": ([0, 10, 20, 25], [5, -10, 30, 10.0, "10", None, True, False, [], {}]),
    "gtin": pattern(["12345678", "1" * 14], ["1234567", "1" * 15, "1234567X", "１２３４５６７８"]),
    "kind": one_of("goods", "service", "prepayment"),
    "section": OBJECT,
    "section/code": whole(0, 255),
    "section/name": text(1, 256),
    "third_party_unp": pattern(["191832203", "AM1234567"], ["19183220", "1918322033", "am1234567"]),
    "marks": array(0, 100, "0104"),
    "marks/0": text(1, 256),
    "modifiers": array(0, 100, {"sum": 1}),
    "modifiers/0": OBJECT,
    **prefixed("modifiers/0", MODIFIER),
}
PAYMENTS_TABLE = {"payments": array(0, 8, {"type": "cash", "sum": 1}), "payments/0": OBJECT} | prefixed(
    "payments/0", PAYMENT
)
AN_ITEM = {"name": "x", "price": 0, "quantity": 1, "sum": 0}
RECEIPT = {
    "items": array(1, 500, AN_ITEM),
    "items/0": OBJECT,
    **prefixed("items/0", ITEM),
    "modifiers": array(0, 100, {"sum": 1}),
    "modifiers/0": OBJECT,
    **prefixed("modifiers/0", MODIFIER),
    **PAYMENTS_TABLE,
    "change": MONEY,
    "total": MONEY,
}
KIND = {"count": COUNT, "sum": MONEY}
SALES = {"count": COUNT, "cash": MONEY, "cashless": MONEY, "other": MONEY, "sum": MONEY}
KINDS = ("refunds", "rollbacks", "deposits", "withdrawals", "payouts")
Z_REPORT = {
    "opened_at": (MOMENT[0] + ["9998-12-31T23:59:59-03:00"], [*MOMENT[1], "9999-01-01T00:00:00Z"]),
    "first_number": NUMBER,
    "last_number": NUMBER,
    "counters": ([[]], [[FULL["z_report"]["counters"][0]] * 5, *WRONG_ARRAYS]),
    "counters/0": OBJECT,
    "counters/0/currency": COMMON["currency"],
    **{f"counters/0/{kind}": OBJECT for kind in ("sales", *KINDS)},
    **prefixed("counters/0/sales", SALES),
    **{f"counters/0/{kind}/{name}": rule for kind in KINDS for name, rule in KIND.items()},
}
TARGET = {"target": OBJECT, "target/number": NUMBER, "target/uid": UID}
FIELDS: dict[str, dict[str, Any]] = {
    "sale": COMMON | RECEIPT,
    "refund": COMMON | RECEIPT | {"base": OBJECT, "base/sko": SKO, "base/number": NUMBER},
    "rollback": COMMON | TARGET | PAYMENTS_TABLE | {"total": MONEY},
    "deposit": COMMON | {"sum": POSITIVE},
    "withdrawal": COMMON | {"sum": POSITIVE},
    "payout": COMMON | {"sum": POSITIVE},
    "shift_open": COMMON,
    "z_report": COMMON | Z_REPORT,
}
EVENT_FIELDS = {
    "sko": SKO,
    "kind": one_of(*EVENT_KINDS),
    "occurred_at": Z_REPORT["opened_at"],
    "detail": text(0, 500),
}
EVERY_FIELD = [(type_, f"/{path}") for type_, table in FIELDS.items() for path in table]
OPTIONAL = re.compile(
    r".*/(offline|change|base|tax|gtin|kind|section|third_party_unp|marks|modifiers|group|modifiers/\d+/name)"
)


def encode(value: Any) -> bytes:
    """JSON as registers write it: nothing is escaped that need not be, so that texts are looked at where they hide."""
    written = json.dumps(value, ensure_ascii=False)
    return re.sub("[\ud800-\udfff]", lambda half: f"\\u{ord(half[0]):04x}", written).encode()


def assert_explained(problem: Any, code: str, pointer: str) -> None:
    assert isinstance(problem, Problem)
    assert (problem.code, problem.pointer) == (code, pointer)
    assert re.fullmatch(r"[ -~…]+\.", problem.detail)
    assert len(problem.detail) <= DETAIL_LENGTH_MAX


@pytest.mark.parametrize("type_", DOCUMENT_TYPES)
def test_a_document_with_every_field_is_read(type_: str):
    document = read_document(encode(FULL[type_]))
    assert isinstance(document, get_args(wire.Document))
    assert document.type_name == type_
    assert_every_field_is_there(document)


def assert_every_field_is_there(value: Any) -> None:
    assert value is not UNSET
    if isinstance(value, Struct):
        for name in value.__struct_fields__:
            assert_every_field_is_there(getattr(value, name))
    elif isinstance(value, list):
        assert value
        for part in value:
            assert_every_field_is_there(part)


@pytest.mark.parametrize("type_", DOCUMENT_TYPES)
def test_the_tables_here_name_every_field(type_: str):
    assert {f"/{path}" for path in FIELDS[type_]} | {"/type"} == set(pointers(FULL[type_]))


@pytest.mark.parametrize(("type_", "pointer"), EVERY_FIELD)
def test_a_value_within_its_limits_is_read(type_: str, pointer: str):
    for value in FIELDS[type_][pointer[1:]][0]:
        document = read_document(encode(with_value(FULL[type_], pointer, value)))
        assert not isinstance(document, Problem), (value, document)


@pytest.mark.parametrize(("type_", "pointer"), EVERY_FIELD)
def test_a_value_beyond_its_limits_is_an_invalid_field(type_: str, pointer: str):
    for value in FIELDS[type_][pointer[1:]][1]:
        problem = read_document(encode(with_value(FULL[type_], pointer, value)))
        assert_explained(problem, "invalid_field", pointer)
        assert "`" + pointer.rpartition("/")[2] in problem.detail or re.search(r"\[\d\]`", problem.detail)


@pytest.mark.parametrize("number", ["1e400", "-1e400", "1e99999999999999999999", MANY, f"-{MANY}", f"1.{MANY}", "-0.0"])
def test_a_number_beyond_all_reason_is_an_invalid_field(number: str):
    raw = encode(FULL["sale"] | {"total": "here"}).replace(b'"here"', number.encode())
    assert_explained(read_document(raw), "invalid_field", "/total")


@pytest.mark.parametrize("type_", DOCUMENT_TYPES)
def test_a_field_may_be_missing_only_if_it_is_optional(type_: str):
    for pointer in pointers(FULL[type_]):
        parent, _, name = pointer.rpartition("/")
        if name.isdecimal():
            continue
        read = read_document(encode(without(FULL[type_], pointer)))
        if OPTIONAL.fullmatch(pointer):
            assert not isinstance(read, Problem), (pointer, read)
        else:
            assert_explained(read, "unknown_type" if pointer == "/type" else "invalid_field", parent)
            assert f"`{name}` is missing" in read.detail


def test_optional_fields_have_the_defaults_of_the_contract():
    bare = {**FULL["sale"], "items": [AN_ITEM]}
    for name in ("offline", "change", "modifiers"):
        del bare[name]
    sale = read_document(encode(bare))
    assert isinstance(sale, wire.Sale)
    assert (sale.offline, sale.change, sale.modifiers) == (False, 0, [])
    item = sale.items[0]
    assert (item.kind, item.tax, item.marks, item.modifiers) == ("goods", UNSET, [], [])


@pytest.mark.parametrize(
    "value", [1.5, None, "a\tb", "\ud800", "\x7f", {"a": [{"b": "\udfff\x00"}]}, 10**4000, "2026-03-01 09:30:00Z"]
)
@pytest.mark.parametrize("type_", DOCUMENT_TYPES)
def test_unknown_fields_are_allowed_whatever_they_hold(type_: str, value: Any):
    objects = ["", *(f"/{path}" for path, rule in FIELDS[type_].items() if rule is OBJECT)]
    for pointer in objects:
        document = read_document(encode(with_value(FULL[type_], f"{pointer}/unknown", value)))
        assert not isinstance(document, Problem), (pointer, document)


@pytest.mark.parametrize("value", ["gift", "Sale", "", "x" * 5000, None, 5, True, [], {}, "sale\n", "\ud800"])
def test_an_unknown_type_is_called_so(value: Any):
    assert_explained(read_document(encode(FULL["sale"] | {"type": value})), "unknown_type", "/type")


def test_an_unknown_type_comes_before_all_other_faults():
    assert_explained(read_document(b'{"sko": 5}'), "unknown_type", "")
    assert_explained(read_document(b'{"sko": 5, "type": "gift"}'), "unknown_type", "/type")


def test_a_payment_type_is_a_field_like_any_other():
    problem = read_document(encode(with_value(FULL["sale"], "/payments/0/type", "gold")))
    assert_explained(problem, "invalid_field", "/payments/0/type")
    assert "one of cash, cashless, other" in problem.detail


@pytest.mark.parametrize("element", [b"1", b"null", b'"x"', b"[]", b"[{}]", b"true", b"1e400", b"1.5", b'"\\ud800"'])
def test_an_element_that_is_no_object_is_an_invalid_field(element: bytes):
    assert_explained(read_document(element), "invalid_field", "")
    assert_explained(read_event(element), "invalid_field", "")


def test_a_z_report_has_one_object_a_currency():
    [counters] = FULL["z_report"]["counters"]
    every = [counters | {"currency": currency} for currency in CURRENCIES]
    assert isinstance(read_document(encode(FULL["z_report"] | {"counters": every})), wire.ZReport)
    twice = FULL["z_report"] | {"counters": [*every[:2], counters]}
    assert_explained(read_document(encode(twice)), "invalid_field", "/counters/2/currency")


def test_the_last_of_several_equal_keys_counts():
    raw = encode(FULL["sale"])
    document = read_document(raw.replace(b'"number": 1,', b'"number": 5, "number": 7,', 1))
    assert isinstance(document, wire.Sale)
    assert document.number == 7
    assert_explained(read_document(raw[:-1] + b', "total": 1.0}'), "invalid_field", "/total")
    assert_explained(read_document(raw[:-1] + b', "type": "refund"}'), "unknown_type", "/type")


def test_escaped_keys_and_values_are_read_as_what_they_mean():
    raw = encode(FULL["sale"]).replace(b'"number"', b'"n\\u0075mber"').replace(b'"sale"', b'"s\\u0061le"')
    assert isinstance(read_document(raw), wire.Sale)
    assert_explained(
        read_document(raw.replace(b"23T12:00:00+", b"23\\u002012:00:00+", 1)), "invalid_field", "/issued_at"
    )


def test_a_date_in_a_name_is_no_loosely_written_time():
    named = with_value(FULL["sale"], "/items/0/name", "Акт 2026-03-01 о приёмке")
    assert isinstance(read_document(encode(named)), wire.Sale)


def test_an_event_with_every_field_is_read():
    event = read_event(encode(EVENT))
    assert isinstance(event, wire.Event)
    assert event.detail == EVENT["detail"]
    bare = read_event(encode(without(EVENT, "/detail")))
    assert isinstance(bare, wire.Event)
    assert bare.detail == ""


@pytest.mark.parametrize("name", EVENT_FIELDS)
def test_every_field_of_an_event_keeps_its_limits(name: str):
    inside, outside = EVENT_FIELDS[name]
    for value in inside:
        assert isinstance(read_event(encode(EVENT | {name: value})), wire.Event), value
    for value in outside:
        assert_explained(read_event(encode(EVENT | {name: value})), "invalid_field", f"/{name}")
    if name != "detail":
        assert_explained(read_event(encode(without(EVENT, f"/{name}"))), "invalid_field", "")


def test_the_words_of_the_wire_are_those_of_the_tables():
    assert tuple(type_.type_name for type_ in get_args(wire.Document)) == DOCUMENT_TYPES
    for alias, values in (
        (fields.Currency, CURRENCIES),
        (fields.PaymentType, PAYMENTS),
        (fields.EventKind, EVENT_KINDS),
    ):
        assert get_args(get_args(alias)[0]) == values
        assert get_args(alias)[1].description == f"one of {', '.join(values)}"
