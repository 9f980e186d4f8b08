"""`kabinet account …`, as an operator uses it."""

import datetime
import json
import re
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result

from sql.accounts import set_name
from sql.engine import reading, writing
from sql.factors import factors_of, replace_recovery_codes
from sql.login_attempts import begin_attempt, find_attempt
from sql.memberships import add_membership, member_of
from sql.outlets import add_outlet
from sql.passkeys import add_passkey, passkeys_of
from sql.password_resets import account_of_reset, add_reset
from sql.sessions import find_session, start_session
from sql.signing_certificates import add_certificate, certificates_of
from sql.tables import account, journal, message
from tests.accounts import TestMerchant, make_merchant
from webapp.cli import main
from webapp.emails import account_address

EMAIL = "buh@romashka.by"
CREATE = ("account", "create", "--unp", "191832203", "--email", "Buh@romashka.by")


class Kabinet:
    def __init__(self, database_url: str, assets_folder: Path) -> None:
        self.environment = {
            "DATABASE_URL": database_url,
            "SECRET_KEY": "s" * 32,
            "PUBLIC_URL": "https://cabinet.example.by",
            "ASSETS_FOLDER": str(assets_folder),
        }

    def __call__(self, *arguments: str) -> Result:
        return CliRunner(env=self.environment).invoke(main, arguments)

    def json(self, *arguments: str) -> Any:
        result = self(*arguments, "--json")
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)


@pytest.fixture
def merchant(engine: sa.Engine) -> TestMerchant:
    merchant = make_merchant(engine)
    with writing(engine) as connection:
        add_outlet(connection, merchant.merchant_id, name="Магазин 1", address="Минск", time_zone="Europe/Minsk")
    return merchant


@pytest.fixture
def kabinet(database_url: str, assets_folder: Path, merchant: TestMerchant) -> Kabinet:
    return Kabinet(database_url, assets_folder)


def told(engine: sa.Engine) -> list[tuple[int, str, str, str, dict[str, Any]]]:
    with reading(engine) as connection:
        rows = connection.execute(sa.select(journal).order_by(journal.c.at_us))
        return [(row.merchant_id, row.actor, row.action, row.subject, json.loads(row.detail)) for row in rows]


def mails(engine: sa.Engine) -> list[sa.Row[Any]]:
    with reading(engine) as connection:
        return list(connection.execute(sa.select(message).order_by(message.c.message_id)))


def open_session(engine: sa.Engine, merchant: TestMerchant) -> str:
    with writing(engine) as connection:
        known = {"account_id": merchant.account_id, "merchant_id": merchant.merchant_id}
        return start_session(connection, **known, address="::1", user_agent="")


def test_a_created_person_gets_a_link_and_nothing_is_open_before(
    engine: sa.Engine, kabinet: Kabinet, merchant: TestMerchant
):
    added = kabinet.json(*CREATE, "--role", "accountant", "--name", "Анна", "--phone", "+375291112233")
    assert added["link_mailed_to"] == EMAIL
    [mail] = mails(engine)
    [token] = re.findall(r"https://cabinet\.example\.by/login/reset/password\?token=(\S+)", mail.text)
    assert mail.recipient == EMAIL
    with reading(engine) as connection:
        member = member_of(connection, merchant.merchant_id, added["account_id"])
        assert account_of_reset(connection, token) == added["account_id"]
        factors = factors_of(connection, added["account_id"])
    assert member is not None
    assert (member.email, member.name, member.role) == (EMAIL, "Анна", "accountant")
    assert (factors.has_password, factors.has_totp) == (False, False)
    assert told(engine) == [(merchant.merchant_id, "operator", "account_created", EMAIL, {"role": "accountant"})]


def test_an_address_is_kept_as_whoever_types_it_logs_in(engine: sa.Engine, kabinet: Kabinet):
    """A Cyrillic domain has two ways to be written; an invitation to the one must not make a second account."""
    created = kabinet.json(*CREATE[:-1], "Anna@Почта.бел", "--role", "owner")
    assert created["link_mailed_to"] == account_address("anna@почта.бел")
    assert kabinet.json("account", "show", "anna@почта.бел")["account_id"] == created["account_id"]


def test_managers_have_outlets_and_support_a_last_day(engine: sa.Engine, kabinet: Kabinet, merchant: TestMerchant):
    manager = kabinet.json(*CREATE, "--role", "manager", "--outlet", "1")["account_id"]
    day = datetime.datetime.now(datetime.UTC).date() + datetime.timedelta(days=7)
    helper = ("account", "create", "--unp", "191832203", "--email", "help@operator.by", "--role", "support")
    support = kabinet.json(*helper, "--until", day.isoformat())["account_id"]
    with reading(engine) as connection:
        found = [member_of(connection, merchant.merchant_id, account_id) for account_id in (manager, support)]
    assert [(member.role, member.outlet_ids) for member in found if member] == [("manager", (1,)), ("support", ())]
    assert found[1] is not None
    assert found[1].expires_us is not None
    details = [detail for *_, detail in told(engine)]
    assert details == [{"role": "manager", "outlets": [1]}, {"role": "support", "until": day.isoformat()}]


