"""Choosing a password: a new account's first one, or another one."""

from collections.abc import Collection

from flask_babel import gettext, lazy_gettext
from wtforms import Field, PasswordField, ValidationError
from wtforms.validators import InputRequired

from sql.accounts import Person
from sql.engine import Connection
from sql.memberships import companies_of
from webapp import password_rules
from webapp.forms import Form
from webapp.password_rules import normalized


class ChoosesPassword:
    """A form with the fields `new_password` and `again`. Set `about` before it is validated."""

    about: Collection[str] = ()  # what others know of the person
    new_password: PasswordField
    again: PasswordField

    def validate_new_password(self, field: Field) -> None:
        problem = password_rules.problems(field.data, about=self.about)
        if problem:
            raise ValidationError(problem)

    def validate_again(self, field: Field) -> None:
        if normalized(field.data) != normalized(self.new_password.data or ""):
            raise ValidationError(gettext("This is not the same as above."))


def new_password_field() -> PasswordField:
    return PasswordField(lazy_gettext("New password"), [InputRequired(lazy_gettext("Choose a password."))])


def again_field() -> PasswordField:
    return PasswordField(
        lazy_gettext("The same once more"), [InputRequired(lazy_gettext("Type the new password once more."))]
    )


class NewPasswordForm(ChoosesPassword, Form):
    new_password = new_password_field()
    again = again_field()


def known_of(connection: Connection, person: Person) -> tuple[str, ...]:
    """What others know of a person: a password made of it is guessed first."""
    companies = companies_of(connection, person.account_id)
    named = [text for company in companies for text in (company.name, company.unp)]
    return (person.email, person.phone, person.name, *named)
