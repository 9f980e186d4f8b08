"""The command `kabinet`: what an operator does by hand. Each answer is also to be had as JSON for machines."""

import importlib.metadata
import json

import click

from sql import merchants, outlets, skos, tokens
from sql.accounts import add_account, person_by_email
from sql.deliveries import delivery_status, retry_refused
from sql.engine import Connection, reading, writing
from sql.errors import NotFound
from sql.instants import SECOND_US, now_us
from sql.journal import OPERATOR, write_journal
from sql.memberships import add_membership
from sql.migrate import migrate as migrate_database
from sql.tables import TOKEN_SCOPES
from sql.turnover import DIFFERENCES_MAX, turnover_differences
from webapp.cli_accounts import account
from webapp.cli_acts import act, tariff
from webapp.cli_manuals import manual
from webapp.cli_options import EMAIL, PHONE, SKO_NUMBER, TEXT, Unp, answer, database, json_option, unp_option
from webapp.cli_skos import sko
from webapp.jobs import jobs
from webapp.passwords import generate_password, generate_totp_secret, hash_password
from webapp.run import run


@click.group()
def main() -> None:
    """Kabinet: the merchants' cabinet of a cash-register operator, and the ingest service of its registers."""


@main.command()
def migrate() -> None:
    """Bring the database to the newest schema."""
    with database() as engine:
        migrate_database(engine)
    click.echo("The database is up to date.")


@main.group()
def merchant() -> None:
    """Companies."""


@merchant.command("add")
@unp_option
@click.option("--name", type=TEXT, required=True)
@click.option("--email", type=EMAIL, required=True, help="Of the owner.")
@click.option("--phone", type=PHONE, required=True, help="Of the owner.")
@json_option
def merchant_add(unp: str, name: str, email: str, phone: str, as_json: bool) -> None:
    """Add a company with its owner's account. The password and the one-time code's secret are shown once.

    Who has an account already owns the company with that one, as it is: nothing is shown, the phone is not changed.
    """
    with database() as engine, writing(engine) as connection:
        merchant_id = merchants.add_merchant(connection, unp=unp, name=name)
        known = person_by_email(connection, email)
        account_id, shown = (known.account_id, {}) if known else _add_owner(connection, email, phone)
        add_membership(connection, merchant_id, account_id, "owner")
        action = "person_added" if known else "account_created"
        write_journal(connection, merchant_id, action, actor=OPERATOR, subject=email, detail={"role": "owner"})
    answer(as_json, merchant_id=merchant_id, account_id=account_id, **shown)


def _add_owner(connection: Connection, email: str, phone: str) -> tuple[int, dict[str, str]]:
    """A new account, and what it is opened with."""
    password, secret = generate_password(), generate_totp_secret()
    account_id = add_account(
        connection, email=email, phone=phone, password_hash=hash_password(password), totp_secret=secret
    )
    return account_id, {"password": password, "totp_secret": secret}


@main.group()
def outlet() -> None:
    """Places where a merchant sells."""


@outlet.command("add")
@unp_option
@click.option("--name", type=TEXT, required=True)
@click.option("--address", type=TEXT, required=True)
@click.option("--time-zone", default=outlets.DEFAULT_TIME_ZONE, show_default=True, help="Decides the business day.")
@json_option
def outlet_add(unp: str, name: str, address: str, time_zone: str, as_json: bool) -> None:
    """Add an outlet."""
    with database() as engine, writing(engine) as connection:
        merchant_id = merchants.merchant_by_unp(connection, unp).merchant_id
        outlet_id = outlets.add_outlet(connection, merchant_id, name=name, address=address, time_zone=time_zone)
    answer(as_json, outlet_id=outlet_id)


@main.group()
def token() -> None:
    """Tokens with which registers and gateways post."""


