"""Reports: the state of documents, valid and invalid, and of events, each figure with the list that it leads to."""

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from flask import Blueprint, Response, abort, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from sql.engine import reading
from sql.exports import exports_of
from webapp.database import engine
from webapp.export_subjects import is_within
from webapp.fragments import page_or_fragment, show_address, wants_fragment
from webapp.invalid_page import InvalidPage, invalid_page
from webapp.report_figures import Reports, with_blocks
from webapp.report_filters import EVENT_NAMES, INVALID_NAMES, days_query, report_filters
from webapp.report_lists import event_list, invalid_list
from webapp.roles import needs
from webapp.scope import own_reach

blueprint = Blueprint("reports", __name__)

HASH = re.compile("[0-9a-f]{64}")
CODE = re.compile("[a-z_]{1,32}")


@blueprint.app_template_global("days_query")
def days_query_global(*arguments: Any, **more: Any) -> dict[str, Any]:
    return days_query(*arguments, **more)


@blueprint.get("/reports")
@needs("reports")
def page() -> ResponseReturnValue:
    reach = own_reach()
    with reading(engine()) as connection:
        filters = report_filters(connection, reach)
        reports = Reports(filters=filters, zone=filters.zone)
        if not filters.problems and filters.outlets:
            mine = exports_of(connection, reach.merchant_id, current_user.account_id, subject="reports")
            mine = [export for export in mine if is_within(export, reach.limit)]
            reports = with_blocks(connection, reach.merchant_id, replace(reports, exports=mine))
    response = page_or_fragment("reports/page.html", "answer", reports=reports, is_fragment=wants_fragment())
    return _answer(response, "reports.page", filters)


@blueprint.get("/reports/invalid")
@needs("reports")
def invalid() -> ResponseReturnValue:
    return _listed(invalid_list, INVALID_NAMES, "answer")


@blueprint.get("/reports/invalid/older")
@needs("reports")
def older_invalid() -> ResponseReturnValue:
    """What follows in the list; without htmx a page that begins there."""
    return _listed(invalid_list, INVALID_NAMES, "older")


@blueprint.get("/reports/events")
@needs("reports")
def events() -> ResponseReturnValue:
    return _listed(event_list, EVENT_NAMES, "answer")


@blueprint.get("/reports/events/older")
@needs("reports")
def older_events() -> ResponseReturnValue:
    return _listed(event_list, EVENT_NAMES, "older")


@blueprint.get("/reports/invalid/<content_hash>/<code>")
@needs("reports")
def document(content_hash: str, code: str) -> ResponseReturnValue:
    """An invalid document: what is wrong with it, and its JSON with that place marked."""
    return page_or_fragment("reports/document.html", None, shown=_own(content_hash, code))


@blueprint.get("/reports/invalid/<content_hash>/<code>.json")
@needs("reports")
def raw(content_hash: str, code: str) -> ResponseReturnValue:
    """The very bytes that the register sent."""
    body = _own(content_hash, code).document.body
    name = f"attachment; filename={code}-{content_hash[:12]}.json"
    return Response(body, mimetype="application/json", headers={"Content-Disposition": name})


def _own(content_hash: str, code: str) -> InvalidPage:
    if not HASH.fullmatch(content_hash) or not CODE.fullmatch(code):
        abort(404)
    with reading(engine()) as connection:
        return invalid_page(connection, own_reach(), bytes.fromhex(content_hash), code) or abort(404)


def _listed(lister: Callable[..., Any], names: tuple[str, ...], fragment: str) -> ResponseReturnValue:
    with reading(engine()) as connection:
        reach = own_reach()
        filters = report_filters(connection, reach, names)
        shown = lister(connection, reach, filters, goes_on=fragment == "older" and wants_fragment())
    response = page_or_fragment("reports/list.html", fragment, shown=shown, is_fragment=wants_fragment())
    if fragment == "older":
        return response, 400 if filters.problems else 200
    return _answer(response, shown.endpoint, filters)


def _answer(response: Response, endpoint: str, filters: Any) -> ResponseReturnValue:
    if wants_fragment():
        show_address(response, url_for(endpoint, **filters.query()))
    return response, 400 if filters.problems else 200
