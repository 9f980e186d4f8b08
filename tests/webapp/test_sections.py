"""The sections: every page of the guide has its place and its address."""

import re
from html import unescape

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from tests.accounts import make_merchant, sign_in
from tests.people import add_person, browser_of
from tests.shop import open_outlets
from webapp.sections import ACCOUNT, SECTIONS, navigation_of

# What the guide calls its sections and pages.
GUIDE = {
    "Главная": ["/"],
    "Доходы": ["/sales", "/turnover"],
    "Кассовые документы": ["/documents"],
    "Администрирование": ["/outlets", "/skos", "/register-settings/users", "/register-settings/smart-x/users"],
    "Уведомления": ["/notifications"],
    "Отчёты": ["/reports"],
    "Акты": ["/acts/registration", "/acts/subscription"],
    "Инструкции": ["/instructions"],
}
ADDRESSES = [page.address for section in (*SECTIONS, ACCOUNT) for page in section.pages]


def page_of(client: FlaskClient, address: str) -> str:
    response = client.get(address)
    assert response.status_code == 200, address
    return unescape(response.get_data(as_text=True))


def test_sections_are_those_of_the_guide(app: Flask) -> None:
    with app.test_request_context():
        assert {str(section.name): [page.address for page in section.pages] for section in SECTIONS} == GUIDE


@pytest.mark.parametrize("language", ["ru", "be", "en"])
def test_every_page_answers_and_is_marked_in_the_navigation(logged_in_client: FlaskClient, language: str) -> None:
    logged_in_client.set_cookie("language", language)
    for address in ADDRESSES:
        page = page_of(logged_in_client, address)
        assert re.search(rf'<a[^>]* href="{address}" aria-current="page">', page), address
        assert f'<html lang="{language}">' in page
        assert page.count("<h1>") == 1
        assert page.count("<main") == 1


def test_no_link_of_a_page_is_dead(logged_in_client: FlaskClient) -> None:
    pages = [page_of(logged_in_client, address) for address in ADDRESSES]
    links = {link for page in pages for link in re.findall(r'<a [^>]*href="(/[^"]*)"', page)}
    assert set(ADDRESSES) <= links
    for link in links:
        assert logged_in_client.get(unescape(link), buffered=True).status_code == 200, link


def test_pages_of_the_section_are_tabs_on_narrow_screens(logged_in_client: FlaskClient) -> None:
    tabs = re.search(r'<nav class="content-tabs.*?</nav>', page_of(logged_in_client, "/turnover"), re.DOTALL)
    assert tabs
    assert re.findall(r'href="([^"]+)"', tabs[0]) == ["/sales", "/turnover"]
    assert "content-tabs" not in page_of(logged_in_client, "/documents")


def test_company_and_account_stand_above_every_page(logged_in_client: FlaskClient) -> None:
    page = page_of(logged_in_client, "/reports/completeness")
    assert "ООО Ромашка" in page
    assert "191832203" in page
    assert "owner-191832203@romashka.by" in page
    assert 'action="/logout"' in page


def test_company_name_is_text_whatever_it_contains(app: Flask, engine: sa.Engine) -> None:
    client = app.test_client()
    sign_in(client, make_merchant(engine, name="<script>alert('К')</script>"))
    html = client.get("/sales").get_data(as_text=True)
    assert "<script>alert" not in html
    assert "&lt;script&gt;alert" in html


@pytest.mark.parametrize(
    ("path", "address"),
    [
        ("/", "/"),
        ("/documents/300012345/7", "/documents"),
        ("/skos/300012345", "/skos"),
        ("/register-settings/smart-x/receipt", "/register-settings/smart-x/users"),
        ("/reports/completeness", "/reports"),
    ],
)
def test_addresses_within_a_page_belong_to_it(path: str, address: str) -> None:
    place = navigation_of("owner").place_of(path)
    assert place is not None
    assert place.page.address == address


@pytest.mark.parametrize("path", ["/no-such-page", "/no/such/page", "", "//"])
def test_other_addresses_belong_nowhere(path: str) -> None:
    assert navigation_of("owner").place_of(path) is None


def test_every_place_is_served(app: Flask) -> None:
    places = navigation_of("owner").places
    shown = [rule for rule in app.url_map.iter_rules() if rule.rule in places and "GET" in (rule.methods or ())]
    assert sorted(rule.rule for rule in shown) == sorted(places)  # each once


# What others than owners do not find in their menus.
HIDDEN = {
    "accountant": {"/team", "/journal", "/register-settings/users", "/register-settings/smart-x/users"},
    "manager": {"/team", "/journal", "/acts/registration", "/acts/subscription"},
    "support": {
        "/team",
        "/journal",
        "/exports",
        "/register-settings/users",
        "/register-settings/smart-x/users",
        "/acts/registration",
        "/acts/subscription",
    },
}


@pytest.mark.parametrize("role", HIDDEN)
def test_menus_show_what_the_role_may_open_and_the_rest_is_refused(app: Flask, engine: sa.Engine, role: str) -> None:
    merchant = make_merchant(engine)
    open_outlets(engine, merchant.merchant_id, ("Немига",))
    limits = {"manager": {"outlet_ids": [1]}}.get(role, {})
    account_id = add_person(engine, merchant.merchant_id, "anna@romashka.by", role, **limits)
    client = browser_of(app, engine, account_id, merchant.merchant_id)
    for address in ADDRESSES:
        if address in HIDDEN[role]:
            assert client.get(address).status_code == 403, address
        else:
            page = page_of(client, address)
            assert re.search(rf'<a[^>]* href="{address}" aria-current="page">', page), address
            shown = set(re.findall(r'<a [^>]*href="(/[^"?]*)"', page))
            assert not HIDDEN[role] & shown, address
            assert set(ADDRESSES) - HIDDEN[role] <= shown, address


def test_a_section_without_pages_for_the_role_is_not_there(app: Flask) -> None:
    with app.test_request_context():
        names = [str(section.name) for section in navigation_of("support").sections]
    assert "Акты" not in names
    assert "Администрирование" in names
