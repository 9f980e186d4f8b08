"""Acts: what was charged for the registration of registers and for their subscription, to be saved or printed."""

import io
import zipfile
from dataclasses import dataclass

from flask import Blueprint, Response, abort, request, send_file, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_login import current_user
from werkzeug.exceptions import ServiceUnavailable

from sql.acts import Act, acts_by_number, acts_of
from sql.engine import reading
from webapp import act_pdf
from webapp.act_filters import ActFilters, parse_act_filters
from webapp.database import engine
from webapp.fragments import page_or_fragment, show_address, wants_fragment
from webapp.pdf import Busy
from webapp.roles import needs

ZIP_ACTS_MAX = 24  # two years; each takes a tenth of a second to draw, while its reader waits
BUSY_RETRY_S = 5
NUMBER_DIGITS_MAX = 9

blueprint = Blueprint("acts", __name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """All that the templates know. An act in whose place another one stands is listed, but not added up."""

    kind: str
    filters: ActFilters
    acts: list[Act]
    problem: str | None = None  # with the file that was asked for

    @property
    def total_minor(self) -> int:
        return sum(act.total_minor for act in self.acts if act.corrected_by is None)


@blueprint.get("/acts/registration")
@needs("acts")
def registration() -> ResponseReturnValue:
    return _page("registration")


@blueprint.get("/acts/subscription")
@needs("acts")
def subscription() -> ResponseReturnValue:
    return _page("subscription")


@blueprint.get("/acts/<int(max=999999999):number>.pdf")
@needs("acts")
def paper(number: int) -> ResponseReturnValue:
    with reading(engine()) as connection:
        found = acts_by_number(connection, current_user.merchant_id, [number])
    act = found[0] if found else abort(404)
    return send_file(io.BytesIO(_drawn(act)), "application/pdf", download_name=f"{act.name}.pdf")


@blueprint.get("/acts/<any(registration, subscription):kind>/papers.zip")
@needs("acts")
def papers(kind: str) -> ResponseReturnValue:
    """The acts that are ticked; if none is, all that the filter shows."""
    shown = _asked_for(kind)
    ticked = {int(text) for text in request.args.getlist("number") if _is_number(text)}
    wanted = [act for act in shown.acts if not ticked or act.number in ticked]
    if shown.filters.problems:
        return _answer(shown), 400
    if not wanted:
        return _answer(shown, gettext("There are no such acts to save.")), 404
    if len(wanted) > ZIP_ACTS_MAX:
        sentence = gettext(
            "A ZIP file holds %(count)s acts at most: tick fewer, or choose a period.", count=ZIP_ACTS_MAX
        )
        return _answer(shown, sentence), 400
    return send_file(_zipped(wanted), "application/zip", as_attachment=True, download_name=f"acts-{kind}.zip")


def _page(kind: str) -> ResponseReturnValue:
    shown = _asked_for(kind)
    response = _answer(shown)
    if wants_fragment():
        show_address(response, url_for(f".{kind}", **shown.filters.query()))
    return response, 400 if shown.filters.problems else 200


def _answer(shown: Shown, problem: str | None = None) -> Response:
    return page_or_fragment("acts/page.html", "answer", shown=shown, problem=problem, is_fragment=wants_fragment())


def _asked_for(kind: str) -> Shown:
    filters = parse_act_filters(request.args)
    found: list[Act] = []
    if not filters.problems:
        days = (filters.period.first, filters.period.last) if filters.period else (None, None)
        with reading(engine()) as connection:
            found = acts_of(connection, current_user.merchant_id, kind, *days)
    return Shown(kind=kind, filters=filters, acts=found)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= NUMBER_DIGITS_MAX


def _zipped(acts: list[Act]) -> io.BytesIO:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:  # stored: a PDF is compressed already
        for act in acts:
            archive.writestr(f"{act.name}.pdf", _drawn(act))
    file.seek(0)
    return file


def _drawn(act: Act) -> bytes:
    try:
        return act_pdf.render(act)
    except Busy:
        raise ServiceUnavailable(retry_after=BUSY_RETRY_S) from None
