"""Documents with their bodies, stored as ingest stores them: through its door, its rules and its commit."""

import datetime
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import sqlalchemy as sa

from ingest import reading
from ingest.commit import Submission, commit_group
from ingest.directory import Directory
from ingest.problems import Problem
from ingest.receive import DETAILED, _row
from ingest.rules import check
from sql.engine import open_for_writing
from sql.engine import reading as reading_from
from sql.instants import now_us, to_us
from sql.skos import directory
from tests.shop import MINSK

FIRST_SKO = "300000001"


def ring_up(engine: sa.Engine, *documents: Mapping[str, Any]) -> None:
    """Store these documents (as the contract writes them) of registers that exist; a broken rule fails the test."""
    registers = Directory()
    with reading_from(engine) as connection:
        registers.add(directory(connection, {document["sko"] for document in documents}))
    submission = Submission()
    for place, wired in enumerate(documents):
        raw = msgspec.json.encode(wired)
        document = reading.read_document(raw)
        assert not isinstance(document, Problem), document
        register = registers.get(document.sko)
        assert register is not None, f"no register {document.sko}"
        issued_us = to_us(document.issued_at)
        problem = check(document, issued_us, now_us())
        assert problem is None, problem
        submission.rows.append(_row(register, document, issued_us, now_us(), raw))
        submission.indexes.append(place)
        if isinstance(document, DETAILED):
            submission.details[place] = document
    connection = open_for_writing(engine)
    try:
        [outcome] = commit_group(connection, [submission], look_first=True)
    finally:
        connection.close()
    assert outcome.problems == []
    assert outcome.accepted == len(documents)


def common(type_: str, number: int, *, sko: str = FIRST_SKO, at: datetime.datetime | None = None) -> dict[str, Any]:
    """The fields of every document; issued now unless `at` says when."""
    issued = at or datetime.datetime.now(MINSK).replace(microsecond=0)
    return {
        "type": type_,
        "uid": f"{int(sko):012X}{number:012X}",
        "sko": sko,
        "number": number,
        "shift": 1,
        "issued_at": issued.isoformat(),
        "currency": "BYN",
        "cashier": "Иванова",
    }


def item(name: str, price: int, quantity: int = 1_000, **more: Any) -> dict[str, Any]:
    """A line: `price` in kopecks, `quantity` in thousandths; `modifiers` in `more` count into its sum."""
    of_modifiers = sum(modifier["sum"] for modifier in more.get("modifiers", ()))
    plain = (2 * price * quantity + 1_000) // 2_000
    return {"name": name, "price": price, "quantity": quantity, "sum": plain + of_modifiers, **more}


def receipt(
    type_: str,
    number: int,
    items: Sequence[Mapping[str, Any]],
    *,
    payments: Sequence[tuple[str, int]] | None = None,
    change: int = 0,
    **more: Any,
) -> dict[str, Any]:
    """A sale or a refund of these items, paid in cash unless `payments` says otherwise."""
    envelope = {name: more.pop(name) for name in ("sko", "at") if name in more}
    total = sum(line["sum"] for line in items) + sum(modifier["sum"] for modifier in more.get("modifiers", ()))
    paid = [("cash", total)] if payments is None and total else payments or ()
    return {
        **common(type_, number, **envelope),
        "items": list(items),
        "payments": [{"type": way, "sum": amount} for way, amount in paid],
        "change": change,
        "total": total,
        **more,
    }


def sale(number: int, *items: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    return receipt("sale", number, items or [item("Хлеб «Нарочанский»", 245, tax=10)], **more)


def rollback(number: int, annulled: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    """The annulment of a whole sale."""
    paid = {payment["type"]: 0 for payment in annulled["payments"]}
    for payment in annulled["payments"]:
        paid[payment["type"]] += payment["sum"]
    if annulled["change"]:
        paid["cash"] -= annulled["change"]
    return {
        **common("rollback", number, sko=annulled["sko"], **more),
        "target": {"number": annulled["number"], "uid": annulled["uid"]},
        "payments": [{"type": way, "sum": amount} for way, amount in paid.items() if amount],
        "total": annulled["total"],
    }


def drawer(type_: str, number: int, amount: int, **more: Any) -> dict[str, Any]:
    """A deposit, withdrawal or payout."""
    return {**common(type_, number, **more), "sum": amount}
