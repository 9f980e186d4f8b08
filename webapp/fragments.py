"""One fragment, two doors: the same address answers a whole page, or to htmx only the block that it asked to swap."""

from typing import Any

from flask import Response, current_app, render_template, request

# Whatever the answer depends on, so that no cache hands a fragment to somebody who wants the page.
VARY = ("HX-Request", "HX-Request-Type", "HX-History-Restore-Request")


def page_or_fragment(template: str, fragment: str | None, **context: Any) -> Response:
    """The page, or to an htmx request its block named `fragment` alone (None: there is none).

    A block can't see what the page imports outside of it: import macros within the block.
    """
    html = render_block(template, fragment, **context) if fragment and wants_fragment() else None
    response = Response(render_template(template, **context) if html is None else html)
    response.vary.update(VARY)
    return response


def wants_fragment() -> bool:
    """Whether htmx asks for a part; the back button and swaps of the whole body want the page, through htmx as well."""
    is_whole = request.headers.get("HX-Request-Type") == "full" or "HX-History-Restore-Request" in request.headers
    return "HX-Request" in request.headers and not is_whole


def show_address(response: Response, address: str) -> None:
    """Have the browser show this address after a swap: what the form has sent, without its idle fields.

    The same address again is no new place in the browser's history.
    """
    is_here = request.headers.get("HX-Current-URL", "").endswith(address)
    response.headers["HX-Push-Url"] = "false" if is_here else address


def render_block(template: str, block: str, **context: Any) -> str:
    """One block of a template, with all that a whole page would know."""
    current_app.update_template_context(context)
    found = current_app.jinja_env.get_template(template)
    return "".join(found.blocks[block](found.new_context(context)))
