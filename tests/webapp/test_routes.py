"""Every route there is, by the URL map: who gets at it, and what it shows to whom. See `routes.py` and `world.py`."""

from collections.abc import Iterator
from typing import NamedTuple

import pytest
import sqlalchemy as sa
from flask import Flask

from tests.webapp.reading import AS_HTMX
from tests.webapp.routes import EVERYONE, PUBLIC, ROUTES, Route
from tests.webapp.world import DAY, FOREIGN, FOREIGN_MARKS, HIDDEN_MARKS, ROLES, THERE, World, make_world, seen_of
from webapp import create_app
from webapp.settings import Settings

SAFE = ("GET", "HEAD", "OPTIONS")
NOT_FOUND = (400, 404)  # a filter that names what there isn't comes back with a sentence
ALL_DAY = f"from={DAY}&to={DAY}"
# Whatever a page makes of them: none of these may show what the reader may not see.
QUERIES = (
    "",
    f"date={DAY}",
    ALL_DAY,
    f"{ALL_DAY}&show=all&sort=outlet",
    f"{ALL_DAY}&outlet=1",
    f"{ALL_DAY}&outlet=2",
    f"{ALL_DAY}&outlet=1&outlet=2",
    f"{ALL_DAY}&outlet=3",
    f"{ALL_DAY}&sko={THERE}",
    f"{ALL_DAY}&sko={FOREIGN}",
    f"{ALL_DAY}&open={DAY}-1&open={DAY}-2",
    f"{ALL_DAY}&after={DAY}-1",
    f"{ALL_DAY}&open=1-{THERE}-BYN&open=2-{THERE}-BYN&open=2-300000003-BYN",
    f"{ALL_DAY}&type=sale&currency=BYN",
    f"{ALL_DAY}&type=sale&type=refund&type=rollback&currency=BYN&payment=cash",
    f"{ALL_DAY}&min=999",
    "q=800001",
    "cashier=Скрытникова",
)


class Rule(NamedTuple):
    """A rule of the URL map by one of its methods, and what `routes.py` says of it."""

    method: str
    rule: str
    route: Route

    @property
    def addresses(self) -> tuple[str, ...]:
        return self.route.own or (() if "<" in self.rule else (self.rule,))


@pytest.fixture
def world(app: Flask, engine: sa.Engine) -> World:
    return make_world(app, engine)


def keys_of(app: Flask) -> set[str]:
    rules = app.url_map.iter_rules()
    return {f"{method} {rule.rule}" for rule in rules for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}}


def rules(*, public: bool = False) -> Iterator[Rule]:
    for key, route in ROUTES.items():
        method, _, rule = key.partition(" ")
        if (route.who == PUBLIC) == public:
            yield Rule(method, rule, route)


def pages() -> Iterator[Rule]:
    """What shows anything to those who are logged in."""
    return (rule for rule in rules() if rule.method == "GET")


# --- the list itself -------------------------------------------------------------------------------------------------


def test_each_route_is_listed_with_those_who_may_use_it(app: Flask) -> None:
    there_are, listed = keys_of(app), set(ROUTES)
    assert not there_are - listed, "add these to tests/webapp/routes.py"
    assert not listed - there_are, "these are no more"


def test_each_variable_of_an_address_has_examples() -> None:
    for rule in rules():
        if "<" in rule.rule:
            has_any = rule.route.own or rule.route.foreign
            assert has_any, f"{rule.method} {rule.rule} needs examples in tests/webapp/routes.py"


def test_a_new_route_can_not_escape(settings: Settings) -> None:
    app = create_app(settings)
    known = keys_of(app)
    app.add_url_rule("/new/<int:outlet_id>", "new", str, methods=["GET", "DELETE"])
    assert keys_of(app) - known == {"GET /new/<int:outlet_id>", "DELETE /new/<int:outlet_id>"}


# --- those who are not logged in, and other sites --------------------------------------------------------------------


def test_without_a_login_every_route_but_the_public_ones_leads_to_the_login(world: World) -> None:
    for rule in rules():
        for address in examples(world, rule.addresses + rule.route.foreign):
            response = world.send(None, rule.method, address)
            assert response.status_code == 303, (rule.method, address)
            assert response.location.startswith("/login/password"), (rule.method, address)


def test_a_fragment_of_an_ended_session_sends_the_whole_browser_to_the_login(world: World) -> None:
    for rule in pages():
        for address in examples(world, rule.addresses):
            response = world.get(None, address, **AS_HTMX)
            assert response.headers["HX-Redirect"].startswith("/login/password"), address
            assert response.get_data() == b"", address


def test_public_routes_show_nothing_of_any_company_but_the_receipt(world: World) -> None:
    for rule in rules(public=True):
        if rule.method != "GET":
            continue
        for address in examples(world, rule.addresses):
            response = world.get(None, address)
            assert response.status_code < 500, address
            assert not seen_of(response, (*HIDDEN_MARKS, *FOREIGN_MARKS), address), address


