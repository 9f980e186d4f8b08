"""Mails to one person about the ways into the account, in the person's own language."""

from flask import url_for
from flask_babel import force_locale, gettext, ngettext

from sql.accounts import Person
from sql.engine import Connection
from sql.instants import HOUR_US, now_us
from webapp import site
from webapp.language import language
from webapp.messages import queue_mail


def mail_link(connection: Connection, person: Person, token: str, *, lifetime_us: int, is_new: bool) -> None:
    """The link that lets the person choose a password. ValueError if nobody has said where the site is."""
    origin = site.sure_origin()
    if origin is None:
        raise ValueError("PUBLIC_URL must be set: links are mailed")
    address = origin + url_for("password_reset.choose", token=token)
    with force_locale(_language(person)):
        if is_new:
            subject = gettext("Your way into Kabinet")
            reason = gettext("An account in Kabinet was made for you. Open this link and choose a password:")
        else:
            subject = gettext("A new password for Kabinet")
            reason = gettext("Somebody, probably you, asked for a new password for Kabinet. Choose it here:")
        ends = ngettext(
            "The link is good once, for %(num)d hour. After that, ask for another one on the login page.",
            "The link is good once, for %(num)d hours. After that, ask for another one on the login page.",
            lifetime_us // HOUR_US,
        )
        ignored = gettext("If it was not you, do nothing: without the link everything stays as it is.")
    text = f"{reason}\n\n{address}\n\n{ends}\n{ignored}\n"
    queue_mail(connection, to=person.email, subject=subject, text=text, valid_until_us=now_us() + lifetime_us)


def mail_no_link(connection: Connection, person: Person) -> None:
    """Of an account that opens by electronic signature and by nothing else."""
    with force_locale(_language(person)):
        subject = gettext("A new password for Kabinet")
        text = gettext(
            "Somebody, probably you, asked for a new password for Kabinet. Your account opens by electronic signature: "
            "log in with it, and link an authenticator in your profile. If you can't sign any more, write to the "
            "operator."
        )
        queue_mail(connection, to=person.email, subject=subject, text=f"{text}\n\n{site.sure_origin() or ''}\n")


def mail_password_changed(connection: Connection, person: Person) -> None:
    with force_locale(_language(person)):
        subject = gettext("Your password for Kabinet was changed")
        _tell(connection, person, subject, gettext("The password of your account was changed just now."))


def mail_authenticator_changed(connection: Connection, person: Person) -> None:
    with force_locale(_language(person)):
        subject = gettext("Another authenticator for Kabinet")
        _tell(connection, person, subject, gettext("Your account was linked to an authenticator app just now."))


def mail_recovery_codes_made(connection: Connection, person: Person) -> None:
    with force_locale(_language(person)):
        subject = gettext("New recovery codes for Kabinet")
        text = gettext("New recovery codes were made for your account just now. Those of before open nothing any more.")
        _tell(connection, person, subject, text)


def mail_phone_changed(connection: Connection, person: Person, phone: str) -> None:
    with force_locale(_language(person)):
        subject = gettext("Your phone number was changed")
        text = gettext(
            "Codes for your login to Kabinet now go to the number that ends in %(digits)s.", digits=phone[-2:]
        )
        _tell(connection, person, subject, text)


def mail_certificate_linked(connection: Connection, person: Person, subject: str) -> None:
    """`subject` is the certificate's."""
    with force_locale(_language(person)):
        text = gettext("From now on this electronic signature opens your account: %(subject)s.", subject=subject)
        _tell(connection, person, gettext("A certificate was linked to your account"), text)


def _tell(connection: Connection, person: Person, subject: str, text: str) -> None:
    warning = gettext("If it was not you, write to the operator at once.")
    parts = [text, warning, site.sure_origin() or ""]
    queue_mail(connection, to=person.email, subject=subject, text="\n\n".join(filter(None, parts)) + "\n")


def _language(person: Person) -> str:
    return person.language or language()
