"""Every event that Messenger sends, and how we read it. The files are in tests/payloads/messenger."""

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
from bot.platforms.messenger import MessengerPlatform
from bot.platforms.messenger.webhook import KINDS
from tests.platforms.messenger.conftest import APP, NOW, USER

PAYLOADS = Path(__file__).parents[2] / "payloads" / "messenger"
AT = datetime(2026, 9, 21, 14, 13, 20, 1000, tzinfo=UTC)
CDN = "https://scontent.xx.fbcdn.net/v/t1.15752-9/"
K = InboundKind


def says(kind: InboundKind, **more: Any) -> Inbound:
    """An act of the person that opens the window."""
    return Inbound(kind, USER, AT, opens_window=True, **more)


def tells(kind: InboundKind, **more: Any) -> Inbound:
    return Inbound(kind, USER, AT, **more)


def attached(name: str, *attachments: Attachment, text: str = "") -> Inbound:
    return says(K.ATTACHMENT, message_id=f"m_message_{name}", attachments=attachments, text=text)


LINK = "Ngày hội"
STICKER = Attachment("sticker", CDN + "s.png")
EXPECTED: dict[str, Inbound] = {
    "message_text": says(K.TEXT, text="Sáng kiến được thưởng bao nhiêu/lần?", message_id="m_message_text"),
    "message_text_with_emoji": says(K.TEXT, text="Cảm ơn nhiều 👍🏽", message_id="m_message_text_with_emoji"),
    "message_text_decomposed": says(K.TEXT, text="Đăng ký ngày hội", message_id="m_message_text_decomposed"),
    "message_quick_reply": says(
        K.CHOICE, text="Có, gửi đi", payload="@@1:initiative/send", message_id="m_message_quick_reply"
    ),
    "message_quick_reply_start": says(
        K.START, text="Bắt đầu", payload="@@1:start", message_id="m_message_quick_reply_start"
    ),
    "message_without_content": says(K.UNSUPPORTED, message_id="m_message_without_content"),
    "message_with_commands": says(K.TEXT, text="/trogiup", message_id="m_message_with_commands"),
    "message_image": attached("image", Attachment("image", CDN + "1.jpg?_nc=1")),
    "message_image_with_text": attached("image_with_text", Attachment("image", CDN + "2.jpg"), text="Ảnh máy ép"),
    "message_several_images": attached(
        "several_images", Attachment("image", CDN + "3.jpg"), Attachment("image", CDN + "4.jpg")
    ),
    "message_audio": attached("audio", Attachment("audio", "https://cdn.fbsbx.com/v/a.mp4")),
    "message_video": attached("video", Attachment("video", "https://video.xx.fbcdn.net/v/v.mp4")),
    "message_file": attached(
        "file", Attachment("file", "https://cdn.fbsbx.com/v/t59/s%C3%A1ng-ki%E1%BA%BFn.docx?dl=1")
    ),
    "message_sticker": attached("sticker", STICKER),
    "message_sticker_with_image_twin": attached("sticker_with_image_twin", STICKER),
    "message_sticker_as_image": attached("sticker_as_image", STICKER),
    "message_thumbs_up": attached("thumbs_up", Attachment("sticker", CDN + "up.png", "👍")),
    "message_reel": attached("reel", Attachment("link", "https://www.facebook.com/reel/9", LINK)),
    "message_ig_reel": attached("ig_reel", Attachment("link", "https://www.facebook.com/ig_reel/9", LINK)),
    "message_post": attached("post", Attachment("link", "https://www.facebook.com/post/9", LINK)),
    "message_ig_post": attached("ig_post", Attachment("link", "https://www.facebook.com/ig_post/9", LINK)),
    "message_share": attached("share", Attachment("link", "https://www.facebook.com/share/p/1/")),
    "message_appointment_booking": attached("appointment_booking", Attachment("other", None, "Hẹn gặp")),
    "message_template": attached("template", Attachment("other")),
    "message_fallback": attached("fallback", Attachment("link", "https://example.vn/x", "Cổng sáng kiến")),
    "message_fallback_with_text": says(
        K.TEXT,
        text="https://example.vn/kế-hoạch xem giúp",
        message_id="m_message_fallback_with_text",
        attachments=(Attachment("link", "https://example.vn/x", "Kế hoạch"),),
    ),
    "message_location": attached("location", Attachment("location", None, "Vị trí")),
    "message_unknown_attachment": attached("unknown_attachment", Attachment("other")),
    "message_referral_ad": says(K.TEXT, text="Cho hỏi", message_id="m_message_referral_ad"),
    "message_referral_product": says(K.TEXT, text="Còn không?", message_id="m_message_referral_product"),
    "echo_own": tells(K.ECHO, text="Đã nhận sáng kiến.", message_id="m_echo_own", tag="out-42", own=True),
    "echo_own_without_metadata": tells(K.ECHO, text="Đã nhận.", message_id="m_echo_own_without_metadata", own=True),
    "echo_page_inbox": tells(K.ECHO, text="Chị gọi lại cho em nhé", message_id="m_echo_page_inbox"),
    "echo_other_app_with_image": tells(
        K.ECHO,
        message_id="m_echo_other_app_with_image",
        tag="crm-9",
        attachments=(Attachment("image", CDN + "e.jpg"),),
    ),
    "echo_without_app": tells(K.ECHO, text="Chào bạn", message_id="m_echo_without_app"),
    "message_edit": tells(K.EDIT, text="Sáng kiến được thưởng mấy triệu?", message_id="m_message_text"),
    "postback": says(K.CHOICE, text="Gửi sáng kiến", payload="@@1:initiative", message_id="m_postback"),
    "postback_old_without_mid": Inbound(
        K.CHOICE, USER, AT.replace(microsecond=0), text="Trợ giúp", payload="@@1:help", opens_window=True
    ),
    "postback_get_started": says(K.START, text="Bắt đầu", payload="START", message_id="m_postback_get_started"),
    "postback_start_from_menu": says(
        K.START, text="Bắt đầu", payload="@@1:start", message_id="m_postback_start_from_menu"
    ),
    "postback_get_started_by_link": says(
        K.START, text="Bắt đầu", payload="ngay-hoi_18-5", message_id="m_postback_get_started_by_link"
    ),
    "referral_link": says(K.REFERRAL, payload="news1"),
    "referral_link_without_source": says(K.REFERRAL, payload="news1"),
    "referral_link_without_ref": says(K.REFERRAL),
    "referral_ad": tells(K.REFERRAL, payload="ad1"),
    "optin_notification_messages": tells(
        K.OPTIN, payload="@@1:news", token="nmt-1", until=datetime(2027, 1, 15, 8, 0, tzinfo=UTC)
    ),
    "optin_stop": tells(K.OPTIN, payload="@@1:news", text="stop_notifications", token="nmt-1"),
    "optin_resume": tells(K.OPTIN, payload="@@1:news", text="resume_notifications", token="nmt-1"),
    "optin_one_time": tells(K.OPTIN, payload="@@1:once"),
    "optin_plugin": tells(K.OPTIN, payload="web"),
    "delivery": tells(
        K.DELIVERED, message_ids=("m_out_1", "m_out_2"), watermark=AT.replace(second=19, microsecond=996000)
    ),
    "delivery_without_mids": tells(K.DELIVERED, watermark=AT.replace(second=19, microsecond=996000)),
    "read": tells(K.READ, watermark=AT.replace(second=19, microsecond=998000)),
    "reaction_react": says(K.REACTION, text="❤️", payload="react", message_id="m_out_1"),
    "reaction_unreact": tells(K.REACTION, text="love", payload="unreact", message_id="m_out_1"),
    "pass_thread_control_to_us": tells(K.CONTROL, own=True),
    "pass_thread_control_from_nobody": tells(K.CONTROL),
    "take_thread_control": tells(K.CONTROL),
    "policy_enforcement_warning": Inbound(K.NOTICE, None, AT, text="policy_enforcement.warning"),
    "policy_enforcement_block": Inbound(K.NOTICE, None, AT, text="policy_enforcement.block"),
    "policy_enforcement_unblock": Inbound(K.NOTICE, None, AT, text="policy_enforcement.unblock"),
    "standby_message": says(K.TEXT, text="Có ai không ạ?", message_id="m_standby_message", standby=True),
    "standby_postback_without_payload": says(K.CHOICE, text="Có", standby=True),
    "standby_echo": tells(K.ECHO, text="Chị đây", message_id="m_standby_echo", standby=True),
    "standby_delivery": tells(K.DELIVERED, watermark=AT, standby=True),
    "message_template_status_update": Inbound(
        K.NOTICE, None, AT.replace(microsecond=123000), text="template_status.approved"
    ),
    "messenger_template_status_update": Inbound(
        K.NOTICE, None, AT.replace(microsecond=123000), text="template_status.approved"
    ),
}

