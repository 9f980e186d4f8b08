"""The mail with an invitation, in the language of whoever reads it."""

from flask import url_for
from flask_babel import force_locale, gettext
from flask_login import current_user

from sql.accounts import person_by_email
from sql.engine import Connection
from sql.instants import DAY_US
from sql.invitations import LIFETIME_US
from webapp.language import language
from webapp.messages import queue_mail
from webapp.roles import role_name
from webapp.site import sure_origin


class NoSureAddress(Exception):
    """Nobody has said where the site is, and a link must not lead to wherever a request says."""


def send_link(connection: Connection, *, email: str, role: str, token: str) -> None:
    """In the transaction of the invitation. A person who isn't known yet reads the language of the inviter.

    NoSureAddress in production without PUBLIC_URL.
    """
    origin = sure_origin()
    if origin is None:
        raise NoSureAddress
    person = person_by_email(connection, email)
    with force_locale((person and person.language) or language()):
        about = {"company": current_user.merchant_name, "unp": current_user.merchant_unp, "role": role_name(role)}
        paragraphs = (
            gettext(
                "%(person)s invites you to the cabinet of %(company)s (UNP %(unp)s). Your role there: %(role)s.",
                person=current_user.name or current_user.email,
                **about,
            ),
            gettext("Follow this link to accept:"),
            origin + url_for("invitations.page", token=token),
            gettext(
                "The link works once, and for %(days)s days. If you do not know the company, forget this mail: "
                "nothing happens without you.",
                days=LIFETIME_US // DAY_US,
            ),
        )
        queue_mail(
            connection,
            to=email,
            subject=gettext("Invitation to the cabinet of a company"),
            text="\n\n".join(paragraphs),
        )
