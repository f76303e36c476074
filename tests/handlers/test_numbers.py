"""A number in a button's payload can be typed by anybody: what is none, or one that no row has, breaks nothing."""

from __future__ import annotations

import pytest

from bot.talk import AnswerSurvey, CancelRegistration, Initiatives, Story, number
from handlers.events import Events
from handlers.initiative_after import trade
from handlers.questions import Questions
from handlers.survey import Survey
from tests.handlers.turns import ANSWERS, turn

ODD = ["²", "٣", "9" * 10, "9" * 30, "9" * 5000, "-1", "1_0", "1.5", "", "x"]


@pytest.mark.parametrize("text", ODD)
def test_what_is_no_number_of_ours_is_none(text: str) -> None:
    assert number(text) is None


@pytest.mark.parametrize(("text", "value"), [("0", 0), ("007", 7), (" 12 ", 12), ("9" * 9, 999_999_999)])
def test_plain_digits_are_a_number(text: str, value: int) -> None:
    assert number(text) == value


@pytest.mark.parametrize("text", ODD)
def test_typed_payloads_break_no_topic(text: str) -> None:
    assert Survey().answer(turn(choice=f"survey:{text}:0")) is None
    chosen = Survey().answer(turn(choice=f"survey:1:{text}"))
    assert chosen is not None
    assert chosen.effects == (AnswerSurvey(1, choice=-1),)
    cancelled = Events().answer(turn(choice=f"event:cancel:{text}"))
    assert cancelled is not None
    assert not any(isinstance(effect, CancelRegistration) for effect in cancelled.effects)
    named = next(iter(ANSWERS))
    assert Questions().answer(turn(choice=f"more:{named}:{text}")) == Questions().answer(turn(choice=f"more:{named}:0"))
    known = Initiatives(stories=(Story(1, "May", "Gá kẹp", "Chuyện"),))
    assert trade(turn(), known, text) == trade(turn(), known, "7")
