"""Which register a number is: whose, standing where, in which time zone, and the version of its newest settings.

Kept in memory, loaded as numbers turn up.
"""

import datetime
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple
from zoneinfo import ZoneInfo

from sql.instants import from_us, to_us
from sql.skos import DirectoryEntry


class _Day(NamedTuple):
    """A business day of one outlet: from `begin_us` until before `end_us`."""

    begin_us: int
    end_us: int
    outlet_id: int
    day: datetime.date


NO_DAY = _Day(0, 0, 0, datetime.date.min)


@dataclass(slots=True)
class Register:
    merchant_id: int
    sko_id: int
    since_us: tuple[int, ...]  # when each placement began, oldest first
    outlet_ids: tuple[int, ...]
    zones: tuple[ZoneInfo, ...]
    settings_version: int = 0  # the newest that was saved for it; 0: none
    _latest: _Day = NO_DAY  # a register's documents come day by day: most find their day here

    def place(self, issued_us: int) -> tuple[int, datetime.date]:
        """The outlet where the register stood then, and the business day there."""
        latest = self._latest
        if not latest.begin_us <= issued_us < latest.end_us:
            latest = self._latest = self._day_of(issued_us)
        return latest.outlet_id, latest.day

    def _day_of(self, issued_us: int) -> _Day:
        # The first placement counts for all time before it too.
        position = max(bisect_right(self.since_us, issued_us) - 1, 0)
        zone = self.zones[position]
        day = from_us(issued_us).astimezone(zone).date()
        begin, end = _midnight(day, zone), _midnight(day + datetime.timedelta(days=1), zone)
        if begin.utcoffset() != end.utcoffset():
            # Clocks change: where they do so at midnight, a business day may be two pieces. Nothing to keep.
            return _Day(0, 0, self.outlet_ids[position], day)
        begin_us, end_us = to_us(begin), to_us(end)
        if position:
            begin_us = max(begin_us, self.since_us[position])
        if position + 1 < len(self.since_us):
            end_us = min(end_us, self.since_us[position + 1])
        return _Day(begin_us, end_us, self.outlet_ids[position], day)


def _midnight(day: datetime.date, zone: ZoneInfo) -> datetime.datetime:
    return datetime.datetime.combine(day, datetime.time(), zone)


class Directory:
    """The registers seen so far, by number. `freshness.py` brings changes in."""

    def __init__(self) -> None:
        self._registers: dict[str, Register] = {}

    def get(self, number: str) -> Register | None:
        return self._registers.get(number)

    def unseen(self, numbers: Iterable[str]) -> set[str]:
        return {number for number in numbers if number not in self._registers}

    def add(self, entries: Mapping[str, DirectoryEntry]) -> None:
        for number, entry in entries.items():
            self._registers[number] = Register(
                merchant_id=entry.merchant_id,
                sko_id=entry.sko_id,
                since_us=tuple(placement.since_us for placement in entry.placements),
                outlet_ids=tuple(placement.outlet_id for placement in entry.placements),
                zones=tuple(ZoneInfo(placement.time_zone) for placement in entry.placements),
                settings_version=entry.settings_version,
            )

    def refresh(self, entries: Mapping[str, DirectoryEntry]) -> None:
        """Take over changed entries of registers already seen."""
        self.add({number: entry for number, entry in entries.items() if number in self._registers})
