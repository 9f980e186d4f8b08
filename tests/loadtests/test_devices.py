"""What the demo tells of outlets and registers beside their receipts."""

import sqlalchemy as sa

from loadtests import company, devices
from sql.engine import reading, writing
from sql.events import Event, read_events
from sql.instants import now_us
from sql.merchants import add_merchant
from sql.outlet_details import OutletDetails, outlet_details
from sql.outlets import outlets_of
from sql.sko_details import SkoDetails, sko_details
from sql.skos import skos_of
from tests.shop import today

Told = tuple[list[OutletDetails | None], list[SkoDetails], list[list[Event]]]


def told(engine: sa.Engine, merchant_id: int) -> Told:
    with reading(engine) as connection:
        outlets, skos = outlets_of(connection, merchant_id), skos_of(connection, merchant_id)
        return (
            [outlet_details(connection, merchant_id, outlet.outlet_id) for outlet in outlets],
            [sko_details(connection, merchant_id, sko.sko_id) for sko in skos],
            [read_events(connection, merchant_id, sko.sko_id, limit=1_000) for sko in skos],
        )


def test_the_demo_furnishes_every_outlet_and_register_once(engine: sa.Engine) -> None:
    with writing(engine) as connection:
        merchant_id = add_merchant(connection, unp="191832203", name="ООО Ромашка")
    places = company.places_of_stores({store_id: [f"1{store_id:08d}"] for store_id in range(1, 9)})
    company.ensure_places(engine, merchant_id, places)
    devices.furnish(engine, merchant_id, today())
    outlets, registers, events = first = told(engine, merchant_id)
    assert all(outlet and outlet.opening_hours and outlet.contact_phone for outlet in outlets)
    assert all(register.serial_number and register.firmware for register in registers)
    assert all(register.registered_us and register.certificate_until_us for register in registers)
    assert all(events)
    assert max(event.occurred_us for listed in events for event in listed) <= now_us()
    devices.furnish(engine, merchant_id, today())
    assert told(engine, merchant_id)[:2] == first[:2]
    for before, after in zip(events, told(engine, merchant_id)[2], strict=True):
        assert after[-len(before) :] == before  # time has gone on, at the most
