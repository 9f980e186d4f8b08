"""What README and docs/ name is there: commands with their options, targets of make, files, variables, figures."""

import importlib.metadata
import re
import tomllib
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import click
import pytest

from ingest.settings import SHARED, Settings
from webapp.cli import main
from webapp.passwords import _hasher

ROOT = Path(__file__).parents[1]
TEXTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "loadtests/README.md", *sorted(ROOT.glob("docs/*.md"))]
CODE = re.compile(r"^```\w*\n(.*?)^```|`([^`\n]+)`", re.MULTILINE | re.DOTALL)
WORD = re.compile(r"[a-z][a-z-]*")
# How the code reads a variable: `os.environ.get("NAME")`, `_whole_number("NAME", …)`, `"NAME" in os.environ`.
READ = re.compile(
    r'(?:environ(?:ment)?\.get|_switch|_whole_number|_words|_file)\("([A-Z_]+)"|"([A-Z_]+)" in os\.environ'
)


def all_commands() -> dict[str, click.Command]:
    """Also those that other floors plug in, whatever of them is installed."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    plugged = project["entry-points"]["kabinet.commands"].items()
    return main.commands | {name: importlib.metadata.EntryPoint(name, value, "").load() for name, value in plugged}


COMMANDS = all_commands()


def code_lines(text: str) -> Iterator[str]:
    """Lines of code blocks without their comments, and what stands between backticks."""
    for block, inline in CODE.findall(text):
        yield from (line.split("  #")[0].split(" # ")[0] for line in (block or inline).splitlines())


def named_commands(text: str) -> Iterator[tuple[click.Command, str]]:
    """Each `kabinet …` that is named, as far down as there are commands, with the whole line."""
    for line in code_lines(text):
        found = re.match(r"(?:\.venv/bin/)?kabinet ([a-z].*)", line)
        if not found:
            continue
        first, *words = found[1].split()
        assert first in COMMANDS, line
        command = COMMANDS[first]
        for word in words:
            if not isinstance(command, click.Group) or not WORD.fullmatch(word):
                break
            assert word in command.commands, line
            command = command.commands[word]
        yield command, line


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.name)
def test_every_command_and_option_that_is_named_exists(path: Path):
    for command, line in named_commands(path.read_text()):
        known = {name for parameter in command.params for name in parameter.opts}
        assert set(re.findall(r"--[a-z][a-z-]*", line)) <= known, line


def test_every_command_is_named_in_the_readme():
    named = {command for command, _line in named_commands((ROOT / "README.md").read_text())}
    assert named >= {command for command in COMMANDS.values() if not isinstance(command, click.Group)}


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.name)
def test_every_target_of_make_that_is_named_exists(path: Path):
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = {found for line in code_lines(path.read_text()) for found in re.findall(r"^make ([a-z-]+)", line)}
    assert named <= targets


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.name)
def test_every_link_leads_somewhere(path: Path):
    for target in re.findall(r"\]\(([^)\s]+)\)", path.read_text()):
        file, _, heading = target.partition("#")
        if file.startswith("https://"):
            continue
        linked = path.parent / file if file else path
        assert linked.exists(), target
        headings = re.findall(r"^#+ (.+)$", linked.read_text(), re.MULTILINE) if heading else []
        assert not heading or heading in [each.lower().replace(" ", "-") for each in headings], target


def test_the_readme_has_every_variable_of_the_environment_and_no_other():
    rows = re.findall(r"^\| (`[A-Z].*?) \|", (ROOT / "README.md").read_text(), re.MULTILINE)
    described = {name for row in rows for name in re.findall(r"`([A-Z_]+)`", row)}
    sources = [*ROOT.glob("webapp/*.py"), ROOT / "ingest/server.py", ROOT / "ingest/metrics.py"]
    known = {name for path in sources for pair in READ.findall(path.read_text()) for name in pair if name}
    known |= {SHARED.get(field.name) or f"INGEST_{field.name.upper()}" for field in fields(Settings)}
    assert described == known


def test_the_passwords_hash_is_described_as_it_is():
    assert f"Argon2id, {_hasher.memory_cost // 1024} MiB, three passes" in (ROOT / "docs/security.md").read_text()
    assert _hasher.time_cost == 3
