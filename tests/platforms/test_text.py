import json
import unicodedata
from collections.abc import Iterator

from hypothesis import given
from hypothesis import strategies as st

from bot.platforms.text import nfc, read_json, split_text, utf16_units


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


_ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(exclude_categories=[])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(st.characters(exclude_categories=[])), inner),
)


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | dict):
        for inner in [*value, *value.values()] if isinstance(value, dict) else value:
            yield from _strings(inner)


def _can_be_kept(text: str) -> bool:
    return not any(letter == "\0" or "\ud800" <= letter <= "\udfff" for letter in text)


@given(_ANY_JSON, st.booleans(), st.sampled_from(["utf-8", "utf-16", "utf-16-le", "utf-32-be"]))
def test_what_is_read_from_json_can_be_kept(value: object, escaped: bool, encoding: str) -> None:
    read = read_json(json.dumps(value, ensure_ascii=escaped).encode(encoding, errors="surrogatepass"))
    assert all(map(_can_be_kept, _strings(read)))
    assert read == value or not all(map(_can_be_kept, _strings(value)))


def test_a_whole_emoji_stays_in_either_spelling() -> None:
    assert read_json(b'"\\ud83d\\ude00"') == read_json('"😀"'.encode()) == "😀"
