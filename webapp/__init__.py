"""The web app: what merchants see in their browsers. `create_app` puts it together."""

import importlib

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from webapp import assets, database, errors, formats, guard, health, language, links, logs, roles, security
from webapp.settings import Settings

# One module a section of pages, each with its `blueprint`.
FEATURES = (
    "login",
    "login_email",
    "login_factor",
    "login_signature",
    "signing_certificates",
    "profile_phone",
    "passkeys",
    "profile_passkeys",
    "confirming",
    "enrolment",
    "password_reset",
    "reset_factor",
    "login_documents",
    "profile_password",
    "profile_authenticator",
    "companies",
    "team",
    "team_invitations",
    "invitations",
    "profile",
    "journal_page",
    "home",
    "sales",
    "turnover",
    "documents",
    "receipts",
    "outlets",
    "skos",
    "sko_move",
    "binding",
    "tokens",
    "register_users",
    "register_users_upload",
    "register_settings",
    "register_settings_rollout",
    "exports",
    "notifications",
    "notification_mutes",
    "webhook_page",
    "reports",
    "completeness",
    "acts",
    "instructions",
    "help",
)

REQUEST_BYTES_MAX = 1024 * 1024


def create_app(settings: Settings | None = None) -> Flask:
    """The app as a WSGI server runs it, with the settings of the environment unless others are given."""
    settings = settings or Settings.from_environment()
    app = logs.LoggedFlask(__name__, static_folder=None, template_folder="../templates")
    app.config.from_mapping(
        SECRET_KEY=settings.secret_key,
        MAX_CONTENT_LENGTH=REQUEST_BYTES_MAX,
        DEVELOPMENT=settings.development,
        PUBLIC_URL=settings.public_url,
        OPERATOR={
            "name": settings.operator_name,
            "address": settings.operator_address,
            "email": settings.operator_email,
        },
        SESSION_IDLE_MINUTES=settings.session_idle_minutes,
        EXPORTS_FOLDER=settings.exports_folder,
        EXPORT_ROWS_AT_ONCE=settings.export_rows_at_once,
    )
    app.jinja_options = {"trim_blocks": True, "lstrip_blocks": True}
    # Each may ask what those before it have found out: the log knows every request, the guard comes before any form.
    logs.init_app(app, settings)
    database.init_app(app, settings)
    health.init_app(app, settings)
    security.init_app(app, settings)
    guard.init_app(app)
    security.init_forms(app)
    language.init_app(app)
    formats.init_app(app)
    links.init_app(app)
    roles.init_app(app)
    errors.init_app(app)
    for feature in FEATURES:
        app.register_blueprint(importlib.import_module(f"webapp.{feature}").blueprint)
    importlib.import_module("webapp.sections").init_app(app)
    assets.init_app(app, settings)
    _trust_proxies(app, settings)
    return app


def _trust_proxies(app: Flask, settings: Settings) -> None:
    if settings.trusted_proxies:
        proxies = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=proxies, x_proto=proxies)  # type: ignore[method-assign]
