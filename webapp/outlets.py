"""Outlets: the list with its search, and the chosen one as a dialog over it, with its own address."""

import datetime
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, flash, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_login import current_user
from werkzeug.exceptions import BadRequest, NotFound

from sql import errors
from sql.engine import Connection, reading, writing
from sql.instants import from_us, now_us
from sql.outlet_details import OutletDetails, change_outlet, outlet_details, registers_by_outlet
from sql.outlets import Outlet
from sql.turnover_reports import revenue_by_day
from webapp.database import engine
from webapp.fragments import page_or_fragment, wants_fragment
from webapp.guard import go_to
from webapp.home_figures import WEEK, Days
from webapp.journal import note
from webapp.opening_hours import hours_in_words
from webapp.outlet_form import OutletForm, utc_offset
from webapp.outlet_search import outlets_like, search_problem
from webapp.phones import shown_phone
from webapp.roles import needs
from webapp.scope import own_reach

blueprint = Blueprint("outlets", __name__)
blueprint.add_app_template_filter(hours_in_words)
blueprint.add_app_template_filter(shown_phone)
blueprint.add_app_template_filter(utc_offset)

ROWS_MAX = 100  # more show on demand


@dataclass(frozen=True, slots=True)
class Chosen:
    """The outlet of the dialog: all its data, and what the last week has brought."""

    outlet: OutletDetails
    days: Days
    now: datetime.datetime  # there


@dataclass(frozen=True, slots=True, kw_only=True)
class OutletList:
    """All that the templates know. `text` is what to search for; `problem` says what is wrong with it."""

    text: str
    problem: str | None
    shows_all: bool
    known: int  # how many outlets there are
    found: Sequence[Outlet] = ()
    registers: dict[int, int] = field(default_factory=dict)
    chosen: Chosen | None = None

    @property
    def query(self) -> dict[str, Any]:
        """The query string that leads here."""
        return ({"q": self.text} if self.text else {}) | ({"show": "all"} if self.shows_all else {})

    @property
    def rows(self) -> Sequence[Outlet]:
        return self.found if self.shows_all else self.found[:ROWS_MAX]


@blueprint.get("/outlets")
@needs("outlets")
def page() -> ResponseReturnValue:
    with reading(engine()) as connection:
        shown = _asked_for(connection)
    response = page_or_fragment("outlets/page.html", "answer", outlets=shown, is_fragment=wants_fragment())
    if wants_fragment():
        # As somebody types, no word of it is a place of its own in the browser's history.
        response.headers["HX-Replace-Url"] = url_for(".page", **shown.query)
    return response, 400 if shown.problem else 200


@blueprint.get("/outlets/<int(max=2147483647):outlet_id>")
@needs("outlets")
def outlet(outlet_id: int) -> ResponseReturnValue:
    """The dialog alone, or without htmx the list with the dialog over it."""
    with reading(engine()) as connection:
        chosen = _chosen(connection, outlet_id)
        shown = _asked_for(connection, chosen)
    return page_or_fragment("outlets/page.html", "dialog", outlets=shown)


@blueprint.get("/outlets/<int(max=2147483647):outlet_id>/edit")
@needs("outlets.edit")
def edit(outlet_id: int) -> ResponseReturnValue:
    return _form_page(OutletForm(_known(outlet_id)))


@blueprint.post("/outlets/<int(max=2147483647):outlet_id>/edit")
@needs("outlets.edit")
def change(outlet_id: int) -> ResponseReturnValue:
    found = _known(outlet_id)
    form = OutletForm(found)
    if not form.validate():
        return _form_page(form), 422
    if form.changed:
        try:
            _change(found, form)
        except errors.NotFound:
            raise NotFound from None
        except errors.ChangedMeanwhile:
            form.compare_with(_known(outlet_id))
            return _form_page(form), 409
    flash(gettext("Saved: %(outlet)s.", outlet=found.name))
    return go_to(url_for(".page"))


def _asked_for(connection: Connection, chosen: Chosen | None = None) -> OutletList:
    text, shows = request.args.get("q", "").strip(), request.args.get("show")
    if shows not in (None, "all"):
        raise BadRequest
    outlets = own_reach().outlets(connection)
    problem = search_problem(text)
    return OutletList(
        text=text,
        problem=problem,
        shows_all=bool(shows),
        known=len(outlets),
        found=() if problem else outlets_like(outlets, text),
        registers=registers_by_outlet(connection, current_user.merchant_id),
        chosen=chosen,
    )


def _known(outlet_id: int) -> OutletDetails:
    with reading(engine()) as connection:
        return _details(connection, outlet_id)


def _details(connection: Connection, outlet_id: int) -> OutletDetails:
    """Of an outlet that the person may see; of others there is no page."""
    found = outlet_details(connection, current_user.merchant_id, outlet_id) if own_reach().sees(outlet_id) else None
    if found is None:
        raise NotFound
    return found


def _chosen(connection: Connection, outlet_id: int) -> Chosen:
    found = _details(connection, outlet_id)
    now = from_us(now_us()).astimezone(ZoneInfo(found.time_zone))
    today = now.date()
    rows = revenue_by_day(connection, current_user.merchant_id, today - WEEK, today, [outlet_id])
    return Chosen(found, Days(today, rows), now)


def _change(found: OutletDetails, form: OutletForm) -> None:
    with writing(engine()) as connection:
        change_outlet(connection, current_user.merchant_id, found.outlet_id, **form.values, seen=form.seen.data)
        zones = {"time_zone": form.time_zone.data} if "time_zone" in form.changed else {}
        note(connection, "outlet_changed", found.name, fields=form.changed, **zones)


def _form_page(form: OutletForm) -> Response:
    return page_or_fragment("outlets/edit.html", None, form=form, outlet=form.before)
