"""Users of registers: created, changed and deleted in a draft, and saved for one register, several, or all."""

import base64
import hashlib

import pytest
import sqlalchemy as sa
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from tests.webapp.conftest import CountQueries
from tests.webapp.register_shop import CASHIER, FIRST, ROLLOUT, SECOND, SMART, SMART_USERS, USERS, Shop, hidden, text_of
from webapp import register_users_passwords
from webapp.register_settings_content import USERS_MAX, RegisterSettings, RegisterUser
from webapp.register_users_draft import Change, changed_users, name_key

ANNA = RegisterUser("Анна", "$pbkdf2-sha256$i=1$aa$bb", ("sales",))
BORIS = RegisterUser("Борис", "$pbkdf2-sha256$i=1$cc$dd", ("sales", "z_report"))


@pytest.fixture(autouse=True)
def _quick_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(register_users_passwords, "ITERATIONS", 10)


@pytest.fixture
def shop(app: Flask, engine: sa.Engine) -> Shop:
    return Shop(app, engine)


# --- the guide's example ---------------------------------------------------------------------------------------------


def test_a_user_is_created_in_the_list_and_saved_for_the_chosen_register(shop: Shop) -> None:
    assert "Choose a register" in text_of(shop.get(USERS))
    assert shop.save_user(FIRST).location == f"{USERS}?sko={FIRST}"
    page = text_of(shop.get(USERS, sko=FIRST))
    assert "Кассир 1 Sales, Refunds" in page
    assert "Saved for 1 register" in page
    [user] = shop.settings().users
    assert (user.name, user.rights) == ("Кассир 1", ("sales", "refunds"))
    assert shop.versions() == {1: 1}


def test_a_password_is_kept_as_a_hash_that_the_register_can_check(shop: Shop) -> None:
    shop.save_user(FIRST)
    empty, scheme, iterations, salt, derived = shop.settings().users[0].password.split("$")
    assert (empty, scheme, iterations) == ("", "pbkdf2-sha256", "i=10")
    expected = hashlib.pbkdf2_hmac("sha256", b"1234", base64.b64decode(salt + "=="), 10)
    assert base64.b64decode(derived + "=") == expected
    assert len(expected) == 32


def test_nothing_is_saved_before_the_button_is_pressed(shop: Shop) -> None:
    put = shop.post(f"{USERS}/put", sko=FIRST, **CASHIER)
    assert "Not saved yet" in text_of(put)
    assert "Added Кассир 1 Sales, Refunds" in text_of(put)
    assert shop.versions() == {}
    discarded = shop.post(f"{USERS}/discard", sko=FIRST, **hidden(put.get_data(as_text=True)))
    assert "Кассир 1" not in text_of(discarded)


def test_a_user_is_changed_and_keeps_the_password_that_was_not_typed(shop: Shop) -> None:
    shop.save_user(FIRST)
    before = shop.settings().users[0].password
    assert 'value="Кассир 1"' in shop.get(f"{USERS}/edit", sko=FIRST, user="Кассир 1")
    response = shop.save_user(FIRST, before="Кассир 1", name="Старший", password="", rights=["z_report"])
    assert response.status_code == 303
    assert shop.settings().users == (RegisterUser("Старший", before, ("z_report",)),)


def test_a_user_is_deleted_but_never_the_last_one(shop: Shop) -> None:
    shop.save_behind_the_back(RegisterSettings(users=(ANNA, BORIS)))
    state = shop.state(USERS, sko=FIRST)
    once = hidden(shop.post(f"{USERS}/remove", sko=FIRST, user="Анна", **state).get_data(as_text=True))
    twice = shop.post(f"{USERS}/remove", sko=FIRST, user="Борис", draft=once["draft"])
    refused = shop.post(
        f"{USERS}/save", sko=FIRST, base=once["base"], draft=hidden(twice.get_data(as_text=True))["draft"]
    )
    assert refused.status_code == 409
    assert "leave at least one user" in text_of(refused)
    assert shop.post(f"{USERS}/save", sko=FIRST, base=once["base"], draft=once["draft"]).status_code == 303
    assert shop.settings().users == (BORIS,)


# --- several registers -----------------------------------------------------------------------------------------------


def test_all_registers_are_set_at_once_without_a_list(shop: Shop) -> None:
    page = shop.get(USERS, all="1")
    base = hidden(page)["base"]
    put = shop.post(f"{USERS}/put", all="1", **CASHIER)
    saved = shop.post(f"{USERS}/save", all="1", base=base, draft=hidden(put.get_data(as_text=True))["draft"])
    assert saved.location == f"{USERS}?all=1"
    assert shop.versions() == {1: 1, 2: 1}  # the Smart X has a page of its own
    assert shop.settings(1).users == shop.settings(2).users


