"""Shifts as pages show them: what the Z-report says beside our recomputation, and what explains a difference."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from flask_babel import lazy_gettext as _
from flask_babel.speaklater import LazyString

from sql import intervals
from sql.engine import Connection
from sql.intervals import Interval
from sql.invalid_documents import Invalid, invalid_of_numbers
from sql.number_runs import NOTHING, stored_numbers
from sql.shift_checks import Checked, Counted, Stray, check_shifts, find_shift, shifts_of, strays_of
from sql.skos import Sko
from sql.tables import CURRENCIES
from webapp.invalid_page import what_is_said
from webapp.invalid_words import reason_of
from webapp.scope import Reach
from webapp.sko_words import Sign

SHIFTS_MAX = 100
LISTED_MAX = 100
STATES = {
    "open": Sign(_("Not closed yet"), "clock", ""),
    "unclosed": Sign(_("The Z-report is missing"), "alert-triangle", "careful"),
    "differs": Sign(_("Differs"), "alert-triangle", "bad"),
    "agrees": Sign(_("Agrees"), "check", "good"),
}
# What is compared, in the order in which a Z-report has it: counts, and amounts in the shift's currency.
LINES: tuple[tuple[str, LazyString], ...] = (
    ("sales_count", _("Sales, receipts")),
    ("sales_minor", _("Sales")),
    ("sales_cash_minor", _("Sales in cash")),
    ("sales_cashless_minor", _("Cashless sales")),
    ("sales_other_minor", _("Sales by other means")),
    ("refunds_count", _("Refunds, receipts")),
    ("refunds_minor", _("Refunds")),
    ("rollbacks_count", _("Annulments, receipts")),
    ("rollbacks_minor", _("Annulments")),
    ("deposits_count", _("Deposits, documents")),
    ("deposits_minor", _("Deposits")),
    ("withdrawals_count", _("Withdrawals, documents")),
    ("withdrawals_minor", _("Withdrawals")),
    ("payouts_count", _("Payouts, documents")),
    ("payouts_minor", _("Payouts against cards")),
)


class Compared(NamedTuple):
    """A line of the comparison; `said` is None as long as there is no Z-report."""

    name: LazyString
    is_money: bool
    said: int | None
    counted: int

    @property
    def difference(self) -> int:
        return self.counted - self.said if self.said is not None else 0


class InQuarantine(NamedTuple):
    """A document of the shift that is invalid: its reason, and what it says that it is."""

    document: Invalid
    reason: LazyString
    what: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ShiftPage:
    """A shift with the documents that explain why it differs, at most LISTED_MAX of each kind."""

    sko: Sko
    zone: str
    checked: Checked
    missing: Sequence[Interval]
    invalid: Sequence[InQuarantine]
    strays: Sequence[Stray]

    @property
    def state(self) -> str:
        return state_of(self.checked)

    @property
    def by_currency(self) -> list[tuple[str, list[Compared]]]:
        """BYN first; the lines in which anything happened."""
        lines = ((currency, list(compared(self.checked, currency))) for currency in CURRENCIES)
        return [(currency, rows) for currency, rows in lines if rows]

    @property
    def is_explained(self) -> bool:
        return bool(self.missing or self.invalid or self.strays)


def state_of(checked: Checked) -> str:
    if not checked.is_closed:
        return "open" if checked.shift.is_last else "unclosed"
    return "differs" if checked.differs else "agrees"


def compared(checked: Checked, currency: str) -> Iterator[Compared]:
    nothing = Counted()
    said, counted = checked.said.get(currency, nothing), checked.counted.get(currency, nothing)
    for name, words in LINES:
        its, ours = getattr(said, name), getattr(counted, name)
        if its or ours:
            yield Compared(words, name.endswith("_minor"), its if checked.is_closed else None, ours)


def shifts_in(
    connection: Connection, reach: Reach, sko: Sko, since_us: int, until_us: int
) -> tuple[list[Checked], bool]:
    """The last shifts of a period that the reader may see, the latest first: all of their documents must be in reach.

    And whether the period has more of them than SHIFTS_MAX.
    """
    found = shifts_of(connection, reach.merchant_id, sko.sko_id, since_us, until_us, SHIFTS_MAX + 1)
    checked = check_shifts(connection, found[:SHIFTS_MAX])
    return [each for each in checked if _sees(reach, each)], len(found) > SHIFTS_MAX


def _sees(reach: Reach, checked: Checked) -> bool:
    return reach.limit is None or (bool(checked.outlet_ids) and all(map(reach.sees, checked.outlet_ids)))


def shift_page(connection: Connection, reach: Reach, sko: Sko, number: int) -> ShiftPage | None:
    """The shift of this number, if the reader may see it."""
    found = find_shift(connection, reach.merchant_id, sko.sko_id, number)
    if found is None or found.numbers is None:
        return None
    [checked] = check_shifts(connection, [found])
    if not _sees(reach, checked):
        return None
    numbers = found.numbers
    stored = stored_numbers(connection, reach.merchant_id, [sko.sko_id]).get(sko.sko_id, NOTHING)
    invalid = invalid_of_numbers(connection, reach.merchant_id, sko.sko_id, numbers, LISTED_MAX)
    invalid = [each for each in invalid if reach.limit is None or reach.sees(each.outlet_id or 0)]
    kept = intervals.union((each.number, each.number) for each in invalid if each.number is not None)
    absent = intervals.without([numbers], stored.all)
    outlet = next(iter(reach.outlets(connection, sorted(checked.outlet_ids))), None)
    return ShiftPage(
        sko=sko,
        zone=outlet.time_zone if outlet else reach.zone(connection),
        checked=checked,
        missing=intervals.without(absent, kept)[:LISTED_MAX],
        invalid=[InQuarantine(each, reason_of(each.code).name, what_is_said(each.body)) for each in invalid],
        strays=strays_of(connection, found, LISTED_MAX),
    )
