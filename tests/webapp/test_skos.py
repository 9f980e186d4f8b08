"""Registers: the list with its filters, the page of one with all that is known, its events, and moving it."""

import datetime
import re
from html import unescape

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from sql.engine import reading, writing
from sql.events import NewEvent, insert_events
from sql.instants import DAY_US, HOUR_US, now_us, to_us
from sql.placements import move_sko
from sql.register_settings import save_settings, settle
from sql.sko_details import describe_sko
from sql.skos import add_sko, sko_by_number
from tests import till
from tests.accounts import TestMerchant, csrf_token, make_merchant
from tests.people import add_person, journal_of
from tests.shop import MINSK, open_outlets
from tests.webapp.conftest import CountQueries
from tests.webapp.reading import AS_HTMX, browser_in_english
from webapp import sko_events
from webapp import skos as sko_pages

QUERIES_OF_THE_LIST = 4  # session, outlets, registers, their states
# Session, register, its placements, outlets, device, state, drawer, last document, unsent, settings, events.
QUERIES_OF_A_REGISTER = 11
AT = datetime.datetime(2026, 3, 2, 9, tzinfo=MINSK)
NUMBER = "300000001"


@pytest.fixture
def merchant(engine: sa.Engine) -> TestMerchant:
    """Two outlets with a register each, and a third register at the second one."""
    merchant = make_merchant(engine)
    open_outlets(engine, merchant.merchant_id, ("Универсам", "Киоск"))
    with writing(engine) as connection:
        add_sko(connection, merchant.merchant_id, number="30000A12", outlet_id=2, model="smart_x")
    return merchant


def text_of(response: TestResponse) -> str:
    """What a reader reads."""
    html = re.sub(r"<[^>]+>", " ", response.get_data(as_text=True))
    return " ".join(unescape(html).replace("\N{NO-BREAK SPACE}", " ").split())


def listed(response: TestResponse) -> list[str]:
    """The numbers in the list."""
    return re.findall(r'class="line" href="/skos/([^"]+)"', response.get_data(as_text=True))


def report(engine: sa.Engine, merchant: TestMerchant, *events: tuple[int, str], detail: str | None = None) -> None:
    """Events of the first register: (instant, kind)."""
    with writing(engine) as connection:
        insert_events(connection, [NewEvent(merchant.merchant_id, 1, at, kind, detail, at) for at, kind in events])


def move(client: FlaskClient, outlet: str, number: str = NUMBER) -> TestResponse:
    token = csrf_token(client, f"/skos/{number}/move")
    return client.post(f"/skos/{number}/move", data={"csrf_token": token, "outlet": outlet})


# --- the list --------------------------------------------------------------------------------------------------------


def test_the_list_tells_how_each_register_is_doing(
    owner: FlaskClient, engine: sa.Engine, merchant: TestMerchant, count_queries: CountQueries
) -> None:
    report(engine, merchant, (to_us(AT), "offline"))
    till.ring_up(engine, till.common("shift_open", 1, sko="300000002", at=AT))
    with count_queries() as queries:
        text = text_of(owner.get("/skos"))
    assert len(queries) == QUERIES_OF_THE_LIST
    assert "3 registers" in text
    assert "300000001 iKassa Smart · Универсам No connection Seen 2 Mar 2026, 09:00" in text
    assert "300000002 iKassa Smart · Киоск Connected Shift open since 2 Mar 2026, 09:00" in text
    assert "30000A12 iKassa Smart X · Киоск Not seen yet" in text


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("q=0002", ["300000002"]),
        ("q=3000", ["300000001", "300000002", "30000A12"]),
        ("q=a1", ["30000A12"]),
        ("q=300 000 001", ["300000001"]),
        ("outlet=2", ["300000002", "30000A12"]),
        ("outlet=2&q=a12", ["30000A12"]),
        ("outlet=1&q=a12", []),
        ("q=%", ["300000001", "300000002", "30000A12"]),
    ],
)
def test_the_list_is_filtered_by_number_and_outlet(owner: FlaskClient, query: str, expected: list[str]) -> None:
    assert listed(owner.get(f"/skos?{query}")) == expected


