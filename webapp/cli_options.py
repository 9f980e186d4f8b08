"""What the commands of `kabinet` share: kinds of arguments, the database, answers for people and for machines."""

import contextlib
import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from zoneinfo import ZoneInfoNotFoundError

import click

from sql.dialect import storage_errors
from sql.engine import DEFAULT_DATABASE_URL, Engine, connect
from sql.errors import AlreadyExists, NotFound, StorageUnavailable
from sql.skos import NUMBER
from sql.unp import is_valid_unp, normalised_unp
from webapp.emails import account_address


class Unp(click.ParamType[str]):
    """A УНП with a right check digit."""

    name = "УНП"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        unp = normalised_unp(value)
        if not is_valid_unp(unp):
            self.fail(f"{value!r} is not a УНП: nine characters, the last of which checks the others", param, ctx)
        return unp


class Matching(click.ParamType[str]):
    """Text that a pattern describes as a whole."""

    def __init__(self, name: str, pattern: str, rule: str) -> None:
        self.name = name
        self._pattern = re.compile(pattern)
        self._rule = rule

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if not self._pattern.fullmatch(value.strip()):
            self.fail(f"{value!r} is no {self.name}: {self._rule}", param, ctx)
        return value.strip()


class Email(click.ParamType[str]):
    """An e-mail address, as accounts have it."""

    name = "e-mail address"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        try:
            return account_address(value)
        except ValueError:
            self.fail(f"{value!r} is no e-mail address that mail can be sent to, like owner@example.by", param, ctx)


EMAIL = Email()
PHONE = Matching("phone number", r"\+[1-9][0-9]{7,14}", "with the country's code, like +375291234567")
SKO_NUMBER = Matching("СКО number", NUMBER.pattern, "1 to 20 of 0-9 and A-Z")
TEXT = Matching("text", r"[^\x00-\x1f\x7f]{1,256}", "1 to 256 characters on one line")

unp_option = click.option("--unp", type=Unp(), required=True, help="УНП of the merchant.")
json_option = click.option("--json", "as_json", is_flag=True, help="Answer in JSON, for machines.")


@contextlib.contextmanager
def database() -> Iterator[Engine]:
    """The database of DATABASE_URL; what goes wrong there ends the command with a sentence."""
    try:
        engine = connect(os.environ.get("DATABASE_URL") or DEFAULT_DATABASE_URL)
        try:
            with storage_errors():
                yield engine
        finally:
            engine.dispose()
    except ZoneInfoNotFoundError as error:
        raise click.ClickException(str(error.args[0])) from error
    except (AlreadyExists, NotFound, StorageUnavailable, ValueError) as error:
        raise click.ClickException(str(error)) from error


def answer(as_json: bool, **values: object) -> None:
    """Named values, one a line; in JSON one object."""
    if as_json:
        click.echo(json.dumps(values, ensure_ascii=False))
        return
    for name, value in values.items():
        click.echo(f"{name}: {_plain(value)}")


def answer_list(as_json: bool, name: str, rows: Sequence[Mapping[str, object]]) -> None:
    """Rows with the same names, as a table; in JSON one object with a list."""
    if as_json:
        click.echo(json.dumps({name: rows}, ensure_ascii=False))
        return
    lines = [list(rows[0]), *([_plain(value) for value in row.values()] for row in rows)] if rows else []
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def _plain(value: object) -> str:
    """A value as people read it: nothing for None, lists with commas."""
    if value is None:
        return ""
    if isinstance(value, (list, tuple)):
        return ", ".join(" ".join(map(str, item.values())) if isinstance(item, dict) else str(item) for item in value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)
