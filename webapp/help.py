"""The guide in the cabinet: `/help`, a page a chapter, and the "?" of each page that opens its chapter.

Open to everybody: who can't get in needs it most. It is written in Russian, whatever language the cabinet is read in.
"""

from typing import Any, cast

from flask import Blueprint, abort, current_app, redirect, request, url_for
from flask.typing import ResponseReturnValue

from webapp.fragments import page_or_fragment
from webapp.guard import public
from webapp.guide import BY_NAME, CHAPTERS, Address, Chapter, chapter_of, rendered

blueprint = Blueprint("help", __name__)


@blueprint.app_context_processor
def known() -> dict[str, Any]:
    """For the "?" beside the heading of a page: the chapter about it, if there is one."""
    return {"help_chapter": chapter_of(request.path)}


@blueprint.get("/help")
@public
def contents() -> ResponseReturnValue:
    return redirect(url_for(".chapter", name=CHAPTERS[0].name))


@blueprint.get("/help/<name>")
@public
def chapter(name: str) -> ResponseReturnValue:
    found = BY_NAME.get(name) or abort(404)
    place = CHAPTERS.index(found)
    neighbours = {
        "before": CHAPTERS[place - 1] if place else None,
        "after": CHAPTERS[place + 1] if place + 1 < len(CHAPTERS) else None,
    }
    content = _rendered(found)
    return page_or_fragment("help/page.html", None, chapter=found, chapters=CHAPTERS, content=content, **neighbours)


def _rendered(found: Chapter) -> str:
    return rendered(
        found.body,
        chapter_address=lambda name: url_for("help.chapter", name=name),
        picture_address=cast("Address", current_app.jinja_env.globals["asset"]),
    )
