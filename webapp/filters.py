"""The filters that pages share: the query string, parsed once into a frozen object that pages ask and show."""

import datetime
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from flask_babel import gettext
from werkzeug.datastructures import MultiDict

from sql.instants import from_us, now_us
from sql.outlets import DEFAULT_TIME_ZONE, Outlet
from webapp import formats

DAY = datetime.timedelta(days=1)
EARLIEST = datetime.date(2000, 1, 1)  # registers date nothing earlier
ISO_DAY = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")


@dataclass(frozen=True, slots=True)
class Filters:
    """What the reader wants to see.

    `outlet_ids` empty means all outlets. Where `problems` (field name → sentence) is not empty, `typed` holds what
    stood in the address, to be shown again, and the other fields hold what they would be without it.
    """

    outlets: Mapping[int, Outlet]
    today: datetime.date
    day: datetime.date
    outlet_ids: tuple[int, ...] = ()
    typed: dict[str, list[str]] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)

    @property
    def chosen_outlets(self) -> list[Outlet]:
        return [self.outlets[outlet_id] for outlet_id in self.outlet_ids]

    def outlet_name(self, outlet_id: int) -> str:
        return self.outlets[outlet_id].name

    @property
    def zones(self) -> set[str]:
        return {outlet.time_zone for outlet in self.outlets.values()} or {DEFAULT_TIME_ZONE}

    @property
    def zone(self) -> str:
        """The merchant's own time zone: the one of the first outlet."""
        return zone_of(tuple(self.outlets.values()))

    @property
    def previous_day(self) -> datetime.date | None:
        return self.day - DAY if self.day > EARLIEST else None

    @property
    def next_day(self) -> datetime.date | None:
        return self.day + DAY if self.day < self.today else None

    @property
    def date_text(self) -> str:
        """What belongs into the field: the day, or what was typed instead of one."""
        return self.typed["date"][0] if "date" in self.problems else self.day.isoformat()

    @property
    def is_date_field(self) -> bool:
        """Whether a date field can hold that text."""
        return _iso_day(self.date_text) is not None

    def query(self, day: datetime.date | None = None) -> dict[str, list[str]]:
        """The query string that leads here, or to another day. Without a date it means today, also tomorrow."""
        kept = {name: texts for name, texts in self.typed.items() if texts}
        if day is None:
            return kept
        others = {name: texts for name, texts in kept.items() if name != "date"}
        return others if day == self.today else {**others, "date": [day.isoformat()]}


def parse_filters(arguments: MultiDict[str, str], outlets: Sequence[Outlet]) -> Filters:
    """The filters `date` (ISO, default today) and `outlet` (repeatable) of a query string, among these outlets."""
    today = from_us(now_us()).astimezone(ZoneInfo(zone_of(outlets))).date()
    typed = {name: [text for text in arguments.getlist(name) if text.strip()] for name in ("date", "outlet")}
    problems: dict[str, str] = {}
    day = _day(typed["date"], today, problems)
    outlet_ids = _outlet_ids(typed["outlet"], outlets, problems)
    return Filters({outlet.outlet_id: outlet for outlet in outlets}, today, day, outlet_ids, typed, problems)


def zone_of(outlets: Sequence[Outlet]) -> str:
    return outlets[0].time_zone if outlets else DEFAULT_TIME_ZONE


def _day(texts: list[str], today: datetime.date, problems: dict[str, str]) -> datetime.date:
    try:
        return parse_day(texts, today)
    except ValueError as error:
        problems["date"] = str(error)
        return today


def parse_day(texts: list[str], today: datetime.date) -> datetime.date:
    """The one day among these, or today. Raises ValueError with a sentence for the reader."""
    if not texts:
        return today
    if len(texts) > 1:
        raise ValueError(gettext("Choose one date."))
    day = _iso_day(texts[0].strip())
    if day is None:
        raise ValueError(gettext("There is no such date: write it like %(example)s.", example=today.isoformat()))
    if day > today:
        raise ValueError(gettext("This day has not come yet."))
    if day < EARLIEST:
        raise ValueError(gettext("There are no documents before %(day)s.", day=formats.day(EARLIEST)))
    return day


def _iso_day(text: str) -> datetime.date | None:
    # The standard library also reads forms that no date field sends, like 2026-W48-2.
    if not ISO_DAY.fullmatch(text):
        return None
    try:
        return datetime.date.fromisoformat(text)
    except ValueError:
        return None


def _outlet_ids(texts: list[str], outlets: Sequence[Outlet], problems: dict[str, str]) -> tuple[int, ...]:
    known = {str(outlet.outlet_id): outlet.outlet_id for outlet in outlets}
    try:
        return tuple(sorted({known[text.strip()] for text in texts}))
    except KeyError:
        # Somebody else's outlet and one that never was are the same to the reader.
        problems["outlet"] = gettext("You have no such outlet: choose one from the list.")
        return ()
