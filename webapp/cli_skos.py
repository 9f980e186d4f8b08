"""`kabinet sko …`: registers, and what the operator writes down of their devices."""

import datetime
from zoneinfo import ZoneInfo

import click

from sql.engine import Connection, reading, writing
from sql.instants import SECOND_US, from_us, now_us, to_us
from sql.journal import OPERATOR, write_journal
from sql.merchants import merchant_by_id, merchant_by_unp
from sql.outlets import Outlet, outlets_of
from sql.sko_details import Device, describe_sko, settings_of_sko, sko_details, unsent_of
from sql.sko_states import sko_states
from sql.skos import Sko, add_sko, owner_of, skos_of
from sql.tables import SKO_MODELS
from webapp.cli_options import SKO_NUMBER, Matching, answer, answer_list, database, json_option, unp_option
from webapp.periods import iso_day
from webapp.team_forms import end_of

DEVICE_TEXT = Matching("text", r"[^\x00-\x1f\x7f]{1,32}", "1 to 32 characters on one line")


class Day(click.ParamType[datetime.date]):
    """2026-10-01, in this century."""

    name = "day"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> datetime.date:
        day = iso_day(value)
        if day is None or day.year // 100 != 20:
            self.fail(f"{value!r} is no day: write it like 2026-10-01", param, ctx)
        return day


number_argument = click.argument("number", type=SKO_NUMBER)


@click.group()
def sko() -> None:
    """Registers."""


@sko.command()
@unp_option
@click.option("--number", type=SKO_NUMBER, required=True)
@click.option("--outlet", "outlet_id", type=click.IntRange(min=1), required=True, help="Where it stands.")
@click.option("--model", type=click.Choice(SKO_MODELS), required=True)
@json_option
def add(unp: str, number: str, outlet_id: int, model: str, as_json: bool) -> None:
    """Add a register."""
    with database() as engine, writing(engine) as connection:
        merchant_id = merchant_by_unp(connection, unp).merchant_id
        sko_id = add_sko(connection, merchant_id, number=number, outlet_id=outlet_id, model=model)
    answer(as_json, sko_id=sko_id)


@sko.command()
@number_argument
@click.option("--serial-number", type=DEVICE_TEXT, help="Of the device.")
@click.option("--firmware", type=DEVICE_TEXT, help="Its version.")
@click.option("--registered", type=Day(), help="With the state system: the day.")
@click.option("--certificate-until", type=Day(), help="The last day of its certificate.")
@json_option
def describe(
    number: str,
    serial_number: str | None,
    firmware: str | None,
    registered: datetime.date | None,
    certificate_until: datetime.date | None,
    as_json: bool,
) -> None:
    """Write down what is known of a register's device: its company sees it on the page of the register.

    What is not named stays as it was. Days are those of the outlet where the register stands.
    """
    if not (serial_number or firmware or registered or certificate_until):
        raise click.UsageError("Say what is known of the device")
    with database() as engine, writing(engine) as connection:
        found = owner_of(connection, number)
        zone = _outlet_of(connection, found).time_zone
        told = Device()
        if serial_number:
            told["serial_number"] = serial_number
        if firmware:
            told["firmware"] = firmware
        if registered:
            told["registered_us"] = to_us(datetime.datetime.combine(registered, datetime.time(), ZoneInfo(zone)))
        if certificate_until:
            told["certificate_until_us"] = end_of(certificate_until, zone) - SECOND_US
        changed = _describe(connection, found, told)
    answer(as_json, number=number, changed=changed)


@sko.command()
@number_argument
@json_option
def show(number: str, as_json: bool) -> None:
    """All that is known of a register: whose it is, its device, how it is doing, its settings."""
    with database() as engine, reading(engine) as connection:
        found = owner_of(connection, number)
        key = (found.merchant_id, found.sko_id)
        company, outlet = merchant_by_id(connection, found.merchant_id), _outlet_of(connection, found)
        details, settings = sko_details(connection, *key), settings_of_sko(connection, *key)
        state = sko_states(connection, found.merchant_id, [found.sko_id])[found.sko_id]
        unsent = unsent_of(connection, *key)
    answer(
        as_json,
        number=number,
        unp=company.unp,
        company=company.name,
        outlet_id=outlet.outlet_id,
        outlet=outlet.name,
        model=details.model,
        serial_number=details.serial_number,
        firmware=details.firmware,
        connected=_moment(details.created_us),
        registered=_day(details.registered_us, outlet),
        certificate_until=_day(details.certificate_until_us, outlet),
        state=state.state,
        seen=_moment(state.seen_us),
        shift_open_since=_moment(state.shift_us),
        unsent=unsent.pending,
        refused=unsent.refused,
        settings_saved=settings.newest,
        settings_applied=settings.applied,
    )


@sko.command("list")
@unp_option
@json_option
def list_skos(unp: str, as_json: bool) -> None:
    """The registers of a company."""
    with database() as engine, reading(engine) as connection:
        merchant_id = merchant_by_unp(connection, unp).merchant_id
        found = skos_of(connection, merchant_id)
        states = sko_states(connection, merchant_id, [each.sko_id for each in found])
    rows = [
        {
            "number": each.number,
            "model": each.model,
            "outlet_id": each.outlet_id,
            "state": states[each.sko_id].state,
            "seen": _moment(states[each.sko_id].seen_us),
        }
        for each in found
    ]
    answer_list(as_json, "skos", rows)


def _describe(connection: Connection, found: Sko, told: Device) -> list[str]:
    """Write it down, and into the journal of the company; returns the names of what is other than before."""
    if told.get("registered_us", 0) > now_us():
        raise click.ClickException("The day of --registered is still to come")
    before = sko_details(connection, found.merchant_id, found.sko_id)
    changed = [name for name, value in told.items() if getattr(before, name) != value]
    if changed:
        describe_sko(connection, found.merchant_id, found.sko_id, **told)
        detail = {"fields": changed}
        write_journal(
            connection, found.merchant_id, "register_described", actor=OPERATOR, subject=found.number, detail=detail
        )
    return changed


def _outlet_of(connection: Connection, found: Sko) -> Outlet:
    [outlet] = outlets_of(connection, found.merchant_id, [found.outlet_id])
    return outlet


def _moment(instant_us: int | None) -> str | None:
    return from_us(instant_us).isoformat(timespec="seconds") if instant_us else None


def _day(instant_us: int | None, outlet: Outlet) -> str | None:
    """There, where it stands."""
    return from_us(instant_us).astimezone(ZoneInfo(outlet.time_zone)).date().isoformat() if instant_us else None
