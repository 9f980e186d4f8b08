"""Merchants, outlets, registers and tokens."""

from zoneinfo import ZoneInfoNotFoundError

import pytest
import sqlalchemy as sa

from sql.engine import reading, writing
from sql.errors import AlreadyExists, NotFound
from sql.instants import now_us
from sql.merchants import add_merchant, has_merchants, merchant_by_unp
from sql.outlets import add_outlet, outlets_of
from sql.skos import add_sko, directory, directory_changes, owner_of, sko_by_number, skos_of
from sql.tables import api_token
from sql.tokens import find_token, hash_token, issue_token, revoke_token, tokens_revoked_since
from tests.sql.rows import add_company


def test_a_company_is_found_by_its_unp(engine: sa.Engine):
    with reading(engine) as connection:
        assert not has_merchants(connection)
    merchant_id = add_company(engine)
    with reading(engine) as connection:
        assert has_merchants(connection)
        assert merchant_by_unp(connection, "191832203").merchant_id == merchant_id
        with pytest.raises(NotFound, match="100320487"):
            merchant_by_unp(connection, "100320487")


def test_one_unp_belongs_to_one_merchant(engine: sa.Engine):
    add_company(engine)
    with writing(engine) as connection, pytest.raises(AlreadyExists, match="191832203"):
        add_merchant(connection, unp="191832203", name="Another")


def test_outlets_are_numbered_within_each_merchant(engine: sa.Engine):
    first = add_company(engine)
    second = add_company(engine, unp="100320487", numbers=("9",))
    with writing(engine) as connection:
        assert add_outlet(connection, first, name="Магазин 2", address="Гродно") == 2
        assert [outlet.outlet_id for outlet in outlets_of(connection, first)] == [1, 2]
        assert [outlet.outlet_id for outlet in outlets_of(connection, second)] == [1]


def test_a_time_zone_must_exist(engine: sa.Engine):
    merchant_id = add_company(engine)
    with writing(engine) as connection, pytest.raises(ZoneInfoNotFoundError):
        add_outlet(connection, merchant_id, name="x", address="y", time_zone="Europe/Nowhere")


def test_a_register_number_is_taken_across_merchants(engine: sa.Engine):
    add_company(engine, numbers=("300012345",))
    other = add_company(engine, unp="100320487", numbers=())
    with writing(engine) as connection, pytest.raises(AlreadyExists, match="300012345"):
        add_sko(connection, other, number="300012345", outlet_id=1, model="fm")


def test_a_register_stands_only_in_its_merchants_outlet(engine: sa.Engine):
    merchant_id = add_company(engine)
    with writing(engine) as connection, pytest.raises(NotFound, match="outlet 7"):
        add_sko(connection, merchant_id, number="5", outlet_id=7, model="fm")


def test_the_directory_knows_registers_and_their_places(engine: sa.Engine):
    before = now_us()
    merchant_id = add_company(engine, numbers=("A1", "A2"))
    with reading(engine) as connection:
        entries = directory(connection, ["A1", "A2", "A3"])
        assert set(entries) == {"A1", "A2"}
        assert entries["A2"].merchant_id == merchant_id
        assert entries["A2"].placements[0].time_zone == "Europe/Minsk"
        assert directory_changes(connection, before).keys() == {"A1", "A2"}
        assert directory_changes(connection, now_us() + 1) == {}
        assert [register.number for register in skos_of(connection, merchant_id)] == ["A1", "A2"]
        assert owner_of(connection, "A2") == sko_by_number(connection, merchant_id, "A2")
        with pytest.raises(NotFound):
            owner_of(connection, "A3")


def test_another_merchants_register_is_not_found(engine: sa.Engine):
    add_company(engine)
    other = add_company(engine, unp="100320487", numbers=())
    with reading(engine) as connection, pytest.raises(NotFound):
        sko_by_number(connection, other, "300012345")


def test_a_token_works_until_it_is_revoked(engine: sa.Engine):
    merchant_id = add_company(engine)
    with writing(engine) as connection:
        token_id, token = issue_token(connection, scope="sko", merchant_id=merchant_id, sko_id=1)
    with writing(engine) as connection:
        found = find_token(connection, token)
        assert found is not None
        assert (found.scope, found.merchant_id, found.sko_id) == ("sko", merchant_id, 1)
        revoke_token(connection, token_id)
    with reading(engine) as connection:
        assert find_token(connection, token) is None
        assert tokens_revoked_since(connection, now_us() - 1_000_000) == [hash_token(token)]
        assert tokens_revoked_since(connection, now_us() + 1) == []


def test_revoking_again_keeps_the_first_moment(engine: sa.Engine):
    with writing(engine) as connection:
        token_id, _ = issue_token(connection, scope="operator")
    moments = []
    for _ in range(2):
        with writing(engine) as connection:
            revoke_token(connection, token_id)
            moments.append(connection.execute(sa.select(api_token.c.revoked_us)).scalar_one())
    assert moments[0] == moments[1]


def test_only_a_hash_of_the_token_is_stored(engine: sa.Engine):
    with writing(engine) as connection:
        _, token = issue_token(connection, scope="operator")
        stored = connection.execute(sa.select(api_token)).one()
    assert token not in str(stored)
    assert len(token) > 32


def test_revoking_what_is_not_there_says_so(engine: sa.Engine):
    with writing(engine) as connection, pytest.raises(NotFound, match="77"):
        revoke_token(connection, 77)


@pytest.mark.parametrize("scope", ["merchant", "sko"])
def test_a_scope_names_its_owner(engine: sa.Engine, scope: str):
    with pytest.raises(sa.exc.IntegrityError), writing(engine) as connection:
        issue_token(connection, scope=scope)