@token.command("issue")
@click.option("--scope", type=click.Choice(TOKEN_SCOPES), required=True)
@click.option("--sko", "number", type=SKO_NUMBER, help="For the scope sko: which one.")
@click.option("--unp", type=Unp(), help="For the scopes sko and merchant: whose; a sko's own merchant if left out.")
@json_option
def token_issue(scope: str, number: str | None, unp: str | None, as_json: bool) -> None:
    """Issue a token. It is shown once."""
    if (number is not None) != (scope == "sko"):
        raise click.UsageError("--sko goes with --scope sko, and only with it")
    if (unp is not None and scope == "operator") or (unp is None and scope == "merchant"):
        raise click.UsageError("--unp goes with --scope merchant (or sko), not with operator")
    with database() as engine, writing(engine) as connection:
        merchant_id = merchants.merchant_by_unp(connection, unp).merchant_id if unp else None
        sko_id = None
        if number is not None:
            owner = skos.owner_of(connection, number)
            if merchant_id not in (None, owner.merchant_id):
                raise NotFound(f"The merchant has no СКО {number}")
            merchant_id, sko_id = owner.merchant_id, owner.sko_id
        token_id, secret = tokens.issue_token(connection, scope=scope, merchant_id=merchant_id, sko_id=sko_id)
    answer(as_json, token_id=token_id, token=secret)


@token.command("revoke")
@click.argument("token_id", type=int)
def token_revoke(token_id: int) -> None:
    """End a token: within 5 seconds nobody can post with it."""
    with database() as engine, writing(engine) as connection:
        tokens.revoke_token(connection, token_id)
    click.echo(f"Token {token_id} is revoked.")


@main.command()
@click.option("--unp", type=Unp(), help="Only this merchant; all of them if left out.")
@json_option
@click.pass_context
def verify(context: click.Context, unp: str | None, as_json: bool) -> None:
    """Recompute turnover from the documents: exit code 0 if it is the same, else 1 and the differences."""
    with database() as engine, reading(engine) as connection:
        merchant_id = merchants.merchant_by_unp(connection, unp).merchant_id if unp else None
        differences = turnover_differences(connection, merchant_id)
    if as_json:
        listed = [difference._asdict() for difference in differences]
        click.echo(json.dumps({"differences": listed}, default=str))
    elif differences:
        for table, key, kept, recomputed in differences:
            click.echo(f"{table} {' '.join(map(str, key))}: kept {kept}, recomputed {recomputed}")
        click.echo(f"Turnover differs from its documents in {len(differences)} rows (at most {DIFFERENCES_MAX} shown).")
    else:
        click.echo("Turnover equals its recomputation.")
    context.exit(1 if differences else 0)


@main.group()
def delivery() -> None:
    """Documents on their way to the state system."""


@delivery.command("status")
@json_option
def delivery_progress(as_json: bool) -> None:
    """How many documents are still to be sent, and how many were refused."""
    with database() as engine, reading(engine) as connection:
        pending, refused, oldest_us = delivery_status(connection)
    seconds = None if oldest_us is None else (now_us() - oldest_us) // SECOND_US
    answer(as_json, pending=pending, refused=refused, oldest_pending_seconds=seconds)


@delivery.command("retry")
@unp_option
@click.option("--sko", "number", type=SKO_NUMBER, help="Only of this register.")
@json_option
def delivery_retry(unp: str, number: str | None, as_json: bool) -> None:
    """Send once more what the state system has refused."""
    with database() as engine, writing(engine) as connection:
        merchant_id = merchants.merchant_by_unp(connection, unp).merchant_id
        sko_id = skos.sko_by_number(connection, merchant_id, number).sko_id if number else None
        documents = retry_refused(connection, merchant_id, sko_id, now_us())
    answer(as_json, documents=documents)


main.add_command(account)
main.add_command(sko)
main.add_command(tariff)
main.add_command(act)
main.add_command(manual)
main.add_command(run)
main.add_command(jobs)
# Commands that live on another floor (`kabinet replay`, …) plug in; a deployment without that floor lacks them.
for entry in importlib.metadata.entry_points(group="kabinet.commands"):
    main.add_command(entry.load(), entry.name)

if __name__ == "__main__":
    main()
