"""Muting a rule for a register, with a reason that everybody can read, and the list of what is muted."""

from flask import Blueprint, flash, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, lazy_gettext
from flask_login import current_user
from werkzeug.exceptions import NotFound
from wtforms import StringField
from wtforms.validators import DataRequired, Length

from sql.engine import Connection, reading, writing
from sql.instants import now_us
from sql.notification_lists import mutes_of
from sql.notifications import mute, unmute
from webapp.database import engine
from webapp.forms import Form
from webapp.fragments import page_or_fragment
from webapp.guard import go_to
from webapp.journal import note
from webapp.notification_words import RULES
from webapp.notifications import Shown, found_line, in_words
from webapp.roles import needs
from webapp.scope import own_reach

REASON_LENGTH = 300

blueprint = Blueprint("notification_mutes", __name__)


class MuteForm(Form):
    reason = StringField(
        lazy_gettext("Reason"),
        [
            DataRequired(lazy_gettext("Write why: others will wonder why nothing is told.")),
            Length(max=REASON_LENGTH, message=lazy_gettext("Write at most %(max)d characters.")),
        ],
        filters=[lambda text: text.strip() if text else text],
    )


@blueprint.get("/notifications/mutes")
@needs("notifications")
def page() -> ResponseReturnValue:
    with reading(engine()) as connection:
        numbers = _registers(connection)
        muted = mutes_of(connection, current_user.merchant_id, numbers)
        zone = own_reach().zone(connection)
    return page_or_fragment("notifications/mutes.html", None, mutes=muted, numbers=numbers, rules=RULES, zone=zone)


@blueprint.get("/notifications/<notification_id>/mute")
@needs("settings")
def form(notification_id: str) -> ResponseReturnValue:
    with reading(engine()) as connection:
        shown = _shown(connection, notification_id)
    return page_or_fragment("notifications/mute.html", None, form=MuteForm(), shown=shown)


@blueprint.post("/notifications/<notification_id>/mute")
@needs("settings")
def mute_rule(notification_id: str) -> ResponseReturnValue:
    written = MuteForm()
    with writing(engine()) as connection:
        shown = _shown(connection, notification_id)
        if not written.validate():
            return page_or_fragment("notifications/mute.html", None, form=written, shown=shown), 422
        its, reason = shown.line.notification, written.reason.data
        by = {"muted_by": current_user.account_id, "now_us": now_us()}
        mute(connection, its.merchant_id, rule=its.rule, sko_id=its.sko_id, reason=reason, **by)
        note(connection, "rule_muted", shown.sko, rule=its.rule, reason=reason)
    flash(gettext("It is muted from now on, for everybody."))
    return go_to(url_for("notifications.page"))


@blueprint.post("/notifications/mutes/<rule>/<int(max=2147483647):sko_id>/end")
@needs("settings")
def unmute_rule(rule: str, sko_id: int) -> ResponseReturnValue:
    with writing(engine()) as connection:
        numbers = _registers(connection)
        if sko_id not in numbers or not unmute(connection, current_user.merchant_id, rule, sko_id):
            raise NotFound
        note(connection, "rule_unmuted", numbers[sko_id], rule=rule)
    flash(gettext("It is told again from now on."))
    return go_to(url_for(".page"))


def _shown(connection: Connection, notification_id: str) -> Shown:
    [shown] = in_words(connection, own_reach(), [found_line(connection, notification_id)])
    return shown


def _registers(connection: Connection) -> dict[int, str]:
    """The registers in the reader's outlets, by number; for who sees all, 0 is what belongs to no known one."""
    reach = own_reach()
    known = {sko.sko_id: sko.number for sko in reach.skos(connection) if reach.sees(sko.outlet_id)}
    return known if reach.limit is not None else {0: ""} | known
