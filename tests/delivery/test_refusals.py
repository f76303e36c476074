"""What a platform refuses, over real HTTP: each class of refusal has its own consequence."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from bot.delivery.outbox import LONGEST_BACKOFF_S
from bot.store import accounts
from tests.delivery.conftest import PLATFORMS, Stage

ERROR: dict[str, dict[str, dict[str, Any]]] = {
    "zalo": {
        "unreachable": {"code": -213},
        "blocked": {"code": -244},
        "window": {"code": -230},
        "rejected": {"code": -210},
        "misconfigured": {"code": -204},
        "later": {"code": -200},
    },
    "messenger": {
        "unreachable": {"code": 551, "subcode": 1545041, "status": 400},
        "blocked": {"code": 10, "subcode": 1893015, "status": 403},
        "window": {"code": 10, "subcode": 2018278, "status": 403},
        "rejected": {"code": 100, "status": 400},
        "misconfigured": {"code": 200, "status": 403},
        "later": {"code": 1200, "status": 500},
    },
}


def refuse(stage: Stage, platform: str, what: str) -> None:
    stage.fault(platform, "error", next=1, **ERROR[platform][what])


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("what", ["unreachable", "blocked"])
def test_who_cannot_be_reached_is_noted_and_heard_again_when_they_write(stage: Stage, platform: str, what: str) -> None:
    refuse(stage, platform, what)
    stage.say(platform)
    stage.settle()
    assert stage.states(platform) == ["failed"]
    assert not stage.person(platform).reachable
    stage.say(platform)
    stage.settle()
    assert stage.states(platform) == ["failed", "delivered"]
    assert stage.person(platform).reachable


@pytest.mark.parametrize("platform", PLATFORMS)
def test_the_platforms_clock_decides_over_the_window(stage: Stage, platform: str) -> None:
    refuse(stage, platform, "window")
    stage.say(platform)
    stage.settle()
    assert stage.states(platform) == ["held"]
    assert stage.texts(platform) == []


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_bad_request_is_never_tried_again(stage: Stage, platform: str) -> None:
    refuse(stage, platform, "rejected")
    stage.say(platform)
    stage.settle()
    stage.later(hours=1)
    assert stage.states(platform) == ["failed"]
    assert stage.counted(f"{platform}.call.send") == 1


@pytest.mark.parametrize("platform", PLATFORMS)
def test_an_account_that_is_not_set_up_holds_its_queue_and_tells_somebody(stage: Stage, platform: str) -> None:
    refuse(stage, platform, "misconfigured")
    stage.say(platform)
    stage.settle()
    number = stage.account(platform).id
    assert stage.account(platform).state == accounts.HELD
    assert f"account:{number}" in stage.alarms()
    stage.say(platform, "xin chào")
    stage.settle()
    assert stage.texts(platform) == []
    assert stage.states(platform) == ["waiting", "queued"]
    stage.runtime.database.write(lambda connection: accounts.change(connection, number, state=accounts.ACTIVE))
    stage.settle()
    assert stage.states(platform) == ["delivered", "delivered"]


@pytest.mark.parametrize("platform", PLATFORMS)
def test_the_other_accounts_go_on(stage: Stage, platform: str) -> None:
    refuse(stage, platform, "misconfigured")
    other = next(name for name in PLATFORMS if name != platform)
    stage.say(platform)
    stage.say(other)
    stage.settle()
    assert (stage.states(platform), stage.states(other)) == (["waiting"], ["delivered"])


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_passing_fault_makes_one_message_wait_a_little_longer_each_time(stage: Stage, platform: str) -> None:
    for _ in range(2):
        refuse(stage, platform, "later")
    stage.say(platform)
    stage.settle()
    [row] = stage.rows(platform)
    assert row.state == "waiting"
    assert timedelta() < row.due_at - stage.hands() < timedelta(seconds=LONGEST_BACKOFF_S)
    assert stage.account(platform).paused_until is None
    stage.later(seconds=3)
    assert stage.states(platform) == ["waiting"]
    stage.later(seconds=LONGEST_BACKOFF_S)
    assert stage.states(platform) == ["delivered"]
    assert len(stage.texts(platform)) == 1


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("body", [True, False], ids=["with the platform's error", "bare 429"])
def test_too_fast_pauses_the_whole_account(stage: Stage, platform: str, *, body: bool) -> None:
    stage.fault(platform, "throttled", next=1, body=body)
    stage.say(platform)
    stage.settle()
    until = stage.account(platform).paused_until
    assert until is not None
    assert until > stage.hands()
    stage.say(platform, "xin chào")
    stage.settle()
    assert stage.counted(f"{platform}.call.send") == 1  # nothing more is even tried
    stage.later(seconds=(until - stage.hands()).total_seconds() + 1)
    assert stage.states(platform) == ["delivered", "delivered"]
    assert len(stage.texts(platform)) == 2


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("fault", [{"kind": "cut"}, {"kind": "unreadable"}, {"kind": "server_error", "body": False}])
def test_a_lost_answer_is_settled_by_the_echo_and_not_sent_again(
    stage: Stage, platform: str, fault: dict[str, Any]
) -> None:
    stage.fault(platform, next=1, accepted=True, **fault)
    stage.say(platform)
    stage.turns()
    stage.send()
    assert stage.states(platform) == ["unsure"]
    stage.settle()
    assert stage.states(platform) == ["delivered"]
    stage.later(seconds=30)
    assert len(stage.texts(platform)) == 1


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_reply_that_nobody_confirms_is_sent_again_once(stage: Stage, platform: str) -> None:
    for _ in range(2):
        stage.fault(platform, "cut", next=1, accepted=False)
    stage.say(platform)
    stage.settle()
    assert stage.states(platform) == ["unsure"]
    stage.later(seconds=9)
    assert stage.counted(f"{platform}.call.send") == 1
    stage.later(seconds=2)
    assert stage.counted(f"{platform}.call.send") == 2
    stage.later(seconds=11)
    stage.later(seconds=60)
    assert stage.counted(f"{platform}.call.send") == 2  # twice in doubt: a person decides
    assert stage.states(platform) == ["unsure"]
    stage.say(platform)
    stage.settle()
    assert stage.states(platform) == ["unsure", "delivered"]  # and the talk goes on


@pytest.mark.parametrize("platform", PLATFORMS)
def test_the_second_try_arrives(stage: Stage, platform: str) -> None:
    stage.fault(platform, "cut", next=1, accepted=False)
    stage.say(platform)
    stage.settle()
    stage.later(seconds=11)
    assert stage.states(platform) == ["delivered"]
    assert len(stage.texts(platform)) == 1


def test_a_lower_limit_holds_as_long_as_the_platform_names_it(stage: Stage) -> None:
    set_by_officers = stage.account("zalo").rate
    stage.simulator.zalo.knobs = stage.simulator.zalo.knobs.model_copy(update={"per_minute": 120})
    stage.say("zalo")
    stage.settle()
    account = stage.account("zalo")
    assert (account.rate, account.pace(stage.hands())) == (set_by_officers, 2.0)
    stage.later(minutes=10)
    stage.say("zalo")
    stage.settle()
    assert stage.account("zalo").pace(stage.hands() + timedelta(minutes=10)) == 2.0  # named again
    stage.simulator.zalo.knobs = stage.simulator.zalo.knobs.model_copy(update={"per_minute": 100_000})
    stage.later(minutes=16)
    assert stage.account("zalo").pace(stage.hands()) == set_by_officers


def test_a_notice_in_doubt_is_left_to_a_person(stage: Stage) -> None:
    stage.say("messenger")
    stage.settle()
    stage.fault("messenger", "cut", next=1, accepted=False)
    stage.notify("messenger", "Sáng kiến của anh/chị đã được nhận.")
    stage.settle()
    stage.later(seconds=11)
    stage.later(minutes=5)
    assert stage.states("messenger") == ["delivered", "unsure"]
    assert len(stage.texts("messenger")) == 1
