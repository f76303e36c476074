"""Who speaks: staff in the platform's inbox silence the bot, thread control too, and "menu" brings it back."""

from __future__ import annotations

import pytest

from bot.conversation.engine import Engine
from bot.talk import Reply, Turn
from tests.delivery.conftest import PLATFORMS, Stage


@pytest.mark.parametrize("platform", PLATFORMS)
def test_staff_silence_the_bot_until_the_pause_is_over(stage: Stage, platform: str) -> None:
    stage.say(platform)
    stage.settle()
    stage.say(platform, "Chào anh, em là cán bộ đây.", act="staff")
    stage.settle()
    stage.say(platform, "dạ kế hoạch 487 có mục tiêu gì")
    stage.settle()
    assert len(stage.texts(platform)) == 1
    stage.later(minutes=31)
    stage.say(platform, "kế hoạch 487 có mục tiêu gì")
    stage.settle()
    assert len(stage.texts(platform)) == 2


@pytest.mark.parametrize("platform", PLATFORMS)
def test_menu_brings_it_back_at_once_and_it_says_so(stage: Stage, platform: str) -> None:
    stage.say(platform)
    stage.settle()
    stage.say(platform, "Chào anh.", act="staff")
    stage.settle()
    stage.say(platform, "menu")
    stage.settle()
    assert stage.runtime.voice.engine.texts("menu.back") in stage.texts(platform)[-1]
    assert stage.person(platform).staff_until is None


@pytest.mark.parametrize("platform", PLATFORMS)
def test_our_own_echo_never_silences(stage: Stage, platform: str) -> None:
    for _ in range(3):
        stage.say(platform)
        stage.settle()
    assert len(stage.texts(platform)) == 3
    assert stage.person(platform).staff_until is None


def test_a_thread_that_another_app_took_is_theirs_until_it_comes_back(stage: Stage) -> None:
    stage.say("messenger")
    stage.settle()
    stage.say("messenger", act="thread_taken", text="")
    stage.settle()
    stage.hands.pass_by(hours=1)
    stage.say("messenger", "kế hoạch 487 có mục tiêu gì")
    stage.settle()
    assert len(stage.texts("messenger")) == 1
    wrote = stage.person("messenger").wrote_at
    assert wrote is not None
    assert (stage.hands() - wrote).total_seconds() < 60  # what was said there opens the window all the same
    stage.say("messenger", act="thread_passed", text="")
    stage.settle()
    stage.say("messenger", "kế hoạch 487 có mục tiêu gì")
    stage.settle()
    assert len(stage.texts("messenger")) == 2


def test_typing_is_shown_on_messenger_only_after_a_second_and_once(stage: Stage) -> None:
    typing = stage.runtime.worker._typing
    for platform in PLATFORMS:
        stage.say(platform)
        stage.settle()
        stage.say(platform)
    assert typing.work(busy=False) == 0
    stage.hands.pass_by(seconds=1.1)
    assert typing.work(busy=True) == 0  # under pressure marks are dropped first
    assert typing.work(busy=False) == 1
    assert typing.work(busy=False) == 0
    assert (stage.counted("messenger.call.action"), stage.counted("zalo.call.action")) == (1, 0)


class _Broken:
    """A topic with a fault, as a topic may have one."""

    name = "broken"
    outranks = True

    def answer(self, turn: Turn) -> Reply | None:
        raise RuntimeError(turn.text)


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_topic_that_fails_is_tried_three_times_and_the_member_hears_an_apology(stage: Stage, platform: str) -> None:
    voice = stage.runtime.voice
    whole = voice.engine
    voice._engine = Engine([_Broken()], whole.library, whole.texts, whole.organisation)
    began = stage.hands()
    stage.say(platform, "xin chào")
    stage.settle()
    assert stage.texts(platform) == []
    while not stage.rows(platform):
        stage.later(seconds=1)
        assert (stage.hands() - began).total_seconds() < 20
    assert stage.texts(platform) == [whole.texts("delivery.sorry")]
    stage.later(minutes=1)
    assert len(stage.texts(platform)) == 1
    voice._engine = whole
    stage.say(platform)
    stage.settle()
    assert len(stage.texts(platform)) == 2


@pytest.mark.parametrize("platform", PLATFORMS)
def test_who_asks_to_be_forgotten_is_told_and_gone(stage: Stage, platform: str) -> None:
    stage.say(platform, "xin chào")
    stage.settle()
    stage.say(platform, "xoá thông tin của tôi")
    stage.settle()
    stage.say(platform, "có")
    stage.settle()
    assert len(stage.texts(platform)) == 3
    stage.hands.pass_by(seconds=40)
    stage.runtime.worker._repair.sweep()
    with stage.runtime.database.read() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM persons").scalar() == 0
        assert connection.exec_driver_sql("SELECT count(*) FROM outbox").scalar() == 0
        assert connection.exec_driver_sql("SELECT count(*) FROM inbox").scalar() == 0


@pytest.mark.parametrize("platform", PLATFORMS)
def test_who_was_forgotten_and_writes_again_into_a_fault_stays_for_staff(stage: Stage, platform: str) -> None:
    for text in ("xin chào", "xoá thông tin của tôi", "có"):
        stage.say(platform, text)
        stage.settle()
    voice = stage.runtime.voice
    voice._engine = Engine([_Broken()], voice.engine.library, voice.engine.texts, voice.engine.organisation)
    stage.hands.pass_by(seconds=1)
    stage.say(platform, "em bị tai nạn")
    for _ in range(20):
        stage.later(seconds=1)
    assert stage.texts(platform)[-1] == voice.engine.texts("delivery.sorry")
    stage.hands.pass_by(seconds=40)
    stage.runtime.worker._repair.sweep()
    with stage.runtime.database.read() as connection:
        assert connection.exec_driver_sql("SELECT state FROM inbox WHERE lane = 'talk'").scalars().all() == ["parked"]
