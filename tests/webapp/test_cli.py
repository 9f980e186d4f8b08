"""The command `kabinet`, as an operator and a script use it."""

import json
from typing import Any

import pyotp
import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result

from sql.accounts import disable_account
from sql.engine import reading, writing
from sql.memberships import companies_of
from sql.tables import account, api_token, merchant, outlet, turnover
from sql.tokens import find_token
from tests.people import journal_of
from webapp.cli import main
from webapp.passwords import verify_password

MERCHANT = ["merchant", "add", "--unp", "191832203", "--name", "ООО Ромашка", "--phone", "+375291234567"]
EMAIL = ["--email", "Owner@romashka.by"]
MERCHANT += EMAIL
OUTLET = ["outlet", "add", "--unp", "191832203", "--name", "Магазин 1", "--address", "Минск, ул. Мира, 1"]
SKO = ["sko", "add", "--unp", "191832203", "--number", "300012345", "--outlet", "1", "--model", "smart"]


class Kabinet:
    def __init__(self, database_url: str) -> None:
        self._runner = CliRunner(env={"DATABASE_URL": database_url})

    def __call__(self, *arguments: str) -> Result:
        return self._runner.invoke(main, arguments)

    def json(self, *arguments: str) -> Any:
        result = self(*arguments, "--json")
        assert result.exit_code == 0, result.output
        return json.loads(result.output)


@pytest.fixture
def kabinet(engine: sa.Engine, database_url: str) -> Kabinet:
    return Kabinet(database_url)


def test_a_merchant_gets_what_its_owner_needs_to_log_in(engine: sa.Engine, kabinet: Kabinet):
    added = kabinet.json(*MERCHANT)
    assert set(added) == {"merchant_id", "account_id", "password", "totp_secret"}
    with reading(engine) as connection:
        kept = connection.execute(sa.select(account)).one()
    assert verify_password(kept.password_hash, added["password"])
    assert kept.totp_secret == added["totp_secret"]
    assert len(pyotp.TOTP(added["totp_secret"]).now()) == 6


def test_who_has_an_account_owns_another_company_with_it(engine: sa.Engine, kabinet: Kabinet):
    first = kabinet.json(*MERCHANT)
    second = kabinet.json(*MERCHANT[:3], "100320487", "--name", "ООО Василёк", "--phone", "+375291112233", *EMAIL)
    assert second == {"merchant_id": second["merchant_id"], "account_id": first["account_id"]}
    with reading(engine) as connection:
        kept = connection.execute(sa.select(account)).one()
        companies = companies_of(connection, first["account_id"])
    assert (kept.phone, kept.totp_secret) == ("+375291234567", first["totp_secret"])
    assert verify_password(kept.password_hash, first["password"])
    assert {company.name: company.role for company in companies} == {"ООО Василёк": "owner", "ООО Ромашка": "owner"}
    assert journal_of(engine, second["merchant_id"]) == [("operator", "person_added", "owner@romashka.by")]


def test_a_disabled_account_gets_no_company(engine: sa.Engine, kabinet: Kabinet):
    account_id = kabinet.json(*MERCHANT)["account_id"]
    with writing(engine) as connection:
        disable_account(connection, account_id)
    refused = kabinet(*MERCHANT[:3], "100320487", *MERCHANT[4:])
    assert (refused.exit_code, "exists already" in refused.output) == (1, True)
    with reading(engine) as connection:
        assert len(connection.execute(sa.select(merchant)).all()) == 1


def test_outlets_registers_and_tokens_are_added(engine: sa.Engine, kabinet: Kabinet):
    merchant_id = kabinet.json(*MERCHANT)["merchant_id"]
    assert kabinet.json(*OUTLET) == {"outlet_id": 1}
    assert kabinet.json(*SKO) == {"sko_id": 1}
    of_sko = kabinet.json("token", "issue", "--scope", "sko", "--sko", "300012345")
    of_merchant = kabinet.json("token", "issue", "--scope", "merchant", "--unp", "191832203")
    of_operator = kabinet.json("token", "issue", "--scope", "operator")
    with reading(engine) as connection:
        found = [find_token(connection, issued["token"]) for issued in (of_sko, of_merchant, of_operator)]
    assert [(token.merchant_id, token.sko_id) for token in found if token] == [
        (merchant_id, 1),
        (merchant_id, None),
        (None, None),
    ]
    assert kabinet("token", "revoke", str(of_sko["token_id"])).exit_code == 0
    with reading(engine) as connection:
        assert find_token(connection, of_sko["token"]) is None


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([*MERCHANT[:3], "191832204", *MERCHANT[4:]], "is not a УНП"),
        ([*MERCHANT[:-1], "nobody"], "is no e-mail address"),
        ([word.replace("+", "8") for word in MERCHANT], "is no phone number"),
        (MERCHANT, "exists already"),
        ([*OUTLET, "--time-zone", "Europe/Nowhere"], "Europe/Nowhere"),
        ([*OUTLET[:3], "100320487", *OUTLET[4:]], "No merchant has УНП 100320487"),
        ([*SKO[:7], "9", *SKO[8:]], "no outlet 9"),
        ([*SKO[:5], "a-b", *SKO[6:]], "is no СКО number"),
        (["token", "issue", "--scope", "sko"], "--sko goes with"),
        (["token", "issue", "--scope", "merchant"], "--unp goes with"),
        (["token", "issue", "--scope", "operator", "--unp", "191832203"], "--unp goes with"),
        (["token", "issue", "--scope", "sko", "--sko", "1"], "There is no СКО 1"),
        (["token", "revoke", "77"], "There is no token 77"),
        (["verify", "--unp", "100320487"], "No merchant has УНП 100320487"),
    ],
)
def test_each_mistake_gets_a_sentence_and_changes_nothing(
    engine: sa.Engine, kabinet: Kabinet, arguments: list[str], sentence: str
):
    kabinet.json(*MERCHANT)
    result = kabinet(*arguments)
    assert result.exit_code in (1, 2)
    assert sentence in result.output
    assert "Traceback" not in result.output
    with reading(engine) as connection:
        assert connection.execute(sa.select(outlet)).all() == []
        assert connection.execute(sa.select(api_token)).all() == []
        assert len(connection.execute(sa.select(account)).all()) == 1


def test_verify_says_whether_turnover_is_true(engine: sa.Engine, kabinet: Kabinet):
    merchant_id = kabinet.json(*MERCHANT)["merchant_id"]
    assert kabinet("verify").exit_code == 0
    with writing(engine) as connection:
        key = {"merchant_id": merchant_id, "outlet_id": 1, "sko_id": 1, "currency": "BYN"}
        connection.execute(sa.insert(turnover).values(**key, day=sa.func.current_date(), sales_minor=1))
    assert kabinet("verify", "--unp", "191832203").exit_code == 1
    assert "differs from its documents in 3 rows" in kabinet("verify").output
    assert len(json.loads(kabinet("verify", "--json").output)["differences"]) == 3


def test_migrating_a_migrated_database_is_safe(kabinet: Kabinet):
    assert kabinet("migrate").output == "The database is up to date.\n"
