"""The platforms' windows: what may not go is held, and goes right behind the reply when the person writes."""

from __future__ import annotations

import pytest

from tests.delivery.conftest import PLATFORMS, Stage

CLOSED_AFTER_H = {"zalo": 7 * 24, "messenger": 24}


@pytest.mark.parametrize("platform", PLATFORMS)
def test_what_comes_too_late_is_held_and_released_behind_the_reply(stage: Stage, platform: str) -> None:
    stage.say(platform)
    stage.settle()
    stage.hands.pass_by(hours=CLOSED_AFTER_H[platform] + 1)
    stage.notify(platform, "tin cũ", subject="sk1")
    stage.notify(platform, "tin mới", subject="sk1")
    stage.settle()
    assert stage.states(platform)[1:] == ["held", "held"]
    assert stage.counted(f"{platform}.call.send") == 1  # the rule is known: nobody is asked
    stage.say(platform)
    stage.settle()
    assert stage.states(platform)[1:] == ["cancelled", "delivered", "delivered"]
    assert stage.texts(platform)[-1] == "tin mới"
    assert len(stage.texts(platform)) == 3


def test_one_held_message_a_turn(stage: Stage) -> None:
    stage.say("messenger")
    stage.settle()
    stage.hands.pass_by(hours=30)
    for text in ("một", "hai"):
        stage.notify("messenger", text)
    stage.settle()
    stage.say("messenger")
    stage.settle()
    assert stage.texts("messenger")[-1] == "hai"
    stage.say("messenger")
    stage.settle()
    assert stage.texts("messenger")[-1] == "một"


def test_a_held_message_that_is_no_longer_useful_never_goes(stage: Stage) -> None:
    stage.say("messenger")
    stage.settle()
    stage.hands.pass_by(hours=30)
    stage.notify("messenger", "Hạn nộp hôm nay", useful_until=stage.hands())
    stage.settle()
    stage.hands.pass_by(hours=1)
    stage.say("messenger")
    stage.settle()
    assert stage.states("messenger")[1] == "expired"
    assert len(stage.texts("messenger")) == 2


def test_nothing_held_follows_a_danger_sign(stage: Stage) -> None:
    stage.say("messenger")
    stage.settle()
    stage.hands.pass_by(hours=30)
    stage.notify("messenger", "tin")
    stage.settle()
    stage.say("messenger", "em bị tai nạn lao động, đang cấp cứu")
    stage.settle()
    assert stage.states("messenger")[1] == "held"
    assert "tin" not in stage.texts("messenger")


def test_an_answer_days_late_is_not_given_but_the_window_opens(stage: Stage) -> None:
    stage.say("messenger")
    stage.settle()
    stage.hands.pass_by(hours=30)
    wrote = stage.hands()
    stage.say("messenger", "menu")
    stage.hands.pass_by(hours=25)  # the bot was down for a day
    stage.settle()
    assert len(stage.texts("messenger")) == 1
    assert stage.person("messenger").wrote_at == wrote.replace(microsecond=wrote.microsecond // 1000 * 1000)
