"""Manuals to read, save or print."""

import re
from html import unescape

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from sql.engine import writing
from sql.manuals import add_manual, remove_manual
from tests.webapp.conftest import CountQueries

CONTENT = b"%PDF-1.7 of a manual"


@pytest.fixture
def manual_id(engine: sa.Engine) -> int:
    with writing(engine) as connection:
        values = {"title": "Руководство пользователя ПК <FM>", "version": "v.03", "language": "be"}
        return add_manual(connection, **values, pages=21, content=CONTENT)


def titles(client: FlaskClient) -> list[str]:
    page = client.get("/instructions").text
    return [
        unescape(title)
        for title in re.findall(r'<a href="/instructions/[^"]*" target="_blank" lang="[^>]*>(.*?)</a>', page)
    ]


def test_manuals_of_the_operator_and_of_the_cabinet_are_listed(logged_in_client: FlaskClient, manual_id: int) -> None:
    page = logged_in_client.get("/instructions").text
    assert "версия v.03 · Беларуская · 21 страница · 1 КБ" in " ".join(page.split())
    assert set(titles(logged_in_client)) == {
        "Руководство пользователя ПК <FM>",
        "Руководство пользователя ЛК",
        "API касс: руководство для разработчиков",
    }


@pytest.mark.parametrize(
    ("language", "first"), [("be", "Руководство пользователя ПК <FM>"), ("ru", "Руководство пользователя ЛК")]
)
def test_what_the_reader_understands_comes_first(
    logged_in_client: FlaskClient, manual_id: int, language: str, first: str
) -> None:
    logged_in_client.set_cookie("language", language)
    assert titles(logged_in_client)[0] in (first, "Кіраўніцтва карыстальніка АК")


def test_a_manual_opens_in_the_browser_under_its_name(logged_in_client: FlaskClient, manual_id: int) -> None:
    answer = logged_in_client.get(f"/instructions/{manual_id}.pdf")
    assert (answer.mimetype, answer.data) == ("application/pdf", CONTENT)
    assert answer.headers["Content-Disposition"].startswith("inline")
    for name in ("kabinet-guide", "register-api"):
        assert logged_in_client.get(f"/instructions/{name}.pdf", buffered=True).data.startswith(b"%PDF")


def test_a_removed_manual_is_gone(logged_in_client: FlaskClient, engine: sa.Engine, manual_id: int) -> None:
    with writing(engine) as connection:
        remove_manual(connection, manual_id)
    assert logged_in_client.get(f"/instructions/{manual_id}.pdf").status_code == 404
    assert logged_in_client.get("/instructions/other.pdf").status_code == 404
    assert len(titles(logged_in_client)) == 2


def test_the_list_does_not_read_the_files(
    logged_in_client: FlaskClient, manual_id: int, count_queries: CountQueries
) -> None:
    with count_queries() as queries:
        logged_in_client.get("/instructions")
    assert len(queries) == 2  # who it is, and the list
    assert "content" not in queries[1]
