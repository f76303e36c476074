"""Is the Page ready, and what the program may set right itself."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bot.messages import Button
from bot.platforms.contract import Access, Check
from bot.platforms.http import Http
from bot.platforms.messenger import MessengerPlatform, Profile
from bot.platforms.messenger.profile import REQUIRED_FIELDS
from tests.platforms.conftest import Fault, Peer, Said
from tests.platforms.messenger.conftest import APP, NOW, PAGE

PROFILE = Profile(
    "Chào bạn! Tôi là trợ lý tự động.",
    (Button("Hỏi đáp", payload="@@1:ask"), Button("Kế hoạch 487", url="https://example.vn/")),
)
TOKEN_OK = Said(
    {
        "data": {
            "is_valid": True,
            "app_id": APP,
            "profile_id": PAGE,
            "expires_at": 0,
            "scopes": ["pages_messaging", "pages_manage_metadata", "pages_show_list"],
        }
    }
)
MENU = [
    {"type": "postback", "title": "Hỏi đáp", "payload": "@@1:ask"},
    {"type": "web_url", "title": "Kế hoạch 487", "url": "https://example.vn/", "webview_height_ratio": "full"},
]
READY = {
    "greeting": [{"locale": "vi_VN", "text": "khác"}, {"locale": "default", "text": PROFILE.greeting}],
    "get_started": {"payload": "START"},
    "persistent_menu": [{"locale": "default", "composer_input_disabled": False, "call_to_actions": MENU}],
}
PROFILE_OK = Said({"data": [READY]})


def fields(*names: str) -> Said:
    return Said({"data": [{"id": "9", "subscribed_fields": ["feed"]}, {"id": APP, "subscribed_fields": list(names)}]})


FIELDS_OK = fields(*REQUIRED_FIELDS, "feed")


@pytest.fixture
def ready(http: Http) -> MessengerPlatform:
    return MessengerPlatform(http, lambda: NOW, profile=PROFILE)


def diagnose(platform: MessengerPlatform, access: Access, *, fix: bool = False) -> dict[str, Check]:
    return {check.name: check for check in platform.diagnose(access, fix=fix, now=NOW)}


def test_all_well(ready: MessengerPlatform, access: Access, graph: Peer) -> None:
    graph.will(TOKEN_OK, FIELDS_OK, PROFILE_OK)
    checks = diagnose(ready, access, fix=True)
    assert list(checks) == ["token", "subscription", "greeting", "get_started", "menu"]
    assert all(check.ok for check in checks.values())
    assert [seen.method for seen in graph.seen] == ["GET"] * 3


def test_without_texts_only_the_button_is_looked_at(messenger: MessengerPlatform, access: Access, graph: Peer) -> None:
    graph.will(TOKEN_OK, FIELDS_OK, Said({"data": [{"get_started": {"payload": "@@1:start"}}]}))
    checks = diagnose(messenger, access)
    assert list(checks) == ["token", "subscription", "get_started"]
    assert checks["get_started"].ok


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"is_valid": False}, "messenger.token_invalid"),
        ({"app_id": "1"}, "messenger.token_other_app"),
        ({"profile_id": "1"}, "messenger.token_other_page"),
        ({"scopes": ["pages_messaging"]}, "messenger.token_scopes"),
        ({"expires_at": int(NOW.timestamp()) + 86400}, "messenger.token_expiring"),
        ({"expires_at": int(NOW.timestamp()) + 60 * 86400}, ""),
    ],
)
def test_token(ready: MessengerPlatform, access: Access, graph: Peer, change: dict[str, Any], code: str) -> None:
    assert isinstance(TOKEN_OK.body, dict)
    graph.will(Said({"data": TOKEN_OK.body["data"] | change}), FIELDS_OK, PROFILE_OK)
    check = diagnose(ready, access)["token"]
    assert (check.ok, check.code) == (not code, code)


def test_missing_fields_are_named(ready: MessengerPlatform, access: Access, graph: Peer) -> None:
    graph.will(TOKEN_OK, fields("response_feedback", *REQUIRED_FIELDS[1:]), PROFILE_OK)
    check = diagnose(ready, access)["subscription"]
    assert (check.ok, check.code) == (False, "messenger.subscription")
    assert check.facts == {"missing": ["messages"], "unwanted": ["response_feedback"]}


def test_missing_fields_are_set_and_others_kept(ready: MessengerPlatform, access: Access, graph: Peer) -> None:
    graph.will(TOKEN_OK, fields("feed", "response_feedback"), Said({"success": True}), PROFILE_OK)
    assert diagnose(ready, access, fix=True)["subscription"].ok
    posted = graph.seen[2].query["subscribed_fields"].split(",")
    assert set(posted) == {*REQUIRED_FIELDS, "feed"}


WRONG = [
    ("greeting", {"greeting": [{"locale": "default", "text": "Cũ"}]}),
    ("greeting", {"greeting": []}),
    ("get_started", {"get_started": {"payload": "GO"}}),
    ("menu", {"persistent_menu": [{"locale": "default", "call_to_actions": MENU[:1]}]}),
    ("menu", {"persistent_menu": "none"}),
]


@pytest.mark.parametrize(("name", "change"), WRONG)
def test_a_difference_is_told(
    ready: MessengerPlatform, access: Access, graph: Peer, name: str, change: dict[str, Any]
) -> None:
    graph.will(TOKEN_OK, FIELDS_OK, Said({"data": [READY | change]}))
    checks = diagnose(ready, access)
    assert {check.name: check.code for check in checks.values() if not check.ok} == {name: f"messenger.{name}"}


def test_an_empty_profile_is_filled_by_one_call(ready: MessengerPlatform, access: Access, graph: Peer) -> None:
    graph.will(TOKEN_OK, FIELDS_OK, Said({"data": []}), Said({"result": "success"}))
    checks = diagnose(ready, access, fix=True)
    assert all(check.ok for check in checks.values())
    actions = [{name: item[name] for name in item if name != "webview_height_ratio"} for item in MENU]
    assert graph.seen[3].json == {
        "get_started": {"payload": "@@1:start"},
        "greeting": [{"locale": "default", "text": PROFILE.greeting}],
        "persistent_menu": [{"locale": "default", "composer_input_disabled": False, "call_to_actions": actions}],
    }


def test_a_right_greeting_is_left_alone(ready: MessengerPlatform, access: Access, graph: Peer) -> None:
    found = {"greeting": READY["greeting"], "get_started": READY["get_started"]}
    graph.will(TOKEN_OK, FIELDS_OK, Said({"data": [found]}), Said({"result": "success"}))
    diagnose(ready, access, fix=True)
    assert set(graph.seen[3].json) == {"get_started", "persistent_menu"}


def test_texts_are_cut_to_what_meta_shows(http: Http, access: Access, graph: Peer) -> None:
    wordy = Profile(
        "Chào bạn. " * 30, tuple(Button("Một mục có tên dài hơn ba mươi chữ", payload=str(n)) for n in range(9))
    )
    platform = MessengerPlatform(http, lambda: NOW, profile=wordy)
    graph.will(TOKEN_OK, FIELDS_OK, Said({"data": []}), Said({"result": "success"}))
    diagnose(platform, access, fix=True)
    posted = graph.seen[3].json
    assert len(posted["persistent_menu"][0]["call_to_actions"]) == 5
    graph.will(TOKEN_OK, FIELDS_OK, Said({"data": [posted]}))
    assert all(check.ok for check in diagnose(platform, access).values())


@pytest.mark.parametrize(
    ("said", "code"),
    [
        (Said({"error": {"code": 190, "error_subcode": 460}}, status=400), "messenger.190.460"),
        (Said(b"<html>", status=502), "messenger.unreadable"),
        (Said({}, status=404), "messenger.unreadable"),
        (Fault.CUT, "network.no_answer"),
    ],
)
def test_a_failed_question_is_a_failed_check(
    ready: MessengerPlatform, access: Access, graph: Peer, said: Said | Fault, code: str
) -> None:
    graph.will(said, said, said)
    assert {check.code for check in diagnose(ready, access).values()} == {code}


def test_no_connection(ready: MessengerPlatform, access: Access, closed_port: str) -> None:
    checks = diagnose(ready, replace(access, api_url=closed_port))
    assert {check.code for check in checks.values()} == {"network.not_sent"}
    assert len(checks) == 5


@pytest.mark.parametrize("body", [{"data": None}, {"data": [1]}, {"data": {}}, {"data": [{"subscribed_fields": 3}]}])
def test_odd_answers_are_no_crash(ready: MessengerPlatform, access: Access, graph: Peer, body: object) -> None:
    graph.will(Said(body), Said(body), Said(body))
    assert not any(check.ok for check in diagnose(ready, access).values())
