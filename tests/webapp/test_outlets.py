"""Outlets: the list and its search, the dialog with all that is known, and what an owner changes."""

import datetime
import re
from html import unescape

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from sql.engine import reading, writing
from sql.outlet_details import OutletDetails, change_outlet, outlet_details
from sql.outlets import Outlet, add_outlet
from tests.accounts import TestMerchant, csrf_token, make_merchant
from tests.people import add_person, browser_of, journal_of
from tests.shop import document, open_outlets, store, today
from tests.webapp.conftest import CountQueries
from tests.webapp.reading import AS_HTMX
from webapp import outlets as outlet_pages
from webapp.outlet_search import outlets_like

QUERIES_OF_THE_LIST = 3  # session, outlets, registers by outlet
QUERIES_OF_THE_DIALOG = 5  # and the outlet's details, the days of its week
PLACES = (
    ("Универсам", "Минск, пр. Независимости, 12"),
    ("Киоск «Ёлка»", "Могилёв, ул. Первомайская, 12а"),
    ("Павильон", "Брэст, вул. Савецкая, 4/1"),
)
FORM = {"time_zone": "Europe/Minsk", "contact_name": "", "contact_phone": ""}


@pytest.fixture
def merchant(engine: sa.Engine) -> TestMerchant:
    merchant = make_merchant(engine)
    open_outlets(engine, merchant.merchant_id, ("Универсам",))
    with writing(engine) as connection:
        for name, address in PLACES[1:]:
            add_outlet(connection, merchant.merchant_id, name=name, address=address)
    return merchant


@pytest.fixture
def owner(app: Flask, engine: sa.Engine, merchant: TestMerchant) -> FlaskClient:
    """The browser of the owner, in English."""
    return in_english(browser_of(app, engine, merchant.account_id, merchant.merchant_id))


def in_english(client: FlaskClient) -> FlaskClient:
    client.set_cookie("language", "en")
    return client


def text_of(response: TestResponse) -> str:
    """What a reader reads."""
    html = re.sub(r"<[^>]+>", " ", response.get_data(as_text=True))
    return " ".join(unescape(html).replace("\N{NO-BREAK SPACE}", " ").split())


def details(engine: sa.Engine, merchant: TestMerchant, outlet_id: int = 1) -> OutletDetails:
    with reading(engine) as connection:
        found = outlet_details(connection, merchant.merchant_id, outlet_id)
    assert found
    return found


def save(client: FlaskClient, outlet_id: int = 1, **form: str) -> TestResponse:
    hidden = hidden_fields(client, outlet_id)
    return client.post(f"/outlets/{outlet_id}/edit", data={**FORM, **hidden, **form})


def hidden_fields(client: FlaskClient, outlet_id: int = 1) -> dict[str, str]:
    """What the opened form sends along."""
    html = client.get(f"/outlets/{outlet_id}/edit").get_data(as_text=True)
    seen = re.search(r'name="seen" type="hidden" value="(\w+)"', html)
    assert seen
    return {"seen": seen[1], "csrf_token": csrf_token(client, f"/outlets/{outlet_id}/edit")}


# --- the list and its search -----------------------------------------------------------------------------------------


def test_the_list_has_name_address_id_and_registers(owner: FlaskClient, count_queries: CountQueries) -> None:
    with count_queries() as queries:
        text = text_of(owner.get("/outlets"))
    assert len(queries) == QUERIES_OF_THE_LIST
    assert "3 outlets" in text
    assert "Универсам Минск ID 1 1 register" in text
    assert "Киоск «Ёлка» Могилёв, ул. Первомайская, 12а ID 2 0 registers" in text


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("независимости", [1]),
        ("НЕЗАВ минск", [1]),
        ("12 независимости", [1]),
        ("12", [1, 2]),
        ("12а", [2]),
        ("могилев", [2]),
        ("МОГИЛЁВ", [2]),
        ("елка", [2]),
        ("ул перво", [2]),
        ("4/1", [3]),
        ("брэст, савец", [3]),
        ("зависимости", []),
        ("минск могилев", []),
        ("3", [3]),
        ("  ", [1, 2, 3]),
        ("%", [1, 2, 3]),
    ],
)
def test_search_takes_words_in_any_order_and_case_and_with_either_e(typed: str, expected: list[int]) -> None:
    known = [Outlet(place, name, address, "Europe/Minsk") for place, (name, address) in enumerate(PLACES, 1)]
    assert [outlet.outlet_id for outlet in outlets_like(known, typed)] == expected


