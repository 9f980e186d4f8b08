"""The filters that pages share: what is understood, and what is said about the rest."""

import datetime
from collections.abc import Iterator

import pytest
from flask import Flask
from werkzeug.datastructures import MultiDict

from sql.outlets import Outlet
from sql.skos import Sko
from tests.shop import today
from webapp.filters import HOME_NAMES, Filters, parse_filters
from webapp.periods import PRESETS, Period, preset

OUTLETS = [Outlet(1, "Магазин 1", "Минск", "Europe/Minsk"), Outlet(2, "Магазин 2", "Лондон", "Europe/London")]


@pytest.fixture(autouse=True)
def in_english(app: Flask) -> Iterator[None]:
    with app.test_request_context(headers={"Cookie": "language=en"}):
        yield


SKOS = [Sko(1, 1, "300000001", 1, "smart"), Sko(1, 2, "ABC", 2, "smart_x")]


def parse(query: list[tuple[str, str]]) -> Filters:
    return parse_filters(MultiDict(query), OUTLETS, names=HOME_NAMES)


def parse_all(*query: tuple[str, str], default_period: str | None = "week", days_max: int | None = None) -> Filters:
    return parse_filters(MultiDict(query), OUTLETS, SKOS, default_period, days_max=days_max)


def test_without_a_query_it_is_today_everywhere() -> None:
    filters = parse([])
    assert filters.day == filters.today == today()
    assert (filters.outlet_ids, filters.problems, filters.query()) == ((), {}, {})
    assert filters.zone == "Europe/Minsk"
    assert filters.zones == {"Europe/Minsk", "Europe/London"}


def test_date_and_outlets_are_understood() -> None:
    filters = parse([("date", "2024-02-29"), ("outlet", "2"), ("outlet", "1"), ("outlet", "2")])
    assert filters.day == datetime.date(2024, 2, 29)
    assert filters.outlet_ids == (1, 2)
    assert [outlet.name for outlet in filters.told_outlets] == ["Магазин 1", "Магазин 2"]
    assert filters.problems == {}


def test_empty_fields_of_a_form_mean_nothing() -> None:
    filters = parse([("date", ""), ("outlet", " ")])
    assert (filters.day, filters.outlet_ids, filters.problems, filters.query()) == (today(), (), {}, {})


@pytest.mark.parametrize(
    "text",
    [
        "yesterday",
        "2024-02-30",
        "2024-2-3",
        "20240203",
        "2024-W06-6",
        "２０２４-02-03",
        "2024-02-03T00:00",
        "0",
        "\0",
        "9" * 5000,
    ],
)
def test_nonsense_date_is_explained_and_kept(text: str) -> None:
    filters = parse([("date", text)])
    assert filters.problems == {"date": f"There is no such date: write it like {today()}."}
    assert filters.date_text("date", filters.day) == text
    assert not filters.is_date(text)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("9999-12-31", "This day has not come yet."),
        ("1900-01-01", "There are no documents before 1 Jan 2000."),
        ("0002-11-24", "There are no documents before 1 Jan 2000."),
    ],
)
def test_day_out_of_reach_is_explained_and_kept(text: str, sentence: str) -> None:
    filters = parse([("date", text)])
    assert filters.problems == {"date": sentence}
    assert filters.date_text("date", filters.day) == text
    assert filters.is_date(text)


def test_tomorrow_has_not_come_yet() -> None:
    assert "date" in parse([("date", str(today() + datetime.timedelta(days=1)))]).problems


def test_two_dates_are_one_too_many() -> None:
    assert parse([("date", "2024-02-03"), ("date", "2024-02-04")]).problems == {"date": "Choose one date."}


@pytest.mark.parametrize("text", ["3", "-1", "01", "1.0", "٣", "Магазин 1", "1; DROP TABLE outlet", "9" * 5000])
def test_unknown_outlet_is_explained_and_kept(text: str) -> None:
    filters = parse([("outlet", text)])
    assert filters.problems == {"outlet": "You have no such outlet: choose one from the list."}
    assert filters.typed["outlet"] == [text]


def test_neighbours_of_a_day_stop_where_there_is_nothing() -> None:
    assert parse([]).next_day is None
    assert parse([("date", "2000-01-01")]).previous_day is None
    day = parse([("date", "2024-03-01")])
    assert (day.previous_day, day.next_day) == (datetime.date(2024, 2, 29), datetime.date(2024, 3, 2))


