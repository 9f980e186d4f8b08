"""What the panel of users shows: of one register its list, of several what they share and what differs."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import msgspec
from flask import request
from flask_babel import gettext

from webapp.register_settings_changes import Effect, effects, rights_in_words
from webapp.register_settings_choice import Choice, numbers_in_words
from webapp.register_settings_content import USERS_MAX, RegisterSettings, RegisterUser
from webapp.register_users_draft import Draft, Users, changed_users, name_key, read_draft, signed


@dataclass(frozen=True, slots=True)
class Row:
    """A user of the chosen registers, as it will be. `on` counts those that have it; rights None: they differ."""

    name: str
    rights: tuple[str, ...] | None
    on: int
    passwords_differ: bool
    is_new: bool
    is_changed: bool

    @property
    def words(self) -> str:
        return str(gettext("rights differ")) if self.rights is None else rights_in_words(self.rights)


@dataclass(frozen=True)
class UsersPanel:
    """`dialog` is what stands over it, if anything: a form, an upload, or the preview of one."""

    choice: Choice
    draft: Draft
    problem: str | None = None
    dialog: str | None = None
    shown: dict[str, Any] = field(default_factory=dict)  # what the dialog needs

    @cached_property
    def after(self) -> dict[int, RegisterSettings]:
        """What the chosen registers will have once it is saved."""
        users = changed_users(self._users, self.draft)
        settings = self.choice.settings
        return {sko_id: msgspec.structs.replace(each, users=users[sko_id]) for sko_id, each in settings.items()}

    @property
    def _users(self) -> Mapping[int, Users]:
        return {sko_id: settings.users for sko_id, settings in self.choice.settings.items()}

    @cached_property
    def rows(self) -> list[Row]:
        now = _by_name(self._users)
        will = _by_name({sko_id: settings.users for sko_id, settings in self.after.items()})
        return [_row(users, now.get(key, [])) for key, users in will.items()]

    @cached_property
    def effects(self) -> list[Effect]:
        return effects(self.choice.chosen, self.choice.settings, self.after)

    @property
    def differs(self) -> bool:
        """Whether the chosen registers have different users by now."""
        return len({frozenset(settings.users) for settings in self.choice.settings.values()}) > 1

    @property
    def signed_draft(self) -> str:
        return signed(self.draft)

    @property
    def saving_problem(self) -> str | None:
        """Why it can't be saved like this."""
        after, before = self.after, self.choice.settings
        chosen = self.choice.chosen
        empty = [sko.number for sko in chosen if before[sko.sko_id].users and not after[sko.sko_id].users]
        if empty:
            return str(
                gettext(
                    "Nobody could log in any more: leave at least one user on %(registers)s.",
                    registers=numbers_in_words(empty),
                )
            )
        full = [sko.number for sko in chosen if len(after[sko.sko_id].users) > USERS_MAX]
        if full:
            return str(
                gettext(
                    "A register takes at most %(max)d users; these would have more: %(registers)s.",
                    max=USERS_MAX,
                    registers=numbers_in_words(full),
                )
            )
        return None

    def names(self) -> list[str]:
        return [row.name for row in self.rows]

    def user(self, name: str) -> RegisterUser | None:
        """Of this name on any chosen register, after the changes so far."""
        users = (user for settings in self.after.values() for user in settings.users)
        return next((user for user in users if name_key(user.name) == name_key(name)), None)


def sent_draft() -> Draft:
    """The draft that the form has brought along."""
    return read_draft(request.form.get("draft", ""))


def _by_name(users: Mapping[int, Users]) -> dict[str, list[RegisterUser]]:
    found: dict[str, list[RegisterUser]] = {}
    for each in users.values():
        for user in each:
            found.setdefault(name_key(user.name), []).append(user)
    return found


def _row(users: list[RegisterUser], before: list[RegisterUser]) -> Row:
    rights = {frozenset(user.rights) for user in users}
    return Row(
        name=users[0].name,
        rights=users[0].rights if len(rights) == 1 else None,
        on=len(users),
        # The same password has another hash on each register that it was typed for alone.
        passwords_differ=len({user.password for user in users}) > 1,
        is_new=not before,
        is_changed=bool(before) and users != before,
    )
