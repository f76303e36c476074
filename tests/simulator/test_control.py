"""The control API, the page's own calls, and what the simulator keeps."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from bot.simulator import Simulator
from bot.simulator.journal import KEPT_EXCHANGES, Call, Journal, Side
from tests.simulator.conftest import MESSENGER_USER, ZALO_USER, Desk


def test_many_people_at_once(desk: Desk) -> None:
    crowd = {"platform": "messenger", "first": "7770000000000001", "count": 5000, "last_act_s_ago": 60}
    assert desk.control("people", crowd) == {"people": 5000}
    assert desk.look("state")["messenger"]["people"] == 5000
    assert desk.send(user="7770000000005000").status_code == 200
    assert desk.send(user="7770000000005001").status_code == 400


def test_calls_are_listed_and_forgotten(desk: Desk) -> None:
    desk.people()
    for text in ("một", "hai", "hai"):
        desk.cs({"text": text})
    calls = desk.look("calls")
    assert [call["text"] for call in calls] == ["một", "hai", "hai"]
    assert len({call["mid"] for call in calls}) == 3
    assert desk.look("calls?start=2") == calls[2:]
    desk.control("calls", method="DELETE")
    assert desk.look("calls") == []


def test_the_exchange_hides_tokens(desk: Desk) -> None:
    desk.people()
    desk.people("messenger")
    desk.cs()
    desk.send()
    desk.refresh()
    told = str(desk.look("exchanges"))
    for secret in (desk.zalo.app_secret, desk.zalo.access_token, desk.zalo.refresh_token, desk.page.access_token):
        assert secret not in told
    assert "access_token" in told


def test_the_console_checks_the_webhook(desk: Desk) -> None:
    (handshake,) = desk.control("check", {"platform": "messenger"})
    assert handshake["status"] == 200
    assert len(handshake["body"]) == 10
    empty, sample = desk.control("check", {"platform": "zalo"})
    assert (empty["status"], sample["status"]) == (200, 200)
    assert desk.bot.seen[0].raw == b"{}"
    assert not desk.bot.seen[0].signed
    assert desk.bot.seen[1].signed
    assert desk.bot.seen[1].json["message"]["text"] == "This is testing message"


def test_a_lost_token_needs_a_person(desk: Desk) -> None:
    desk.people()
    desk.control("token", {"platform": "zalo", "state": "spent"})
    assert desk.cs().json()["error"] == -216
    assert "access_token" not in desk.refresh().json()
    told = desk.control("token", {"platform": "zalo", "state": "alive"})
    assert desk.cs(headers={"access_token": told["access_token"]}).json()["error"] == 0


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("settings", {"platform": "zalo", "set": {"colour": "red"}}),
        ("settings", {"platform": "zalo", "set": {"echo": 2}}),
        ("people", {"platform": "zalo", "count": 0}),
        ("people", {"platform": "zalo", "ids": ["abc"]}),
        ("say", {"platform": "zalo", "user": ZALO_USER, "act": "dance"}),
        ("say", {"platform": "zalo", "user": ZALO_USER, "act": "edit", "mid": "x", "text": "a"}),
        ("say", {"platform": "messenger", "user": MESSENGER_USER, "act": "follow"}),
        ("say", {"platform": "zalo", "user": ZALO_USER, "act": "text", "text": " "}),
        ("say", {"acts": []}),
        ("token", {"platform": "zalo", "state": "asleep"}),
    ],
)
def test_orders_that_make_no_sense(desk: Desk, path: str, body: dict[str, Any]) -> None:
    answer = desk.http.post(f"{desk.root}/control/{path}", json=body, timeout=5)
    assert answer.status_code == 400
    assert answer.json()["error"]


@pytest.mark.parametrize("path", ["control/reset", "page/act", "page/enter", "control/faults"])
def test_other_sites_cannot_steer(desk: Desk, path: str) -> None:
    body = {"platform": "zalo", "user": ZALO_USER, "act": "text", "text": "a"}
    cross = desk.http.post(f"{desk.root}/{path}", json=body, headers={"Sec-Fetch-Site": "cross-site"}, timeout=5)
    assert cross.status_code == 403
    plain = desk.http.post(f"{desk.root}/{path}", data="{}", headers={"Content-Type": "text/plain"}, timeout=5)
    assert plain.status_code == 415
    assert desk.bot.seen == []


def test_reset(desk: Desk) -> None:
    desk.people()
    desk.cs()
    desk.set(echo=0)
    desk.fault("cut")
    desk.control("reset")
    state = desk.look("state")
    assert (state["zalo"]["people"], state["zalo"]["settings"]["echo"], state["faults"]) == (0, 1, [])
    assert desk.look("calls") == []


def test_everything_kept_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.simulator.journal.KEPT_CALLS", 10)
    journal = Journal()
    for at in range(KEPT_EXCHANGES + 50):
        journal.accepted(Call("zalo", "1", str(at), "a", 0.0))
        journal.exchange("zalo", "call", "x", 0.0, 1.0, 200, Side("POST", {}, b"x" * 100_000), Side("", {}, b""))
    exchanges = journal.exchanges()
    assert len(exchanges) == KEPT_EXCHANGES
    assert len(str(exchanges[0]["request"])) < 20_000
    assert [call["mid"] for call in journal.calls()] == [str(KEPT_EXCHANGES + at) for at in range(40, 50)]


def simulator(secret: str) -> Simulator:
    return Simulator("http://127.0.0.1:1", own_url="http://127.0.0.1:2/simulator", secret=secret)


def test_a_restart_knows_its_accounts_and_a_kept_token() -> None:
    before, after = simulator("one"), simulator("one")
    assert before.accounts == after.accounts
    assert simulator("another").accounts != after.accounts
    kept = before.zalo.tokens.refresh(before.accounts[0].refresh_token)
    assert kept is not None
    assert after.zalo.tokens.alive(kept.access) == ""
    assert after.zalo.tokens.alive(before.accounts[0].access_token) == ""  # the pair that a bot is seeded with now
    assert simulator("another").zalo.tokens.alive(kept.access) == "invalid"


def test_an_access_token_lives_25_hours_and_a_refresh_token_3_months() -> None:
    at = [1_790_000_000.0]
    own = Simulator("http://x", own_url="http://y", secret="s", now=lambda: at[0])
    pair = own.zalo.tokens.refresh(own.accounts[0].refresh_token)
    assert pair is not None
    at[0] += 25 * 3600
    assert own.zalo.tokens.alive(pair.access) == ""
    at[0] += 60
    assert own.zalo.tokens.alive(pair.access) == "expired"
    at[0] += 90 * 86400
    assert own.zalo.tokens.refresh(pair.refresh) is None


def enter(desk: Desk, platform: str = "zalo", **more: object) -> dict[str, Any]:
    answer = desk.http.post(f"{desk.root}/page/enter", json={"platform": platform, **more}, timeout=5)
    return dict(answer.json())


def state(desk: Desk, **query: str) -> requests.Response:
    return desk.http.get(f"{desk.root}/page/state", params=query, timeout=5)


def test_the_page_is_strict_about_where_things_come_from(desk: Desk) -> None:
    answer = desk.http.get(f"{desk.root}/", timeout=5)
    policy = answer.headers["Content-Security-Policy"]
    assert "script-src 'self';" in policy
    assert "unsafe" not in policy
    assert "<style" not in answer.text
    assert " style=" not in answer.text
    assert answer.text.count("<script") == answer.text.count('<script type="module" src=')


def test_a_phone_shows_what_passed(desk: Desk) -> None:
    person = enter(desk)
    assert person["name"]
    act = {"platform": "zalo", "user": person["id"], "act": "text", "text": "chào em"}
    desk.http.post(f"{desk.root}/page/act", json=act, timeout=5)
    desk.bot.wait_for("user_send_text")
    desk.cs({"text": "Dạ, chào anh/chị"}, user=person["id"])
    desk.bot.wait_for("user_received_message")
    told = state(desk, zalo=person["id"]).json()
    shown = told["phones"]["zalo"]
    assert [(bubble["side"], bubble["text"]) for bubble in shown["bubbles"]] == [
        ("me", "chào em"),
        ("them", "Dạ, chào anh/chị"),
    ]
    assert shown["window_open"] is True
    assert told["phones"]["messenger"] is None
    last = max(item["id"] for item in told["exchanges"])
    again = state(desk, zalo=person["id"], version=told["version"], exchange=str(last))
    assert again.status_code == 204 or all(item["id"] > last for item in again.json()["exchanges"])


@pytest.mark.parametrize("platform", ["zalo", "messenger"])
def test_what_is_looked_at_is_read_once(desk: Desk, platform: str) -> None:
    person = enter(desk, platform, last_at=desk.simulator.tools.now())
    mids = []
    for _ in range(2):
        if platform == "zalo":
            mids.append(desk.cs(user=person["id"]).json()["data"]["message_id"])
        else:
            mids.append(desk.send(user=person["id"]).json()["message_id"])
    state(desk, **{platform: person["id"]})
    for _ in range(2):
        state(desk, **{platform: person["id"]}, look=platform)
    if platform == "zalo":
        (seen,) = desk.bot.wait_for("user_seen_message")
        assert seen.json["message"]["msg_ids"] == mids
    else:
        (seen,) = desk.bot.wait_for("read")
        assert set(seen.item["read"]) == {"watermark"}
    assert sum(item.event in {"user_seen_message", "read"} for item in desk.bot.seen) == 1


def test_who_comes_back_after_a_restart_may_be_written_to(desk: Desk) -> None:
    enter(desk, id=ZALO_USER, last_at=desk.simulator.tools.now() - 3600)
    assert desk.cs().json()["error"] == 0


def test_typing_shows_for_a_while(desk: Desk) -> None:
    person = enter(desk, "messenger", last_at=desk.simulator.tools.now())
    path = f"v25.0/{desk.page.external_id}/messages"
    desk.graph("POST", path, body={"recipient": {"id": person["id"]}, "sender_action": "typing_on"})
    assert state(desk, messenger=person["id"]).json()["phones"]["messenger"]["typing"] > 0
    desk.send(user=person["id"])
    assert state(desk, messenger=person["id"]).json()["phones"]["messenger"]["typing"] == 0


@pytest.mark.parametrize("name", ["anh.png", "giong-noi.amr", "mo-ta.pdf"])
def test_the_placeholders_can_be_fetched(desk: Desk, name: str) -> None:
    answer = desk.http.get(f"{desk.root}/files/{name}", timeout=5)
    assert answer.status_code == 200
    assert answer.content[:5] in {b"\x89PNG\r", b"#!AMR", b"%PDF-"}
    assert desk.http.get(f"{desk.root}/files/x", timeout=5).status_code == 404
