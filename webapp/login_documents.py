"""The documents that the login page offers: the application for access, filled in, and how access works."""

from flask import Blueprint, Response, current_app, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import get_locale, gettext, lazy_gettext
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import ServiceUnavailable
from wtforms import Field, StringField, ValidationError
from wtforms.validators import DataRequired, Length

from sql.engine import writing
from sql.rates import Rate, count
from sql.throttle import MINUTE_US, TooManyAttempts
from sql.unp import is_valid_unp, normalised_unp
from webapp.database import engine
from webapp.emails import TakesEmail
from webapp.forms import Form
from webapp.fragments import page_or_fragment
from webapp.guard import public
from webapp.pdf import Busy, draw, styles
from webapp.phones import TakesPhone, shown_phone
from webapp.waiting import retry_headers, waiting_sentence

PAPERS = Rate("paper", most=10, window_us=MINUTE_US)
BUSY_RETRY_S = 5
CSS = styles("login/paper.css")

blueprint = Blueprint("login_documents", __name__)


def _line(label: str, sentence: str, length_max: int) -> StringField:
    too_long = lazy_gettext("That is too long for the paper: at most %(max)s characters.", max=length_max)
    return StringField(label, [DataRequired(sentence), Length(max=length_max, message=too_long)])


class ApplicationForm(TakesEmail, TakesPhone, Form):
    """What is typed is printed, and kept nowhere."""

    unp = _line(lazy_gettext("UNP"), lazy_gettext("Enter the UNP of your company."), 20)
    company = _line(lazy_gettext("Company"), lazy_gettext("Enter the name of your company."), 256)
    person = _line(lazy_gettext("Person who gets access"), lazy_gettext("Enter the name of the person."), 128)
    position = _line(lazy_gettext("Position"), lazy_gettext("Enter what the person is in the company."), 128)
    email = _line(lazy_gettext("E-mail"), lazy_gettext("Enter the e-mail address that the link shall go to."), 254)
    phone = _line(lazy_gettext("Phone number"), lazy_gettext("Enter the phone number that codes shall go to."), 32)

    def validate_unp(self, field: Field) -> None:
        if not is_valid_unp(normalised_unp(field.data)):
            raise ValidationError(
                gettext("There is no such UNP: its check digit does not fit. Look for a typing slip.")
            )

    def lines(self) -> list[tuple[str, str]]:
        """Label and value of each line of the paper."""
        tidy = {name: " ".join((field.data or "").split()) for name, field in self._fields.items()}
        if tidy["unp"]:
            tidy |= {"unp": normalised_unp(tidy["unp"]), "phone": shown_phone(self.number)}
        return [(str(self[name].label.text), tidy[name]) for name in self.printed]

    printed = ("unp", "company", "person", "position", "email", "phone")


@blueprint.app_context_processor
def operator() -> dict[str, object]:
    """Where signed applications go."""
    return {"operator": current_app.config["OPERATOR"]}


@blueprint.get("/login/application")
@public
def application() -> ResponseReturnValue:
    return _page(ApplicationForm())


@blueprint.post("/login/application.pdf")
@public
def filled() -> ResponseReturnValue:
    form = ApplicationForm()
    if not form.validate():
        return _page(form), 422
    try:
        return _paper("application", gettext("Application for access"), lines=form.lines())
    except TooManyAttempts as refused:
        return _page(form, waiting_sentence(refused)), 429, retry_headers(refused)


@blueprint.get("/login/application.pdf")
@public
def empty() -> ResponseReturnValue:
    """To be filled in by hand."""
    try:
        return _paper("application", gettext("Application for access"), lines=ApplicationForm(formdata=None).lines())
    except TooManyAttempts as refused:
        return _page(ApplicationForm(), waiting_sentence(refused)), 429, retry_headers(refused)


@blueprint.get("/login/instruction.pdf")
@public
def instruction() -> ResponseReturnValue:
    try:
        return _paper("instruction", gettext("Instruction for access"))
    except TooManyAttempts as refused:
        return _page(ApplicationForm(), waiting_sentence(refused)), 429, retry_headers(refused)


@blueprint.errorhandler(CSRFError)
def form_is_stale(_error: CSRFError) -> ResponseReturnValue:
    return _page(ApplicationForm(), gettext("This page was open for too long. Try once more, please.")), 400


def _paper(name: str, title: str, **shown: object) -> Response:
    """The PDF in the reader's language. TooManyAttempts if this network has had its share."""
    with writing(engine()) as connection:
        count(connection, PAPERS, request.remote_addr or "unknown")
    html = render_template(f"login/{name}_paper.html", title=title, language=str(get_locale()), **shown)
    try:
        content = draw(html, css=CSS, title=title)
    except Busy:
        raise ServiceUnavailable(retry_after=BUSY_RETRY_S) from None
    disposition = {"Content-Disposition": f'inline; filename="kabinet-{name}.pdf"'}
    return Response(content, mimetype="application/pdf", headers=disposition)


def _page(form: ApplicationForm, problem: str | None = None) -> Response:
    if problem:
        form.form_errors.append(problem)
    return page_or_fragment("login/application.html", "form", form=form)
