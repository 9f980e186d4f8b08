"""What the demo's operator charges."""

import datetime

import sqlalchemy as sa

from loadtests.billing import MONTHS, charge
from sql.acts import acts_of
from sql.engine import reading
from tests.accounts import make_merchant
from tests.shop import open_outlets

ENDS = datetime.date(2026, 11, 24)


def test_the_demo_has_acts_of_the_months_before_once(engine: sa.Engine) -> None:
    merchant_id = make_merchant(engine).merchant_id
    open_outlets(engine, merchant_id, ("Немига", "Уручье"))
    charge(engine, merchant_id, ENDS)
    charge(engine, merchant_id, ENDS)
    with reading(engine) as connection:
        [registration] = acts_of(connection, merchant_id, "registration")
        correction, *subscriptions = acts_of(connection, merchant_id, "subscription")
    assert (registration.month, registration.quantity) == (datetime.date(2026, 2, 1), 2)
    assert len(subscriptions) == MONTHS - 1
    assert (correction.corrects, correction.quantity) == (subscriptions[0].number, 1)
    assert max(act.issued for act in (correction, *subscriptions)) <= ENDS
