"""Notifications by mail and SMS, as each person has chosen: at once, or in one mail a day.

A mail is queued in the transaction that opens its notification, or that notes that the day has been told: so it is
neither lost nor queued twice, whenever the process is killed. Whoever sends what is queued may die between the server's
answer and the note of it: then the mail goes out twice, but under one Message-ID (see `sql/messages.py`).
"""

import datetime
from collections.abc import Sequence
from zoneinfo import ZoneInfo

import structlog
from flask import Flask
from flask_babel import force_locale, gettext, ngettext

from sql.engine import Connection
from sql.instants import DAY_US, from_us, to_us
from sql.notification_people import Place, Recipient, claim_digest, places_of, recipients_at_once, told_of
from sql.notifications import News, Notification
from sql.outlets import DEFAULT_TIME_ZONE
from sql.preferences import Preference
from webapp.messages import SMS_TEXT_MAX, queue_mail, queue_sms
from webapp.notification_words import RULES, rules_of, sentence

DIGEST_HOUR = 8  # in the morning of the operator's time zone
LINES_MAX = 30  # of a mail; the page has them all
NAME_LENGTH = 64  # of an outlet, so that so many lines fit into a mail
COUNTED_MAX = 1_000  # in the subject
DEFAULT_LANGUAGE = "ru"

log = structlog.get_logger()


def digest_due_us(now_us: int) -> int:
    """The instant of the last mail of the day that is due."""
    zone = ZoneInfo(DEFAULT_TIME_ZONE)
    now = from_us(now_us).astimezone(zone)
    due = datetime.datetime.combine(now.date(), datetime.time(DIGEST_HOUR), zone)
    return to_us(due if due <= now else due - datetime.timedelta(days=1))


class Post:
    """Writes to people, each in the own language; `origin` is where the site is, None: nobody has said."""

    def __init__(self, app: Flask, origin: str | None) -> None:
        self._app = app
        self._origin = origin

    def tell_at_once(self, connection: Connection, news: Sequence[News]) -> None:
        """What has begun or got worse, in one mail and one SMS a person. What only grows is for the page."""
        told = [each.notification for each in news if each.event in ("opened", "worse") and not each.is_muted]
        if not told:
            return
        recipients = recipients_at_once(connection, {each.merchant_id for each in told})
        if not recipients:
            return
        by_merchant: dict[int, list[Notification]] = {}
        for each in told:
            by_merchant.setdefault(each.merchant_id, []).append(each)
        for person in recipients:
            theirs = [each for each in by_merchant[person.merchant_id] if person.sees(each.outlet_id)]
            self._mail(connection, person, _wanted(theirs, person, by_sms=False))
            self._sms(connection, person, _wanted(theirs, person, by_sms=True))

    def tell_daily(self, connection: Connection, person: Recipient, due_us: int) -> None:
        """What was new since the last mail was due and is not over, of a day at first; no mail if nothing is."""
        told_us = claim_digest(connection, person, due_us)
        if told_us is None:
            return
        rules = [rule for kind, chosen in person.wants.items() if chosen.mail == "daily" for rule in rules_of(kind)]
        since_us = told_us or due_us - DAY_US
        self._mail(connection, person, told_of(connection, person, rules, since_us, due_us, COUNTED_MAX))

    def _mail(self, connection: Connection, person: Recipient, told: Sequence[Notification]) -> None:
        if not told:
            return
        places = places_of(connection, told[:LINES_MAX])
        with self._app.app_context(), force_locale(person.language or DEFAULT_LANGUAGE):
            subject = ngettext(
                "%(company)s: %(num)d notification",
                "%(company)s: %(num)d notifications",
                len(told),
                company=person.company[:100],
            )
            lines = [_line(each, places[each.notification_id]) for each in told[:LINES_MAX]]
            if len(told) > LINES_MAX:
                lines.append(str(gettext("There are more: the page has them all.")))
            if self._origin:
                lines.append(f"{self._origin}/notifications")
            lines.append(str(gettext("What is sent to you, you choose in your profile.")))
        _queue(queue_mail, connection, person, to=person.email, subject=str(subject), text="\n\n".join(lines) + "\n")

    def _sms(self, connection: Connection, person: Recipient, told: Sequence[Notification]) -> None:
        if not told or not person.phone:
            return
        first = told[0]
        place = places_of(connection, [first])[first.notification_id]
        with self._app.app_context(), force_locale(person.language or DEFAULT_LANGUAGE):
            text = f"Kabinet: {_title(first, place)}"
            if len(told) > 1:
                text += " " + str(ngettext("And %(num)d more.", "And %(num)d more.", len(told) - 1))
        _queue(queue_sms, connection, person, to=person.phone, text=text[:SMS_TEXT_MAX])


def _wanted(told: Sequence[Notification], person: Recipient, *, by_sms: bool) -> list[Notification]:
    """Those of the kinds that the person wants at once."""

    def is_wanted(each: Notification) -> bool:
        chosen = person.wants.get(RULES[each.rule].kind, Preference(""))
        return chosen.by_sms if by_sms else chosen.mail == "at_once"

    return [each for each in told if is_wanted(each)]


def _title(shown: Notification, place: Place) -> str:
    names = ", ".join(filter(None, (place.sko, place.outlet[:NAME_LENGTH])))
    name = str(RULES[shown.rule].name)
    return f"{name} ({names})." if names else f"{name}."


def _line(shown: Notification, place: Place) -> str:
    return f"{_title(shown, place)}\n{sentence(shown, place.zone or DEFAULT_TIME_ZONE)}"


def _queue(queue: object, connection: Connection, person: Recipient, **message: str) -> None:
    """An address that nobody can write to is no reason to keep the rest from being told."""
    assert callable(queue)
    try:
        queue(connection, **message)
    except ValueError as error:
        log.warning("notification_not_sent", account_id=person.account_id, error=str(error))
