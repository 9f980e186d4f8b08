"""The filters that pages share: the query string, parsed once into a frozen object that pages ask and show."""

import datetime
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

from werkzeug.datastructures import MultiDict

from sql.instants import from_us, now_us
from sql.outlets import DEFAULT_TIME_ZONE, Outlet
from sql.skos import Sko
from webapp import filter_values as values
from webapp.periods import DAY, EARLIEST, OWN, Period, Problem, iso_day, parse_day, parse_period

NO_OUTLETS = (0,)  # outlets are counted from 1: what is asked for by this is not found
LISTED_MAX = 50  # registers that a reader can look through
HOME_NAMES = ("date", "outlet")
NAMES = (
    *HOME_NAMES,
    "period",
    "from",
    "to",
    "sko",
    "type",
    "payment",
    "currency",
    "q",
    "cashier",
    "min",
    "max",
    "state",
    "discount",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """What the reader wants to see. Empty `outlet_ids`, `sko_ids`, `types` and `payments` mean all; None means any.

    `outlet_ids` is what to ask the database for: for a reader who may not see all outlets it is never empty, nor more
    than that reader may see. `chosen_ids` are those that the reader has chosen: what words and links tell.

    Where `problems` (field name → sentence) is not empty, `typed` holds what stood in the address, to be shown again,
    and the other fields hold what they would be without it.
    """

    outlets: Mapping[int, Outlet]
    skos: Mapping[int, Sko]
    today: datetime.date
    day: datetime.date  # of pages that show a single one
    period: Period | None  # None: all time
    preset: str | None  # the name of the period, or `own`
    outlet_ids: tuple[int, ...] = ()
    chosen_ids: tuple[int, ...] = ()
    sko_ids: tuple[int, ...] = ()
    types: tuple[str, ...] = ()
    payments: tuple[str, ...] = ()
    currency: str | None = None
    number: int | None = None
    uid: str | None = None
    cashier: str | None = None
    min_minor: int | None = None
    max_minor: int | None = None
    state: str | None = None
    discounted: bool = False
    typed: dict[str, list[str]] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)

    @property
    def told_outlets(self) -> list[Outlet]:
        """The outlets that words name, empty: all of the company. A limited reader's are always named."""
        return [self.outlets[outlet_id] for outlet_id in self.outlet_ids if outlet_id in self.outlets]

    def outlet_name(self, outlet_id: int) -> str:
        return self.outlets[outlet_id].name

    def sko_number(self, sko_id: int) -> str:
        return self.skos[sko_id].number

    @property
    def chosen_numbers(self) -> list[str]:
        return [self.skos[sko_id].number for sko_id in self.sko_ids]

    @property
    def listed_skos(self) -> list[tuple[str, str]]:
        """The registers to choose from, as (number, number): of the chosen outlets if any, and those chosen already.

        Empty if they are too many for a list.
        """
        listed = [
            sko
            for sko in self.skos.values()
            if not self.chosen_ids or sko.outlet_id in self.chosen_ids or sko.sko_id in self.sko_ids
        ]
        return [(sko.number, sko.number) for sko in listed] if len(listed) <= LISTED_MAX else []

    @property
    def zones(self) -> set[str]:
        """All by which documents may have got their business day."""
        return {zone for outlet in self.outlets.values() for zone in outlet.time_zones} or {DEFAULT_TIME_ZONE}

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

    def text(self, name: str) -> str:
        """What belongs into a field: what was typed, else nothing."""
        return next(iter(self.typed.get(name, ())), "")

    def date_text(self, name: str, usual: datetime.date | None) -> str:
        """What belongs into the field of a date: the day, or what was typed instead of one."""
        is_kept = not self.problems.keys().isdisjoint((name, "from", "to"))
        return self.text(name) if is_kept or not usual else usual.isoformat()

    @staticmethod
    def is_date(text: str) -> bool:
        """Whether a date field can hold that text."""
        return not text or iso_day(text) is not None

    def query(self, **changes: Any) -> dict[str, Any]:
        """The query string that leads here, with these changes; None or an empty list takes a name out.

        The form sends days also where a period is named: these are idle, and left out.
        """
        idle = () if self.preset == OWN or self.problems else ("from", "to", "date")
        kept = {name: texts for name, texts in self.typed.items() if name not in idle}
        return {name: texts for name, texts in {**kept, **changes}.items() if texts}

    def of_day(self, day: datetime.date) -> dict[str, Any]:
        """The query string of another day. Without a date it means today, also tomorrow."""
        return self.query(date=None if day == self.today else [day.isoformat()])


def parse_filters(
    arguments: MultiDict[str, str],
    outlets: Sequence[Outlet],
    skos: Sequence[Sko] = (),
    default_period: str | None = None,
    *,
    days_max: int | None = None,
    names: Iterable[str] = NAMES,
    is_limited: bool = False,
) -> Filters:
    """The filters of a query string among these outlets and registers; only those called `names` are looked at.

    `is_limited`: the company has outlets and registers beside these, which the reader may not see.
    """
    today = from_us(now_us()).astimezone(ZoneInfo(zone_of(outlets))).date()
    typed = {name: [text for text in arguments.getlist(name) if text.strip()] for name in names}
    period, preset, problems = parse_period(typed, today, default_period, days_max)
    day = today
    try:
        day = parse_day(typed.get("date", []), today)
    except ValueError as error:
        problems.append(Problem("date", str(error)))
    outlet_ids = values.outlets(typed, outlets, problems)
    within = tuple(outlet.outlet_id for outlet in outlets) or NO_OUTLETS if is_limited else ()
    chosen: dict[str, Any] = {
        "outlet_ids": outlet_ids or within,
        "chosen_ids": outlet_ids,
        "sko_ids": values.skos(typed, skos, problems),
        "types": values.types(typed, problems),
        "payments": values.payments(typed, problems),
        "currency": values.currency(typed, problems),
        "cashier": values.cashier(typed, problems),
        "state": values.state(typed, problems),
        "discounted": bool(typed.get("discount")),
        **values.number_or_uid(typed, problems),
        **values.amounts(typed, problems),
    }
    return Filters(
        outlets={outlet.outlet_id: outlet for outlet in outlets},
        skos={sko.sko_id: sko for sko in skos},
        today=today,
        day=day,
        period=period,
        preset=preset,
        typed=typed,
        problems=dict(reversed(problems)),  # of several about one field the first
        **chosen,
    )


def zone_of(outlets: Sequence[Outlet]) -> str:
    return outlets[0].time_zone if outlets else DEFAULT_TIME_ZONE
