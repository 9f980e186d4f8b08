"""The three blocks of Reports: valid documents, invalid documents and events, each figure with the list it leads to."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from flask import url_for

from sql.document_counts import count_by_type
from sql.document_plans import Limits
from sql.document_summary import Summary, summarise
from sql.engine import Connection
from sql.event_reports import KindCounts, count_events
from sql.exports import Export
from sql.invalid_documents import ReasonCounts, count_invalid
from webapp.document_list import STATE_SIGNS
from webapp.document_search import search_of
from webapp.document_words import SIGNS
from webapp.filter_words import STATES, TYPES
from webapp.filters import Filters
from webapp.invalid_words import reason_of
from webapp.report_filters import days_query, event_search, invalid_search
from webapp.sko_words import EVENTS

COUNTED = Limits(window=100_000)  # of the documents that wait or are refused


class Line(NamedTuple):
    """A figure with what it counts and the list that it leads to; where not exact, there are at least so many."""

    name: str
    icon: str
    tone: str
    number: int
    address: str
    is_exact: bool = True
    note: int | None = None


@dataclass(frozen=True, slots=True)
class Block:
    """A heading with its total, and what it consists of: `states` first, then kinds."""

    total: Line
    states: Sequence[Line]
    kinds: Sequence[Line]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reports:
    """All that the page knows; the blocks are None where the filters make no sense, or there are no outlets."""

    filters: Filters
    valid: Block | None = None
    invalid: Block | None = None
    events: Block | None = None
    exports: Sequence[Export] = ()
    zone: str = ""


def with_blocks(connection: Connection, merchant_id: int, reports: Reports) -> Reports:
    filters = reports.filters
    return replace(
        reports,
        valid=_valid(connection, merchant_id, filters),
        invalid=_invalid(count_invalid(connection, invalid_search(merchant_id, filters)), filters),
        events=_events(count_events(connection, event_search(merchant_id, filters)), filters),
    )


def _valid(connection: Connection, merchant_id: int, filters: Filters) -> Block:
    search = search_of(merchant_id, filters)
    counts = count_by_type(connection, search)
    waiting, refused = (
        summarise(connection, replace(search, state=state), COUNTED) for state in ("pending", "refused")
    )
    total, unsent = sum(counts.values()), _count(waiting) + _count(refused)
    states = (
        _state("sent", max(0, total - unsent), waiting.is_exact and refused.is_exact, filters),
        _state("pending", _count(waiting), waiting.is_exact, filters),
        _state("refused", _count(refused), refused.is_exact, filters),
    )
    address = url_for("documents.page", **days_query(filters))
    return Block(Line("", "", "", total, address), states, _types(counts, filters))


def _count(summary: Summary) -> int:
    return sum(row.count for row in summary.sums)


def _state(name: str, count: int, is_exact: bool, filters: Filters) -> Line:
    tone = {"sent": "good", "pending": "", "refused": "bad" if count else ""}[name]
    address = url_for("documents.page", **days_query(filters, state=name))
    return Line(str(STATES[name]), STATE_SIGNS[name], tone, count, address, is_exact)


def _types(counts: dict[str, int], filters: Filters) -> list[Line]:
    return [
        Line(str(TYPES[type_]), SIGNS[type_], "", count, url_for("documents.page", **days_query(filters, type=type_)))
        for type_, count in counts.items()
    ]


def _invalid(counts: ReasonCounts, filters: Filters) -> Block:
    total = sum(reason.documents for reason in counts.reasons)
    open_ = sum(reason.open_documents for reason in counts.reasons)

    def line(name: str, icon: str, tone: str, count: int, note: int | None = None, **chosen: str) -> Line:
        address = url_for("reports.invalid", **days_query(filters, **chosen))
        return Line(name, icon, tone, count, address, counts.is_exact, note)

    states = (
        line("open", "alert-triangle", "bad" if open_ else "", open_, only="open"),
        line("corrected", "check", "good", total - open_, only="corrected"),
    )
    kinds = [
        line(str(reason_of(each.code).name), "", "", each.documents, each.open_documents, code=each.code)
        for each in counts.reasons
    ]
    return Block(line("", "", "", total), states, kinds)


def _events(found: KindCounts, filters: Filters) -> Block:
    def line(count: int, kind: str | None = None) -> Line:
        address = url_for("reports.events", **days_query(filters, kind=kind))
        sign = EVENTS[kind] if kind else None
        name, icon, tone = (str(sign.name), sign.icon, sign.tone) if sign else ("", "", "")
        return Line(name, icon, tone, count, address, found.is_exact)

    kinds = [line(count, kind) for kind, count in found.counts.items()]
    return Block(line(sum(found.counts.values())), (), kinds)
