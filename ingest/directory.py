"""Which register a number is: whose, standing where, in which time zone. Kept in memory, loaded as numbers turn up."""

import datetime
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from sql.skos import DirectoryEntry


@dataclass(frozen=True, slots=True)
class Register:
    merchant_id: int
    sko_id: int
    since_us: tuple[int, ...]  # when each placement began, oldest first
    outlet_ids: tuple[int, ...]
    zones: tuple[ZoneInfo, ...]

    def place(self, issued_at: datetime.datetime, issued_us: int) -> tuple[int, datetime.date]:
        """The outlet where the register stood then, and the business day there."""
        # The first placement counts for all time before it too.
        position = max(bisect_right(self.since_us, issued_us) - 1, 0) if len(self.since_us) > 1 else 0
        return self.outlet_ids[position], issued_at.astimezone(self.zones[position]).date()


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
            )

    def refresh(self, entries: Mapping[str, DirectoryEntry]) -> None:
        """Take over changed entries of registers already seen."""
        self.add({number: entry for number, entry in entries.items() if number in self._registers})
