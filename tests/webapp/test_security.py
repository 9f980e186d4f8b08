"""What browsers are told to refuse, and what is refused to them."""

import re
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from webapp import create_app
from webapp.settings import Settings

ROOT = Path(__file__).parents[2]
POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "connect-src": "'self'",
    "img-src": "'self' data:",
    "font-src": "'self'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
    "base-uri": "'none'",
}
# What the policy would break, or what would need a hole in it.
FORBIDDEN = {
    "a script within the page": re.compile(r"<script(?![^>]*\bsrc=)"),
    "a style within the page": re.compile(r"<style|\sstyle="),
    "a handler in an attribute": re.compile(r"\son[a-z]+="),
    "htmx's script attributes": re.compile(r"hx-on|['\"]js:|hx-vals=['\"]?js|hx-trigger=['\"][^'\"]*\["),
    "a file from elsewhere": re.compile(r"(?:src|href)=['\"](?:https?:)?//"),
}
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))


def production(settings: Settings, **changes: object) -> Flask:
    values = {
        "secret_key": settings.secret_key,
        "database_url": settings.database_url,
        "assets_folder": settings.assets_folder,
    }
    return create_app(Settings(**(values | changes)))  # type: ignore[arg-type]


@pytest.mark.parametrize("path", ["/login/password", "/no-such-page", "/healthz", "/sales"])
def test_every_answer_carries_the_policy(client: FlaskClient, path: str) -> None:
    headers = client.get(path).headers
    assert dict(part.split(" ", 1) for part in headers["Content-Security-Policy"].split("; ")) == POLICY
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.relative_to(ROOT / "templates").as_posix())
def test_templates_live_within_the_policy(template: Path) -> None:
    html = template.read_text()
    assert [what for what, pattern in FORBIDDEN.items() if pattern.search(html)] == []


@pytest.mark.parametrize("script", sorted((ROOT / "static").glob("*.js")), ids=lambda path: path.name)
def test_scripts_write_text_never_markup(script: Path) -> None:
    writes = r"\.(inner|outer)HTML\b|insertAdjacentHTML|document\.write|createContextualFragment|DOMParser"
    assert re.findall(rf"{writes}|\beval\(|\bnew Function\b", script.read_text()) == []


# --- other sites -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_other_sites_may_not_post(client: FlaskClient, site: str) -> None:
    headers = {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": "navigate"}
    assert client.post("/theme", data={"theme": "dark"}, headers=headers).status_code == 403


def test_form_of_another_site_takes_nobodys_session_away(client: FlaskClient) -> None:
    """It comes without the cookie; one in the answer would take its place."""
    headers = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    refused = client.post("/logout", headers=headers)
    assert refused.status_code == 403
    assert "Set-Cookie" not in refused.headers
    assert "Set-Cookie" in client.get("/no-such-page").headers


@pytest.mark.parametrize("mode", ["no-cors", "cors"])
def test_other_sites_may_not_load_pages_into_theirs(client: FlaskClient, mode: str) -> None:
    headers = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": mode}
    assert client.get("/login/password", headers=headers).status_code == 403


def test_other_sites_may_link_to_us(client: FlaskClient) -> None:
    headers = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    assert client.get("/login/password", headers=headers).status_code == 200


@pytest.mark.parametrize("site", ["same-origin", "none"])
def test_our_own_pages_and_the_address_bar_may(client: FlaskClient, site: str) -> None:
    assert client.post("/theme", data={"theme": "dark"}, headers={"Sec-Fetch-Site": site}).status_code == 400
    assert client.get("/login/password", headers={"Sec-Fetch-Site": site}).status_code == 200


@pytest.mark.parametrize(
    ("origin", "status"),
    [("http://localhost", 400), ("https://evil.example", 403), ("null", 403), ("http://localhost.evil.example", 403)],
)
def test_browsers_without_fetch_metadata_are_asked_for_their_origin(
    client: FlaskClient, origin: str, status: int
) -> None:
    """400: let through, and then the form's token is missing."""
    assert client.post("/theme", data={"theme": "dark"}, headers={"Origin": origin}).status_code == status


def test_htmx_sends_the_token_in_a_header(client: FlaskClient) -> None:
    page = client.get("/login/password").get_data(as_text=True)
    token = re.search(r"""hx-headers:inherited='{"X-CSRFToken": "([^"]+)"}'""", page)
    assert token
    assert client.post("/theme", data={"theme": "dark"}, headers={"X-CSRFToken": token[1]}).status_code == 303
    assert client.post("/theme", data={"theme": "dark"}, headers={"X-CSRFToken": "forged"}).status_code == 400


# --- cookies and TLS -------------------------------------------------------------------------------------------------


def test_cookies_of_production_are_secure_and_of_this_host_alone(settings: Settings) -> None:
    client = production(settings).test_client()
    response = client.get("/login/password", base_url="https://kabinet.example")
    (cookie,) = response.headers.getlist("Set-Cookie")
    name, *attributes = cookie.split("; ")
    assert name.startswith("__Host-kabinet=")
    assert {"Secure", "HttpOnly", "SameSite=Lax", "Path=/"} <= set(attributes)
    assert not any(attribute.startswith("Domain") for attribute in attributes)
    assert response.headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains"


def test_cookies_of_language_and_theme_are_of_this_host_alone_too(settings: Settings) -> None:
    client, site = production(settings).test_client(), "https://kabinet.example"
    page = client.get("/login/password", base_url=site).get_data(as_text=True)
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)
    assert token
    for what, choice in (("language", "be"), ("theme", "dark")):
        form = {"csrf_token": token[1], what: choice}
        response = client.post(f"/{what}", base_url=site, data=form, headers={"Referer": f"{site}/login/password"})
        (cookie,) = response.headers.getlist("Set-Cookie")
        name, *attributes = cookie.split("; ")
        assert name == f"__Host-{what}={choice}"
        assert {"Secure", "HttpOnly", "SameSite=Lax", "Path=/"} <= set(attributes)
    assert '<html lang="be" data-bs-theme="dark">' in client.get("/login/password", base_url=site).text


def test_without_tls_nothing_promises_it(client: FlaskClient) -> None:
    response = client.get("/login/password")
    assert "Secure" not in response.headers["Set-Cookie"]
    assert "Strict-Transport-Security" not in response.headers


@pytest.mark.parametrize(("proxies", "is_believed"), [(0, False), (1, True)])
def test_forwarded_headers_are_believed_only_behind_a_trusted_proxy(
    settings: Settings, proxies: int, is_believed: bool
) -> None:
    client = production(settings, trusted_proxies=proxies).test_client()
    headers = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.7"}
    response = client.get("/healthz", headers=headers)
    assert ("Strict-Transport-Security" in response.headers) is is_believed
