"""What all forms share; `templates/_form.html` draws them."""

from flask_wtf import FlaskForm
from wtforms import Field


class Form(FlaskForm):
    """A form that comes back with what was typed and a sentence beside each mistake.

    Add to `form_errors` what concerns the form as a whole; it is shown above the fields.
    """

    @property
    def focus(self) -> Field:
        """Where the cursor belongs: the first field with a mistake, else the first one shown empty, else the first."""
        fields = [field for field in self if field.widget.input_type not in ("hidden", "submit")]
        wrong = [field for field in fields if field.errors]
        empty = [field for field in fields if field.widget.input_type == "password" or not field.data]
        return (wrong or empty or fields)[0]
