"""A public receipt as JSON, with the names of the register API (docs/public-receipt.md describes it).

An optional field is left out, never null.
"""

from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from flask import Response
from werkzeug.exceptions import HTTPException

from sql.instants import from_us
from sql.receipts import LaterDocument
from webapp.receipt import Item, Modifier, Named, Receipt
from webapp.receipt_tape import Tape


def as_json(tape: Tape) -> Response:
    """The answer of `/r/<uid>.json`."""
    receipt = tape.receipt
    content = (
        _head(tape) | _goods(receipt) | _left_out({"base": _named(receipt.base), "target": _named(receipt.target)})
    )
    if receipt.document.type == "sale":
        content |= _since(tape)
    return Response(msgspec.json.encode(content), mimetype="application/json")


def as_problem(error: HTTPException) -> Response:
    """A refusal in the form of RFC 9457, with the headers that belong to it."""
    content = {"type": "about:blank", "title": error.name, "status": error.code}
    response = Response(msgspec.json.encode(content), error.code, mimetype="application/problem+json")
    response.headers.extend((name, value) for name, value in error.get_headers() if name != "Content-Type")
    return response


def _head(tape: Tape) -> dict[str, Any]:
    document = tape.receipt.document
    return {
        "url": tape.address,
        "type": document.type,
        "uid": document.uid,
        "sko": document.sko,
        "number": document.number,
        "shift": document.shift,
        "issued_at": _local(document.issued_us, document.time_zone),
        "currency": document.currency,
        "cashier": document.cashier,
        "offline": document.offline,
        "merchant": {"name": document.merchant_name, "unp": document.merchant_unp},
        "outlet": {"name": document.outlet_name, "address": document.outlet_address},
        "payments": [{"type": payment.type, "sum": payment.sum} for payment in tape.receipt.payments],
        "total": document.total_minor,
    }


def _goods(receipt: Receipt) -> dict[str, Any]:
    if receipt.document.type == "rollback":
        return {}
    return {
        "items": [_item(item) for item in receipt.items],
        "modifiers": _modifiers(receipt.modifiers),
        "change": receipt.change_minor,
        "vat": [_left_out({"tax": vat.rate}) | {"base": vat.base_minor, "vat": vat.vat_minor} for vat in receipt.vat],
    }


def _item(item: Item) -> dict[str, Any]:
    section = {"code": item.section.code, "name": item.section.name} if item.section else None
    optional = {"tax": item.tax, "gtin": item.gtin, "section": section, "third_party_unp": item.third_party_unp}
    return {
        "name": item.name,
        "price": item.price,
        "quantity": item.quantity,
        "sum": item.sum,
        "kind": item.kind,
        "marks_count": len(item.marks),
        "modifiers": _modifiers(item.modifiers),
    } | _left_out(optional)


def _modifiers(modifiers: tuple[Modifier, ...]) -> list[dict[str, Any]]:
    return [{"sum": modifier.sum} | ({"name": modifier.name} if modifier.name else {}) for modifier in modifiers]


def _named(named: Named | None) -> dict[str, Any] | None:
    return _left_out({"sko": named.sko, "number": named.number, "uid": named.uid}) if named else None


def _since(tape: Tape) -> dict[str, Any]:
    time_zone = tape.receipt.document.time_zone
    return {
        "refunds": [_later(refund, time_zone) for refund in tape.refunds.listed],
        "refunds_count": tape.refunds.count,
        "refunded": [{"currency": currency, "sum": minor} for currency, minor in tape.refunds.sums_minor],
        "annulled": tape.annulment is not None,
    } | ({"annulment": _later(tape.annulment, time_zone)} if tape.annulment else {})


def _later(document: LaterDocument, time_zone: str) -> dict[str, Any]:
    return {
        "uid": document.uid,
        "sko": document.sko,
        "number": document.number,
        "issued_at": _local(document.issued_us, time_zone),
        "currency": document.currency,
        "total": document.total_minor,
    }


def _local(instant_us: int, time_zone: str) -> str:
    return from_us(instant_us).astimezone(ZoneInfo(time_zone)).isoformat()


def _left_out(fields: dict[str, Any]) -> dict[str, Any]:
    """Without those that are None."""
    return {name: value for name, value in fields.items() if value is not None}