def test_filtering_swaps_the_list_and_keeps_one_place_in_history(owner: FlaskClient) -> None:
    response = owner.get("/skos?q=0002&outlet=", headers=AS_HTMX)
    assert response.headers["HX-Replace-Url"] == "/skos?q=0002"
    assert listed(response) == ["300000002"]
    assert "<html" not in response.get_data(as_text=True)


@pytest.mark.parametrize("query", [f"q={'1' * 101}", "q=%00", "outlet=3", "outlet=one", "outlet=1&outlet=7"])
def test_nonsense_gets_a_sentence(owner: FlaskClient, query: str) -> None:
    response = owner.get(f"/skos?{query}")
    assert response.status_code == 400
    assert 'role="alert"' in response.get_data(as_text=True)
    assert listed(response) == []


def test_long_lists_show_their_beginning(owner: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sko_pages, "ROWS_MAX", 2)
    assert len(listed(owner.get("/skos"))) == 2
    assert "Show all 3" in text_of(owner.get("/skos"))
    assert len(listed(owner.get("/skos?show=all"))) == 3
    assert owner.get("/skos?show=some").status_code == 400


# --- one register ----------------------------------------------------------------------------------------------------


def test_the_page_of_a_register_has_everything_that_is_known(
    owner: FlaskClient, engine: sa.Engine, merchant: TestMerchant, count_queries: CountQueries
) -> None:
    with writing(engine) as connection:
        describe_sko(
            connection,
            merchant.merchant_id,
            1,
            serial_number="IK00012345",
            firmware="3.8.1",
            registered_us=to_us(AT),
            certificate_until_us=now_us() + 12 * DAY_US + HOUR_US,
        )
    till.ring_up(
        engine,
        till.common("shift_open", 1, at=AT),
        till.drawer("deposit", 2, 70_000, at=AT),
        till.sale(3, till.item("Хлеб", 5_978), at=AT),
    )
    with count_queries() as queries:
        text = text_of(owner.get(f"/skos/{NUMBER}"))
    assert len(queries) == QUERIES_OF_A_REGISTER
    for words in (
        "Register 300000001",
        "Cash in the drawer 759.78 BYN",
        "Outlet Универсам",
        "Shift Open since 2 Mar 2026, 09:00",
        "Last document № 3 Receipt “Sale in cash” for 59.78 BYN 2 Mar 2026, 09:00",
        "Unsent documents 3 wait to be sent",
        "Model iKassa Smart Serial number IK00012345 Firmware 3.8.1",
        "Registered with the state system 2 Mar 2026 Certificate valid until",
        "12 days left",
        "Settings No version applied yet",
        "The register has not reported anything yet.",
    ):
        assert words in text
    assert "Where it has stood" not in text


def test_a_certificate_that_is_over_is_bad_news(owner: FlaskClient, engine: sa.Engine, merchant: TestMerchant) -> None:
    known = {"serial_number": "", "firmware": "", "registered_us": None}
    with writing(engine) as connection:
        describe_sko(connection, merchant.merchant_id, 1, **known, certificate_until_us=to_us(AT))
    assert "Certificate valid until 2 Mar 2026, 09:00 It has expired" in text_of(owner.get(f"/skos/{NUMBER}"))


def test_versions_of_settings_lead_to_what_they_say_for_who_may_set_registers_up(
    app: Flask, owner: FlaskClient, engine: sa.Engine, merchant: TestMerchant
) -> None:
    with writing(engine) as connection:
        for seen in (None, 1):
            save_settings(connection, merchant.merchant_id, {1: (seen, b"{}")}, None)
        said = [NewEvent(merchant.merchant_id, 1, to_us(AT), "settings_applied", "1", to_us(AT))]
        insert_events(connection, said)
        settle(connection, said)
    page = owner.get(f"/skos/{NUMBER}")
    assert "Settings Version 1 applied 2 Mar 2026, 09:00 Version 2 waits" in text_of(page)
    assert "Settings applied version 1" in text_of(page)
    versions = owner.get(f"/register-settings/rollout/{NUMBER}").get_data(as_text=True)
    for version in (1, 2):
        assert f'href="/register-settings/rollout/{NUMBER}#version-{version}"' in page.get_data(as_text=True)
        assert f'id="version-{version}"' in versions
    account_id = add_person(engine, merchant.merchant_id, "a@romashka.by", "accountant")
    accountants = browser_in_english(app, engine, merchant, account_id).get(f"/skos/{NUMBER}")
    assert "Version 1 applied" in text_of(accountants)
    assert "/register-settings/" not in accountants.get_data(as_text=True)


