"""A message cut into what Zalo takes."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.messages import Button, Outbound
from bot.platforms.text import utf16_units
from bot.platforms.zalo.sending import MAX_TEXT, _as_text, parts, shorten
from tests.platforms.zalo.conftest import HINT, message_complaint

SENTENCE = "Kế hoạch 487 có nhiều nội dung. "


def choice(title: str, payload: str = "@@1:x") -> Button:
    return Button(title, payload=payload)


def link(title: str) -> Button:
    return Button(title, url="https://example.vn/kh487")


def bodies(message: Outbound, *, buttons: bool = False) -> list[dict[str, Any]]:
    return [cast("dict[str, Any]", part.body) for part in parts(message, buttons=buttons, hint=HINT)]


def test_a_short_text_is_one_part() -> None:
    assert bodies(Outbound("Xin chào")) == [{"text": "Xin chào"}]


def test_text_goes_in_nfc() -> None:
    assert bodies(Outbound(unicodedata.normalize("NFD", "Đồng ý"))) == [{"text": "Đồng ý"}]


@pytest.mark.parametrize("text", ["", "  \n "])
@pytest.mark.parametrize("buttons", [False, True])
def test_nothing_to_say_is_no_part(text: str, *, buttons: bool) -> None:
    assert bodies(Outbound(text), buttons=buttons) == []


def test_a_long_text_is_cut_after_sentences() -> None:
    found = bodies(Outbound(SENTENCE * 150))
    assert len(found) == 3
    assert all(body["text"].endswith(".") and utf16_units(body["text"]) < 2000 for body in found)
    assert " ".join(body["text"] for body in found) == (SENTENCE * 150).strip()


def test_choices_are_numbered_and_the_menu_knows_the_numbers() -> None:
    yes, no = choice("Có,\n  gửi đi", "@@1:yes"), choice("Không", "@@1:no")
    (part,) = parts(Outbound("Gửi sáng kiến?", (yes, link("Kế hoạch"), no)), buttons=False, hint=HINT)
    assert part.body == {
        "text": f"Gửi sáng kiến?\n\nKế hoạch: https://example.vn/kh487\n1. Có, gửi đi\n2. Không\n{HINT}"
    }
    assert part.menu == (yes, no)


def test_links_alone_need_no_hint() -> None:
    (part,) = parts(Outbound("Xem:", (link("Kế hoạch"),)), buttons=False, hint=HINT)
    assert part.body == {"text": "Xem:\n\nKế hoạch: https://example.vn/kh487"}
    assert part.menu == ()


def test_the_list_stands_under_the_last_part() -> None:
    first, last = parts(Outbound(SENTENCE * 70, (choice("Có"),)), buttons=False)
    assert first.menu == ()
    assert last.menu == (choice("Có"),)
    assert str(last.body["text"]).endswith("nội dung.\n\n1. Có")


def test_a_list_that_does_not_fit_under_the_text_stands_alone() -> None:
    text = (SENTENCE * 61).strip()
    assert [body["text"] for body in bodies(Outbound(text, (choice("Có" * 40),)))] == [text, f"1. {'Có' * 40}\n{HINT}"]


def test_no_choice_is_lost_in_a_list_longer_than_a_message() -> None:
    choices = tuple(choice(f"Mục số {number} " + "dài " * 20) for number in range(1, 41))
    found = parts(Outbound("Chọn:", choices), buttons=True)
    assert len(found) == 3
    assert [part.menu for part in found] == [(), (), choices]
    lines = "\n".join(str(part.body["text"]) for part in found).splitlines()
    assert [line.split(".")[0] for line in lines if line[:1].isdigit()] == [str(number) for number in range(1, 41)]


def test_real_buttons() -> None:
    yes = choice("Có", "@@1:yes")
    (part,) = parts(Outbound("Gửi?", (yes, link("Kế hoạch"))), buttons=True, hint=HINT)
    assert part.body == {
        "text": "Gửi?",
        "attachment": {
            "type": "template",
            "payload": {
                "buttons": [
                    {"title": "Có", "type": "oa.query.hide", "payload": "@@1:yes"},
                    {"title": "Kế hoạch", "type": "oa.open.url", "payload": {"url": "https://example.vn/kh487"}},
                ]
            },
        },
    }
    assert part.menu == (yes,)


def test_more_than_five_are_a_list_even_where_buttons_are_on() -> None:
    (body,) = bodies(Outbound("Chọn:", tuple(map(choice, "abcdef"))), buttons=True)
    assert "attachment" not in body
    assert "6. f" in body["text"]


def test_buttons_without_words_get_a_sign() -> None:
    (body,) = bodies(Outbound("", (choice("Có"),)), buttons=True)
    assert body["text"] == "…"
    assert _as_text(body, "") == {"text": "1. Có"}


def test_an_ellipsis_at_the_end_of_a_text_is_the_writer_s() -> None:
    (body,) = bodies(Outbound("Để em xem…", (choice("Có"),)), buttons=True)
    assert _as_text(body, "") == {"text": "Để em xem…\n\n1. Có"}


@pytest.mark.parametrize("buttons", [False, True])
def test_a_payload_is_never_cut(*, buttons: bool) -> None:
    with pytest.raises(ValueError, match="longer than 1000"):
        parts(Outbound("Chọn:", (choice("Có", "x" * 1001),)), buttons=buttons)


@pytest.mark.parametrize(
    ("title", "shown"),
    [
        ("Gửi sáng kiến", "Gửi sáng kiến"),
        (" Gửi\n sáng  kiến ", "Gửi sáng kiến"),
        ("Gửi sáng kiến " * 8, ("Gửi sáng kiến " * 7).strip() + "…"),
        ("x" * 98 + "👍🏽", "x" * 98 + "…"),
        (unicodedata.normalize("NFD", "ầ") * 100, "ầ" * 100),
        (" ", "…"),
    ],
)
def test_titles_are_cut_between_what_people_see(title: str, shown: str) -> None:
    assert shorten(title) == shown


TITLES = st.text(max_size=120)
CHOICES = st.builds(lambda title: Button(title, payload="@@1:x"), TITLES)
LINKS = st.builds(lambda title, path: Button(title, url=f"https://example.vn/{path}"), TITLES, st.text(max_size=50))
MESSAGES = st.builds(
    Outbound,
    text=st.text(max_size=60) | st.builds(lambda word, times: (word + " ") * times, st.text(), st.integers(0, 500)),
    buttons=st.lists(CHOICES | LINKS, max_size=16).map(tuple),
    sticky=st.booleans(),
)


@given(MESSAGES, st.booleans())
def test_whatever_is_said_zalo_takes_it_and_its_fall_back_too(message: Outbound, buttons: bool) -> None:
    for body in bodies(message, buttons=buttons):
        assert message_complaint(body) is None
        plain = _as_text(body, HINT)
        assert (plain is None) == ("attachment" not in body)
        assert plain is None or message_complaint(cast("dict[str, Any]", plain)) is None


@given(MESSAGES, st.booleans())
def test_every_choice_is_offered_once(message: Outbound, buttons: bool) -> None:
    found = parts(message, buttons=buttons)
    wanted = tuple(button for button in message.buttons if button.payload is not None)
    assert tuple(button for part in found for button in part.menu) == wanted
    real = [button for part in found for button in _real(part.body)]
    assert len(real) in (0, len(message.buttons))


@given(MESSAGES)
def test_a_refused_button_reads_as_the_list_would_have_read(message: Outbound) -> None:
    with_buttons, listed = bodies(message, buttons=True), bodies(message)
    if any("attachment" in body for body in with_buttons):
        assert [_as_text(body, HINT) or body for body in with_buttons] == listed


def _real(body: Mapping[str, Any]) -> list[dict[str, Any]]:
    return list(body["attachment"]["payload"]["buttons"]) if "attachment" in body else []


def test_the_limit_leaves_room_below_two_thousand() -> None:
    assert MAX_TEXT < 2000
