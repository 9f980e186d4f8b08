"""Phone numbers as people type them."""

import pytest
from flask import Flask

from webapp.phones import normalised_phone, shown_phone


@pytest.fixture(autouse=True)
def request_context(app: Flask):
    with app.test_request_context():
        yield


@pytest.mark.parametrize(
    "typed",
    [
        "+375291234567",
        "+375 29 123-45-67",
        "+375 (29) 123-45-67",
        "375 29 123 45 67",
        "8 029 123-45-67",
        "8 (029) 123.45.67",
        "00375291234567",
        "29 123-45-67",
        "\u00a0+375\u00a029\u00a01234567 ",
    ],
)
def test_a_number_of_belarus_is_known_however_it_is_typed(typed):
    assert normalised_phone(typed) == "+375291234567"


def test_numbers_of_other_countries_need_their_code():
    assert normalised_phone("+7 916 123-45-67") == "+79161234567"
    assert normalised_phone("+48 512 345 678") == "+48512345678"


WRONG = """\
+
12
+37529123456
+3752912345678
phone
+375 29 123-45-6x
+0123456789
+1111111111111111
89161234567
٢٩١٢٣٤٥٦٧
029 123-45-67
"""


@pytest.mark.parametrize("typed", ["", "+375\n291234567", *WRONG.splitlines()])
def test_what_is_no_whole_number_is_refused_in_words(typed):
    with pytest.raises(ValueError, match=r"\+375 29 123-45-67"):
        normalised_phone(typed)


def test_a_number_is_shown_in_groups():
    assert shown_phone("+375291234567") == "+375 29 123-45-67"
    assert shown_phone("+79161234567") == "+79161234567"
    assert shown_phone("") == ""
