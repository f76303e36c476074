"""A message cut into what Meta takes."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.messages import Button, Outbound
from bot.platforms.messenger.sending import parts, shorten
from bot.platforms.text import utf16_units
from tests.platforms.messenger.conftest import message_complaint

SENTENCE = "Kế hoạch 487 có nhiều nội dung. "


def choice(title: str, payload: str = "@@1:x") -> Button:
    return Button(title, payload=payload)


def link(title: str) -> Button:
    return Button(title, url="https://example.vn/kh487")


def bodies(message: Outbound) -> list[dict[str, Any]]:
    return [cast("dict[str, Any]", part.body) for part in parts(message)]


def quick(title: str) -> dict[str, str]:
    return {"content_type": "text", "title": title, "payload": "@@1:x"}


def template(body: Mapping[str, Any]) -> tuple[str, list[str]]:
    payload = body["attachment"]["payload"]
    return payload["text"], [button["title"] for button in payload["buttons"]]


def test_a_short_text_is_one_part() -> None:
    assert bodies(Outbound("Xin chào")) == [{"text": "Xin chào"}]


def test_text_goes_in_nfc() -> None:
    assert bodies(Outbound(unicodedata.normalize("NFD", "Đồng ý"))) == [{"text": "Đồng ý"}]


@pytest.mark.parametrize("text", ["", "  \n "])
def test_nothing_to_say_is_no_part(text: str) -> None:
    assert bodies(Outbound(text)) == []


def test_quick_replies_stand_on_the_last_part() -> None:
    first, last = bodies(Outbound((SENTENCE * 70).strip(), (choice("Có"), choice("Không"))))
    assert set(first) == {"text"}
    assert last["quick_replies"] == [quick("Có"), quick("Không")]
    assert utf16_units(first["text"]) <= 1900
    assert first["text"].endswith(".")


def test_sticky_buttons_are_a_template() -> None:
    (body,) = bodies(Outbound("Duyệt?", (choice("Có"), choice("Không")), sticky=True))
    assert body == {
        "attachment": {
            "type": "template",
            "payload": {
                "template_type": "button",
                "text": "Duyệt?",
                "buttons": [
                    {"type": "postback", "title": "Có", "payload": "@@1:x"},
                    {"type": "postback", "title": "Không", "payload": "@@1:x"},
                ],
            },
        }
    }


def test_a_link_makes_a_template() -> None:
    (body,) = bodies(Outbound("Xem thêm", (choice("Có"), link("Kế hoạch"))))
    assert body["attachment"]["payload"]["buttons"][1] == {
        "type": "web_url",
        "title": "Kế hoạch",
        "url": "https://example.vn/kh487",
    }


def test_a_long_text_goes_before_its_template() -> None:
    text = (SENTENCE * 40).strip()
    *first, last = bodies(Outbound(text, (choice("Có"),), sticky=True))
    tail, titles = template(last)
    assert titles == ["Có"]
    assert len(first) == 1
    assert f"{first[0]['text']} {tail}" == text


def test_many_buttons_with_links_are_quick_replies_and_lines_of_text() -> None:
    (body,) = bodies(Outbound("Chọn:", (choice("Một"), choice("Hai"), choice("Ba"), link("Kế hoạch"))))
    assert body["text"] == "Chọn:\nKế hoạch: https://example.vn/kh487"
    assert body["quick_replies"] == [quick("Một"), quick("Hai"), quick("Ba")]


def test_many_links_are_lines_of_text() -> None:
    (body,) = bodies(Outbound("Xem:", tuple(link(str(n)) for n in range(4))))
    assert set(body) == {"text"}
    assert body["text"].count("https://") == 4


def test_sticky_and_too_many_with_links_keeps_one_template() -> None:
    (body,) = bodies(Outbound("Chọn:", (*map(choice, "abc"), link("Kế hoạch")), sticky=True))
    assert template(body) == ("Chọn:\nKế hoạch: https://example.vn/kh487", ["a", "b", "c"])


def test_more_than_three_sticky_choices_need_several_templates() -> None:
    found = [template(body) for body in bodies(Outbound("Chọn:", tuple(map(choice, "abcd")), sticky=True))]
    assert found == [("Chọn:", ["a", "b", "c"]), ("…", ["d"])]


def test_no_choice_is_lost_beyond_thirteen() -> None:
    names = "abcdefghijklmn"
    found = [template(body) for body in bodies(Outbound("Chọn:", tuple(map(choice, names))))]
    assert "".join(title for _, titles in found for title in titles) == names


def test_choices_without_words_get_a_sign() -> None:
    assert bodies(Outbound("", (choice("Có"),)))[0]["text"] == "…"


def test_a_payload_is_never_cut() -> None:
    with pytest.raises(ValueError, match="longer than 1000"):
        parts(Outbound("Chọn:", (choice("Có", "x" * 1001),)))


@pytest.mark.parametrize(
    ("title", "shown"),
    [
        ("Gửi sáng kiến", "Gửi sáng kiến"),
        ("Gửi sáng kiến cải tiến kỹ thuật", "Gửi sáng kiến cải t…"),
        ("12345678901234567 👨‍👩‍👧", "12345678901234567…"),
        ("123456789012345678👍🏽", "123456789012345678…"),
        ("12345678901234567🇻🇳", "12345678901234567…"),
        ("1234567890123456🇻🇳", "1234567890123456🇻🇳"),
        (unicodedata.normalize("NFD", "ầ") * 20, "ầ" * 20),
        ("x\u0323\u0302" * 10, "x\u0323\u0302" * 6 + "…"),
        ("", "…"),
    ],
)
def test_titles_are_cut_between_what_people_see(title: str, shown: str) -> None:
    assert shorten(title) == shown


TITLES = st.text(max_size=40)
CHOICES = st.builds(lambda title: Button(title, payload="@@1:x"), TITLES)
LINKS = st.builds(lambda title: Button(title, url="https://example.vn/"), TITLES)
MESSAGES = st.builds(
    Outbound,
    text=st.text(max_size=60) | st.builds(lambda word, times: (word + " ") * times, st.text(), st.integers(0, 500)),
    buttons=st.lists(CHOICES | LINKS, max_size=16).map(tuple),
    sticky=st.booleans(),
)


@given(MESSAGES)
def test_whatever_is_said_meta_takes_it(message: Outbound) -> None:
    for part in parts(message):
        assert message_complaint(dict(part.body)) is None
        assert part.menu == ()


@given(MESSAGES)
def test_every_choice_is_offered_once(message: Outbound) -> None:
    offered = sum(_choices(dict(part.body)) for part in parts(message))
    assert offered == sum(button.payload is not None for button in message.buttons)


def _choices(body: dict[str, Any]) -> int:
    if "attachment" in body:
        return sum(button["type"] == "postback" for button in body["attachment"]["payload"]["buttons"])
    return len(body.get("quick_replies", ()))
