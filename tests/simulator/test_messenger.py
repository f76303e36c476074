"""The double of Messenger takes what the contract allows and refuses the rest with Meta's codes."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any

import pytest
import requests

from tests.simulator.conftest import MESSENGER_USER, Desk

REPLY = {"content_type": "text", "title": "Gửi sáng kiến", "payload": "@@1:x"}
POSTBACK = {"type": "postback", "title": "Gửi sáng kiến", "payload": "@@1:x"}
LINK = {"type": "web_url", "title": "Kế hoạch 487", "url": "https://example.vn/"}


def template(*buttons: object, text: str = "Chọn ạ", **more: object) -> dict[str, Any]:
    payload = {"template_type": "button", "text": text, "buttons": list(buttons), **more}
    return {"attachment": {"type": "template", "payload": payload}}


def generic(*elements: object) -> dict[str, Any]:
    return {"attachment": {"type": "template", "payload": {"template_type": "generic", "elements": list(elements)}}}


def code(answer: requests.Response) -> tuple[int, int | None]:
    error = answer.json()["error"]
    assert answer.status_code >= 400
    assert error["fbtrace_id"]
    return error["code"], error.get("error_subcode")


@pytest.fixture
def known(desk: Desk) -> Desk:
    desk.people("messenger")
    return desk


def test_a_message_is_accepted_echoed_and_delivered(known: Desk) -> None:
    known.set("messenger", mids=1)
    answer = known.send({"text": "Xin chào/em", "metadata": "out-42"})
    told = answer.json()
    assert told["recipient_id"] == MESSENGER_USER
    usage = json.loads(answer.headers["X-Business-Use-Case-Usage"])[known.page.external_id][0]
    assert (usage["type"], usage["call_count"]) == ("messenger", 0)
    echo, delivery = known.bot.wait_for("echo", "delivery")
    assert echo.signed
    assert delivery.signed
    assert echo.item["sender"] == {"id": known.page.external_id}
    assert echo.item["message"] == {
        "mid": told["message_id"],
        "is_echo": True,
        "app_id": int(known.page.app_id),
        "text": "Xin chào/em",
        "metadata": "out-42",
    }
    assert delivery.item["delivery"]["mids"] == [told["message_id"]]
    assert delivery.item["delivery"]["watermark"] >= echo.item["timestamp"] - 1000
    assert [(call["text"], call["tag"]) for call in known.look("calls")] == [("Xin chào/em", "out-42")]


def test_a_receipt_may_name_no_message(known: Desk) -> None:
    known.set("messenger", mids=0)
    known.send()
    (delivery,) = known.bot.wait_for("delivery")
    assert set(delivery.item["delivery"]) == {"watermark"}


def test_the_wire_is_escaped_as_metas(desk: Desk) -> None:
    desk.say("messenger", act="text", text="Sáng kiến 1/2 👍")
    (said,) = desk.bot.wait_for("message")
    assert said.signed
    assert rb"S\u00e1ng ki\u1ebfn 1\/2 \ud83d\udc4d" in said.raw
    assert said.raw.isascii()
    sha1 = hmac.new(desk.page.app_secret.encode(), said.raw, hashlib.sha1).hexdigest()
    assert said.headers["X-Hub-Signature"] == f"sha1={sha1}"


@pytest.mark.parametrize(
    "message",
    [
        {"text": "ế" * 1999},
        {"text": "a", "quick_replies": [REPLY] * 13},
        {"text": "a", "quick_replies": [{"content_type": "user_phone_number"}]},
        {"text": "a", "metadata": "m" * 999},
        template(POSTBACK, LINK, {"type": "phone_number", "title": "Gọi", "payload": "+84912345678"}),
        template(POSTBACK, text="a" * 640),
        generic({"title": "Tin", "subtitle": "Ngày 18/5", "buttons": [POSTBACK]}),
        {"attachment": {"type": "image", "payload": {"url": "https://example.vn/a.png"}}},
        {"attachment": {"type": "file", "payload": {"attachment_id": "55"}}},
    ],
)
def test_what_the_contract_allows(known: Desk, message: dict[str, Any]) -> None:
    assert known.send(message).json()["message_id"].startswith("m_")


@pytest.mark.parametrize(
    ("message", "subcode"),
    [
        ({"text": "ế" * 2000}, None),
        ({"text": "😀" * 1000}, None),  # the stricter way to count
        ({"text": " "}, None),
        ({"text": "a\u0301"}, None),  # not NFC
        ({"text": 5}, None),
        ({}, 2018015),
        ({"text": "a", **template(POSTBACK)}, 2018015),
        ({"text": "a", "colour": "red"}, None),
        ({"text": "a", "metadata": "m" * 1000}, None),
        ({"text": "a", "quick_replies": [REPLY] * 14}, None),
        ({"text": "a", "quick_replies": []}, None),
        ({"text": "a", "quick_replies": [{**REPLY, "title": "a" * 21}]}, None),
        ({"text": "a", "quick_replies": [{**REPLY, "title": " "}]}, 2018053),
        ({"text": "a", "quick_replies": [{**REPLY, "payload": "a" * 1001}]}, None),
        ({"text": "a", "quick_replies": [{**REPLY, "content_type": "location"}]}, None),
        (template(), None),
        (template(*[POSTBACK] * 4), None),
        (template(POSTBACK, text="a" * 641), None),
        (template({**POSTBACK, "title": "a" * 21}), None),
        (template({**POSTBACK, "payload": ""}), 2018040),
        (template({**POSTBACK, "url": "https://example.vn"}), None),
        (template({**LINK, "url": "http://example.vn"}), None),
        (template({**LINK, "payload": "x"}), None),
        (template(POSTBACK, sharable=True), None),
        (generic(), None),
        (generic({"title": "Tin"}), None),
        (generic(*[{"title": "Tin", "subtitle": "a"}] * 11), None),
        ({"attachment": {"type": "location", "payload": {}}}, None),
        ({"attachment": {"type": "image", "payload": {"url": "https://example.vn/a", "attachment_id": "5"}}}, None),
    ],
)
def test_what_it_refuses(known: Desk, message: dict[str, Any], subcode: int | None) -> None:
    assert code(known.send(message)) == (100, subcode)
    assert known.look("calls") == []


def test_the_words_for_length(known: Desk) -> None:
    told = known.send({"text": "a" * 2000}).json()["error"]["message"]
    assert told == "(#100) Length of param message.text must be less than or equal to 1999"


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"messaging_type": None}, (100, None)),
        ({"messaging_type": "NEWS"}, (100, None)),
        ({"recipient": {"id": MESSENGER_USER, "user_ref": "a"}}, (100, None)),
        ({"recipient": {}}, (100, None)),
        ({"recipient": {"id": 7770000000000001}}, (100, None)),
        ({"recipient": {"id": "7779999"}}, (100, 2018001)),
        ({"recipient": {"comment_id": "5"}}, (100, 2018001)),
        ({"tag": "HUMAN_AGENT"}, (100, None)),
        ({"messaging_type": "MESSAGE_TAG"}, (100, None)),
        ({"messaging_type": "MESSAGE_TAG", "tag": "ACCOUNT_UPDATE"}, (100, None)),
        ({"messaging_type": "MESSAGE_TAG", "tag": "HUMAN_AGENT"}, (10, None)),
        ({"messaging_type": "UTILITY"}, (100, None)),
        ({"notification_type": "LOUD"}, (100, None)),
        ({"sender_action": "typing_on"}, (100, 2018014)),
        ({"draft": True}, (100, None)),
    ],
)
def test_around_the_message(known: Desk, more: dict[str, Any], expected: tuple[int, int | None]) -> None:
    assert code(known.send(None, **more)) == expected


def test_actions(known: Desk) -> None:
    path = f"v25.0/{known.page.external_id}/messages"
    body = {"recipient": {"id": MESSENGER_USER}, "sender_action": "typing_on"}
    assert known.graph("POST", path, body=body).json() == {"recipient_id": MESSENGER_USER}
    assert code(known.graph("POST", path, body=body | {"sender_action": "dance"})) == (100, None)
    assert known.look("calls") == []


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ({"last_act_s_ago": 86400 + 60}, (10, 2018278)),
        ({"last_act_s_ago": None}, (10, 2018278)),
        ({"blocked": True}, (551, 1545041)),
    ],
)
def test_windows(desk: Desk, state: dict[str, Any], expected: tuple[int, int]) -> None:
    desk.people("messenger", **state)
    assert code(desk.send()) == expected


def test_the_window_is_a_day(desk: Desk) -> None:
    desk.people("messenger", last_act_s_ago=86400 - 60)
    assert desk.send().status_code == 200


def test_a_utility_template_goes_at_any_time(desk: Desk) -> None:
    desk.people("messenger", last_act_s_ago=30 * 86400)
    message = {"template": {"name": "cam_on", "language": {"code": "vi"}}}
    assert code(desk.send(message, messaging_type="UTILITY")) == (100, None)  # not approved
    body = {"type": "BODY", "text": "Công đoàn đã nhận được đơn của anh/chị."}
    made = {"name": "cam_on", "language": "vi", "category": "UTILITY", "components": [body]}
    path = f"v25.0/{desk.page.external_id}/message_templates"
    assert desk.graph("POST", path, body=made).json()["status"] == "APPROVED"
    assert desk.send(message, messaging_type="UTILITY").status_code == 200


def test_while_another_app_has_the_thread(known: Desk) -> None:
    known.say("messenger", act="thread_taken")
    assert code(known.send()) == (2018300, None)
    known.say("messenger")
    taken, said = known.bot.wait_for("take_thread_control", "message")
    assert "standby" in said.json["entry"][0]
    assert taken.item["take_thread_control"]["previous_owner_app_id"] == int(known.page.app_id)
    known.say("messenger", act="thread_passed")
    (passed,) = known.bot.wait_for("pass_thread_control")
    assert passed.item["pass_thread_control"]["new_owner_app_id"] == int(known.page.app_id)
    assert known.send().status_code == 200


@pytest.mark.parametrize(
    ("path", "params", "expected"),
    [
        ("v25.0/{page}/messages", {"access_token": "x"}, (190, None)),
        ("v25.0/{page}/messages", {"access_token": ""}, (2500, None)),
        ("v25.0/{page}/messages", {"appsecret_proof": "0" * 64}, (100, None)),
        ("v25.0/{page}/messages", {"colour": "red"}, (100, None)),
        ("v20.0/{page}/messages", {}, (2500, None)),  # ended on 24 September 2026
        ("{page}/messages", {}, (2500, None)),
        ("v25.0/1234/messages", {}, (100, 33)),
        ("v25.0/{page}/message", {}, (2500, None)),
    ],
)
def test_the_address(known: Desk, path: str, params: dict[str, str], expected: tuple[int, int | None]) -> None:
    body = {"recipient": {"id": MESSENGER_USER}, "messaging_type": "RESPONSE", "message": {"text": "a"}}
    answer = known.graph("POST", path.format(page=known.page.external_id), body=body, **params)
    assert code(answer) == expected


def test_the_proof(known: Desk) -> None:
    path = f"v25.0/{known.page.external_id}"
    proof = hmac.new(known.page.app_secret.encode(), known.page.access_token.encode(), hashlib.sha256).hexdigest()
    known.set("messenger", proof_required=True)
    assert code(known.graph("GET", path)) == (100, None)
    assert known.graph("GET", path, appsecret_proof=proof).json()["id"] == known.page.external_id


def test_a_form_is_not_json(known: Desk) -> None:
    url = f"{known.page.api_url}/v25.0/{known.page.external_id}/messages"
    answer = known.http.post(url, params={"access_token": known.page.access_token}, data={"a": "b"}, timeout=5)
    assert code(answer) == (100, None)


def test_a_second_has_an_end(known: Desk) -> None:
    known.set("messenger", per_second=1)
    answers = [known.send() for _ in range(20)]
    throttled = [answer for answer in answers if answer.status_code != 200]
    assert throttled
    assert code(throttled[0]) == (80006, None)
    usage = json.loads(throttled[0].headers["X-Business-Use-Case-Usage"])[known.page.external_id][0]
    assert usage["estimated_time_to_regain_access"] == 1


def test_a_day_has_an_end(known: Desk) -> None:
    known.set("messenger", engaged=0, calls_per_engaged=2)
    assert [known.send().status_code for _ in range(3)] == [200, 200, 429]


def test_subscribed_fields_let_events_out(known: Desk) -> None:
    path = f"v25.0/{known.page.external_id}/subscribed_apps"
    before = known.graph("GET", path).json()["data"][0]
    assert before["id"] == known.page.app_id
    assert "message_echoes" in before["subscribed_fields"]
    assert code(known.graph("POST", path, subscribed_fields="messages,colours")) == (100, None)
    assert known.graph("POST", path, subscribed_fields="messages").json() == {"success": True}
    known.send()
    known.say("messenger")
    known.bot.wait_for("message")
    assert [item.event for item in known.bot.seen] == ["message"]  # no echo, no receipt
    assert known.graph("DELETE", path).json() == {"success": True}
    assert known.graph("GET", path).json() == {"data": []}


MENU = [{"locale": "default", "composer_input_disabled": False, "call_to_actions": [POSTBACK, LINK]}]
GREETING = [{"locale": "default", "text": "Chào anh/chị"}]


def test_the_pages_profile(desk: Desk) -> None:
    path = "v25.0/me/messenger_profile"
    set_ = desk.graph("POST", path, body={"greeting": GREETING, "persistent_menu": MENU})
    assert set_.json() == {"result": "success"}
    told = desk.graph("GET", path, fields="greeting,persistent_menu,get_started").json()["data"][0]
    assert told == {"greeting": GREETING, "persistent_menu": MENU, "get_started": {"payload": "START"}}
    gone = desk.graph("DELETE", path, body={"fields": ["persistent_menu", "get_started"]})
    assert gone.json() == {"result": "success"}
    assert code(desk.graph("POST", path, body={"persistent_menu": MENU})) == (100, None)  # needs Get Started


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"colour": "red"},
        {"greeting": [{"locale": "vi_VN", "text": "a"}]},
        {"greeting": [{"locale": "default", "text": "a" * 161}]},
        {"get_started": {"payload": ""}},
        {"persistent_menu": [{"locale": "default", "call_to_actions": [POSTBACK] * 21}]},
        {"persistent_menu": [{"locale": "default", "call_to_actions": [{**POSTBACK, "title": "a" * 31}]}]},
        {"ice_breakers": [{"locale": "default", "call_to_actions": [{"question": "a", "payload": "b"}] * 5}]},
    ],
)
def test_a_wrong_profile(desk: Desk, body: dict[str, Any]) -> None:
    assert code(desk.graph("POST", "v25.0/me/messenger_profile", body=body))[0] == 100


def test_ten_calls_to_the_profile_in_ten_minutes(desk: Desk) -> None:
    # the ten minutes may end once meanwhile
    answers = [desk.graph("GET", "v25.0/me/messenger_profile", fields="greeting") for _ in range(21)]
    refused = [answer for answer in answers if answer.status_code != 200]
    assert refused
    assert code(refused[0]) == (613, None)


def test_debug_token(desk: Desk) -> None:
    inspector = f"{desk.page.app_id}|{desk.page.app_secret}"
    ask = {"access_token": inspector, "input_token": desk.page.access_token}
    told = desk.graph("GET", "v25.0/debug_token", **ask).json()["data"]
    assert (told["is_valid"], told["profile_id"], told["app_id"]) == (True, desk.page.external_id, desk.page.app_id)
    desk.control("token", {"platform": "messenger", "state": "dead"})
    assert desk.graph("GET", "v25.0/debug_token", **ask).json()["data"]["is_valid"] is False
    assert code(desk.send()) == (190, None)
    desk.control("token", {"platform": "messenger", "state": "alive"})
    desk.people("messenger")
    assert desk.send().status_code == 200


def test_who_somebody_is(desk: Desk) -> None:
    assert code(desk.graph("GET", f"v25.0/{MESSENGER_USER}", fields="first_name")) == (100, 33)
    desk.say("messenger")
    assert desk.graph("GET", f"v25.0/{MESSENGER_USER}", fields="first_name").json() == {"id": MESSENGER_USER}
