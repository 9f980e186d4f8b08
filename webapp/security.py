"""What browsers are told to refuse, and what is refused to them: headers, cookies, requests made by other sites."""

from urllib.parse import urlsplit

from flask import Flask, Response, g, request, session
from flask_wtf import CSRFProtect
from werkzeug.exceptions import Forbidden

from webapp.settings import Settings

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
        "font-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
# The hosts below this one too (OWASP ASVS 5.0, 3.4.1).
STRICT_TRANSPORT = "max-age=31536000; includeSubDomains"
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
# As long as a web session may last: a form that lay open for a working day is still good.
FORM_LIFETIME_S = 12 * 3600


def init_app(app: Flask, settings: Settings) -> None:
    app.config.from_mapping(
        # The prefix makes browsers refuse the cookie unless it is secure, of this very host, and for all paths.
        SESSION_COOKIE_NAME="__Host-kabinet" if settings.secure_cookies else "kabinet",
        SESSION_COOKIE_SECURE=settings.secure_cookies,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_PATH="/",
        WTF_CSRF_TIME_LIMIT=FORM_LIFETIME_S,
    )
    app.before_request(_refuse_other_sites)
    app.after_request(_add_headers)


def init_forms(app: Flask) -> None:
    """Ask every form for its token. After the guard, so that a form of an ended session leads to the login."""
    CSRFProtect(app)


def _refuse_other_sites() -> None:
    """Fetch Metadata: another site may link to our pages, and nothing else (web.dev, "Protect your resources").

    Browsers without it send `Origin` with whatever changes something.
    """
    site = request.headers.get("Sec-Fetch-Site")
    is_link = request.method in SAFE_METHODS and request.headers.get("Sec-Fetch-Mode") == "navigate"
    if site is not None:
        is_ours = site in ("same-origin", "none") or is_link
    else:
        origin = request.headers.get("Origin")
        is_ours = request.method in SAFE_METHODS or origin is None or urlsplit(origin).netloc == request.host
    if not is_ours:
        g.is_refused = True
        raise Forbidden


def _add_headers(response: Response) -> Response:
    if g.get("is_refused"):
        # A form of another site comes without our cookie. The page that refuses it must not set a new one: it would
        # take the place of the one that was held back, and the person would be logged out.
        session.modified = False
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if request.is_secure:
        response.headers.setdefault("Strict-Transport-Security", STRICT_TRANSPORT)
    # Pages are somebody's own figures: neither a proxy nor the back button of a shared computer keeps them.
    response.headers.setdefault("Cache-Control", "no-store")
    return response
