"""Instructions: manuals to read, save or print; those of the operator, and those that the cabinet itself brings."""

import functools
import io
from dataclasses import dataclass
from pathlib import Path

import pypdf
from flask import Blueprint, Response, abort, send_file, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale, lazy_gettext
from flask_babel.speaklater import LazyString

from sql.engine import reading
from sql.manuals import find_manual, manuals
from webapp.database import engine
from webapp.exports import size
from webapp.fragments import page_or_fragment

FOLDER = Path(__file__).parents[1] / "docs"
# By the name of the file, which `make manual` draws.
OWN: dict[str, tuple[str | LazyString, str]] = {
    "kabinet-guide": (lazy_gettext("User guide of the cabinet"), "ru"),
    "register-api": (lazy_gettext("Register API: guide for integrators"), "en"),
}

blueprint = Blueprint("instructions", __name__)


@dataclass(frozen=True, slots=True)
class Line:
    """A manual in the list; `version` is None of those that belong to the cabinet, which are as new as it is."""

    title: str
    version: str | None
    language: str
    pages: int
    bytes: int
    address: str


@blueprint.get("/instructions")
def page() -> ResponseReturnValue:
    with reading(engine()) as connection:
        of_operator = manuals(connection)
    lines = [
        Line(
            each.title, each.version, each.language, each.pages, each.bytes, url_for(".file", manual_id=each.manual_id)
        )
        for each in of_operator
    ]
    lines += [_own(name) for name in OWN]
    lines.sort(key=lambda line: line.language != str(get_locale()))  # those that the reader understands come first
    return page_or_fragment("instructions/page.html", None, manuals=lines, size=size)


@blueprint.get("/instructions/<int(max=2147483647):manual_id>.pdf")
def file(manual_id: int) -> ResponseReturnValue:
    with reading(engine()) as connection:
        found = find_manual(connection, manual_id)
    manual, content = found or abort(404)
    return _sent(io.BytesIO(content), f"{manual.title} {manual.version}.pdf")


@blueprint.get(f"/instructions/<any({', '.join(map(repr, OWN))}):name>.pdf")
def own(name: str) -> ResponseReturnValue:
    return _sent(FOLDER / f"{name}.pdf", f"{name}.pdf")


def _sent(content: io.BytesIO | Path, name: str) -> Response:
    return send_file(content, "application/pdf", download_name=name)


def _own(name: str) -> Line:
    title, language = OWN[name]
    pages, bytes_ = _measured(name)
    return Line(str(title), None, language, pages, bytes_, url_for(".own", name=name))


@functools.cache
def _measured(name: str) -> tuple[int, int]:
    """Pages and bytes of a manual of our own."""
    path = FOLDER / f"{name}.pdf"
    return len(pypdf.PdfReader(path).pages), path.stat().st_size
