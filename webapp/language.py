"""Language and theme: the account's choice, else the browser's cookie, else Russian and as the device is set."""

import functools
import io
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import Translations
from flask import Blueprint, Flask, current_app, redirect, request
from flask_babel import Babel, get_locale
from flask_login import current_user
from werkzeug import Response
from werkzeug.exceptions import BadRequest

from sql import accounts
from sql.engine import writing
from webapp.database import engine
from webapp.guard import own_page, public

LANGUAGES = {"ru": "Русский", "be": "Беларуская", "en": "English"}  # the first one is the default
SOURCE_LANGUAGE = "en"
THEMES = ("light", "dark")
CATALOGUES = Path(__file__).parents[1] / "translations"
COOKIE_AGE_S = 365 * 24 * 3600

blueprint = Blueprint("language", __name__)


def init_app(app: Flask) -> None:
    babel = Babel(app, default_locale="ru", locale_selector=language)
    with app.app_context():
        for name in LANGUAGES:
            if name != SOURCE_LANGUAGE:
                babel.domain_instance.cache[name, "messages"] = catalogue(name)
    app.context_processor(lambda: {"language": str(get_locale()), "languages": LANGUAGES, "theme": theme()})
    app.register_blueprint(blueprint)


@functools.cache
def catalogue(name: str) -> Translations:
    """The translations of a language, straight from the file that people edit: nothing to compile or to forget."""
    with (CATALOGUES / name / "LC_MESSAGES" / "messages.po").open("rb") as file:
        messages = read_po(file, locale=name)
    compiled = io.BytesIO()
    write_mo(compiled, messages)
    compiled.seek(0)
    return Translations(compiled, domain="messages")


def language() -> str:
    """The reader's language."""
    return _chosen("language", tuple(LANGUAGES)) or next(iter(LANGUAGES))


def theme() -> str | None:
    """`light` or `dark`; None: as the device is set."""
    return _chosen("theme", THEMES)


def _chosen(what: str, allowed: tuple[str, ...]) -> str | None:
    for choice in (getattr(current_user, what, None), request.cookies.get(_cookie(what))):
        if choice in allowed:
            return str(choice)
    return None


def _cookie(what: str) -> str:
    """Its name, with the prefix by which browsers keep it from other hosts, where that can be (`security.py`)."""
    return f"__Host-{what}" if current_app.config["SESSION_COOKIE_SECURE"] else what


@blueprint.post("/language")
@public
def set_language() -> Response:
    choice = request.form.get("language")
    if choice not in LANGUAGES:
        raise BadRequest
    if current_user.is_authenticated:
        with writing(engine()) as connection:
            accounts.set_language(connection, current_user.account_id, choice)
    return _back("language", choice)


@blueprint.post("/theme")
@public
def set_theme() -> Response:
    choice = request.form.get("theme")
    if choice not in (*THEMES, "device"):
        raise BadRequest
    chosen = None if choice == "device" else choice
    if current_user.is_authenticated:
        with writing(engine()) as connection:
            accounts.set_theme(connection, current_user.account_id, chosen)
    return _back("theme", chosen)


def _back(what: str, choice: str | None) -> Response:
    """To the page that the reader was on, with the choice in a cookie; None takes the cookie away."""
    response = redirect(own_page(request.form.get("next"), even_public=True), code=303)
    secure = current_app.config["SESSION_COOKIE_SECURE"]
    options = {"secure": secure, "httponly": True, "samesite": "Lax"}
    if choice is None:
        response.delete_cookie(_cookie(what), **options)
    else:
        response.set_cookie(_cookie(what), choice, max_age=COOKIE_AGE_S, **options)
    return response
