"""Acts: who owes for which registers, each month once."""

import datetime

import pytest
import sqlalchemy as sa

from sql.act_making import ZONE, acts_missing, month_before, months_due
from sql.acts import Act, Draft, Provider, acts_by_number, acts_of, add_act, correct_act
from sql.engine import reading, writing
from sql.errors import AlreadyExists, NotFound
from sql.instants import to_us
from sql.merchants import add_merchant
from sql.outlets import add_outlet
from sql.skos import add_sko
from sql.tables import event, merchant, sko

OCTOBER = datetime.date(2026, 10, 1)
PROVIDER = Provider(name="ООО «Оператор»", unp="190000018")


def at(text: str) -> int:
    """A moment in Minsk."""
    return to_us(datetime.datetime.fromisoformat(text).replace(tzinfo=ZONE))


@pytest.fixture
def merchant_id(engine: sa.Engine) -> int:
    with writing(engine) as connection:
        merchant_id = add_merchant(connection, unp="191832203", name="ООО Ромашка")
        add_outlet(connection, merchant_id, name="Магазин", address="Минск")
    return merchant_id


def connect_register(engine: sa.Engine, merchant_id: int, number: str, moment: str) -> int:
    with writing(engine) as connection:
        sko_id = add_sko(connection, merchant_id, number=number, outlet_id=1, model="smart")
        connection.execute(
            sa.update(sko).filter_by(merchant_id=merchant_id, sko_id=sko_id).values(created_us=at(moment))
        )
    return sko_id


def report(engine: sa.Engine, merchant_id: int, sko_id: int, kind: str, moment: str) -> None:
    with writing(engine) as connection:
        key = {"merchant_id": merchant_id, "sko_id": sko_id, "occurred_us": at(moment), "received_us": at(moment)}
        connection.execute(sa.insert(event).values(**key, kind=kind))


def missing(engine: sa.Engine, kind: str) -> list[tuple[int, int]]:
    with reading(engine) as connection:
        return acts_missing(connection, kind, OCTOBER)


def draft(**changes) -> Draft:
    values = {"kind": "subscription", "month": OCTOBER, "issued": datetime.date(2026, 10, 31), "quantity": 2}
    values |= {"service": "Абонентская плата", "price_minor": 4500, "vat_percent": None, "provider": PROVIDER}
    return Draft(**(values | changes))


def stored(engine: sa.Engine, merchant_id: int, *drafts: Draft) -> list[int | None]:
    with writing(engine) as connection:
        return [add_act(connection, merchant_id, each) for each in drafts]


def acts(engine: sa.Engine, merchant_id: int, **period) -> list[Act]:
    with reading(engine) as connection:
        return acts_of(connection, merchant_id, "subscription", **period)


def correct(engine: sa.Engine, merchant_id: int, number: int, **changes) -> Act:
    values = {"issued": datetime.date(2026, 11, 5), "quantity": 1, "price_minor": None, "provider": PROVIDER}
    with writing(engine) as connection:
        return correct_act(connection, merchant_id, number, **(values | changes), reason="Касса снята")


def test_registration_is_owed_for_the_month_of_connection_and_the_subscription_after_it(engine, merchant_id):
    for number, moment in (
        ("1", "2026-09-30T23:59:59"),
        ("2", "2026-10-01T00:00:00"),
        ("3", "2026-10-31T23:59:59"),
        ("4", "2026-11-01T00:00:00"),
    ):
        connect_register(engine, merchant_id, number, moment)
    assert missing(engine, "registration") == [(merchant_id, 2)]
    assert missing(engine, "subscription") == [(merchant_id, 1)]


@pytest.mark.parametrize(
    ("events", "is_owed"),
    [
        ([("blocked", "2026-09-15T12:00")], False),
        ([("blocked", "2026-09-15T12:00"), ("unblocked", "2026-10-31T23:00")], True),
        ([("blocked", "2026-09-15T12:00"), ("unblocked", "2026-11-01T00:00")], False),
        ([("blocked", "2026-10-01T12:00")], True),
        ([("blocked", "2026-08-15T12:00"), ("unblocked", "2026-08-16T12:00")], True),
    ],
)
def test_a_register_that_was_blocked_all_month_owes_nothing(engine, merchant_id, events, is_owed):
    sko_id = connect_register(engine, merchant_id, "1", "2026-01-10T12:00")
    for kind, moment in events:
        report(engine, merchant_id, sko_id, kind, moment)
    assert missing(engine, "subscription") == ([(merchant_id, 1)] if is_owed else [])


