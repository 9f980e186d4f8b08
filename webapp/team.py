"""The people of a company: who they are, what they may do, who is invited. Only owners come here."""

from typing import Any

from flask import Blueprint, Response, flash, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_login import current_user
from markupsafe import Markup
from werkzeug.exceptions import NotFound

from sql import errors, memberships
from sql.engine import reading, writing
from sql.invitations import invitations_of
from sql.memberships import LastOwner, Member
from sql.outlets import Outlet
from webapp.confirming import confirmed
from webapp.database import engine
from webapp.filters import zone_of
from webapp.fragments import page_or_fragment
from webapp.guard import go_to
from webapp.journal import note
from webapp.roles import ROLES, needs
from webapp.scope import own_reach
from webapp.team_forms import TermsForm, last_day, terms_form

blueprint = Blueprint("team", __name__)
blueprint.add_app_template_global(last_day)


@blueprint.get("/team")
@needs("people")
def page() -> ResponseReturnValue:
    merchant_id = current_user.merchant_id
    with reading(engine()) as connection:
        members = memberships.members_of(connection, merchant_id)
        invited = invitations_of(connection, merchant_id)
        outlets = own_reach().outlets(connection)
    shown = {"members": members, "invited": invited, "outlets": {outlet.outlet_id: outlet for outlet in outlets}}
    return page_or_fragment("team/page.html", None, roles=ROLES, zone=zone_of(outlets), **shown)


@blueprint.get("/team/<int(max=9007199254740991):account_id>")
@needs("people")
@confirmed
def member(account_id: int) -> ResponseReturnValue:
    found, outlets = _member(account_id)
    return _member_page(found, terms_form(outlets, found))


@blueprint.post("/team/<int(max=9007199254740991):account_id>")
@needs("people")
@confirmed
def change(account_id: int) -> ResponseReturnValue:
    found, outlets = _member(account_id)
    form = terms_form(outlets, found)
    if not form.validate():
        return _member_page(found, form), 422
    try:
        _change(found, form)
    except LastOwner:
        form.form_errors.append(_last_owner())
        return _member_page(found, form), 422
    except errors.NotFound:  # removed meanwhile
        raise NotFound from None
    flash(gettext("Saved. It applies to %(person)s from now on.", person=found.email))
    is_still_owner = found.account_id != current_user.account_id or form.role.data == "owner"
    return go_to(url_for(".page") if is_still_owner else "/")


@blueprint.get("/team/<int(max=9007199254740991):account_id>/remove")
@needs("people")
@confirmed
def removal(account_id: int) -> ResponseReturnValue:
    return _removal_page(_member(account_id)[0])


@blueprint.post("/team/<int(max=9007199254740991):account_id>/remove")
@needs("people")
@confirmed
def remove(account_id: int) -> ResponseReturnValue:
    found, outlets = _member(account_id)
    try:
        with writing(engine()) as connection:
            memberships.end_membership(connection, current_user.merchant_id, account_id)
            note(connection, "person_removed", found.email, role=found.role)
    except LastOwner:
        return _removal_page(found, _last_owner()), 422
    except errors.NotFound:
        raise NotFound from None
    flash(_removed(found, zone_of(outlets)))
    return go_to(url_for(".page"))


def _member(account_id: int) -> tuple[Member, list[Outlet]]:
    """Somebody of this company; of others there is no page."""
    with reading(engine()) as connection:
        found = memberships.member_of(connection, current_user.merchant_id, account_id)
        outlets = own_reach().outlets(connection)
    if found is None:
        raise NotFound
    return found, outlets


def _change(found: Member, form: TermsForm) -> None:
    with writing(engine()) as connection:
        memberships.change_membership(
            connection,
            current_user.merchant_id,
            found.account_id,
            role=form.role.data,
            outlet_ids=form.outlet_ids,
            expires_us=form.until_us,
        )
        note(connection, "role_changed", found.email, was=found.role, **form.detail)


def _member_page(found: Member, form: TermsForm) -> Response:
    return page_or_fragment("team/member.html", None, member=found, form=form)


def _removal_page(found: Member, problem: str | None = None) -> Response:
    return page_or_fragment("team/remove.html", None, member=found, problem=problem)


def _last_owner() -> str:
    return str(gettext("Somebody must remain who is an owner. Make another person an owner first."))


def _removed(found: Member, zone: str) -> Markup:
    """What was done, and the way back."""
    if found.account_id == current_user.account_id:
        return Markup.escape(gettext("You have left the company."))
    until = last_day(found.expires_us, zone) if found.expires_us else None
    known: dict[str, Any] = {"email": found.email, "role": found.role, "outlet": found.outlet_ids, "until": until}
    return Markup('{} <a href="{}">{}</a>').format(
        gettext("%(person)s is removed.", person=found.email),
        url_for("team_invitations.page", **known),
        gettext("Invite again"),
    )