def test_search_swaps_the_list_and_keeps_one_place_in_history(owner: FlaskClient) -> None:
    response = owner.get("/outlets?q=могилев", headers=AS_HTMX)
    assert response.headers["HX-Replace-Url"] == "/outlets?q=%D0%BC%D0%BE%D0%B3%D0%B8%D0%BB%D0%B5%D0%B2"
    text = text_of(response)
    assert text.startswith("1 outlet All outlets Киоск")
    assert "<html" not in response.get_data(as_text=True)


def test_search_without_a_result_says_how_to_go_on(owner: FlaskClient) -> None:
    text = text_of(owner.get("/outlets?q=Гомель"))
    assert "No outlet has such an address" in text
    assert "the beginnings of words are enough" in text


@pytest.mark.parametrize("typed", ["а" * 101, "a%00b", "%7f"])
@pytest.mark.parametrize("headers", [{}, AS_HTMX], ids=["page", "fragment"])
def test_nonsense_gets_a_sentence_beside_the_field(owner: FlaskClient, typed: str, headers: dict[str, str]) -> None:
    response = owner.get(f"/outlets?q={typed}", headers=headers)
    assert response.status_code == 400
    sentence = re.search(r'id="filter-q-problem"[^>]*>([^<]+)<', response.get_data(as_text=True))
    assert sentence
    assert sentence[1].startswith(("Write at most 100", "There are characters"))


def test_long_lists_show_their_beginning(owner: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outlet_pages, "ROWS_MAX", 2)
    first = text_of(owner.get("/outlets"))
    assert "3 outlets" in first
    assert "Павильон" not in first
    assert "Show all 3" in first
    assert "Павильон" in text_of(owner.get("/outlets?show=all"))
    assert owner.get("/outlets?show=some").status_code == 400


def test_a_company_without_outlets_is_told_so(app: Flask, engine: sa.Engine) -> None:
    merchant = make_merchant(engine)
    client = in_english(browser_of(app, engine, merchant.account_id, merchant.merchant_id))
    assert "No outlets and registers yet" in text_of(client.get("/outlets"))


# --- the dialog ------------------------------------------------------------------------------------------------------


def test_the_dialog_tells_all_that_is_known(
    owner: FlaskClient, engine: sa.Engine, merchant: TestMerchant, count_queries: CountQueries
) -> None:
    with writing(engine) as connection:
        change_outlet(
            connection,
            merchant.merchant_id,
            1,
            time_zone="Europe/Warsaw",
            opening_hours={"mon": ("09:00", "21:00"), "tue": ("09:00", "21:00"), "sun": ("00:00", "00:00")},
            contact_name="Ольга",
            contact_phone="+375291234567",
        )
    with count_queries() as queries:
        response = owner.get("/outlets/1", headers=AS_HTMX)
    assert len(queries) == QUERIES_OF_THE_DIALOG
    text = text_of(response)
    for words in (
        "Универсам Минск Registers here 1 ID 1",
        "Europe/Warsaw, UTC+0",
        "Mon–Tue: 09:00–21:00 Wed–Sat: Day off Sun: Round the clock",
        "Ольга +375 29 123-45-67",
        "No receipts in these seven days.",
    ):
        assert words in text
    assert 'href="tel:+375291234567"' in response.get_data(as_text=True)


def test_what_nobody_has_told_says_so(owner: FlaskClient) -> None:
    assert "Opening hours Not told Whom to call Not told" in text_of(owner.get("/outlets/2", headers=AS_HTMX))


