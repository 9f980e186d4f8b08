"""Two companies, and people in each role: what somebody may not see carries marks that no page of theirs may show."""

import datetime
import hashlib
import itertools
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from html import unescape
from typing import Any

import sqlalchemy as sa
from flask import Flask, session
from flask.testing import FlaskClient
from flask_wtf.csrf import generate_csrf
from werkzeug.test import TestResponse

from sql.accounts import add_account
from sql.device_grants import begin_grant
from sql.engine import reading, writing
from sql.exports import add_export
from sql.instants import DAY_US, now_us, to_us
from sql.invitations import invitations_of, invite
from sql.manuals import add_manual
from sql.memberships import add_membership
from sql.merchants import add_merchant
from sql.outlets import add_outlet
from sql.passkeys import add_passkey
from sql.sessions import session_id, start_session
from sql.shifts import OpenedShift, record_opened
from sql.signing_certificates import add_certificate
from sql.skos import add_sko
from sql.tables import metadata, placement, sko, web_session
from sql.tokens import issue_token
from tests import till
from tests.acts import NOVEMBER, OCTOBER, add_test_act
from tests.shop import MINSK, today
from tests.webapp.notifying import notify
from tests.webapp.reporting import refuse, report

ROLES = ("owner", "accountant", "manager", "support")
NOON = datetime.datetime.combine(today() - datetime.timedelta(days=1), datetime.time(12), MINSK)
DAY = NOON.date().isoformat()
EARLIER = datetime.timedelta(hours=2)

OPEN, HIDDEN = 1, 2  # the outlets: of the manager, and of others
HERE, THERE, MOVED_AWAY, MOVED_HERE = "300000001", "300000902", "300000003", "300000004"  # the registers
FOREIGN = "300000999"
# The manager's own sums are small; whatever comes from elsewhere, or has it added, is a thousand or more.
VISIBLE_MINOR, HIDDEN_MINOR = 1_000, 12_345_600
HIDDEN_MARKS = ("Тайный", "Скрытникова", "Секретный", THERE, "№ 80000", "/80000")
FOREIGN_MARKS = ("Чужой", "Чужакова", "Чужое", "Астра", "astra.by", FOREIGN, "№ 90000", "/90000")
LARGE = re.compile(r"\d{1,3}(,\d{3})+\.\d\d|\b1234560{1,2}\b|\b123456(\.0|,0)")
FIXED_EXAMPLES = {
    "day": DAY,
    "here": HERE,
    "there": THERE,
    "moved_away": MOVED_AWAY,
    "moved_here": MOVED_HERE,
    "foreign": FOREIGN,
    "uid": f"{int(HERE):012X}{2:012X}",
}
_addresses = itertools.count(1)


