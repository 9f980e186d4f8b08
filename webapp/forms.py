"""What all forms share; `templates/_form.html` draws them."""

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext
from flask_wtf import FlaskForm
from wtforms import Field


class Form(FlaskForm):
    """A form that comes back with what was typed and a sentence beside each mistake.

    Add to `form_errors` what concerns the form as a whole; it is shown above the fields.
    """

    def validate(self, extra_validators: Mapping[str, Any] | None = None) -> bool:
        is_valid = bool(super().validate(extra_validators))
        for field in self:
            # No database has a place for it, so that no form can forget to look.
            if not field.errors and isinstance(field.data, str) and "\0" in field.data:
                field.errors = [gettext("There are characters that nobody can type.")]
                is_valid = False
        return is_valid

    @property
    def focus(self) -> Field:
        """Where the cursor belongs: the first field with a mistake, else the first one shown empty, else the first.

        Choices are passed by: they are several boxes, or begin with one that is good already.
        """
        fields = [field for field in self if getattr(field.widget, "input_type", "hidden") not in ("hidden", "submit")]
        wrong = [field for field in fields if field.errors]
        empty = [field for field in fields if field.widget.input_type == "password" or not field.data]
        return (wrong or empty or fields)[0]
