"""What the owner of an outlet may change of it: its time zone, its opening hours, and whom to call."""

import functools
import zoneinfo
from collections.abc import Mapping
from typing import Any

from flask import request
from flask_babel import gettext, lazy_gettext
from wtforms import Field, HiddenField, SelectField, StringField, ValidationError
from wtforms.validators import Length

from sql.instants import from_us, now_us
from sql.outlet_details import CONTACT_NAME_LENGTH, DAYS, OpeningHours, OutletDetails
from webapp.forms import Form
from webapp.journal_words import FIELDS
from webapp.opening_hours import day_name, hours_in
from webapp.phones import normalised_phone, shown_phone

NEAR = ("Europe/Minsk", "Europe/Moscow", "Europe/Kaliningrad", "Europe/Vilnius", "Europe/Warsaw", "Europe/Kyiv")
# The names of continents and oceans; others, like Etc/GMT+3, are older or no place's.
REGIONS = ("Africa", "America", "Antarctica", "Arctic", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific")


@functools.cache
def zone_names() -> tuple[str, ...]:
    """Every time zone that is called by a place."""
    names = zoneinfo.available_timezones()
    return tuple(sorted(name for name in names if name.partition("/")[0] in REGIONS and "/" in name))


def utc_offset(zone: str) -> str:
    """UTC+03:00, as it is there now."""
    there = from_us(now_us()).astimezone(zoneinfo.ZoneInfo(zone))
    return f"UTC{there.isoformat()[-6:]}".replace("-", "\N{MINUS SIGN}")


class OutletForm(Form):
    """`hours` and `phone` are what was written, once the form is valid."""

    time_zone = SelectField(lazy_gettext("Time zone"), validate_choice=False)
    contact_name = StringField(
        lazy_gettext("Whom to call"),
        [Length(max=CONTACT_NAME_LENGTH, message=lazy_gettext("Write at most %(max)d characters."))],
    )
    contact_phone = StringField(lazy_gettext("Phone of the outlet"))
    seen = HiddenField()  # the version that the person has before their eyes

    def __init__(self, outlet: OutletDetails) -> None:
        shown = {name: getattr(outlet, name) for name in ("time_zone", "contact_name")}
        super().__init__(data={**shown, "contact_phone": shown_phone(outlet.contact_phone), "seen": outlet.version})
        # A machine with older time zones may lack one of these.
        names = dict.fromkeys((outlet.time_zone, *(name for name in NEAR if name in zone_names())))
        others = [name for name in zone_names() if name not in names]
        self.time_zone.choices = {
            gettext("Nearby"): [(name, f"{name} ({utc_offset(name)})") for name in names],
            gettext("Others"): [(name, name) for name in others],
        }
        self.known_zones = {*names, *others}
        self.hours: OpeningHours = outlet.opening_hours
        self.hours_problems: dict[str, str] = {}
        self.phone = outlet.contact_phone
        self.before = outlet

    @property
    def days(self) -> list[tuple[str, str, str, str, str | None]]:
        """Of the week: name in the form, name for the reader, from, to, and what is wrong."""
        typed: Mapping[str, str] = request.form
        rows = []
        for day in DAYS:
            first, last = self.hours.get(day, ("", ""))
            times = typed.get(f"{day}-from", first), typed.get(f"{day}-to", last)
            rows.append((day, day_name(day), *times, self.hours_problems.get(day)))
        return rows

    def validate(self, extra_validators: Mapping[str, object] | None = None) -> bool:
        is_valid = bool(super().validate(extra_validators))
        hours, self.hours_problems = hours_in(request.form)
        if self.hours_problems:
            return False
        self.hours = hours
        return is_valid

    def compare_with(self, saved: OutletDetails) -> None:
        """Once the form is valid: say what somebody else has saved meanwhile; the next time it is known."""
        self.before = saved
        self.seen.data = saved.version
        sentence = gettext(
            "Somebody else has changed this outlet meanwhile. What is saved now differs from this page in: %(fields)s. "
            "Nothing of yours is saved yet: save again to put yours in its place, or cancel to keep theirs.",
            fields=", ".join(str(FIELDS[name]) for name in self.changed),
        )
        self.form_errors.append(sentence)

    def validate_time_zone(self, field: Field) -> None:
        if field.data not in self.known_zones:
            raise ValidationError(gettext("There is no such time zone: choose one from the list."))

    def validate_contact_name(self, field: Field) -> None:
        field.data = (field.data or "").strip()
        if not field.data.isprintable():
            raise ValidationError(gettext("There are characters that nobody can type."))

    def validate_contact_phone(self, field: Field) -> None:
        text = (field.data or "").strip()
        try:
            self.phone = normalised_phone(text) if text else ""
        except ValueError as error:
            raise ValidationError(str(error)) from None

    @property
    def values(self) -> dict[str, Any]:
        """The columns, once the form is valid."""
        return {
            "time_zone": self.time_zone.data,
            "opening_hours": self.hours,
            "contact_name": self.contact_name.data,
            "contact_phone": self.phone,
        }

    @property
    def changed(self) -> list[str]:
        """Which of them are others than before."""
        return [name for name, value in self.values.items() if value != getattr(self.before, name)]
