"""A code of the authenticator app, where the person is known already; a recovery code serves in its place."""

import re
import time

from flask_babel import gettext, lazy_gettext
from wtforms import Field, StringField, ValidationError
from wtforms.validators import InputRequired

from sql import accounts
from sql.accounts import Person
from sql.engine import writing
from sql.factors import factors_of, use_recovery_code
from webapp.database import engine
from webapp.forms import Form
from webapp.passwords import totp_step
from webapp.person_journal import note_of
from webapp.recovery_codes import recovery_code_of


def code_field() -> StringField:
    """For forms that take a code: they also need `TakesCode`."""
    return StringField(
        lazy_gettext("One-time code"),
        [InputRequired(lazy_gettext("Enter the code that your authenticator app shows."))],
    )


class TakesCode:
    """A form with the field `code`."""

    code: StringField

    def validate_code(self, _field: Field) -> None:
        if not re.fullmatch("[0-9]{6}", self.typed) and recovery_code_of(self.typed) is None:
            raise ValidationError(gettext("The code is six digits. A recovery code has 24 letters and digits."))

    @property
    def typed(self) -> str:
        """The code without the space that apps show in its middle."""
        return "".join((self.code.data or "").split())


class AuthenticatorForm(TakesCode, Form):
    code = code_field()


def use_code(person: Person, code: str) -> bool:
    """Whether this is a code of the person's authenticator, or a recovery code, that was not used yet; then it is now.

    The companies of the person read in the journal of a recovery code that was used.
    """
    recovery = recovery_code_of(code)
    if recovery is not None:
        return _use_recovery_code(person, recovery)
    step = totp_step(person.totp_secret, code, time.time()) if person.totp_secret else None
    if step is None:
        return False
    with writing(engine()) as connection:
        return accounts.use_totp_step(connection, person.account_id, step)


def _use_recovery_code(person: Person, code: str) -> bool:
    with writing(engine()) as connection:
        if not use_recovery_code(connection, person.account_id, code):
            return False
        note_of(connection, person, "recovery_code_used", left=factors_of(connection, person.account_id).recovery_left)
    return True