def test_mails_are_in_the_language_of_the_person(engine: sa.Engine, kabinet: Kabinet):
    kabinet.json(*CREATE, "--role", "owner", "--language", "en")
    kabinet.json(*CREATE[:-1], "second@romashka.by", "--role", "owner")
    kabinet.json("account", "reset-factors", EMAIL)
    english, russian, anew = mails(engine)
    assert english.subject.isascii()
    assert not russian.subject.isascii()
    assert "was made for you" in english.text
    assert "was made for you" not in anew.text


def test_a_disabled_person_is_out_at_once(engine: sa.Engine, kabinet: Kabinet, merchant: TestMerchant):
    sessions = [open_session(engine, merchant) for _ in range(2)]
    with writing(engine) as connection:
        reset = add_reset(connection, merchant.account_id, lifetime_us=10**9)
        attempt = begin_attempt(connection, way="email", step="code", account_id=merchant.account_id)
    answer = kabinet.json("account", "disable", merchant.email.upper())
    assert answer == {
        "account_id": merchant.account_id,
        "sessions_ended": 2,
        "companies_without_owner": [merchant.unp],
    }
    with reading(engine) as connection:
        assert [find_session(connection, token) for token in sessions] == [None, None]
        assert account_of_reset(connection, reset) is None
        assert find_attempt(connection, attempt) is None
    assert told(engine)[-1][1:] == ("operator", "account_disabled", merchant.email, {"count": 2})


def test_an_enabled_person_is_back_without_the_sessions_of_before(
    engine: sa.Engine, kabinet: Kabinet, merchant: TestMerchant
):
    kabinet.json("account", "disable", merchant.email)
    late = open_session(engine, merchant)  # by a login that was under way
    kabinet.json("account", "enable", merchant.email)
    with reading(engine) as connection:
        assert find_session(connection, late) is None
        assert factors_of(connection, merchant.account_id).has_totp
    assert find(engine, merchant).disabled_us is None
    assert [action for _, _, action, *_ in told(engine)] == ["account_disabled", "account_enabled"]


def find(engine: sa.Engine, merchant: TestMerchant) -> sa.Row[Any]:
    with reading(engine) as connection:
        return connection.execute(sa.select(account).where(account.c.account_id == merchant.account_id)).one()


def test_reset_factors_leaves_nothing_that_opens_the_account(
    engine: sa.Engine, kabinet: Kabinet, merchant: TestMerchant
):
    mine = merchant.account_id
    token = open_session(engine, merchant)
    with writing(engine) as connection:
        replace_recovery_codes(connection, mine, ["a-code"])
        add_passkey(connection, mine, credential_id=b"1", public_key=b"2", sign_count=0, name="Ноутбук")
        add_certificate(connection, mine, fingerprint="ab" * 32, subject="CN=Анна", valid_until_us=2**50)
        stolen = add_reset(connection, mine, lifetime_us=10**9)
    answer = kabinet.json("account", "reset-factors", merchant.email, "--phone", "+375291112233")
    assert answer == {"account_id": mine, "sessions_ended": 1, "link_mailed_to": merchant.email}
    with reading(engine) as connection:
        factors = factors_of(connection, mine)
        assert (factors.has_password, factors.has_totp, factors.recovery_left) == (False, False, 0)
        assert factors.phone == "+375291112233"
        assert passkeys_of(connection, mine) == certificates_of(connection, mine) == []
        assert find_session(connection, token) is None
        assert account_of_reset(connection, stolen) is None
    [mail] = mails(engine)
    assert "https://cabinet.example.by/login/reset/password?token=" in mail.text
    assert told(engine)[-1][1:] == ("operator", "factors_reset", merchant.email, {"count": 1})


def test_every_company_of_a_person_is_told(engine: sa.Engine, kabinet: Kabinet, merchant: TestMerchant):
    second = make_merchant(engine, "190000018", name="ООО Астра")
    with writing(engine) as connection:
        add_membership(connection, second.merchant_id, merchant.account_id, "accountant")
    assert kabinet.json("account", "disable", merchant.email)["companies_without_owner"] == [merchant.unp]
    assert sorted(merchant_id for merchant_id, *_ in told(engine)) == [merchant.merchant_id, second.merchant_id]


