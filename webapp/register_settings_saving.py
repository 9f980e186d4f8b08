"""Saving settings: a new version for each register that changes, all or none, never over somebody else's."""

from collections.abc import Mapping

from flask import flash
from flask_babel import gettext, ngettext
from flask_login import current_user

from sql.engine import writing
from sql.register_settings import Conflict, save_settings
from webapp.database import engine
from webapp.journal import note
from webapp.register_settings_choice import Choice, changed_meanwhile, numbers_in_words
from webapp.register_settings_content import RegisterSettings, content_of


def save(choice: Choice, after: Mapping[int, RegisterSettings]) -> str | None:
    """Save what the chosen registers are to have, and say so at the foot of the next page.

    A sentence, if somebody else was faster: then nothing is saved.
    """
    changed = [sko for sko in choice.chosen if after[sko.sko_id] != choice.settings[sko.sko_id]]
    if not changed:
        flash(gettext("Nothing has changed: there was nothing to save."))
        return None
    seen = {sko_id: version.version for sko_id, version in choice.versions.items()}
    changes = {sko.sko_id: (seen.get(sko.sko_id), content_of(after[sko.sko_id])) for sko in changed}
    numbers = [sko.number for sko in changed]
    try:
        with writing(engine()) as connection:
            save_settings(connection, current_user.merchant_id, changes, current_user.account_id)
            note(connection, "settings_saved", numbers_in_words(numbers), panel=choice.panel, registers=len(numbers))
    except Conflict as conflict:
        return changed_meanwhile([choice.skos[sko_id].number for sko_id in conflict.sko_ids])
    flash(
        ngettext(
            "Saved for %(num)s register. It fetches its settings within a minute or two.",
            "Saved for %(num)s registers. They fetch their settings within a minute or two.",
            len(numbers),
        )
    )
    return None
