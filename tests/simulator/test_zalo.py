"""The double of Zalo takes what the contract allows and refuses the rest with the contract's codes."""

from __future__ import annotations

import hashlib
import hmac
from typing import Any

import pytest
import requests

from bot.simulator.zalo_events import mac
from tests.simulator.conftest import ZALO_USER, Desk

HIDE = {"title": "Gửi sáng kiến", "type": "oa.query.hide", "payload": "@@1:x"}


def buttons(*items: object, **more: object) -> dict[str, Any]:
    return {"text": "Chọn ạ", "attachment": {"type": "template", "payload": {"buttons": list(items), **more}}}


def media(**element: object) -> dict[str, Any]:
    payload = {"template_type": "media", "elements": [element]}
    return {"attachment": {"type": "template", "payload": payload}}


def code(answer: requests.Response) -> int:
    assert answer.status_code == 200
    return int(answer.json()["error"])


@pytest.fixture
def known(desk: Desk) -> Desk:
    desk.people()
    return desk


def test_the_contracts_own_signature() -> None:
    body = (
        '{"app_id":"7000000000000000001","user_id_by_app":"7100000000000000001","event_name":"user_send_text",'
        '"sender":{"id":"7200000000000000001"},"recipient":{"id":"7300000000000000001"},'
        '"message":{"msg_id":"a1b2c3d4e5f60718","text":"Xin chào"},"timestamp":"1790000000000"}'
    ).encode()
    assert len(body) == 267
    expected = "beaff32b23314f9ee9b2e9db13bf0b265c4109ef9f44906198124d598730dfe2"
    assert mac("7000000000000000001", body, "1790000000000", "example-oa-secret") == expected


def test_a_message_is_accepted_echoed_and_received(known: Desk) -> None:
    answer = known.cs({"text": "Xin chào"})
    told = answer.json()
    assert (told["error"], told["data"]["user_id"]) == (0, ZALO_USER)
    assert told["data"]["quota"] == {"quota_type": "reply"}
    echo, received = known.bot.wait_for("oa_send_text", "user_received_message")
    assert echo.signed
    assert received.signed
    assert echo.json["message"] == {"msg_id": told["data"]["message_id"], "text": "Xin chào"}
    assert echo.json["sender"] == {"id": known.zalo.external_id}  # no admin_id: nobody typed it
    assert received.json["recipient"] == {"id": ZALO_USER}
    assert received.json["message"] == {"msg_id": told["data"]["message_id"]}
    assert [(call["user"], call["text"]) for call in known.look("calls")] == [(ZALO_USER, "Xin chào")]


@pytest.mark.parametrize(
    "message",
    [
        {"text": "ế" * 2000},
        {"text": "a", "quote_message_id": "c3d4"},
        media(media_type="image", url="https://example.vn/a.png"),
        media(media_type="image", attachment_id="55"),
        media(media_type="gif", url="https://example.vn/a.gif", width=10, height=10),
        media(media_type="sticker", attachment_id="40001"),
        {"attachment": {"type": "file", "payload": {"token": "abc"}}},
    ],
)
def test_what_the_contract_allows(known: Desk, message: dict[str, Any]) -> None:
    assert code(known.cs(message)) == 0


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ({"text": "ế" * 2001}, -210),
        ({"text": "😀" * 1001}, -210),  # the stricter way to count
        ({"text": "  "}, -201),
        ({"text": "a\u0301"}, -201),  # not NFC
        ({"text": 5}, -201),
        ({}, -201),
        ({"text": "a", "metadata": "out-1"}, -201),
        (media(media_type="image", url="https://example.vn/a.png", attachment_id="5"), -201),
        (media(media_type="image"), -201),
        (media(media_type="image", url="http://example.vn/a.png"), -201),
        (media(media_type="gif", url="https://example.vn/a.gif"), -201),
        (media(media_type="hologram", url="https://example.vn/a.gif"), -233),
        (buttons(HIDE), -233),  # not documented for version 3
        ({"attachment": {"type": "template", "payload": {"template_type": "button"}}}, -233),
    ],
)
def test_what_it_refuses(known: Desk, message: dict[str, Any], expected: int) -> None:
    assert code(known.cs(message)) == expected
    assert known.look("calls") == []


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (buttons(*[HIDE] * 5), 0),
        (buttons({**HIDE, "type": "oa.open.url", "payload": {"url": "https://example.vn"}}), 0),
        (buttons({**HIDE, "type": "oa.open.phone", "payload": {"phone_code": "84912345678"}}), 0),
        (buttons(*[HIDE] * 6), -210),
        (buttons(), -201),
        (buttons({**HIDE, "title": "a" * 101}), -210),
        (buttons({**HIDE, "payload": "a" * 1001}), -210),
        (buttons({**HIDE, "payload": {"url": "https://example.vn"}}), -201),
        (buttons({**HIDE, "type": "oa.open.phone", "payload": {"phone_code": "0912345678"}}), -201),
        (buttons({**HIDE, "icon": "x"}), -201),
        ({"attachment": buttons(HIDE)["attachment"]}, -201),
    ],
)
def test_buttons_where_they_are_taken(known: Desk, message: dict[str, Any], expected: int) -> None:
    known.set(buttons=True)
    assert code(known.cs(message)) == expected


