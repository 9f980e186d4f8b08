"""Sales: the takings of a period by day and outlet, beside the period before it.

A row of the table expands into its detail, a fragment with an address of its own; the page that names it as `open`
includes exactly what that address answers.
"""

import re
from dataclasses import replace
from itertools import groupby

from flask import Blueprint, request
from flask.typing import ResponseReturnValue
from flask_login import current_user
from werkzeug.exceptions import BadRequest, NotFound

from sql.engine import Connection, reading
from sql.sales_reports import PAGE_ROWS, Page, Place, Scope, sales_by_day, sales_by_register, sales_page
from webapp.database import engine
from webapp.fragments import page_or_fragment, show_address, wants_fragment
from webapp.periods import Period, iso_day
from webapp.sales_detail import Details
from webapp.sales_figures import chart_of, scope_of, takings_of
from webapp.sales_shown import Sales, key_of
from webapp.scope import own_reach

blueprint = Blueprint("sales", __name__)

NAMES = ("outlet", "sko", "period", "date", "from", "to", "currency")
PLACE = re.compile("([0-9]{4}-[0-9]{2}-[0-9]{2})-([1-9][0-9]{0,8})")
OPEN_MAX = 50  # rows; whoever opens more finds the first ones folded again
PAGES_MAX = 10


@blueprint.get("/sales")
def page() -> ResponseReturnValue:
    sales = asked_for()
    response = page_or_fragment(
        "sales/page.html", "rows" if sales.after else "answer", sales=sales, is_fragment=wants_fragment()
    )
    if wants_fragment() and not sales.after:
        show_address(response, sales.address())
    return response, 400 if sales.filters.problems else 200


@blueprint.get("/sales/<day>/<int(max=999999999):outlet_id>")
def row(day: str, outlet_id: int) -> ResponseReturnValue:
    """What a row shows when it is expanded: as a row to put behind it, or as a page of its own."""
    found = iso_day(day)
    if found is None:
        raise NotFound
    place = Place(found, outlet_id)
    details = details_of(place)
    response = page_or_fragment("sales/row.html", "detail", details=details, opened=place, key=key_of(place))
    return response, 400 if details.filters.problems else 200


def places_in(name: str) -> tuple[Place, ...]:
    """The last OPEN_MAX places that the query string names, like 2026-11-23-5. BadRequest if one of them is none."""
    written = [PLACE.fullmatch(text) for text in request.args.getlist(name)[-OPEN_MAX:]]
    days = [iso_day(found[1]) if found else None for found in written]
    if not all(days):
        raise BadRequest
    return tuple(Place(day, int(found[2])) for day, found in zip(days, written, strict=True) if day and found)


def asked_for() -> Sales:
    """What the query string asks for."""
    after, opened = next(iter(places_in("after")), None), places_in("open")
    merchant_id = current_user.merchant_id
    with reading(engine()) as connection:
        filters = own_reach().filters(connection, request.args, "week", names=NAMES)
        period = filters.period or Period(filters.today, filters.today)
        sales = Sales(filters, period, after, opened)
        if filters.problems or not filters.outlets:
            return sales
        takings = takings_of(connection, merchant_id, filters, period)
        sales = replace(sales, takings=takings)
        if takings.is_empty:
            return sales
        scope = scope_of(merchant_id, filters, period)
        if not after and period.days > 1:
            sales = replace(sales, chart=chart_of(connection, scope, takings))
        return _with_rows(connection, sales, scope, PAGE_ROWS // len(takings.currencies))


def _with_rows(connection: Connection, sales: Sales, scope: Scope, count: int) -> Sales:
    """A page of the table, and those that follow as long as rows further down are open, as far as there is reason."""
    page = sales_page(connection, scope, sales.after, count)
    for _ in range(PAGES_MAX - 1):
        if page.next is None or not any(place.comes_after(page.next) for place in sales.opened):
            break
        more = sales_page(connection, scope, page.next, count)
        page = Page(page.rows + more.rows, more.next)
    if not page.rows:
        return sales
    days = sales_by_day(connection, scope._replace(first=page.rows[-1].day, last=page.rows[0].day))
    here = {Place(row.day, row.outlet_id) for row in page.rows}
    return replace(
        sales,
        page=page,
        day_totals={day: list(found) for day, found in groupby(days, key=lambda row: row.day)},
        registers=sales_by_register(connection, scope, here.intersection(sales.opened)),
    )


def details_of(place: Place) -> Details:
    """A row alone: of the filters only those that narrow it are looked at. NotFound if there is no such outlet."""
    with reading(engine()) as connection:
        filters = own_reach().filters(
            connection, request.args, names=("sko", "currency"), outlet_ids=[place.outlet_id], skos="named"
        )
        if not filters.outlets:
            raise NotFound
        scope = scope_of(current_user.merchant_id, filters, Period(place.day, place.day))
        found = {} if filters.problems else sales_by_register(connection, scope, [place])
    return Details(filters, found)
