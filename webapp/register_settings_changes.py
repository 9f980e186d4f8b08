"""What is different between two states of a register's settings, in words."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from flask_babel import gettext, lazy_gettext

from sql.skos import Sko
from webapp.register_options import OPTIONS, RIGHTS
from webapp.register_settings_content import RegisterSettings, RegisterUser

RECEIPT = {
    "outlet_name": lazy_gettext("Outlet name"),
    "address": lazy_gettext("Address"),
    "phone": lazy_gettext("Phone/fax"),
    "advert": lazy_gettext("Advertising text"),
    "name_lines": lazy_gettext("Lines for the name of a product"),
    "number_goods": lazy_gettext("Numbering of goods on the receipt"),
}


class Difference(NamedTuple):
    """`kind` is added, changed or removed; `what` the thing; `how` says more, or is empty."""

    kind: str
    what: str
    how: str = ""


@dataclass(frozen=True, slots=True)
class Effect:
    """What saving does to these registers, the same to each."""

    numbers: tuple[str, ...]
    differences: tuple[Difference, ...]


def differences(before: RegisterSettings, after: RegisterSettings) -> tuple[Difference, ...]:
    return (
        *_of_users(before.users, after.users),
        *_of_values(RECEIPT, before.receipt, after.receipt),
        *_of_values({name: option.name for name, option in OPTIONS.items()}, before.options, after.options),
    )


def effects(
    skos: Iterable[Sko], before: Mapping[int, RegisterSettings], after: Mapping[int, RegisterSettings]
) -> list[Effect]:
    """What saving will do, registers that change alike taken together."""
    found: dict[tuple[Difference, ...], list[str]] = {}
    for sko in skos:
        if changed := differences(before[sko.sko_id], after[sko.sko_id]):
            found.setdefault(changed, []).append(sko.number)
    return [Effect(tuple(numbers), changed) for changed, numbers in found.items()]


def rights_in_words(rights: Iterable[str]) -> str:
    return ", ".join(str(RIGHTS[right]) for right in RIGHTS if right in set(rights)) or str(gettext("no rights"))


def value_in_words(value: Any) -> str:
    if isinstance(value, bool):
        return str(gettext("on") if value else gettext("off"))
    if value in ("", None):
        return str(gettext("empty"))
    return f"„{value}“" if isinstance(value, str) else str(value)


def _of_users(before: tuple[RegisterUser, ...], after: tuple[RegisterUser, ...]) -> Iterator[Difference]:
    were, are = ({user.name: user for user in users} for users in (before, after))
    for name, user in are.items():
        if name not in were:
            yield Difference("added", name, rights_in_words(user.rights))
        elif how := _change_of(were[name], user):
            yield Difference("changed", name, how)
    for name in were:
        if name not in are:
            yield Difference("removed", name)


def _change_of(was: RegisterUser, user: RegisterUser) -> str:
    parts = [str(gettext("new password"))] if was.password != user.password else []
    if set(was.rights) != set(user.rights):
        parts.append(str(gettext("rights: %(rights)s", rights=rights_in_words(user.rights))))
    return "; ".join(parts)


def _of_values(names: Mapping[str, Any], before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Difference]:
    for name, words in names.items():
        if name not in after and name in before:
            yield Difference("removed", str(words))
        elif after.get(name) not in (None, "") and name not in before:
            yield Difference("added", str(words), value_in_words(after[name]))
        elif name in after and name in before and before[name] != after[name]:
            how = f"{value_in_words(before[name])} → {value_in_words(after[name])}"
            yield Difference("changed", str(words), how)
