"""Paid marketing messages on the double: asked in the window, agreed to, carried by a campaign, or refused."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from bot.simulator.messenger_paid import AD_ACCOUNT, BETWEEN_S, CAMPAIGN, LIVES_S
from tests.simulator.conftest import MESSENGER_USER, Desk
from tests.simulator.test_messenger import code

TITLE = "Nhận thông báo"


def ask(desk: Desk, **changed: object) -> requests.Response:
    asked = {"template_type": "notification_messages", "title": TITLE, "payload": "@@1:optin"} | changed
    given = {name: value for name, value in asked.items() if value is not None}
    return desk.send({"attachment": {"type": "template", "payload": given}})


def agree(desk: Desk) -> str:
    desk.people("messenger")
    desk.say("messenger", act="optin", title=TITLE, payload="@@1:optin")
    (told,) = desk.bot.wait_for("optin")
    return str(told.item["optin"]["notification_messages_token"])


def send(desk: Desk, token: str, *, account: str = AD_ACCOUNT, **changed: Any) -> requests.Response:
    body = {
        "message_id": CAMPAIGN,
        "messenger_delivery_data": {"subscription_token": token},
        "message": {"text": "Mời họp"},
        **changed,
    }
    return desk.graph("POST", f"v25.0/act_{account}/messages", body=body)


@pytest.mark.parametrize(
    ("changed", "good"),
    [
        ({}, True),
        ({"notification_messages_timezone": "Asia/Ho_Chi_Minh", "notification_messages_cta_text": "ALLOW"}, True),
        ({"title": "x" * 65}, True),
        ({"title": "x" * 66}, False),
        ({"title": ""}, False),
        ({"payload": None}, False),
        ({"notification_messages_cta_text": "YES"}, False),
        ({"notification_messages_timezone": "+7"}, False),
        ({"notification_messages_frequency": "DAILY"}, False),  # gone since 2023
    ],
)
def test_requests_that_meta_takes(desk: Desk, changed: dict[str, object], *, good: bool) -> None:
    desk.people("messenger")
    assert (ask(desk, **changed).status_code == 200) is good


def test_one_request_a_week_and_only_in_the_window(desk: Desk) -> None:
    desk.people("messenger", last_act_s_ago=2 * 86_400)
    assert code(ask(desk)) == (10, 2018278)
    desk.people("messenger")
    assert ask(desk).status_code == 200
    assert code(ask(desk)) == (613, 1893016)
    assert ask(desk, title="Chủ đề khác").status_code == 200


def test_a_yes_brings_a_token_for_a_year(desk: Desk) -> None:
    token = agree(desk)
    (told,) = desk.bot.wait_for("optin")
    optin = told.item["optin"]
    assert told.item["sender"] == {"id": MESSENGER_USER}
    assert (optin["type"], optin["title"], optin["payload"]) == ("notification_messages", TITLE, "@@1:optin")
    assert optin["token_expiry_timestamp"] / 1000 - told.item["timestamp"] / 1000 == pytest.approx(LIVES_S, abs=60)
    desk.people("messenger", last_act_s_ago=90 * 86_400)
    answer = send(desk, token)
    assert answer.status_code == 200
    assert answer.json().keys() == {"success", "marketing_message_tracking_id"}
    assert [call["text"] for call in desk.look("calls")] == ["Mời họp"]


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"message_id": "999"}, 2300000),
        ({"account": "1"}, 100),
        ({"message_id": None}, 100),
        ({"message": {"text": ""}}, 100),
        ({"message": {"template": {"name": "a", "language": {"code": "vi"}}}}, 100),
        ({"messenger_delivery_data": {"recipient": MESSENGER_USER}}, 100),
        ({"messenger_delivery_data": {"subscription_token": "wrong"}}, 2300004),
        ({"recipient": {"id": MESSENGER_USER}}, 100),
    ],
)
def test_messages_that_meta_refuses(desk: Desk, changed: dict[str, Any], expected: int) -> None:
    assert code(send(desk, agree(desk), **changed))[0] == expected
    assert desk.look("calls") == []


def test_stopped_too_early_or_without_money(desk: Desk) -> None:
    token = agree(desk)
    desk.set("messenger", campaign_money=False)
    assert code(send(desk, token))[0] == 2300056
    desk.set("messenger", campaign_money=True)
    assert send(desk, token).status_code == 200
    assert code(send(desk, token))[0] == 2300035
    desk.simulator.messenger.paid.tokens[token].last_at -= BETWEEN_S
    assert send(desk, token).status_code == 200
    desk.say("messenger", act="optin_stop")
    assert code(send(desk, token))[0] == 2300034
    seen = desk.bot.wait(lambda seen: sum(item.event == "optin" for item in seen) == 2)
    (_, stopped) = [item.item["optin"] for item in seen if item.event == "optin"]
    assert stopped["notification_messages_status"] == "STOP NOTIFICATIONS"