@dataclass
class World:
    """The companies Ромашка, with two outlets, and Астра.

    `account_ids` are people of the first by their role, `rival` is the owner of the other.
    """

    engine: sa.Engine
    app: Flask
    merchant_id: int
    rival_id: int
    rival: int
    account_ids: Mapping[str, int]
    examples: Mapping[str, str]  # what addresses are filled in with
    csrf: tuple[str, str] = field(init=False)  # of the session, of the form
    readers: dict[str | None, FlaskClient] = field(default_factory=dict)

    def __post_init__(self) -> None:
        with self.app.test_request_context():
            token = generate_csrf()
            self.csrf = session["csrf_token"], token

    def client(self, role: str | None) -> FlaskClient:
        """A browser of somebody in this role who has just logged in, in English; None: of nobody."""
        client = self.app.test_client()
        client.set_cookie("language", "en")
        if role is None:
            return client
        with writing(self.engine) as connection:
            token = start_session(
                connection,
                account_id=self.account_ids[role],
                merchant_id=self.merchant_id,
                address=f"192.0.2.{next(_addresses) % 250}",
                user_agent="",
            )
        with client.session_transaction() as own:
            own["_user_id"], own["csrf_token"] = token, self.csrf[0]
        return client

    def get(self, role: str | None, address: str, **headers: str) -> TestResponse:
        """What a person in this role reads: all of it in one session."""
        reader = self.readers.get(role) or self.readers.setdefault(role, self.client(role))
        return reader.get(address, headers=headers, buffered=True)

    def send(self, role: str | None, method: str, address: str, **form: str) -> TestResponse:
        """What a form of a page of ours sends: each in a session of its own, since it may be the one that ends it."""
        client = self.client(role)
        return client.open(address, method=method, data={"csrf_token": self.csrf[1], **form}, buffered=True)

    def rows(self, merchant_id: int, account_ids: Collection[int]) -> dict[str, list[tuple[Any, ...]]]:
        """Everything of this company and of these people, by table, but for who has visited when."""
        found: dict[str, list[tuple[Any, ...]]] = {}
        with reading(self.engine) as connection:
            for table in metadata.sorted_tables:
                for name, values in (("merchant_id", [merchant_id]), ("account_id", account_ids)):
                    if name in table.c and table is not web_session:
                        rows = connection.execute(sa.select(table).where(table.c[name].in_(values)))
                        found[f"{table.name} by {name}"] = sorted(map(tuple, rows), key=repr)
        return found


def make_world(app: Flask, engine: sa.Engine) -> World:
    with writing(engine) as connection:
        merchant_id = add_merchant(connection, unp="191832203", name="ООО Ромашка")
        rival_id = add_merchant(connection, unp="190000018", name="ООО Астра")
        _open_shops(connection, merchant_id, rival_id)
        account_ids = {role: _add_person(connection, merchant_id, role) for role in ROLES}
        colleague = _add_person(connection, merchant_id, "owner", "colleague@romashka.by")
        rival = _add_person(connection, rival_id, "owner", "owner@astra.by")
    _ring_up(engine)
    invalid = _refuse(engine, merchant_id, rival_id)
    with writing(engine) as connection:
        examples = _examples(connection, "own", merchant_id, colleague) | _examples(
            connection, "foreign", rival_id, rival
        )
        examples |= notify(connection, merchant_id, rival_id, colleague, rival)
        examples |= _papers(connection, merchant_id, rival_id)
        token = invite(connection, merchant_id, email="new@romashka.by", role="support", invited_by=colleague)
        examples["user_code"] = begin_grant(connection, address="192.0.2.77").user_code
    examples["invitation_token"] = token
    return World(engine, app, merchant_id, rival_id, rival, account_ids, examples | invalid | FIXED_EXAMPLES)


def _examples(connection: sa.Connection, whose: str, merchant_id: int, account_id: int) -> dict[str, str]:
    """What a person has, and what else a company has."""
    open_session = {"account_id": account_id, "merchant_id": merchant_id, "address": "192.0.2.254", "user_agent": ""}
    public_key = whose.encode()
    passkey = add_passkey(
        connection, account_id, credential_id=public_key, public_key=public_key, sign_count=0, name="Чужой ключ"
    )
    fingerprint = hashlib.sha256(public_key).hexdigest()
    add_certificate(
        connection, account_id, fingerprint=fingerprint, subject="CN=Чужой", valid_until_us=now_us() + DAY_US
    )
    invite(connection, merchant_id, email=f"{whose}@invited.by", role="support", invited_by=account_id)
    [invitation] = invitations_of(connection, merchant_id)
    name = "Чужой токен" if whose == "foreign" else "Токен"
    token_id, _ = issue_token(connection, scope="sko", merchant_id=merchant_id, sko_id=1, name=name)
    return {
        f"{whose}_person": str(account_id),
        f"{whose}_export": _ask_for_file(connection, merchant_id, account_id),
        f"{whose}_invitation": invitation.invitation_id,
        f"{whose}_passkey": passkey.key,
        f"{whose}_certificate": fingerprint,
        f"{whose}_token": str(token_id),
        f"{whose}_session": session_id(start_session(connection, **open_session)),
    }


