"""Exports: the list or table of a page as a file. Short ones are sent at once; long ones are made by the jobs.

A page asks by a plain form, with its own query string in the address: so the file holds what the page shows.
"""

import tempfile
from typing import Any, NamedTuple

import structlog
from babel.numbers import format_decimal
from flask import Blueprint, Response, abort, current_app, request, send_file, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale, gettext, ngettext
from flask_login import current_user
from werkzeug.exceptions import BadRequest

from sql import exports
from sql.engine import reading, writing
from sql.exports import Export, TooManyExports
from sql.instants import DAY_US, HOUR_US, SECOND_US, now_us
from sql.merchants import Merchant
from webapp.database import engine
from webapp.export_files import Folder
from webapp.export_subjects import QUERY_LENGTH_MAX, ROWS_MAX, SUBJECTS, Wanted, is_within, wanted_of
from webapp.fragments import page_or_fragment
from webapp.guard import go_to, unattended
from webapp.roles import needs
from webapp.scope import own_reach
from webapp.sheets import FORMATS, write_sheet

blueprint = Blueprint("exports", __name__)
log = structlog.get_logger()

LONG_WAIT_US = 30 * SECOND_US


class Mine(NamedTuple):
    """Whose exports a person may see: the own ones, of this company."""

    merchant_id: int
    account_id: int


def mine() -> Mine:
    return Mine(current_user.merchant_id, current_user.account_id)


@blueprint.get("/exports")
@needs("exports")
def page() -> ResponseReturnValue:
    return listed()


@blueprint.post("/exports")
@needs("exports")
def make() -> ResponseReturnValue:
    name, file_format = request.form.get("subject"), request.form.get("format")
    if name not in SUBJECTS or file_format not in SUBJECTS[name].formats:
        raise BadRequest
    if len(request.query_string) > QUERY_LENGTH_MAX:
        raise BadRequest
    merchant = Merchant(current_user.merchant_id, current_user.merchant_unp, current_user.merchant_name)
    with reading(engine()) as connection:
        wanted = wanted_of(connection, merchant, name, request.args, str(get_locale()), current_user.limit)
        if wanted.filters.problems:  # the page says what is wrong
            return go_to(f"{wanted.subject.address}?{request.query_string.decode('ascii', 'replace')}")
    is_short = wanted.is_short(engine(), current_app.config["EXPORT_ROWS_AT_ONCE"])
    return at_once(wanted, file_format) if is_short else later(wanted, file_format)


def at_once(wanted: Wanted, file_format: str) -> Response:
    with folder().at_request() as place:
        file = tempfile.TemporaryFile(dir=place)  # noqa: SIM115  (sending it closes it)
        write_sheet(file, file_format, wanted.sheet(), wanted.rows(engine()), place, wanted.further(engine()))
    file.seek(0)
    name = f"{wanted.file_name}.{file_format}"
    return send_file(file, FORMATS[file_format], as_attachment=True, download_name=name)


def later(wanted: Wanted, file_format: str) -> ResponseReturnValue:
    if len(wanted.query) > QUERY_LENGTH_MAX:
        raise BadRequest
    try:
        with writing(engine()) as connection:
            export_id = exports.add_export(
                connection,
                *mine(),
                subject=wanted.name,
                file_format=file_format,
                query=wanted.query,
                language=wanted.language,
                file_name=f"{wanted.file_name}.{file_format}",
            )
    except TooManyExports:
        return too_many()
    return go_to(url_for(".export", export_id=export_id))


@blueprint.get("/exports/<export_id>")
@needs("exports")
def export(export_id: str) -> ResponseReturnValue:
    return shown(own(export_id))


@blueprint.get("/exports/<export_id>/progress")
@needs("exports")
@unattended
def progress(export_id: str) -> ResponseReturnValue:
    return shown(own(export_id))


@blueprint.get("/exports/<export_id>/file")
@needs("exports")
def file(export_id: str) -> ResponseReturnValue:
    found = own(export_id)
    path = folder().finished(found)
    if found.state != "done":
        abort(404)
    if not path.exists():
        log.error("export file missing", export_id=export_id, folder=str(folder().path))
        abort(404)
    return send_file(path, FORMATS[found.file_format], as_attachment=True, download_name=found.file_name)


@blueprint.post("/exports/<export_id>/again")
@needs("exports")
def again(export_id: str) -> ResponseReturnValue:
    own(export_id)
    try:
        with writing(engine()) as connection:
            exports.try_again(connection, *mine(), export_id)
    except TooManyExports:
        return too_many()
    return go_to(url_for(".export", export_id=export_id))


@blueprint.post("/exports/<export_id>/delete")
@needs("exports")
def delete(export_id: str) -> ResponseReturnValue:
    """Cancel it, or throw it away."""
    found = own(export_id)
    with writing(engine()) as connection:
        exports.delete_export(connection, *mine(), export_id)
    folder().remove(found)
    return go_to(url_for(".page"))


def own(export_id: str) -> Export:
    """The reader's own export in this company; for anybody else's there is no such page.

    Nor for one of the time when the reader was allowed to see more.
    """
    with reading(engine()) as connection:
        found = exports.find_export(connection, *mine(), export_id)
    return found if found and is_within(found, current_user.limit) else abort(404)


def shown(found: Export) -> Response:
    waits_long = found.state == "waiting" and now_us() - found.created_us > LONG_WAIT_US
    return page_or_fragment("exports/export.html", "progress", export=found, waits_long=waits_long, **words())


def listed(problem: str | None = None) -> Response:
    with reading(engine()) as connection:
        found = [each for each in exports.exports_of(connection, *mine()) if is_within(each, current_user.limit)]
        zone = own_reach().zone(connection)
    return page_or_fragment("exports/page.html", None, exports=found, zone=zone, problem=problem, **words())


def too_many() -> ResponseReturnValue:
    most = exports.UNDER_WAY_MAX
    sentence = gettext("%(count)s of your files are still being made. Wait for one of them, or cancel one.", count=most)
    return listed(sentence), 429


def words() -> dict[str, Any]:
    """What the templates say of any export."""
    return {"subjects": SUBJECTS, "rows_max": ROWS_MAX, "size": size, "kept": kept, "kept_us": exports.KEPT_US}


def kept(kept_us: int) -> str:
    """For how long a file is kept, in words."""
    days, hours = kept_us // DAY_US, kept_us // HOUR_US
    if days > 1:
        return str(ngettext("It is kept for %(num)s day.", "It is kept for %(num)s days.", days))
    return str(gettext("It is kept for %(hours)s hours.", hours=hours))


def size(count: int) -> str:
    """Bytes as people read them: 1234567 → «1,2 МБ»."""
    locale = get_locale()
    if count < 1_000_000:
        return str(gettext("%(size)s KB", size=format_decimal(max(1, round(count / 1_000)), locale=locale)))
    return str(gettext("%(size)s MB", size=format_decimal(count / 1_000_000, "#,##0.0", locale=locale)))


def folder() -> Folder:
    return Folder(current_app.config["EXPORTS_FOLDER"])
