"""Users of registers: who logs in there and what each may do. Changes gather in a draft until they are saved."""

from typing import Any

from flask import Blueprint, Response, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from werkzeug.exceptions import NotFound

from sql.engine import reading
from webapp.database import engine
from webapp.fragments import page_or_fragment, wants_fragment
from webapp.guard import go_to
from webapp.register_options import family_route
from webapp.register_settings_choice import Choice, find_choice, numbers_in_words
from webapp.register_settings_saving import save as save_settings
from webapp.register_users_draft import Change, Draft
from webapp.register_users_form import UserForm
from webapp.register_users_panel import UsersPanel, sent_draft
from webapp.roles import needs

blueprint = Blueprint("register_users", __name__)
blueprint.add_app_template_filter(numbers_in_words)


@family_route(blueprint, "", panel="users")
@needs("settings")
def page(family: str) -> ResponseReturnValue:
    return answer(UsersPanel(find(family), ()))


@family_route(blueprint, "", "POST", panel="users")
@needs("settings")
def choose(family: str) -> ResponseReturnValue:
    """Other registers, with the changes so far; without any, the page has an address that says it all."""
    panel = UsersPanel(find(family), sent_draft())
    address = url_for(".page", family=family, **panel.choice.query)
    if not panel.draft and not wants_fragment():
        return go_to(address)
    response = answer(panel)
    response.headers["HX-Replace-Url"] = address
    return response


@family_route(blueprint, "/new", "GET", "POST", panel="users")
@needs("settings")
def new(family: str) -> ResponseReturnValue:
    panel = UsersPanel(find(family), sent_draft())
    return answer(with_form(panel, UserForm(None, panel.names(), opens=True)))


@family_route(blueprint, "/edit", "GET", "POST", panel="users")
@needs("settings")
def edit(family: str) -> ResponseReturnValue:
    panel = UsersPanel(find(family), sent_draft())
    return answer(with_form(panel, form_of(panel, request.values.get("user", ""), opens=True)))


@family_route(blueprint, "/put", "POST", panel="users")
@needs("settings")
def put(family: str) -> ResponseReturnValue:
    """What was typed into the dialog goes to the list."""
    panel = UsersPanel(find(family), sent_draft())
    form = form_of(panel, request.form.get("before", ""), opens=False)
    if not panel.choice.chosen or not form.validate():
        response = answer(with_form(panel, form))
        response.status_code = 422
        return response
    return answer(UsersPanel(panel.choice, (*panel.draft, form.change)))


@family_route(blueprint, "/remove", "POST", panel="users")
@needs("settings")
def remove(family: str) -> ResponseReturnValue:
    panel = UsersPanel(find(family), sent_draft())
    user = panel.user(request.form.get("user", ""))
    gone: Draft = (Change(user.name, ""),) if user else ()
    return answer(UsersPanel(panel.choice, panel.draft + gone))


@family_route(blueprint, "/discard", "POST", panel="users")
@needs("settings")
def discard(family: str) -> ResponseReturnValue:
    return answer(UsersPanel(find(family), ()))


@family_route(blueprint, "/save", "POST", panel="users")
@needs("settings")
def save(family: str) -> ResponseReturnValue:
    panel = UsersPanel(find(family), sent_draft())
    problem = panel.choice.problem or panel.choice.outdated(request.form.get("base", "")) or panel.saving_problem
    if problem is None and not panel.choice.chosen:
        problem = str(gettext("Choose a register first."))
    if problem is None:
        problem = save_settings(panel.choice, panel.after)
    if problem is None:
        return go_to(url_for(".page", family=family, **panel.choice.query))
    response = answer(UsersPanel(find(family), panel.draft, problem))
    response.status_code = 409
    return response


def find(family: str) -> Choice:
    with reading(engine()) as connection:
        return find_choice(connection, family, "users")


def form_of(panel: UsersPanel, name: str, *, opens: bool) -> UserForm:
    """The form of a user of this name; without a name of a new one."""
    user = panel.user(name) if name else None
    if name and user is None:
        raise NotFound
    others = [other for other in panel.names() if user is None or other != user.name]
    return UserForm(user, others, opens=opens)


def with_form(panel: UsersPanel, form: UserForm) -> UsersPanel:
    return with_dialog(panel, "user", form=form)


def with_dialog(panel: UsersPanel, dialog: str, **shown: Any) -> UsersPanel:
    """The panel with this dialog over it, or alone as long as no register is chosen."""
    return UsersPanel(panel.choice, panel.draft, panel.problem, dialog if panel.choice.chosen else None, shown)


def answer(panel: UsersPanel) -> Response:
    context = {"panel": panel, "choice": panel.choice, "is_fragment": wants_fragment()}
    response = page_or_fragment("register_settings/users.html", "answer", **context)
    if panel.choice.problem:
        response.status_code = 400
    return response
