"""The guide in the cabinet, the "?" that leads to it, and the manuals that are drawn of it."""

import re
from html import unescape
from pathlib import Path

import pypdf
import pytest
from flask import Flask
from flask.testing import FlaskClient

from scripts.manuals import DOCS, is_up_to_date, manuals
from tests.webapp.conftest import CountQueries
from webapp.guide import BY_NAME, CHAPTERS, FOLDER, PICTURES, chapter_of
from webapp.sections import ACCOUNT, SECTIONS

ADDRESSES = [page.address for section in (*SECTIONS, ACCOUNT) for page in section.pages]
LINK = re.compile(r"\]\(([^)]+)\)")


def test_every_chapter_is_a_page_that_anybody_may_read(client: FlaskClient) -> None:
    for chapter in CHAPTERS:
        answer = client.get(f"/help/{chapter.name}")
        assert answer.status_code == 200
        assert f"<h1>{chapter.title}</h1>" in answer.text
        assert answer.text.count("<h1>") == 1
        assert f'href="/help/{chapter.name}" aria-current="page"' in answer.text
    assert client.get("/help/no-such-chapter").status_code == 404
    assert client.get("/help").location == "/help/start"


def test_every_file_is_a_chapter_and_its_links_lead_somewhere() -> None:
    assert {path.stem for path in FOLDER.glob("*.md")} == set(BY_NAME)
    for chapter in CHAPTERS:
        for target in LINK.findall(chapter.markdown):
            assert (FOLDER / target).exists(), (chapter.name, target)


def test_every_picture_is_shown_in_some_chapter() -> None:
    shown = {link for chapter in CHAPTERS for link in LINK.findall(chapter.markdown) if link.startswith(PICTURES)}
    assert {Path(link).name for link in shown} == {path.name for path in (FOLDER / PICTURES / "guide").glob("*.png")}


def test_pictures_have_a_hashed_address_a_size_and_words(client: FlaskClient) -> None:
    [picture] = re.findall(r"<img src=\"/static/guide/[^>]*>", client.get("/help/acts").text)
    assert re.search(r'src="/static/guide/acts\.[0-9a-f]{12}\.png"', picture)
    assert 'width="1280" height="800" loading="lazy"' in picture
    assert 'alt="Абонентская плата: ' in unescape(picture)
    address = re.search(r'src="([^"]+)"', picture)
    assert address
    assert client.get(address[1], buffered=True).mimetype == "image/png"


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/", "home"),
        ("/sales/2026-11-24/1", "sales"),
        ("/register-settings/users", "register-settings"),
        ("/register-settings/smart-x/receipt", "smart-x"),
        ("/reports", "reports"),
        ("/reports/completeness", "completeness"),
        ("/login/email", "start"),
        ("/acts/subscription", "acts"),
    ],
)
def test_an_address_has_the_chapter_of_its_page(path: str, name: str) -> None:
    found = chapter_of(path)
    assert found
    assert found.name == name


def test_addresses_that_no_chapter_is_about_have_none() -> None:
    assert [chapter_of(path) for path in ("/help/start", "/no/such", "", "//")] == [None] * 4


def test_every_page_of_the_cabinet_opens_its_chapter(logged_in_client: FlaskClient) -> None:
    for address in ADDRESSES:
        page = logged_in_client.get(address).text
        links = re.findall(r'<a class="help-link" href="/help/([a-z-]+)"', page)
        chapter = chapter_of(address)
        assert chapter, address
        assert links == [chapter.name], address


def test_the_login_opens_its_chapter_too(client: FlaskClient) -> None:
    for address in ("/login/password", "/login/email", "/login/signature"):
        assert 'class="help-link" href="/help/start"' in client.get(address).text


def test_the_table_of_pages_names_what_there_is(app: Flask) -> None:
    """Each address is served, has the chapter that stands beside it, and each of its tests exists."""
    rows = [line.split(" | ") for line in (DOCS / "guide-pages.md").read_text().splitlines() if "| `/" in line]
    served = {rule.rule for rule in app.url_map.iter_rules()}
    listed = set()
    for _page, addresses, chapter, tests in rows:
        for address in re.findall("`(/[^`]*)`", addresses):
            listed.add(address)
            assert address in served, address
            named = chapter_of(address)
            assert chapter.strip() == (f"`{named.name}`" if named else "—"), address
        for path in tests.rstrip(" |").split(", "):
            assert (DOCS.parent / path).exists(), path
    assert set(ADDRESSES) <= listed


def test_a_chapter_asks_the_database_only_who_reads_it(
    logged_in_client: FlaskClient, client: FlaskClient, count_queries: CountQueries
) -> None:
    with count_queries() as queries:
        logged_in_client.get("/help/home")
        client.get("/help/home")
    assert len(queries) == 1


@pytest.mark.parametrize("name", ["kabinet-guide", "register-api"])
def test_drawn_manuals_are_up_to_date(name: str) -> None:
    _title, html = manuals()[name]
    assert is_up_to_date(DOCS / f"{name}.pdf", html), "run `make manual`"


def test_the_guide_as_pdf_has_all_chapters_and_pictures() -> None:
    drawn = pypdf.PdfReader(DOCS / "kabinet-guide.pdf")
    text = "\n".join(page.extract_text() for page in drawn.pages).replace("\N{NO-BREAK SPACE}", " ")
    assert all(chapter.title in text for chapter in CHAPTERS)
    assert sum(len(page.images) for page in drawn.pages) >= 17


def test_the_api_guide_names_every_resource_and_object(app: Flask) -> None:
    text = "\n".join(page.extract_text() for page in pypdf.PdfReader(DOCS / "register-api.pdf").pages)
    for named in ("POST /v1/documents", "GET /v1/settings/{sko}", "POST /oauth/token", "ZReport", "payments_mismatch"):
        assert named in text
    assert "One of: Sale, Refund, Rollback" in text
    assert "any or any" not in text
