"""Whose registers may be set up: a manager's are those of the chosen outlets, nobody's those of another company."""

import pytest
import sqlalchemy as sa
from flask import Flask

from sql.engine import reading
from sql.register_settings import current_settings
from tests.webapp.register_shop import CASHIER, OPTIONS, ROLLOUT, USERS, hidden, text_of
from tests.webapp.world import FOREIGN, HERE, MOVED_AWAY, MOVED_HERE, THERE, World, make_world


@pytest.fixture
def world(app: Flask, engine: sa.Engine) -> World:
    return make_world(app, engine)


def saved(world: World) -> list[int]:
    with reading(world.engine) as connection:
        own = current_settings(connection, world.merchant_id)
        assert current_settings(connection, world.rival_id) == {}
    return list(own)


@pytest.mark.parametrize("number", [THERE, MOVED_AWAY, FOREIGN, "300000000", "'"])
def test_a_manager_can_not_set_up_registers_of_other_outlets(world: World, number: str) -> None:
    for step in ("", "/save"):
        response = world.send("manager", "POST", f"{OPTIONS}{step}", sko=number, base="2:0", open_drawer="on")
        assert response.status_code in (303, 400, 409)
    page = world.get("manager", f"{OPTIONS}?sko={number}")
    assert page.status_code == 400
    assert "There is no such register here:" in text_of(page)
    assert saved(world) == []


def test_all_registers_of_a_manager_are_those_that_stand_in_the_chosen_outlets(world: World) -> None:
    page = text_of(world.get("manager", f"{OPTIONS}?all=1"))
    assert "All registers: 2" in page
    assert HERE in page
    assert MOVED_HERE in page
    assert world.send("manager", "POST", f"{OPTIONS}/save", all="1", base="1:0 4:0", idle_lock="on").status_code == 303
    assert saved(world) == [1, 4]
    assert "All 2" in text_of(world.get("manager", ROLLOUT))
    world.send("owner", "POST", f"{OPTIONS}/save", sko=THERE, base="2:0")
    assert saved(world) == [1, 2, 4]
    assert THERE not in text_of(world.get("manager", ROLLOUT))
    assert "All 3" in text_of(world.get("owner", ROLLOUT))


def test_a_draft_is_good_only_for_whom_it_was_made(world: World) -> None:
    put = world.send("manager", "POST", f"{USERS}/put", sko=HERE, **CASHIER)
    draft = hidden(put.get_data(as_text=True))["draft"]
    assert draft
    assert world.send("owner", "POST", f"{USERS}/save", sko=HERE, base="1:0", draft=draft).status_code == 400
    assert world.send("manager", "POST", f"{USERS}/save", sko=HERE, base="1:0", draft=draft).status_code == 303
    assert saved(world) == [1]
