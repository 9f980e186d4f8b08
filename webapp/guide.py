"""The guide of the cabinet: chapters in Markdown, in docs/guide/, each with the pages whose "?" opens it.

Chapters link to each other by their files and to pictures in static/guide/, so that they also read well in a
repository; here those links become addresses of the app, or of the PDF that `make manual` draws.
"""

import functools
import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.token import Token

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "docs" / "guide"
PICTURES = "../../static/"  # as chapters write it, before `guide/home.png`

Address = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Chapter:
    """`name` is that of its file and its address; `pages` are addresses of the app that it explains."""

    name: str
    pages: tuple[str, ...] = ()

    @property
    def markdown(self) -> str:
        return _read(self.name)

    @property
    def title(self) -> str:
        """Its first line."""
        return self.markdown.partition("\n")[0].removeprefix("# ")

    @property
    def body(self) -> str:
        return self.markdown.partition("\n")[2]


CHAPTERS = (
    Chapter("start", ("/login", "/companies", "/invitations")),
    Chapter("structure"),
    Chapter("home", ("/",)),
    Chapter("sales", ("/sales",)),
    Chapter("turnover", ("/turnover",)),
    Chapter("documents", ("/documents",)),
    Chapter("outlets", ("/outlets",)),
    Chapter("skos", ("/skos",)),
    Chapter("binding", ("/bind", "/tokens")),
    Chapter("register-settings", ("/register-settings",)),
    Chapter("smart-x", ("/register-settings/smart-x",)),
    Chapter("notifications", ("/notifications",)),
    Chapter("reports", ("/reports",)),
    Chapter("completeness", ("/reports/completeness",)),
    Chapter("acts", ("/acts",)),
    Chapter("instructions", ("/instructions",)),
    Chapter("exports", ("/exports",)),
    Chapter("profile", ("/profile", "/confirm")),
    Chapter("team", ("/team",)),
    Chapter("journal", ("/journal",)),
)
BY_NAME = {chapter.name: chapter for chapter in CHAPTERS}
_BY_PAGE = {page: chapter for chapter in CHAPTERS for page in chapter.pages}


def chapter_of(path: str) -> Chapter | None:
    """The chapter about the page at this address, or about the nearest one above it. Home is above nothing."""
    while path not in _BY_PAGE and path.strip("/"):
        path = path.rpartition("/")[0]
    return _BY_PAGE.get(path)


@functools.cache
def _read(name: str) -> str:
    return (FOLDER / f"{name}.md").read_text()


def rendered(markdown: str, *, chapter_address: Address, picture_address: Address) -> str:
    """The HTML of a chapter or a part of it, with these addresses for `sales.md` and for `guide/home.png`."""
    parser = MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens = parser.parse(markdown)
    for token in (inner for block in tokens for inner in block.children or ()):
        if token.type == "link_open" and str(token.attrs["href"]).endswith(".md"):
            token.attrs["href"] = chapter_address(str(token.attrs["href"]).removesuffix(".md"))
        elif token.type == "image":
            _place(token, picture_address)
    return str(parser.renderer.render(tokens, parser.options, {}))


def _place(image: Token, picture_address: Address) -> None:
    """Its room is known before it is there, so that nothing moves when it comes."""
    name = str(image.attrs["src"]).removeprefix(PICTURES)
    width, height = size_of(ROOT / "static" / name)
    attributes: dict[str, Any] = {"src": picture_address(name), "width": width, "height": height, "loading": "lazy"}
    image.attrs |= attributes


@functools.cache
def size_of(picture: Path) -> tuple[int, int]:
    """Width and height of a PNG file, which its header tells."""
    with picture.open("rb") as file:
        width, height = struct.unpack(">II", file.read(24)[16:])
    return width, height
