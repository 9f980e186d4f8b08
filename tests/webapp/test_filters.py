"""The filters that pages share: what is understood, and what is said about the rest."""

import datetime
from collections.abc import Iterator

import pytest
from flask import Flask
from werkzeug.datastructures import MultiDict

from sql.outlets import Outlet
from tests.shop import today
from webapp.filters import Filters, parse_filters

OUTLETS = [Outlet(1, "Магазин 1", "Минск", "Europe/Minsk"), Outlet(2, "Магазин 2", "Лондон", "Europe/London")]


@pytest.fixture(autouse=True)
def in_english(app: Flask) -> Iterator[None]:
    with app.test_request_context(headers={"Cookie": "language=en"}):
        yield


def parse(query: list[tuple[str, str]]) -> Filters:
    return parse_filters(MultiDict(query), OUTLETS)


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
    assert [outlet.name for outlet in filters.chosen_outlets] == ["Магазин 1", "Магазин 2"]
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
