"""A receipt as PDF: the very template of the screen, on a tape 80 mm wide and as long as it needs to be.

Rendering is pure Python, slow, and one at a time in a process. So there is a limit to how many wait for it: pages must
never wait behind papers. The renderer may read our two fonts and nothing else, neither files nor the network.
"""

import dataclasses
import io
import logging
import threading
from pathlib import Path

import fontpkg_pt_sans
import msgspec
import pypdf
from flask import render_template
from flask_babel import ngettext
from pypdf.generic import RectangleObject
from xhtml2pdf.config.resources import ResourceAccessPolicy
from xhtml2pdf.default import DEFAULT_CSS
from xhtml2pdf.document import pisaDocument

from webapp.receipt import Item, Modifier
from webapp.receipt_tape import Tape

RENDERS_MAX = 2  # one at work and one that waits, in each process
SECONDS_MAX = 30.0
MODIFIERS_MAX = 1_000  # a row takes some 3 ms; 500 lines may have 100 discounts each, which nobody reads
FOOT_PT = 14.0  # paper below the last line
NARROW_SPACE = "\N{NARROW NO-BREAK SPACE}"  # which the font lacks
IN_MEMORY = -1  # the renderer never spills what it reads to a file: it would forget to close that one

FONTS = Path(fontpkg_pt_sans.ROOT) / "files"
POLICY = ResourceAccessPolicy.server(FONTS, allow_remote=False, max_render_seconds=SECONDS_MAX)
STYLES = (Path(__file__).parents[1] / "templates" / "receipt" / "pdf.css").read_text()
CSS = DEFAULT_CSS + STYLES.replace("FONTS", FONTS.as_posix())

# It would tell of each letter that the font lacks, and quote the receipt.
logging.getLogger("xhtml2pdf.context").setLevel(logging.ERROR)

_places = threading.BoundedSemaphore(RENDERS_MAX)


class Busy(Exception):
    """As many receipts as may be are being rendered already."""


def render(tape: Tape) -> bytes:
    """The PDF of a receipt, in the reader's language. Busy if too many are at it.

    A page is a metre long at most; 500 lines, the most that a receipt may have, make several in a few seconds. Where
    the lines have more than MODIFIERS_MAX discounts together, each line shows the sum of its own.
    """
    html = render_template("receipt/pdf.html", tape=_shortened(tape)).replace(NARROW_SPACE, "\N{NO-BREAK SPACE}")
    meta = {"title": f"№ {tape.receipt.document.number}", "author": tape.receipt.document.merchant_name}
    options = {"default_css": CSS, "context_meta": meta, "resource_policy": POLICY, "capacity": IN_MEMORY}
    if not _places.acquire(blocking=False):
        raise Busy
    try:
        return _cut(pisaDocument(html, dest_bytes=True, **options))
    finally:
        _places.release()


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
