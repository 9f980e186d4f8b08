"""What a manager sees: the chosen outlets and nothing else, in every figure, list, file and receipt."""

import ast
import datetime
import re
from html import unescape
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest
import sqlalchemy as sa
from flask import Flask
from werkzeug.datastructures import MultiDict

from sql.engine import reading, writing
from sql.errors import NotFound
from sql.exports import Export, find_export
from sql.memberships import change_membership, end_membership
from tests.webapp.exporting import table
from tests.webapp.world import (
    DAY,
    HERE,
    HIDDEN,
    HIDDEN_MARKS,
    MOVED_AWAY,
    MOVED_HERE,
    NOON,
    OPEN,
    THERE,
    World,
    make_world,
    seen_of,
)
from webapp.export_jobs import Exports
from webapp.export_subjects import wanted_again
from webapp.filters import NO_OUTLETS, parse_filters
from webapp.scope import Reach

ALL_DAY = f"from={DAY}&to={DAY}"
READERS = {"outlets_of", "skos_of", "sko_by_number", "parse_filters"}


@pytest.fixture
def world(app: Flask, engine: sa.Engine) -> World:
    return make_world(app, engine)


def text_of(world: World, address: str, role: str = "manager", **headers: str) -> str:
    response = world.get(role, address, **headers)
    assert response.status_code == 200, address
    text = unescape(re.sub(r"<template.*?</template>|<[^>]+>", " ", response.get_data(as_text=True), flags=re.DOTALL))
    return " ".join(text.split())


def limit(world: World, *outlet_ids: int, role: str = "manager") -> None:
    with writing(world.engine) as connection:
        account_id = world.account_ids["manager"]
        change_membership(connection, world.merchant_id, account_id, role=role, outlet_ids=outlet_ids)


# --- the one way -----------------------------------------------------------------------------------------------------


def test_outlets_and_registers_are_read_in_one_place_only() -> None:
    """A page that reads them by itself would forget the limit: it asks `webapp.scope.own_reach()`."""
    for path in Path("webapp").glob("*.py"):
        imports = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.ImportFrom)]
        names = {alias.name for node in imports for alias in node.names}
        is_operators = path.name.startswith("cli")  # who has no limit
        assert path.name == "scope.py" or is_operators or not names & READERS, f"{path}: {names & READERS}"


def test_filters_of_the_limited_never_ask_for_all_outlets(engine: sa.Engine, world: World) -> None:
    with reading(engine) as connection:
        for query in ({}, {"outlet": ""}, {"outlet": "2"}, {"outlet": "nonsense"}):
            filters = Reach(world.merchant_id, (OPEN,)).filters(connection, MultiDict(query))
            assert (filters.outlet_ids, filters.chosen_ids) == ((OPEN,), ())
            assert list(filters.outlets) == [OPEN]
        both = Reach(world.merchant_id, (OPEN, HIDDEN)).filters(connection, MultiDict({"outlet": "2"}))
        assert (both.outlet_ids, both.chosen_ids) == ((HIDDEN,), (HIDDEN,))
        everything = Reach(world.merchant_id).filters(connection, MultiDict())
        assert (everything.outlet_ids, everything.chosen_ids) == ((), ())


def test_nothing_to_see_is_not_everything(engine: sa.Engine, world: World) -> None:
    assert parse_filters(MultiDict(), [], is_limited=True).outlet_ids == NO_OUTLETS
    limit(world)
    for address in ("/", "/sales", "/turnover", "/documents"):
        assert "No outlets and registers yet" in text_of(
            world, f"{address}?{ALL_DAY}" if address != "/" else f"/?date={DAY}"
        )
    assert world.get("manager", f"/documents/{HERE}/1").status_code == 404


def test_registers_are_those_that_have_ever_stood_there(engine: sa.Engine, world: World) -> None:
    with reading(engine) as connection:
        numbers = [sko.number for sko in Reach(world.merchant_id, (OPEN,)).skos(connection)]
        assert numbers == [HERE, MOVED_AWAY, MOVED_HERE]
        assert Reach(world.merchant_id, (OPEN,)).skos(connection, numbers=[THERE]) == []
        assert Reach(world.merchant_id, ()).skos(connection) == []


def test_registers_that_no_answer_needs_are_not_read(engine: sa.Engine, world: World) -> None:
    reach = Reach(world.merchant_id)
    with reading(engine) as connection:
        named = reach.filters(connection, MultiDict({"sko": f"{HERE}, {THERE}"}), skos="named")
        assert named.chosen_numbers == [HERE, THERE]
        assert len(named.skos) == 2
        assert reach.filters(connection, MultiDict(), skos="named").skos == {}
        assert reach.filters(connection, MultiDict({"sko": "1"}), skos="named").problems.keys() == {"sko"}
        assert set(reach.with_skos_of(connection, named, [1, 2, 3]).skos) == {1, 2, 3}
        assert set(Reach(world.merchant_id, (OPEN,)).with_skos_of(connection, named, [2, 3]).skos) == {1, 2, 3}


