"""The last step of every login: all factors are shown, now the person enters a company."""

from flask import request, session, url_for
from flask_login import current_user, login_user, logout_user
from werkzeug import Response

from sql import login_attempts, sessions
from sql.engine import writing
from sql.journal import write_journal
from sql.memberships import companies_of
from webapp import guard
from webapp.database import engine
from webapp.guard import go_to, own_page
from webapp.joining import join
from webapp.journal import note

ATTEMPT = "attempt"  # the name of the half-done login in the browser's signed session


def remember(token: str) -> None:
    """Tie a half-done login to this browser, under a session of its own: nothing of before must count."""
    session.clear()
    session[ATTEMPT] = token


def attempt_token() -> str | None:
    """The half-done login of this browser."""
    token = session.get(ATTEMPT)
    return token if isinstance(token, str) else None


def leave() -> None:
    """Log out, if somebody is logged in here. Another login ends the one before (OWASP ASVS 5.0, 7.2.4)."""
    if not current_user.is_authenticated:
        return
    with writing(engine()) as connection:
        if sessions.end_session(connection, current_user.account_id, sessions.session_id(current_user.token)):
            note(connection, "logout")
    logout_user()


def enter(account_id: int, way: str, *, merchant_id: int | None = None, target: str | None = None) -> Response | None:
    """Log the person in, into this company or the only one; with several, to the choice of company.

    None if there is no company that the person may enter. `target` is the page to go on to; if it is that of an
    invitation, whoever has no company yet, or not any more, accepts it by the login itself.
    """
    leave()
    with writing(engine()) as connection:
        companies = companies_of(connection, account_id)
        if not companies and join(connection, target, account_id):
            companies, target = companies_of(connection, account_id), None
        chosen = [company for company in companies if merchant_id in (None, company.merchant_id)]
        if not chosen:
            return None
        if len(chosen) > 1:
            token = login_attempts.begin_attempt(connection, way=way, step="company", account_id=account_id)
            remember(token)
            return go_to(url_for("companies.choose", next=target))
        [company] = chosen
        address = request.remote_addr or "unknown"
        token = sessions.start_session(
            connection,
            account_id=account_id,
            merchant_id=company.merchant_id,
            address=address,
            user_agent=request.user_agent.string,
            way=way,
        )
        person = sessions.find_session(connection, token)
        if person is None:  # disabled meanwhile
            return None
        write_journal(
            connection,
            company.merchant_id,
            "login",
            actor=person.email,
            account_id=account_id,
            detail={"way": way},
            address=address,
        )
    session.clear()  # what the browser brought along from before the login must not count after it
    login_user(guard.user_of(token, person))
    return go_to(own_page(target))
