"""A register from its code to its Z-report, against a real service."""

import base64
import hashlib
import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from loadtests import servers
from loadtests.applying import Settings, User, is_password, refusal
from loadtests.line import Offline
from loadtests.posting import NotTaken
from loadtests.simulate import simulate
from loadtests.simulator import Memory, NotBound, NotLoggedIn, Simulator
from sql.accounts import add_account
from sql.device_grants import approve_grant, deny_grant
from sql.engine import reading, writing
from sql.register_settings import current_settings, save_settings
from sql.tables import document, event, shift, z_counter
from sql.tokens import issue_token, tokens_of
from sql.turnover import turnover_differences
from tests.sql.rows import add_company

SKO = "300012345"
PASSWORD = "4815"


def hashed(password: str) -> str:
    salt = b"0123456789abcdef"
    parts = (salt, hashlib.pbkdf2_hmac("sha256", password.encode(), salt, 1_000))
    return "$pbkdf2-sha256$i=1000$" + "$".join(base64.b64encode(part).decode().rstrip("=") for part in parts)


def content(*names: str, advert: str = "Спасибо!") -> bytes:
    users = [{"name": name, "password": hashed(PASSWORD), "rights": ["sales"]} for name in names]
    receipt = {"outlet_name": "Магазин 1", "address": "Минск", "phone": "", "advert": advert}
    return json.dumps({"users": users, "receipt": receipt, "options": {}}).encode()


def save(engine: sa.Engine, seen: int | None, what: bytes) -> None:
    with writing(engine) as connection:
        save_settings(connection, 1, {1: (seen, what)}, None)


def state(engine: sa.Engine) -> tuple[int, str, str | None]:
    with reading(engine) as connection:
        found = current_settings(connection, 1)[1]
    return found.version, found.state, found.reason


@pytest.fixture
def url(engine: sa.Engine, database_url: str) -> Iterator[str]:
    """A running service; the company has one register."""
    add_company(engine)
    with servers.ingest(database_url) as server:
        yield server.url


@pytest.fixture
def register(engine: sa.Engine, url: str) -> Iterator[Simulator]:
    """A register that is bound already."""
    with writing(engine) as connection:
        _, token = issue_token(connection, scope="sko", merchant_id=1, sko_id=1)
    register = Simulator(url, Memory(sko=SKO, token=token))
    yield register
    register.close()


def approve(engine: sa.Engine, user_code: str) -> None:
    with writing(engine) as connection:
        account_id = add_account(connection, email="o@romashka.by", phone="", password_hash="", totp_secret="")
        approve_grant(connection, user_code, merchant_id=1, sko_id=1, account_id=account_id, token_name="У входа")


def wait_for_settings(register: Simulator) -> str | None:
    """The service hears within a second or two that there is something new."""
    deadline_s = time.monotonic() + 30
    outcome = None
    while outcome is None and time.monotonic() < deadline_s:
        time.sleep(0.1)
        outcome = register.fetch_settings()
    return outcome


def test_the_whole_life_of_a_register(engine: sa.Engine, url: str):
    register = Simulator(url)
    code = register.ask_for_code()
    assert not register.ask_for_token()
    approve(engine, code.user_code)
    assert register.ask_for_token()
    assert register.memory.sko == SKO

    assert register.fetch_settings() is None
    save(engine, None, content("Иванова"))
    assert wait_for_settings(register) == "applied"
    assert state(engine) == (1, "applied", None)
    with pytest.raises(NotLoggedIn):
        register.log_in("Иванова", "0000")
    register.log_in("Иванова", PASSWORD)

    register.open_shift()
    register.sell(5)
    assert register.deliver()
    register.lose_connection()
    register.sell(4)
    assert not register.deliver()
    register.restore_connection()
    register.sell(2)
    register.deliver_unheard()
    register.close_shift()
    assert register.deliver()
    register.close()

    assert register.accepted + register.duplicates == register.memory.number
    check_books(engine, register.memory.number)
    with reading(engine) as connection:
        kinds = connection.execute(sa.select(event.c.kind).order_by(event.c.occurred_us)).scalars().all()
        assert kinds == ["settings_applied", "offline", "online"]
        [token] = tokens_of(connection, 1)
        assert token.name == "У входа"


def check_books(engine: sa.Engine, documents: int) -> None:
    """All are there once, by the one who was logged in, and the Z-report says what they add up to."""
    of = document.c
    amounts = (of.total_minor, of.cash_minor, of.cashless_minor, of.other_minor)
    with reading(engine) as connection:
        assert turnover_differences(connection) == []
        rows = connection.execute(sa.select(of.cashier, of.offline)).all()
        assert len(rows) == documents
        assert {row.cashier for row in rows} == {"Иванова"}
        assert sum(row.offline for row in rows) == 4
        sums = sa.select(sa.func.count(), *map(sa.func.sum, amounts)).where(of.type == "sale")
        said = sa.select(
            *(
                z_counter.c[f"sales_{name}"]
                for name in ("count", "minor", "cash_minor", "cashless_minor", "other_minor")
            )
        )
        assert list(connection.execute(said).one()) == list(map(int, connection.execute(sums).one()))
        closed = connection.execute(sa.select(shift)).one()
        assert (closed.first_number, closed.last_number, closed.z_number) == (1, documents - 1, documents)


