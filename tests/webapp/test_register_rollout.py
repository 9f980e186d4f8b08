"""What became of settings: waiting, applied or refused; the versions, what each has changed, and the way back."""

import pytest
import sqlalchemy as sa
from flask import Flask

from sql.engine import writing
from sql.events import NewEvent, insert_events
from sql.instants import now_us
from sql.memberships import add_membership, end_membership
from sql.register_settings import settle
from tests.accounts import make_merchant
from tests.webapp.register_shop import FIRST, ROLLOUT, SECOND, Shop, text_of
from webapp.register_settings_content import RegisterSettings, RegisterUser

IS_LIVE = 'id="rollout" data-live'  # it asks again by itself
ANNA = RegisterUser("Анна", "$pbkdf2-sha256$i=1$aa$bb", ("sales",))
OLD = RegisterSettings(users=(ANNA,), receipt={"address": "Немига"}, options={"idle_lock": False})
NEW = RegisterSettings(users=(), receipt={"address": "Восток"}, options={"idle_lock": True})


@pytest.fixture
def shop(app: Flask, engine: sa.Engine) -> Shop:
    return Shop(app, engine)


def report(shop: Shop, kind: str, detail: str, sko_id: int = 1) -> None:
    """As ingest does with an event of a register."""
    events = [NewEvent(shop.merchant_id, sko_id, now_us(), kind, detail, now_us())]
    with writing(shop.engine) as connection:
        insert_events(connection, events)
        settle(connection, events)


def test_the_page_shows_for_each_register_whether_it_waits_has_applied_or_refused(shop: Shop) -> None:
    assert "No settings were saved yet" in text_of(shop.get(ROLLOUT))
    shop.save_behind_the_back(OLD, 1)
    shop.save_behind_the_back(OLD, 2)
    page = shop.get(ROLLOUT)
    assert "All 2 Waiting 2 Applied 0 Refused by the register 0" in text_of(page)
    assert IS_LIVE in page
    report(shop, "settings_applied", "1", 1)
    report(shop, "settings_rejected", "1: no room for so many users", 2)
    page = shop.get(ROLLOUT)
    assert "Waiting 0 Applied 1 Refused by the register 1" in text_of(page)
    assert "no room for so many users" in page
    assert IS_LIVE not in page, "nothing is on its way any more"
    assert page.index(SECOND) < page.index(FIRST), "refusals come first"
    assert FIRST not in shop.get(ROLLOUT, state="rejected")
    assert "No register is in this state." in text_of(shop.get(ROLLOUT, state="waiting"))
    assert shop.client.get(ROLLOUT, query_string={"state": "nonsense"}).status_code == 400


def test_a_refused_version_says_which_one_the_register_still_has(shop: Shop) -> None:
    shop.save_behind_the_back(OLD)
    report(shop, "settings_applied", "1")
    shop.save_behind_the_back(NEW)
    report(shop, "settings_rejected", "2: no paper")
    assert "has version 1" in text_of(shop.get(ROLLOUT))


def test_each_version_says_what_it_has_changed_and_who_saved_it(shop: Shop) -> None:
    shop.save_user(FIRST)
    shop.save_behind_the_back(OLD)
    shop.save_behind_the_back(NEW)
    page = text_of(shop.get(f"{ROLLOUT}/{FIRST}"))
    newest, _, others = page[page.index("Version 3") :].partition("Version 2")
    older, _, first = others.partition("Version 1")
    assert "the operator Waiting" in newest
    assert "Changed Address „Немига“ → „Восток“ Changed Lock when idle off → on" in newest
    assert "Removed Анна" in newest
    assert "Skipped Added Анна Sales Removed Кассир 1" in older
    assert "owner-191832203@romashka.by" in first
    assert "Added Кассир 1 Sales, Refunds" in first
    assert "$pbkdf2" not in page


def test_an_earlier_version_is_saved_once_more_as_the_newest(shop: Shop) -> None:
    shop.save_behind_the_back(OLD)
    shop.save_behind_the_back(NEW)
    page = text_of(shop.get(f"{ROLLOUT}/{FIRST}"))
    assert "Compared with the newest version: Added Анна Sales" in page
    assert shop.post(f"{ROLLOUT}/{FIRST}/return", version="1", seen="2").status_code == 303
    assert shop.versions() == {1: 3}
    assert shop.settings() == OLD
    assert "Version 1 counts again" in text_of(shop.get(f"{ROLLOUT}/{FIRST}"))
    assert "Returned to earlier settings of a register" in text_of(shop.get("/journal"))


def test_what_the_earlier_version_never_set_stays(shop: Shop) -> None:
    texts = RegisterSettings(receipt={"address": "Немига"})
    shop.save_behind_the_back(texts)
    shop.save_behind_the_back(RegisterSettings(users=(ANNA,), receipt={"address": "Восток"}))
    page = text_of(shop.get(f"{ROLLOUT}/{FIRST}"))
    assert "Compared with the newest version: Changed Address „Восток“ → „Немига“ Return" in page
    shop.post(f"{ROLLOUT}/{FIRST}/return", version="1", seen="2")
    assert shop.settings() == RegisterSettings(users=(ANNA,), receipt=texts.receipt)


def test_returning_never_overwrites_what_somebody_has_saved_meanwhile(shop: Shop) -> None:
    for settings in (OLD, NEW, OLD):
        shop.save_behind_the_back(settings)
    shop.post(f"{ROLLOUT}/{FIRST}/return", version="2", seen="2")
    assert shop.versions() == {1: 3}
    assert "Somebody else has saved settings meanwhile" in text_of(shop.get(f"{ROLLOUT}/{FIRST}"))


@pytest.mark.parametrize("version", ["9", "0", "-1", "x", "", "99999999999999999999"])
def test_there_is_no_way_back_to_a_version_that_never_was(shop: Shop, version: str) -> None:
    shop.save_behind_the_back(OLD)
    assert shop.post(f"{ROLLOUT}/{FIRST}/return", version=version, seen="1").status_code == 404
    assert shop.versions() == {1: 1}


def test_a_version_of_somebody_who_has_left_is_still_somebodys(shop: Shop, engine: sa.Engine) -> None:
    shop.save_user(FIRST)
    other = make_merchant(engine, "190000018")
    with writing(engine) as connection:
        add_membership(connection, shop.merchant_id, other.account_id, "owner")
    with writing(engine) as connection:
        connection.execute(sa.text(f"UPDATE settings_version SET saved_by = {other.account_id}"))
        end_membership(connection, shop.merchant_id, other.account_id)
    assert "somebody who is not in the team any more" in text_of(shop.get(f"{ROLLOUT}/{FIRST}"))
