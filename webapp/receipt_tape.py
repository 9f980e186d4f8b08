"""A receipt together with what the paper leads to: its public address with the QR code, and what happened since."""

from dataclasses import dataclass

import segno
from flask import url_for

from sql.engine import Connection
from sql.receipts import (
    IssuedDocument,
    LaterDocument,
    Refunds,
    annulment_of,
    document_by_key,
    refunds_of,
    sale_named,
)
from webapp.receipt import Named, Receipt, read_receipt

NO_REFUNDS = Refunds()
PNG_DOTS = 6  # pixels a module: sharp at the size of a postage stamp, and still small


@dataclass(frozen=True, slots=True, kw_only=True)
class Tape:
    """What `receipt/_receipt.html` shows. `named` is the sale that a refund or a rollback names, if we have it."""

    receipt: Receipt
    address: str | None = None
    named: LaterDocument | None = None
    refunds: Refunds = NO_REFUNDS
    annulment: LaterDocument | None = None

    @property
    def qr_svg(self) -> str:
        """The QR code of the public address, as an address of an image that scales."""
        return segno.make(self.address or "", error="m", micro=False).svg_data_uri(border=0, xmldecl=False)

    @property
    def qr_png(self) -> str:
        """The same in pixels, for what can't draw SVG."""
        return segno.make(self.address or "", error="m", micro=False).png_data_uri(scale=PNG_DOTS, border=0)


def find_tape(connection: Connection, merchant_id: int, sko_number: str, number: int) -> Tape | None:
    """The merchant's document of this register and number as a receipt, or None. At most four queries."""
    document = document_by_key(connection, merchant_id, sko_number, number)
    return tape_of(connection, document) if document else None


def tape_of(connection: Connection, document: IssuedDocument) -> Tape:
    """A document as a receipt, with what is known of it since. At most two queries."""
    receipt = read_receipt(document)
    merchant_id = document.merchant_id
    address = url_for("receipts.page", uid=document.uid, _external=True) if receipt.is_public else None
    named = receipt.base or receipt.target
    if named:
        return Tape(receipt=receipt, address=address, named=_named(connection, document, named))
    if document.type != "sale":
        return Tape(receipt=receipt, address=address)
    return Tape(
        receipt=receipt,
        address=address,
        refunds=refunds_of(connection, merchant_id, document.sko, document.number),
        annulment=annulment_of(connection, merchant_id, document.sko_id, document.number),
    )


def _named(connection: Connection, document: IssuedDocument, named: Named) -> LaterDocument | None:
    """A rollback annuls a sale of its own register; a refund says which register the sale was rung up on."""
    return sale_named(connection, document.merchant_id, named.sko or document.sko, named.number)
