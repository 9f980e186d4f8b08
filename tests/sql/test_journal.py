"""The journal only ever grows, and is read newest first, a piece at a time."""

import pytest
import sqlalchemy as sa

from sql.engine import reading, writing
from sql.instants import now_us
from sql.journal import OPERATOR, Cursor, Person, Wanted, people_in_journal, read_journal, write_journal
from sql.tables import journal
from tests.accounts import TestMerchant, make_merchant


@pytest.fixture
def merchant_id(engine: sa.Engine) -> int:
    merchant_id = make_merchant(engine).merchant_id
    with writing(engine) as connection:
        write_journal(connection, merchant_id, "login", actor="owner@romashka.by", detail={"way": "password"})
    return merchant_id


@pytest.mark.parametrize("statement", [sa.update(journal).values(actor="somebody"), sa.delete(journal)])
def test_nothing_in_it_is_changed_or_deleted(engine: sa.Engine, merchant_id: int, statement: sa.Executable):
    with pytest.raises(sa.exc.DBAPIError, match="only ever added"), writing(engine) as connection:
        connection.execute(statement)
    with reading(engine) as connection:
        [row] = connection.execute(sa.select(journal)).all()
    assert (row.merchant_id, row.actor, row.detail) == (merchant_id, "owner@romashka.by", '{"way": "password"}')


def test_what_is_too_long_is_cut_rather_than_lost(engine: sa.Engine, merchant_id: int):
    with writing(engine) as connection:
        write_journal(connection, merchant_id, "login", actor="a", subject="s" * 300, detail={"x": "y" * 3_000})
    with reading(engine) as connection:
        rows = connection.execute(sa.select(journal.c.subject, journal.c.detail)).all()
    assert ("s" * 256, "{}") in rows


@pytest.fixture
def merchants(engine: sa.Engine) -> tuple[TestMerchant, TestMerchant]:
    """Two companies with the same deeds: three of the owner, one of the operator."""
    both = make_merchant(engine), make_merchant(engine, "190000018", name="ООО Астра")
    for merchant in both:
        with writing(engine) as connection:
            for action in ("login", "person_invited", "login"):
                who = {"actor": merchant.email, "account_id": merchant.account_id}
                write_journal(connection, merchant.merchant_id, action, **who, subject=merchant.name)
            write_journal(connection, merchant.merchant_id, "account_disabled", actor=OPERATOR)
    return both


def actions(engine: sa.Engine, merchant: TestMerchant, **wanted) -> list[str]:
    with reading(engine) as connection:
        return [entry.action for entry in read_journal(connection, merchant.merchant_id, Wanted(**wanted), limit=9)]


def test_it_is_read_by_person_action_and_time(engine: sa.Engine, merchants: tuple[TestMerchant, TestMerchant]):
    first, second = merchants
    assert sorted(actions(engine, first)) == ["account_disabled", "login", "login", "person_invited"]
    assert sorted(actions(engine, first, account_id=first.account_id)) == ["login", "login", "person_invited"]
    assert actions(engine, first, by_others=True) == ["account_disabled"]
    assert actions(engine, first, action="login") == ["login", "login"]
    assert actions(engine, first, account_id=second.account_id) == []
    assert actions(engine, first, end_us=now_us() - 60_000_000) == []
    assert actions(engine, first, first_us=now_us() + 1) == []


def test_a_company_reads_nothing_of_another(engine: sa.Engine, merchants: tuple[TestMerchant, TestMerchant]):
    first, second = merchants
    with reading(engine) as connection:
        entries = read_journal(connection, first.merchant_id, Wanted(), limit=9)
        assert {entry.subject for entry in entries} == {first.name, ""}
        assert people_in_journal(connection, first.merchant_id) == [Person(first.account_id, first.email)]
        assert people_in_journal(connection, second.merchant_id) == [Person(second.account_id, second.email)]


def test_pieces_follow_each_other_without_gap_or_repetition_even_at_one_instant(
    engine: sa.Engine, merchant_id: int, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("sql.journal.now_us", lambda: 1_800_000_000_000_000)
    with writing(engine) as connection:
        for number in range(5):
            write_journal(connection, merchant_id, "login", actor="a", subject=str(number))
    read, after = [], None
    with reading(engine) as connection:
        while piece := read_journal(connection, merchant_id, Wanted(), limit=2, after=after):
            read += piece
            after = Cursor.parse(str(piece[-1].cursor))
    assert sorted(entry.subject for entry in read) == ["", "0", "1", "2", "3", "4"]
    assert [entry.at_us for entry in read] == sorted((entry.at_us for entry in read), reverse=True)


@pytest.mark.parametrize("text", ["", "x", "1", "1-", "1-abc", "-1-0123456789abcdef", "1-0123456789ABCDEF", "9" * 99])
def test_nonsense_is_no_place_in_the_journal(text: str):
    with pytest.raises(ValueError, match="cursor"):
        Cursor.parse(text)