def test_the_chart_has_the_week_of_this_outlet_alone(
    owner: FlaskClient, engine: sa.Engine, merchant: TestMerchant
) -> None:
    own, yesterday = merchant.merchant_id, today() - datetime.timedelta(days=1)
    open_outlets(engine, own, ("Другой",), first_sko=300000004)
    store(
        engine,
        document(own, "sale", 5_000, day=yesterday),
        document(own, "refund", 1_000, day=yesterday),
        document(own, "sale", 900_000, day=today() - datetime.timedelta(days=7)),
        document(own, "sale", 700_000, day=yesterday, outlet_id=4),
    )
    html = owner.get("/outlets/1", headers=AS_HTMX).get_data(as_text=True)
    assert re.findall(r'data-value="(-?\d+)"', html) == ["0"] * 5 + ["4000", "0"]
    assert "50.00" in html


def test_without_htmx_the_dialog_stands_over_its_list(owner: FlaskClient) -> None:
    html = owner.get("/outlets/2?q=минск").get_data(as_text=True)
    assert "<title>Киоск «Ёлка», Outlets" in html
    assert '<dialog class="dialog" id="outlet" aria-labelledby="outlet-title" open data-modal' in html
    assert 'data-back="/outlets?q=%D0%BC%D0%B8%D0%BD%D1%81%D0%BA"' in html
    assert 'id="outlet-1"' in html


def test_there_is_no_dialog_of_nothing(owner: FlaskClient) -> None:
    for address in ("/outlets/4", "/outlets/0", "/outlets/99999999999", "/outlets/one", "/outlets/4/edit"):
        assert owner.get(address).status_code == 404


def test_only_owners_are_offered_to_edit(app: Flask, engine: sa.Engine, merchant: TestMerchant) -> None:
    account_id = add_person(engine, merchant.merchant_id, "m@romashka.by", "manager", outlet_ids=[1])
    manager = in_english(browser_of(app, engine, account_id, merchant.merchant_id))
    assert "/outlets/1/edit" not in manager.get("/outlets/1").get_data(as_text=True)
    assert manager.get("/outlets/2").status_code == 404
    assert "Киоск" not in text_of(manager.get("/outlets"))
    assert manager.get("/outlets/1/edit").status_code == 403


# --- editing ---------------------------------------------------------------------------------------------------------


def test_an_owner_sets_time_zone_hours_and_contact(
    owner: FlaskClient, engine: sa.Engine, merchant: TestMerchant
) -> None:
    hours = {"mon-from": "09:00", "mon-to": "21:00", "sat-from": "18:00", "sat-to": "02:00"}
    response = save(owner, time_zone="Europe/Vilnius", contact_name=" Ольга ", contact_phone="8 029 123 45 67", **hours)
    assert (response.status_code, response.location) == (303, "/outlets")
    found = details(engine, merchant)
    assert found.time_zone == "Europe/Vilnius"
    assert found.opening_hours == {"mon": ("09:00", "21:00"), "sat": ("18:00", "02:00")}
    assert (found.contact_name, found.contact_phone) == ("Ольга", "+375291234567")
    assert "Saved: Универсам." in text_of(owner.get("/outlets"))
    assert journal_of(engine, merchant.merchant_id) == [(merchant.email, "outlet_changed", "Универсам")]
    line = text_of(owner.get("/journal"))
    assert "time zone, opening hours, whom to call, phone of the outlet" in line
    assert "Europe/Vilnius" in line


def test_the_form_shows_what_is_kept(owner: FlaskClient) -> None:
    save(owner, contact_phone="+375291234567", **{"tue-from": "08:30", "tue-to": "17:00"})
    html = owner.get("/outlets/1/edit").get_data(as_text=True)
    assert 'name="tue-from" value="08:30"' in html
    assert 'value="+375 29 123-45-67"' in html
    assert "Another one applies to documents that arrive from now on" in text_of(owner.get("/outlets/1/edit"))