def test_a_new_register_says_what_is_not_known(owner: FlaskClient) -> None:
    text = text_of(owner.get("/skos/30000A12"))
    assert "Cash in the drawer 0.00 BYN" in text
    assert "Last document None yet Last seen Never" in text
    assert "Serial number Not told" in text
    assert "None: everything is with the state system" in text


def test_there_is_no_page_of_nothing(owner: FlaskClient) -> None:
    for number in ("300000009", "30000a12", "3" * 30, "%20", "one%2Ftwo"):
        assert owner.get(f"/skos/{number}").status_code == 404


# --- events ----------------------------------------------------------------------------------------------------------


def test_events_come_by_day_with_the_words_of_the_register(
    owner: FlaskClient, engine: sa.Engine, merchant: TestMerchant
) -> None:
    report(engine, merchant, (to_us(AT), "offline"), (to_us(AT) + HOUR_US, "online"))
    report(engine, merchant, (to_us(AT) - DAY_US, "error"), detail="<b>E12</b>")
    text = text_of(owner.get(f"/skos/{NUMBER}"))
    assert (
        "2 March 2026 10:00:00 Connection restored 09:00:00 Connection lost 1 March 2026 09:00:00 Error <b>E12</b>"
        in text
    )
    assert "There are no older events." in text


def test_events_of_one_kind(owner: FlaskClient, engine: sa.Engine, merchant: TestMerchant) -> None:
    report(engine, merchant, (to_us(AT), "offline"), (to_us(AT) + HOUR_US, "online"))
    response = owner.get(f"/skos/{NUMBER}?kind=offline", headers=AS_HTMX)
    html = response.get_data(as_text=True)
    assert response.headers["HX-Push-Url"] == f"/skos/{NUMBER}?kind=offline"
    assert "<html" not in html
    assert html.count('class="event"') == 1
    assert "No events of this kind." in text_of(owner.get(f"/skos/{NUMBER}?kind=error"))


def test_the_list_of_events_goes_on_to_its_end(
    owner: FlaskClient, engine: sa.Engine, merchant: TestMerchant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sko_events, "PAGE_EVENTS", 3)
    report(engine, merchant, *((to_us(AT) + place * HOUR_US, "paper_out") for place in range(8)))
    address, times = f"/skos/{NUMBER}?kind=paper_out", []
    while address:
        html = owner.get(address, headers=AS_HTMX if "events" in address else {}).get_data(as_text=True)
        times += re.findall(r"<time [^>]*>(\d\d):00:00</time>", html)
        if "events" in address:
            assert "event-day" not in html  # its heading stands above
        found = re.search(r'id="older">\s*<a class="btn" href="([^"]+)"', html)
        address = unescape(found[1]) if found else ""
    assert times == [f"{hour:02}" for hour in range(16, 8, -1)]


def test_without_htmx_older_events_are_a_page_with_a_way_back(
    owner: FlaskClient, engine: sa.Engine, merchant: TestMerchant
) -> None:
    report(engine, merchant, (to_us(AT), "offline"), (to_us(AT) + HOUR_US, "online"))
    text = text_of(owner.get(f"/skos/{NUMBER}/events?after={to_us(AT) + HOUR_US}-online"))
    assert "From the newest events 2 March 2026 09:00:00 Connection lost" in text
    assert "Connection restored 10" not in text


@pytest.mark.parametrize("query", ["kind=party", "kind=error&kind=online", "after=yesterday", "after=1-party"])
def test_nonsense_about_events_gets_a_sentence(owner: FlaskClient, query: str) -> None:
    for address in (f"/skos/{NUMBER}", f"/skos/{NUMBER}/events"):
        response = owner.get(f"{address}?{query}")
        assert response.status_code == 400
        assert "There is no such" in text_of(response)


