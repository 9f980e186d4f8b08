"""Turnover: what each register has taken at each outlet over a period, and all of them together."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from flask import Blueprint, abort, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from werkzeug.exceptions import BadRequest

from sql.engine import Connection, reading
from sql.tables import CURRENCIES
from webapp.database import engine
from webapp.filters import Filters
from webapp.fragments import page_or_fragment, show_address, wants_fragment
from webapp.scope import own_reach
from webapp.turnover_detail import Detail, detail_of
from webapp.turnover_figures import SORTS, USUAL_SORT, CurrencyTurnover, Register, Turnover, period_of, turnover_of

blueprint = Blueprint("turnover", __name__)

NAMES = ("outlet", "period", "from", "to", "date")
USUAL_PERIOD = "month"
ROWS_MAX = 25  # in each currency: more registers show on demand
OPEN_MAX = 50  # rows; whoever opens more finds the first ones folded again
KEY = re.compile(r"[0-9]{1,9}-[0-9A-Z]{1,20}-[A-Z]{3}")


@dataclass(frozen=True)
class TurnoverPage:
    """All that the templates know. `turnover` is None where the filters make no sense, or there are no outlets."""

    filters: Filters
    sort: str = USUAL_SORT
    shows_all: bool = False
    open_keys: tuple[str, ...] = ()
    turnover: Turnover | None = None
    details: Mapping[str, Detail] = field(default_factory=dict)
    rows_max: int = ROWS_MAX

    @property
    def kept(self) -> dict[str, str]:
        """What stays in the address when a filter changes."""
        sort = {} if self.sort == USUAL_SORT else {"sort": self.sort}
        return sort | ({"show": "all"} if self.shows_all else {})

    def address(self, **changes: Any) -> str:
        """This page with other filters, another order, …"""
        return url_for("turnover.page", **self.filters.query(**(self.kept | {"open": self.open_keys} | changes)))

    def toggled(self, key: str) -> str:
        """This page with one more row open, or one less."""
        if key in self.open_keys:
            here = self.address(open=[each for each in self.open_keys if each != key])
        else:
            here = f"{self._here}{'&' if '?' in self._here else '?'}open={key}"
        return f"{here}#row-{key}"

    def detail_address(self, row: Register) -> str:
        return f"{self._root}/{row.outlet_id}/{row.sko.number}?currency={row.currency}{self._days}"

    def registers(self, part: CurrencyTurnover) -> Sequence[Register]:
        """The rows that the table of this currency shows."""
        return part.registers if self.shows_all else part.registers[:ROWS_MAX]

    def open_rows(self) -> list[Register]:
        parts = self.turnover.by_currency if self.turnover else ()
        return [row for part in parts for row in self.registers(part) if row.key in self.open_keys]

    # What the addresses of hundreds of rows share.

    @cached_property
    def _here(self) -> str:
        return self.address()

    @cached_property
    def _root(self) -> str:
        return url_for("turnover.page")

    @cached_property
    def _days(self) -> str:
        period = period_of(self.filters)
        return f"&from={period.first}&to={period.last}"


@blueprint.get("/turnover")
def page() -> ResponseReturnValue:
    with reading(engine()) as connection:
        shown = asked_for(connection)
    response = page_or_fragment("turnover/page.html", "answer", shown=shown, is_fragment=wants_fragment())
    if wants_fragment():
        show_address(response, shown.address())
    return response, 400 if shown.filters.problems else 200


@blueprint.get("/turnover/<int(max=2147483647):outlet_id>/<number>")
def row(outlet_id: int, number: str) -> ResponseReturnValue:
    """What a row shows when it is expanded: as a row to put behind it, or as a page of its own."""
    with reading(engine()) as connection:
        reach = own_reach()
        filters = reach.filters(connection, request.args, USUAL_PERIOD, names=(*NAMES, "currency"), skos="none")
        if outlet_id not in filters.outlets:
            abort(404)
        if filters.problems:
            raise BadRequest
        sko = next(iter(reach.skos(connection, numbers=[number])), None) or abort(404)
        detail = detail_of(connection, sko, outlet_id, filters.currency or CURRENCIES[0], period_of(filters))
    return page_or_fragment("turnover/row.html", "answer", detail=detail, filters=filters)


def asked_for(connection: Connection) -> TurnoverPage:
    """What the query string asks for."""
    filters = own_reach().filters(connection, request.args, USUAL_PERIOD, names=NAMES)
    sort, shows = request.args.get("sort", USUAL_SORT), request.args.get("show")
    keys = request.args.getlist("open")[-OPEN_MAX:]
    makes_sense = sort.removeprefix("-") in SORTS and shows in (None, "all")
    if not makes_sense or not all(map(KEY.fullmatch, keys)):
        raise BadRequest
    shown = TurnoverPage(filters, sort, bool(shows), tuple(dict.fromkeys(keys)))
    if filters.problems or not filters.outlets:
        return shown
    shown = replace(shown, turnover=turnover_of(connection, current_user.merchant_id, filters, sort))
    details = {
        row.key: detail_of(connection, row.sko, row.outlet_id, row.currency, period_of(filters))
        for row in shown.open_rows()
    }
    return replace(shown, details=details)
