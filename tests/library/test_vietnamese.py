import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.library.vietnamese import fold, marked_words, normalise, topics, with_readings


def test_tone_marks_and_both_placements_fold_to_one() -> None:
    assert fold("Hoà") == fold("Hòa") == fold("hoa")


def test_d_with_stroke_is_a_d() -> None:
    assert fold("Đoàn viên") == "doan vien"


def test_composed_and_decomposed_letters_are_the_same() -> None:
    assert normalise(unicodedata.normalize("NFD", "sáng kiến")) == normalise("sáng kiến")


def test_short_forms_are_spelled_out() -> None:
    assert normalise("cty ko cho z") == "cong ty khong cho vay"


def test_short_forms_with_several_readings_keep_them_all() -> None:
    assert normalise("sk cua e") == "sk cua e"
    assert with_readings("sk cua e") == "sk sang kien suc khoe cua e"


@pytest.mark.parametrize("text", ["5 k", "10 v"])
def test_a_single_letter_after_a_number_is_no_particle(text: str) -> None:
    assert normalise(text) == text


def test_raw_telex_keys_are_undone() -> None:
    assert normalise("Nghij quyeets nafo dduwowcj") == "nghi quyet nao duoc"


def test_stretched_vowels_shrink_but_numbers_do_not() -> None:
    assert normalise("saoooo 1000") == "sao 1000"


def test_a_word_keeps_the_marks_it_was_written_with() -> None:
    plain, marked = marked_words("dung đừng")
    assert plain.plain == marked.plain == "dung"
    assert not plain.marks
    assert len(marked.marks) == 3  # the stroke, the horn, the tone


def test_topics_are_found_by_whole_words() -> None:
    assert "pay" in topics(normalise("tiền LƯƠNG tháng này"))
    assert "pay" not in topics(normalise("chất lượngg"))


@given(st.text())
def test_any_text_is_taken_and_folding_twice_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)
    normalise(text)


@given(
    st.text(
        alphabet="aàảãáạăằẳẵắặâầẩẫấậbcdđeèẻẽéẹêềểễếệghiìỉĩíịklmnoòỏõóọôồổỗốộơờởỡớợpqrst"
        "uùủũúụưừửữứựvxyỳỷỹýỵ 0123456789?.,"
    )
)
def test_a_message_and_its_twin_without_marks_are_one(text: str) -> None:
    assert normalise(text) == normalise(fold(text))