def test_nothing_is_changed_without_the_token_of_the_form(world: World) -> None:
    own = world.merchant_id, world.account_ids.values()
    before = world.rows(*own)
    for rule in (*rules(), *rules(public=True)):
        if rule.method in SAFE:
            continue
        for address in examples(world, rule.addresses + rule.route.foreign):
            client = world.client("owner")
            # A bad request; or, where a form has been open for too long, the way to a fresh one, if there is any.
            assert client.open(address, method=rule.method).status_code in (303, 400, 410), address
            assert client.get("/home/day").status_code == 200, address
    assert world.rows(*own) == before


def test_nothing_is_changed_by_another_site(world: World) -> None:
    own = world.merchant_id, world.account_ids.values()
    before = world.rows(*own)
    for rule in (*rules(), *rules(public=True)):
        for address in examples(world, rule.addresses + rule.route.foreign):
            headers = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "cors"}
            response = world.client("owner").open(address, method=rule.method, headers=headers)
            assert response.status_code == 403, (rule.method, address)
            if rule.method not in SAFE:
                form = {"csrf_token": world.csrf[1]}
                origin = {"Origin": "https://evil.example"}
                response = world.client("owner").open(address, method=rule.method, headers=origin, data=form)
                assert response.status_code == 403, (rule.method, address)
    assert world.rows(*own) == before


# --- roles -----------------------------------------------------------------------------------------------------------


def test_each_role_gets_at_what_it_may_and_at_nothing_else(world: World) -> None:
    for rule in rules():
        for address in examples(world, (rule.addresses + rule.route.foreign)[:1]):
            for role in ROLES:
                status = world.send(role, rule.method, address).status_code
                assert status < 500, (rule.method, address, role)
                assert (status == 403) == (role not in rule.route.who), (rule.method, address, role)


def test_pages_are_there_for_those_who_may_see_them(world: World) -> None:
    for rule in pages():
        for address in examples(world, rule.addresses):
            for role in rule.route.who:
                assert world.get(role, address).status_code < 400, (address, role)


# --- other companies -------------------------------------------------------------------------------------------------


def test_things_of_another_company_are_not_found(world: World) -> None:
    before = world.rows(world.rival_id, [world.rival])
    for rule in rules():
        for address in examples(world, rule.route.foreign):
            for role in rule.route.who:
                response = world.send(role, rule.method, address)
                assert response.status_code in NOT_FOUND, (rule.method, address, role)
                assert not marks_in(response, FOREIGN_MARKS, address), address
    assert before["passkey by account_id"]
    assert world.rows(world.rival_id, [world.rival]) == before


def test_no_page_shows_anything_of_another_company(world: World) -> None:
    for rule in pages():
        for address in examples(world, rule.addresses):
            for query in QUERIES:
                response = world.get("owner", f"{address}?{query}")
                assert response.status_code < 500, f"{address}?{query}"
                assert not marks_in(response, FOREIGN_MARKS, query), f"{address}?{query}"


# --- the outlets of a manager ----------------------------------------------------------------------------------------


def test_things_of_other_outlets_are_not_found_by_a_manager(world: World) -> None:
    for rule in rules():
        for address in examples(world, rule.route.hidden):
            assert world.send("manager", rule.method, address).status_code in NOT_FOUND, (rule.method, address)
            for query in QUERIES:
                response = world.send("manager", rule.method, f"{address}?{query}")
                assert not seen_of(response, HIDDEN_MARKS, address + query), f"{address}?{query}"


@pytest.mark.parametrize(("headers", "queries"), [({}, QUERIES), (AS_HTMX, QUERIES[:4])], ids=["page", "fragment"])
def test_no_page_shows_a_manager_anything_of_other_outlets(
    world: World, headers: dict[str, str], queries: tuple[str, ...]
) -> None:
    for rule in pages():
        if "manager" not in rule.route.who:
            continue
        for address in examples(world, rule.addresses):
            for query in queries:
                response = world.get("manager", f"{address}?{query}", **headers)
                assert response.status_code < 500, f"{address}?{query}"
                assert not seen_of(response, HIDDEN_MARKS, address + query), f"{address}?{query}"


def test_the_same_pages_show_it_to_the_owner(world: World) -> None:
    """Or the tests above would look for marks that no page ever shows."""
    shown = dict.fromkeys(HIDDEN_MARKS, 0)
    has_sums = set()
    for rule in pages():
        for address in examples(world, rule.addresses + rule.route.hidden):
            seen = seen_of(world.get("owner", f"{address}?{ALL_DAY}"), HIDDEN_MARKS, address)
            shown |= {mark: shown[mark] + 1 for mark in set(seen) & shown.keys()}
            if set(seen) - shown.keys():
                has_sums.add(rule.rule)
    assert all(shown.values()), shown
    assert has_sums >= {"/", "/sales", "/turnover", "/documents", "/documents/older", "/documents/summary"}


def examples(world: World, addresses: tuple[str, ...]) -> list[str]:
    return [address.format_map(world.examples) for address in addresses]


def marks_in(response: object, marks: tuple[str, ...], typed: str) -> list[str]:
    """Those of the marks that an answer shows; the sums of the own company may be as large as they like."""
    return [mark for mark in seen_of(response, marks, typed) if mark in marks]  # type: ignore[arg-type]


def test_roles_are_those_that_there_are() -> None:
    assert set(EVERYONE) == set(ROLES)
