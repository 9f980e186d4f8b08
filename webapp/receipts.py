"""Receipts for those who hold one: by УИ, without a login, as a page, as JSON and as PDF; and the merchant's own PDF.

A УИ is 24 hexadecimal digits that a register gives, so it may well be guessable. That is why a network gets few
receipts a minute and fewer misses, and why whatever is not found looks the same: unknown, malformed, or no buyer's.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal

from flask import Blueprint, Response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import format_decimal
from flask_babel import gettext as _
from werkzeug.exceptions import HTTPException, NotFound, ServiceUnavailable, TooManyRequests

from sql.engine import reading, writing
from sql.instants import SECOND_US, now_us
from sql.rates import Rate, check, count
from sql.receipts import public_document
from sql.throttle import MINUTE_US, TooManyAttempts
from webapp.database import engine
from webapp.guard import public
from webapp.pdf import Busy
from webapp.receipt_json import as_json, as_problem
from webapp.receipt_pdf import render
from webapp.receipt_tape import Tape, find_tape, tape_of
from webapp.scope import own_reach

VIEWS = Rate("receipt", most=30, window_us=MINUTE_US)
PDFS = Rate("receipt-pdf", most=6, window_us=MINUTE_US)
MISSES = Rate("receipt-miss", most=10, window_us=10 * MINUTE_US)
BUSY_RETRY_S = 5
UID = re.compile("[0-9A-F]{24}")
NO_UID = ""  # no document has it, but asking for it takes as long as asking for any other

blueprint = Blueprint("receipts", __name__)


@blueprint.app_template_filter("quantity")
def quantity(thousandths: int) -> str:
    """A quantity in thousandths: 1345 → «1,345», 2000 → «2»."""
    return str(format_decimal(Decimal(thousandths).scaleb(-3)))


@blueprint.get("/r/")
@public
def search() -> ResponseReturnValue:
    """A field for the УИ of a receipt whose QR code can't be read."""
    typed = request.args.get("uid")
    uid = re.sub(r"[\s-]", "", typed or "").upper()
    if UID.fullmatch(uid):
        return redirect(url_for("receipts.page", uid=uid), code=303)
    problem = _("A УИ has 24 characters: digits, and letters from A to F.") if typed is not None else None
    return render_template("receipt/search.html", typed=typed, problem=problem), 400 if problem else 200


@blueprint.get("/r/<uid>")
@public
def page(uid: str) -> ResponseReturnValue:
    try:
        tape = public_tape(uid)
    except NotFound:
        return render_template("receipt/search.html", is_miss=True), 404
    return render_template("receipt/page.html", tape=tape)


@blueprint.get("/r/<uid>.json")
@public
def data(uid: str) -> ResponseReturnValue:
    try:
        return as_json(public_tape(uid))
    except HTTPException as error:
        return as_problem(error)


@blueprint.get("/r/<uid>.pdf")
@public
def paper(uid: str) -> ResponseReturnValue:
    with admission(), writing(engine()) as connection:
        count(connection, PDFS, client())
    try:
        tape = public_tape(uid)
    except NotFound:
        return render_template("receipt/search.html", is_miss=True), 404
    return as_pdf(tape)


@blueprint.get("/documents/<sko>/<int:number>.pdf")
def own_paper(sko: str, number: int) -> ResponseReturnValue:
    with reading(engine()) as connection:
        tape = find_tape(connection, own_reach(), sko, number)
    if tape is None:
        raise NotFound
    return as_pdf(tape)


@blueprint.after_request
def keep_out_of_searches(response: Response) -> Response:
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    return response


def public_tape(uid: str) -> Tape:
    """The receipt with this УИ, for this network. Raises NotFound or TooManyRequests."""
    with admission():
        with writing(engine()) as connection:
            count(connection, VIEWS, client())
            check(connection, MISSES, client())
        with reading(engine()) as connection:
            document = public_document(connection, uid.upper() if UID.fullmatch(uid.upper()) else NO_UID)
            if document:
                return tape_of(connection, document)
        with writing(engine()) as connection:
            count(connection, MISSES, client())
    raise NotFound


def client() -> str:
    return request.remote_addr or ""


@contextmanager
def admission() -> Iterator[None]:
    """Whoever asks too often is told when to come back."""
    try:
        yield
    except TooManyAttempts as error:
        raise TooManyRequests(retry_after=max(1, -((now_us() - error.retry_us) // SECOND_US))) from None


def as_pdf(tape: Tape) -> Response:
    try:
        content = render(tape)
    except Busy:
        raise ServiceUnavailable(retry_after=BUSY_RETRY_S) from None
    document = tape.receipt.document
    name = f"receipt-{document.sko}-{document.number}.pdf"
    return Response(content, mimetype="application/pdf", headers={"Content-Disposition": f'inline; filename="{name}"'})