def test_people_are_listed_and_shown(engine: sa.Engine, kabinet: Kabinet, merchant: TestMerchant):
    other = make_merchant(engine, "190000018", name="ООО Астра")
    with writing(engine) as connection:
        set_name(connection, other.account_id, "Анна_100%")
    open_session(engine, merchant)
    kabinet.json(*CREATE, "--role", "owner")
    emails = [row["email"] for row in kabinet.json("account", "list")["accounts"]]
    assert emails == sorted([EMAIL, merchant.email, other.email])
    of_one = kabinet.json("account", "list", "--unp", "191832203")["accounts"]
    assert [(row["email"], row["state"]) for row in of_one] == [
        (EMAIL, "waits for its password"),
        (merchant.email, "open"),
    ]
    for text, found in (("_100%", [other.email]), ("ROMASHKA", emails), ("%", [other.email]), ("nobody", [])):
        assert [row["email"] for row in kabinet.json("account", "list", "--search", text)["accounts"]] == found
    shown = kabinet.json("account", "show", merchant.email)
    assert shown["companies"] == [{"unp": merchant.unp, "name": merchant.name, "role": "owner"}]
    assert (shown["state"], shown["authenticator"], shown["open_sessions"]) == ("open", True, 1)
    assert len(told(engine)) == 1  # who only looks leaves no line


def test_people_read_plain_text(kabinet: Kabinet, merchant: TestMerchant):
    lines = kabinet("account", "list").stdout.splitlines()
    assert [line.split()[:2] for line in lines] == [["account_id", "email"], ["1", merchant.email]]
    text = kabinet("account", "show", merchant.email).stdout
    assert f"companies: {merchant.unp} {merchant.name} owner\n" in text
    assert "authenticator: yes\n" in text
    assert "disabled: \n" in text
    assert kabinet("account", "list", "--search", "nobody").stdout == ""


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((*CREATE, "--role", "tsar"), "'tsar' is not one of"),
        ((*CREATE, "--role", "manager"), "--outlet goes with --role manager"),
        ((*CREATE, "--role", "owner", "--outlet", "1"), "--outlet goes with --role manager"),
        ((*CREATE, "--role", "manager", "--outlet", "9"), "The merchant has no outlet 9"),
        ((*CREATE, "--role", "support"), "--until goes with --role support"),
        ((*CREATE, "--role", "support", "--until", "soon"), "does not match the format"),
        ((*CREATE, "--role", "support", "--until", "2020-01-31"), "The last day, 2020-01-31, is over"),
        ((*CREATE, "--role", "support", "--until", "9999-12-31"), "Support is let in for 366 days at most"),
        ((*CREATE, "--role", "owner", "--phone", "12"), "is no phone number"),
        ((*CREATE, "--role", "owner", "--name", "Я" * 129), "is no name"),
        ((*CREATE[:3], "100320487", *CREATE[4:], "--role", "owner"), "No merchant has УНП 100320487"),
        ((*CREATE[:-1], "owner-191832203@romashka.by", "--role", "owner"), "exists already"),
        ((*CREATE[:-1], "buh@юг.by.", "--role", "owner"), "no e-mail address"),
        ((*CREATE[:-1], f"buh@{'a' * 300}.by", "--role", "owner"), "is no e-mail address"),
        (("account", "disable", "nobody@romashka.by"), "There is no account with the e-mail address nobody@romashka"),
        (("account", "disable", "nobody"), "is no e-mail address"),
        (("account", "enable", "owner-191832203@romashka.by"), "is not disabled"),
        (("account", "reset-factors", "nobody@romashka.by"), "There is no account"),
        (("account", "show", "nobody@romashka.by"), "There is no account"),
        (("account", "list", "--unp", "100320487"), "No merchant has УНП 100320487"),
    ],
)
def test_each_mistake_gets_a_sentence_and_changes_nothing(
    engine: sa.Engine, kabinet: Kabinet, arguments: tuple[str, ...], sentence: str
):
    result = kabinet(*arguments)
    assert result.exit_code in (1, 2)
    assert sentence in result.output
    assert "Traceback" not in result.output
    assert told(engine) == []
    assert mails(engine) == []
    with reading(engine) as connection:
        assert len(connection.execute(sa.select(account)).all()) == 1


def test_who_is_disabled_is_neither_disabled_again_nor_reset(
    engine: sa.Engine, kabinet: Kabinet, merchant: TestMerchant
):
    kabinet.json("account", "disable", merchant.email)
    assert "is disabled already" in kabinet("account", "disable", merchant.email).output
    assert "enable it first" in kabinet("account", "reset-factors", merchant.email).output
    assert len(told(engine)) == 1


def test_a_link_needs_to_know_where_the_site_is(engine: sa.Engine, kabinet: Kabinet, merchant: TestMerchant):
    for name, value in (("PUBLIC_URL", ""), ("SECRET_KEY", "")):
        before, kabinet.environment[name] = kabinet.environment[name], value
        result = kabinet("account", "reset-factors", merchant.email)
        assert result.exit_code == 1
        assert f"{name} must be set" in result.output
        kabinet.environment[name] = before
    assert told(engine) == []
