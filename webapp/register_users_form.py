"""The dialog in which a user of registers is created or changed."""

from collections.abc import Collection

from flask_babel import gettext, lazy_gettext
from wtforms import Field, PasswordField, SelectChoice, SelectMultipleField, StringField, ValidationError
from wtforms.widgets import CheckboxInput, ListWidget

from webapp.forms import Form
from webapp.register_options import RIGHTS, RIGHTS_AT_FIRST
from webapp.register_settings_content import NAME_LENGTH, RegisterUser
from webapp.register_settings_text import printing_problem, tidied
from webapp.register_users_draft import Change, name_key
from webapp.register_users_passwords import hash_for_register, password_problem


def name_problem(name: str) -> str | None:
    """A sentence about a name that no user can have."""
    if not name:
        return str(gettext("Write the name of the user."))
    if len(name) > NAME_LENGTH:
        return str(gettext("At most %(max)d characters fit; these are %(count)d.", max=NAME_LENGTH, count=len(name)))
    return printing_problem(name)


class UserForm(Form):
    """`user` is the one to be changed, None for a new one; `taken` are the names of all others. `opens`: nothing was
    typed into it yet, whatever the form around it brings along."""

    name = StringField(lazy_gettext("Name of the user"))
    password = PasswordField(lazy_gettext("Password"))
    rights = SelectMultipleField(
        lazy_gettext("Rights"),
        choices=[SelectChoice(right, words) for right, words in RIGHTS.items()],
        widget=ListWidget(),
        option_widget=CheckboxInput(),
        validate_choice=False,
    )

    def __init__(self, user: RegisterUser | None, taken: Collection[str], *, opens: bool) -> None:
        shown = {"name": user.name if user else "", "rights": list(user.rights if user else RIGHTS_AT_FIRST)}
        super().__init__(data=shown, **({"formdata": None} if opens else {}))
        self.user = user
        self.taken = {name_key(name) for name in taken}

    @property
    def before(self) -> str:
        return self.user.name if self.user else ""

    def validate_name(self, field: Field) -> None:
        field.data = tidied(field.data or "")
        if problem := name_problem(field.data):
            raise ValidationError(problem)
        if name_key(field.data) in self.taken:
            raise ValidationError(gettext("There is a user of this name: change that one, or take another name."))

    def validate_password(self, field: Field) -> None:
        if self.user and not field.data:
            return
        if not field.data:
            raise ValidationError(gettext("Write a password."))
        if problem := password_problem(field.data):
            raise ValidationError(problem)

    def validate_rights(self, field: Field) -> None:
        if unknown := set(field.data) - RIGHTS.keys():
            raise ValidationError(gettext("There is no such right: %(right)s.", right=min(unknown)[:20]))
        if not field.data:
            raise ValidationError(gettext("Choose at least one right: without any, the user can do nothing."))

    @property
    def change(self) -> Change:
        """What to do, once the form is valid."""
        password = hash_for_register(self.password.data) if self.password.data else ""
        rights = tuple(right for right in RIGHTS if right in self.rights.data)
        return Change(self.before, self.name.data, password, rights)
