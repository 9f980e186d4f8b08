"""A panel of single values, texts or switches: of several registers what they share, and what is left as it is."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

import msgspec
from flask_babel import gettext

from webapp.register_options import OPTIONS
from webapp.register_settings_changes import value_in_words
from webapp.register_settings_choice import Choice
from webapp.register_settings_content import (
    NAME_LINES,
    TEXT_LENGTHS,
    RegisterSettings,
    options_at_first,
    receipt_at_first,
    shared,
)
from webapp.register_settings_text import printing_problem, tidied

SWITCHES = {"on": True, "off": False}


@dataclass(frozen=True)
class ValuesPanel:
    """`typed` is what a form has sent, None as long as nothing was; `problem` is of the form as a whole."""

    choice: Choice
    part: Literal["receipt", "options"]
    typed: Mapping[str, str] | None = None
    problem: str | None = None
    sample: list[Any] = field(default_factory=list)

    @cached_property
    def before(self) -> dict[int, dict[str, Any]]:
        """By register its values: those saved last, or as it came from the producer."""
        at_first = options_at_first() if self.part == "options" else receipt_at_first(self.choice.family.key)
        return {sko_id: at_first | getattr(each, self.part) for sko_id, each in self.choice.settings.items()}

    @cached_property
    def _shared(self) -> tuple[dict[str, Any], dict[str, list[Any]]]:
        return shared(self.before)

    def differs(self, name: str) -> str | None:
        """The values of a setting that is not the same on all chosen registers, in words."""
        found = self._shared[1].get(name)
        return ", ".join(value_in_words(value) for value in found) if found else None

    def value(self, name: str) -> Any:
        """What the field shows: what was typed, else what all have; None: they differ, and nothing was typed."""
        wanted = self.wanted.get(name)
        return self._shared[0].get(name) if wanted is None else wanted

    def text(self, name: str) -> str:
        typed = self.typed.get(name) if self.typed is not None else None
        return self._shared[0].get(name, "") if typed is None else typed

    def replaces(self, name: str) -> bool:
        """Whether an empty field is meant for all registers, though they differ."""
        return self.typed is not None and f"set-{name}" in self.typed

    @cached_property
    def wanted(self) -> dict[str, Any]:
        """By name what to set on every chosen register; what is missing stays as it is."""
        if self.typed is None:
            return {}
        if self.part == "options":
            return self._switches(OPTIONS)
        texts = {name: tidied(self.typed.get(name, "")) for name in TEXT_LENGTHS}
        different = self._shared[1]
        wanted: dict[str, Any] = {
            name: text for name, text in texts.items() if text or name not in different or self.replaces(name)
        }
        if "name_lines" in receipt_at_first(self.choice.family.key):
            wanted |= self._switches(("number_goods",))
            if self.typed.get("name_lines"):
                wanted["name_lines"] = self.typed["name_lines"]
        return wanted

    def _switches(self, names: Any) -> dict[str, bool]:
        """A switch that is off sends nothing, one that is to stay as it is an empty text."""
        typed = self.typed or {}
        sent = {name: typed.get(name, "off") for name in names}
        return {name: SWITCHES[value] for name, value in sent.items() if value in SWITCHES}

    @cached_property
    def problems(self) -> dict[str, str]:
        """By name a sentence about what can't be set."""
        if self.typed is None or self.part == "options":
            return {}
        found = {name: _text_problem(name, self.wanted.get(name, "")) for name in TEXT_LENGTHS}
        lines = self.wanted.get("name_lines")
        if lines is not None and lines not in map(str, NAME_LINES):
            found["name_lines"] = str(gettext("Choose from %(min)d to %(max)d lines.", min=1, max=NAME_LINES[-1]))
        return {name: sentence for name, sentence in found.items() if sentence}

    @cached_property
    def after(self) -> dict[int, RegisterSettings]:
        """What the chosen registers will have once it is saved; only while there are no problems."""
        wanted = dict(self.wanted)
        if "name_lines" in wanted:
            wanted["name_lines"] = int(wanted["name_lines"])
        return {
            sko_id: msgspec.structs.replace(each, **{self.part: self.before[sko_id] | wanted})
            for sko_id, each in self.choice.settings.items()
        }


def _text_problem(name: str, text: str) -> str | None:
    longest = TEXT_LENGTHS[name]
    if len(text) > longest:
        return str(gettext("At most %(max)d characters fit; these are %(count)d.", max=longest, count=len(text)))
    return printing_problem(text)
