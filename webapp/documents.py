"""Cash documents: all that registers have issued, newest first, and the chosen one beside them as a receipt.

The list, what follows in it, its sums and the chosen document have addresses of their own, and the page includes
exactly what these answer.
"""

import re
from collections.abc import Collection
from dataclasses import replace

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from werkzeug.exceptions import NotFound

from sql.document_plans import Search
from sql.document_search import Cursor, find_documents
from sql.document_summary import is_quick, summarise
from sql.engine import Connection, reading
from sql.receipts import delivery_of
from sql.skos import NUMBER
from webapp.database import engine
from webapp.document_list import Documents
from webapp.document_search import search_of
from webapp.document_sums import Sums
from webapp.document_words import SIGNS, Described, describe
from webapp.filters import Filters
from webapp.fragments import page_or_fragment, show_address, wants_fragment
from webapp.receipt_tape import find_tape
from webapp.scope import own_reach

DAY = re.compile("([0-9]{4}-[0-9]{2}-[0-9]{2})?")

blueprint = Blueprint("documents", __name__)


@blueprint.app_template_filter("describe")
def describe_filter(document: Described) -> str:
    return describe(document)


@blueprint.app_template_filter("sign")
def sign_filter(document: Described) -> str:
    """The name of a document's icon."""
    return SIGNS[document.type]


@blueprint.get("/documents")
def page() -> ResponseReturnValue:
    documents = asked_for({"list", "summary if quick"})
    response, status = answer(documents, "answer")
    if wants_fragment():
        show_address(response, documents.newest)
    return response, status


@blueprint.get("/documents/older")
def older() -> ResponseReturnValue:
    """What follows in the list; without htmx a page that begins there."""
    return answer(asked_for({"list"}), "older")


@blueprint.get("/documents/summary")
def summary() -> ResponseReturnValue:
    """What the documents come to; without htmx above their list."""
    return answer(asked_for({"summary"} if wants_fragment() else {"summary", "list"}), "summary")


@blueprint.get("/documents/<sko>/<int(max=9007199254740991):number>")
def document(sko: str, number: int) -> ResponseReturnValue:
    """A document as a receipt; without htmx beside the list of the same filters."""
    documents = asked_for(() if wants_fragment() else {"list", "summary if quick"})
    return answer(with_document(documents, sko, number), "pane")


def answer(documents: Documents, fragment: str) -> tuple[Response, int]:
    response = page_or_fragment("documents/page.html", fragment, documents=documents, is_fragment=wants_fragment())
    return response, 400 if documents.filters.problems else 200


def asked_for(parts: Collection[str]) -> Documents:
    """What the query string asks for: the filters, and these parts if the filters make sense."""
    reach = own_reach()
    with reading(engine()) as connection:
        filters = reach.filters(connection, request.args, skos="all" if shows_filters() else "named")
        documents = Documents(filters=filters, after=cursor(filters), under=request.args.get("under", ""))
        if not DAY.fullmatch(documents.under):
            documents = replace(documents, under="")
        if filters.problems or not filters.outlets:
            return documents
        documents = with_parts(connection, documents, search_of(reach.merchant_id, filters), parts)
        found = {document.sko_id for document in documents.step.documents} if documents.step else ()
        return replace(documents, filters=reach.with_skos_of(connection, filters, found))


def shows_filters() -> bool:
    """Whether the answer has the filter bar, with all registers to choose from."""
    return not wants_fragment() or request.endpoint == "documents.page"


def cursor(filters: Filters) -> Cursor | None:
    """Where in the list to begin. Nonsense is one more problem of the filters."""
    text = request.args.get("after")
    try:
        return Cursor.parse(text) if text else None
    except ValueError:
        filters.problems["after"] = gettext("There is no such place in the list: start from the newest documents.")
        return None


def with_parts(connection: Connection, documents: Documents, search: Search, parts: Collection[str]) -> Documents:
    step = find_documents(connection, search, documents.after) if "list" in parts else None
    # Where totals of other pages lead, the sums stand there at once: they are what the reader has come to see.
    is_total = "summary if quick" in parts and bool(search.types and search.currency) and is_quick(search)
    sums = Sums(search, summarise(connection, search)) if is_total or "summary" in parts else None
    return replace(documents, step=step, summary=sums)


def with_document(documents: Documents, sko: str, number: int) -> Documents:
    """With the document of this register and number. NotFound if there is none that the reader may see."""
    if not NUMBER.fullmatch(sko):
        raise NotFound
    reach = own_reach()
    with reading(engine()) as connection:
        tape = find_tape(connection, reach, sko, number)
        if tape is None:
            raise NotFound
        delivery = delivery_of(connection, reach.merchant_id, tape.receipt.document.sko_id, number)
    return replace(documents, tape=tape, delivery=delivery)
