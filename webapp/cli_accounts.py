"""`kabinet account …`: what an operator does for people who log in; the journal of their companies tells of it."""

import datetime
import os
from collections.abc import Iterator
from contextlib import contextmanager

import click
import flask

from sql import account_records, merchants
from sql.account_records import AccountRecord, record_of
from sql.accounts import add_account, person_of, set_language, set_name
from sql.engine import Connection, reading, writing
from sql.errors import NotFound
from sql.instants import from_us, now_us
from sql.journal import OPERATOR, write_journal
from sql.memberships import ROLES, Company, add_membership, companies_of, owners_count
from sql.outlets import outlets_of
from sql.sessions import open_sessions
from webapp import create_app
from webapp.cli_options import EMAIL, PHONE, Matching, Unp, answer, answer_list, database, json_option, unp_option
from webapp.filters import zone_of
from webapp.language import LANGUAGES
from webapp.password_reset import send_link
from webapp.settings import Settings
from webapp.team_forms import SUPPORT_DAYS_MAX, end_of

LISTED_MAX = 200
NAME = Matching("name", r"[^\x00-\x1f\x7f]{1,128}", "1 to 128 characters on one line")
WEB_BIND = "127.0.0.1:8000"

email_argument = click.argument("email", type=EMAIL)


@click.group()
def account() -> None:
    """People who log in."""


@account.command()
@unp_option
@click.option("--email", type=EMAIL, required=True, help="A link to choose a password goes there.")
@click.option("--role", type=click.Choice(ROLES), required=True)
@click.option("--phone", type=PHONE, help="For codes by SMS.")
@click.option("--name", type=NAME, help="Of the person.")
@click.option("--outlet", "outlet_ids", type=click.IntRange(min=1), multiple=True, help="Of a manager; repeatable.")
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), help="Of support: the last day.")
@click.option("--language", type=click.Choice(tuple(LANGUAGES)), help="Of the mails and the pages.")
@json_option
def create(
    unp: str,
    email: str,
    role: str,
    phone: str | None,
    name: str | None,
    outlet_ids: tuple[int, ...],
    until: datetime.datetime | None,
    language: str | None,
    as_json: bool,
) -> None:
    """Add a person to a company, and mail a link with which to choose a password and link an authenticator."""
    if (role == "manager") != bool(outlet_ids):
        raise click.UsageError("--outlet goes with --role manager, and only with it")
    if (role == "support") != bool(until):
        raise click.UsageError("--until goes with --role support, and only with it")
    with database() as engine, site(), writing(engine) as connection:
        merchant_id = merchants.merchant_by_unp(connection, unp).merchant_id
        expires_us = _end_of(connection, merchant_id, until) if until else None
        _check_outlets(connection, merchant_id, outlet_ids)
        account_id = add_account(connection, email=email, phone=phone or "", password_hash="", totp_secret="")
        set_name(connection, account_id, name or "")
        set_language(connection, account_id, language)
        add_membership(connection, merchant_id, account_id, role, outlet_ids=outlet_ids, expires_us=expires_us)
        detail = {"role": role, "outlets": outlet_ids, "until": until and until.date().isoformat()}
        told = {key: value for key, value in detail.items() if value}
        write_journal(connection, merchant_id, "account_created", actor=OPERATOR, subject=email, detail=told)
        _mail_link(connection, account_id, is_new=True)
    answer(as_json, account_id=account_id, link_mailed_to=email)


@account.command()
@email_argument
@json_option
def disable(email: str, as_json: bool) -> None:
    """Shut a person out at once: all sessions end, and nothing opens the account."""
    with database() as engine, writing(engine) as connection:
        found = record_of(connection, email)
        ended = account_records.disable(connection, found.account_id)
        if ended is None:
            raise click.ClickException(f"The account {found.email} is disabled already")
        companies = _tell(connection, found, "account_disabled", count=ended)
        without_owner = [company.unp for company in companies if not owners_count(connection, company.merchant_id)]
    answer(as_json, account_id=found.account_id, sessions_ended=ended, companies_without_owner=without_owner)


@account.command()
@email_argument
@json_option
def enable(email: str, as_json: bool) -> None:
    """Let a disabled person in again, with the password and the factors of before."""
    with database() as engine, writing(engine) as connection:
        found = record_of(connection, email)
        if not account_records.enable(connection, found.account_id):
            raise click.ClickException(f"The account {found.email} is not disabled")
        _tell(connection, found, "account_enabled")
    answer(as_json, account_id=found.account_id)