def test_links_keep_the_outlet_and_name_no_date_for_today() -> None:
    filters = parse([("date", "2024-03-01"), ("outlet", "2")])
    assert filters.query() == {"date": ["2024-03-01"], "outlet": ["2"]}
    assert filters.of_day(datetime.date(2024, 2, 29)) == {"outlet": ["2"], "date": ["2024-02-29"]}
    assert filters.of_day(today()) == {"outlet": ["2"]}


DAY = datetime.timedelta(days=1)
WEDNESDAY = datetime.date(2026, 5, 20)


@pytest.mark.parametrize(
    ("name", "first", "last"),
    [
        ("today", "2026-05-20", "2026-05-20"),
        ("yesterday", "2026-05-19", "2026-05-19"),
        ("week", "2026-05-14", "2026-05-20"),
        ("month", "2026-05-01", "2026-05-20"),
        ("quarter", "2026-04-01", "2026-05-20"),
        ("year", "2026-01-01", "2026-05-20"),
    ],
)
def test_a_named_period_ends_today(name: str, first: str, last: str) -> None:
    period = preset(name, WEDNESDAY)
    assert (period.first.isoformat(), period.last.isoformat()) == (first, last)


def test_the_previous_period_is_as_long_and_ends_just_before() -> None:
    assert Period(WEDNESDAY, WEDNESDAY).previous == Period(WEDNESDAY - DAY, WEDNESDAY - DAY)
    leap_month = Period(datetime.date(2024, 3, 1), datetime.date(2024, 3, 29))
    assert leap_month.days == leap_month.previous.days == 29
    assert leap_month.previous.last == datetime.date(2024, 2, 29)


@pytest.mark.parametrize("name", PRESETS)
def test_periods_by_name(name: str) -> None:
    filters = parse_all(("period", name), ("from", "2020-01-01"), ("to", "nonsense"))
    assert (filters.period, filters.preset, filters.problems) == (preset(name, today()), name, {})


def test_without_a_period_it_is_the_page_s_own() -> None:
    assert parse_all().period == preset("week", today())
    assert parse_all().preset == "week"
    assert parse_all(default_period=None).period is None
    assert parse_all(("period", "own")).period == preset("week", today())
    assert parse_all(("period", "own")).preset == "own"


@pytest.mark.parametrize(
    ("query", "first", "last"),
    [
        ([("from", "2024-02-28"), ("to", "2024-03-01")], "2024-02-28", "2024-03-01"),
        ([("from", "2024-02-28"), ("to", "2024-03-01"), ("period", "own")], "2024-02-28", "2024-03-01"),
        ([("date", "2024-02-29")], "2024-02-29", "2024-02-29"),
        ([("from", "2024-02-28")], "2024-02-28", None),
        ([("to", "2024-02-28")], "2000-01-01", "2024-02-28"),
    ],
)
def test_periods_by_their_days(query: list[tuple[str, str]], first: str, last: str | None) -> None:
    filters = parse_all(*query)
    assert filters.problems == {}
    assert filters.period is not None
    assert filters.period.first.isoformat() == first
    assert filters.period.last.isoformat() == (last or today().isoformat())
    assert filters.preset == "own"


