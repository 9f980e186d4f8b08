"""The filters of the page Notifications: outlet and register as everywhere, and the kind and the state of its own."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from flask_babel import gettext
from flask_babel import lazy_gettext as _
from flask_babel.speaklater import LazyString
from werkzeug.datastructures import MultiDict

from sql.engine import Connection
from sql.notification_lists import Cursor, Wanted
from webapp.filters import Filters
from webapp.notification_words import rules_of
from webapp.profile_notifications import KIND_WORDS
from webapp.scope import Reach

STATES: dict[str, LazyString] = {"unread": _("Unread"), "open": _("Not settled"), "closed": _("Settled")}


@dataclass(frozen=True, slots=True)
class NotificationFilters:
    """What somebody wants to see. `shared` also holds what was typed into the fields of this page alone."""

    shared: Filters
    wanted: Wanted
    kind: str | None
    state: str | None
    after: Cursor | None

    @property
    def kind_options(self) -> list[tuple[str, str]]:
        return [(kind, str(words.name)) for kind, words in KIND_WORDS.items()]

    @property
    def state_options(self) -> list[tuple[str, str]]:
        return [(state, str(name)) for state, name in STATES.items()]


def parse_notification_filters(
    connection: Connection, reach: Reach, arguments: MultiDict[str, str]
) -> NotificationFilters:
    """The filters of a query string, among what the reader may see."""
    shared = reach.filters(connection, arguments, names=("outlet", "sko"))
    problems = dict(shared.problems)
    kind = _one_of(tuple(KIND_WORDS), "kind", arguments, problems)
    state = _one_of(tuple(STATES), "state", arguments, problems)
    after = _place(arguments, problems)
    typed = {name: [text for text in arguments.getlist(name) if text] for name in ("state", "kind")}
    wanted = Wanted(
        outlet_ids=shared.chosen_ids,
        sko_ids=shared.sko_ids,
        rules=rules_of(kind) if kind else (),
        state=state,
    )
    shared = replace(shared, typed={**typed, **shared.typed}, problems=problems)
    return NotificationFilters(shared, wanted, kind, state, after)


def _one_of(options: Sequence[str], name: str, arguments: MultiDict[str, str], problems: dict[str, str]) -> str | None:
    chosen = [text for text in arguments.getlist(name) if text]
    if not chosen:
        return None
    if len(chosen) == 1 and chosen[0] in options:
        return chosen[0]
    problems[name] = gettext("There is no such choice: take one from the list.")
    return None


def _place(arguments: MultiDict[str, str], problems: dict[str, str]) -> Cursor | None:
    text = arguments.get("after", "")
    try:
        return Cursor.parse(text) if text else None
    except ValueError:
        problems["after"] = gettext("There is no such place in the list: start from the newest notifications.")
        return None
