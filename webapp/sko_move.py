"""Moving a register to another outlet: from now on, what it did before stays with the outlet that it leaves."""

from flask import Blueprint, Response, flash, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, lazy_gettext
from flask_login import current_user
from werkzeug.exceptions import NotFound
from wtforms import Field, SelectField, ValidationError

from sql import errors
from sql.engine import Connection, reading, writing
from sql.outlets import Outlet
from sql.placements import AlreadyThere, move_sko
from sql.sko_states import sko_states
from sql.skos import Sko
from webapp.database import engine
from webapp.forms import Form
from webapp.fragments import page_or_fragment
from webapp.guard import go_to
from webapp.journal import note
from webapp.roles import needs
from webapp.scope import own_reach
from webapp.skos import own_sko

blueprint = Blueprint("sko_move", __name__)


class MoveForm(Form):
    outlet = SelectField(lazy_gettext("To the outlet"), validate_choice=False)

    def __init__(self, sko: Sko, outlets: list[Outlet]) -> None:
        super().__init__()
        self.sko = sko
        self.outlets = {str(outlet.outlet_id): outlet for outlet in outlets}
        self.here = self.outlets.pop(str(sko.outlet_id))
        others = [(outlet_id, f"{outlet.name}, {outlet.address}") for outlet_id, outlet in self.outlets.items()]
        self.outlet.choices = [("", gettext("Choose an outlet")), *others]

    def validate_outlet(self, field: Field) -> None:
        if not field.data:
            raise ValidationError(gettext("Choose the outlet that the register goes to."))
        if field.data == str(self.here.outlet_id):
            raise ValidationError(gettext("The register stands there already."))
        if field.data not in self.outlets:
            raise ValidationError(gettext("Your company has no such outlet."))

    @property
    def there(self) -> Outlet:
        """The chosen outlet, once the form is valid."""
        return self.outlets[self.outlet.data]


@blueprint.get("/skos/<number>/move")
@needs("outlets.edit")
def page(number: str) -> ResponseReturnValue:
    with reading(engine()) as connection:
        return _page(connection, _form(connection, number))


@blueprint.post("/skos/<number>/move")
@needs("outlets.edit")
def move(number: str) -> ResponseReturnValue:
    with reading(engine()) as connection:
        form = _form(connection, number)
        if not form.validate():
            return _page(connection, form), 422
    try:
        _move(form)
    except errors.NotFound:
        raise NotFound from None
    except AlreadyThere:  # somebody else was faster, to the same end
        pass
    flash(gettext("From now on %(sko)s stands at: %(outlet)s.", sko=number, outlet=form.there.name))
    return go_to(url_for("skos.sko", number=number))


def _form(connection: Connection, number: str) -> MoveForm:
    reach = own_reach()
    return MoveForm(own_sko(connection, number, reach), reach.outlets(connection))


def _page(connection: Connection, form: MoveForm) -> Response:
    sko = form.sko
    state = sko_states(connection, sko.merchant_id, [sko.sko_id])[sko.sko_id]
    return page_or_fragment("skos/move.html", None, form=form, sko=sko, state=state)


def _move(form: MoveForm) -> None:
    with writing(engine()) as connection:
        move_sko(connection, current_user.merchant_id, form.sko.sko_id, form.there.outlet_id)
        note(connection, "register_moved", form.sko.number, departed=form.here.name, arrived=form.there.name)
