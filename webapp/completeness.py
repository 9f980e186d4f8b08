"""Completeness: is everything here? All registers at a glance, one with its numbers and shifts, a shift by itself."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from flask import Blueprint, abort, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import BadRequest

from sql.engine import Connection, reading
from sql.instants import from_us
from sql.shift_checks import Checked
from sql.skos import Sko
from webapp import shift_page
from webapp.completeness_map import COLUMNS, STATES, RegisterMap, map_of
from webapp.database import engine
from webapp.filters import Filters
from webapp.fragments import page_or_fragment, show_address, wants_fragment
from webapp.report_filters import NAMES, days_query, period_of, report_filters, times_of
from webapp.roles import needs
from webapp.scope import Reach, own_reach

blueprint = Blueprint("completeness", __name__)

ROWS_MAX = 50  # registers with something to look at; more show on demand
MAP_NAMES = (*NAMES, "sko")


@dataclass(frozen=True, slots=True, kw_only=True)
class Completeness:
    """All that the page knows. `maps` are empty where the filters make no sense."""

    states: ClassVar = STATES
    columns: ClassVar = COLUMNS

    filters: Filters
    shows_all: bool = False
    maps: Sequence[RegisterMap] = ()

    @property
    def counts(self) -> Counter[str]:
        """Registers by their state; those that were silent by themselves."""
        return Counter("silent" if each.is_silent else each.state for each in self.maps)

    @property
    def numbers(self) -> dict[str, int]:
        """How many numbers of all registers are in which state."""
        return {state: sum(each.count(state) for each in self.maps) for state in STATES if state != "complete"}

    @property
    def troubled(self) -> list[RegisterMap]:
        return [each for each in self.maps if each.state != "complete"]

    @property
    def shown(self) -> list[RegisterMap]:
        return self.troubled if self.shows_all else self.troubled[:ROWS_MAX]

    @property
    def complete(self) -> list[RegisterMap]:
        return [each for each in self.maps if each.state == "complete" and not each.is_silent]

    @property
    def silent(self) -> list[RegisterMap]:
        return [each for each in self.maps if each.is_silent]


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterPage:
    """A register in a period: its map and its shifts, the latest first."""

    states: ClassVar = STATES
    columns: ClassVar = COLUMNS
    shift_states: ClassVar = shift_page.STATES
    state_of: ClassVar = staticmethod(shift_page.state_of)

    sko: Sko
    filters: Filters
    map: RegisterMap | None = None
    shifts: Sequence[Checked] = ()
    has_more_shifts: bool = False

    @property
    def invalid_query(self) -> dict[str, Any]:
        """The query string of the list of its invalid documents, from the day on which the first of them came."""
        period = period_of(self.filters)
        days = {"period": None, "from": period.first, "to": period.last}
        if self.map and self.map.invalid_us is not None:
            came = from_us(self.map.invalid_us).astimezone(ZoneInfo(self.filters.zone)).date()
            days["from"] = min(came, period.first)
        return days_query(self.filters, sko=self.sko.number, **days)


@blueprint.get("/reports/completeness")
@needs("reports")
def page() -> ResponseReturnValue:
    shows = request.args.get("show")
    if shows not in (None, "all"):
        raise BadRequest
    reach = own_reach()
    with reading(engine()) as connection:
        filters = report_filters(connection, reach, MAP_NAMES)
        shown = Completeness(filters=filters, shows_all=bool(shows))
        if not filters.problems and filters.outlets:
            skos = [sko for sko in filters.skos.values() if not filters.sko_ids or sko.sko_id in filters.sko_ids]
            maps = map_of(connection, reach.merchant_id, filters, skos)
            shown = replace(shown, maps=[each for each in maps if belongs(each, filters)])
    response = page_or_fragment("completeness/page.html", "answer", shown=shown, is_fragment=wants_fragment())
    return _answer(response, url_for(".page", **filters.query()), filters)


def belongs(found: RegisterMap, filters: Filters) -> bool:
    """Whether the register stands in one of the chosen outlets, or has issued anything while it stood there."""
    return not filters.outlet_ids or not found.is_silent or found.sko.outlet_id in filters.outlet_ids


@blueprint.get("/reports/completeness/<number>")
@needs("reports")
def register(number: str) -> ResponseReturnValue:
    reach = own_reach()
    with reading(engine()) as connection:
        sko = _own_sko(connection, reach, number)
        filters = report_filters(connection, reach)
        shown = RegisterPage(sko=sko, filters=filters)
        if not filters.problems:
            [its_map] = map_of(connection, reach.merchant_id, filters, [sko])
            shifts, has_more = shift_page.shifts_in(connection, reach, sko, *times_of(filters))
            shown = replace(shown, map=its_map, shifts=shifts, has_more_shifts=has_more)
    response = page_or_fragment("completeness/register.html", "answer", shown=shown, is_fragment=wants_fragment())
    return _answer(response, url_for(".register", number=number, **filters.query()), filters)


@blueprint.get("/reports/completeness/<number>/shifts/<int(max=2147483647):shift>")
@needs("reports")
def shift(number: str, shift: int) -> ResponseReturnValue:
    reach = own_reach()
    with reading(engine()) as connection:
        sko = _own_sko(connection, reach, number)
        shown = shift_page.shift_page(connection, reach, sko, shift) or abort(404)
    return page_or_fragment("completeness/shift.html", None, shown=shown, states=shift_page.STATES)


def _own_sko(connection: Connection, reach: Reach, number: str) -> Sko:
    """A register that has stood in an outlet that the reader may see."""
    found = reach.skos(connection, numbers=[number])
    return found[0] if found else abort(404)


def _answer(response: Any, address: str, filters: Filters) -> ResponseReturnValue:
    if wants_fragment():
        show_address(response, address)
    return response, 400 if filters.problems else 200
