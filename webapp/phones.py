"""Phone numbers as people type them, and as they are shown."""

import re

from flask_babel import gettext
from wtforms import Field, StringField, ValidationError

_E164 = re.compile(r"\+[1-9][0-9]{7,14}")
_SEPARATORS = str.maketrans("", "", " \u00a0\t-().\u2011\u2013")
_BELARUS = "+375"
_NATIONAL_DIGITS = 9  # code of the network, and number


def normalised_phone(text: str) -> str:
    """The number in E.164 form, like +375291234567; ValueError with a sentence for its reader if it is none.

    Within Belarus it may be typed as people do: 8 029 123-45-67, 375 29 123-45-67, or 29 123-45-67.
    """
    typed = text.translate(_SEPARATORS)
    if typed.startswith("00"):
        typed = f"+{typed[2:]}"
    elif len(typed) == _NATIONAL_DIGITS + 2 and typed.startswith("80"):
        typed = _BELARUS + typed[2:]
    elif len(typed) == _NATIONAL_DIGITS + 3 and typed.startswith("375"):
        typed = f"+{typed}"
    elif len(typed) == _NATIONAL_DIGITS and typed[:1] not in ("+", "0"):
        typed = _BELARUS + typed
    if not _E164.fullmatch(typed) or (typed.startswith(_BELARUS) and len(typed) != len(_BELARUS) + _NATIONAL_DIGITS):
        raise ValueError(gettext("Enter the whole number with its country code, like +375 29 123-45-67."))
    return typed


def shown_phone(phone: str) -> str:
    """The number in groups: +375 29 123-45-67; one of another country as it is."""
    if not phone.startswith(_BELARUS) or len(phone) != len(_BELARUS) + _NATIONAL_DIGITS:
        return phone
    return f"{_BELARUS} {phone[4:6]} {phone[6:9]}-{phone[9:11]}-{phone[11:]}"


class TakesPhone:
    """A form with the field `phone`."""

    phone: StringField
    number = ""  # in E.164 form, once it is valid

    def validate_phone(self, field: Field) -> None:
        try:
            self.number = normalised_phone(field.data)
        except ValueError as error:
            raise ValidationError(str(error)) from None
