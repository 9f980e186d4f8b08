"""Texts on the receipt and switches: for one register, for several that differ, for all; what printers can't print."""

import pytest
import sqlalchemy as sa
from flask import Flask

from tests.webapp.register_shop import FIRST, OPTIONS, RECEIPT, SECOND, SMART, SMART_RECEIPT, Shop, text_of
from webapp.register_options import OPTIONS as SWITCHES
from webapp.register_options import RIGHTS
from webapp.register_settings_content import RegisterSettings, options_at_first
from webapp.register_settings_text import lines_of, printing_problem

TEXTS = {"outlet_name": "Магазин «Ромашка»", "address": "Минск", "phone": "+375 17 200-00-00", "advert": "Спасибо!"}
EMPTY = dict.fromkeys(TEXTS, "")


@pytest.fixture
def shop(app: Flask, engine: sa.Engine) -> Shop:
    return Shop(app, engine)


def base(shop: Shop, path: str, **query: object) -> dict[str, object]:
    return {"base": shop.state(path, **query)["base"], **query}


# --- the receipt -----------------------------------------------------------------------------------------------------


def test_texts_are_saved_for_the_chosen_register_and_leave_its_users_alone(shop: Shop) -> None:
    saved = shop.post(f"{RECEIPT}/save", **base(shop, RECEIPT, sko=FIRST), **TEXTS)
    assert saved.location == f"{RECEIPT}?sko={FIRST}"
    assert shop.settings() == RegisterSettings(receipt=TEXTS)
    page = shop.get(RECEIPT, sko=FIRST)
    assert "Магазин «Ромашка»</textarea>" in page
    assert "17 / 102" in page


@pytest.mark.parametrize(("name", "longest"), [("outlet_name", 102), ("address", 68), ("phone", 34), ("advert", 340)])
def test_a_text_may_fill_its_lines_and_not_a_character_more(shop: Shop, name: str, longest: int) -> None:
    state = base(shop, RECEIPT, sko=FIRST)
    refused = shop.post(f"{RECEIPT}/save", **state, **(EMPTY | {name: "ё" * (longest + 1)}))
    assert refused.status_code == 422
    assert f"At most {longest} characters fit; these are {longest + 1}." in text_of(refused)
    assert f'<output class="counter is-over" for="{name}">' in refused.text
    assert "ё" * (longest + 1) in text_of(refused), "what was typed stays"
    assert shop.versions() == {}
    assert shop.post(f"{RECEIPT}/save", **state, **(EMPTY | {name: "ё" * longest})).status_code == 303


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("Скидки 🔥", "can't print these characters: 🔥 (U+1F525)"),
        ("a\tb", "U+0009 (invisible)"),
        ("a\x00b\x7f", "U+0000 (invisible), U+007F (invisible)"),
        ("a\u202eb", "U+202E (invisible)"),
        ("две\r\nстроки", "A line break can't be printed"),
        ("漢字", "漢 (U+6F22), 字 (U+5B57)"),
    ],
)
def test_what_the_printer_can_not_print_is_named(shop: Shop, text: str, sentence: str) -> None:
    refused = shop.post(f"{RECEIPT}/save", **base(shop, RECEIPT, sko=FIRST), **(EMPTY | {"advert": text}))
    assert refused.status_code == 422
    assert sentence in text_of(refused)
    assert shop.versions() == {}


@pytest.mark.parametrize("text", ["«Ёлка» № 5 — 10 %", "Ўсё і «лепшае»", "Žvanec"[1:], "", "a b"])
def test_what_the_printer_can_print_is_no_problem(app: Flask, text: str) -> None:
    with app.test_request_context():
        assert printing_problem(text) is None


def test_texts_that_differ_stay_as_they_are_unless_one_is_typed_for_all(shop: Shop) -> None:
    shop.save_behind_the_back(RegisterSettings(receipt=EMPTY | {"address": "Немига", "phone": "1", "advert": "А"}), 1)
    shop.save_behind_the_back(RegisterSettings(receipt=EMPTY | {"address": "Восток", "phone": "2", "advert": "Б"}), 2)
    both = {"sko": [FIRST, SECOND]}
    assert "They have: „Немига“, „Восток“." in text_of(shop.get(RECEIPT, **both))
    typed = EMPTY | {"outlet_name": "Ромашка", "advert": "Скидки", "set-phone": "1"}
    shop.post(f"{RECEIPT}/save", **base(shop, RECEIPT, **both), **typed)
    assert shop.settings(1).receipt == {"outlet_name": "Ромашка", "address": "Немига", "phone": "", "advert": "Скидки"}
    assert shop.settings(2).receipt == {"outlet_name": "Ромашка", "address": "Восток", "phone": "", "advert": "Скидки"}