def test_saving_without_a_change_is_no_line_in_the_journal(
    owner: FlaskClient, engine: sa.Engine, merchant: TestMerchant
) -> None:
    assert save(owner).status_code == 303
    assert journal_of(engine, merchant.merchant_id) == []


@pytest.mark.parametrize(
    ("form", "sentence"),
    [
        ({"time_zone": "Europe/Atlantis"}, "There is no such time zone"),
        ({"time_zone": ""}, "There is no such time zone"),
        ({"time_zone": "../../etc/passwd"}, "There is no such time zone"),
        ({"mon-from": "09:00"}, "Write both times"),
        ({"mon-from": "9", "mon-to": "21:00"}, "Write times like 09:00"),
        ({"mon-from": "09:00", "mon-to": "24:00"}, "Write times like 09:00"),
        ({"contact_phone": "12"}, "Enter the whole number"),
        ({"contact_name": "а" * 129}, "Write at most 128"),
        ({"contact_name": "a\nb"}, "There are characters"),
    ],
)
def test_mistakes_come_back_with_a_sentence_and_change_nothing(
    owner: FlaskClient, engine: sa.Engine, merchant: TestMerchant, form: dict[str, str], sentence: str
) -> None:
    before = details(engine, merchant)
    response = save(owner, **form)
    assert response.status_code == 422
    assert sentence in text_of(response)
    assert details(engine, merchant) == before


def test_what_was_typed_comes_back_with_the_mistake(owner: FlaskClient) -> None:
    typed = {"contact_name": "Ольга", "contact_phone": "12", "mon-from": "09:00", "tue-from": "8", "tue-to": "17:00"}
    html = save(owner, **typed).get_data(as_text=True)
    for name, text in typed.items():
        assert re.search(rf'name="{name}"[^>]* value="{text}"', html), name


def test_of_two_who_edit_at_once_the_second_reads_what_the_first_has_saved(
    owner: FlaskClient, engine: sa.Engine, merchant: TestMerchant
) -> None:
    hidden = hidden_fields(owner)
    assert save(owner, contact_name="Анна", time_zone="Europe/Vilnius").status_code == 303  # in another window
    response = owner.post("/outlets/1/edit", data={**FORM, **hidden, "contact_name": "Ольга"})
    assert response.status_code == 409
    assert "differs from this page in: time zone, whom to call." in text_of(response)
    assert 'value="Ольга"' in response.get_data(as_text=True)
    assert details(engine, merchant).contact_name == "Анна"
    again = re.search(r'name="seen" type="hidden" value="(\w+)"', response.get_data(as_text=True))
    assert again
    response = owner.post("/outlets/1/edit", data={**FORM, **hidden, "seen": again[1], "contact_name": "Ольга"})
    assert response.status_code == 303
    found = details(engine, merchant)
    assert (found.contact_name, found.time_zone) == ("Ольга", FORM["time_zone"])


def test_of_two_who_write_the_same_nobody_is_bothered(owner: FlaskClient) -> None:
    hidden = hidden_fields(owner)
    save(owner, contact_name="Анна")
    assert owner.post("/outlets/1/edit", data={**FORM, **hidden, "contact_name": "Анна"}).status_code == 303


def test_documents_are_found_on_their_day_also_when_the_outlet_has_another_time_zone_since(
    owner: FlaskClient, engine: sa.Engine, merchant: TestMerchant
) -> None:
    day = datetime.date(2024, 5, 15)
    store(engine, document(merchant.merchant_id, "sale", 5978, day=day))
    for time_zone in ("Pacific/Kiritimati", "Pacific/Honolulu"):
        for outlet_id in (1, 2, 3):
            save(owner, outlet_id, time_zone=time_zone)
        assert "59.78 BYN" in text_of(owner.get(f"/documents?date={day}"))
        assert "59.78 BYN" in text_of(owner.get(f"/?date={day}"))