#: Files without an event that is ours; test_webhook.py holds them to that.
LEFT_OUT = {"account_linking", "request_thread_control", "app_roles", "reaction_by_page"}
LEFT_OUT |= {"postback_by_user_ref", "optin_plugin_by_user_ref"}


def test_every_file_is_expected() -> None:
    files = {path.stem for path in PAYLOADS.glob("*.json") if not path.stem.startswith("ignored_")}
    assert files - LEFT_OUT - {"batch"} == set(EXPECTED)


@pytest.mark.parametrize("name", EXPECTED)
def test_read(messenger: MessengerPlatform, name: str) -> None:
    (event,) = messenger.split((PAYLOADS / f"{name}.json").read_bytes())
    inbound = messenger.read(event.body)
    assert inbound == EXPECTED[name]
    assert (event.user_id, event.at) == (inbound.user_id, inbound.at)


def test_an_event_survives_the_database(messenger: MessengerPlatform) -> None:
    """What `split` gives is stored as JSON and read later, perhaps by another process."""
    for name, expected in EXPECTED.items():
        (event,) = messenger.split((PAYLOADS / f"{name}.json").read_bytes())
        assert messenger.read(json.loads(json.dumps(event.body))) == expected


def test_apps_are_asked_for_each_time(http: Http) -> None:
    """An account added while the process runs brings an app that was not known at its start."""
    known: set[str] = set()
    platform = MessengerPlatform(http, lambda: NOW, app_ids=lambda: frozenset(known))
    (event,) = platform.split((PAYLOADS / "echo_own_without_metadata.json").read_bytes())
    assert platform.read(event.body).own is False
    known.add(APP)
    assert platform.read(event.body).own is True


ODD = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3),
)
KIND = st.sampled_from(KINDS)
FIELD_NAMES = """mid text quick_reply payload attachments is_echo app_id metadata referral ref action emoji mids
    watermark new_owner_app_id title type"""
FIELD = st.sampled_from(FIELD_NAMES.split())
FIELDS = st.dictionaries(FIELD, ODD | st.dictionaries(FIELD, ODD) | st.lists(st.dictionaries(FIELD, ODD), max_size=2))


@given(KIND, FIELDS, ODD)
def test_known_kinds_with_odd_fields_never_raise(kind: str, fields: dict[str, Any], stamp: Any) -> None:
    platform = MessengerPlatform(Http(), lambda: NOW)
    item = {"sender": {"id": USER}, "recipient": {"id": "1"}, "timestamp": stamp, kind: fields}
    body = json.dumps({"object": "page", "entry": [{"id": "1", "time": stamp, "messaging": [item]}]}).encode()
    for event in platform.split(body):
        assert isinstance(platform.read(event.body), Inbound)
    assert isinstance(platform.read({"item": item}), Inbound)
