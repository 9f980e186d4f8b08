"""The choice of company: after a login with several, and as the switcher of those who are in."""

from flask import Blueprint, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_login import current_user, login_user
from werkzeug.exceptions import BadRequest, NotFound

from sql import login_attempts, sessions
from sql.engine import reading, writing
from sql.memberships import Company, companies_of
from webapp import guard
from webapp.database import engine
from webapp.entering import attempt_token, enter
from webapp.fragments import page_or_fragment
from webapp.guard import HOME, go_to, may_open, own_page, public
from webapp.journal import note

blueprint = Blueprint("companies", __name__)
STEP = "company"


@blueprint.get("/companies")
@public
def choose() -> ResponseReturnValue:
    attempt = None if current_user.is_authenticated else _attempt()
    account_id: int | None = attempt.account_id if attempt else getattr(current_user, "account_id", None)
    if account_id is None:
        return go_to(url_for("login.password", next=request.args.get("next")))
    with reading(engine()) as connection:
        companies = companies_of(connection, account_id)
    return _page(companies)


@blueprint.post("/companies")
@public
def go_on() -> ResponseReturnValue:
    try:
        merchant_id = int(request.form["merchant_id"])
    except (KeyError, ValueError):
        raise BadRequest from None
    if merchant_id.bit_length() > 63:  # more than a database counts to
        raise NotFound
    target = request.args.get("next")
    return switch_to(merchant_id, target) if current_user.is_authenticated else _enter(merchant_id, target)


def _attempt() -> login_attempts.Attempt | None:
    with reading(engine()) as connection:
        attempt = login_attempts.find_attempt(connection, attempt_token())
    return attempt if attempt and attempt.step == STEP else None


def _enter(merchant_id: int, target: str | None) -> ResponseReturnValue:
    attempt, token = _attempt(), attempt_token()
    if attempt is None or token is None or attempt.account_id is None:
        return go_to(url_for("login.password", next=target))
    with writing(engine()) as connection:
        mine = {company.merchant_id for company in companies_of(connection, attempt.account_id)}
        if merchant_id not in mine:
            raise NotFound
        if not login_attempts.end_attempt(connection, token, step=STEP):
            return go_to(url_for("login.password", next=target))
    return enter(attempt.account_id, attempt.way, merchant_id=merchant_id, target=target) or go_to("/login")


def switch_to(merchant_id: int, target: str | None) -> ResponseReturnValue:
    """Go on in another company: under a new token, so that what was open in the other one is over.

    `target` is the page to go on to; Home, where that page is not for the role that the person has there.
    """
    with writing(engine()) as connection:
        token = sessions.enter_company(connection, current_user.token, merchant_id)
        person = sessions.find_session(connection, token) if token else None
    if token is None or person is None:
        raise NotFound
    session.clear()
    user = guard.user_of(token, person)
    login_user(user)
    with writing(engine()) as connection:
        note(connection, "company_entered")
    page = own_page(target)
    return go_to(page if may_open(page, user.role) else HOME)


@blueprint.app_template_global()
def companies_to_enter() -> list[Company]:
    """For the switcher above every page: it only asks if there are several."""
    with reading(engine()) as connection:
        return companies_of(connection, current_user.account_id)


def _page(companies: list[Company]) -> ResponseReturnValue:
    title = gettext("Choose a company")
    return page_or_fragment(
        "companies/page.html", None, companies=companies, heading=title, next=request.args.get("next")
    )
