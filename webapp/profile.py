"""One's own profile: who one is here, the ways to log in, open sessions, language and theme, notifications."""

from flask import Blueprint, current_app, flash, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, ngettext
from flask_login import current_user
from werkzeug.exceptions import NotFound

from sql import preferences, sessions
from sql.engine import Connection, reading, writing
from sql.instants import SECOND_US
from sql.sessions import OpenSession
from webapp.confirming import confirmed
from webapp.database import engine
from webapp.devices import device_of
from webapp.fragments import page_or_fragment
from webapp.guard import go_to, own_account
from webapp.journal import note
from webapp.journal_words import WAYS
from webapp.profile_factors import factor_lines
from webapp.profile_notifications import KIND_WORDS, MAIL_NAMES, preferences_in
from webapp.roles import own
from webapp.scope import own_reach

blueprint = Blueprint("profile", __name__)


@blueprint.get("/profile")
def page() -> ResponseReturnValue:
    account_id, merchant_id = current_user.account_id, current_user.merchant_id
    with reading(engine()) as connection:
        shown = {
            "person": own_account(connection),
            "factors": factor_lines(connection, account_id),
            "sessions": _open_sessions(connection),
            "preferences": preferences.preferences_of(connection, merchant_id, account_id),
            "zone": own_reach().zone(connection),
        }
    words = {"ways": WAYS, "kinds": KIND_WORDS, "mails": MAIL_NAMES, "device_of": device_of}
    here = sessions.session_id(current_user.token)
    return page_or_fragment("profile/page.html", None, here=here, **shown, **words)


@blueprint.post("/profile/sessions/<session_id>/end")
@own
@confirmed
def end_session(session_id: str) -> ResponseReturnValue:
    """End one of one's own sessions; the present one, too."""
    with writing(engine()) as connection:
        found = next((mine for mine in _open_sessions(connection) if mine.session_id == session_id), None)
        if found is None:
            raise NotFound
        sessions.end_session(connection, current_user.account_id, session_id)
        note(connection, "session_ended", str(device_of(found.user_agent)), address=found.address)
    if session_id == sessions.session_id(current_user.token):
        session.clear()
        return go_to(url_for("login.password"))
    flash(gettext("The session has ended."))
    return go_to(url_for(".page", _anchor="sessions"))


@blueprint.post("/profile/sessions/end-others")
@own
@confirmed
def end_other_sessions() -> ResponseReturnValue:
    with writing(engine()) as connection:
        ended = sessions.end_all_sessions(connection, current_user.account_id, except_token=current_user.token)
        if ended:
            note(connection, "sessions_ended", count=ended)
    flash(ngettext("%(num)s other session has ended.", "%(num)s other sessions have ended.", ended))
    return go_to(url_for(".page", _anchor="sessions"))


@blueprint.post("/profile/notifications")
@own
def choose_notifications() -> ResponseReturnValue:
    chosen = preferences_in(request.form)
    with writing(engine()) as connection:
        preferences.set_preferences(connection, current_user.merchant_id, current_user.account_id, chosen)
        note(connection, "preferences_changed")
    flash(gettext("Saved."))
    return go_to(url_for(".page", _anchor="notifications"))


def _open_sessions(connection: Connection) -> list[OpenSession]:
    idle_us = current_app.config["SESSION_IDLE_MINUTES"] * 60 * SECOND_US
    return sessions.open_sessions(connection, current_user.account_id, idle_us=idle_us)