@pytest.mark.parametrize(
    "body",
    [
        {"recipient": {"user_id": ZALO_USER, "message_id": "1"}, "message": {"text": "a"}},
        {"recipient": {"user_id": int(ZALO_USER)}, "message": {"text": "a"}},
        {"recipient": {}, "message": {"text": "a"}},
        {"message": {"text": "a"}},
        {"recipient": {"user_id": ZALO_USER}, "message": {"text": "a"}, "tag": "x"},
        [],
    ],
)
def test_other_bodies(known: Desk, body: object) -> None:
    assert code(known.cs(json=body)) == -201


def test_content_type_and_query(known: Desk) -> None:
    form = known.http.post(
        f"{known.zalo.api_url}/v3.0/oa/message/cs",
        data=b'{"recipient":{"user_id":"1"},"message":{"text":"a"}}',
        headers={"access_token": known.zalo.access_token, "Content-Type": "text/plain"},
        timeout=5,
    )
    assert code(form) == -201
    assert code(known.cs(params={"access_token": known.zalo.access_token})) == -201


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"access_token": "x"}, -216),
        ({"access_token": None, "Authorization": "Bearer x"}, -216),
        ({"appsecret_proof": "0" * 64}, -242),
    ],
)
def test_headers(known: Desk, headers: dict[str, str], expected: int) -> None:
    assert code(known.cs(headers=headers)) == expected


def test_the_header_with_a_dash_is_not_zalos(known: Desk) -> None:
    assert code(known.cs(headers={"access_token": None, "access-token": known.zalo.access_token})) == -216


def test_a_right_proof(known: Desk) -> None:
    proof = hmac.new(known.zalo.app_secret.encode(), known.zalo.access_token.encode(), hashlib.sha256).hexdigest()
    assert code(known.cs(headers={"appsecret_proof": proof})) == 0


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ({"last_act_s_ago": 7 * 86400 - 60}, 0),
        ({"last_act_s_ago": 7 * 86400 + 60}, -230),
        ({"last_act_s_ago": None}, -232),
        ({"blocked": True}, -244),
    ],
)
def test_windows(desk: Desk, state: dict[str, Any], expected: int) -> None:
    desk.people(**state)
    assert code(desk.cs()) == expected


def test_somebody_unknown(desk: Desk) -> None:
    answer = desk.cs()
    assert (code(answer), answer.json()["message"]) == (-201, "user_id is invalid")


def test_who_unfollows_is_out_of_reach_until_they_write(desk: Desk) -> None:
    desk.say()
    desk.say(act="unfollow")
    assert code(desk.cs()) == -213
    desk.say()
    assert code(desk.cs()) == 0


def test_a_new_follower_gets_three_messages(desk: Desk) -> None:
    desk.say(act="follow")
    quotas = [desk.cs().json()["data"]["quota"] for _ in range(3)]
    assert [quota["quota_type"] for quota in quotas] == ["welcome_msg"] * 3
    assert [quota["remain"] for quota in quotas] == [2, 1, 0]
    assert code(desk.cs()) == -211


def test_after_two_days_it_costs(desk: Desk) -> None:
    desk.people(last_act_s_ago=48 * 3600 + 60)
    desk.set(sub_quota=1)
    quota = desk.cs().json()["data"]["quota"]
    assert (quota["quota_type"], quota["remain"], quota["total"]) == ("sub_quota", 0, 1)
    assert "quota" not in desk.cs().json()["data"]  # billed
    desk.set(billing=False)
    assert code(desk.cs()) == -321


def test_the_minute_has_an_end(known: Desk) -> None:
    known.set(per_minute=2)
    answers = [known.cs() for _ in range(7)]  # a new minute may begin once meanwhile
    codes = [code(answer) for answer in answers]
    assert set(codes) == {0, -32}
    assert codes.count(0) <= 4
    assert answers[0].headers["X-RateLimit-Limit"] == "2"
    assert all(answer.headers["X-RateLimit-Remain"] == "0" for answer in answers if code(answer))