# --- figures ---------------------------------------------------------------------------------------------------------

# At the open outlet: four sales of 10.00 (one of a register that has left since, one of one that has come), two
# refunds, an annulment, a deposit.


def test_home_adds_up_the_own_outlets(world: World) -> None:
    text = text_of(world, f"/?date={DAY}")
    assert "In all 40.00 BYN" in text
    assert "Net of refunds and annulments 10.00 BYN" in text
    assert "Refunds 20.00 BYN Annulments 10.00 BYN" in text
    assert "Receipts of the day 7 Sales 4 Refunds 2 Annulments 1" in text


def test_sales_add_up_the_own_outlets(world: World) -> None:
    text = text_of(world, f"/sales?{ALL_DAY}")
    assert "Sales 40.00 BYN" in text
    detail = text_of(world, f"/sales/{DAY}/{OPEN}")
    for number in (HERE, MOVED_AWAY, MOVED_HERE):
        assert number in detail


def test_turnover_adds_up_the_own_outlets(world: World) -> None:
    text = text_of(world, f"/turnover?{ALL_DAY}")
    assert "Outlets 1 with receipts: 1" in text
    assert "Registers 2 with receipts: 3" in text  # one of the three has left
    assert re.search(r"Total 40\.00 20\.00 10\.00 10\.00 7\b", text), text


def test_register_that_has_left_is_not_followed(world: World) -> None:
    text = text_of(world, f"/turnover?{ALL_DAY}")
    assert "no longer here" in text
    assert "now at" not in text
    assert "now at Тайный склад" in text_of(world, f"/turnover?{ALL_DAY}", "owner")


def test_documents_are_those_of_the_own_outlets(world: World) -> None:
    text = text_of(world, f"/documents/summary?{ALL_DAY}")
    assert "8 documents" in text
    assert "Sale 4 40.00 BYN Refund 2 20.00 BYN Annulment 1 10.00 BYN Deposit 1 5.00 BYN Net 10.00 BYN" in text
    assert "8 documents" in text_of(world, f"/documents/summary?{ALL_DAY}&outlet=1", "owner")


def test_totals_lead_to_exactly_their_documents(world: World) -> None:
    html = world.get("manager", f"/turnover?{ALL_DAY}").get_data(as_text=True)
    totals = re.search(r"<tfoot>.*?</tfoot>", html, re.DOTALL)
    assert totals
    address = unescape(re.findall(r'href="([^"]+)"', totals[0])[0])
    query = dict(parse_qsl(urlsplit(address).query))
    assert "4 documents" in text_of(world, f"/documents/summary?{urlsplit(address).query}"), query


def test_search_finds_nothing_elsewhere(world: World) -> None:
    for query in ("q=800001", f"q={int(THERE):012X}{800_001:012X}", "min=999", "cashier=Скрытникова"):
        assert "No documents for these filters" in text_of(world, f"/documents?{query}")
    for query in (f"sko={THERE}", "outlet=2", "outlet=1&outlet=2"):
        assert world.get("manager", f"/documents?{query}").status_code == 400


@pytest.mark.parametrize("address", [f"/?date={DAY}", f"/sales?{ALL_DAY}", f"/turnover?{ALL_DAY}"])
def test_figures_are_not_said_to_be_of_all_outlets(world: World, address: str) -> None:
    assert ", all outlets" in text_of(world, address, "owner")
    text = text_of(world, address)
    assert ", all outlets" not in text
    assert ", Открытый павильон" in text


def test_outlet_of_others_and_one_that_never_was_are_the_same(world: World) -> None:
    sentence = "You have no such outlet: choose one from the list."
    for outlet_id in (HIDDEN, 77):
        response = world.get("manager", f"/sales?outlet={outlet_id}")
        assert response.status_code == 400
        assert sentence in response.get_data(as_text=True)


# --- receipts that have to do with others ----------------------------------------------------------------------------


def test_refund_elsewhere_is_told_but_not_shown(world: World) -> None:
    text = text_of(world, f"/documents/{HERE}/1")
    assert "Refunded by № 2 " in text
    assert "Refunded since: 10.00 BYN" in text
    assert "There are more documents about this, which you may not see." in text
    of_owner = text_of(world, f"/documents/{HERE}/1", "owner")
    assert f"№ 800006 of {THERE}" in of_owner.replace("\N{NO-BREAK SPACE}", " ")
    assert "which you may not see" not in of_owner