@account.command("reset-factors")
@email_argument
@click.option("--phone", type=PHONE, help="A new number, if the one for codes by SMS is lost as well.")
@json_option
def reset_factors(email: str, phone: str | None, as_json: bool) -> None:
    """Let a person begin anew who has lost everything, once you know for sure who it is.

    Password, authenticator, recovery codes, passkeys and certificates are forgotten, all sessions end, and a link to
    choose a password and link an authenticator is mailed.
    """
    with database() as engine, site(), writing(engine) as connection:
        found = record_of(connection, email)
        if found.disabled_us is not None:
            raise click.ClickException(f"The account {found.email} is disabled: enable it first")
        ended = account_records.reset_factors(connection, found.account_id, phone=phone)
        _tell(connection, found, "factors_reset", count=ended)
        _mail_link(connection, found.account_id, is_new=False)
    answer(as_json, account_id=found.account_id, sessions_ended=ended, link_mailed_to=found.email)


@account.command("list")
@click.option("--unp", type=Unp(), help="Only the people of this company.")
@click.option("--search", type=NAME, help="Only whose e-mail address or name holds this.")
@json_option
def list_accounts(unp: str | None, search: str | None, as_json: bool) -> None:
    """Who logs in, by e-mail address."""
    with database() as engine, reading(engine) as connection:
        merchant_id = merchants.merchant_by_unp(connection, unp).merchant_id if unp else None
        found = account_records.find_records(
            connection, merchant_id=merchant_id, text=search or "", limit=LISTED_MAX + 1
        )
    rows = [
        {"account_id": row.account_id, "email": row.email, "name": row.name, "state": _state(row)}
        for row in found[:LISTED_MAX]
    ]
    answer_list(as_json, "accounts", rows)
    if len(found) > LISTED_MAX:
        click.echo(f"Only the first {LISTED_MAX} are shown: name a company or search for a part of the name.", err=True)


@account.command()
@email_argument
@json_option
def show(email: str, as_json: bool) -> None:
    """All that is known of a person: state, companies, what opens the account, and how many sessions are open."""
    with database() as engine, reading(engine) as connection:
        found = record_of(connection, email)
        companies = companies_of(connection, found.account_id)
        sessions = open_sessions(connection, found.account_id)
    answer(
        as_json,
        account_id=found.account_id,
        email=found.email,
        name=found.name,
        phone=found.phone,
        language=found.language,
        state=_state(found),
        created=_moment(found.created_us),
        disabled=found.disabled_us and _moment(found.disabled_us),
        companies=[{"unp": company.unp, "name": company.name, "role": company.role} for company in companies],
        password=found.has_password,
        authenticator=found.has_totp,
        recovery_codes=found.recovery_left,
        passkeys=found.passkeys,
        certificates=found.certificates,
        open_sessions=len(sessions),
    )


@contextmanager
def site() -> Iterator[flask.Flask]:
    """The web app, as if somebody asked it for a page at PUBLIC_URL: mails hold links to it."""
    settings = Settings.from_environment()
    address = settings.public_url
    if address is None and settings.development:
        address = f"http://{os.environ.get('WEB_BIND') or WEB_BIND}"
    if address is None:
        raise click.ClickException("PUBLIC_URL must be set: the mail holds a link to the site")
    app = create_app(settings)
    with app.test_request_context(base_url=address):
        yield app
    app.extensions["kabinet_engine"].dispose()


def _mail_link(connection: Connection, account_id: int, *, is_new: bool) -> None:
    person = person_of(connection, account_id)
    assert person is not None
    send_link(connection, person, is_new=is_new)


def _tell(connection: Connection, found: AccountRecord, action: str, **detail: int) -> list[Company]:
    """The journal of each company that the person belongs to; returns these companies."""
    companies = companies_of(connection, found.account_id)
    for company in companies:
        write_journal(connection, company.merchant_id, action, actor=OPERATOR, subject=found.email, detail=detail)
    return companies


def _check_outlets(connection: Connection, merchant_id: int, outlet_ids: tuple[int, ...]) -> None:
    known = {outlet.outlet_id for outlet in outlets_of(connection, merchant_id)}
    for outlet_id in outlet_ids:
        if outlet_id not in known:
            raise NotFound(f"The merchant has no outlet {outlet_id}")


def _end_of(connection: Connection, merchant_id: int, until: datetime.datetime) -> int:
    """The midnight after the last day, where the company is."""
    if until.date() > from_us(now_us()).date() + datetime.timedelta(days=SUPPORT_DAYS_MAX):
        raise click.ClickException(f"Support is let in for {SUPPORT_DAYS_MAX} days at most")
    end_us = end_of(until.date(), zone_of(outlets_of(connection, merchant_id)))
    if end_us <= now_us():
        raise click.ClickException(f"The last day, {until:%Y-%m-%d}, is over")
    return end_us


def _state(found: AccountRecord) -> str:
    if found.disabled_us is not None:
        return "disabled"
    return "open" if found.has_password or found.passkeys or found.certificates else "waits for its password"


def _moment(instant_us: int) -> str:
    return from_us(instant_us).isoformat(timespec="seconds")
