"""Changes of users that are not saved yet: the form carries them along, signed, so that no step of it loses any."""

import unicodedata
from collections.abc import Iterable, Mapping

import msgspec
from flask import current_app
from flask_login import current_user
from itsdangerous import BadSignature, URLSafeSerializer
from werkzeug.exceptions import BadRequest

from webapp.register_settings_content import RegisterUser

CHANGES_MAX = 500

Users = tuple[RegisterUser, ...]


class Change(msgspec.Struct, frozen=True, array_like=True):
    """Of one user, on every chosen register. `before` is the name so far, empty for a new user; `name` is empty for
    one who is removed; `password` is in PHC form, empty for the one so far."""

    before: str
    name: str
    password: str = ""
    rights: tuple[str, ...] = ()


Draft = tuple[Change, ...]


def name_key(name: str) -> str:
    """Names that a cashier can't tell apart are the same."""
    return unicodedata.normalize("NFKC", name).casefold()


def signed(draft: Draft) -> str:
    """The draft for a hidden field; an empty one is empty."""
    return str(_serializer().dumps(msgspec.to_builtins(draft))) if draft else ""


def read_draft(text: str) -> Draft:
    """What `signed` has made for this person in this company; anything else is a bad request."""
    if not text:
        return ()
    try:
        draft = msgspec.convert(_serializer().loads(text), type=Draft)
    except (BadSignature, msgspec.ValidationError):
        raise BadRequest from None
    if len(draft) > CHANGES_MAX:
        raise BadRequest
    return draft


def _serializer() -> URLSafeSerializer:
    whose = f"{current_user.merchant_id} {current_user.account_id}"
    return URLSafeSerializer(current_app.config["SECRET_KEY"], salt=f"register users {whose}")


def changed_users(before: Mapping[int, Users], draft: Iterable[Change]) -> dict[int, Users]:
    """The users of each register after these changes.

    A user who is changed comes also to registers that lack them, with the password that they have elsewhere; where they
    have none, there is nobody to change.
    """
    passwords: dict[str, str] = {}
    for users in before.values():
        for user in users:
            passwords.setdefault(name_key(user.name), user.password)
    after = {sko_id: {name_key(user.name): user for user in users} for sko_id, users in before.items()}
    for change in draft:
        known = passwords.get(name_key(change.before), "")
        after = {sko_id: _changed(users, change, known) for sko_id, users in after.items()}
        if change.name and (password := change.password or known):
            passwords[name_key(change.name)] = password
    return {sko_id: tuple(users.values()) for sko_id, users in after.items()}


def _changed(users: dict[str, RegisterUser], change: Change, known: str) -> dict[str, RegisterUser]:
    before, key = name_key(change.before), name_key(change.name)
    if not change.name:
        return {each: user for each, user in users.items() if each != before}
    was = users.get(before) or users.get(key)
    password = change.password or (was.password if was else known)
    if not password:  # a user of registers that were chosen before: nobody knows whom to add to these
        return users
    becomes = RegisterUser(change.name, password, change.rights)
    # In the place of the one so far, and of whoever has the new name on this register.
    return {(key if each in (before, key) else each): user for each, user in users.items()} | {key: becomes}
