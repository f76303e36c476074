"""Faults on demand, seen from the bot's side of both doubles."""

from __future__ import annotations

import json
from typing import Any

import pytest
import requests

from tests.simulator.conftest import MESSENGER_USER, ZALO_USER, Desk

PLATFORMS = ("zalo", "messenger")


def send(desk: Desk, platform: str) -> requests.Response:
    return desk.cs() if platform == "zalo" else desk.send()


@pytest.fixture
def known(desk: Desk) -> Desk:
    for platform in PLATFORMS:
        desk.people(platform)
    return desk


def arrived(desk: Desk, platform: str) -> int:
    return sum(call["platform"] == platform for call in desk.look("calls"))


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("kind", ["cut", "never"])
def test_no_answer_though_it_arrived(known: Desk, platform: str, kind: str) -> None:
    known.fault(kind, platform, seconds=0)
    with pytest.raises(requests.ConnectionError):
        send(known, platform)
    assert arrived(known, platform) == 1
    known.bot.wait_for("oa_send_text" if platform == "zalo" else "echo")
    assert send(known, platform).status_code == 200


@pytest.mark.parametrize("platform", PLATFORMS)
def test_cut_before_it_arrived(known: Desk, platform: str) -> None:
    known.fault("cut", platform, accepted=False)
    with pytest.raises(requests.ConnectionError):
        send(known, platform)
    assert arrived(known, platform) == 0


@pytest.mark.parametrize(
    ("platform", "rule", "status", "body"),
    [
        ("zalo", {"kind": "error"}, 200, -200),
        ("zalo", {"kind": "error", "code": -230}, 200, -230),
        ("messenger", {"kind": "error"}, 200, 2),
        ("messenger", {"kind": "error", "code": 10, "subcode": 2018278, "status": 403}, 403, 10),
        ("zalo", {"kind": "throttled"}, 429, -32),
        ("messenger", {"kind": "throttled"}, 429, 80006),
        ("zalo", {"kind": "throttled", "body": False}, 429, None),
        ("zalo", {"kind": "server_error"}, 500, -200),
        ("messenger", {"kind": "server_error", "status": 503}, 503, 2),
        ("messenger", {"kind": "server_error", "body": False}, 500, None),
        ("zalo", {"kind": "dead_token"}, 200, -216),
        ("messenger", {"kind": "dead_token"}, 400, 190),
    ],
)
def test_errors(known: Desk, platform: str, rule: dict[str, Any], status: int, body: int | None) -> None:
    known.fault(platform=platform, **rule)
    answer = send(known, platform)
    assert answer.status_code == status
    if body is None:
        assert answer.content == b""
    else:
        error = answer.json()["error"]
        assert (error["code"] if platform == "messenger" else error) == body
    assert arrived(known, platform) == 0
    assert send(known, platform).status_code == 200
    assert arrived(known, platform) == 1


@pytest.mark.parametrize("platform", PLATFORMS)
def test_an_unreadable_answer(known: Desk, platform: str) -> None:
    known.fault("unreadable", platform)
    answer = send(known, platform)
    assert answer.headers["Content-Type"] == "text/html"
    with pytest.raises(ValueError, match="Expecting value"):
        answer.json()
    assert arrived(known, platform) == 1


def test_a_slow_answer(known: Desk) -> None:
    known.fault("slow", seconds=0.2)
    answer = known.cs()
    assert answer.elapsed.total_seconds() >= 0.2
    assert answer.json()["error"] == 0


def test_all_answers_slow(known: Desk) -> None:
    known.set(latency_ms=100)
    assert all(known.cs().elapsed.total_seconds() >= 0.1 for _ in range(2))


def test_of_calls_held_too_many_are_let_go(known: Desk) -> None:
    for _ in range(4):
        assert known.simulator.tools.holds.acquire(blocking=False)
    known.fault("slow", seconds=60)
    assert known.cs().json()["error"] == 0  # else the request would time out


def test_a_fault_means_its_own_calls(known: Desk) -> None:
    known.fault("dead_token", on="token")
    assert known.cs().json()["error"] == 0
    assert "access_token" not in known.refresh().json()
    assert known.refresh().json()["access_token"]
    known.fault("error", "messenger", on="action")
    assert known.send().status_code == 200
    path = f"v25.0/{known.page.external_id}/messages"
    body = {"recipient": {"id": MESSENGER_USER}, "sender_action": "typing_on"}
    assert "error" in known.graph("POST", path, body=body).json()


def test_the_next_so_many_then_no_more(known: Desk) -> None:
    known.fault("error", code=-200, next=2)
    assert known.look("faults")[0]["next"] == 2
    assert [known.cs().json()["error"] for _ in range(3)] == [-200, -200, 0]
    assert known.look("faults") == []


def test_by_chance(known: Desk) -> None:
    known.fault("error", code=-200, probability=0.5)
    codes = {known.cs().json()["error"] for _ in range(60)}
    assert codes == {0, -200}
    known.control("faults", method="DELETE")
    assert {known.cs().json()["error"] for _ in range(10)} == {0}


@pytest.mark.parametrize(
    "rule",
    [
        {"platform": "zalo", "kind": "cut"},
        {"platform": "zalo", "kind": "cut", "next": 1, "probability": 0.5},
        {"platform": "zalo", "kind": "cut", "probability": 2},
        {"platform": "zalo", "kind": "storm", "next": 1},
        {"platform": "viber", "kind": "cut", "next": 1},
    ],
)
def test_a_rule_that_makes_no_sense(desk: Desk, rule: dict[str, Any]) -> None:
    answer = desk.http.post(f"{desk.root}/control/faults", json=rule, timeout=5)
    assert answer.status_code == 400
    assert answer.json()["error"]


def test_a_webhook_comes_twice(desk: Desk) -> None:
    desk.fault("duplicate")
    desk.say()
    first, second = desk.bot.wait(lambda seen: len(seen) == 2)
    assert first.raw == second.raw
    assert first.signed
    assert second.signed


def test_a_forged_webhook_and_the_true_one(desk: Desk) -> None:
    desk.fault("forged", "messenger")
    desk.bot.script = [401]
    desk.say("messenger")
    forged, true = desk.bot.wait(lambda seen: len(seen) == 2)
    assert forged.raw == true.raw
    assert not forged.signed
    assert true.signed


def test_events_in_the_wrong_order(desk: Desk) -> None:
    desk.fault("reordered", seconds=60)
    desk.say(act="text", text="một")
    desk.say(act="text", text="hai")
    seen = desk.bot.wait(lambda seen: len(seen) == 2)
    assert [item.json["message"]["text"] for item in seen] == ["hai", "một"]


def test_held_back_and_nothing_follows(desk: Desk) -> None:
    desk.fault("reordered", seconds=0.1)
    desk.say(act="text", text="một")
    desk.bot.wait_for("user_send_text")


def test_a_late_webhook_keeps_the_order(desk: Desk) -> None:
    desk.fault("late", seconds=0.2)
    desk.say(act="text", text="một")
    desk.say(act="text", text="hai")
    other = {"platform": "zalo", "user": "7200000000000000002", "act": "text", "text": "khác"}
    desk.control("say", other)
    seen = desk.bot.wait(lambda seen: len(seen) == 3)
    texts = [item.json["message"]["text"] for item in seen]
    assert texts.index("một") < texts.index("hai")
    assert json.loads(seen[texts.index("một")].raw)["sender"]["id"] == ZALO_USER