def test_of_several_registers_the_page_says_what_differs_and_what_saving_will_do(shop: Shop) -> None:
    shop.save_behind_the_back(RegisterSettings(users=(ANNA,)), 1)
    shop.save_behind_the_back(RegisterSettings(users=(BORIS,)), 2)
    page = text_of(shop.get(USERS, sko=[FIRST, SECOND]))
    assert "The users of these registers differ" in page
    assert page.count("on 1 of 2 registers") == 2
    change = {"before": "Анна", "name": "Анна", "password": "", "rights": ["sales", "z_report"]}
    put = shop.post(f"{USERS}/put", sko=[FIRST, SECOND], **change)
    assert f"{FIRST} Changed Анна rights: Sales, Z-report {SECOND} Added Анна Sales, Z-report" in text_of(put)
    state = hidden(put.get_data(as_text=True))
    shop.post(f"{USERS}/save", sko=[FIRST, SECOND], base=state["base"], draft=state["draft"])
    anna = RegisterUser("Анна", ANNA.password, ("sales", "z_report"))
    assert shop.settings(1).users == (anna,)
    assert shop.settings(2).users == (BORIS, anna)


def test_registers_that_have_it_already_get_no_new_version(shop: Shop) -> None:
    shop.save_behind_the_back(RegisterSettings(users=(ANNA,)), 1)
    state = shop.state(USERS, sko=[FIRST, SECOND])
    put = shop.post(f"{USERS}/put", sko=[FIRST, SECOND], before="Анна", name="Анна", password="", rights="sales")
    draft = hidden(put.get_data(as_text=True))["draft"]
    shop.post(f"{USERS}/save", sko=[FIRST, SECOND], base=state["base"], draft=draft)
    assert shop.versions() == {1: 1, 2: 1}
    assert shop.settings(2).users == (ANNA,)
    shop.post(f"{USERS}/save", **hidden(shop.get(USERS, sko=FIRST)), sko=FIRST)
    assert "Nothing has changed" in text_of(shop.get(USERS))


def test_the_draft_stays_when_other_registers_are_chosen(shop: Shop) -> None:
    put = hidden(shop.post(f"{USERS}/put", sko=FIRST, **CASHIER).get_data(as_text=True))
    page = text_of(shop.post(USERS, sko=SECOND, draft=put["draft"]))
    assert f"{SECOND} Added Кассир 1" in page
    assert shop.post(USERS, sko=SECOND).location == f"{USERS}?sko={SECOND}"


def test_a_change_of_a_user_whom_the_other_registers_lack_changes_nothing_there(shop: Shop) -> None:
    shop.save_user(FIRST)
    change = CASHIER | {"before": "Кассир 1", "password": "", "rights": ["z_report"]}
    put = hidden(shop.post(f"{USERS}/put", sko=FIRST, **change).get_data(as_text=True))
    other = shop.post(USERS, sko=SECOND, draft=put["draft"])
    assert "Nothing: these registers have it already." in text_of(other)
    state = hidden(other.get_data(as_text=True))
    assert shop.post(f"{USERS}/save", sko=SECOND, base=state["base"], draft=state["draft"]).status_code == 303
    assert shop.versions() == {1: 1}


def test_smart_x_has_users_of_its_own_page(shop: Shop) -> None:
    page = text_of(shop.get(SMART_USERS, sko=SMART))
    assert "User settings Receipt settings Save changes Registers For all registers" in page
    assert "Additional settings" not in page
    assert FIRST not in page
    refused = shop.client.get(USERS, query_string={"sko": SMART})
    assert refused.status_code == 400
    assert f"There is no such register here: {SMART}" in text_of(refused)


# --- two people at once ----------------------------------------------------------------------------------------------


def test_two_people_never_overwrite_each_other_silently(shop: Shop) -> None:
    put = hidden(shop.post(f"{USERS}/put", sko=FIRST, **CASHIER).get_data(as_text=True))
    shop.save_behind_the_back(RegisterSettings(users=(ANNA,)))
    refused = shop.post(f"{USERS}/save", sko=FIRST, base=put["base"], draft=put["draft"])
    assert refused.status_code == 409
    page = text_of(refused)
    assert f"Somebody else has saved settings meanwhile: {FIRST}." in page
    assert "Анна" in page, "theirs is shown"
    assert "Added Кассир 1" in page, "mine is kept"
    assert shop.settings().users == (ANNA,)
    again = hidden(refused.get_data(as_text=True))
    assert shop.post(f"{USERS}/save", sko=FIRST, base=again["base"], draft=again["draft"]).status_code == 303
    assert [user.name for user in shop.settings().users] == ["Анна", "Кассир 1"]


def test_what_was_shown_of_other_registers_is_not_saved_for_these(shop: Shop) -> None:
    put = hidden(shop.post(f"{USERS}/put", sko=FIRST, **CASHIER).get_data(as_text=True))
    refused = shop.post(f"{USERS}/save", sko=[FIRST, SECOND], base=put["base"], draft=put["draft"])
    assert refused.status_code == 409
    assert "You have chosen other registers meanwhile" in text_of(refused)
    assert shop.versions() == {}


