"""Home: the day, the week and the quarter at a glance. It keeps itself up to date while documents arrive.

Each block is a fragment with its own address, and the page includes exactly what that address answers.
"""

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import structlog
from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue
from flask_login import current_user
from werkzeug.exceptions import BadRequest

from sql.engine import Connection, reading
from sql.instants import now_us
from sql.latest import LastDocument, last_document
from webapp.database import engine
from webapp.filters import HOME_NAMES, Filters
from webapp.fragments import page_or_fragment, wants_fragment
from webapp.guard import unattended
from webapp.home_figures import Days, Quarter, days_of, quarter_of
from webapp.scope import own_reach

blueprint = Blueprint("home", __name__)
log = structlog.get_logger()


def last_of(connection: Connection, merchant_id: int, filters: Filters) -> LastDocument | None:
    return last_document(connection, merchant_id, filters.day, filters.zones, filters.outlet_ids)


SOURCES: dict[str, Callable[[Connection, int, Filters], Any]] = {
    "days": days_of,
    "quarter": quarter_of,
    "last": last_of,
}
SOURCE_OF_BLOCK = {
    "day": "days",
    "receipts": "days",
    "last": "last",
    "week": "days",
    "sales": "days",
    "quarter": "quarter",
}
# What tells that something has changed. Not the quarter, which costs the most to add up: a document that arrives late
# for a day before this week is seen with the next one that arrives for this week, or when the page is opened.
WATCHED = ("days", "last")


@dataclass(frozen=True, slots=True)
class Home:
    """All that the templates know. A source that could not be read is among `failed`, and None."""

    filters: Filters
    shows_all: bool
    days: Days | None = None
    quarter: Quarter | None = None
    last: LastDocument | None = None
    failed: frozenset[str] = frozenset()
    now_us: int = field(default_factory=now_us)

    @property
    def kept(self) -> dict[str, str]:
        """What stays in the address when a filter changes."""
        return {"show": "all"} if self.shows_all else {}

    @property
    def query(self) -> dict[str, Any]:
        """The query string that leads here."""
        return {**self.filters.query(), **self.kept}

    @property
    def version(self) -> str:
        """The same for as long as nothing has changed that is watched."""
        seen = (self.filters.day, self.days, self.last, self.failed & set(WATCHED))
        return hashlib.sha256(repr(seen).encode()).hexdigest()[:16]


@blueprint.get("/")
def page() -> ResponseReturnValue:
    home = asked_for(SOURCES)
    response = page_or_fragment("home/page.html", "answer", home=home, is_fragment=wants_fragment())
    # Pressing Enter in a filter that has been applied already is no new place in the browser's history.
    if request.headers.get("HX-Current-URL", "").endswith(request.full_path):
        response.headers["HX-Push-Url"] = "false"
    return response, 400 if home.filters.problems else 200


@blueprint.get("/home/changes")
@unattended
def changes() -> ResponseReturnValue:
    """Nothing (204), or all blocks if what the page shows (its `version`) is out of date."""
    if asked_for(WATCHED).version == request.args.get("version"):
        return Response(status=204)
    return page()


@blueprint.get("/home/<any(day, receipts, last, week, sales, quarter):name>")
def block(name: str) -> ResponseReturnValue:
    home = asked_for([SOURCE_OF_BLOCK[name]])
    response = page_or_fragment("home/block.html", "answer", home=home, name=name)
    status = 503 if home.failed else 200
    return response, 400 if home.filters.problems else status


def asked_for(sources: Iterable[str]) -> Home:
    """What the query string asks for: the filters, and these sources if the filters make sense."""
    shows = request.args.getlist("show")
    if shows not in ([], ["all"]):
        raise BadRequest
    with reading(engine()) as connection:
        filters = own_reach().filters(connection, request.args, names=HOME_NAMES, skos="none")
    if filters.problems or not filters.outlets:
        return Home(filters, bool(shows))
    return Home(filters, bool(shows), **read(filters, sources))


def read(filters: Filters, sources: Iterable[str]) -> dict[str, Any]:
    """These sources, and which of them `failed`: each on its own, so that one that breaks leaves the others alone."""
    found: dict[str, Any] = {}
    failed = set()
    for source in sources:
        try:
            with reading(engine()) as connection:
                found[source] = SOURCES[source](connection, current_user.merchant_id, filters)
        except Exception:
            log.exception("home block failed", source=source)
            failed.add(source)
    return {**found, "failed": frozenset(failed)}
