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
from webapp.scope import Reach

NO_REFUNDS = Refunds()
PNG_DOTS = 6  # pixels a module: sharp at the size of a postage stamp, and still small


@dataclass(frozen=True, slots=True, kw_only=True)
class Tape:
    """What `receipt/_receipt.html` shows. `named` is the sale that a refund or a rollback names, if we have it.

    `elsewhere`: it has to do with documents of outlets that the reader may not see, and these are not shown.
    """

    receipt: Receipt
    address: str | None = None
    named: LaterDocument | None = None
    refunds: Refunds = NO_REFUNDS
    annulment: LaterDocument | None = None
    elsewhere: bool = False

    @property
    def qr_svg(self) -> str:
        """The QR code of the public address, as an address of an image that scales."""
        return segno.make(self.address or "", error="m", micro=False).svg_data_uri(border=0, xmldecl=False)

    @property
    def qr_png(self) -> str:
        """The same in pixels, for what can't draw SVG."""
        return segno.make(self.address or "", error="m", micro=False).png_data_uri(scale=PNG_DOTS, border=0)


def find_tape(connection: Connection, reach: Reach, sko_number: str, number: int) -> Tape | None:
    """The document of this register and number as a receipt, with what may be seen of it since; None if it may not."""
    document = document_by_key(connection, reach.merchant_id, sko_number, number)
    return tape_of(connection, document, reach) if document and reach.sees(document.outlet_id) else None


def tape_of(connection: Connection, document: IssuedDocument, reach: Reach | None = None) -> Tape:
    """A document as a receipt, with what is known of it since, to a buyer or within `reach`. At most three queries."""
    reach = reach or Reach(document.merchant_id)
    receipt = read_receipt(document)
    address = url_for("receipts.page", uid=document.uid, _external=True) if receipt.is_public else None
    named = receipt.base or receipt.target
    if named:
        sale = _named(connection, document, named)
        is_seen = sale is None or reach.sees(sale.outlet_id)
        return Tape(receipt=receipt, address=address, named=sale if is_seen else None, elsewhere=not is_seen)
    if document.type != "sale":
        return Tape(receipt=receipt, address=address)
    refunds = refunds_of(connection, document.merchant_id, document.sko, document.number, reach.limit)
    annulment = annulment_of(connection, document.merchant_id, document.sko_id, document.number)
    is_seen = annulment is None or reach.sees(annulment.outlet_id)
    return Tape(
        receipt=receipt,
        address=address,
        refunds=refunds,
        annulment=annulment if is_seen else None,
        elsewhere=refunds.elsewhere or not is_seen,
    )


def _named(connection: Connection, document: IssuedDocument, named: Named) -> LaterDocument | None:
    """A rollback annuls a sale of its own register; a refund says which register the sale was rung up on."""
    return sale_named(connection, document.merchant_id, named.sko or document.sko, named.number)
