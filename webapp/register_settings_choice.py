"""Which registers are to be set up: one, several, or all of a family that the person may see."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from flask import request
from flask_babel import gettext, ngettext
from flask_login import current_user

from sql.engine import Connection
from sql.outlets import Outlet
from sql.register_settings import SettingsVersion, current_settings
from sql.skos import Sko
from webapp.register_options import FAMILIES, PANELS, Family
from webapp.register_settings_content import RegisterSettings, settings_in
from webapp.scope import own_reach

NUMBERS_SHOWN_MAX = 10
_BASE = re.compile(r"[0-9]{1,9}:[0-9]{1,9}( [0-9]{1,9}:[0-9]{1,9})*")


@dataclass(frozen=True)
class Choice:
    """The registers of a family by outlet, those that are chosen, and the newest version of each of these.

    `problem` says what is wrong with the choice.
    """

    family: Family
    panel: str
    outlets: Mapping[int, Outlet]
    skos: Mapping[int, Sko]
    chosen: tuple[Sko, ...]
    is_all: bool
    versions: Mapping[int, SettingsVersion]
    problem: str | None

    @cached_property
    def chosen_ids(self) -> frozenset[int]:
        return frozenset(sko.sko_id for sko in self.chosen)

    @cached_property
    def settings(self) -> dict[int, RegisterSettings]:
        """What each chosen register is to have by now."""
        return {sko.sko_id: settings_in(self.versions.get(sko.sko_id)) for sko in self.chosen}

    @property
    def by_outlet(self) -> list[tuple[Outlet, list[Sko]]]:
        standing: dict[int, list[Sko]] = {}
        for sko in self.skos.values():
            standing.setdefault(sko.outlet_id, []).append(sko)
        return [(outlet, standing[outlet_id]) for outlet_id, outlet in self.outlets.items() if outlet_id in standing]

    @property
    def query(self) -> dict[str, Any]:
        """The query string that leads here."""
        if self.is_all:
            return {"all": "1"}
        return {"sko": [sko.number for sko in self.chosen]}

    @property
    def path(self) -> str:
        """Of this panel's pages."""
        return f"/register-settings{self.family.path}/{self.panel}"

    @property
    def base(self) -> str:
        """The versions that the reader sees, for the form: whoever saves shows which they were."""
        return " ".join(f"{sko.sko_id}:{self._version(sko.sko_id)}" for sko in self.chosen)

    @property
    def words(self) -> str:
        """The chosen registers in a few words."""
        if self.is_all:
            return str(gettext("All registers: %(count)d", count=len(self.chosen)))
        return numbers_in_words(sko.number for sko in self.chosen)

    @property
    def panels(self) -> list[tuple[str, str]]:
        return [(name, str(PANELS[name])) for name in self.family.panels]

    def _version(self, sko_id: int) -> int:
        found = self.versions.get(sko_id)
        return found.version if found else 0

    def is_of(self, base: str) -> bool:
        """Whether a form that carries this `base` is about the same registers."""
        return _versions_in(base).keys() == self.chosen_ids

    def outdated(self, base: str) -> str | None:
        """What has changed since the form was made that carries this `base`, in a sentence; None: nothing."""
        seen = _versions_in(base)
        if not self.is_of(base):
            return str(gettext("You have chosen other registers meanwhile. Look at what they have, and save again."))
        changed = [sko.number for sko in self.chosen if seen[sko.sko_id] != self._version(sko.sko_id)]
        return changed_meanwhile(changed) if changed else None


def changed_meanwhile(numbers: list[str]) -> str:
    return str(
        gettext(
            "Somebody else has saved settings meanwhile: %(registers)s. Nothing of yours is saved yet. "
            "You see theirs now, with your changes: look them over, and save again.",
            registers=numbers_in_words(numbers),
        )
    )


def numbers_in_words(numbers: Iterable[str]) -> str:
    """The first few numbers of registers, and how many more there are."""
    known = list(numbers)
    shown, more = ", ".join(known[:NUMBERS_SHOWN_MAX]), len(known) - NUMBERS_SHOWN_MAX
    return f"{shown} {ngettext('and %(num)s more', 'and %(num)s more', more)}" if more > 0 else shown


def find_choice(connection: Connection, family: str, panel: str) -> Choice:
    """What the query string or the form chooses among the registers that stand in outlets the person may see."""
    reach = own_reach()
    outlets = {outlet.outlet_id: outlet for outlet in reach.outlets(connection)}
    models = FAMILIES[family].models
    skos = {sko.sko_id: sko for sko in reach.skos(connection) if sko.outlet_id in outlets and sko.model in models}
    numbers = dict.fromkeys(request.values.getlist("sko"))
    is_all = "all" in request.values
    chosen = tuple(sko for sko in skos.values() if is_all or sko.number in numbers)
    unknown = [] if is_all else sorted(numbers.keys() - {sko.number for sko in chosen})
    versions = current_settings(connection, current_user.merchant_id, [sko.sko_id for sko in chosen]) if chosen else {}
    return Choice(
        FAMILIES[family], panel, outlets, skos, chosen, is_all, versions, _unknown_problem(unknown) if unknown else None
    )


def _unknown_problem(numbers: list[str]) -> str:
    shown = numbers_in_words(number[:20] for number in numbers)
    return str(gettext("There is no such register here: %(registers)s.", registers=shown))


def _versions_in(base: str) -> dict[int, int]:
    if not _BASE.fullmatch(base):
        return {}
    return {int(sko_id): int(version) for sko_id, _, version in (each.partition(":") for each in base.split())}
