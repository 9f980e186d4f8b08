"""The forms about people: whom to invite, and what somebody may do in the company."""

import datetime
from collections.abc import Sequence
from zoneinfo import ZoneInfo

from flask import request
from flask_babel import gettext, lazy_gettext
from wtforms import Field, RadioField, SelectChoice, SelectMultipleField, StringField, ValidationError
from wtforms.validators import InputRequired

from sql.instants import from_us, now_us, to_us
from sql.invitations import OUTLETS_MAX
from sql.memberships import Member
from sql.outlets import Outlet
from webapp import formats
from webapp.emails import TakesEmail
from webapp.filters import zone_of
from webapp.forms import Form
from webapp.periods import DAY, iso_day
from webapp.roles import NAMES

SUPPORT_DAYS_MAX = 366


def last_day(until_us: int, zone: str) -> datetime.date:
    """The last day of a membership that ends at this instant."""
    return from_us(until_us - 1).astimezone(ZoneInfo(zone)).date()


def end_of(day: datetime.date, zone: str) -> int:
    """The instant at which this day is over."""
    return to_us(datetime.datetime.combine(day + DAY, datetime.time(), ZoneInfo(zone)))


def _outlet_id(value: str | int) -> int:
    """Nonsense is an outlet that no company has."""
    text = str(value)
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else 0


class TermsForm(Form):
    """A role, and what belongs to it: a manager's outlets, the last day of support."""

    role = RadioField(
        lazy_gettext("Role"),
        choices=[SelectChoice(role, name) for role, name in NAMES.items()],
        validators=[InputRequired(lazy_gettext("Choose a role."))],
        validate_choice=False,
    )
    outlet = SelectMultipleField(lazy_gettext("Outlets"), coerce=_outlet_id, validate_choice=False)
    until = StringField(lazy_gettext("Last day"))

    def __init__(self, outlets: Sequence[Outlet], **values: object) -> None:
        super().__init__(**values)
        self.zone = zone_of(outlets)
        self.offered = outlets
        self.today = from_us(now_us()).astimezone(ZoneInfo(self.zone)).date()
        self.latest = self.today + SUPPORT_DAYS_MAX * DAY

    def validate_role(self, field: Field) -> None:
        if field.data not in NAMES:
            raise ValidationError(gettext("There is no such role."))

    def validate_outlet(self, field: Field) -> None:
        if self.role.data != "manager":
            return
        if not field.data:
            raise ValidationError(gettext("Choose at least one outlet."))
        if not {outlet.outlet_id for outlet in self.offered}.issuperset(field.data):
            raise ValidationError(gettext("Your company has no such outlet."))
        if len(field.data) > OUTLETS_MAX:
            raise ValidationError(gettext("Choose at most %(count)s outlets.", count=formats.number(OUTLETS_MAX)))

    def validate_until(self, field: Field) -> None:
        if self.role.data != "support":
            return
        day = iso_day((field.data or "").strip())
        if day is None:
            raise ValidationError(gettext("Choose the last day: support is only let in for a limited time."))
        if not self.today <= day <= self.latest:
            days = {"first": formats.day(self.today), "last": formats.day(self.latest)}
            raise ValidationError(gettext("Choose a day between %(first)s and %(last)s.", **days))

    @property
    def outlet_ids(self) -> tuple[int, ...]:
        """Of a manager; nobody else is limited."""
        return tuple(sorted(set(self.outlet.data))) if self.role.data == "manager" else ()

    @property
    def until_us(self) -> int | None:
        """When support ends; others stay."""
        day = iso_day((self.until.data or "").strip())
        return end_of(day, self.zone) if self.role.data == "support" and day else None

    @property
    def detail(self) -> dict[str, object]:
        """What the journal keeps of it."""
        limits = {"outlets": self.outlet_ids, "until": self.until.data if self.until_us else None}
        return {"role": self.role.data} | {name: value for name, value in limits.items() if value}


class InviteForm(TakesEmail, TermsForm):
    email = StringField(
        lazy_gettext("E-mail"), [InputRequired(lazy_gettext("Enter the e-mail address of the person."))]
    )


def invite_form(outlets: Sequence[Outlet]) -> InviteForm:
    """As it was sent; or empty, but for what the address says, as it does when somebody is to be invited again."""
    known = {name: request.args.get(name) for name in ("email", "role", "until")}
    return InviteForm(outlets, **known, outlet=[_outlet_id(text) for text in request.args.getlist("outlet")])


def terms_form(outlets: Sequence[Outlet], member: Member) -> TermsForm:
    until = last_day(member.expires_us, zone_of(outlets)).isoformat() if member.expires_us else None
    return TermsForm(outlets, role=member.role, until=until, outlet=list(member.outlet_ids))
