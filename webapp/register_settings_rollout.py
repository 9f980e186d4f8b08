"""What became of settings: by register whether they wait, are applied or were refused, and the versions of before."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from flask import Blueprint, flash, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, lazy_gettext
from flask_login import current_user
from werkzeug.exceptions import BadRequest, NotFound

from sql.engine import Connection, reading, writing
from sql.memberships import members_of
from sql.register_settings import (
    VERSIONS_SHOWN_MAX,
    Conflict,
    SettingsVersion,
    applied_versions,
    current_settings,
    find_version,
    save_settings,
    versions_of,
)
from sql.skos import Sko
from webapp.database import engine
from webapp.fragments import page_or_fragment, wants_fragment
from webapp.guard import go_to, unattended
from webapp.journal import note
from webapp.register_options import FAMILIES, SMART_X
from webapp.register_settings_changes import Difference, differences
from webapp.register_settings_content import NOTHING, content_of, returned, settings_in
from webapp.roles import needs
from webapp.scope import own_reach
from webapp.sko_words import MODELS, Sign
from webapp.skos import own_sko

blueprint = Blueprint("register_settings_rollout", __name__)

ROWS_MAX = 100  # more show on demand
STATES = {
    "waiting": Sign(lazy_gettext("Waiting"), "clock", ""),
    "applied": Sign(lazy_gettext("Applied"), "circle-check", "good"),
    "rejected": Sign(lazy_gettext("Refused by the register"), "settings-x", "bad"),
}


class Line(NamedTuple):
    """A register with its newest version, and the version that it applied last with the instant."""

    sko: Sko
    outlet: Any
    newest: SettingsVersion
    applied: tuple[int, int] | None


class Step(NamedTuple):
    """A version, what it has changed, what returning to it would change, and who has saved it."""

    version: SettingsVersion
    differences: tuple[Difference, ...]
    on_return: tuple[Difference, ...]
    author: str


@dataclass(frozen=True, slots=True)
class Rollout:
    """`counts` are by state, over all registers that have settings; `state` is the one to show, None: all."""

    lines: Sequence[Line]
    counts: Mapping[str, int]
    state: str | None
    shows_all: bool

    @property
    def found(self) -> list[Line]:
        return [line for line in self.lines if self.state in (None, line.newest.state)]

    @property
    def rows(self) -> list[Line]:
        return self.found if self.shows_all else self.found[:ROWS_MAX]

    @property
    def is_over(self) -> bool:
        """Whether nothing is on its way any more."""
        return not self.counts["waiting"]


@blueprint.get("/register-settings/rollout")
@needs("settings")
def page() -> ResponseReturnValue:
    return _page()


@blueprint.get("/register-settings/rollout/now")
@needs("settings")
@unattended
def now() -> ResponseReturnValue:
    """The same, as the page asks for it every few seconds while settings are on their way."""
    return _page()


def _page() -> ResponseReturnValue:
    state, shows = request.args.get("state"), request.args.get("show")
    if state not in (None, *STATES) or shows not in (None, "all"):
        raise BadRequest
    with reading(engine()) as connection:
        rollout = _rollout(connection, state, shows_all=bool(shows))
    context = {"rollout": rollout, "states": STATES, "is_fragment": wants_fragment()}
    return page_or_fragment("register_settings/rollout.html", "answer", **context)


@blueprint.get("/register-settings/rollout/<number>")
@needs("settings")
def register(number: str) -> ResponseReturnValue:
    with reading(engine()) as connection:
        reach = own_reach()
        sko = own_sko(connection, number, reach)
        # One more than is shown, for what the oldest of them has changed.
        versions = versions_of(connection, sko.merchant_id, sko.sko_id, limit=VERSIONS_SHOWN_MAX + 1)
        steps = _steps(connection, versions)[:VERSIONS_SHOWN_MAX]
        [outlet] = reach.outlets(connection, [sko.outlet_id])
    family = FAMILIES["smart_x" if sko.model == SMART_X else "ikassa"]
    context = {"sko": sko, "steps": steps, "outlet": outlet, "family": family.key, "model": MODELS[sko.model]}
    return page_or_fragment("register_settings/versions.html", None, states=STATES, **context)


@blueprint.post("/register-settings/rollout/<number>/return")
@needs("settings")
def go_back(number: str) -> ResponseReturnValue:
    """Save what an earlier version says once more, as the newest: so the way there stays on record.

    What the earlier one never set would stay on the register, so it stays in the newest version too.
    """
    wanted, seen = (_version_in(request.form.get(name, "")) for name in ("version", "seen"))
    with reading(engine()) as connection:
        sko = own_sko(connection, number, own_reach())
        found = find_version(connection, sko.merchant_id, sko.sko_id, wanted)
        newest = current_settings(connection, sko.merchant_id, [sko.sko_id]).get(sko.sko_id)
    if found is None:
        raise NotFound
    content = content_of(returned(settings_in(found), settings_in(newest)))
    try:
        with writing(engine()) as connection:
            save_settings(connection, sko.merchant_id, {sko.sko_id: (seen, content)}, current_user.account_id)
            note(connection, "settings_returned", sko.number, version=found.version)
    except Conflict:
        flash(gettext("Somebody else has saved settings meanwhile: look at them first."), "problem")
    else:
        flash(gettext("Version %(version)d counts again for %(sko)s.", version=found.version, sko=sko.number))
    return go_to(url_for(".register", number=number))


def _version_in(text: str) -> int:
    """0, which no version is, for anything but a number."""
    return int(text) if re.fullmatch("[0-9]{1,9}", text) else 0


def _rollout(connection: Connection, state: str | None, *, shows_all: bool) -> Rollout:
    reach = own_reach()
    outlets = {outlet.outlet_id: outlet for outlet in reach.outlets(connection)}
    skos = [sko for sko in reach.skos(connection) if sko.outlet_id in outlets]
    newest = current_settings(connection, reach.merchant_id)
    applied = applied_versions(connection, reach.merchant_id)
    lines = [
        Line(sko, outlets[sko.outlet_id], newest[sko.sko_id], applied.get(sko.sko_id))
        for sko in skos
        if sko.sko_id in newest
    ]
    # What was saved last comes first; refusals are to be seen before all else.
    lines.sort(key=lambda line: (line.newest.state != "rejected", -line.newest.saved_us, line.sko.number))
    counts = {name: sum(line.newest.state == name for line in lines) for name in STATES}
    return Rollout(lines, counts, state, shows_all)


def _steps(connection: Connection, versions: Sequence[SettingsVersion]) -> list[Step]:
    """Of these versions, the newest first."""
    if not versions:
        return []
    members = members_of(connection, current_user.merchant_id)
    people = {member.account_id: member.name or member.email for member in members}
    said = [settings_in(version) for version in versions]
    return [
        Step(version, differences(before, now), differences(said[0], returned(now, said[0])), _author(version, people))
        for version, now, before in zip(versions, said, [*said[1:], NOTHING], strict=True)
    ]


def _author(version: SettingsVersion, people: Mapping[int, str]) -> str:
    if version.saved_by is None:
        return str(gettext("the operator"))
    return people.get(version.saved_by) or str(gettext("somebody who is not in the team any more"))
