"""Which notifications somebody wants sent: per company, and nothing until it is chosen."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
import sqlalchemy as sa

from sql.engine import reading, writing
from sql.memberships import add_membership
from sql.preferences import KINDS, Preference, preferences_of, set_preferences
from tests.accounts import make_merchant

CHOSEN = (Preference("documents", "daily"), Preference("connection", "at_once", by_sms=True))


def test_who_has_chosen_nothing_gets_nothing_sent(engine: sa.Engine):
    merchant = make_merchant(engine)
    with reading(engine) as connection:
        found = preferences_of(connection, merchant.merchant_id, merchant.account_id)
    assert found == [Preference(kind, "never", by_sms=False) for kind in KINDS]


def test_a_choice_holds_for_one_person_in_one_company(engine: sa.Engine):
    first, second = make_merchant(engine), make_merchant(engine, "190000018", name="ООО Астра")
    with writing(engine) as connection:
        add_membership(connection, second.merchant_id, first.account_id, "accountant")
        set_preferences(connection, first.merchant_id, first.account_id, [Preference("shifts", "daily", by_sms=True)])
        set_preferences(connection, first.merchant_id, first.account_id, CHOSEN)
    with reading(engine) as connection:
        here = preferences_of(connection, first.merchant_id, first.account_id)
        there = preferences_of(connection, second.merchant_id, first.account_id)
        others = preferences_of(connection, second.merchant_id, second.account_id)
    assert [chosen for chosen in here if chosen != Preference(chosen.kind)] == [CHOSEN[1], CHOSEN[0]]
    assert there == others == [Preference(kind) for kind in KINDS]


def test_a_choice_can_be_taken_back(engine: sa.Engine):
    merchant = make_merchant(engine)
    for choice in (CHOSEN, ()):
        with writing(engine) as connection:
            set_preferences(connection, merchant.merchant_id, merchant.account_id, choice)
    with reading(engine) as connection:
        assert preferences_of(connection, merchant.merchant_id, merchant.account_id)[0] == Preference("connection")


def test_a_form_that_is_sent_twice_at_once_is_kept_once(engine: sa.Engine):
    merchant = make_merchant(engine)
    ready = Barrier(2)

    def save(_: int) -> None:
        ready.wait(30)
        with writing(engine) as connection:
            set_preferences(connection, merchant.merchant_id, merchant.account_id, CHOSEN)

    with ThreadPoolExecutor(2) as threads:
        for _ in range(20):
            list(threads.map(save, range(2)))
    with reading(engine) as connection:
        kept = preferences_of(connection, merchant.merchant_id, merchant.account_id)
    assert [chosen for chosen in kept if chosen != Preference(chosen.kind)] == [CHOSEN[1], CHOSEN[0]]


def test_no_mail_comes_at_a_time_that_there_is_not(engine: sa.Engine):
    merchant = make_merchant(engine)
    with pytest.raises(sa.exc.IntegrityError), writing(engine) as connection:
        set_preferences(connection, merchant.merchant_id, merchant.account_id, [Preference("shifts", "hourly")])
