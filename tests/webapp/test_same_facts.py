"""What notifications tell and what Reports show are the same facts, whatever came in which order."""

import datetime
import random
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa

from sql import z_checks
from sql.completeness import Marked, marked_numbers, numbers_of_period
from sql.engine import reading, writing
from sql.instants import now_us
from sql.number_runs import NOTHING, stored_numbers
from sql.registers_watched import GAP_AGE_US, Fault, Span, registers
from sql.shift_checks import check_shifts, shifts_of
from sql.skos import Sko, skos_of
from sql.tables import z_difference
from tests import till
from tests.accounts import make_merchant
from tests.shop import open_outlets
from tests.sql.test_document_gaps import look as follow
from tests.webapp.reporting import NOON, counter, deliver, refuse, z_report
from webapp.completeness_map import register_map

FOREVER = 2**62
ROUNDS = 12
REGISTERS = 8
ALL = Span(1, FOREVER)
Facts = tuple[Fault | None, set[int]]  # how many numbers are missing, and the first; the Z-reports that differ
MINUTE = datetime.timedelta(minutes=1)


def issued(chance: random.Random, sko: str) -> Iterator[dict[str, Any]]:
    """Shifts one after the other; now and then a sale of an older one, a wrong Z-report, or a second one."""
    number = 0
    for shift in range(1, 7):
        number += 1
        first, sales = number, []
        yield till.common("shift_open", number, sko=sko, at=NOON + number * MINUTE) | {"shift": shift}
        for _ in range(chance.randrange(5)):
            number += 1
            its = chance.randint(1, shift) if chance.random() < 0.2 else shift
            sold = till.item("Хлеб", chance.randrange(1, 1_000))
            sales.append(till.sale(number, sold, sko=sko, at=NOON + number * MINUTE) | {"shift": its})
        yield from sales
        own = [sale["total"] for sale in sales if sale["shift"] == shift]
        for _ in range(chance.choice((0, 1, 1, 1, 1, 2))):
            number += 1
            said = counter(count=len(own), cash=sum(own) + (chance.random() < 0.3))
            yield z_report(number, said, first=first, shift=shift, sko=sko, at=NOON + number * MINUTE)


def arrivals(chance: random.Random, sko: Sko) -> Iterator[tuple[int, str, dict[str, Any]]]:
    """Each document with the round in which it comes, if it does, and how: whole, broken, or as another one."""
    for place, document in enumerate(issued(chance, sko.number)):
        turn = place // 4
        if chance.random() < 0.7:
            yield turn, "whole", document
        elif chance.random() < 0.7:
            if chance.random() < 0.4:
                yield turn, "total_mismatch", document
            yield turn + chance.randrange(4), "whole", document
        elif chance.random() < 0.5:
            yield turn, chance.choice(("total_mismatch", "different_content")), document


def look(engine: sa.Engine) -> bool:
    """As the jobs do it each minute; whether Z-reports were looked at that had not been before, or not since."""
    follow(engine)
    with writing(engine) as connection:
        looked = z_checks.check(connection, ALL, now_us() + 2 * z_checks.AGE_US)
        z_checks.note_checked(connection, looked)
    return any(each.is_new for each in looked)


def told(engine: sa.Engine, sko_id: int) -> Facts:
    """What notifications know."""
    with reading(engine) as connection:
        later_us = now_us() + 2 * GAP_AGE_US
        [gap] = (each.gap for each in registers(connection, ALL, later_us) if each.sko_id == sko_id)
        return gap, set(connection.execute(sa.select(z_difference.c.number).filter_by(sko_id=sko_id)).scalars())


def shown(engine: sa.Engine, merchant_id: int, sko: Sko) -> Facts:
    """What the pages of Reports show."""
    with reading(engine) as connection:
        found = register_map(
            sko,
            numbers_of_period(connection, merchant_id, 0, FOREVER).get(sko.sko_id, []),
            stored_numbers(connection, merchant_id, [sko.sko_id]).get(sko.sko_id, NOTHING),
            marked_numbers(connection, merchant_id, 0).get(sko.sko_id, Marked({}, {})),
            is_open=True,
        )
        shifts = shifts_of(connection, merchant_id, sko.sko_id, 0, FOREVER, 100)
        checked = check_shifts(connection, shifts)
        assert checked == [one for each in shifts for one in check_shifts(connection, [each])], "a shift by itself"
    gap = Fault(found.count("missing"), found.missing[0].first) if found.missing else None
    return gap, {each.shift.z_number or 0 for each in checked if each.differs}


@pytest.mark.parametrize("seed", range(4))
def test_any_history_is_told_as_it_is_shown(engine: sa.Engine, seed: int) -> None:
    chance = random.Random(seed)
    merchant_id = make_merchant(engine).merchant_id
    open_outlets(engine, merchant_id, tuple(map(str, range(REGISTERS))))
    with reading(engine) as connection:
        skos = skos_of(connection, merchant_id)
    history = {sko.sko_id: list(arrivals(chance, sko)) for sko in skos}
    agreed = []
    for turn in range(ROUNDS + 4):
        for sko_id, its in history.items():
            for _turn, how, document in (each for each in its if each[0] == turn):
                if how == "whole":
                    till.ring_up(engine, document)
                else:
                    refuse(engine, merchant_id, document, code=how, sko_id=sko_id, outlet_id=sko_id)
        if chance.random() < 0.5:
            deliver(engine)
        while look(engine):
            pass
        for sko in skos:
            facts = told(engine, sko.sko_id)
            assert facts == shown(engine, merchant_id, sko), (turn, sko.number)
            agreed.append(facts)
    assert any(gap for gap, _ in agreed)
    assert any(differing for _, differing in agreed)
    assert (None, set()) in agreed
