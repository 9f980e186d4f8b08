"""The filter of acts: the period that they are dated in. The query string, parsed once."""

import datetime
from dataclasses import dataclass
from typing import Any

from werkzeug.datastructures import MultiDict

from sql.act_making import ZONE
from sql.instants import from_us, now_us
from webapp.periods import OWN, Period, iso_day, parse_period

NAMES = ("period", "from", "to", "date")


@dataclass(frozen=True, slots=True, kw_only=True)
class ActFilters:
    """Which acts somebody wants to see. Where `problems` is not empty, `typed` is shown again."""

    today: datetime.date
    period: Period | None  # None: all time
    preset: str | None
    typed: dict[str, list[str]]
    problems: dict[str, str]

    @property
    def is_filtered(self) -> bool:
        return bool(self.query())

    def query(self, **changes: Any) -> dict[str, Any]:
        """The query string that leads here, with these changes."""
        idle = () if self.preset == OWN or self.problems else ("from", "to", "date")
        return {name: texts for name, texts in self.typed.items() if texts and name not in idle} | changes

    def date_text(self, name: str, usual: datetime.date | None) -> str:
        """What belongs into the field of a date: the day, or what was typed instead of one."""
        is_kept = not self.problems.keys().isdisjoint((name, "from", "to"))
        return next(iter(self.typed[name]), "") if is_kept or not usual else usual.isoformat()

    @staticmethod
    def is_date(text: str) -> bool:
        """Whether a date field can hold that text."""
        return not text or iso_day(text) is not None


def parse_act_filters(arguments: MultiDict[str, str]) -> ActFilters:
    """The filters of a query string; days are the operator's."""
    today = from_us(now_us()).astimezone(ZONE).date()
    typed = {name: [text for text in arguments.getlist(name) if text.strip()] for name in NAMES}
    period, preset, problems = parse_period(typed, today, None, None)
    return ActFilters(today=today, period=period, preset=preset, typed=typed, problems=dict(reversed(problems)))
