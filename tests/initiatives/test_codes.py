"""Codes that people read out over the phone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.initiatives import codes

DIGITS = st.text("0123456789", min_size=5, max_size=5)


@given(DIGITS, st.integers(0, 5), st.integers(1, 9))
def test_one_wrong_digit_is_noticed(digits: str, place: int, by: int) -> None:
    whole = digits + codes.check_digit(digits)
    wrong = whole[:place] + str((int(whole[place]) + by) % 10) + whole[place + 1 :]
    assert codes.good(whole)
    assert not codes.good(wrong)


@given(DIGITS, st.integers(0, 4))
def test_two_neighbours_that_changed_places_are_noticed(digits: str, place: int) -> None:
    whole = digits + codes.check_digit(digits)
    swapped = whole[:place] + whole[place + 1] + whole[place] + whole[place + 2 :]
    assert codes.good(swapped) == (whole == swapped)


@pytest.mark.parametrize(
    "said",
    ["SK-48273-3", "sk48273 3", "mã số sk 482733 sao rồi", "SK.48273.3 ạ", "cho hỏi SK-48 27 33"],
)
def test_a_code_is_found_however_it_is_written(said: str) -> None:
    assert codes.read(said) == (["SK-48273-3"], False)


def test_a_slip_is_told_apart_from_no_code() -> None:
    assert codes.read("SK-48273-1") == ([], True)
    assert codes.read("nghị quyết 16 và kế hoạch 487") == ([], False)
    assert codes.read("task 482733") == ([], False)


def test_a_bare_code_only_where_one_is_asked_for() -> None:
    assert codes.read("482733") == ([], False)
    assert codes.read("482733", bare=True) == (["SK-48273-3"], False)


def test_fresh_ones_are_good_and_not_in_order() -> None:
    made = [codes.fresh() for _ in range(50)]
    assert all(codes.read(code) == ([code], False) for code in made)
    assert sorted(made) != made
