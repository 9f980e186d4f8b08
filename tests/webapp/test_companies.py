"""The choice of company after a login, and the switch between companies."""

import re

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from sql.engine import reading, writing
from sql.memberships import add_membership, end_membership
from sql.tables import journal
from tests.accounts import TestMerchant, csrf_token, make_merchant, sign_in


@pytest.fixture
def first(engine: sa.Engine) -> TestMerchant:
    return make_merchant(engine)


@pytest.fixture
def second(engine: sa.Engine, first: TestMerchant) -> TestMerchant:
    """A company where the owner of the first one is the accountant."""
    merchant = make_merchant(engine, "190000018", name="ООО Астра")
    with writing(engine) as connection:
        add_membership(connection, merchant.merchant_id, first.account_id, "accountant")
    return merchant


def choose(client: FlaskClient, merchant_id: object, path: str = "/companies"):
    return client.post(path, data={"csrf_token": csrf_token(client, "/companies"), "merchant_id": merchant_id})


def test_by_unp_one_is_in_the_company_that_was_named(client: FlaskClient, first: TestMerchant, second: TestMerchant):
    sign_in(client, first)
    page = client.get("/companies").get_data(as_text=True)
    assert "ООО Ромашка" in page
    assert "ООО Астра" in page
    assert page.count('aria-current="true"') >= 1


def test_the_company_is_switched(client: FlaskClient, engine: sa.Engine, first: TestMerchant, second: TestMerchant):
    sign_in(client, first)
    response = choose(client, second.merchant_id, "/companies?next=/documents")
    assert (response.status_code, response.location) == (303, "/documents")
    assert "ООО Астра" in client.get("/companies").get_data(as_text=True)
    with reading(engine) as connection:
        rows = connection.execute(sa.select(journal.c.merchant_id, journal.c.action).order_by(journal.c.at_us)).all()
    assert rows == [(first.merchant_id, "login"), (second.merchant_id, "company_entered")]


@pytest.mark.parametrize("merchant_id", ["999", "0", "-1", "9" * 18, "9" * 30])
def test_a_foreign_company_is_not_found(client: FlaskClient, first: TestMerchant, second: TestMerchant, merchant_id):
    sign_in(client, first)
    assert choose(client, merchant_id).status_code == 404
    assert client.get("/").status_code == 200


@pytest.mark.parametrize("merchant_id", ["", "x", "1.5"])
def test_nonsense_is_a_bad_request(client: FlaskClient, first: TestMerchant, merchant_id):
    sign_in(client, first)
    assert choose(client, merchant_id).status_code == 400


def test_who_has_left_can_not_come_back(
    client: FlaskClient, engine: sa.Engine, first: TestMerchant, second: TestMerchant
):
    sign_in(client, first)
    with writing(engine) as connection:
        end_membership(connection, second.merchant_id, first.account_id)
    assert choose(client, second.merchant_id).status_code == 404


def test_without_a_login_there_is_nothing_to_choose(client: FlaskClient, first: TestMerchant):
    assert client.get("/companies").location.startswith("/login/password")
    token = csrf_token(client)
    response = client.post("/companies", data={"csrf_token": token, "merchant_id": first.merchant_id})
    assert response.location.startswith("/login/password")
    assert client.get("/").status_code == 303


def test_the_switcher_stands_above_every_page_and_ticks_where_one_is(
    client: FlaskClient, first: TestMerchant, second: TestMerchant
):
    sign_in(client, first)
    page = client.get("/instructions").get_data(as_text=True)
    menu = re.search(r'<form class="menu companies".*?</form>', page, re.DOTALL)
    assert menu
    assert re.findall(r'value="(\d+)"( aria-current="true")?>', menu[0]) == [
        (str(second.merchant_id), ""),
        (str(first.merchant_id), ' aria-current="true"'),
    ]
    assert 'action="/companies?next=/instructions"' in menu[0]


def test_who_has_one_company_has_no_switcher_and_pays_nothing_for_it(
    client: FlaskClient, first: TestMerchant, count_queries
):
    sign_in(client, first)
    with count_queries() as queries:
        page = client.get("/help/start").get_data(as_text=True)
    assert len(queries) == 1
    assert 'popovertarget="companies"' not in page


def test_the_switch_leads_home_where_the_page_is_not_for_the_role(
    client: FlaskClient, first: TestMerchant, second: TestMerchant
):
    sign_in(client, first)
    assert choose(client, second.merchant_id, "/companies?next=/team").location == "/"
    assert choose(client, first.merchant_id, "/companies?next=/team").location == "/team"
    assert choose(client, second.merchant_id, "/companies?next=https://evil.example/").location == "/"
