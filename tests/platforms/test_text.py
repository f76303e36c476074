import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from bot.platforms.text import nfc, split_text, utf16_units


def test_decomposed_vietnamese_is_counted_once() -> None:
    assert len(nfc(unicodedata.normalize("NFD", "ế"))) == 1


def test_an_emoji_counts_two_units() -> None:
    assert utf16_units("a😀") == 3


def test_a_split_ends_at_a_sentence() -> None:
    assert split_text("Câu một dài. Câu hai dài hơn.", 20) == ["Câu một dài.", "Câu hai dài hơn."]


def test_an_emoji_with_its_skin_stays_whole() -> None:
    assert split_text("👍🏽" * 3, 3) == ["👍🏽", "👍🏽", "👍🏽"]


def test_nothing_gives_no_part() -> None:
    assert split_text("  \n ", 10) == []


@given(st.text(alphabet=st.characters(exclude_categories=["Mn", "Mc", "Me", "Cs", "Sk", "Cf"])), st.integers(4, 60))
def test_parts_fit_are_never_empty_and_keep_every_letter(text: str, limit: int) -> None:
    parts = split_text(text, limit, utf16_units)
    assert all(part.strip() and utf16_units(part) <= limit for part in parts)
    assert "".join("".join(parts).split()) == "".join(nfc(text).split())


@given(st.text(), st.integers(1, 60))
def test_any_text_is_split(text: str, limit: int) -> None:
    assert all(part for part in split_text(text, limit))
