"""What becomes of each document: the table of the contract, through the whole service, on both databases."""

import gzip
import json
from typing import Any

import pytest
import sqlalchemy as sa

from sql.engine import reading, writing
from sql.outlets import add_outlet
from sql.placements import move_sko
from sql.tables import document, event, merchant, quarantine, turnover
from sql.turnover import turnover_differences
from tests.ingest.conftest import Register
from tests.ingest.test_rules import a_sale


def rows(engine: sa.Engine, table: sa.Table) -> int:
    with reading(engine) as connection:
        assert turnover_differences(connection) == []
        return int(connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one())


def outcome(answer: Any) -> list[Any]:
    problems = [(entry["index"], entry["status"], entry["code"], entry["pointer"]) for entry in answer["problems"]]
    return [answer["accepted"], answer["duplicates"], problems]


def a_rollback(**changes: Any) -> dict[str, Any]:
    common = {key: a_sale()[key] for key in ("uid", "sko", "shift", "issued_at", "currency", "cashier")}
    target = {"number": 1, "uid": a_sale()["uid"]}
    payments = [{"type": "cash", "sum": 330}, {"type": "cashless", "sum": 200}]
    return common | {"type": "rollback", "number": 2, "target": target, "payments": payments, "total": 530} | changes


def test_resent_batch_counts_once(engine: sa.Engine, register: Register):
    batch = [a_sale(number=number) for number in (1, 2, 3)]
    first, second = register.post(batch, batch)
    assert outcome(first.json()) == [3, 0, []]
    assert outcome(second.json()) == [0, 3, []]
    assert rows(engine, document) == 3


def test_a_document_twice_in_one_batch_counts_once(engine: sa.Engine, register: Register):
    [answer] = register.post([a_sale(), a_sale(), a_sale(cashier="Другая")])
    assert outcome(answer.json()) == [1, 1, [(2, "conflict", "different_content", "/documents/2")]]
    assert rows(engine, document) == 1
    assert rows(engine, quarantine) == 1


def test_a_partly_new_batch_stores_what_is_new(engine: sa.Engine, register: Register):
    answers = register.post([a_sale(number=1)], [a_sale(number=1), a_sale(number=2)])
    assert outcome(answers[1].json()) == [1, 1, []]
    assert rows(engine, document) == 2


def test_a_broken_document_is_kept_once_and_its_correction_accepted(engine: sa.Engine, register: Register):
    broken = a_sale(total=1)
    first, again, corrected = register.post([broken], [broken], [a_sale()])
    expected = [0, 0, [(0, "quarantined", "total_mismatch", "/documents/0/total")]]
    assert outcome(first.json()) == outcome(again.json()) == expected
    assert outcome(corrected.json()) == [1, 0, []]
    assert rows(engine, quarantine) == 1


def test_what_names_no_register_stays_with_the_tokens_merchant(engine: sa.Engine, register: Register):
    [answer] = register.post([7, {"sko": 5}])
    assert outcome(answer.json()) == [
        0,
        0,
        [(0, "quarantined", "invalid_field", "/documents/0"), (1, "quarantined", "unknown_type", "/documents/1")],
    ]
    assert rows(engine, quarantine) == 2


def test_a_broken_document_is_kept_at_the_outlet_where_it_was_issued(engine: sa.Engine, register: Register):
    """As far as it says when that was; else where the register stands as it is received."""
    with writing(engine) as connection:
        [merchant_id] = connection.execute(sa.select(merchant.c.merchant_id)).scalars()
        moved = add_outlet(connection, merchant_id, name="Киоск", address="Минск")
        move_sko(connection, merchant_id, 1, moved)
    conflict = a_sale(cashier="Другая")
    register.post([a_sale(), conflict, a_sale(number=2, total=1), a_sale(number=3, issued_at="…"), {"sko": 5}])
    with reading(engine) as connection:
        kept = connection.execute(sa.select(quarantine.c.code, quarantine.c.number, quarantine.c.outlet_id)).all()
    assert {tuple(row) for row in kept} == {
        ("different_content", 1, 1),
        ("total_mismatch", 2, 1),
        ("invalid_field", 3, moved),
        ("unknown_type", None, None),
    }


@pytest.mark.parametrize("moment", ["9999-12-31T23:59:59-12:00", "9999-12-31T23:59:59Z", "9999-12-31T23:59:59+03:00"])
def test_the_end_of_time_costs_one_document_not_its_batch(engine: sa.Engine, register: Register, moment: str):
    [answer] = register.post([a_sale(number=1), a_sale(number=2, issued_at=moment), a_sale(number=3)])
    assert outcome(answer.json()) == [2, 0, [(1, "quarantined", "issued_in_future", "/documents/1/issued_at")]]
    assert rows(engine, document) == 2
    with reading(engine) as connection:
        assert connection.execute(sa.select(quarantine.c.number, quarantine.c.outlet_id)).all() == [(2, 1)]


