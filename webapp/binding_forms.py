"""The forms that bind a new register: the code that it shows, and which СКО it is."""

from collections.abc import Collection, Sequence

from flask_babel import gettext, lazy_gettext
from wtforms import Field, RadioField, SelectChoice, SelectField, StringField, ValidationError
from wtforms.validators import Length

from sql.device_grants import normalize_user_code
from sql.outlets import Outlet
from sql.skos import NUMBER, Sko
from webapp.forms import Form
from webapp.sko_words import MODELS

TOKEN_NAME_LENGTH = 64


def token_name_field() -> StringField:
    too_long = lazy_gettext("Write at most %(max)d characters.")
    return StringField(
        lazy_gettext("Name of the token"),
        [Length(max=TOKEN_NAME_LENGTH, message=too_long), _printable],
        filters=[lambda text: (text or "").strip()],
    )


def _printable(_form: Form, field: Field) -> None:
    if not field.data.isprintable():
        raise ValidationError(gettext("There are characters that nobody can type."))


def not_a_code() -> str:
    return str(gettext("Type the code as the register shows it: eight letters, like BCDF-GHJK."))


class CodeForm(Form):
    """`code` is what was meant, as XXXX-XXXX, once the form is valid."""

    code = ""
    user_code = StringField(lazy_gettext("Code on the register's display"))

    def validate_user_code(self, field: Field) -> None:
        code = normalize_user_code(field.data or "")
        if code is None:
            raise ValidationError(not_a_code())
        self.code = code


class BindForm(Form):
    """One of the company's registers (`sko`), or a new one with its `number`, `model` and `outlet`."""

    which = RadioField(
        lazy_gettext("Which register is it?"),
        choices=[
            SelectChoice("known", lazy_gettext("One of the list")),
            SelectChoice("new", lazy_gettext("A new one, to be added")),
        ],
        validate_choice=False,
    )
    sko = SelectField(lazy_gettext("Register"), validate_choice=False)
    number = StringField(lazy_gettext("Number of the register"), filters=[lambda text: (text or "").strip().upper()])
    model = SelectField(lazy_gettext("Model"), validate_choice=False)
    outlet = SelectField(lazy_gettext("Outlet"), validate_choice=False)
    token_name = token_name_field()

    def __init__(self, skos: Sequence[Sko], outlets: Sequence[Outlet], bound: Collection[int]) -> None:
        """All registers and outlets of the company; `bound` are the ids of those with a token that works."""
        self.skos = {sko.number: sko for sko in skos}
        self.outlets = {str(outlet.outlet_id): outlet for outlet in outlets}
        waiting = [sko for sko in skos if sko.sko_id not in bound]
        super().__init__(which="known" if waiting else "new")
        groups = {gettext("Not bound yet"): waiting, gettext("Bound already"): [s for s in skos if s.sko_id in bound]}
        self.sko.choices = {label: [self._choice(sko) for sko in group] for label, group in groups.items() if group}
        self.model.choices = [("", gettext("Choose the model")), *MODELS.items()]
        places = [(key, f"{outlet.name}, {outlet.address}") for key, outlet in self.outlets.items()]
        # Where there is but one outlet, that is where the register stands.
        self.outlet.choices = places if len(places) == 1 else [("", gettext("Choose an outlet")), *places]

    def _choice(self, sko: Sko) -> tuple[str, str]:
        return sko.number, f"{sko.number} · {MODELS[sko.model]} · {self.outlets[str(sko.outlet_id)].name}"

    @property
    def is_new(self) -> bool:
        return bool(self.which.data == "new")

    @property
    def focus(self) -> Field | None:
        """The first field with a mistake; else the warning above the fields is to be read first."""
        return next((field for field in self if field.errors), None)

    def validate_which(self, field: Field) -> None:
        if field.data not in ("known", "new"):
            raise ValidationError(gettext("Choose a register of the list, or add a new one."))

    def validate_sko(self, field: Field) -> None:
        if self.which.data != "known":
            return
        if not field.data:
            raise ValidationError(gettext("Choose the register."))
        if field.data not in self.skos:
            raise ValidationError(gettext("Your company has no such register."))

    def validate_number(self, field: Field) -> None:
        if not self.is_new:
            return
        if not NUMBER.fullmatch(field.data):
            raise ValidationError(gettext("A number has 1 to 20 digits and Latin letters; it stands on the register."))
        if field.data in self.skos:
            raise ValidationError(gettext("Your company has this register already: choose it from the list."))

    def validate_model(self, field: Field) -> None:
        if self.is_new and field.data not in MODELS:
            raise ValidationError(gettext("Choose the model."))

    def validate_outlet(self, field: Field) -> None:
        if self.is_new and field.data not in self.outlets:
            raise ValidationError(gettext("Choose the outlet where the register stands."))
