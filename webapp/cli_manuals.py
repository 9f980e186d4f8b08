"""`kabinet manual …`: what merchants find on the page of instructions, beside the guide of the cabinet."""

import io
from dataclasses import asdict
from pathlib import Path

import click
import pypdf
from pypdf.errors import PyPdfError

from sql.engine import reading, writing
from sql.manuals import add_manual, manuals, remove_manual
from webapp.cli_options import TEXT, Matching, answer, answer_list, database, json_option
from webapp.language import LANGUAGES

BYTES_MAX = 32 * 1024 * 1024

VERSION = Matching("version", r"[0-9A-Za-zА-Яа-яЁёЎўІі.\-]{1,16}", "1 to 16 letters, digits, dots and hyphens")


@click.group()
def manual() -> None:
    """Manuals for merchants."""


@manual.command("add")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--title", type=TEXT, required=True)
@click.option("--version", type=VERSION, required=True)
@click.option("--language", type=click.Choice(tuple(LANGUAGES)), default="ru", show_default=True)
@json_option
def manual_add(file: Path, title: str, version: str, language: str, as_json: bool) -> None:
    """Add a PDF file. A new version stands beside the old one until that is removed."""
    if file.stat().st_size > BYTES_MAX:
        raise click.ClickException(f"The file is larger than {BYTES_MAX // 1024 // 1024} MB")
    content = file.read_bytes()
    try:
        pages = len(pypdf.PdfReader(io.BytesIO(content)).pages)
    except (PyPdfError, ValueError) as error:
        raise click.ClickException("The file is no PDF that can be read") from error
    with database() as engine, writing(engine) as connection:
        manual_id = add_manual(
            connection, title=title, version=version, language=language, pages=pages, content=content
        )
    answer(as_json, manual_id=manual_id, pages=pages)


@manual.command("list")
@json_option
def manual_list(as_json: bool) -> None:
    """All manuals."""
    with database() as engine, reading(engine) as connection:
        found = manuals(connection)
    answer_list(as_json, "manuals", [asdict(each) for each in found])


@manual.command("remove")
@click.argument("manual_id", type=int)
def manual_remove(manual_id: int) -> None:
    """Remove a manual."""
    with database() as engine, writing(engine) as connection:
        remove_manual(connection, manual_id)
    click.echo(f"Manual {manual_id} is removed.")
