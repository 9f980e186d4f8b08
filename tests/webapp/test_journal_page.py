"""The journal of a company: read by its owners, filtered, a piece at a time."""

import ast
import html
import re
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from sql.engine import writing
from sql.journal import OPERATOR, write_journal
from sql.outlets import add_outlet
from sql.tables import membership
from tests.accounts import TestMerchant, make_merchant, sign_in
from webapp.journal_page import PAGE_ENTRIES
from webapp.journal_words import ACTIONS, WAYS

ROOT = Path(__file__).parents[2]
DAY_US = 24 * 3600 * 1_000_000
NOON = 1_715_763_600_000_000  # 2024-05-15 12:00 in Minsk


@pytest.fixture
def merchant(engine: sa.Engine) -> TestMerchant:
    merchant = make_merchant(engine)
    with writing(engine) as connection:
        add_outlet(connection, merchant.merchant_id, name="Магазин 1", address="Минск", time_zone="Europe/Minsk")
    return merchant


@pytest.fixture
def owner(client: FlaskClient, merchant: TestMerchant) -> FlaskClient:
    client.set_cookie("language", "en")
    sign_in(client, merchant)
    return client


def write(engine: sa.Engine, merchant: TestMerchant, action: str, *, at_us: int | None = None, **values) -> None:
    with pytest.MonkeyPatch.context() as patch, writing(engine) as connection:
        if at_us is not None:
            patch.setattr("sql.journal.now_us", lambda: at_us)
        known = {"actor": merchant.email, "account_id": merchant.account_id} | values
        write_journal(connection, merchant.merchant_id, action, **known)


def lines(client: FlaskClient, path: str = "/journal", **headers: str) -> list[str]:
    """What each line of the page says."""
    page = client.get(path, headers=headers).get_data(as_text=True)
    found = re.findall(r'<li class="journal-line">(.*?)</li>', page, re.DOTALL)
    return [html.unescape(" ".join(re.sub(r"<[^>]+>", " ", line).split())) for line in found]


def test_it_says_who_did_what_when_and_from_where(owner: FlaskClient, engine: sa.Engine, merchant: TestMerchant):
    detail = {"role": "support", "was": "manager", "until": "2026-12-31", "outlets": [1, 2]}
    write(engine, merchant, "role_changed", at_us=NOON, subject="buh@romashka.by", detail=detail, address="93.84.12.7")
    assert lines(owner)[-1] == (
        "12:00:00 Changed a person's role buh@romashka.by Support · before: Manager · 2 outlets · until 31 Dec 2026 "
        f"{merchant.email} 93.84.12.7"
    )
    assert "<h2>15 May 2024</h2>" in owner.get("/journal").get_data(as_text=True)


def test_the_operator_and_strangers_are_named_so(owner: FlaskClient, engine: sa.Engine, merchant: TestMerchant):
    write(engine, merchant, "account_disabled", actor=OPERATOR, account_id=None, subject="buh@romashka.by")
    write(engine, merchant, "login_failed", actor="", account_id=None, detail={"way": "password"})
    stranger, operator, _login = lines(owner, "/journal")
    assert stranger.endswith("Failed to log in by UNP and password Somebody unknown")
    assert operator.endswith("Disabled an account buh@romashka.by Operator")
    assert len(lines(owner, "/journal?person=operator")) == 2


def test_an_action_without_words_is_still_told(owner: FlaskClient, engine: sa.Engine, merchant: TestMerchant):
    write(engine, merchant, "tea_made", detail={"sugar": 2, "way": "samovar"})
    assert "tea_made samovar" in lines(owner)[0]


def test_it_is_filtered_by_person_action_and_period(owner: FlaskClient, engine: sa.Engine, merchant: TestMerchant):
    write(engine, merchant, "person_invited", at_us=NOON)
    write(engine, merchant, "login_failed", at_us=NOON + DAY_US, account_id=None, actor="")
    assert len(lines(owner)) == 3
    assert len(lines(owner, f"/journal?person={merchant.account_id}")) == 2
    assert len(lines(owner, "/journal?action=person_invited")) == 1
    assert len(lines(owner, "/journal?period=today")) == 1
    assert len(lines(owner, "/journal?from=2024-05-15&to=2024-05-15")) == 1
    assert len(lines(owner, "/journal?from=2024-05-15&to=2024-05-16")) == 2
    assert lines(owner, "/journal?period=today&action=person_invited") == []