def _papers(connection: sa.Connection, merchant_id: int, rival_id: int) -> dict[str, str]:
    """An act of each company, under different numbers, and a manual for all."""
    for each in (OCTOBER, NOVEMBER):
        add_test_act(connection, rival_id, month=each, service="Чужое")
    add_test_act(connection, merchant_id)
    manual = add_manual(connection, title="Касса", version="1", language="ru", pages=1, content=b"%PDF-1.7")
    return {"own_act": "1", "foreign_act": "2", "manual": str(manual)}


def _open_shops(connection: sa.Connection, merchant_id: int, rival_id: int) -> None:
    for name in ("Открытый павильон", "Тайный склад"):
        add_outlet(connection, merchant_id, name=name, address=f"Минск, {name}")
    for number, outlet_id in ((HERE, OPEN), (THERE, HIDDEN), (MOVED_AWAY, OPEN), (MOVED_HERE, HIDDEN)):
        add_sko(connection, merchant_id, number=number, outlet_id=outlet_id, model="smart")
    _move(connection, merchant_id, 3, HIDDEN)
    _move(connection, merchant_id, 4, OPEN)
    for name in ("Чужой киоск 1", "Чужой киоск 2", "Чужой киоск 3"):
        add_outlet(connection, rival_id, name=name, address=f"Брест, {name}")
    add_sko(connection, rival_id, number=FOREIGN, outlet_id=3, model="smart")


def _move(connection: sa.Connection, merchant_id: int, sko_id: int, outlet_id: int) -> None:
    """An hour before NOON, to another outlet."""
    key = {"merchant_id": merchant_id, "sko_id": sko_id}
    # It has stood at its first outlet for all time before.
    since_us = to_us(NOON - EARLIER / 2)
    connection.execute(placement.insert().values(**key, since_us=since_us, outlet_id=outlet_id))
    oldest = placement.update().where(placement.c.since_us > since_us).filter_by(**key)
    connection.execute(oldest.values(since_us=0))
    connection.execute(sko.update().filter_by(**key).values(outlet_id=outlet_id))


def _add_person(connection: sa.Connection, merchant_id: int, role: str, email: str | None = None) -> int:
    account_id = add_account(
        connection, email=email or f"{role}@romashka.by", phone="+375291234567", password_hash="", totp_secret=""
    )
    outlet_ids = [OPEN] if role == "manager" else ()
    add_membership(connection, merchant_id, account_id, role, outlet_ids=outlet_ids)
    return account_id


def _ask_for_file(connection: sa.Connection, merchant_id: int, account_id: int) -> str:
    return add_export(
        connection,
        merchant_id,
        account_id,
        subject="documents",
        file_format="csv",
        query="",
        language="en",
        file_name="documents.csv",
    )


def _ring_up(engine: sa.Engine) -> None:
    """Of each outlet sales, a refund, an annulment and a deposit; and a sale of each that the other one refunds."""
    shown, hidden = till.item("Хлеб", VISIBLE_MINOR), till.item("Секретный товар", HIDDEN_MINOR)
    sold, hidden_sold = _at(HERE, 1, shown), _at(THERE, 800_001, hidden)
    annulled, hidden_annulled = _at(HERE, 3, shown), _at(THERE, 800_003, hidden)
    till.ring_up(
        engine,
        sold,
        _refund(HERE, 2, shown, sold),
        annulled,
        till.rollback(4, annulled, at=NOON),
        till.drawer("deposit", 5, 500, sko=HERE, at=NOON),
        _refund(HERE, 6, shown, hidden_sold),
        hidden_sold,
        _refund(THERE, 800_002, hidden, hidden_sold),
        hidden_annulled,
        till.rollback(800_004, hidden_annulled, at=NOON) | {"cashier": "Скрытникова"},
        till.drawer("deposit", 800_005, HIDDEN_MINOR, sko=THERE, at=NOON) | {"cashier": "Скрытникова"},
        _refund(THERE, 800_006, hidden, sold),
        _at(MOVED_AWAY, 1, shown, NOON - EARLIER),
        _at(MOVED_AWAY, 800_007, hidden),
        _at(MOVED_HERE, 800_008, hidden, NOON - EARLIER),
        _at(MOVED_HERE, 9, shown),
        till.sale(900_001, till.item("Чужое", HIDDEN_MINOR), sko=FOREIGN, at=NOON) | {"cashier": "Чужакова"},
    )