def test_an_act_of_a_month_is_made_once(engine, merchant_id):
    connect_register(engine, merchant_id, "1", "2026-01-10T12:00")
    assert stored(engine, merchant_id, draft(), draft(), draft(kind="registration")) == [1, None, 2]
    assert missing(engine, "subscription") == []
    assert len(acts(engine, merchant_id)) == 1


def test_the_database_itself_refuses_a_second_act_of_a_month(engine, merchant_id):
    from sql.acts import _insert

    stored(engine, merchant_id, draft())
    with pytest.raises(sa.exc.IntegrityError), writing(engine) as connection:
        _insert(connection, merchant_id, draft())


def test_an_act_says_what_it_said_whatever_changes_later(engine, merchant_id):
    stored(engine, merchant_id, draft())
    with writing(engine) as connection:
        connection.execute(sa.update(merchant).values(name="ООО Лютик"))
    [act] = acts(engine, merchant_id)
    assert (act.name, act.customer, act.provider, act.total_minor) == ("СС-191832203-1", "ООО Ромашка", PROVIDER, 9000)


@pytest.mark.parametrize(
    ("price", "percent", "vat"), [(4500, None, 0), (12000, 20, 2000), (101, 20, 17), (105, 10, 10), (1, 20, 0)]
)
def test_vat_is_within_the_total_to_the_nearest_kopeck(engine, merchant_id, price, percent, vat):
    stored(engine, merchant_id, draft(quantity=1, price_minor=price, vat_percent=percent))
    assert acts(engine, merchant_id)[0].vat_minor == vat


def test_a_correction_stands_in_the_place_of_the_act_that_it_names(engine, merchant_id):
    stored(engine, merchant_id, draft())
    corrected = correct(engine, merchant_id, 1)
    assert (corrected.number, corrected.corrects, corrected.reason, corrected.total_minor) == (
        2,
        1,
        "Касса снята",
        4500,
    )
    assert [(act.number, act.corrected_by) for act in acts(engine, merchant_id)] == [(2, None), (1, 2)]
    assert stored(engine, merchant_id, draft()) == [None]


def test_an_act_is_corrected_once_and_then_its_correction(engine, merchant_id):
    stored(engine, merchant_id, draft())
    correct(engine, merchant_id, 1)
    with pytest.raises(AlreadyExists, match="stands act 2 already"):
        correct(engine, merchant_id, 1)
    assert correct(engine, merchant_id, 2, quantity=0, price_minor=5000).total_minor == 0
    with pytest.raises(NotFound):
        correct(engine, merchant_id, 9)


def test_acts_are_filtered_by_their_dates_and_never_another_merchants(engine, merchant_id):
    with writing(engine) as connection:
        rival_id = add_merchant(connection, unp="190000018", name="ООО Астра")
    months = [
        (month, draft(month=month, issued=month.replace(day=28))) for month in (OCTOBER, OCTOBER.replace(month=9))
    ]
    stored(engine, merchant_id, *(each for _, each in months))
    stored(engine, rival_id, draft())
    assert [act.number for act in acts(engine, merchant_id)] == [1, 2]
    assert [act.number for act in acts(engine, merchant_id, first=OCTOBER)] == [1]
    assert [act.number for act in acts(engine, merchant_id, last=OCTOBER)] == [2]
    with reading(engine) as connection:
        assert [act.unp for act in acts_by_number(connection, rival_id, [1, 2])] == ["190000018"]


def test_months_are_due_from_the_newest_that_has_acts(engine, merchant_id):
    with reading(engine) as connection:
        assert list(months_due(connection, at("2026-11-01T00:00"))) == [OCTOBER]
    stored(engine, merchant_id, draft(month=OCTOBER.replace(month=8)))
    with reading(engine) as connection:
        assert [month.month for month in months_due(connection, at("2026-11-24T12:00"))] == [8, 9, 10]
        assert [month.month for month in months_due(connection, at("2026-08-24T12:00"))] == [7]


def test_a_month_ends_at_midnight_in_minsk():
    assert month_before(at("2026-11-01T00:00")) == OCTOBER
    assert month_before(at("2026-10-31T23:59:59")) == OCTOBER.replace(month=9)
