"""Every event that Zalo sends, and how we read it. The files are in tests/payloads/zalo."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.messages import Attachment, Inbound, InboundKind
from bot.platforms.http import Http
from bot.platforms.zalo import ZaloPlatform
from bot.platforms.zalo.webhook import ANONYMOUS, EVENTS
from tests.platforms.zalo.conftest import NOW, OA, USER

PAYLOADS = Path(__file__).parents[2] / "payloads" / "zalo"
AT = datetime(2026, 9, 21, 14, 13, 20, 1000, tzinfo=UTC)
CDN = "https://chat.zdn.vn/"
VISITOR = f"{ANONYMOUS}an0nym0us:c0nv"
K = InboundKind


def says(kind: InboundKind, **more: Any) -> Inbound:
    """An act of the person that opens the window."""
    return Inbound(kind, USER, AT, opens_window=True, **more)


def tells(kind: InboundKind, **more: Any) -> Inbound:
    return Inbound(kind, USER, AT, **more)


def attached(name: str, *attachments: Attachment, text: str = "") -> Inbound:
    return says(K.ATTACHMENT, message_id=f"m_{name}", attachments=attachments, text=text)


def visits(kind: InboundKind, name: str, **more: Any) -> Inbound:
    return Inbound(kind, VISITOR, AT, message_id=f"m_visitor_{name}", opens_window=True, **more)


def noted(text: str, user: str | None = None, **more: Any) -> Inbound:
    return Inbound(K.NOTICE, user, AT, text=text, **more)


PLACE = Attachment("location", None, "10.7769, 106.7009")
CARD = Attachment("contact", "tel:+84900000001", "Trần Thị Bích")
FORM = Attachment("contact", "tel:+84900000002", "Nguyễn Văn Ổn")
EXPECTED: dict[str, Inbound] = {
    "message_text_of_the_contract": Inbound(
        K.TEXT, USER, AT.replace(microsecond=0), text="Xin chào", message_id="a1b2c3d4e5f60718", opens_window=True
    ),
    "message_text": says(K.TEXT, text="Sáng kiến được thưởng bao nhiêu/lần?", message_id="m_message_text"),
    "message_text_decomposed": says(K.TEXT, text="Đăng ký ngày hội", message_id="m_message_text_decomposed"),
    "message_text_as_reply": says(K.TEXT, text="Cảm ơn công đoàn 👍🏽", message_id="m_message_text_as_reply"),
    "message_text_with_link_preview": says(
        K.TEXT,
        text="https://congdoan.example.vn/kế-hoạch xem giúp em",
        message_id="m_message_text_with_link_preview",
        attachments=(Attachment("link", "https://congdoan.example.vn/x"),),
    ),
    "message_with_numbers_for_ids": says(K.TEXT, text="Chào anh", message_id="m_message_with_numbers_for_ids"),
    "message_without_content": says(K.UNSUPPORTED, message_id="m_message_without_content"),
    "button_pressed": says(K.CHOICE, payload="@@1:initiative/send", message_id="m_button_pressed"),
    "button_pressed_start": says(K.START, payload="@@1:start", message_id="m_button_pressed_start"),
    "message_image": attached("message_image", Attachment("image", CDN + "1.jpg")),
    "message_image_with_text": attached(
        "message_image_with_text", Attachment("image", CDN + "2.jpg"), text="Ảnh máy ép sau cải tiến"
    ),
    "message_several_images": attached(
        "message_several_images",
        Attachment("image", CDN + "3.jpg"),
        Attachment("image", CDN + "4.jpg"),
        text="Trước và sau",
    ),
    "message_gif": attached("message_gif", Attachment("image", CDN + "g.gif")),
    "message_file": attached("message_file", Attachment("file", CDN + "f", "Sáng kiến tổ 3.docx")),
    "message_audio": attached("message_audio", Attachment("audio", CDN + "a.amr")),
    "message_video": attached("message_video", Attachment("video", CDN + "v.mp4")),
    "message_sticker": attached("message_sticker", Attachment("sticker", CDN + "s.png")),
    "message_location": attached("message_location", PLACE),
    "message_location_in_numbers": attached("message_location_in_numbers", PLACE),
    "message_location_without_place": attached("message_location_without_place", Attachment("location")),
    "message_link": says(
        K.TEXT,
        text="Đọc bài này chưa ạ",
        message_id="m_message_link",
        attachments=(Attachment("link", "https://baolaodong.example.vn/1"),),
    ),
    "message_link_alone": attached("message_link_alone", Attachment("link", "https://baolaodong.example.vn/2")),
    "message_business_card": attached("message_business_card", CARD),
    "message_business_card_as_link": attached("message_business_card_as_link", CARD),
    "message_unknown_attachment": attached("message_unknown_attachment", Attachment("other", CDN + "h")),
    "visitor_text": visits(K.TEXT, "text", text="Cho hỏi về quỹ trợ cấp"),
    "visitor_image": visits(K.ATTACHMENT, "image", attachments=(Attachment("image", CDN + "5.jpg"),)),
    "visitor_file": visits(K.ATTACHMENT, "file", attachments=(Attachment("file", CDN + "f2", "Đơn.pdf"),)),
    "visitor_sticker": visits(K.ATTACHMENT, "sticker", attachments=(Attachment("sticker", CDN + "s9.png"),)),
    "follow": says(K.FOLLOW),
    "unfollow": tells(K.UNFOLLOW),
    "chat_opened": says(K.START),
    "info_submitted": tells(K.ATTACHMENT, attachments=(FORM,)),
    "info_submitted_old_form": tells(K.ATTACHMENT, attachments=(FORM,)),
    "reaction": tells(K.REACTION, text="/-heart", message_id="m_out_1"),
    "rating": tells(K.REACTION, message_id="m_out_2"),
    "template_button_pressed": tells(K.REACTION, message_id="m_out_3"),
    "widget_accepted": says(K.OPTIN, payload="thẻ-0042"),
    "widget_failed": noted("widget_failed_to_sync_user_external_id", USER),
    "consent_withdrawn": tells(K.ERASURE),
    "consent_withdrawn_by_unknown": noted("user_withdraw"),
    "echo_own": tells(K.ECHO, text="Đã nhận sáng kiến.", message_id="m_out_1", own=True),
    "echo_own_template": tells(
        K.ECHO, text="Chọn một mục", message_id="m_out_4", attachments=(Attachment("other"),), own=True
    ),
    "echo_of_a_person": tells(K.ECHO, text="Chị gọi lại cho em nhé", message_id="m_out_5"),
    "echo_of_a_person_with_image": tells(
        K.ECHO, text="Sơ đồ ạ", message_id="m_out_6", attachments=(Attachment("image", CDN + "e.jpg"),)
    ),
    "echo_gif": tells(K.ECHO, message_id="m_out_7", attachments=(Attachment("image", CDN + "e.gif"),), own=True),
    "echo_list": tells(
        K.ECHO,
        message_id="m_out_8",
        attachments=(Attachment("link", "https://congdoan.example.vn/kh487"),),
        own=True,
    ),
    "echo_file": tells(
        K.ECHO, message_id="m_out_9", attachments=(Attachment("file", CDN + "kh", "Kế hoạch 487.pdf"),), own=True
    ),
    "echo_sticker": tells(
        K.ECHO, message_id="m_out_10", attachments=(Attachment("sticker", CDN + "s7.png"),), own=True
    ),
    "received": tells(K.DELIVERED, message_ids=("m_out_1",)),
    "received_the_other_way_round": tells(K.DELIVERED, message_ids=("m_out_11",)),
    "received_by_phone": Inbound(K.DELIVERED, None, AT, message_ids=("zns_1",), tag="out-42"),
    "seen": tells(K.READ, message_ids=("m_out_1", "m_out_4")),
    "seen_the_other_way_round": tells(K.READ, message_ids=("m_out_11",)),
    "template_status_changed": noted("template_status.reject", payload="487001"),
    "template_quality_changed": noted("change_template_quality"),
    "daily_quota_changed": noted("change_oa_daily_quota", payload="5000"),
}


def test_every_file_is_expected() -> None:
    """The others hold no event that is ours; test_webhook.py holds them to that."""
    files = {path.stem for path in PAYLOADS.glob("*.json") if not path.stem.startswith("ignored_")}
    assert files - {"visitor_without_conversation"} == set(EXPECTED)


def test_every_event_has_a_file() -> None:
    seen = {json.loads((PAYLOADS / f"{name}.json").read_bytes())["event_name"] for name in EXPECTED}
    assert seen == set(EVENTS)


@pytest.mark.parametrize("name", EXPECTED)
def test_read(zalo: ZaloPlatform, name: str) -> None:
    (event,) = zalo.split((PAYLOADS / f"{name}.json").read_bytes())
    inbound = zalo.read(event.body)
    assert inbound == EXPECTED[name]
    assert (event.user_id, event.at) == (inbound.user_id, inbound.at)


def test_an_event_survives_the_database(zalo: ZaloPlatform) -> None:
    """What `split` gives is stored as JSON and read later, perhaps by another process."""
    for name, expected in EXPECTED.items():
        (event,) = zalo.split((PAYLOADS / f"{name}.json").read_bytes())
        assert zalo.read(json.loads(json.dumps(event.body))) == expected


def test_oas_are_asked_for_each_time(http: Http) -> None:
    """An account added while the process runs brings an OA that was not known at its start."""
    known: set[str] = set()
    platform = ZaloPlatform(http, lambda: NOW, oa_ids=lambda: frozenset(known))
    body = (PAYLOADS / "received_the_other_way_round.json").read_bytes()
    assert platform.split(body)[0].user_id == OA
    known.add(OA)
    assert platform.split(body)[0].user_id == USER


@pytest.mark.parametrize(
    ("phone", "url"),
    [
        ("84900000001", "tel:+84900000001"),
        (84900000001, "tel:+84900000001"),
        ("+84900000001", "tel:+84900000001"),
        ("0900000001", "tel:0900000001"),
        ("không có", None),
        ("javascript:alert(1)", None),
        ("", None),
        (None, None),
        (True, None),
    ],
)
def test_telephone(zalo: ZaloPlatform, phone: object, url: str | None) -> None:
    body = json.loads((PAYLOADS / "info_submitted.json").read_bytes())
    body["info"]["phone"] = phone
    (event,) = zalo.split(json.dumps(body).encode())
    assert zalo.read(event.body).attachments == (Attachment("contact", url, "Nguyễn Văn Ổn"),)


ODD = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3),
)
FIELD_NAMES = """id admin_id msg_id msg_ids text attachments type payload url name description coordinates latitude
    react_icon conversation_id delivery_time tracking_id phone user_id user_external_id new_status new_value"""
FIELD = st.sampled_from(FIELD_NAMES.split())
FIELDS = st.dictionaries(FIELD, ODD | st.dictionaries(FIELD, ODD) | st.lists(st.dictionaries(FIELD, ODD), max_size=2))
MEMBERS = ("message", "info", "data", "follower", "status", "quota", "user_id", "oa_id", "msg_id", "template_id")


@given(st.sampled_from(sorted(EVENTS)), st.dictionaries(st.sampled_from(MEMBERS), FIELDS | ODD), ODD)
def test_known_events_with_odd_members_never_raise(name: str, members: dict[str, Any], stamp: Any) -> None:
    platform = ZaloPlatform(Http(), lambda: NOW)
    body = {"event_name": name, "sender": {"id": "1"}, "recipient": {"id": "2"}, "timestamp": stamp, **members}
    for event in platform.split(json.dumps(body).encode()):
        assert isinstance(platform.read(event.body), Inbound)
    assert isinstance(platform.read({"event": body, "user": "1"}), Inbound)