# --- bad input -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"name": "Кассир с длинным"}, None),
        ({"name": "Младший и старши\u0306"}, None),  # as some keyboards send й
        ({"name": "Кассир с длинным1"}, "At most 16 characters fit; these are 17."),
        ({"name": " "}, "Write the name of the user."),
        ({"name": "Кассир 😀"}, "can't print these characters: 😀 (U+1F600)"),
        ({"name": "Кассир\t1"}, "U+0009 (invisible)"),
        ({"password": ""}, "Write a password."),
        ({"password": "123"}, "Take from 4 to 32 characters."),
        ({"password": " 1234"}, "no blank at the beginning"),
        ({"password": "1234😀"}, "Take letters, digits and signs"),
        ({"password": "12\u200b34"}, "Take letters, digits and signs"),
        ({"rights": []}, "Choose at least one right"),
        ({"rights": ["sales", "magic"]}, "There is no such right: magic."),
        ({"before": "Никто"}, None),
    ],
)
def test_mistakes_in_the_dialog_stand_beside_their_fields(shop: Shop, typed: dict[str, str], sentence: str) -> None:
    response = shop.post(f"{USERS}/put", sko=FIRST, **(CASHIER | typed))
    if sentence is None:
        assert response.status_code == (404 if "before" in typed else 200)
    else:
        assert response.status_code == 422
        assert sentence in text_of(response)
        assert hidden(response.get_data(as_text=True))["draft"] == ""


def test_a_name_is_taken_whatever_its_case(shop: Shop) -> None:
    shop.save_user(FIRST)
    response = shop.post(f"{USERS}/put", sko=FIRST, **(CASHIER | {"name": "кассир 1"}))
    assert "There is a user of this name" in text_of(response)


def test_a_register_takes_no_more_users_than_fit(shop: Shop) -> None:
    users = tuple(RegisterUser(f"К{place}", ANNA.password, ("sales",)) for place in range(USERS_MAX))
    shop.save_behind_the_back(RegisterSettings(users=users))
    response = shop.save_user(FIRST)
    assert response.status_code == 409
    assert "at most 50 users" in text_of(response)


def test_a_draft_with_a_changed_letter_is_refused(shop: Shop) -> None:
    draft = hidden(shop.post(f"{USERS}/put", sko=FIRST, **CASHIER).get_data(as_text=True))["draft"]
    for bad in ("X" + draft[1:], "x", draft + "."):
        assert shop.post(USERS, sko=FIRST, draft=bad).status_code == 400


def test_nothing_is_done_before_a_register_is_chosen(shop: Shop) -> None:
    assert shop.post(f"{USERS}/put", **CASHIER).status_code == 422
    assert "Choose a register first." in text_of(shop.post(f"{USERS}/save"))
    assert shop.get(f"{USERS}/new")


# --- what else -------------------------------------------------------------------------------------------------------


def test_the_journal_says_who_has_saved_what(shop: Shop) -> None:
    shop.save_user(FIRST, SECOND)
    page = text_of(shop.get("/journal"))
    assert "Saved settings of registers" in page
    assert f"{FIRST}, {SECOND}" in page
    assert "Кассир 1" not in page


def test_a_page_takes_four_queries_however_many_registers(shop: Shop, count_queries: CountQueries) -> None:
    shop.save_user(FIRST, SECOND)
    for path, count in ((f"{USERS}?sko={FIRST}", 4), (f"{USERS}?all=1", 4), (USERS, 3), (ROLLOUT, 5)):
        with count_queries() as queries:
            shop.client.get(path)
        assert len(queries) == count, path


NAMES = st.sampled_from(["Анна", "анна", "Борис", "Вера", "Глеб"])
RIGHTS = st.sampled_from([("sales",), ("refunds", "sales")])
USER_LISTS = st.lists(st.builds(RegisterUser, NAMES, st.sampled_from(["p", "q"]), RIGHTS), max_size=4)
PASSWORDS = st.sampled_from(["new", ""])
CHANGES = st.builds(Change, st.one_of(st.just(""), NAMES), st.one_of(st.just(""), NAMES), PASSWORDS, RIGHTS)


def unique(users: list[RegisterUser]) -> tuple[RegisterUser, ...]:
    return tuple({name_key(user.name): user for user in users}.values())


@given(
    before=st.dictionaries(st.integers(1, 3), USER_LISTS.map(unique), min_size=1), draft=st.lists(CHANGES, max_size=5)
)
def test_after_any_changes_names_are_unique_and_the_last_change_holds_everywhere(
    before: dict[int, tuple[RegisterUser, ...]], draft: list[Change]
) -> None:
    after = changed_users(before, draft)
    assert after.keys() == before.keys()
    for users in after.values():
        keys = [name_key(user.name) for user in users]
        assert len(keys) == len(set(keys))
        assert all(user.password for user in users)
    if draft and draft[-1].name and draft[-1].password:
        wanted = RegisterUser(draft[-1].name, "new", draft[-1].rights)
        assert all(wanted in users for users in after.values())
    if not draft:
        assert after == before
