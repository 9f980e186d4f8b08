"""Documents as receipts: one with all that is printed around it, and what happened to a sale since it was issued."""

import datetime
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import sqlalchemy as sa

from sql.skos import NUMBER
from sql.tables import document, merchant, outlet, pending_delivery, refused_delivery, sko

PUBLIC_TYPES = ("sale", "refund", "rollback")  # what a buyer is handed
REFUNDS_LISTED_MAX = 100
NUMBER_MAX = 2**53 - 1  # of the register API


@dataclass(frozen=True, slots=True)
class IssuedDocument:
    """A stored document, and the company, outlet and register that its paper names. `sko` is the register's number.

    The outlet is the one where the register stood when the document was issued, under its present name.
    """

    merchant_id: int
    sko_id: int
    sko: str
    number: int
    type: str
    uid: str
    shift: int
    issued_us: int
    day: datetime.date
    outlet_id: int
    currency: str
    cashier: str
    offline: bool
    total_minor: int
    cash_minor: int
    cashless_minor: int
    other_minor: int
    received_us: int
    body: bytes
    merchant_name: str
    merchant_unp: str
    outlet_name: str
    outlet_address: str
    time_zone: str


@dataclass(frozen=True, slots=True)
class LaterDocument:
    """A document that names an earlier one: a refund of a sale, or its annulment."""

    sko: str
    outlet_id: int
    number: int
    type: str
    uid: str
    issued_us: int
    currency: str
    total_minor: int


@dataclass(frozen=True, slots=True)
class Refunds:
    """The first REFUNDS_LISTED_MAX refunds of a sale, oldest first; how many there are, and their sums by currency.

    `elsewhere`: there are others, of outlets that were not asked for.
    """

    listed: tuple[LaterDocument, ...] = ()
    count: int = 0
    sums_minor: tuple[tuple[str, int], ...] = ()
    elsewhere: bool = False


@dataclass(frozen=True, slots=True)
class Delivery:
    """`state` is sent, pending or refused; refused with the state system's `reason`."""

    state: str
    reason: str | None = None


_REGISTER = (sko.c.merchant_id == document.c.merchant_id) & (sko.c.sko_id == document.c.sko_id)
_PLACE = (outlet.c.merchant_id == document.c.merchant_id) & (outlet.c.outlet_id == document.c.outlet_id)
_AROUND = {
    "sko": sko.c.number,
    "merchant_name": merchant.c.name,
    "merchant_unp": merchant.c.unp,
    "outlet_name": outlet.c.name,
    "outlet_address": outlet.c.address,
    "time_zone": outlet.c.time_zone,
}
_issued = (
    sa.select(*(_AROUND[name] if name in _AROUND else document.c[name] for name in IssuedDocument.__slots__))
    .join_from(document, merchant, merchant.c.merchant_id == document.c.merchant_id)
    .join(sko, _REGISTER)
    .join(outlet, _PLACE)
)
_later = sa.select(
    *(sko.c.number if name == "sko" else document.c[name] for name in LaterDocument.__slots__)
).join_from(document, sko, _REGISTER)


def document_by_key(connection: sa.Connection, merchant_id: int, sko_number: str, number: int) -> IssuedDocument | None:
    """The merchant's document of this register and number, of any type; None if the merchant has none.

    Takes any text and any number: what no register may be called, a database might not even let itself be asked.
    """
    if not NUMBER.fullmatch(sko_number) or not 1 <= number <= NUMBER_MAX:
        return None
    row = connection.execute(
        _issued.where(document.c.merchant_id == merchant_id, sko.c.number == sko_number, document.c.number == number)
    ).first()
    return IssuedDocument(*row) if row else None


def public_document(connection: sa.Connection, uid: str) -> IssuedDocument | None:
    """The sale, refund or rollback with this УИ; None if there is none.

    No constraint makes a УИ unique: registers give it, and two of them may claim the same one. Then the document that
    was received first is shown, so that nobody can put another receipt in the place of one that a buyer holds.
    """
    order = (document.c.received_us, document.c.merchant_id, document.c.sko_id, document.c.number)
    row = connection.execute(
        _issued.where(document.c.uid == uid, document.c.type.in_(PUBLIC_TYPES)).order_by(*order).limit(1)
    ).first()
    return IssuedDocument(*row) if row else None


