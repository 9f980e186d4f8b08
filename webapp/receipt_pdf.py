"""A receipt as PDF: the very template of the screen, on a tape 80 mm wide and as long as it needs to be.

Rendering is pure Python, slow, and one at a time in a process. So there is a limit to how many wait for it: pages must
never wait behind papers. The renderer may read our two fonts and nothing else, neither files nor the network.
"""

import io
import threading
from pathlib import Path

import fontpkg_pt_sans
import pypdf
from flask import render_template
from pypdf.generic import RectangleObject
from xhtml2pdf.config.resources import ResourceAccessPolicy
from xhtml2pdf.default import DEFAULT_CSS
from xhtml2pdf.document import pisaDocument

from webapp.receipt_tape import Tape

RENDERS_MAX = 2  # one at work and one that waits, in each process
SECONDS_MAX = 40.0
FOOT_PT = 14.0  # paper below the last line
NARROW_SPACE = "\N{NARROW NO-BREAK SPACE}"  # which the font lacks

IN_MEMORY = -1  # the renderer never spills what it reads to a file: it would forget to close that one

FONTS = Path(fontpkg_pt_sans.ROOT) / "files"
POLICY = ResourceAccessPolicy.server(FONTS, allow_remote=False, max_render_seconds=SECONDS_MAX)
STYLES = (Path(__file__).parents[1] / "templates" / "receipt" / "pdf.css").read_text()
CSS = DEFAULT_CSS + STYLES.replace("FONTS", FONTS.as_posix())

_places = threading.BoundedSemaphore(RENDERS_MAX)


class Busy(Exception):
    """As many receipts as may be are being rendered already."""


def render(tape: Tape) -> bytes:
    """The PDF of a receipt, in the reader's language. Busy if too many are at it.

    A page is a metre long at most; 500 lines, the most that a receipt may have, make several.
    """
    html = render_template("receipt/pdf.html", tape=tape).replace(NARROW_SPACE, "\N{NO-BREAK SPACE}")
    if not _places.acquire(blocking=False):
        raise Busy
    try:
        meta = {"title": f"№ {tape.receipt.document.number}", "author": tape.receipt.document.merchant_name}
        return _cut(
            pisaDocument(
                html, dest_bytes=True, default_css=CSS, context_meta=meta, resource_policy=POLICY, capacity=IN_MEMORY
            )
        )
    finally:
        _places.release()


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
