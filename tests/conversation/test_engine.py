"""What the engine promises to delivery, beyond the words that the transcripts hold."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.conversation.engine import Engine, Outcome, Standing
from bot.messages import Attachment, Inbound, InboundKind
from bot.talk import Ask, Expects, HandOver, Kind, Person, Reply, Say, TakeBack, Turn
from handlers import TOPICS

NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
MENU = [["Một", "@@1:menu"], ["Hai", "@@1:person"]]
MET = {"met": True}


class Asking:
    """A topic with one open question that waits for a number, and a form that stays open."""

    name = "asking"
    outranks = False

    def answer(self, turn: Turn) -> Reply | None:
        if turn.asked is not None and turn.text.isdigit():
            return Reply(says=(Say(f"số {turn.text}"),), memory={"kept": turn.text})
        if turn.text == "form":
            return Reply(says=(Say("?"),), ask=Ask("asking", "n", Expects.NUMBER, {"x": 1}, stays=True))
        return None


@pytest.fixture(scope="module")
def asking(engine: Engine) -> Engine:
    return Engine((Asking(), *TOPICS), engine.library, engine.texts, engine.organisation)


def heard(text: str, kind: InboundKind = InboundKind.TEXT, **more: object) -> Inbound:
    return Inbound(kind, "u", NOW, text=text, **more)  # type: ignore[arg-type]


def answer(engine: Engine, text: str, memory: dict[str, object] | None = None, **more: object) -> Outcome:
    standing = Standing(memory=MET if memory is None else memory, **more)  # type: ignore[arg-type]
    return engine.answer([heard(text)], standing, NOW)


def test_memory_is_json_and_comes_back(engine: Engine) -> None:
    first = answer(engine, "đăng ký nhận tin")
    stored = json.loads(json.dumps(first.memory))
    assert stored == first.memory
    second = engine.answer([heard("đồng ý")], Standing(memory=stored), NOW)
    assert second.topic == "subscription"


def test_the_same_turn_gives_the_same_outcome(engine: Engine) -> None:
    assert answer(engine, "ai ký kế hoạch 487") == answer(engine, "ai ký kế hoạch 487")


def test_a_number_waits_for_the_question_that_wants_one(asking: Engine) -> None:
    opened = answer(asking, "form")
    outcome = answer(asking, "2", {**opened.memory, "menu": MENU})
    assert [say.text for say in outcome.says] == ["số 2"]
    assert outcome.memory["topics"] == {"asking": {"kept": "2"}}


def test_a_form_stays_open_when_something_else_is_asked(asking: Engine) -> None:
    opened = answer(asking, "form")
    between = answer(asking, "ai ký kế hoạch 487", opened.memory)
    assert between.topic == "questions"
    assert not between.held_may_follow
    assert answer(asking, "7", between.memory).says[0].text == "số 7"


def test_a_number_chooses_from_the_menu_delivery_showed(engine: Engine) -> None:
    assert answer(engine, "2", {**MET, "menu": MENU}).topic == "person"
    assert answer(engine, "3", {**MET, "menu": MENU}).topic == "menu"
    assert answer(engine, "2").topic != "person"


def test_a_payload_arriving_as_text_is_a_press(engine: Engine) -> None:
    assert answer(engine, "@@1:person").topic == "person"
    assert answer(engine, "@@2:person").topic == "person"


def test_unknown_memory_is_kept_and_broken_memory_does_no_harm(engine: Engine) -> None:
    broken = {"ask": 3, "topics": [], "misses": "x", "menu": "no", "last": None, "met": True, "later": {"a": 1}}
    outcome = answer(engine, "menu", broken)
    assert outcome.topic == "menu"
    assert outcome.memory["later"] == {"a": 1}


def test_the_first_reply_ever_says_who_speaks_and_only_the_first(engine: Engine) -> None:
    first = answer(engine, "menu", {})
    assert "tự động" in first.says[0].text
    assert "tự động" not in answer(engine, "menu", first.memory).says[0].text


def test_the_bot_says_once_that_it_is_back(engine: Engine) -> None:
    ended = NOW - timedelta(minutes=1)
    back = answer(engine, "menu", staff_until=ended)
    assert TakeBack() in back.effects
    again = answer(engine, "menu", back.memory, staff_until=ended)  # even if delivery did not clear the pause
    assert TakeBack() not in again.effects


def test_silence_keeps_what_is_remembered(engine: Engine) -> None:
    remembered = {"met": True, "last": "header.signer", "topics": {"x": {"y": 1}}}
    outcome = answer(engine, "dạ chị", remembered, staff_until=NOW + timedelta(minutes=5))
    assert outcome.says == ()
    assert outcome.topic == ""
    assert outcome.memory == remembered


@pytest.mark.parametrize(
    "text", ["DỪNG", "gặp cán bộ", "bạn em bị cán đứt tay", "xóa hết thông tin của tôi", "đăng ký nhận tin"]
)
def test_nothing_held_follows_such_a_turn(engine: Engine, text: str) -> None:
    assert not answer(engine, text).held_may_follow


def test_held_messages_may_follow_an_answer(engine: Engine) -> None:
    assert answer(engine, "ai ký kế hoạch 487").held_may_follow


WORDS = [heard("cho em hỏi"), heard("ai ký"), heard("", InboundKind.ATTACHMENT, attachments=(Attachment("image"),))]
ALONE = [
    heard("2"),
    heard("số 2"),
    heard("DỪNG"),
    heard("dung"),
    heard("đừng nhắn tin nữa"),
    heard("menu"),
    heard("@@1:menu"),
    heard("Xem thêm", InboundKind.CHOICE, payload="@@1:more:I"),
    heard("", InboundKind.FOLLOW),
    heard("", InboundKind.START),
    heard("x", InboundKind.EDIT),
]


@pytest.mark.parametrize(("first", "following"), list(product(WORDS, WORDS)))
def test_words_and_pictures_are_taken_together(engine: Engine, first: Inbound, following: Inbound) -> None:
    assert engine.merges(first, following)


@pytest.mark.parametrize("one", ALONE, ids=lambda event: f"{event.kind} {event.text}")
def test_buttons_numbers_and_commands_are_turns_by_themselves(engine: Engine, one: Inbound) -> None:
    assert not engine.merges(WORDS[0], one)
    assert not engine.merges(one, WORDS[0])


def test_a_danger_sign_in_any_of_the_messages_counts(engine: Engine) -> None:
    events = [heard("alo"), heard("bạn em bị cán đứt tay"), heard("kế hoạch 487 ai ký vậy ad, " * 5)]
    outcome = engine.answer(events, Standing(memory=MET), NOW)
    assert HandOver("danger", urgent=True) in outcome.effects


@pytest.mark.parametrize("word", ["dung", "dung roi", "Đúng rồi", "DUNG", "ừ", "ok"])
def test_yes_after_a_question(engine: Engine, word: str) -> None:
    asked = answer(engine, "đăng ký nhận tin")
    assert answer(engine, word, asked.memory).kind is Kind.SUBSCRIBE


@pytest.mark.parametrize("word", ["DỪNG", "stop", "Dừng lại", "dừng", "STOP!"])
def test_stop_after_a_question(engine: Engine, word: str) -> None:
    asked = answer(engine, "đăng ký nhận tin")
    assert answer(engine, word, asked.memory, person=Person(subscribed=True)).kind is Kind.UNSUBSCRIBE


@given(text=st.text(max_size=60), memory=st.dictionaries(st.sampled_from(["ask", "menu", "topics", "last"]), st.text()))
def test_whatever_is_written_gets_an_answer(engine: Engine, text: str, memory: dict[str, object]) -> None:
    outcome = answer(engine, text, {**memory, "met": True})
    assert outcome.says or not text.strip()
