"""УНП: only numbers whose check digit is right pass."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sql.unp import is_valid_unp, normalised_unp

# Published: of iKassa's operator, and of large companies and banks in Belarus.
PUBLISHED = ["191832203", "100320487", "100582333", "100069059", "101528843", "100325912", "190533632", "600038906"]


@pytest.mark.parametrize("unp", PUBLISHED)
def test_published_numbers_are_valid(unp: str):
    assert is_valid_unp(unp)


@pytest.mark.parametrize("unp", PUBLISHED)
@given(place=st.integers(0, 8), step=st.integers(1, 9))
def test_one_wrong_digit_is_found(unp: str, place: int, step: int):
    wrong = unp[:place] + str((int(unp[place]) + step) % 10) + unp[place + 1 :]
    assert not is_valid_unp(wrong)


@pytest.mark.parametrize(
    "unp", ["", "19183220", "1918322031", "19183220A", "Z91832203", "AZ1832203", "1A1832203", "١٩١٨٣٢٢٠٣", "191832²03"]
)
def test_what_is_no_number_at_all_is_invalid(unp: str):
    assert not is_valid_unp(unp)


def test_a_persons_number_begins_with_letters():
    # A counts 10 (base 36), B is the second of its row: 29·10 + 23·1 + 19·1 = 332 = 30·11 + 2
    assert is_valid_unp("AB1000002")
    assert not is_valid_unp("AB1000003")
    assert not is_valid_unp("BA1000002")


def test_a_remainder_of_ten_is_never_issued():
    # 29·0 + 23·0 + 19·0 + 17·0 + 13·0 + 7·3 = 21 = 11 + 10
    assert not any(is_valid_unp(f"00000300{digit}") for digit in "0123456789")


def test_cyrillic_letters_and_spaces_are_forgiven():
    assert normalised_unp(" ав 1000002 ") == "AB1000002"
