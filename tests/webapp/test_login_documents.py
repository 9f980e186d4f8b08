"""The papers of the login page."""

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from sql.engine import reading
from sql.tables import login_throttle
from tests.accounts import csrf_token
from tests.webapp import papers
from webapp.login_documents import PAPERS

FILLED = {
    "unp": "191 832 203",
    "company": "ООО «Ромашка» <b>&",
    "person": "Янка Купала",
    "position": "дырэктар",
    "email": "yanka@romashka.by",
    "phone": "8 029 123-45-67",
}


def post(client: FlaskClient, **changes: str) -> TestResponse:
    form = FILLED | changes | {"csrf_token": csrf_token(client, "/login/application")}
    return client.post("/login/application.pdf", data=form)


def text_of(paper: TestResponse) -> str:
    assert (paper.status_code, paper.mimetype) == (200, "application/pdf"), paper.text
    return papers.text_of(paper.data)


@pytest.mark.parametrize("way", ["password", "email"])
def test_the_ways_in_that_need_an_application_lead_to_it(client: FlaskClient, way: str) -> None:
    page = client.get(f"/login/{way}").text
    assert "Как получить доступ?" in page
    assert 'href="/login/application"' in page


def test_application_has_what_was_typed(client: FlaskClient) -> None:
    text = text_of(post(client))
    for shown in ("Заявление на доступ", "191832203", "ООО «Ромашка» <b>&", "Янка Купала", "+375 29 123-45-67"):
        assert shown in text
    assert "ул. Сторожёвская, 8, оф. 205/2" in text
    assert "info@ikassa.by" in text


def test_texts_of_any_length_stay_within_the_paper(client: FlaskClient) -> None:
    long = {"person": "Канстанцін-" * 11, "position": "дырэктар " * 14, "email": f"{'w' * 60}@{'w' * 60}.{'w' * 60}.by"}
    for letters in (64, 128, 192, 256):
        paper = post(client, company="Щ" * letters, **long)
        assert papers.is_within_its_pages(paper.data)
        last = papers.pages_of(paper.data)[-1].extract_text()
        assert "Об их изменении сообщим оператору" in last  # nobody signs a page that says nothing
        assert "Подпись руководителя" in last


def test_application_to_be_filled_in_by_hand_is_one_page(client: FlaskClient) -> None:
    paper = client.get("/login/application.pdf")
    assert "Заявление на доступ" in text_of(paper)
    assert len(papers.pages_of(paper.data)) == 1


@pytest.mark.parametrize("language", ["ru", "be", "en"])
def test_instruction_is_one_page_in_the_readers_language(client: FlaskClient, language: str) -> None:
    client.set_cookie("language", language)
    paper = client.get("/login/instruction.pdf")
    heading = {"ru": "Инструкция для доступа", "be": "Інструкцыя для доступу", "en": "Instruction for access"}
    text = text_of(paper)
    assert heading[language] in text
    assert "info@ikassa.by" in text
    assert len(papers.pages_of(paper.data)) == 1


@pytest.mark.parametrize(
    ("field", "typed", "sentence"),
    [
        ("unp", "", "Enter the UNP of your company."),
        ("unp", "191832204", "its check digit does not fit"),
        ("company", " ", "Enter the name of your company."),
        ("company", "x" * 257, "at most 256 characters"),
        ("person", "", "Enter the name of the person."),
        ("email", "yanka", "This is no e-mail address."),
        ("phone", "12", "Enter the whole number with its country code"),
    ],
)
def test_mistake_comes_back_with_a_sentence_and_what_was_typed(
    client: FlaskClient, field: str, typed: str, sentence: str
) -> None:
    client.set_cookie("language", "en")
    answer = post(client, **{field: typed})
    assert answer.status_code == 422
    assert sentence in answer.text
    assert "Янка Купала" in answer.text or field == "person"


def test_nothing_typed_is_kept(client: FlaskClient, engine: sa.Engine) -> None:
    post(client)
    with reading(engine) as connection:
        assert not any("yanka" in str(row) for row in connection.execute(sa.select(login_throttle)).all())


def test_network_gets_so_many_papers_a_minute(client: FlaskClient) -> None:
    for _ in range(PAPERS.most):
        assert client.get("/login/application.pdf").status_code == 200
    refused = client.get("/login/application.pdf")
    assert refused.status_code == 429
    assert 0 < int(refused.headers["Retry-After"]) <= 60


def test_stale_form_keeps_what_was_typed(client: FlaskClient) -> None:
    answer = client.post("/login/application.pdf", data=FILLED)
    assert answer.status_code == 400
    assert "Янка Купала" in answer.text
