"""Users from an Excel file: the template, the file with its mistakes, and the preview that is to be confirmed."""

from typing import Any

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from webapp.register_options import family_route
from webapp.register_users import answer, find, with_dialog
from webapp.register_users_draft import Change, Draft, read_draft, signed
from webapp.register_users_excel import MIMETYPE, NotTaken, UserRow, read_users, template
from webapp.register_users_panel import UsersPanel, sent_draft
from webapp.register_users_passwords import hashes_for_register
from webapp.roles import needs

blueprint = Blueprint("register_users_upload", __name__)


@family_route(blueprint, "/upload", "GET", "POST", panel="users")
@needs("settings")
def upload(family: str) -> ResponseReturnValue:
    return answer(with_dialog(UsersPanel(find(family), sent_draft()), "upload"))


@family_route(blueprint, "/template.xlsx", panel="users")
@needs("settings")
def template_file(family: str) -> ResponseReturnValue:  # noqa: ARG001  (it is the same for all)
    headers = {"Content-Disposition": "attachment; filename=users.xlsx", "Cache-Control": "no-store"}
    return Response(template(), mimetype=MIMETYPE, headers=headers)


@family_route(blueprint, "/file", "POST", panel="users")
@needs("settings")
def read_file(family: str) -> ResponseReturnValue:
    """The preview of a good file, or what is wrong with it; either way nothing has changed yet."""
    panel = UsersPanel(find(family), sent_draft())
    sent = request.files.get("file")
    if sent is None or not sent.filename:
        return _refused(panel, gettext("Choose a file first."))
    try:
        users, problems = read_users(sent.stream)
    except NotTaken as error:
        return _refused(panel, str(error))
    if problems:
        return _refused(panel, "", problems=problems)
    changes = _changes(users)
    preview = UsersPanel(panel.choice, panel.draft + changes)
    return answer(with_dialog(panel, "preview", uploaded=signed(changes), users=users, preview=preview))


@family_route(blueprint, "/take", "POST", panel="users")
@needs("settings")
def take(family: str) -> ResponseReturnValue:
    """The users of the preview go to the list."""
    uploaded = read_draft(request.form.get("uploaded", ""))
    return answer(UsersPanel(find(family), sent_draft() + uploaded))


def _changes(users: list[UserRow]) -> Draft:
    passwords = hashes_for_register(user.password for user in users)
    return tuple(
        Change(user.name, user.name, password, user.rights) for user, password in zip(users, passwords, strict=True)
    )


def _refused(panel: UsersPanel, sentence: str, **shown: Any) -> Response:
    response = answer(with_dialog(panel, "upload", sentence=sentence, **shown))
    response.status_code = 422
    return response