def test_a_refresh_kills_the_old_pair(known: Desk) -> None:
    old = known.zalo
    told = known.refresh().json()
    assert told["expires_in"] == "90000"
    assert code(known.cs(headers={"access_token": old.access_token})) == -216
    assert code(known.cs(headers={"access_token": told["access_token"]})) == 0
    spent = [known.refresh(refresh_token=old.refresh_token) for _ in range(2)]
    assert all(answer.status_code == 200 and "access_token" not in answer.json() for answer in spent)
    assert ["error" in answer.json() for answer in spent] == [False, True]  # Zalo's OAuth host is not consistent
    assert known.refresh(refresh_token=told["refresh_token"]).json()["access_token"]


@pytest.mark.parametrize(
    "form", [{"app_id": "1"}, {"grant_type": "password"}, {"refresh_token": "x"}, {"redirect_uri": "https://a"}]
)
def test_a_wrong_refresh(desk: Desk, form: dict[str, str]) -> None:
    told = desk.refresh(**form).json()
    assert "access_token" not in told
    assert told["error_name"]


def test_a_wrong_app_secret(desk: Desk) -> None:
    answer = desk.http.post(
        f"{desk.zalo.oauth_url}/v4/oa/access_token",
        data={"app_id": desk.zalo.app_id, "grant_type": "refresh_token", "refresh_token": desk.zalo.refresh_token},
        headers={"secret_key": "x"},
        timeout=5,
    )
    assert "access_token" not in answer.json()


@pytest.mark.parametrize("path", ["v2.0/oa/message", "v3.0/oa/message/promotion", "v3.0/oa/message/transaction"])
def test_closed_services(known: Desk, path: str) -> None:
    url = f"{known.zalo.api_url}/{path}"
    assert code(known.http.post(url, json={}, headers={"access_token": known.zalo.access_token}, timeout=5)) == -240


def test_what_may_be_asked(known: Desk) -> None:
    headers = {"access_token": known.zalo.access_token}
    oa = known.http.get(f"{known.zalo.api_url}/v2.0/oa/getoa", headers=headers, timeout=5).json()["data"]
    assert (oa["oaid"], oa["num_follower"]) == (known.zalo.external_id, 1)
    url = f"{known.zalo.api_url}/v3.0/oa/quota/message"
    quota = known.http.post(url, json={"user_id": ZALO_USER}, headers=headers, timeout=5).json()["data"]
    assert quota["last_interaction"].isdigit()
    assets = {"quota_owner": "OA", "product_type": "cs", "quota_type": "sub_quota"}
    assert known.http.post(url, json=assets, headers=headers, timeout=5).json()["data"][0]["remain"] == 500
    detail = known.http.get(
        f"{known.zalo.api_url}/v3.0/oa/user/detail",
        params={"data": f'{{"user_id":"{ZALO_USER}"}}'},
        headers=headers,
        timeout=5,
    )
    assert detail.json()["data"]["user_is_follower"] is True


def test_a_visitor_without_an_account(desk: Desk) -> None:
    desk.say(act="text", text="chào", anonymous=True)
    (said,) = desk.bot.wait_for("anonymous_send_text")
    conversation = said.json["message"]["conversation_id"]
    assert code(desk.cs()) == -201  # they have no id of their own
    visitor = {"anonymous_id": ZALO_USER, "conversation_id": conversation}
    headers = {"access_token": desk.zalo.access_token}
    url = f"{desk.zalo.api_url}/v2.0/oa/message"
    body = {"recipient": visitor, "message": {"text": "Xin chào"}}
    assert code(desk.http.post(url, json=body, headers=headers, timeout=5)) == 0
    (echo,) = desk.bot.wait_for("oa_send_anonymous_text")
    assert echo.json["message"]["conversation_id"] == conversation
    other = {"recipient": visitor | {"conversation_id": "1"}, "message": {"text": "Xin chào"}}
    assert code(desk.http.post(url, json=other, headers=headers, timeout=5)) == -201


def test_a_reaction_of_the_account(known: Desk) -> None:
    action = {"react_icon": "/-heart", "react_message_id": "abc"}
    body = {"recipient": {"user_id": ZALO_USER}, "sender_action": action}
    headers = {"access_token": known.zalo.access_token}
    assert code(known.http.post(f"{known.zalo.api_url}/v2.0/oa/message", json=body, headers=headers, timeout=5)) == 0
    assert known.look("calls") == []
