"""What the demo tells of outlets and registers beside their receipts: opening hours, devices, events; always alike."""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from random import Random

from loadtests.register import MINSK
from sql.engine import Connection, Engine, writing
from sql.events import NewEvent, insert_events
from sql.instants import now_us, to_us
from sql.outlet_details import DAYS, OpeningHours, change_outlet
from sql.outlets import Outlet, outlets_of
from sql.sko_details import describe_sko
from sql.skos import Sko, skos_of

EVENT_DAYS = 30
CERTIFICATE_DAYS = (400, 300, 12, 210, 96, 500, 350)  # left; every seventh register must hurry
CONTACTS = ("Ольга Ковалёва", "Сергей Новик", "Ганна Мельнік", "Андрей Бондарь", "Наталья Жук")
TROUBLES = (
    ("paper_out", None),
    ("error", "E12: замятие ленты"),
    ("error", "E31: крышка открыта"),
    ("memory_low", "12 %"),
)


def furnish(engine: Engine, merchant_id: int, ends: date) -> None:
    """Describe all outlets and registers, and add the events of the month up to `ends`. Again changes nothing."""
    with writing(engine) as connection:
        for outlet in outlets_of(connection, merchant_id):
            _describe_outlet(connection, merchant_id, outlet)
        for sko in skos_of(connection, merchant_id):
            random = Random(sko.number)
            _describe_device(connection, sko, ends, random)
            insert_events(connection, [event for event in _events(sko, ends, random) if event.occurred_us <= now_us()])


def _describe_outlet(connection: Connection, merchant_id: int, outlet: Outlet) -> None:
    place = outlet.outlet_id
    change_outlet(
        connection,
        merchant_id,
        place,
        time_zone=outlet.time_zone,
        opening_hours=_hours(place),
        contact_name=CONTACTS[place % len(CONTACTS)],
        contact_phone=f"+37529{6_000_000 + place * 7_919 % 1_000_000}",
    )


def _hours(place: int) -> OpeningHours:
    """A shop of every day, one that closes earlier at the weekend, or one that rests on Sunday."""
    hours = dict.fromkeys(DAYS, ("09:00", "21:00"))
    if place % 3 == 1:
        hours |= dict.fromkeys(DAYS[5:], ("10:00", "18:00"))
    elif place % 3 == 2:
        del hours["sun"]
    return hours


def _describe_device(connection: Connection, sko: Sko, ends: date, random: Random) -> None:
    today = datetime.combine(ends, time(), MINSK)
    describe_sko(
        connection,
        sko.merchant_id,
        sko.sko_id,
        serial_number=f"IK{random.randrange(10**8):08d}",
        firmware=_firmware(sko),
        registered_us=to_us(today - timedelta(days=random.randrange(120, 700))),
        certificate_until_us=to_us(today + timedelta(days=CERTIFICATE_DAYS[sko.sko_id % len(CERTIFICATE_DAYS)])),
    )


def _firmware(sko: Sko) -> str:
    return f"3.{sko.sko_id % 4 + 5}.{sko.sko_id % 10}"


def _events(sko: Sko, ends: date, random: Random) -> Iterator[NewEvent]:
    """A connection that breaks now and then and comes back, and the small troubles of a till."""
    for ago in range(EVENT_DAYS, -1, -1):
        noon = datetime.combine(ends - timedelta(days=ago), time(12), MINSK)
        at = noon + timedelta(seconds=random.randrange(-10_000, 20_000))
        if random.random() < 0.35:
            yield _event(sko, at, "offline")
            yield _event(sko, at + timedelta(seconds=random.randrange(30, 1_500)), "online")
        if random.random() < 0.15:
            yield _event(sko, at + timedelta(hours=1), *random.choice(TROUBLES))
        if ago == sko.sko_id % EVENT_DAYS:
            yield _event(sko, noon, "firmware_updated", _firmware(sko))
    if CERTIFICATE_DAYS[sko.sko_id % len(CERTIFICATE_DAYS)] < EVENT_DAYS:
        yield _event(sko, datetime.combine(ends, time(8), MINSK), "certificate_expiring")


def _event(sko: Sko, at: datetime, kind: str, detail: str | None = None) -> NewEvent:
    occurred_us = to_us(at)
    return NewEvent(sko.merchant_id, sko.sko_id, occurred_us, kind, detail, occurred_us)
