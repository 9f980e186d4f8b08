"""The page Notifications: the list, what is unread of it, and what is muted."""

import re
from html import unescape

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from sql.engine import writing
from sql.instants import now_us
from sql.notifications import Finding, settle
from sql.registers_watched import Span
from sql.tables import web_session
from tests.accounts import TestMerchant, csrf_token, make_merchant
from tests.people import add_person, journal_of
from tests.shop import open_outlets
from tests.webapp.conftest import CountQueries
from tests.webapp.reading import AS_HTMX, browser_in_english
from webapp.notification_rules import RULES
from webapp.notifications import PAGE_LINES

DETAIL = {"number": 17, "shift": 3, "version": 4, "since_us": 1_795_424_400_000_000, "until_us": None}


@pytest.fixture
def merchant(engine: sa.Engine) -> TestMerchant:
    merchant = make_merchant(engine)
    open_outlets(engine, merchant.merchant_id, ("Павильон", "Склад"))
    return merchant


def person(app: Flask, engine: sa.Engine, merchant: TestMerchant, role: str, **limits: object) -> FlaskClient:
    account_id = add_person(engine, merchant.merchant_id, f"{role}@romashka.by", role, **limits)
    return browser_in_english(app, engine, merchant, account_id)


def notify(
    engine: sa.Engine, merchant: TestMerchant, *findings: tuple[str, int], at_us: int | None = None
) -> list[str]:
    """Notifications of these rules and registers, and of no other; returns the ids of the new ones."""
    found = [Finding(merchant.merchant_id, rule, sko_id, sko_id, "warning", None, DETAIL) for rule, sko_id in findings]
    with writing(engine) as connection:
        news = settle(connection, Span(1, 99), found, at_us or now_us())
    return [each.notification.notification_id for each in news if each.event == "opened"]


def text(client: FlaskClient, address: str = "/notifications", status: int = 200, **headers: str) -> str:
    response = client.get(address, headers=headers)
    assert response.status_code == status, address
    return unescape(response.get_data(as_text=True))


def names(client: FlaskClient, query: str = "") -> list[str]:
    shown = text(client, f"/notifications?{query}")
    return [re.sub(r"\s*<span.*", "", name).strip() for name in re.findall(r"<h3>(.*?)</h3>", shown, re.DOTALL)]


def send(
    client: FlaskClient, address: str, status: int = 303, headers: dict[str, str] | None = None, **form: str
) -> str:
    form["csrf_token"] = csrf_token(client, "/notifications")
    response = client.post(address, data=form, headers=headers)
    assert response.status_code == status, address
    return response.location or unescape(response.get_data(as_text=True))


def test_nothing_that_needs_attention(owner: FlaskClient) -> None:
    assert "Nothing needs attention" in text(owner)


@pytest.mark.parametrize("language", ["ru", "be", "en"])
def test_every_rule_has_its_words(engine: sa.Engine, merchant: TestMerchant, owner: FlaskClient, language: str) -> None:
    owner.set_cookie("language", language)
    notify(engine, merchant, *((rule, 1) for rule in RULES))
    page = text(owner)
    assert page.count('<li class="notification ') == len(RULES)
    assert page.count("300000001") >= len(RULES)
    assert "%(" not in page


def test_documents_of_no_known_register(engine: sa.Engine, merchant: TestMerchant, owner: FlaskClient) -> None:
    [name] = notify(engine, merchant, ("quarantined", 0))
    assert names(owner) == ["Documents that are not valid"]
    assert send(owner, f"/notifications/{name}/read", look="1") == "/reports"


def test_what_was_new_last_stands_first_under_its_day(
    engine: sa.Engine, merchant: TestMerchant, owner: FlaskClient
) -> None:
    day_us = 24 * 3600 * 1_000_000
    notify(engine, merchant, ("offline", 1), at_us=now_us() - 3 * day_us)
    notify(engine, merchant, ("offline", 1), ("gap", 2))
    assert names(owner) == ["Numbers are missing", "Connection lost"]
    assert text(owner).count('class="notification-day"') == 2


