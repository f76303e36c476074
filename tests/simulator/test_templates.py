"""Approved templates and articles: the doubles take exactly what the contract describes."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from bot.messages import Approved
from bot.platforms.contract import Platform
from bot.platforms.errors import Refusal, SendError
from bot.platforms.zalo import ZaloPlatform
from tests.simulator.conftest import MESSENGER_USER, ZALO_USER, Desk
from tests.simulator.test_adapters import USERS, accesses, http, platforms
from tests.simulator.test_messenger import code as meta_code
from tests.simulator.test_zalo import code

__all__ = ["http", "platforms"]  # fixtures

GOOD = {"ten": "chị Hoa", "viec": "Họp lúc 8 giờ"}
YEAR_S = 365 * 86_400


def values(*texts: str, **more: object) -> dict[str, Any]:
    parameters = [{"type": "text", "text": text} for text in texts]
    return {"type": "body", "parameters": parameters, **more}


def utility(desk: Desk, *components: object, name: str = "nhac_su_kien", **more: object) -> requests.Response:
    template = {"name": name, "language": {"code": "vi"}, "components": list(components), **more}
    return desk.send({"template": template}, messaging_type="UTILITY")


def test_a_utility_template_arrives_filled(desk: Desk) -> None:
    desk.people("messenger", last_act_s_ago=200 * 86_400)
    assert utility(desk, values("chị Hoa", "lớp an toàn")).status_code == 200
    (call,) = desk.look("calls")
    assert call["text"] == "Công đoàn xin nhắc anh/chị chị Hoa: lớp an toàn. Hẹn gặp anh/chị."
    (echo,) = desk.bot.wait_for("echo")
    assert echo.item["message"]["text"] == call["text"]


@pytest.mark.parametrize(
    ("components", "more"),
    [
        ([values("một")], {}),  # one too few
        ([values("một", "hai", "ba")], {}),
        ([], {}),
        ([values("một", "")], {}),
        ([values("một", "hai\nba")], {}),
        ([values("một", "e\u0301")], {}),  # not NFC
        ([values("một", "x" * 1001)], {}),
        ([values("một"), values("hai")], {}),
        ([{"type": "header", "parameters": []}], {}),
        ([values("một", "hai", index=0)], {}),
        ([values("một", "hai")], {"name": "chua_duyet"}),
        ([values("một", "hai")], {"language": "vi"}),
        ([values("một", "hai")], {"language": {"code": "en"}}),
        ([values("một", "hai")], {"namespace": "x"}),
    ],
)
def test_utility_templates_that_meta_refuses(desk: Desk, components: list[object], more: dict[str, Any]) -> None:
    desk.people("messenger")
    assert meta_code(utility(desk, *components, **more))[0] == 100
    assert desk.look("calls") == []


def test_free_text_is_no_utility_message(desk: Desk) -> None:
    desk.people("messenger", last_act_s_ago=200 * 86_400)
    assert meta_code(desk.send({"text": "Tin chung"}, messaging_type="UTILITY")) == (100, None)
    template = {"name": "nhac_su_kien", "language": {"code": "vi"}, "components": [values("một", "hai")]}
    assert meta_code(desk.send({"template": template})) == (100, None)


@pytest.mark.parametrize(
    ("text", "example", "category", "status"),
    [
        ("Xin nhắc {{1}} nhé.", {"body_text": [["a"]]}, "UTILITY", 200),
        ("Xin nhắc {{1}} nhé.", None, "UTILITY", 400),
        ("{{1}} xin nhắc.", {"body_text": [["a"]]}, "UTILITY", 400),
        ("Xin nhắc {{1}}", {"body_text": [["a"]]}, "UTILITY", 400),
        ("Xin nhắc {{2}} nhé.", {"body_text": [["a"]]}, "UTILITY", 400),
        ("Khuyến mại.", None, "MARKETING", 400),
    ],
)
def test_what_is_approved(desk: Desk, text: str, example: object, category: str, status: int) -> None:
    body = {"type": "BODY", "text": text, **({"example": example} if example else {})}
    made = {"name": "moi", "language": "vi", "category": category, "components": [body]}
    assert desk.graph("POST", f"v25.0/{desk.page.external_id}/message_templates", body=made).status_code == status


# ---- Zalo ----


def zbs(desk: Desk, **changed: object) -> requests.Response:
    body = {"user_id": ZALO_USER, "template_id": "487001", "template_data": GOOD, **changed}
    given = {name: value for name, value in body.items() if value is not None}
    headers = {"access_token": desk.zalo.access_token}
    return desk.http.post(f"{desk.zalo.api_url}/v3.0/oa/message/template", json=given, headers=headers, timeout=10)


def test_a_zbs_template_arrives_filled_months_later(desk: Desk) -> None:
    desk.people(last_act_s_ago=200 * 86_400)
    answer = zbs(desk)
    assert code(answer) == 0
    assert set(answer.json()["data"]) == {"message_id", "user_id", "sent_time", "quota"}
    (call,) = desk.look("calls")
    assert call["text"] == "Xin chào chị Hoa. Họp lúc 8 giờ. Công đoàn tỉnh xin cảm ơn."
    (received,) = desk.bot.wait_for("user_received_message")
    assert received.json["message"] == {"msg_id": answer.json()["data"]["message_id"]}


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"template_id": "999"}, -201),
        ({"template_id": "487004"}, -201),  # waits for approval
        ({"template_id": "487002", "template_data": {"ten": "Hoa"}}, -249),
        ({"template_id": "abc"}, -201),
        ({"template_id": 487001}, -201),
        ({"template_data": {"ten": "Hoa"}}, -201),
        ({"template_data": {**GOOD, "them": "x"}}, -201),
        ({"template_data": {**GOOD, "ten": " "}}, -201),
        ({"template_data": {**GOOD, "ten": 5}}, -201),
        ({"template_data": {**GOOD, "ten": "x" * 31}}, -210),
        ({"tracking_id": "t1"}, -201),  # by phone number only
        ({"recipient": {"user_id": ZALO_USER}}, -201),
        ({"user_id": None}, -201),
        ({"user_id": "7299999999999999999"}, -201),
    ],
)
def test_zbs_templates_that_zalo_refuses(desk: Desk, changed: dict[str, object], expected: int) -> None:
    desk.people()
    assert code(zbs(desk, **changed)) == expected
    assert desk.look("calls") == []


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ({"last_act_s_ago": YEAR_S - 600}, 0),
        ({"last_act_s_ago": YEAR_S + 600}, -232),
        ({"last_act_s_ago": None}, -232),
        ({"blocked": True}, -244),
        ({"follows": False}, 0),
    ],
)
def test_who_gets_a_template(desk: Desk, state: dict[str, Any], expected: int) -> None:
    desk.people(**state)
    assert code(zbs(desk)) == expected


def test_a_promotion_goes_once_a_day_to_followers(desk: Desk) -> None:
    desk.set(night=False)
    desk.people(follows=False)
    offer = {"template_id": "487003", "template_data": {"viec": "vé xem phim"}}
    assert code(zbs(desk, **offer)) == -213
    desk.people()
    assert [code(zbs(desk, **offer)) for _ in range(2)] == [0, -218]


def test_no_money_no_template(desk: Desk) -> None:
    desk.people()
    desk.set(billing=False)
    assert code(zbs(desk)) == -321


def article(desk: Desk, *ids: str, target: object = None, **more: object) -> requests.Response:
    shown = [{"media_type": "article", "attachment_id": one} for one in ids]
    payload = {"template_type": "media", "elements": shown}
    body = {
        "recipient": {"target": {"gender": "0"} if target is None else target},
        "message": {"attachment": {"type": "template", "payload": payload}},
        **more,
    }
    headers = {"access_token": desk.zalo.access_token}
    return desk.http.post(f"{desk.zalo.api_url}/v2.0/oa/message", json=body, headers=headers, timeout=10)


@pytest.mark.parametrize(
    ("ids", "target", "expected"),
    [
        (["4870000001"], {"gender": "0", "ages": "2,3", "locations": "1", "cities": "4,9", "platform": "1"}, 0),
        (["4870000001"], {}, 0),
        (["4870000002"], {}, -214),
        (["1"], {}, -201),
        ([], {}, -201),
        (["4870000001"] * 6, {}, -210),
        (["4870000001"], {"gender": "3"}, -201),
        (["4870000001"], {"cities": "64"}, -201),
        (["4870000001"], {"people": "1"}, -201),
        (["4870000001"], {"gender": 0}, -201),
    ],
)
def test_articles_that_zalo_takes(desk: Desk, ids: list[str], target: object, expected: int) -> None:
    desk.set(night=False)
    desk.people()
    assert code(article(desk, *ids, target=target)) == expected
    assert desk.look("state")["counts"].get("zalo.broadcast", 0) == (expected == 0)
    assert desk.look("calls") == [], "an article is nobody's own message"


def test_articles_of_a_month(desk: Desk) -> None:
    desk.set(night=False, articles_a_month=2)
    assert [code(article(desk, "4870000001")) for _ in range(3)] == [0, 0, -211]


# ---- our own adapters against them ----


def test_our_templates_are_taken(desk: Desk, platforms: dict[str, Platform]) -> None:
    made = {
        "zalo": Approved("487001", values=tuple(GOOD.items())),
        "messenger": Approved("nhac_su_kien", "vi", (("1", "chị Hoa"), ("2", "lớp an toàn"))),
    }
    for name, message in made.items():
        desk.people(name, last_act_s_ago=100 * 86_400)
        body = platforms[name].approved(message).body
        receipt = platforms[name].send(accesses(desk)[name], USERS[name], body, tag="out-1", started=lambda: True)
        assert receipt.message_id
    assert [call["user"] for call in desk.look("calls")] == [ZALO_USER, MESSENGER_USER]


def test_our_article_is_taken(desk: Desk, platforms: dict[str, Platform]) -> None:
    desk.set(night=False)
    zalo = platforms["zalo"]
    assert isinstance(zalo, ZaloPlatform)
    assert zalo.broadcast(accesses(desk)["zalo"], "4870000001", started=lambda: True).message_id
    with pytest.raises(SendError) as caught:
        zalo.broadcast(accesses(desk)["zalo"], "4870000002", started=lambda: True)
    assert (caught.value.refusal, caught.value.code) == (Refusal.THROTTLED, "zalo.-214")
