"""СКО: the registers with their states, and one of them with all that is known of it and what it has reported."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

from flask import Blueprint, Response, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from werkzeug.exceptions import BadRequest, NotFound

from sql.engine import Connection, reading
from sql.sko_states import SkoState, sko_states
from sql.skos import Sko
from webapp.database import engine
from webapp.filters import Filters
from webapp.fragments import page_or_fragment, show_address, wants_fragment
from webapp.outlet_search import search_problem
from webapp.roles import needs
from webapp.scope import Reach, own_reach
from webapp.sko_events import events_of, parse_event_filters
from webapp.sko_page import page_of
from webapp.sko_words import MODELS, STATES

blueprint = Blueprint("skos", __name__)

ROWS_MAX = 100  # more show on demand


@dataclass(frozen=True, slots=True, kw_only=True)
class SkoList:
    """All that the templates know. `text` is what to search for; `problem` says what is wrong with it."""

    models: ClassVar = MODELS
    signs: ClassVar = STATES

    filters: Filters
    text: str
    problem: str | None
    shows_all: bool
    known: int  # how many registers there are
    found: Sequence[Sko] = ()
    states: Mapping[int, SkoState] = field(default_factory=dict)

    @property
    def query(self) -> dict[str, Any]:
        """The query string that leads here, but for `show`."""
        return self.filters.query() | ({"q": self.text} if self.text else {})

    @property
    def rows(self) -> Sequence[Sko]:
        return self.found if self.shows_all else self.found[:ROWS_MAX]


@blueprint.get("/skos")
@needs("outlets")
def page() -> ResponseReturnValue:
    with reading(engine()) as connection:
        shown = _asked_for(connection)
    response = page_or_fragment("skos/page.html", "answer", skos=shown, is_fragment=wants_fragment())
    if wants_fragment():
        # As somebody types, no number of it is a place of its own in the browser's history.
        response.headers["HX-Replace-Url"] = url_for(".page", **shown.query)
    return response, 400 if shown.problem or shown.filters.problems else 200


@blueprint.get("/skos/<number>")
@needs("outlets")
def sko(number: str) -> ResponseReturnValue:
    response = _sko_page(number, "events")
    if wants_fragment():
        show_address(response, url_for(".sko", number=number, **parse_event_filters(request.args).query()))
    return response


@blueprint.get("/skos/<number>/events")
@needs("outlets")
def events(number: str) -> ResponseReturnValue:
    """What follows in the list of events; without htmx the page of the register, with the list from there on."""
    return _sko_page(number, "older")


def _asked_for(connection: Connection) -> SkoList:
    text, shows = request.args.get("q", "").strip(), request.args.get("show")
    if shows not in (None, "all"):
        raise BadRequest
    filters = own_reach().filters(connection, request.args, names=("outlet",))
    here = [sko for sko in filters.skos.values() if sko.outlet_id in filters.outlets]
    problem = search_problem(text)
    shown = SkoList(filters=filters, text=text, problem=problem, shows_all=bool(shows), known=len(here))
    if problem or filters.problems:
        return shown
    wanted = filters.chosen_ids or filters.outlets
    plain = re.sub(r"\W", "", text).upper()
    shown = replace(shown, found=[sko for sko in here if sko.outlet_id in wanted and plain in sko.number])
    states = sko_states(connection, current_user.merchant_id, [sko.sko_id for sko in shown.rows])
    return replace(shown, states=states)


def own_sko(connection: Connection, number: str, reach: Reach) -> Sko:
    """A register that stands in an outlet that the person may see; of others there is no page."""
    found = reach.skos(connection, numbers=[number])
    if not found or not reach.sees(found[0].outlet_id):
        raise NotFound
    return found[0]


def _sko_page(number: str, fragment: str) -> Response:
    filters = parse_event_filters(request.args)
    with reading(engine()) as connection:
        reach = own_reach()
        found = own_sko(connection, number, reach)
        shown = page_of(connection, reach, found)
        stays = None if reach.limit is None else shown.stays
        goes_on = fragment == "older" and wants_fragment()
        listed = events_of(connection, found, filters, shown.zone, stays, goes_on=goes_on)
    response = page_or_fragment(
        "skos/sko.html", fragment, shown=shown, events=listed, filters=filters, is_fragment=wants_fragment()
    )
    response.status_code = 400 if filters.problems else 200
    return response