def test_sale_elsewhere_that_was_refunded_here_is_not_shown(world: World) -> None:
    html = world.get("manager", f"/documents/{HERE}/6").get_data(as_text=True)
    assert f"/documents/{THERE}/" not in html
    assert "Sale date" not in html
    assert "not received yet" not in html
    assert "There are more documents about this, which you may not see." in html


# --- files -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("subject", "rows"), [("documents", 8), ("sales", 1), ("turnover", 3)])
def test_file_holds_the_own_outlets(world: World, subject: str, rows: int) -> None:
    response = world.send("manager", "POST", f"/exports?{ALL_DAY}", subject=subject, format="csv")
    assert response.status_code == 200
    assert len(table(response)) == 1 + rows
    assert not seen_of(response, HIDDEN_MARKS, "")
    whole = world.send("owner", "POST", f"/exports?{ALL_DAY}", subject=subject, format="csv")
    assert len(table(whole)) > 1 + rows
    assert seen_of(whole, HIDDEN_MARKS, "")


@pytest.mark.parametrize("subject", ["documents", "sales", "turnover"])
def test_file_of_other_outlets_can_not_be_asked_for(world: World, subject: str) -> None:
    for query in ("outlet=2", "outlet=1&outlet=2"):
        response = world.send("manager", "POST", f"/exports?{ALL_DAY}&{query}", subject=subject, format="csv")
        assert response.status_code == 303
        assert response.location.startswith(f"/{subject}?")  # the page says what is wrong


@pytest.fixture
def long_file(world: World, tmp_path: Path) -> Export:
    """A file that the manager has asked the jobs for."""
    world.app.config.update(EXPORT_ROWS_AT_ONCE=0, EXPORTS_FOLDER=str(tmp_path))
    response = world.send("manager", "POST", f"/exports?{ALL_DAY}", subject="documents", format="csv")
    return export_of(world, response.location.rpartition("/")[2])


def export_of(world: World, export_id: str) -> Export:
    with reading(world.engine) as connection:
        found = find_export(connection, world.merchant_id, world.account_ids["manager"], export_id)
    assert found
    return found


def make(world: World, export: Export) -> Export:
    Exports(world.engine, world.app.config["EXPORTS_FOLDER"]).drain()
    return export_of(world, export.export_id)


def test_long_file_holds_the_own_outlets(world: World, long_file: Export) -> None:
    made = make(world, long_file)
    assert (made.state, made.rows_done) == ("done", 8)
    response = world.get("manager", f"/exports/{made.export_id}/file")
    assert not seen_of(response, HIDDEN_MARKS, "")


def test_limit_is_the_one_of_the_moment_when_the_file_is_made(world: World, long_file: Export) -> None:
    limit(world, HIDDEN)
    assert make(world, long_file).state == "failed"
    limit(world, OPEN, HIDDEN)
    with reading(world.engine) as connection:
        assert wanted_again(connection, long_file).filters.outlet_ids == (OPEN,)


def test_file_of_somebody_who_has_left_is_not_made(world: World, long_file: Export) -> None:
    with writing(world.engine) as connection:
        end_membership(connection, world.merchant_id, world.account_ids["manager"])
    with reading(world.engine) as connection, pytest.raises(NotFound):
        wanted_again(connection, long_file)


def test_file_of_wider_times_is_out_of_reach(world: World, long_file: Export) -> None:
    limit(world, role="accountant")
    everything = world.send("manager", "POST", f"/exports?{ALL_DAY}", subject="documents", format="csv").location
    make(world, long_file)
    assert world.get("manager", f"{everything}/file").status_code == 200
    limit(world, OPEN)
    for ending in ("", "/file", "/progress"):
        assert world.get("manager", everything + ending).status_code == 404
        assert world.get("manager", f"/exports/{long_file.export_id}{ending}").status_code == 200
    listed = world.get("manager", "/exports").get_data(as_text=True)
    assert everything not in listed
    assert long_file.export_id in listed


# --- changes of the limit --------------------------------------------------------------------------------------------


def test_limit_holds_from_the_next_request_on(world: World) -> None:
    client = world.client("manager")
    assert client.get(f"/documents/{THERE}/800001").status_code == 404
    limit(world, HIDDEN)
    assert client.get(f"/documents/{THERE}/800001").status_code == 200
    assert client.get(f"/documents/{HERE}/1").status_code == 404
    assert client.get(f"/sales/{DAY}/{OPEN}").status_code == 404


def test_other_roles_have_no_limit(world: World) -> None:
    for role in ("owner", "accountant", "support"):
        assert "16 documents" in text_of(world, f"/documents/summary?{ALL_DAY}", role)


def test_the_day_of_the_world_is_one(world: World) -> None:
    """The moves and all sales lie within a business day, which these tests look at."""
    assert NOON.date() - (NOON - datetime.timedelta(hours=2)).date() == datetime.timedelta(0)
