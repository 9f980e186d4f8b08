"""E-mail addresses as people type them, and as accounts have them."""

from flask_babel import gettext
from wtforms import Field, StringField, ValidationError

from webapp.messages import mail_address


def account_address(text: str) -> str:
    """The one way in which an address is written that accounts know: in lower case, as mail is sent to it.

    ValueError if no mail can be.
    """
    return mail_address(text.strip()).lower()


class TakesEmail:
    """A form with the field `email`."""

    email: StringField
    address = ""  # as accounts have it, once it is valid

    def validate_email(self, field: Field) -> None:
        try:
            self.address = account_address(field.data)
        except ValueError:
            raise ValidationError(gettext("This is no e-mail address. Look for a typing slip.")) from None
