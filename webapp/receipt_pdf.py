"""A receipt as PDF: the very template of the screen, on a tape 80 mm wide and as long as it needs to be."""

import dataclasses
import io

import msgspec
import pypdf
from flask import render_template
from flask_babel import ngettext
from pypdf.generic import RectangleObject

from webapp.pdf import draw, styles
from webapp.receipt import Item, Modifier
from webapp.receipt_tape import Tape

MODIFIERS_MAX = 1_000  # a row takes some 3 ms; 500 lines may have 100 discounts each, which nobody reads
FOOT_PT = 14.0  # paper below the last line
CSS = styles("receipt/pdf.css")


def render(tape: Tape) -> bytes:
    """The PDF of a receipt, in the reader's language. Busy if too many are at it.

    A page is a metre long at most; 500 lines, the most that a receipt may have, make several in a few seconds. Where
    the lines have more than MODIFIERS_MAX discounts together, each line shows the sum of its own.
    """
    html = render_template("receipt/pdf.html", tape=_shortened(tape))
    document = tape.receipt.document
    return _cut(draw(html, css=CSS, title=f"№ {document.number}", author=document.merchant_name))


def _shortened(tape: Tape) -> Tape:
    items = tape.receipt.items
    if sum(len(item.modifiers) for item in items) <= MODIFIERS_MAX:
        return tape
    receipt = dataclasses.replace(tape.receipt, items=tuple(_folded(item) for item in items))
    return dataclasses.replace(tape, receipt=receipt)


def _folded(item: Item) -> Item:
    """The line with its discounts and surcharges as one."""
    count = len(item.modifiers)
    if count < 2:
        return item
    name = ngettext("%(num)s discount or surcharge", "%(num)s discounts and surcharges", count)
    folded = Modifier(sum(modifier.sum for modifier in item.modifiers), name)
    return msgspec.structs.replace(item, modifiers=(folded,))


def _cut(pdf: bytes) -> bytes:
    """Cut the last page below its last line, which a link marks: of all that is drawn, only links tell their place."""
    writer = pypdf.PdfWriter(clone_from=io.BytesIO(pdf))
    page = writer.pages[-1]
    mark = page.pop("/Annots")[-1].get_object()["/Rect"]
    _, _, right, top = page.mediabox
    page.mediabox = page.cropbox = RectangleObject((0, max(0.0, float(mark[1]) - FOOT_PT), right, top))
    written = io.BytesIO()
    writer.write(written)
    return written.getvalue()
