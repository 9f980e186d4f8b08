"""Invitations as owners see them: sent by mail, sent again, withdrawn."""

from flask import Blueprint, Response, flash, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_login import current_user
from werkzeug.exceptions import NotFound

from sql import errors, invitations, throttle
from sql.engine import reading, writing
from sql.errors import AlreadyExists
from sql.invitations import WAITING_MAX, AlreadyInvited, Invitation, TooManyInvitations
from sql.throttle import TooManyAttempts
from webapp import formats
from webapp.confirming import confirmed
from webapp.database import engine
from webapp.fragments import page_or_fragment
from webapp.guard import go_to
from webapp.journal import note
from webapp.roles import needs
from webapp.scope import own_reach
from webapp.team_forms import InviteForm, invite_form
from webapp.team_mail import NoSureAddress, send_link
from webapp.waiting import retry_headers, waiting_sentence

blueprint = Blueprint("team_invitations", __name__)


@blueprint.get("/team/invite")
@needs("people")
@confirmed
def page() -> ResponseReturnValue:
    return _page(_form())


@blueprint.post("/team/invite")
@needs("people")
@confirmed
def invite() -> ResponseReturnValue:
    form = _form()
    if not form.validate():
        return _page(form), 422
    try:
        _invite(form)
    except TooManyAttempts as refused:
        return _page(form, waiting_sentence(refused)), 429, retry_headers(refused)
    except (AlreadyExists, TooManyInvitations) as refused:
        return _page(form, _why_not(refused, form.address)), 422
    except NoSureAddress:
        return _page(form, _no_mail()), 503
    return _done(gettext("The invitation is on its way to %(person)s.", person=form.address))


@blueprint.post("/team/invitations/<invitation_id>/resend")
@needs("people")
@confirmed
def resend(invitation_id: str) -> ResponseReturnValue:
    try:
        sent = _resend(invitation_id)
    except errors.NotFound:
        raise NotFound from None
    except TooManyAttempts as refused:
        return _done(waiting_sentence(refused), "problem")
    except NoSureAddress:
        return _done(_no_mail(), "problem")
    if not sent.is_open:
        sentence = gettext("The last day of this support is over. Withdraw the invitation, and invite anew.")
        return _done(sentence, "problem")
    return _done(gettext("The invitation is on its way to %(person)s. The link of before is void.", person=sent.email))


@blueprint.post("/team/invitations/<invitation_id>/withdraw")
@needs("people")
@confirmed
def withdraw(invitation_id: str) -> ResponseReturnValue:
    try:
        with writing(engine()) as connection:
            email = invitations.withdraw(connection, current_user.merchant_id, invitation_id)
            note(connection, "invitation_withdrawn", email)
    except errors.NotFound:
        raise NotFound from None
    return _done(gettext("The invitation of %(person)s is withdrawn. Its link is void.", person=email))


def _form() -> InviteForm:
    with reading(engine()) as connection:
        return invite_form(own_reach().outlets(connection))


def _page(form: InviteForm, problem: str | None = None) -> Response:
    if problem:
        form.form_errors.append(problem)
    return page_or_fragment("team/invite.html", None, form=form)


def _done(sentence: str, category: str = "message") -> ResponseReturnValue:
    flash(sentence, category)
    return go_to(url_for("team.page"))


def _invite(form: InviteForm) -> None:
    with writing(engine()) as connection:
        throttle.admit_invitation(connection, current_user.merchant_id)
        token = invitations.invite(
            connection,
            current_user.merchant_id,
            email=form.address,
            role=form.role.data,
            outlet_ids=form.outlet_ids,
            member_until_us=form.until_us,
            invited_by=current_user.account_id,
        )
        send_link(connection, email=form.address, role=form.role.data, token=token)
        note(connection, "person_invited", form.address, **form.detail)


def _resend(invitation_id: str) -> Invitation:
    """TooManyAttempts, or NotFound of `sql`. No mail goes out for one that can't be accepted any more."""
    me = current_user
    with writing(engine()) as connection:
        throttle.admit_invitation(connection, me.merchant_id)
        token, sent = invitations.resend(connection, me.merchant_id, invitation_id, invited_by=me.account_id)
        if sent.is_open:
            send_link(connection, email=sent.email, role=sent.role, token=token)
            note(connection, "invitation_resent", sent.email, role=sent.role)
    return sent


def _no_mail() -> str:
    return str(gettext("No mail can be sent: the operator has not set the address of the site (PUBLIC_URL) yet."))


def _why_not(refused: Exception, email: str) -> str:
    if isinstance(refused, AlreadyInvited):
        return str(gettext("%(person)s is invited already: send that invitation again, or withdraw it.", person=email))
    if isinstance(refused, TooManyInvitations):
        most = formats.number(WAITING_MAX)
        return str(gettext("%(count)s invitations wait for an answer. Withdraw one of them first.", count=most))
    return str(gettext("%(person)s belongs to the company already.", person=email))
