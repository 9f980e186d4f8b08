"""What an owner changes of an outlet, and whom it concerns."""

from zoneinfo import ZoneInfoNotFoundError

import pytest
import sqlalchemy as sa

from sql.engine import reading, writing
from sql.errors import ChangedMeanwhile, NotFound
from sql.merchants import add_merchant
from sql.outlet_details import OutletDetails, change_outlet, outlet_details, registers_by_outlet
from sql.placements import move_sko
from sql.skos import directory, directory_changes
from sql.tables import sko_directory
from tests.shop import open_outlets

HOURS = {"mon": ("09:00", "21:00"), "sat": ("10:00", "02:00")}
VALUES = {
    "time_zone": "Europe/Minsk",
    "opening_hours": HOURS,
    "contact_name": "Ольга",
    "contact_phone": "+375291234567",
}


@pytest.fixture
def merchant_id(engine: sa.Engine) -> int:
    with writing(engine) as connection:
        merchant_id = add_merchant(connection, unp="191832203", name="ООО Ромашка")
    open_outlets(engine, merchant_id, ("Первый", "Второй"))
    return merchant_id


def details(engine: sa.Engine, merchant_id: int, outlet_id: int = 1) -> OutletDetails:
    with reading(engine) as connection:
        found = outlet_details(connection, merchant_id, outlet_id)
    assert found
    return found


def change(engine: sa.Engine, merchant_id: int, outlet_id: int = 1, **values) -> None:
    with writing(engine) as connection:
        change_outlet(connection, merchant_id, outlet_id, **{**VALUES, **values})


def test_what_nobody_has_told_is_empty(engine: sa.Engine, merchant_id: int) -> None:
    found = details(engine, merchant_id)
    assert (found.name, found.opening_hours, found.contact_name, found.contact_phone) == ("Первый", {}, "", "")


def test_changes_are_kept_for_this_outlet_alone(engine: sa.Engine, merchant_id: int) -> None:
    change(engine, merchant_id)
    found = details(engine, merchant_id)
    assert found.opening_hours == HOURS
    assert (found.contact_name, found.contact_phone) == ("Ольга", "+375291234567")
    assert details(engine, merchant_id, 2).contact_name == ""


def test_hours_that_are_taken_back_are_untold_again(engine: sa.Engine, merchant_id: int) -> None:
    change(engine, merchant_id)
    change(engine, merchant_id, opening_hours={})
    assert details(engine, merchant_id).opening_hours == {}


def test_what_was_not_seen_is_not_overwritten(engine: sa.Engine, merchant_id: int) -> None:
    seen = details(engine, merchant_id).version
    for values in ({"time_zone": "Europe/Warsaw"}, {"opening_hours": {}}, {"contact_name": ""}, {"contact_phone": ""}):
        change(engine, merchant_id)
        mine = details(engine, merchant_id).version
        assert mine != seen
        change(engine, merchant_id, seen=mine, **values)
        with pytest.raises(ChangedMeanwhile):
            change(engine, merchant_id, seen=mine)


def test_another_time_zone_is_told_to_ingest_of_every_register_that_has_ever_stood_there(
    engine: sa.Engine, merchant_id: int
) -> None:
    with writing(engine) as connection:
        move_sko(connection, merchant_id, 1, 2)  # away from the outlet that changes
        connection.execute(sa.update(sko_directory).values(changed_us=0))
    change(engine, merchant_id)  # the same zone
    with reading(engine) as connection:
        assert directory_changes(connection, 1) == {}
    change(engine, merchant_id, time_zone="Europe/Warsaw")
    with reading(engine) as connection:
        assert list(directory_changes(connection, 1)) == ["300000001"]
        [entry] = directory(connection, ["300000001"]).values()
    assert [place.time_zone for place in entry.placements] == ["Europe/Warsaw", "Europe/Minsk"]


def test_nonsense_changes_nothing(engine: sa.Engine, merchant_id: int) -> None:
    with writing(engine) as connection:
        rival_id = add_merchant(connection, unp="190000018", name="ООО Астра")
    with pytest.raises(ZoneInfoNotFoundError):
        change(engine, merchant_id, time_zone="Europe/Atlantis")
    with pytest.raises(NotFound):
        change(engine, rival_id)
    assert details(engine, merchant_id).contact_name == ""
    with reading(engine) as connection:
        assert outlet_details(connection, rival_id, 1) is None


def test_registers_count_where_they_stand_now(engine: sa.Engine, merchant_id: int) -> None:
    with writing(engine) as connection:
        assert registers_by_outlet(connection, merchant_id) == {1: 1, 2: 1}
        move_sko(connection, merchant_id, 1, 2)
        assert registers_by_outlet(connection, merchant_id) == {2: 2}
