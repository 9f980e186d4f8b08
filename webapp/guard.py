"""Who may come in: every page asks for a login unless it is marked public, so that a new page can't forget to."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import unquote, urlsplit

from flask import Flask, abort, current_app, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import LoginManager, UserMixin, current_user
from werkzeug import Response
from werkzeug.exceptions import Forbidden, HTTPException

from sql import sessions
from sql.accounts import Person, person_of
from sql.engine import Connection, reading, writing
from sql.instants import SECOND_US
from sql.memberships import limit_in
from sql.sessions import Session
from webapp import roles
from webapp.database import engine

View = TypeVar("View", bound=Callable[..., Any])

HOME = "/"
NEXT_LENGTH_MAX = 2_000


@dataclass(frozen=True, eq=False)
class User(UserMixin):
    """The logged-in person, in the company of this session."""

    token: str
    account_id: int
    merchant_id: int
    merchant_name: str
    merchant_unp: str
    email: str
    name: str
    role: str
    language: str | None
    theme: str | None
    way: str  # how the person logged in
    confirmed_us: int  # when a second factor was last shown
    companies: int  # how many there are to choose from
    outlet_ids: tuple[int, ...]  # what a manager is limited to

    def get_id(self) -> str:
        return self.token

    def may(self, permission: str) -> bool:
        return roles.may(self.role, permission)

    @property
    def limit(self) -> tuple[int, ...] | None:
        """The only outlets that this person may see; None: all."""
        return limit_in(self.role, self.outlet_ids)

    def sees(self, outlet_id: int) -> bool:
        return self.limit is None or outlet_id in self.limit


def public(view: View) -> View:
    """Mark a view that needs no login."""
    view.is_public = True  # type: ignore[attr-defined]
    return view


def unattended(view: View) -> View:
    """Mark a view that pages ask for by themselves: it does not count as a sign of life of the person."""
    view.is_unattended = True  # type: ignore[attr-defined]
    return view


def init_app(app: Flask) -> None:
    """Guard the app. Before CSRF protection, so that a form of an ended session leads to the login."""
    manager = LoginManager()
    # Networks change under a phone; the token in the signed cookie is proof enough.
    manager.session_protection = None
    manager.user_loader(load_user)
    # Not its own context processor: that one asks the database for each template, an error page's too.
    manager.init_app(app, add_context_processor=False)
    app.context_processor(lambda: {"current_user": current_user})
    app.before_request(_require_login)


def load_user(token: str) -> User | None:
    """The person of this session; None once it has ended. One query, and at most once a minute a write."""
    idle_us = current_app.config["SESSION_IDLE_MINUTES"] * 60 * SECOND_US
    with reading(engine()) as connection:
        session = sessions.find_session(connection, token, idle_us=idle_us)
    if session is None:
        return None
    if sessions.is_seen_due(session) and not _is_marked("is_unattended"):
        with writing(engine()) as connection:
            sessions.mark_seen(connection, token)
    return user_of(token, session)


def user_of(token: str, session: Session) -> User:
    known = {name: getattr(session, name) for name in Session.__slots__ if name != "seen_us"}
    return User(token=token, **known)


def own_account(connection: Connection) -> Person:
    """The account of who is logged in. Who was shut out since the guard let them in goes to the login."""
    person = person_of(connection, current_user.account_id)
    if person is None:
        abort(go_to(url_for("login.password")))
    return person


def _is_marked(mark: str, endpoint: str | None = None) -> bool:
    view = current_app.view_functions.get(endpoint or request.endpoint or "")
    return getattr(view, mark, False)


def _is_public(endpoint: str) -> bool:
    return endpoint == "static" or endpoint.endswith(".static") or _is_marked("is_public", endpoint)


def _require_login() -> ResponseReturnValue | None:
    if request.endpoint is None or _is_public(request.endpoint):
        return None
    if current_user.is_authenticated:
        view = current_app.view_functions[request.endpoint]
        if roles.is_refused(view, current_user.role, request.method):
            raise Forbidden
        return None
    return go_to(url_for("login.password", next=_page_asked_for()))


def _page_asked_for() -> str | None:
    """Where to go on after the login: the page itself, not the fragment or the form that met an ended session."""
    if "HX-Request" in request.headers:
        shown = urlsplit(request.headers.get("HX-Current-URL", ""))
        return f"{shown.path}?{shown.query}" if shown.query else shown.path or None
    return request.full_path.rstrip("?") if request.method == "GET" else None


def may_open(page: str, role: str) -> bool:
    """Whether a page of this app, as `own_page` returns it, is open to this role."""
    endpoint, _ = current_app.url_map.bind("").match(unquote(urlsplit(page).path), method="GET")
    return not roles.is_refused(current_app.view_functions[endpoint], role, "GET")


def go_to(address: str) -> Response:
    """Send the browser to another page, also when htmx asks for a fragment."""
    if "HX-Request" in request.headers:
        return Response(headers={"HX-Redirect": address})
    return redirect(address, code=303)


def own_page(target: str | None, *, even_public: bool = False) -> str:
    """`target` if it is a page of this app behind the login, or any page of it, else Home: nobody is sent elsewhere."""
    if not target or len(target) > NEXT_LENGTH_MAX or not target.isprintable():
        return HOME
    if not target.startswith("/") or target.startswith("//"):  # after any number of slashes browsers expect a host
        return HOME
    path = unquote(urlsplit(target).path)
    twice = unquote(path)  # what a careless proxy would make of it
    if twice.startswith("//") or "\\" in target + twice or not twice.isprintable():
        return HOME
    try:
        endpoint, _ = current_app.url_map.bind("").match(path, method="GET")
    except HTTPException:
        return HOME
    return HOME if _is_public(endpoint) and not even_public else target
