"""Papers as PDF, drawn from HTML.

Rendering is pure Python, slow, and one at a time in a process. So there is a limit to how many wait for it: pages must
never wait behind papers. The renderer may read our two fonts and nothing else, neither files nor the network.
"""

import logging
import threading
from pathlib import Path

import fontpkg_pt_sans
from xhtml2pdf.config.resources import ResourceAccessPolicy
from xhtml2pdf.default import DEFAULT_CSS
from xhtml2pdf.document import pisaDocument

RENDERS_MAX = 2  # one at work and one that waits, in each process
SECONDS_MAX = 30.0
NARROW_SPACE = "\N{NARROW NO-BREAK SPACE}"  # which the font lacks
IN_MEMORY = -1  # the renderer never spills what it reads to a file: it would forget to close that one

FONTS = Path(fontpkg_pt_sans.ROOT) / "files"
POLICY = ResourceAccessPolicy.server(FONTS, allow_remote=False, max_render_seconds=SECONDS_MAX)
TEMPLATES = Path(__file__).parents[1] / "templates"

# It would tell of each letter that the font lacks, and quote the paper.
logging.getLogger("xhtml2pdf.context").setLevel(logging.ERROR)

_places = threading.BoundedSemaphore(RENDERS_MAX)


class Busy(Exception):
    """As many papers as may be are being rendered already."""


def styles(name: str) -> str:
    """The stylesheet of this name below templates/, in which FONTS stands for the folder of the bundled fonts."""
    return str(DEFAULT_CSS) + (TEMPLATES / name).read_text().replace("FONTS", FONTS.as_posix())


def draw(html: str, *, css: str, title: str, author: str = "") -> bytes:
    """The PDF of this HTML. Busy if too many are at it."""
    if not _places.acquire(blocking=False):
        raise Busy
    try:
        drawn: bytes = pisaDocument(
            html.replace(NARROW_SPACE, "\N{NO-BREAK SPACE}"),
            dest_bytes=True,
            default_css=css,
            context_meta={"title": title, "author": author},
            resource_policy=POLICY,
            capacity=IN_MEMORY,
        )
        return drawn
    finally:
        _places.release()