def test_the_list_goes_on(engine: sa.Engine, merchant: TestMerchant, owner: FlaskClient, app: Flask) -> None:
    for place in range(5):
        notify(engine, merchant, *((rule, place % 2 + 1) for rule in RULES), at_us=now_us() - (5 - place) * 10**12)
    page = text(owner)
    older = unescape(re.search(r'hx-get="(/notifications/older[^"]*)"', page)[1])  # type: ignore[index]
    rest = text(owner, older, **AS_HTMX)
    assert "<html" not in rest
    ids = re.findall(r'id="notification-(\w+)"', page), re.findall(r'id="notification-(\w+)"', rest)
    assert len(ids[0]) == PAGE_LINES
    assert len({*ids[0], *ids[1]}) == 5 * len(RULES)
    assert "There are no older notifications" in rest
    assert "From the newest notifications" in text(owner, older), "without htmx it is a page"


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("outlet=1", ["Connection lost", "Memory is running low"]),
        ("sko=300000002", ["Numbers are missing"]),
        ("kind=documents", ["Numbers are missing"]),
        ("kind=connection", ["Connection lost"]),
        ("kind=shifts", []),
        ("state=open", ["Numbers are missing", "Connection lost"]),
        ("state=closed", ["Memory is running low"]),
        ("state=unread&kind=documents&outlet=2", ["Numbers are missing"]),
    ],
)
def test_filters(
    engine: sa.Engine, merchant: TestMerchant, owner: FlaskClient, query: str, expected: list[str]
) -> None:
    notify(engine, merchant, ("memory_low", 1), at_us=now_us() - 30)
    notify(engine, merchant, ("offline", 1), at_us=now_us() - 20)
    notify(engine, merchant, ("offline", 1), ("gap", 2))
    assert names(owner, query) == expected


@pytest.mark.parametrize(
    "query", ["kind=weather", "state=odd", "outlet=9", "sko=1", "after=x", "kind=documents&kind=shifts", "after=1-zz"]
)
def test_nonsense_is_a_sentence_beside_its_field(owner: FlaskClient, query: str) -> None:
    page = text(owner, f"/notifications?{query}", 400)
    assert "There is nothing to show for these filters" in page
    text(owner, f"/notifications/older?{query}", 400)


def test_the_badge_counts_what_is_unread(engine: sa.Engine, merchant: TestMerchant, owner: FlaskClient) -> None:
    assert "unread-count" not in text(owner, "/notifications/unread", **AS_HTMX)
    [first, _] = notify(engine, merchant, ("offline", 1), ("gap", 2))
    badge = text(owner, "/notifications/unread", **AS_HTMX)
    assert "2 unread" in badge
    assert "<html" not in badge
    answer = send(owner, f"/notifications/{first}/read", 200, AS_HTMX)
    assert 'hx-swap-oob="outerHTML"' in answer
    assert "1 unread" in answer
    assert "is-unread" not in answer
    assert send(owner, "/notifications/read") == "/notifications"
    assert "unread-count" not in text(owner, "/notifications/unread", **AS_HTMX)
    assert names(owner, "state=unread") == []
    assert len(names(owner)) == 2


def test_the_badge_keeps_no_session_alive(engine: sa.Engine, owner: FlaskClient) -> None:
    def seen() -> int:
        with writing(engine) as connection:
            connection.execute(sa.update(web_session).values(seen_us=web_session.c.seen_us - 120_000_000))
            return int(connection.execute(sa.select(web_session.c.seen_us)).scalar_one())

    before = seen()
    text(owner, "/notifications/unread", **AS_HTMX)
    assert seen() == before - 120_000_000


def test_to_look_into_it_marks_it_as_read(engine: sa.Engine, merchant: TestMerchant, owner: FlaskClient) -> None:
    leads = {
        "offline": "/skos/300000001",
        "z_differs": "/documents/300000001/17",
        "gap": "/reports/completeness?sko=300000001",
        "delivery_refused": "/documents?sko=300000001&state=refused",
        "conflict": "/reports",
    }
    notify(engine, merchant, *((rule, 1) for rule in leads))
    with engine.connect() as connection:
        found = dict(connection.execute(sa.text("SELECT rule, notification_id FROM notification")).all())
    for rule, address in leads.items():
        assert send(owner, f"/notifications/{found[rule]}/read", look="1") == address
    assert names(owner, "state=unread") == []


