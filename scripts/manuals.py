"""Draws the manuals that the page of instructions offers, as PDF. By hand after a change: `make manual`.

    docs/kabinet-guide.pdf   the guide of the cabinet, of docs/guide/*.md with their pictures
    docs/register-api.pdf    the register API, of the very document that the ingest service serves at /openapi.json

Each carries the SHA-256 of what it was drawn from in its subject, by which a test knows whether it is up to date.
"""

import base64
import hashlib
from html import escape
from pathlib import Path

import pypdf
from markdown_it import MarkdownIt

from scripts.api_guide import api_markdown
from webapp.guide import CHAPTERS, PICTURES, ROOT, rendered
from webapp.pdf import TEMPLATES, draw, styles

DOCS = ROOT / "docs"
STYLES = "help/paper.css"
GUIDE_TITLE = "Личный кабинет. Руководство пользователя"
API_TITLE = "Register API. Guide for integrators"


def main() -> None:
    for name, (title, html) in manuals().items():
        pdf = DOCS / f"{name}.pdf"
        if not is_up_to_date(pdf, html):
            pdf.write_bytes(draw(html, css=styles(STYLES), title=title))
            sign(pdf, html)


def manuals() -> dict[str, tuple[str, str]]:
    """Title and HTML of each, by the name of its file."""
    return {
        "kabinet-guide": (GUIDE_TITLE, paper("ru", GUIDE_TITLE, "Содержание", guide())),
        "register-api": (API_TITLE, paper("en", API_TITLE, "Contents", api())),
    }


def guide() -> str:
    return "".join(
        f'<h1 class="chapter"><a name="{chapter.name}"></a>{escape(chapter.title)}</h1>'
        + rendered(chapter.body, chapter_address=lambda name: f"#{name}", picture_address=inline)
        for chapter in CHAPTERS
    )


def api() -> str:
    parser = MarkdownIt("commonmark", {"html": False}).enable("table")
    return str(parser.render(api_markdown())).replace("<h1>", '<h1 class="chapter">')


def paper(language: str, title: str, contents: str, body: str) -> str:
    """A title with the contents, then the chapters."""
    return (
        f'<html lang="{language}"><body><p class="title">{escape(title)}</p>'
        f'<p class="contents">{contents}</p><div><pdf:toc /></div>{body}'
        '<div id="foot"><pdf:pagenumber></div></body></html>'
    )


def inline(name: str) -> str:
    """The renderer may read no files, so pictures come along."""
    content = base64.b64encode((ROOT / "static" / name.removeprefix(PICTURES)).read_bytes()).decode()
    return f"data:image/png;base64,{content}"


def fingerprint(html: str) -> str:
    return hashlib.sha256(html.encode() + (TEMPLATES / STYLES).read_bytes()).hexdigest()


def is_up_to_date(pdf: Path, html: str) -> bool:
    metadata = pypdf.PdfReader(pdf).metadata if pdf.exists() else None
    return metadata is not None and metadata.subject == fingerprint(html)


def sign(pdf: Path, html: str) -> None:
    writer = pypdf.PdfWriter(clone_from=pdf)
    writer.add_metadata({"/Subject": fingerprint(html)})
    writer.compress_identical_objects()
    writer.write(pdf)


if __name__ == "__main__":
    main()
