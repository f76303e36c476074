import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from bot.library.vietnamese import fold, normalise


def test_tone_marks_and_both_placements_fold_to_one() -> None:
    assert fold("Hoà") == fold("Hòa") == fold("hoa")


def test_d_with_stroke_is_a_d() -> None:
    assert fold("Đoàn viên") == "doan vien"


def test_composed_and_decomposed_letters_are_the_same() -> None:
    assert normalise(unicodedata.normalize("NFD", "sáng kiến")) == normalise("sáng kiến")


def test_short_forms_are_spelled_out() -> None:
    assert normalise("cty ko cho z") == "cong ty khong cho vay"


def test_short_forms_with_two_readings_are_left_alone() -> None:
    assert normalise("sk dk kh cd") == "sk dk kh cd"


def test_raw_telex_keys_are_undone() -> None:
    assert normalise("Nghij quyeets nafo dduwowcj") == "nghi quyet nao duoc"


def test_stretched_vowels_shrink() -> None:
    assert normalise("saoooo") == "sao"


@given(st.text())
def test_any_text_is_taken_and_folding_twice_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)
    normalise(text)
