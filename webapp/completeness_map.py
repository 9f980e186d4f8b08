"""Is everything here? Of each register the numbers that are there, late, missing, in quarantine or contradicted."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from flask_babel import lazy_gettext as _

from sql import intervals
from sql.completeness import Marked, marked_numbers, numbers_of_period
from sql.engine import Connection
from sql.instants import now_us
from sql.intervals import Interval
from sql.number_runs import NOTHING, Stored, stored_numbers
from sql.skos import Sko
from webapp.filters import Filters
from webapp.report_filters import times_of
from webapp.sko_words import Sign

COLUMNS = 120  # of a strip: as fine as the eye can tell
# From the best to the worst; a register is called by its worst, and so is each column of its strip.
STATES = {
    "complete": Sign(_("Complete"), "check", "good"),
    "late": Sign(_("Late, but here"), "clock", ""),
    "conflicting": Sign(_("Contradicted"), "alert-triangle", "careful"),
    "quarantined": Sign(_("In quarantine"), "alert-triangle", "careful"),
    "missing": Sign(_("Missing"), "alert-triangle", "bad"),
}
RANKS = {name: place for place, name in enumerate(STATES)}


class Mark(NamedTuple):
    """A part of a strip, in columns."""

    state: str
    first: int
    width: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterMap:
    """The numbers of a register in a period, as intervals in order; those that are not in the others are there.

    `invalid_us` is when the first of the documents in quarantine, or of the contradicting ones, was received.
    """

    sko: Sko
    expected: Sequence[Interval]
    missing: Sequence[Interval]
    late: Sequence[Interval]
    quarantined: Sequence[Interval]
    conflicting: Sequence[Interval]
    invalid_us: int | None

    @property
    def is_silent(self) -> bool:
        """Whether the register has issued nothing."""
        return not self.expected

    @property
    def state(self) -> str:
        """The worst of STATES that it has."""
        return next((name for name in reversed(STATES) if name != "complete" and self.numbers(name)), "complete")

    def numbers(self, state: str) -> Sequence[Interval]:
        return {
            "late": self.late,
            "conflicting": self.conflicting,
            "quarantined": self.quarantined,
            "missing": self.missing,
        }[state]

    def count(self, state: str) -> int:
        return intervals.size(self.numbers(state))

    @property
    def expected_count(self) -> int:
        return intervals.size(self.expected)

    @property
    def present_count(self) -> int:
        return self.expected_count - self.count("missing") - self.count("quarantined")

    @property
    def strip(self) -> list[Mark]:
        """The numbers drawn to scale, in COLUMNS columns, what is complete left out."""
        columns = [0] * COLUMNS
        for state, rank in RANKS.items():
            if rank:
                for first, last in self._columns(self.numbers(state)):
                    columns[first : last + 1] = [max(rank, before) for before in columns[first : last + 1]]
        return list(_marks(columns))

    def _columns(self, numbers: Sequence[Interval]) -> Iterable[tuple[int, int]]:
        total, before, place = self.expected_count, 0, 0
        for span in self.expected:
            while place < len(numbers) and numbers[place].first <= span.last:
                first, last = (before + number - span.first for number in numbers[place])
                yield first * COLUMNS // total, last * COLUMNS // total
                place += 1
            before += span.size


def _marks(columns: Sequence[int]) -> Iterable[Mark]:
    names = tuple(STATES)
    start = 0
    for place in range(1, len(columns) + 1):
        if place == len(columns) or columns[place] != columns[start]:
            if columns[start]:
                yield Mark(names[columns[start]], start, place - start)
            start = place


def map_of(connection: Connection, merchant_id: int, filters: Filters, skos: Sequence[Sko]) -> list[RegisterMap]:
    """The maps of these registers, the worst first. Four short queries, however many documents there are."""
    since_us, until_us = times_of(filters)
    ids = [sko.sko_id for sko in skos]
    within = {"sko_ids": ids if len(ids) == 1 else (), "outlet_ids": filters.outlet_ids}
    expected = numbers_of_period(connection, merchant_id, since_us, until_us, **within)
    stored = stored_numbers(connection, merchant_id, ids)
    incomplete = [sko_id for sko_id, its in expected.items() if intervals.without(its, stored.get(sko_id, NOTHING).all)]
    marked = marked_numbers(connection, merchant_id, since_us, incomplete=incomplete, **within)
    is_open = until_us > now_us()
    maps = [
        register_map(
            sko,
            expected.get(sko.sko_id, []),
            stored.get(sko.sko_id, NOTHING),
            marked.get(sko.sko_id, Marked({}, {})),
            is_open=is_open,
        )
        for sko in skos
    ]
    return sorted(maps, key=lambda each: (-RANKS[each.state], each.is_silent, each.sko.number))


def register_map(
    sko: Sko, expected: Sequence[Interval], stored: Stored, marked: Marked, *, is_open: bool
) -> RegisterMap:
    """`is_open`: the period is not over, so that what is in quarantine behind the last document belongs to it too.

    As does to the period of the first document what is in quarantine before it.
    """
    first, last = (stored.all[0][0], stored.all[-1][1]) if stored.all else (0, 0)
    begins = any(numbers.first <= first for numbers in expected)
    beyond = [
        (number, number) for number in marked.quarantined if (is_open and number > last) or (begins and number < first)
    ]
    expected = intervals.union([*expected, *beyond])
    absent = intervals.without(expected, stored.all)
    quarantined = intervals.common(absent, _as_intervals(marked.quarantined))
    conflicting = intervals.common(expected, _as_intervals(marked.conflicting))
    received = (
        numbers[number]
        for its, numbers in ((quarantined, marked.quarantined), (conflicting, marked.conflicting))
        for first, last in its
        for number in range(first, last + 1)
    )
    return RegisterMap(
        sko=sko,
        expected=expected,
        missing=intervals.without(absent, quarantined),
        late=intervals.common(expected, stored.late),
        quarantined=quarantined,
        conflicting=conflicting,
        invalid_us=min(received, default=None),
    )


def _as_intervals(numbers: Iterable[int]) -> list[Interval]:
    return intervals.union((number, number) for number in numbers)