def test_two_people_never_overwrite_each_others_texts_silently(shop: Shop) -> None:
    state = base(shop, RECEIPT, sko=FIRST)
    shop.save_behind_the_back(RegisterSettings(receipt=EMPTY | {"phone": "112"}))
    refused = shop.post(f"{RECEIPT}/save", **state, **TEXTS)
    assert refused.status_code == 409
    assert "Somebody else has saved settings meanwhile" in text_of(refused)
    assert "Магазин «Ромашка»" in text_of(refused)
    assert shop.settings().receipt["phone"] == "112"


def test_the_sample_shows_at_the_width_of_the_printer_where_each_text_goes(shop: Shop) -> None:
    advert = "Приходите к нам ещё, у нас всегда свежий хлеб"
    page = shop.post(f"{RECEIPT}/sample", sko=FIRST, **(TEXTS | {"advert": advert})).get_data(as_text=True)
    lines = page[page.index('class="sample"') :].split("<code>")[1:]
    printed = [line.split("</code>")[0].rstrip() for line in lines]
    assert all(len(line) <= 34 for line in printed)
    assert printed[:3] == ["Магазин «Ромашка»", "Минск", "+375 17 200-00-00"]
    assert printed[-2:] == [advert[:34].rstrip(), advert[34:]]
    assert "".join(lines_of(advert)) == advert
    names = ("Outlet name", "Address", "Phone/fax", "Advertising text")
    assert [name for line in lines for name in names if f">{name}<" in line.split("</div>")[0]] == list(names)
    assert "[Outlet name]" in shop.get(f"{RECEIPT}/sample", sko=FIRST)
    assert shop.versions() == {}


# --- Smart X ---------------------------------------------------------------------------------------------------------


def test_smart_x_has_lines_for_names_and_numbers_of_goods(shop: Shop) -> None:
    state = base(shop, SMART_RECEIPT, sko=SMART)
    assert "Lines for the name of a product" not in text_of(shop.get(RECEIPT, sko=FIRST))
    shop.post(f"{SMART_RECEIPT}/save", **state, **TEXTS, name_lines="3", number_goods="on")
    assert shop.settings(shop.smart_id).receipt == TEXTS | {"name_lines": 3, "number_goods": True}
    page = text_of(shop.post(f"{SMART_RECEIPT}/sample", sko=SMART, **TEXTS, name_lines="1", number_goods="on"))
    assert "1. Rye bread with caraway seeds, s " in page
    assert "450 g" not in page
    refused = shop.post(f"{SMART_RECEIPT}/save", **base(shop, SMART_RECEIPT, sko=SMART), **TEXTS, name_lines="5")
    assert "Choose from 1 to 4 lines." in text_of(refused)


def test_smart_x_has_no_additional_settings(shop: Shop) -> None:
    assert shop.client.get("/register-settings/smart-x/options").status_code == 404
    assert shop.client.get(OPTIONS, query_string={"sko": SMART}).status_code == 400


# --- switches --------------------------------------------------------------------------------------------------------


def test_there_are_ten_switches_and_nine_rights() -> None:
    assert len(SWITCHES) == 10
    names = ("sales", "refunds", "annulment", "deposit", "withdrawal", "x_report", "z_report", "discounts", "settings")
    assert tuple(RIGHTS) == names


def test_switches_are_saved_for_all_registers(shop: Shop) -> None:
    shop.post(f"{OPTIONS}/save", **base(shop, OPTIONS, all="1"), open_drawer="on", idle_lock="on")
    wanted = dict.fromkeys(SWITCHES, False) | {"open_drawer": True, "idle_lock": True}
    assert shop.settings(1).options == shop.settings(2).options == wanted
    assert "Saved for 2 registers" in text_of(shop.get(OPTIONS))


def test_a_switch_that_differs_stays_as_it_is_unless_it_is_set_for_all(shop: Shop) -> None:
    at_first = options_at_first()
    shop.save_behind_the_back(RegisterSettings(options=at_first | {"free_price": False, "idle_lock": True}), 1)
    both = {"sko": [FIRST, SECOND]}
    page = shop.get(OPTIONS, **both)
    assert page.count("Different: as it is") == 2
    sent = {name: "on" for name, value in at_first.items() if value} | {"free_price": "", "idle_lock": "on"}
    shop.post(f"{OPTIONS}/save", **base(shop, OPTIONS, **both), **sent)
    assert shop.settings(1).options == at_first | {"free_price": False, "idle_lock": True}
    assert shop.settings(2).options == at_first | {"idle_lock": True}


def test_values_that_no_form_sends_change_nothing(shop: Shop) -> None:
    sent = dict.fromkeys(SWITCHES, "maybe")
    shop.post(f"{OPTIONS}/save", **base(shop, OPTIONS, sko=FIRST), **sent)
    assert shop.settings().options in ({}, options_at_first())
