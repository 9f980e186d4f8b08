"""`kabinet tariff …` and `kabinet act …`: what registers cost, and the acts that say so."""

import datetime
import re
from dataclasses import asdict

import click

from sql.act_making import ZONE, month_before
from sql.acts import Act, Provider, acts_of, correct_act
from sql.engine import reading, writing
from sql.instants import now_us
from sql.merchants import merchant_by_unp
from sql.tables import ACT_KINDS
from sql.tariffs import add_tariff, end_tariff, tariffs_of
from webapp.act_jobs import make_acts, provider_of
from webapp.cli_options import TEXT, answer, answer_list, database, json_option, unp_option
from webapp.periods import iso_day
from webapp.settings import Settings

# As the user guide's acts name them; `--service` says it otherwise.
SERVICES = {
    "registration": "Регистрация Программной кассы (ПК) в АИС ПКС"
    " (включая пользование неисключительной лицензией в течение месяца подключения)",
    "subscription": "Абонентская плата за пользование Программной кассой (ПК) в АИС ПКС",
}
PRICE_MAX_MINOR = 10**7


class Price(click.ParamType[int]):
    """45 or 45.00, in roubles → minor units."""

    name = "price"

    def convert(self, value: str | int, param: click.Parameter | None, ctx: click.Context | None) -> int:
        found = re.fullmatch(r"([0-9]{1,6})(?:[.,]([0-9]{2}))?", str(value))
        minor = int(found[1]) * 100 + int(found[2] or 0) if found else PRICE_MAX_MINOR + 1
        if minor > PRICE_MAX_MINOR:
            self.fail(f"{value!r} is no price: write it like 45.00, in roubles", param, ctx)
        return minor


class Month(click.ParamType[datetime.date]):
    """2026-10 → its first day."""

    name = "month"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> datetime.date:
        month = iso_day(f"{value}-01")
        if month is None:
            self.fail(f"{value!r} is no month: write it like 2026-10", param, ctx)
        return month


kind_option = click.option("--kind", type=click.Choice(ACT_KINDS), required=True)
price_option = click.option("--price", "price_minor", type=Price(), help="Of one register, like 45.00, with VAT.")


@click.group()
def tariff() -> None:
    """What a register costs: its registration, and each month after that."""


@tariff.command("add")
@kind_option
@click.option("--price", "price_minor", type=Price(), required=True, help="Of one register, like 45.00, with VAT.")
@click.option("--from", "first_month", type=Month(), required=True, help="The first month, like 2026-10.")
@click.option("--until", "last_month", type=Month(), help="The last month; without it, until further notice.")
@click.option("--vat", "vat_percent", type=click.IntRange(1, 99), help="Percent; without it, without VAT.")
@click.option("--service", type=TEXT, help="As acts shall call it.")
@json_option
def tariff_add(
    kind: str,
    price_minor: int,
    first_month: datetime.date,
    last_month: datetime.date | None,
    vat_percent: int | None,
    service: str | None,
    as_json: bool,
) -> None:
    """Add a tariff. One of before without an end ends where this one begins."""
    with database() as engine, writing(engine) as connection:
        tariff_id = add_tariff(
            connection,
            kind=kind,
            first_month=first_month,
            last_month=last_month,
            service=service or SERVICES[kind],
            price_minor=price_minor,
            vat_percent=vat_percent,
        )
    answer(as_json, tariff_id=tariff_id)


@tariff.command("end")
@click.argument("tariff_id", type=int)
@click.option("--month", "last_month", type=Month(), required=True, help="The last one, like 2026-12.")
def tariff_end(tariff_id: int, last_month: datetime.date) -> None:
    """Let a tariff end with a month. Acts that are made already stay as they are."""
    with database() as engine, writing(engine) as connection:
        end_tariff(connection, tariff_id, last_month)
    click.echo(f"Tariff {tariff_id} ends with {last_month:%Y-%m}.")


@tariff.command("list")
@json_option
def tariff_list(as_json: bool) -> None:
    """All tariffs."""
    with database() as engine, reading(engine) as connection:
        found = tariffs_of(connection)
    rows = [
        asdict(each)
        | {"first_day": each.first_day.isoformat(), "last_day": each.last_day.isoformat() if each.last_day else None}
        for each in found
    ]
    answer_list(as_json, "tariffs", rows)


@click.group()
def act() -> None:
    """Acts of services rendered."""


@act.command("make")
@click.option("--month", type=Month(), help="Like 2026-09; without it, the last one that has ended.")
@json_option
def act_make(month: datetime.date | None, as_json: bool) -> None:
    """Make the acts of a month that are missing. The jobs do it by themselves; doing it again changes nothing."""
    provider, last = _provider(), month_before(now_us())
    if month is not None and month > last:
        raise click.ClickException(f"{month:%Y-%m} has not ended yet")
    with database() as engine:
        made = sum(1 for _ in make_acts(engine, provider, month or last))
    answer(as_json, acts=made)


@act.command("list")
@unp_option
@json_option
def act_list(unp: str, as_json: bool) -> None:
    """A merchant's acts."""
    with database() as engine, reading(engine) as connection:
        merchant_id = merchant_by_unp(connection, unp).merchant_id
        found = [each for kind in ACT_KINDS for each in acts_of(connection, merchant_id, kind)]
    answer_list(as_json, "acts", [_row(each) for each in found])


@act.command("correct")
@unp_option
@click.option("--number", type=click.IntRange(min=1), required=True, help="Of the act, without the УНП.")
@click.option("--quantity", type=click.IntRange(0, 100_000), required=True, help="Of registers, as it should be.")
@price_option
@click.option("--reason", type=TEXT, required=True, help="It stands on the new act.")
@json_option
def act_correct(unp: str, number: int, quantity: int, price_minor: int | None, reason: str, as_json: bool) -> None:
    """Make a new act in the place of a wrong one, which it names."""
    provider = _provider()
    with database() as engine, writing(engine) as connection:
        merchant_id = merchant_by_unp(connection, unp).merchant_id
        corrected = correct_act(
            connection,
            merchant_id,
            number,
            issued=datetime.datetime.now(ZONE).date(),
            quantity=quantity,
            price_minor=price_minor,
            provider=provider,
            reason=reason,
        )
    answer(as_json, number=corrected.number, name=corrected.name)


def _provider() -> Provider:
    try:
        provider = provider_of(Settings.from_environment())
    except ValueError as error:
        raise click.ClickException(str(error)) from error
    if not provider.name:
        raise click.ClickException("Set OPERATOR_NAME: an act names who has rendered the service")
    return provider


def _row(each: Act) -> dict[str, object]:
    return {
        "number": each.name,
        "kind": each.kind,
        "month": f"{each.month:%Y-%m}",
        "issued": each.issued.isoformat(),
        "quantity": each.quantity,
        "total_minor": each.total_minor,
        "corrects": each.corrects,
        "corrected_by": each.corrected_by,
    }
