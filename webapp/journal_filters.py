"""The filters of the journal: the query string, parsed once; nonsense is a sentence beside its field."""

import datetime
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from flask_babel import gettext
from werkzeug.datastructures import MultiDict

from sql.instants import from_us, now_us, to_us
from sql.journal import OPERATOR, Cursor, Person, Wanted
from webapp.filter_values import Typed
from webapp.journal_words import ACTIONS
from webapp.periods import DAY, OWN, Period, Problem, iso_day, parse_period

NAMES = ("period", "from", "to", "date", "person", "action", "after")


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalFilters:
    """What of the journal somebody wants to read. Where `problems` is not empty, `typed` is shown again."""

    zone: str
    today: datetime.date
    period: Period | None  # None: all time
    preset: str | None
    person: str | None  # an account's id, or OPERATOR
    action: str | None
    after: Cursor | None
    typed: dict[str, list[str]]
    problems: dict[str, str]

    @property
    def wanted(self) -> Wanted:
        """The same as the ground floor asks for it."""
        is_operator = self.person == OPERATOR
        return Wanted(
            first_us=self._midnight(self.period.first) if self.period else None,
            end_us=self._midnight(self.period.last + DAY) if self.period else None,
            account_id=int(self.person) if self.person and not is_operator else None,
            by_others=is_operator,
            action=self.action,
        )

    @property
    def is_filtered(self) -> bool:
        return bool(self.query())

    def query(self, **changes: Any) -> dict[str, Any]:
        """The query string that leads here, from its beginning, with these changes."""
        idle = () if self.preset == OWN or self.problems else ("from", "to", "date")
        kept = {name: texts for name, texts in self.typed.items() if texts and name not in (*idle, "after")}
        return kept | changes

    def date_text(self, name: str, usual: datetime.date | None) -> str:
        """What belongs into the field of a date: the day, or what was typed instead of one."""
        is_kept = not self.problems.keys().isdisjoint((name, "from", "to"))
        return next(iter(self.typed[name]), "") if is_kept or not usual else usual.isoformat()

    @staticmethod
    def is_date(text: str) -> bool:
        """Whether a date field can hold that text."""
        return not text or iso_day(text) is not None

    def _midnight(self, day: datetime.date) -> int:
        return to_us(datetime.datetime.combine(day, datetime.time(), ZoneInfo(self.zone)))


def parse_journal_filters(arguments: MultiDict[str, str], people: Sequence[Person], zone: str) -> JournalFilters:
    """The filters of a query string, among the people of this journal."""
    today = from_us(now_us()).astimezone(ZoneInfo(zone)).date()
    typed = {name: [text for text in arguments.getlist(name) if text.strip()] for name in NAMES}
    period, preset, problems = parse_period(typed, today, None, None)
    known = [OPERATOR, *(str(person.account_id) for person in people)]
    person, action = (_one_of(known, "person", typed, problems), _one_of(ACTIONS, "action", typed, problems))
    return JournalFilters(
        zone=zone,
        today=today,
        period=period,
        preset=preset,
        person=person,
        action=action,
        after=_place(typed, problems),
        typed=typed,
        problems=dict(reversed(problems)),  # of several about one field the first
    )


def _one_of(options: Collection[str], name: str, typed: Typed, problems: list[Problem]) -> str | None:
    chosen = typed[name]
    if not chosen:
        return None
    if len(chosen) == 1 and chosen[0] in options:
        return chosen[0]
    problems.append(Problem(name, gettext("There is no such choice: take one from the list.")))
    return None


def _place(typed: Typed, problems: list[Problem]) -> Cursor | None:
    if not typed["after"]:
        return None
    try:
        return Cursor.parse(typed["after"][-1])
    except ValueError:
        problems.append(
            Problem("after", gettext("There is no such place in the journal: start from its newest entries."))
        )
        return None
