"""Texts on the receipt, and switches for what a register does: the two panels of single values."""

from dataclasses import replace
from typing import Literal

from flask import Blueprint, Response, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from sql.engine import reading
from webapp.database import engine
from webapp.fragments import page_or_fragment, wants_fragment
from webapp.guard import go_to
from webapp.register_options import OPTIONS, family_route
from webapp.register_settings_changes import RECEIPT
from webapp.register_settings_choice import find_choice
from webapp.register_settings_content import COLUMNS, NAME_LINES, TEXT_LENGTHS
from webapp.register_settings_sample import sample_lines
from webapp.register_settings_saving import save
from webapp.register_settings_values import ValuesPanel
from webapp.roles import needs

blueprint = Blueprint("register_settings", __name__)

Part = Literal["receipt", "options"]


@family_route(blueprint, "", panel="receipt")
@needs("settings")
def receipt(family: str) -> ResponseReturnValue:
    return _answer(_find(family, "receipt"))


@family_route(blueprint, "", "POST", panel="receipt")
@needs("settings")
def choose_for_receipt(family: str) -> ResponseReturnValue:
    return _chosen(_find(family, "receipt"))


@family_route(blueprint, "/save", "POST", panel="receipt")
@needs("settings")
def save_receipt(family: str) -> ResponseReturnValue:
    return _saved(_find(family, "receipt", is_typed=True))


@family_route(blueprint, "/sample", "GET", "POST", panel="receipt")
@needs("settings")
def sample(family: str) -> ResponseReturnValue:
    """Where each text goes: as it is typed, or as it was saved."""
    panel = _find(family, "receipt", is_typed=request.method == "POST")
    names = (*TEXT_LENGTHS, *(("name_lines", "number_goods") if "name_lines" in _names(panel) else ()))
    values = {name: panel.value(name) for name in names}
    if not str(values.get("name_lines", 0) or 0).isdecimal() or "name_lines" in panel.problems:
        values["name_lines"] = None
    if values.get("name_lines"):
        values["name_lines"] = int(values["name_lines"])
    return _answer(replace(panel, sample=sample_lines(values)))


@family_route(blueprint, "", panel="options")
@needs("settings")
def options(family: str) -> ResponseReturnValue:
    return _answer(_find(family, "options"))


@family_route(blueprint, "", "POST", panel="options")
@needs("settings")
def choose_for_options(family: str) -> ResponseReturnValue:
    return _chosen(_find(family, "options"))


@family_route(blueprint, "/save", "POST", panel="options")
@needs("settings")
def save_options(family: str) -> ResponseReturnValue:
    return _saved(_find(family, "options", is_typed=True))


def _names(panel: ValuesPanel) -> set[str]:
    return {name for values in panel.before.values() for name in values}


def _find(family: str, part: Part, *, is_typed: bool = False) -> ValuesPanel:
    with reading(engine()) as connection:
        choice = find_choice(connection, family, part)
    return ValuesPanel(choice, part, request.form if is_typed else None)


def _address(panel: ValuesPanel) -> str:
    return url_for(f".{panel.part}", family=panel.choice.family.key, **panel.choice.query)


def _chosen(panel: ValuesPanel) -> ResponseReturnValue:
    """Other registers: the page has an address that says it all. Of the same ones, what was typed stays."""
    if panel.choice.chosen and panel.choice.is_of(request.form.get("base", "")):
        return _answer(replace(panel, typed=request.form))
    if not wants_fragment():
        return go_to(_address(panel))
    response = _answer(panel)
    response.headers["HX-Replace-Url"] = _address(panel)
    return response


def _saved(panel: ValuesPanel) -> ResponseReturnValue:
    choice = panel.choice
    problem = choice.problem or choice.outdated(request.form.get("base", ""))
    if problem is None and not choice.chosen:
        problem = str(gettext("Choose a register first."))
    if problem is None and panel.problems:
        response = _answer(panel)
        response.status_code = 422
        return response
    problem = problem or save(choice, panel.after)
    if problem is None:
        return go_to(_address(panel))
    # What was typed stays; what it stands beside is what the registers have now.
    found = _find(choice.family.key, panel.part, is_typed=True)
    response = _answer(replace(found, problem=problem))
    response.status_code = 409
    return response


def _answer(panel: ValuesPanel) -> Response:
    response = page_or_fragment(
        f"register_settings/{panel.part}.html",
        "answer",
        panel=panel,
        choice=panel.choice,
        is_fragment=wants_fragment(),
        names=RECEIPT,
        lengths=TEXT_LENGTHS,
        columns=COLUMNS,
        name_lines=NAME_LINES,
        options=OPTIONS,
    )
    if panel.choice.problem:
        response.status_code = 400
    return response