def test_a_register_posts_only_for_itself(engine: sa.Engine, register: Register):
    [answer] = register.post([a_sale(sko="300099999"), a_sale(sko="1"), a_sale()])
    assert outcome(answer.json()) == [
        1,
        0,
        [
            (0, "rejected", "sko_out_of_scope", "/documents/0/sko"),
            (1, "rejected", "unknown_sko", "/documents/1/sko"),
        ],
    ]
    assert rows(engine, document) == 1


@pytest.mark.parametrize("together", [True, False])
def test_a_sale_is_annulled_once_and_only_as_it_was(engine: sa.Engine, register: Register, together: bool):
    wrong = a_rollback(number=3, total=529, payments=[{"type": "cash", "sum": 529}])
    documents = [a_sale(), wrong, a_rollback(), a_rollback(number=4), a_rollback()]
    answers = register.post(*([documents] if together else [[one] for one in documents]))
    codes = [entry["code"] for answer in answers for entry in answer.json()["problems"]]
    assert codes == ["rollback_mismatch", "already_annulled"]
    assert sum(answer.json()["accepted"] for answer in answers) == 2
    assert sum(answer.json()["duplicates"] for answer in answers) == 1
    with reading(engine) as connection:
        kept = connection.execute(sa.select(turnover)).one()
        assert (kept.sales_minor, kept.rollbacks_minor, kept.rollbacks_cash_minor) == (530, 530, 330)
        assert turnover_differences(connection) == []


def test_a_lost_answer_can_be_asked_for(register: Register):
    quarantined = a_sale(number=9, total=1)
    register.post([a_sale(), quarantined])
    paths = ["300012345/1", "300012345/9", "300012345/2", "300099999/1", "1/1"]
    answers = register.ask(*(("GET", f"/v1/documents/{path}", b"", {}) for path in paths))
    assert [answer.status for answer in answers] == [200, 200, 404, 404, 404]
    assert answers[0].json()["status"] == "accepted"
    assert answers[1].json()["status"] == "quarantined"
    assert answers[1].json()["document"] == quarantined
    assert json.dumps(a_sale()).encode() in answers[0].body


def test_the_same_event_again_is_a_duplicate(engine: sa.Engine, register: Register):
    offline = {"sko": "300012345", "kind": "offline", "occurred_at": "2026-11-23T12:00:00+03:00"}
    first, second = register.post([offline, offline], [offline, {**offline, "kind": "x"}], path="/v1/events")
    assert outcome(first.json()) == [1, 1, []]
    assert outcome(second.json()) == [0, 1, [(1, "quarantined", "invalid_field", "/events/1/kind")]]
    assert rows(engine, event) == 1


JSON_TYPE = {"content-type": "application/json"}
GZIP = JSON_TYPE | {"content-encoding": "gzip"}


@pytest.mark.parametrize(
    ("method", "path", "body", "headers", "status", "code"),
    [
        ("POST", "/v1/documents", b"{", JSON_TYPE, 400, "malformed_json"),
        ("POST", "/v1/documents", b"{}", JSON_TYPE, 400, "invalid_envelope"),
        ("POST", "/v1/documents?x=1", b"{}", JSON_TYPE, 400, "invalid_envelope"),
        ("POST", "/v1/documents", b"{}", {}, 415, "unsupported_media_type"),
        ("POST", "/v1/documents", b"{}", JSON_TYPE | {"content-encoding": "br"}, 415, "unsupported_media_type"),
        ("POST", "/v1/documents", b" " * (4 * 2**20 + 1), JSON_TYPE, 413, "too_large"),
        (
            "POST",
            "/v1/documents",
            gzip.compress(b"{}", mtime=0)[:-9],
            JSON_TYPE | {"content-encoding": "gzip"},
            400,
            "malformed_json",
        ),
        (
            "POST",
            "/v1/documents",
            gzip.compress(b" " * 2**26, mtime=0),
            JSON_TYPE | {"content-encoding": "gzip"},
            413,
            "too_large",
        ),
        ("POST", "/v1/documents", b"{}", JSON_TYPE | {"authorization": "Bearer x"}, 401, "unauthorized"),
        ("GET", "/v1/documents", b"", {}, 405, "method_not_allowed"),
        ("GET", "/v2", b"", {}, 404, "not_found"),
    ],
)
def test_each_failure_has_its_status_and_code(
    register: Register, method: str, path: str, body: bytes, headers: dict[str, str], status: int, code: str
):
    [answer] = register.ask((method, path, body, headers))
    assert (answer.status, answer.json()["code"]) == (status, code)
    assert answer.headers[b"content-type"] == b"application/problem+json"


def test_health_metrics_and_contract_are_served(register: Register):
    paths = ["/healthz", "/readyz", "/metrics", "/openapi.json"]
    answers = register.ask(*(("GET", path, b"", {}) for path in paths))
    assert [answer.status for answer in answers] == [200] * 4
    assert "/v1/documents" in answers[3].json()["paths"]