def test_people_read_alone(engine: sa.Engine, merchant: TestMerchant, owner: FlaskClient, app: Flask) -> None:
    other = person(app, engine, merchant, "support")
    notify(engine, merchant, ("offline", 1))
    send(owner, "/notifications/read")
    assert names(other, "state=unread") == ["Connection lost"]
    send(other, "/notifications/read")
    assert names(other, "state=unread") == []


def test_a_manager_sees_the_own_outlets(engine: sa.Engine, merchant: TestMerchant, app: Flask) -> None:
    manager = person(app, engine, merchant, "manager", outlet_ids=[2])
    hidden, hidden_too, shown = sorted_ids(engine, merchant, ("offline", 1), ("quarantined", 0), ("gap", 2))
    assert names(manager) == ["Numbers are missing"]
    assert "1 unread" in text(manager, "/notifications/unread", **AS_HTMX)
    for name in (hidden, hidden_too):
        send(manager, f"/notifications/{name}/read", 404)
        text(manager, f"/notifications/{name}/mute", 404)
        send(manager, f"/notifications/{name}/mute", 404, reason="Ремонт")
    send(manager, f"/notifications/{shown}/mute", reason="Ремонт")
    send(manager, "/notifications/mutes/offline/1/end", 404)
    send(manager, "/notifications/mutes/gap/2/end")


def sorted_ids(engine: sa.Engine, merchant: TestMerchant, *findings: tuple[str, int]) -> list[str]:
    notify(engine, merchant, *findings)
    with engine.connect() as connection:
        found = dict(connection.execute(sa.text("SELECT rule, notification_id FROM notification")).all())
    return [found[rule] for rule, _ in findings]


def test_muting_takes_a_reason_and_is_told_to_all(
    engine: sa.Engine, merchant: TestMerchant, owner: FlaskClient, app: Flask
) -> None:
    [name] = notify(engine, merchant, ("offline", 1))
    assert "300000001" in text(owner, f"/notifications/{name}/mute")
    assert "Write why" in send(owner, f"/notifications/{name}/mute", 422, reason="  ")
    assert "at most 300" in send(owner, f"/notifications/{name}/mute", 422, reason="а" * 301)
    send(owner, f"/notifications/{name}/mute", reason="Ремонт до мая")
    assert "Muted: Ремонт до мая" in text(owner)
    assert "unread-count" not in text(owner, "/notifications/unread", **AS_HTMX)
    support = person(app, engine, merchant, "support")
    page = text(support, "/notifications/mutes")
    assert "Ремонт до мая" in page
    assert merchant.email in page
    assert "Tell it again" not in page
    assert send(owner, "/notifications/mutes/offline/1/end") == "/notifications/mutes"
    assert "Nothing is muted" in text(owner, "/notifications/mutes")
    send(owner, "/notifications/mutes/offline/1/end", 404)
    send(owner, "/notifications/mutes/weather/1/end", 404)
    done = [(action, subject) for _, action, subject in journal_of(engine, merchant.merchant_id)]
    assert done == [("rule_muted", "300000001"), ("rule_unmuted", "300000001")]


def test_support_only_looks(engine: sa.Engine, merchant: TestMerchant, app: Flask) -> None:
    support = person(app, engine, merchant, "support")
    [name] = notify(engine, merchant, ("offline", 1))
    assert "/mute" not in re.sub(r"/notifications/mutes", "", text(support))
    text(support, f"/notifications/{name}/mute", 403)
    send(support, f"/notifications/{name}/mute", 403, reason="…")


def test_the_list_costs_the_same_however_long_it_is(
    engine: sa.Engine, merchant: TestMerchant, owner: FlaskClient, count_queries: CountQueries
) -> None:
    counts = []
    for findings in ((("offline", 1),), tuple((rule, sko_id) for rule in RULES for sko_id in (1, 2))):
        notify(engine, merchant, *findings)
        with count_queries() as queries:
            text(owner)
        counts.append(len(queries))
    assert counts == [7, 7]


def test_no_page_waits_for_the_badge(owner: FlaskClient, count_queries: CountQueries) -> None:
    with count_queries() as queries:
        page = text(owner, "/sales")
    assert 'hx-get="/notifications/unread"' in page
    assert not [query for query in queries if "notification" in query]
    with count_queries() as queries:
        text(owner, "/notifications/unread", **AS_HTMX)
    assert len(queries) == 2, "the session, and the count"