@pytest.mark.parametrize(
    ("query", "field", "sentence"),
    [
        ([("period", "decade")], "period", "There is no such period: choose one from the list."),
        ([("from", "2024-02-30")], "from", "There is no such date"),
        ([("to", "9999-01-01")], "to", "This day has not come yet."),
        ([("from", "2024-02-02"), ("to", "2024-02-01")], "to", "The period ends before it starts."),
        ([("from", "2022-01-01"), ("to", "2024-02-01")], "from", "Choose at most 366 days."),
        ([("date", "0")], "date", "There is no such date"),
        ([("sko", "300000002")], "sko", "You have no register with such a number."),
        ([("sko", "x" * 10_000)], "sko", "You have no register with such a number."),
        ([("type", "sale"), ("type", "gift")], "type", "There is no such choice"),
        ([("payment", "gold")], "payment", "There is no such choice"),
        ([("currency", "byn")], "currency", "There is no such choice"),
        ([("state", "lost")], "state", "There is no such choice"),
        ([("q", "0")], "q", "Write the number of a document"),
        ([("q", "9" * 16)], "q", "Write the number of a document"),
        ([("q", "9" * 10_000)], "q", "Write the number of a document"),
        ([("q", "0123456789ABCDEF0123456G")], "q", "Write the number of a document"),
        ([("q", "'; DROP TABLE document")], "q", "Write the number of a document"),
        ([("cashier", "x" * 65)], "cashier", "A cashier's name has at most 64 characters."),
        ([("cashier", "a\0b")], "cashier", "A cashier's name has no such characters."),
        ([("min", "-1")], "min", "A sum is never negative."),
        ([("min", "\N{MINUS SIGN}0.01")], "min", "A sum is never negative."),
        ([("max", "1e3")], "max", "Write a sum like 59.78."),
        ([("max", "1.234")], "max", "Write a sum like 59.78."),
        ([("max", "10000000000.01")], "max", "No document is that large."),
        ([("min", "2"), ("max", "1.99")], "max", "The largest sum is less than the smallest."),
    ],
)
def test_what_is_wrong_is_said_beside_its_field(query: list[tuple[str, str]], field: str, sentence: str) -> None:
    filters = parse_all(*query, days_max=366)
    assert list(filters.problems) == [field]
    assert filters.problems[field].startswith(sentence)
    assert filters.typed[field][-1] == [text for name, text in query if name == field][-1]
    assert filters.period == preset("week", today())
    nothing = (filters.sko_ids, filters.types, filters.payments, filters.currency, filters.number, filters.uid)
    assert nothing == ((), (), (), None, None, None)


def test_registers_are_chosen_by_number_one_by_one_or_in_a_row() -> None:
    assert parse_all(("sko", "abc"), ("sko", "300000001")).sko_ids == (1, 2)
    assert parse_all(("sko", " 300000001, ABC;")).sko_ids == (1, 2)
    assert parse_all(("sko", "ABC")).chosen_numbers == ["ABC"]


def test_registers_of_the_chosen_outlets_are_listed_beside_those_chosen_already() -> None:
    assert [number for number, _ in parse_all().listed_skos] == ["300000001", "ABC"]
    assert [number for number, _ in parse_all(("outlet", "1")).listed_skos] == ["300000001"]
    assert [number for number, _ in parse_all(("outlet", "1"), ("sko", "ABC")).listed_skos] == ["300000001", "ABC"]
    many = [Sko(1, sko_id, str(sko_id), 1, "smart") for sko_id in range(1, 52)]
    assert parse_filters(MultiDict(), OUTLETS, many).listed_skos == []


@pytest.mark.parametrize("text", ["242", "№242", "№ 242", " 2 4 2 ", "#242"])
def test_a_number_is_found_in_the_search_box(text: str) -> None:
    assert (parse_all(("q", text)).number, parse_all(("q", text)).uid) == (242, None)


def test_a_uid_is_found_in_the_search_box() -> None:
    filters = parse_all(("q", "0123 4567 89ab cdef 0123 4567"))
    assert (filters.number, filters.uid) == (None, "0123456789ABCDEF01234567")


@pytest.mark.parametrize(
    ("text", "minor"),
    [("59.78", 5978), ("59,78", 5978), ("59,7", 5970), ("59", 5900), ("1\N{NO-BREAK SPACE}234,50", 123450)],
)
def test_amounts_as_people_write_them(text: str, minor: int) -> None:
    filters = parse_all(("min", text), ("max", text))
    assert (filters.min_minor, filters.max_minor, filters.problems) == (minor, minor, {})


def test_choices_are_understood_in_the_order_of_the_lists() -> None:
    filters = parse_all(
        ("type", "refund"), ("type", "sale"), ("payment", "other"), ("payment", "cash"), ("currency", "USD"),
        ("state", "refused"), ("discount", "1"), ("cashier", " Иванова "),
    )  # fmt: skip
    assert (filters.types, filters.payments) == (("sale", "refund"), ("cash", "other"))
    assert (filters.currency, filters.state, filters.discounted, filters.cashier) == ("USD", "refused", True, "Иванова")


def test_a_query_is_changed_name_by_name() -> None:
    filters = parse_all(("outlet", "1"), ("type", "sale"), ("q", " "))
    assert filters.query() == {"outlet": ["1"], "type": ["sale"]}
    assert filters.query(type=None, after="x") == {"outlet": ["1"], "after": "x"}