def refunds_of(
    connection: sa.Connection,
    merchant_id: int,
    sko_number: str,
    number: int,
    outlet_ids: Collection[int] | None = None,
) -> Refunds:
    """What was refunded of this sale since, by any register of the merchant, or in these outlets."""
    names_it = [
        document.c.merchant_id == merchant_id,
        document.c.base_sko == sko_number,
        document.c.base_number == number,
    ]
    if outlet_ids is None:
        return _refunds(connection, names_it)
    is_here = document.c.outlet_id.in_(sorted(outlet_ids))
    others = sa.select(sa.exists().where(*names_it, ~is_here))
    return replace(_refunds(connection, [*names_it, is_here]), elsewhere=bool(connection.execute(others).scalar()))


def _refunds(connection: sa.Connection, names_it: Sequence[sa.ColumnElement[bool]]) -> Refunds:
    # The sum keeps the databases from walking through all documents in the order of the index by instant: a limit
    # makes that look cheap to them, though a sale has few refunds, and the index by base finds them at once.
    order = (document.c.issued_us + 0, document.c.sko_id, document.c.number)
    listed = connection.execute(_later.where(*names_it).order_by(*order).limit(REFUNDS_LISTED_MAX + 1)).all()
    refunds = tuple(LaterDocument(*row) for row in listed[:REFUNDS_LISTED_MAX])
    if len(listed) <= REFUNDS_LISTED_MAX:
        return Refunds(refunds, len(refunds), _sums(refunds))
    total = sa.func.sum(document.c.total_minor)
    rows = connection.execute(
        sa.select(document.c.currency, total, sa.func.count())
        .where(*names_it)
        .group_by(document.c.currency)
        .order_by(document.c.currency)
    ).all()
    sums = tuple((currency, int(minor)) for currency, minor, _ in rows)
    return Refunds(refunds, sum(count for *_, count in rows), sums)


def _sums(refunds: Collection[LaterDocument]) -> tuple[tuple[str, int], ...]:
    sums: dict[str, int] = {}
    for refund in refunds:
        sums[refund.currency] = sums.get(refund.currency, 0) + refund.total_minor
    return tuple(sorted(sums.items()))


def annulment_of(connection: sa.Connection, merchant_id: int, sko_id: int, number: int) -> LaterDocument | None:
    """The rollback that annuls this document of the register, or None. There is at most one."""
    row = connection.execute(
        _later.where(
            document.c.merchant_id == merchant_id, document.c.sko_id == sko_id, document.c.target_number == number
        )
    ).first()
    return LaterDocument(*row) if row else None


def sale_named(connection: sa.Connection, merchant_id: int, sko_number: str, number: int) -> LaterDocument | None:
    """The document that a refund or a rollback of this merchant names, if it has been received; of any type."""
    row = connection.execute(
        _later.where(document.c.merchant_id == merchant_id, sko.c.number == sko_number, document.c.number == number)
    ).first()
    return LaterDocument(*row) if row else None


def delivery_of(connection: sa.Connection, merchant_id: int, sko_id: int, number: int) -> Delivery:
    """Whether the state system has confirmed a stored document."""
    of_register = {"merchant_id": merchant_id, "sko_id": sko_id}
    reason = connection.execute(
        sa.select(refused_delivery.c.reason).filter_by(**of_register, number=number)
    ).scalar_one_or_none()
    if reason is not None:
        return Delivery("refused", reason)
    # Ranges never overlap: only the nearest one that begins at or before the number can hold it.
    last_number = connection.execute(
        sa.select(pending_delivery.c.last_number)
        .filter_by(**of_register)
        .where(pending_delivery.c.first_number <= number)
        .order_by(pending_delivery.c.first_number.desc())
        .limit(1)
    ).scalar_one_or_none()
    return Delivery("sent" if last_number is None or last_number < number else "pending")
