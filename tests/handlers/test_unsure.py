"""Two readings of one message become buttons, and nothing is guessed."""

from __future__ import annotations

from bot.talk import Kind
from handlers.unsure import Unsure
from tests.handlers.turns import reading, turn


def titles(**more: object) -> list[str]:
    reply = Unsure().answer(turn(**more))
    return [button.title for button in reply.says[0].buttons] if reply else []


def test_two_answers_that_are_near_are_offered() -> None:
    unsure = reading(Kind.QUESTION, ("II.1.1", 0.3), ("II.3.4", 0.28), unsure=True)
    assert titles(reading=unsure) == ["Mục II.1.1", "Mục II.3.4", "Ý khác"]


def test_a_question_and_an_act_that_are_near_are_offered() -> None:
    near = ((Kind.SUBSCRIBE, 0.4), (Kind.QUESTION, 0.35), (Kind.MENU, 0.1))
    unsure = reading(Kind.SUBSCRIBE, ("II.3.4", 0.3), kinds=near, unsure=True)
    assert titles(reading=unsure) == ["Nhận thông báo", "Mục II.3.4", "Ý khác"]


def test_never_more_than_three_readings() -> None:
    unsure = reading(Kind.QUESTION, ("I", 0.2), ("II.1.1", 0.2), ("II.3.4", 0.2), ("III.1", 0.2), unsure=True)
    assert len(titles(reading=unsure)) == 4


def test_one_reading_is_no_choice() -> None:
    assert titles(reading=reading(Kind.QUESTION, ("I", 0.4), unsure=True)) == []


def test_a_sure_reading_is_left_to_its_topic() -> None:
    assert titles(reading=reading(Kind.QUESTION, ("I", 0.9), ("II.1.1", 0.1))) == []


def test_a_pressed_button_is_never_unsure() -> None:
    unsure = reading(Kind.QUESTION, ("I", 0.3), ("II.1.1", 0.3), unsure=True)
    assert titles(reading=unsure, choice="answer:I", text="") == []