def test_a_day_is_the_company_s_own_from_midnight_to_midnight(
    owner: FlaskClient, engine: sa.Engine, merchant: TestMerchant
):
    for second in (-1, 0, 24 * 3600 - 1, 24 * 3600):
        write(engine, merchant, "login", at_us=NOON - 12 * 3600 * 1_000_000 + second * 1_000_000)
    assert [line[:8] for line in lines(owner, "/journal?date=2024-05-15")] == ["23:59:59", "00:00:00"]


def test_pieces_follow_each_other(owner: FlaskClient, engine: sa.Engine, merchant: TestMerchant):
    for number in range(PAGE_ENTRIES + 5):
        write(engine, merchant, "person_invited", at_us=NOON + number, subject=f"person-{number}")
    page = owner.get("/journal?action=person_invited").get_data(as_text=True)
    older = re.search(r'href="(/journal/older[^"]+)"', page)[1].replace("&amp;", "&")
    first, rest = lines(owner, "/journal?action=person_invited"), lines(owner, older)
    assert (len(first), len(rest)) == (PAGE_ENTRIES, 5)
    assert len({*first, *rest}) == PAGE_ENTRIES + 5
    assert "journal-day" in owner.get(older).get_data(as_text=True)
    # To htmx only the lines, which go on under the same day.
    piece = owner.get(older, headers={"HX-Request": "true", "HX-Request-Type": "partial"}).get_data(as_text=True)
    assert "<html" not in piece
    assert "journal-day" not in piece
    assert piece.count("journal-line") == 5
    assert "There are no older entries." in piece


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("person=0", "There is no such choice"),
        ("person=x", "There is no such choice"),
        ("person=1&person=operator", "There is no such choice"),
        ("action=nothing", "There is no such choice"),
        ("period=decade", "There is no such period"),
        ("from=yesterday", "There is no such date"),
        ("from=2024-05-15&to=2024-05-14", "The period ends before it starts"),
        ("to=3024-05-15", "This day has not come yet"),
        ("after=x", "There is no such place in the journal"),
    ],
)
def test_nonsense_is_explained_and_kept(owner: FlaskClient, query: str, sentence: str):
    for path in ("/journal", "/journal/older"):
        response = owner.get(f"{path}?{query}")
        assert response.status_code == 400
        assert sentence in response.get_data(as_text=True)


def test_another_company_s_people_and_deeds_are_not_there(
    owner: FlaskClient, engine: sa.Engine, merchant: TestMerchant
):
    other = make_merchant(engine, "190000018", name="ООО Астра")
    write(engine, other, "person_invited", subject="secret@astra.by")
    page = owner.get("/journal").get_data(as_text=True)
    assert "astra" not in page
    assert other.email not in page
    assert owner.get(f"/journal?person={other.account_id}").status_code == 400


@pytest.mark.parametrize("role", ["accountant", "manager", "support"])
def test_only_owners_read_it(owner: FlaskClient, engine: sa.Engine, merchant: TestMerchant, role: str):
    with writing(engine) as connection:
        connection.execute(sa.update(membership).values(role=role))
    for path in ("/journal", "/journal/older"):
        assert owner.get(path).status_code == 403


def test_an_owner_who_has_left_is_still_named(owner: FlaskClient, engine: sa.Engine, merchant: TestMerchant):
    other = make_merchant(engine, "190000018", name="ООО Астра")
    write(engine, merchant, "person_invited", actor=other.email, account_id=other.account_id)
    assert [other.email in line for line in lines(owner, f"/journal?person={other.account_id}")] == [True]


def test_every_action_that_pages_and_commands_write_has_its_words():
    """Wherever in the app it says `note(connection, "login")`, or the like."""
    writers = {"note", "note_of", "write_journal", "_tell"}
    calls = [
        node
        for file in (ROOT / "webapp").glob("*.py")
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in writers
    ]
    written = {
        argument.value
        for call in calls
        for argument in call.args[1:3]
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str) and argument.value.isidentifier()
    }
    assert {"login", "account_disabled", "person_invited", "factor_added"} <= written
    assert written <= set(ACTIONS)


def test_every_word_is_short_enough_for_its_column():
    assert max(map(len, ACTIONS)) <= 32
    assert max(map(len, WAYS)) <= 16


def test_the_page_takes_few_queries(owner: FlaskClient, engine: sa.Engine, merchant: TestMerchant, count_queries):
    owner.get("/journal")
    with count_queries() as queries:
        owner.get("/journal")
    assert len(queries) == 4