def test_settings_that_it_cannot_apply_are_refused_and_the_old_ones_stay(engine: sa.Engine, register: Simulator):
    save(engine, None, content("Иванова"))
    assert register.fetch_settings() == "applied"
    save(engine, 1, content("Иванова", advert="Спасибо ☺"))
    assert wait_for_settings(register) == "rejected"
    assert state(engine) == (2, "rejected", "advert holds ☺, which can't be printed")
    assert register.memory.settings is not None
    assert register.memory.settings.version == 1
    assert register.fetch_settings() is None  # it does not ask for the same again


def test_a_part_that_was_never_set_leaves_what_the_register_has(engine: sa.Engine, register: Simulator):
    save(engine, None, content("Иванова"))
    assert register.fetch_settings() == "applied"
    save(engine, 1, json.dumps({"users": [], "receipt": {"phone": "7788"}, "options": {}}).encode())
    assert wait_for_settings(register) == "applied"
    register.log_in("Иванова", PASSWORD)
    assert register.memory.settings is not None
    assert (register.memory.settings.version, register.memory.settings.receipt) == (2, {"phone": "7788"})


def test_a_register_without_a_line_keeps_what_it_sells(engine: sa.Engine, register: Simulator):
    register.lose_connection()
    register.open_shift()
    register.sell(2)
    with pytest.raises(Offline):
        register.fetch_settings()
    assert not register.deliver()
    assert len(register.waiting) == 3
    register.restore_connection()
    assert (register.waiting, register.accepted) == ([], 3)


def test_a_register_that_is_refused_says_so(engine: sa.Engine, url: str):
    register = Simulator(url)
    code = register.ask_for_code()
    with writing(engine) as connection:
        deny_grant(connection, code.user_code)
    with pytest.raises(NotBound, match="refused"):
        register.ask_for_token()
    register.close()


def test_a_revoked_register_stops_with_a_sentence(register: Simulator):
    register._line.token = "kbt_" + "x" * 43
    register.open_shift()
    with pytest.raises(NotTaken, match="401"):
        register.deliver()


def test_the_command_binds_sells_and_goes_on_where_it_stopped(engine: sa.Engine, url: str, tmp_path: Path):
    memory = tmp_path / "memory.json"
    with writing(engine) as connection:
        _, token = issue_token(connection, scope="sko", merchant_id=1, sko_id=1)
    Memory(sko=SKO, token=token).write(memory)
    assert memory.stat().st_mode & 0o077 == 0
    save(engine, None, content("Иванова"))
    options = ["--url", url, "--memory", str(memory), "--pause", "0", "--sales", "12"]
    for shifts in (1, 2):
        done = CliRunner().invoke(simulate, options)
        assert done.exit_code == 0, done.output
        assert f"Shift {shifts} is closed" in done.output
    with reading(engine) as connection:
        assert turnover_differences(connection) == []
        numbers = connection.execute(sa.select(document.c.number).order_by(document.c.number)).scalars().all()
        assert numbers == list(range(1, Memory.read(memory).number + 1))
        assert connection.execute(sa.select(sa.func.count()).select_from(z_counter)).scalar() == 2
    assert state(engine) == (1, "applied", None)


def test_the_command_ends_with_a_sentence_where_nobody_answers(tmp_path: Path):
    options = ["--url", f"http://127.0.0.1:{servers.free_port()}", "--memory", str(tmp_path / "memory.json")]
    done = CliRunner().invoke(simulate, options)
    assert done.exit_code == 1
    assert "Connection refused" in done.output


def test_a_password_opens_with_itself_alone():
    user = User("Иванова", hashed("1234"), ["sales"])
    assert is_password(user, "1234")
    assert not is_password(user, "1235")
    assert not any(is_password(User("x", text, []), "1234") for text in ("", "$pbkdf2-sha256$i=1$a$b", "plain"))


def test_a_register_says_what_it_cannot_apply():
    users = [User(name, hashed("1"), []) for name in "АБ"]
    assert refusal(Settings(1, users, {"advert": "Дзякуй!", "name_lines": 2})) is None
    assert refusal(Settings(1, users, {}), users_max=1) == "no room for 2 users, 1 at most"
    assert "password of В" in (refusal(Settings(1, [User("В", "plain", [])], {})) or "")
