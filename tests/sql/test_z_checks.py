"""A Z-report is recomputed from its documents, once, and again as long as it differs."""

import datetime
from typing import Any

import pytest
import sqlalchemy as sa

from sql import shift_checks, z_checks
from sql.engine import reading, writing
from sql.instants import now_us
from sql.registers_watched import Fault, Span, registers
from sql.skos import add_sko
from sql.tables import document, register_watch
from sql.z_checks import AGE_US
from tests import till
from tests.sql.rows import add_company
from tests.sql.test_document_gaps import look as follow

ALL = Span(1, 2**62)
NOTHING = {"count": 0, "sum": 0}
AT = datetime.datetime(2026, 11, 23, 12, tzinfo=datetime.UTC)


@pytest.fixture(autouse=True)
def _company(engine: sa.Engine) -> None:
    add_company(engine, numbers=(till.FIRST_SKO,))


def z_report(number: int, first: int, *counters: dict[str, Any], shift: int = 1) -> dict[str, Any]:
    return {
        **till.common("z_report", number, at=AT),
        "shift": shift,
        "opened_at": AT.isoformat(),
        "first_number": first,
        "last_number": number,
        "counters": list(counters),
    }


def counters(currency: str = "BYN", *, cash: int = 0, count: int = 0, **kinds: dict[str, int]) -> dict[str, Any]:
    sales = {"count": count, "cash": cash, "cashless": 0, "other": 0, "sum": cash}
    others = ("refunds", "rollbacks", "deposits", "withdrawals", "payouts")
    return {"currency": currency, "sales": sales, **{kind: kinds.get(kind, NOTHING) for kind in others}}


def sale(number: int, kopecks: int = 245) -> dict[str, Any]:
    return till.sale(number, till.item("Хлеб", kopecks), at=AT) | {"shift": 1}


def check(engine: sa.Engine, later_us: int = AGE_US + 60_000_000) -> list[tuple[int, bool]]:
    """As the jobs do it; returns the numbers that were checked, and whether they differ."""
    follow(engine)
    with writing(engine) as connection:
        checked = z_checks.check(connection, ALL, now_us() + later_us)
        z_checks.note_checked(connection, checked)
        return [(each.shift.z_number, each.differs) for each in checked]


def fault(engine: sa.Engine) -> Fault | None:
    with reading(engine) as connection:
        [register] = registers(connection, ALL, now_us())
        return register.z_differs


def test_a_report_that_adds_up_is_checked_once(engine: sa.Engine):
    deposit = till.drawer("deposit", 3, 500, at=AT) | {"shift": 1}
    z = z_report(4, 1, counters(cash=490, count=2, deposits={"count": 1, "sum": 500}), counters("USD"))
    till.ring_up(engine, sale(1), sale(2), deposit, z)
    assert check(engine) == [(4, False)]
    assert check(engine) == []
    assert fault(engine) is None


def test_a_report_that_says_something_else_differs_until_its_documents_are_there(engine: sa.Engine):
    till.ring_up(engine, sale(1), z_report(3, 1, counters(cash=490, count=2)))
    assert check(engine) == [(3, True)]
    assert fault(engine) == Fault(1, 3)
    assert check(engine) == [(3, True)]
    till.ring_up(engine, sale(2))
    assert (3, False) in check(engine)
    assert fault(engine) is None


def test_a_count_alone_makes_a_difference(engine: sa.Engine):
    till.ring_up(engine, sale(1), z_report(2, 1, counters(cash=245, count=2)))
    assert check(engine) == [(2, True)]


def test_a_currency_that_the_report_does_not_name_makes_a_difference(engine: sa.Engine):
    till.ring_up(engine, sale(1), sale(2) | {"currency": "USD"}, z_report(3, 1, counters(cash=245, count=1)))
    assert check(engine) == [(3, True)]


def test_what_comes_late_to_a_report_that_added_up_is_noticed(engine: sa.Engine):
    till.ring_up(engine, sale(1), sale(3), z_report(4, 1, counters(cash=490, count=2)))
    assert check(engine) == [(4, False)]
    till.ring_up(engine, sale(2))
    assert check(engine) == [(4, True)]


def test_a_report_waits_until_its_documents_may_be_there(engine: sa.Engine):
    till.ring_up(engine, sale(1), z_report(2, 1, counters()))
    assert check(engine, later_us=AGE_US - 60_000_000) == []
    assert check(engine) == [(2, True)]


def test_each_report_has_its_turn(engine: sa.Engine):
    second = sale(3) | {"shift": 2}
    till.ring_up(
        engine,
        sale(1),
        z_report(2, 1, counters(cash=245, count=1)),
        second,
        z_report(4, 3, counters(cash=1, count=1), shift=2),
    )
    assert [check(engine), check(engine), check(engine)] == [[(2, False)], [(4, True)], [(4, True)]]


def test_the_figures_are_those_of_the_shift_alone(engine: sa.Engine):
    till.ring_up(engine, sale(1), sale(2) | {"shift": 9}, z_report(3, 1, counters(cash=245, count=1)))
    assert check(engine) == [(3, False)]
    with reading(engine) as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(document)).scalar() == 3


def test_registers_take_turns_where_too_many_wait(engine: sa.Engine, monkeypatch):
    monkeypatch.setattr(z_checks, "CHECKS_MAX", 1)
    with writing(engine) as connection:
        add_sko(connection, 1, number="300000077", outlet_id=1, model="smart")
    for number in (till.FIRST_SKO, "300000077"):
        its = {"sko": number}
        till.ring_up(engine, sale(1) | its, z_report(2, 1, counters(cash=245, count=1)) | its)
    assert [check(engine), check(engine), check(engine)] == [[(2, False)], [(2, False)], []]


def test_documents_far_behind_a_report_are_looked_for_no_more(engine: sa.Engine, monkeypatch):
    monkeypatch.setattr(shift_checks, "AFTER_Z", 2)
    report = z_report(2, 1, counters(cash=245, count=1))
    till.ring_up(engine, sale(1), report, sale(3) | {"shift": 2}, sale(4) | {"shift": 2}, sale(5))
    assert check(engine) == [(2, False)]
    monkeypatch.setattr(shift_checks, "AFTER_Z", 3)
    with writing(engine) as connection:
        connection.execute(sa.update(register_watch).values(checked_z=0))
    assert check(engine) == [(2, True)]