# --- moving ----------------------------------------------------------------------------------------------------------


def test_an_owner_moves_a_register_and_its_history_stays(
    owner: FlaskClient, engine: sa.Engine, merchant: TestMerchant
) -> None:
    till.ring_up(engine, till.sale(1, at=AT))
    response = move(owner, "2")
    assert (response.status_code, response.location) == (303, f"/skos/{NUMBER}")
    with reading(engine) as connection:
        assert sko_by_number(connection, merchant.merchant_id, NUMBER).outlet_id == 2
    text = text_of(owner.get(f"/skos/{NUMBER}"))
    assert "From now on 300000001 stands at: Киоск." in text
    assert re.search(r"Where it has stood Киоск since .* Универсам until ", text)
    assert "Универсам" in text_of(owner.get(f"/documents/{NUMBER}/1"))
    assert journal_of(engine, merchant.merchant_id) == [(merchant.email, "register_moved", NUMBER)]
    assert "from: Универсам · to: Киоск" in text_of(owner.get("/journal"))


def test_an_open_shift_is_a_warning(owner: FlaskClient, engine: sa.Engine) -> None:
    assert "A shift is open" not in text_of(owner.get(f"/skos/{NUMBER}/move"))
    till.ring_up(engine, till.common("shift_open", 1, at=AT))
    assert "A shift is open since 2 Mar 2026, 09:00. Close it first" in text_of(owner.get(f"/skos/{NUMBER}/move"))


@pytest.mark.parametrize(
    ("outlet", "sentence"),
    [
        ("", "Choose the outlet that the register goes to."),
        ("1", "The register stands there already."),
        ("3", "Your company has no such outlet."),
        ("two", "Your company has no such outlet."),
    ],
)
def test_mistakes_move_nothing(
    owner: FlaskClient, engine: sa.Engine, merchant: TestMerchant, outlet: str, sentence: str
) -> None:
    response = move(owner, outlet)
    assert response.status_code == 422
    assert sentence in text_of(response)
    with reading(engine) as connection:
        assert sko_by_number(connection, merchant.merchant_id, NUMBER).outlet_id == 1
    assert journal_of(engine, merchant.merchant_id) == []


def test_a_single_outlet_leaves_nowhere_to_go(app: Flask, engine: sa.Engine) -> None:
    merchant = make_merchant(engine)
    open_outlets(engine, merchant.merchant_id, ("Единственный",))
    owner = browser_in_english(app, engine, merchant)
    assert "Your company has no other outlet." in text_of(owner.get(f"/skos/{NUMBER}/move"))


# --- a manager -------------------------------------------------------------------------------------------------------


def test_a_manager_sees_of_a_register_only_what_it_did_at_own_outlets(
    owner: FlaskClient, manager: FlaskClient, engine: sa.Engine, merchant: TestMerchant
) -> None:
    till.ring_up(engine, till.drawer("deposit", 1, 7_777_700, at=AT))
    report(engine, merchant, (to_us(AT), "error"), detail="скрыто")
    assert manager.get(f"/skos/{NUMBER}").status_code == 404
    with writing(engine) as connection:
        move_sko(connection, merchant.merchant_id, 1, 2)
    report(engine, merchant, (now_us(), "paper_out"))
    text = text_of(manager.get(f"/skos/{NUMBER}"))
    assert "Out of paper" in text
    assert "Cash in the drawer 0.00 BYN" in text
    assert "Last document None yet" in text
    assert "None: everything is with the state system" in text
    for words in ("скрыто", "Универсам", "77,777.00"):
        assert words not in text
        assert words in text_of(owner.get(f"/skos/{NUMBER}"))
    assert listed(manager.get("/skos")) == ["300000001", "300000002", "30000A12"]


def test_a_register_that_has_left_is_gone_for_the_manager(
    manager: FlaskClient, engine: sa.Engine, merchant: TestMerchant
) -> None:
    with writing(engine) as connection:
        move_sko(connection, merchant.merchant_id, 2, 1)
    assert listed(manager.get("/skos")) == ["30000A12"]
    for address in ("/skos/300000002", "/skos/300000002/events"):
        assert manager.get(address).status_code == 404
