"""Static files: pinned, licensed, small, kept by browsers for ever."""

import hashlib
import json
import re
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from webapp.assets import SOURCE, icon_names, publish

ROOT = Path(__file__).parents[2]
LOCK = json.loads((SOURCE / "vendor" / "vendor.lock.json").read_text())
PAGE_BYTES_MAX = 120 * 1024
CHART_PAGE_BYTES_MAX = 200 * 1024


def assets_of(html: str) -> list[str]:
    return re.findall(r'(?:src|href)="(/static/[^"#]+)', html)


def weight(client: FlaskClient, html: str) -> int:
    """The bytes of a first visit: the page itself, and all that it loads, as a browser asks for it."""
    addresses = set(assets_of(html))
    accepted = {"Accept-Encoding": "gzip, br"}
    bodies = [client.get(address, headers=accepted, buffered=True).get_data() for address in addresses]
    return len(html.encode()) + sum(map(len, bodies))


@pytest.mark.parametrize("entry", LOCK, ids=lambda entry: entry["file"])
def test_vendored_file_is_the_one_that_was_pinned(entry: dict[str, str]) -> None:
    assert hashlib.sha256((SOURCE / entry["file"]).read_bytes()).hexdigest() == entry["sha256"]
    assert re.fullmatch(r"\d+\.\d+\.\d+", entry["version"])
    assert entry["integrity"].startswith("sha512-")
    assert "Permission" in (SOURCE / entry["licence_file"]).read_text()


def test_nothing_in_the_vendor_folder_is_unaccounted_for() -> None:
    present = {path.relative_to(SOURCE).as_posix() for path in (SOURCE / "vendor").rglob("*") if path.is_file()}
    listed = {entry[name] for entry in LOCK for name in ("file", "licence_file")}
    assert present == (listed - {"icons.svg"}) | {"vendor/vendor.lock.json"}


def test_files_are_kept_for_ever_under_names_that_carry_their_hash(client: FlaskClient) -> None:
    for address in assets_of(client.get("/login/password").get_data(as_text=True)):
        response = client.get(address, headers={"Accept-Encoding": "identity"}, buffered=True)
        assert response.status_code == 200, address
        assert hashlib.sha256(response.get_data()).hexdigest()[:12] == address.split(".")[-2]
        assert "immutable" in response.headers["Cache-Control"]
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert "Set-Cookie" not in response.headers


@pytest.mark.parametrize("encoding", ["br", "gzip"])
def test_files_come_compressed(client: FlaskClient, app: Flask, encoding: str) -> None:
    address = app.jinja_env.globals["asset"]("vendor/tabler.min.css")  # type: ignore[operator]
    response = client.get(address, headers={"Accept-Encoding": encoding}, buffered=True)
    assert response.headers["Content-Encoding"] == encoding
    assert "Accept-Encoding" in response.vary
    assert int(response.headers["Content-Length"]) == len(response.get_data()) < 90_000
    assert response.headers["Content-Type"].startswith("text/css")


def test_file_under_its_plain_name_is_not_served(client: FlaskClient) -> None:
    for path in ("/static/site.css", "/static/vendor/vendor.lock.json", "/static/../pyproject.toml", "/static/"):
        assert client.get(path).status_code in (303, 404), path


def test_new_version_of_a_file_gets_a_new_name_and_the_old_one_stays(tmp_path: Path) -> None:
    source, folder = tmp_path / "static", tmp_path / "published"
    source.mkdir()
    addresses = []
    for content in ("a {}", "b {}"):
        (source / "site.css").write_text(content)
        publish.cache_clear()
        addresses.append(publish(source, folder)["site.css"])
    assert len(set(addresses)) == 2
    for address in addresses:
        name = address.removeprefix("/static/")
        assert {(folder / name).exists(), (folder / f"{name}.br").exists(), (folder / f"{name}.gz").exists()} == {True}


def test_ordinary_page_is_light(logged_in_client: FlaskClient) -> None:
    for path in ("/login/password", "/instructions"):
        assert weight(logged_in_client, logged_in_client.get(path).get_data(as_text=True)) <= PAGE_BYTES_MAX, path


def test_page_with_charts_is_light(logged_in_client: FlaskClient) -> None:
    html = logged_in_client.get("/").get_data(as_text=True)
    assert "chart.umd" in html
    assert weight(logged_in_client, html) <= CHART_PAGE_BYTES_MAX


# --- icons -----------------------------------------------------------------------------------------------------------


def words_of_the_code() -> set[str]:
    """All that stands in quotes in templates and in the web app: the names of icons are among it."""
    files = [*(ROOT / "templates").rglob("*.html"), *(ROOT / "webapp").glob("*.py")]
    return {word for file in files for word in re.findall(r'"([a-z0-9-]+)"', file.read_text())}


def test_sprite_has_no_icon_that_nobody_uses() -> None:
    assert icon_names(SOURCE / "icons.svg") - words_of_the_code() == set()


def test_every_icon_that_is_named_is_in_the_sprite() -> None:
    templates = [file.read_text() for file in (ROOT / "templates").rglob("*.html")]
    named = {name for html in templates for name in re.findall(r'icon\("([a-z0-9-]+)"', html)}
    sections = re.findall(r'icon="([a-z0-9-]+)"', (ROOT / "webapp" / "sections.py").read_text())
    assert named | set(sections) <= icon_names(SOURCE / "icons.svg")


def test_unknown_icon_fails_at_once(app: Flask) -> None:
    with pytest.raises(KeyError, match="has no icon 'no-such-icon'"):
        app.jinja_env.globals["icon_address"]("no-such-icon")  # type: ignore[operator]