def _refuse(engine: sa.Engine, merchant_id: int, rival_id: int) -> dict[str, str]:
    """Of each outlet an invalid document, an event and a shift, and a document that names no register."""
    shown = till.sale(10, till.item("Хлеб", VISIBLE_MINOR), sko=HERE, at=NOON) | {"total": 1}
    hidden = _at(THERE, 800_010, till.item("Секретный товар", HIDDEN_MINOR)) | {"total": HIDDEN_MINOR + 1}
    foreign = till.sale(900_002, till.item("Чужое", HIDDEN_MINOR), sko=FOREIGN, at=NOON) | {"cashier": "Чужакова"}
    nobodys = {"type": "sale", "cashier": "Скрытникова", "total": HIDDEN_MINOR}
    refuse(engine, merchant_id, nobodys, at=NOON, sko_id=None, outlet_id=None)
    report(engine, merchant_id, "error", at=NOON, sko_id=1, detail="Открытая ошибка")
    report(engine, merchant_id, "error", at=NOON, sko_id=2, detail="Секретный сбой")
    report(engine, merchant_id, "error", at=NOON, sko_id=3, detail="Секретный переезд")
    report(engine, merchant_id, "error", at=NOON - EARLIER, sko_id=4, detail="Секретный переезд")
    report(engine, rival_id, "error", at=NOON, detail="Чужой сбой")
    opened = ((merchant_id, 1, 1), (merchant_id, 2, 800_001), (rival_id, 1, 900_001))
    with writing(engine) as connection:
        shifts = [OpenedShift(owner, sko_id, 1, number, to_us(NOON)) for owner, sko_id, number in opened]
        record_opened(connection, shifts)
    addresses = {
        "own_invalid": refuse(engine, merchant_id, shown, at=NOON),
        "hidden_invalid": refuse(engine, merchant_id, hidden, at=NOON, sko_id=2, outlet_id=HIDDEN),
        "foreign_invalid": refuse(engine, rival_id, foreign, at=NOON, outlet_id=3),
    }
    return {name: address.removeprefix("/reports/invalid/") for name, address in addresses.items()}


def _at(number: str, place: int, goods: Mapping[str, Any], at: datetime.datetime = NOON) -> dict[str, Any]:
    cashier = {"cashier": "Скрытникова"} if goods["sum"] == HIDDEN_MINOR else {}
    return till.sale(place, goods, sko=number, at=at) | cashier


def _refund(number: str, place: int, goods: Mapping[str, Any], sold: Mapping[str, Any]) -> dict[str, Any]:
    cashier = {"cashier": "Скрытникова"} if goods["sum"] == HIDDEN_MINOR else {}
    base = {"sko": sold["sko"], "number": sold["number"]}
    return till.receipt("refund", place, [goods], sko=number, at=NOON, base=base) | cashier


def seen_of(response: TestResponse, marks: tuple[str, ...], typed: str) -> list[str]:
    """The marks and large sums that an answer shows, but for what the reader has typed into the address."""
    text = unescape(response.get_data().decode(errors="replace")).replace("\N{NO-BREAK SPACE}", " ")
    seen = [mark for mark in marks if mark in text and mark not in typed]
    return seen + [found[0] for found in LARGE.finditer(text)]
